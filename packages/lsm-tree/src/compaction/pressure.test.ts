import { expect, test } from "vitest";
import { writePressure, type PressureState, type WritePressure } from "./pressure.js";

const calm: PressureState = {
  level0Tables: 0,
  sealedMemtables: 0,
  debtBytes: 0,
  softDebtBytes: 1000,
  hardDebtBytes: 3000,
  isFlushStuck: false,
  isCompactionStuck: false,
};
const none: WritePressure = { kind: "none" };
const delay = (delayMs: number): WritePressure => ({ kind: "delay", delayMs });
const forFlush: WritePressure = { kind: "wait", for: "flush" };
const forCompaction: WritePressure = { kind: "wait", for: "compaction" };

test.each<[Partial<PressureState>, WritePressure]>([
  [{}, none],
  [{ level0Tables: 7, sealedMemtables: 1, debtBytes: 1000 }, none],
  [{ level0Tables: 8 }, delay(1)],
  [{ level0Tables: 11 }, delay(4)],
  [{ level0Tables: 12 }, forCompaction],
  [{ level0Tables: 40 }, forCompaction],
  [{ debtBytes: 1500 }, delay(1)],
  [{ debtBytes: 2500 }, delay(3)],
  [{ debtBytes: 3000 }, forCompaction],
  [{ level0Tables: 9, debtBytes: 1500 }, delay(2)],
  [{ level0Tables: 8, debtBytes: 2500 }, delay(3)],
  [{ sealedMemtables: 2 }, forFlush],
  [{ sealedMemtables: 2, level0Tables: 12 }, forFlush],
  [{ sealedMemtables: 3 }, forFlush],
  [{ sealedMemtables: 1, isFlushStuck: true }, none],
  [
    { sealedMemtables: 2, isFlushStuck: true },
    { kind: "refuse", because: "flush" },
  ],
  [{ sealedMemtables: 2, isCompactionStuck: true }, forFlush],
  [{ level0Tables: 11, isCompactionStuck: true }, delay(4)],
  [
    { level0Tables: 12, isCompactionStuck: true },
    { kind: "refuse", because: "compaction" },
  ],
  [
    { debtBytes: 3000, isCompactionStuck: true },
    { kind: "refuse", because: "compaction" },
  ],
  [{ debtBytes: 3000, isFlushStuck: true }, forCompaction],
])("%o", (state, expected) => {
  expect(writePressure({ ...calm, ...state })).toEqual(expected);
});

test("more of anything never means less pressure", () => {
  const order = (pressure: WritePressure): number =>
    pressure.kind === "none" ? 0 : pressure.kind === "delay" ? pressure.delayMs : 1000;
  for (let level0Tables = 0; level0Tables < 14; level0Tables++) {
    for (let debtBytes = 0; debtBytes < 4000; debtBytes += 250) {
      const here = order(writePressure({ ...calm, level0Tables, debtBytes }));
      for (const more of [{ level0Tables: level0Tables + 1 }, { debtBytes: debtBytes + 250 }, { sealedMemtables: 2 }]) {
        expect(order(writePressure({ ...calm, level0Tables, debtBytes, ...more }))).toBeGreaterThanOrEqual(here);
      }
    }
  }
});
