import { expect, test } from "vitest";
import { Patience } from "./patience.js";

/** Turns until patience is lost, at most so many. */
async function turnsOf(patience: Patience, most: number): Promise<number> {
  for (let turns = 0; turns < most; turns += 1) {
    try {
      await patience.turn();
    } catch (error) {
      expect(error).toMatchObject({ code: "CRASH_TEST_UNSETTLED" });
      return turns + 1;
    }
  }
  return most;
}

test("a recovery is waited for as long as a timer of it is live", async () => {
  const timer = setTimeout(() => {}, 60_000);
  expect(await turnsOf(new Patience(2000), 10_000)).toBe(10_000);
  clearTimeout(timer);
});
