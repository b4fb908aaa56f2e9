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
  expect(await turnsOf(new Patience({ mostIdleTurns: 2000 }), 10_000)).toBe(10_000);
  clearTimeout(timer);
});

test("once a recovery was waited for in vain, the next is given a twentieth of the turns", async () => {
  const timer = setInterval(() => {}, 60_000);
  const patience = new Patience({ mostTurns: 4000, mostIdleTurns: 2000 });
  for (const turns of [4000, 200, 200]) {
    patience.begin();
    expect(await turnsOf(patience, 10_000)).toBe(turns);
  }
  clearInterval(timer);
});

test("no recovery is given up that takes less than ten times as long as one that came to an end", async () => {
  const timer = setInterval(() => {}, 60_000);
  const patience = new Patience({ mostTurns: 4000, mostIdleTurns: 2000 });
  patience.begin();
  expect(await turnsOf(patience, 300)).toBe(300);
  for (const turns of [4000, 3000, 3000]) {
    patience.begin();
    expect(await turnsOf(patience, 10_000)).toBe(turns);
  }
  clearInterval(timer);
});
