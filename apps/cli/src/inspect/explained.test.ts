import { expect, test } from "vitest";
import { explained } from "./explained.js";
import type { Line } from "./line.js";

const line = (kind: string, offset: number, length: number): Line => ({ kind, offset, length, fields: {} });
const texts = (lines: readonly Line[], sizeBytes: number): readonly string[] =>
  [...explained(lines, sizeBytes)].map(({ kind, offset, length }) => `${kind} ${offset}+${length}`);

test("lines that leave nothing out stay as they are", () => {
  const lines = [line("segment-header", 0, 10), line("footer", 10, 5), line("footer-entry", 11, 2)];
  expect([...explained(lines, 15)]).toEqual(lines);
  expect(texts([], 0)).toEqual([]);
});

test("bytes between, before and behind them are corrupt", () => {
  expect(texts([line("event", 5, 5), line("event", 12, 3)], 20)).toEqual([
    ...["damage 0+5", "event 5+5", "damage 10+2", "event 12+3", "damage 15+5"],
  ]);
  expect([...explained([], 9)]).toMatchObject([
    { offset: 0, length: 9, fields: { verdict: "corrupt", code: "INSPECT_UNEXPLAINED" } },
  ]);
});
