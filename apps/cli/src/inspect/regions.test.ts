import { expect, test } from "vitest";
import { damage, type Line } from "./line.js";
import { regionsOf } from "./regions.js";

const line = (kind: string, offset: number, length: number): Line => ({ kind, offset, length, fields: {} });
const texts = (lines: readonly Line[]): readonly string[] =>
  [...regionsOf(lines)].map((region) => {
    const { kind, offset, length } = region;
    if (region.kind === "sound") return `${kind} ${offset}+${length} ${region.fields.frameCount}`;
    return `${kind} ${offset}+${length} ${"code" in region.fields ? region.fields.code : region.fields.reason}`;
  });

test("neighbours that are sound are one region, and what lies in another line is part of it", () => {
  expect(
    texts([line("segment-header", 0, 10), line("event", 10, 5), line("footer", 15, 20), line("footer-entry", 20, 5)]),
  ).toEqual(["sound 0+35 1"]);
});

test("damage cuts it, and a line about the same bytes does not make them sound", () => {
  const found = damage("corrupt", { offset: 10, endOffset: 15 }, "CODE", "why");
  expect(texts([line("segment-header", 0, 10), found, line("event", 10, 5), line("event", 15, 5)])).toEqual([
    ...["sound 0+10 0", "corrupt 10+5 CODE", "sound 15+5 1"],
  ]);
});

test("damage at the very end has a place, though no bytes", () => {
  const missing = damage("corrupt", { offset: 10, endOffset: 10 }, "CODE", "why");
  expect(texts([line("segment-header", 0, 10), missing])).toEqual(["sound 0+10 0", "corrupt 10+0 CODE"]);
});

test("what is foreign is neither sound nor damaged", () => {
  const foreign = { kind: "foreign", offset: 0, length: 9, fields: { reason: "other" } };
  expect(texts([foreign])).toEqual(["foreign 0+9 other"]);
});
