import { describe, expect, test } from "vitest";
import { EffectLog } from "./effect-log.js";
import type { LogRecord } from "./effects.js";

const slab = new Uint8Array(1 << 18);

/** The fields of a record, without its class; the slab by name, because comparing its bytes takes seconds. */
const plain = (records: readonly LogRecord[]): unknown[] =>
  records.map((record) =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, value === slab ? "slab" : value])),
  );

/** What both ways of keeping a record must give back. */
function script(log: EffectLog, ino: number): void {
  log.name("link", 1, "a", ino, "file");
  log.append(ino, 0, 0, 4096, slab, 0, false);
  log.append(ino, 7, 1, 2, slab, (1 << 18) - 1, true);
  log.data(ino, 2 ** 31 - 1, 4095, 4096, slab, 12_345);
  log.data(ino, 3, 0, 4096, undefined, 0);
  log.size(ino, 2 ** 47 - 1, 2 ** 32, "set");
  log.size(ino, 2 ** 40 + 7, 2 ** 46 + 9, "write-in-block");
  log.size(ino, 3, 2 ** 47 - 1, "write");
  log.size(ino, 5, 2 ** 52, "set");
  log.size(ino, 2 ** 52, 5, "set");
  log.size(ino, 8, 8, "rename-over");
  const group = log.length;
  log.name("unlink", 1, "b", 9, "directory", "across", group);
  log.name("unlink", 1, "a", ino, "file", "across", group);
  log.name("link", 2 ** 31 - 1, "b", ino, "file", "across", group);
  const { call } = log;
  const plainly = { lost: [], aftermath: undefined, call };
  log.barrier({ scope: "file", ino, rung: "data", covers: log.length, outcome: "done", ...plainly });
  log.barrier({ scope: "names", ino: 1, rung: "full", covers: 2, outcome: "dropped", ...plainly });
  log.barrier({
    scope: "all",
    ino,
    rung: "full",
    covers: 4,
    outcome: "failed",
    lost: [1, 3],
    aftermath: "revert",
    call,
  });
  log.push({ kind: "mark", seq: log.length, label: "saved", data: undefined });
}

describe("words and objects tell the same story", () => {
  test.each([2, 2 ** 29 - 1, 2 ** 29])("of inode %d", (ino) => {
    const compact = new EffectLog(false);
    const objects = new EffectLog(true); // who remembers calls keeps objects
    script(compact, ino);
    script(objects, ino);
    expect(compact.length).toBe(20);
    expect(plain(compact.records)).toEqual(plain(objects.records));
    expect(compact.records.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(compact.payloadBytes).toBe(objects.payloadBytes);
  });
});

test("an append is its bytes, and then the length", () => {
  const log = new EffectLog(false);
  log.append(5, 2, 10, 30, slab, 100, true);
  expect(plain(log.records)).toMatchObject([
    { kind: "data", seq: 0, ino: 5, page: 2, start: 10, end: 30, bytes: "slab", shift: 100 },
    { kind: "size", seq: 1, ino: 5, from: 8202, to: 8222, cause: "write-in-block" },
  ]);
});

test("records are made once, and the list goes on where it stopped", () => {
  const log = new EffectLog(false);
  for (let count = 0; count < 10_000; count += 1) {
    log.append(2, count, 0, 128, slab, count, false);
    if (count % 999 === 0) expect(log.records).toHaveLength(log.length);
  }
  const { records } = log;
  expect(log.records).toBe(records);
  expect(records).toHaveLength(20_000);
  expect(records.every(({ seq }, index) => seq === index)).toBe(true);
  expect(records[19_998]).toMatchObject({ kind: "data", page: 9999, shift: 9999 });
});

test("more slabs than a word can number are kept all the same", () => {
  const log = new EffectLog(false);
  const slabs = Array.from({ length: 2 ** 14 + 2 }, () => new Uint8Array(1));
  for (const each of slabs) log.data(2, 0, 0, 1, each, 0);
  log.data(2, 0, 0, 1, slabs[0], 0);
  const bytes = log.records.map((record) => (record.kind === "data" ? record.bytes : undefined));
  expect(bytes.every((each, index) => each === (slabs[index] ?? slabs[0]))).toBe(true);
});
