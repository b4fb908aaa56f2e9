// A store in numbers, whole and damaged.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";
import { flipped, segmentsOf, smallLog, type Files } from "./small-log.js";
import { smallStore, timeMs } from "./small-store.js";
import { scratch } from "./scratch.js";

const whole = await smallStore();
const sizes = segmentsOf(whole).map((name) => whole[name]?.length ?? 0);
const fileBytes = sizes.reduce((sum, size) => sum + size, 0);

function write(files: Files): string {
  const path = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

async function statsOf(path: string): Promise<{ code: number; stats: Record<string, unknown>; err: string }> {
  const io = capturedIo();
  const code = await runCommandLine(["stats", path, "--json"], io);
  return { code, stats: io.out() === "" ? {} : (JSON.parse(io.out()) as Record<string, unknown>), err: io.err() };
}

test("counts every event, stream and kind", async () => {
  const { code, stats } = await statsOf(write(whole));
  expect(code).toBe(0);
  expect(stats).toMatchObject({
    kind: "stats",
    events: 10,
    streams: 3,
    dropped: 0,
    firstSequence: 1,
    lastSequence: 10,
    segments: sizes.length,
    fileBytes,
    bytesPerEvent: Math.round(fileBytes / 10),
    firstTimestampUs: `${timeMs}000`,
    lastTimestampUs: `${timeMs}000`,
    kinds: [
      { eventKind: 0x1001, events: 9, payloadBytes: 81 },
      { eventKind: 0x1002, events: 1, payloadBytes: 27 },
    ],
    damage: [],
  });
  expect(stats["payloadBytes"]).toBe(108);
});

test("every field is documented", async () => {
  const text = readFileSync(new URL("../../../docs/dump.md", import.meta.url), "utf8");
  const table = text.split("`stats` prints one object, of a store:")[1]?.split("\nand of a database:")[0] ?? "";
  const documented = new Set([...table.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const { stats } = await statsOf(write(whole));
  const inner = [...(stats["kinds"] as object[]), stats["index"] as object].flatMap((each) => Object.keys(each));
  expect([...Object.keys(stats), ...inner].filter((name) => !documented.has(name))).toEqual([]);
});

test("people get the same numbers", async () => {
  const io = capturedIo();
  expect(await runCommandLine(["stats", write(whole)], io)).toBe(0);
  expect(io.out()).toMatch(/^events +10, sequences 1 to 10\nstreams +3\n/);
  expect(io.out()).toMatch(/^kind +events +payload bytes\n0x1001 +9 +81\n0x1002 +1 +27$/m);
});

test("a damaged segment: the numbers of the others, and the damage by its file", async () => {
  const [, second = ""] = segmentsOf(whole);
  const { code, stats } = await statsOf(write({ ...whole, [second]: flipped(whole[second] ?? new Uint8Array(), 100) }));
  expect(code).toBe(1);
  expect(stats["events"]).toBe(8); // of two in every segment
  expect(stats["damage"]).toEqual([expect.stringContaining(second)]);
});

test("a beginning that is gone: the numbers of what is there, and the first segment that is", async () => {
  const [first = "", second = ""] = segmentsOf(whole);
  const { [first]: gone, ...rest } = whole;
  expect(gone?.length).toBeGreaterThan(0);
  const { code, stats } = await statsOf(write(rest));
  expect([code, stats["events"], stats["firstSequence"]]).toEqual([1, 8, 3]); // of two in every segment
  expect(stats["damage"]).toEqual([expect.stringMatching(`^${second}: the events before 3 are gone`)]);
});

test("a damaged end: what is sound, and no word about where an open would find it", async () => {
  const last = segmentsOf(whole).at(-1) ?? "";
  const { code, stats } = await statsOf(write({ ...whole, [last]: flipped(whole[last] ?? new Uint8Array(), 100) }));
  expect(code).toBe(1);
  expect(stats["index"]).toBe(null);
  expect(stats["events"]).toBeGreaterThan(5);
  expect((stats["damage"] as string[]).length).toBeGreaterThan(0);
});

test.each([
  ["a log of something else", async () => write(await smallLog()), "no store"],
  ["a directory without a log", () => Promise.resolve(scratch()), "holds no segment of a log"],
])("%s is refused", async (_, make, why) => {
  const { code, err } = await statsOf(await make());
  expect([code, err]).toEqual([2, expect.stringContaining(why)]);
});

test("a directory with a damaged log of something else is no store", async () => {
  const log = await smallLog();
  const last = segmentsOf(log).at(-1) ?? "";
  const path = scratch();
  mkdirSync(join(path, "log"));
  for (const [name, bytes] of Object.entries(log)) {
    if (!name.endsWith(".ckpt")) writeFileSync(join(path, "log", name), name === last ? flipped(bytes, 100) : bytes);
  }
  const { code, err } = await statsOf(join(path, "log"));
  expect([code, err]).toEqual([2, expect.stringContaining("no segment of a store")]);
});
