// What becomes of a write that the work of the background keeps waiting or has given up, without a database around it.
import { expect, test } from "vitest";
import { WritePath } from "../src/write-path.js";

test("a write is refused behind a turn: whoever repeats it at once leaves room for the work that has to succeed first", async () => {
  const failure = new Error("a compaction does not go on");
  const turns: (() => void)[] = [];
  const nothing = undefined as never; // is written to: neither a tree nor a log is touched
  const path = new WritePath(nothing, nothing, {
    pressure: () => ({ kind: "refuse", because: "compaction" }),
    failureOf: () => failure,
    schedule: () => () => {},
    turn: () => new Promise((resolve) => turns.push(resolve)),
    onFull: () => {},
    onFailure: () => {},
  });
  let attempts = 0;
  const untilRefusedTwice = (async () => {
    while (attempts < 2) {
      await expect(path.put(new Uint8Array(1), new Uint8Array(1), "os")).rejects.toBe(failure);
      attempts += 1;
    }
  })();
  for (let step = 0; step < 50; step++) await Promise.resolve();
  expect(attempts).toBe(0);
  for (const attempt of [1, 2]) {
    expect(turns).toHaveLength(1);
    turns.shift()?.();
    for (let step = 0; step < 50; step++) await Promise.resolve();
    expect(attempts).toBe(attempt);
  }
  await untilRefusedTwice;
});
