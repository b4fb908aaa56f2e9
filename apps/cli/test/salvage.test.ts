// What salvage copies out of damaged logs is what was written there, and what it says is lost is the rest.
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDirectory } from "@holdfast/fs-seam";
import { encodeSegmentHeader, FrameEncoder } from "@holdfast/segment-codec";
import { openWal } from "@holdfast/wal";
import { readDurabilityLog, walkRecordLog } from "@holdfast/wal/durability";
import { openRecordLog } from "@holdfast/wal/record-log";
import { describe, expect, test } from "vitest";
import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";
import { inspected } from "./inspected.js";
import { scratch } from "./scratch.js";
import { flipped, segmentsOf, smallLog, smallRecordLog, textOf, type Files } from "./small-log.js";
import { identity } from "./small-segment.js";

const log = await smallLog();
const names = segmentsOf(log);
const [first = "", second = "", third = ""] = names;
const last = names.at(-1) ?? "";
const recordLog = await smallRecordLog();
const bytesOf = (name: string): Uint8Array => log[name] ?? new Uint8Array();

interface News {
  readonly kind: string;
  readonly output?: string;
  readonly file?: string | null;
  readonly records?: number;
  readonly firstId?: string | null;
  readonly lastId?: string | null;
  readonly lastAppliedId?: string;
  readonly code?: string;
  readonly offset?: number;
  readonly length?: number;
}

interface Run {
  readonly code: number;
  readonly news: readonly News[];
  readonly out: string;
  readonly err: string;
}

/** Fields by kind, and codes, of everything that the tests of this file came upon. */
const printed = new Map<string, Set<string>>();
const codes = new Set<string>();

async function salvage(source: string): Promise<Run> {
  const io = capturedIo();
  const out = join(scratch(), "out");
  const code = await runCommandLine(["salvage", source, "--out", out, "--json"], io);
  const news = io
    .out()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as News); // what it has is what the tests look at
  for (const each of news) {
    printed.set(each.kind, new Set([...(printed.get(each.kind) ?? []), ...Object.keys(each).slice(1)]));
    if (each.code !== undefined) codes.add(each.code);
  }
  return { code, news, out, err: io.err() };
}

function write(files: Files): string {
  const path = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

const textsIn = (log: { read(): Iterable<{ lsn: number; payload: Uint8Array }> }): [number, string][] =>
  [...log.read()].map(({ lsn, payload }) => [lsn, Buffer.from(payload).toString()]);

/** Every record of every log at the destination, read by the library in its strictest mode. */
async function salvaged({ news, out }: Run): Promise<[number, string][]> {
  const found: [number, string][] = [];
  for (const { output = "" } of news.filter(({ kind }) => kind === "salvaged")) {
    const isFile = !output.startsWith("log-");
    const opened = isFile
      ? await openRecordLog({ directory: openDirectory(out), name: output, mode: "strict" })
      : await openWal({ directory: openDirectory(join(out, output)), mode: "strict" });
    found.push(...textsIn(opened));
    await opened.close();
  }
  return found;
}

const all = (from: number, to: number): [number, string][] =>
  Array.from({ length: to - from + 1 }, (_, at) => [from + at, textOf(from + at)]);
const lostIn = ({ news }: Run): readonly News[] => news.filter(({ kind }) => kind === "lost");

/** Ranges of what was salvaged and lost, in order; together they are all there was. */
function rangesOf({ news }: Run): string[] {
  const numbered = news.filter(({ firstId }) => typeof firstId === "string");
  return numbered
    .toSorted((one, other) => Number(one.firstId) - Number(other.firstId))
    .map(({ kind, firstId, lastId }) => `${kind} ${firstId}..${lastId}`);
}

/** Throws unless the ranges follow one another from the first record to the last. */
function demandAll(run: Run, count: number): void {
  let next = 1;
  for (const text of rangesOf(run)) {
    const [from = 0, to = 0] = (/(\d+)\.\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
    if (from !== next) throw new Error(`${text} follows ${next - 1}`);
    next = to + 1;
  }
  if (next !== count + 1) throw new Error(`the last of ${count} is ${next - 1}`);
}

describe("a log", () => {
  test("that is whole is copied whole, checkpoints and all, under a fresh identity", async () => {
    const source = write(log);
    const run = await salvage(source);
    expect(run.code).toBe(0);
    expect(run.news).toEqual([
      { kind: "salvaged", output: "log-1", records: 20, firstId: "1", lastId: "20" },
      { kind: "checkpoint", output: "log-1", lastAppliedId: "8" },
      { kind: "checkpoint", output: "log-1", lastAppliedId: "12" },
    ]);
    expect((await inspected("verify", run.out)).code).toBe(0);
    const logIds = new Set(
      (await inspected("dump", run.out)).lines.flatMap(({ logId }) => (typeof logId === "string" ? [logId] : [])),
    );
    expect(logIds.size).toBe(1);
    expect((await inspected("dump", source)).lines.some(({ logId }) => logIds.has(String(logId)))).toBe(false);
    const opened = await openWal({ directory: openDirectory(join(run.out, "log-1")) });
    expect(textsIn(opened)).toEqual(all(1, 20));
    const { checkpoint } = opened.latestCheckpoint();
    expect([checkpoint?.lsn, Buffer.from(checkpoint?.payload ?? []).toString()]).toEqual([12, "state of twelve"]);
    await opened.appendDurable(Buffer.from("goes on"));
    expect(opened.lastLsn).toBe(21);
    await opened.close();
  });

  test("keeps its batches: none is there in part", async () => {
    const run = await salvage(write(log));
    const frames = (await inspected("dump", run.out)).lines.filter(({ frameKind }) => frameKind === "batch");
    expect(frames.map(({ lsn, span }) => [lsn, span])).toEqual([["18", 3]]);
  });

  test("where a segment is gone goes on behind the gap, in a log of its own", async () => {
    const run = await salvage(write({ ...log, [second]: new Uint8Array() }));
    expect(run.code).toBe(1);
    const [before, gap, behind] = rangesOf(run);
    expect([before?.split(" ")[0], gap?.split(" ")[0], behind?.split(" ")[0]]).toEqual([
      "salvaged",
      "lost",
      "salvaged",
    ]);
    expect(lostIn(run)).toMatchObject([{ file: null, code: "INSPECT_SEGMENT_MISSING" }]);
    demandAll(run, 20);
  });

  test("whose header is lost gives up one frame of that segment, and no other", async () => {
    const bytes = bytesOf(second).slice().fill(0, 0, 64);
    const run = await salvage(write({ ...log, [second]: bytes }));
    const lost = lostIn(run).filter(({ firstId }) => firstId !== null);
    expect(lost).toHaveLength(1);
    expect(lost[0]?.firstId).toBe(lost[0]?.lastId);
    demandAll(run, 20);
  });

  test("of which no header is sound gives up the first frame of each segment, or all of them and says so", async () => {
    const damaged = (at: number): Files => Object.fromEntries(names.map((name) => [name, flipped(bytesOf(name), at)]));
    for (const at of [0, 12, 36, 60]) {
      const run = await salvage(write(damaged(at)));
      const lost = lostIn(run);
      expect(lost.map(({ file }) => file)).toEqual(names);
      // The frame of the last segment is its only one, and nothing behind it says which records it had.
      expect(lost.map(({ firstId, lastId }) => [firstId, lastId])).toEqual([
        ["1", "1"],
        ["7", "7"],
        ["13", "13"],
        [null, null],
      ]);
      expect(await salvaged(run)).toEqual(all(1, 17).filter(([lsn]) => ![1, 7, 13].includes(lsn)));
      expect(run.code).toBe(1);
    }
    // Without the id of the log its frames are noise.
    const run = await salvage(write(damaged(20)));
    expect(lostIn(run)).toMatchObject(names.map((file) => ({ file, firstId: null, offset: 64 })));
    expect([run.code, await salvaged(run)]).toEqual([1, []]);
  });

  test("that was torn ends where it was, and the torn bytes are told", async () => {
    const cut = bytesOf(last).slice(0, -40);
    const run = await salvage(write({ ...log, [last]: cut }));
    expect(lostIn(run)).toMatchObject([{ file: last, firstId: null, code: "CODEC_TORN_TAIL" }]);
    const records = await salvaged(run);
    expect(records).toEqual(all(1, records.length));
  });

  test("that is known to have had more says how much is missing at its end", async () => {
    const files = Object.fromEntries(Object.entries(log).filter(([name]) => !names.slice(1).includes(name)));
    const run = await salvage(write(files));
    const records = await salvaged(run);
    expect(lostIn(run)).toMatchObject([{ file: null, firstId: String(records.length + 1), lastId: "12" }]);
    // The state up to twelve is not lost with them.
    const checkpoint = run.news.find(({ lastAppliedId }) => lastAppliedId === "12");
    expect(readFileSync(join(run.out, checkpoint?.output ?? ""), "utf8")).toBe("state of twelve");
  });

  test("with a damaged checkpoint, a segment of another log, and one that cannot be read", async () => {
    const stranger = "00000000000000000009-12345678.seg";
    const buffer = new Uint8Array(64);
    encodeSegmentHeader({ ...identity, segmentId: 9 }, buffer);
    const checkpoint = "00000000000000000012.ckpt";
    const source = write({ ...log, [stranger]: buffer, [checkpoint]: flipped(bytesOf(checkpoint), 99) });
    const run = await salvage(source);
    expect(run.code).toBe(1);
    expect(run.news).toContainEqual(expect.objectContaining({ kind: "passed-over", file: stranger }));
    expect(lostIn(run)).toMatchObject([{ file: checkpoint, code: "INSPECT_CHECKPOINT_DAMAGED" }]);
    expect(await salvaged(run)).toEqual(all(1, 20));
  });

  test(
    "any damaged byte costs the records of its frame and at most one more, and none comes back changed",
    { timeout: 300_000 },
    async () => {
      for (const name of [first, second, last]) {
        for (let at = 3; at < bytesOf(name).length; at += 37) {
          const source = write({ ...log, [name]: flipped(bytesOf(name), at, 0xff) });
          const run = await salvage(source);
          const records = await salvaged(run);
          for (const [lsn, text] of records) expect([name, at, lsn, text]).toEqual([name, at, lsn, textOf(lsn)]);
          expect({ name, at, lost: 20 - records.length <= 4 }).toEqual({ name, at, lost: true });
          expect(readFileSync(join(source, name))).toEqual(Buffer.from(flipped(bytesOf(name), at, 0xff)));
          if (records.length < 20) expect(run.code).toBe(1);
          if (records.at(-1)?.[0] === 20) demandAll(run, 20);
        }
      }
    },
  );

  test("what a later segment has replaced stays behind", async () => {
    const header = { ...identity, baseLsn: 1, durableLsn: 0, previousChain: 0, nonce: 1 };
    const segment = (segmentId: number, text: string): Uint8Array => {
      const bytes = new Uint8Array(64 + 40);
      const encoder = new FrameEncoder(encodeSegmentHeader({ ...header, segmentId }, bytes));
      encoder.append(bytes, 64, Buffer.from(text), { kind: 1, flags: 0, span: 1 });
      return bytes;
    };
    const nameOf = (segmentId: number): string => `${String(segmentId).padStart(20, "0")}-00000001.seg`;
    const source = write({ [nameOf(1)]: segment(1, "old"), [nameOf(2)]: segment(2, "new") });
    expect(await salvaged(await salvage(source))).toEqual([[1, "new"]]);
    const bytes = new Uint8Array(64 + 80);
    const encoder = new FrameEncoder(encodeSegmentHeader({ ...header, segmentId: 1 }, bytes));
    const second = encoder.append(bytes, 64, Buffer.from("one"), { kind: 1, flags: 0, span: 1 });
    const { chain } = encoder;
    encoder.append(bytes, second, Buffer.from("old"), { kind: 1, flags: 0, span: 1 });
    const next = new Uint8Array(64 + 40);
    const later = encodeSegmentHeader({ ...header, segmentId: 2, baseLsn: 2, previousChain: chain }, next);
    new FrameEncoder(later).append(next, 64, Buffer.from("new"), { kind: 1, flags: 0, span: 1 });
    const gone = write({ [nameOf(1)]: bytes, [nameOf(2)]: next });
    expect(await salvaged(await salvage(gone))).toEqual([
      [1, "one"],
      [2, "new"],
    ]);
    const damaged = write({ [nameOf(1)]: segment(1, "old"), [nameOf(2)]: flipped(segment(2, "new"), 96) });
    expect(await salvaged(await salvage(damaged))).toEqual([]);
  });
});

describe("a record log", () => {
  const save = (bytes: Uint8Array): string => join(write({ events: bytes }), "events");

  test("that is whole becomes a record log", async () => {
    const run = await salvage(save(recordLog));
    expect(run.news).toEqual([{ kind: "salvaged", output: "events", records: 4, firstId: "1", lastId: "4" }]);
    expect(run.code).toBe(0);
    expect(await salvaged(run)).toEqual(all(1, 4));
  });

  test("any damaged byte costs two records at most, and none comes back changed", { timeout: 300_000 }, async () => {
    for (let at = 1; at < recordLog.length; at += 19) {
      const run = await salvage(save(flipped(recordLog, at, 0xff)));
      const records = await salvaged(run);
      for (const [lsn, text] of records) expect({ at, lsn, text }).toEqual({ at, lsn, text: textOf(lsn) });
      expect({ at, enough: records.length >= 2 }).toEqual({ at, enough: true });
      if (records.length < 4) expect(run.code).toBe(1);
    }
  });

  test("whose beginning is gone, with header and copy, is salvaged from its second section on", async () => {
    const run = await salvage(save(recordLog.slice().fill(0, 0, 170)));
    expect(await salvaged(run)).toEqual(all(3, 4));
    expect(rangesOf(run)).toEqual(["lost 1..2", "salvaged 3..4"]);
    expect(existsSync(join(run.out, "log-3"))).toBe(true);
  });
});

describe("files of durability", () => {
  const home = fileURLToPath(new URL("../../../packages/wal/test/golden/durability/", import.meta.url));
  const entries = (out: string): [number, string][] =>
    readdirSync(out).flatMap((name) => {
      const read = readDurabilityLog({ directory: openDirectory(join(out, name)), mode: "strict" });
      return [...read].map(({ entryId, payload }): [number, string] => [entryId, Buffer.from(payload).toString("hex")]);
    });

  test("a log with a missing segment: what is before it and what is behind it, with their ids", async () => {
    const run = await salvage(`${home}v3-dir-missing-middle`);
    expect([run.code, rangesOf(run)]).toEqual([1, ["salvaged 1..2", "lost 3..3", "salvaged 4..6"]]);
    expect(entries(run.out).map(([id]) => id)).toEqual([1, 2, 4, 5, 6]);
  });

  test("a damaged entry costs that entry alone, wherever in its segment it lies", async () => {
    const source = scratch();
    mkdirSync(join(source, "wal"));
    const whole = new Uint8Array(readFileSync(`${home}pub-orphan-checkpoint/wal/wal_1.log`));
    writeFileSync(join(source, "wal/wal_1.log"), whole);
    const wanted = entries((await salvage(source)).out);
    expect(wanted).toHaveLength(4);
    writeFileSync(join(source, "wal/wal_1.log"), flipped(whole, 24 + 16));
    const run = await salvage(source);
    expect(rangesOf(run)).toEqual(["lost 1..1", "salvaged 2..4"]);
    expect(lostIn(run)).toMatchObject([{ file: "wal/wal_1.log", offset: 24, code: "WAL_CORRUPT" }]);
    expect(entries(run.out)).toEqual(wanted.slice(1));
    for (let at = 24; at < whole.length; at += 3) {
      writeFileSync(join(source, "wal/wal_1.log"), flipped(whole, at, 0xff));
      const found = entries((await salvage(source)).out);
      for (const entry of found) expect(wanted).toContainEqual(entry);
      expect({ at, count: found.length }).toEqual({ at, count: 3 });
    }
  });

  test("an id of version 2 is under no checksum: behind damage it has to be one that can stand there", async () => {
    const source = scratch();
    mkdirSync(join(source, "wal"));
    const whole = new Uint8Array(readFileSync(`${home}pub-orphan-checkpoint/wal/wal_1.log`));
    const entryBytes = (whole.length - 24) / 4;
    // The payload of the first entry, and the highest bits of the second one's id.
    const damaged = flipped(flipped(whole, 24 + 16), 24 + entryBytes + 4 + 5);
    writeFileSync(join(source, "wal/wal_1.log"), damaged);
    const ids = entries((await salvage(source)).out).map(([id]) => id);
    expect(ids.filter((id) => id > 4)).toEqual([]);
  });

  test("a record log: what is behind damage goes into a file of its own", async () => {
    const run = await salvage(`${home}rl-appended-behind-torn/log.bin`);
    expect(run.news).toMatchObject([
      { kind: "lost", file: "log.bin", offset: 21, length: 25, firstId: null },
      { kind: "salvaged", output: "log.bin", records: 1, firstId: null },
      { kind: "salvaged", output: "log.bin.part-2", records: 1, firstId: null },
    ]);
    for (const name of ["log.bin", "log.bin.part-2"]) {
      expect(walkRecordLog(new Uint8Array(readFileSync(join(run.out, name))))).toMatchObject({
        end: { kind: "clean" },
      });
    }
  });
});

describe("refusals", () => {
  test.each([
    [
      "an output that exists",
      (source: string, out: string) => (mkdirSync(out), [source, "--out", out]),
      /exists: salvage writes/,
    ],
    ["an output inside the log", (source: string) => [source, "--out", join(source, "out")], /must stay as it is/],
    [
      "an output in a directory that is not there",
      (source: string, out: string) => [source, "--out", `${out}/a/b`],
      /cannot be made/,
    ],
    ["no output", (source: string) => [source], /needs --out DIR/],
    ["no log", () => ["--out", "x"], /needs a log/],
    ["two logs", (source: string, out: string) => [source, source, "--out", out], /one log at a time/],
    ["an unknown option", (source: string, out: string) => [source, "--out", out, "--force"], /force/],
    ["a directory without a log", (_: string, out: string) => [scratch(), "--out", out], /no log that is known here/],
    ["nothing at all", (source: string, out: string) => [`${source}/none`, "--out", out], /does not exist/],
  ] as const)("%s: 2, and nothing is made", async (_, argsOf, says) => {
    const source = write(log);
    const out = join(scratch(), "out");
    const args = argsOf(source, out);
    const io = capturedIo();
    expect(await runCommandLine(["salvage", ...args], io)).toBe(2);
    expect(io.err()).toMatch(says);
    expect(readdirSync(source).toSorted()).toEqual(Object.keys(log).toSorted());
    if (existsSync(out)) expect(readdirSync(out)).toEqual([]);
  });

  test("a symlink in the place of a segment is not followed", async () => {
    const source = write(Object.fromEntries(Object.entries(log).filter(([name]) => name !== third)));
    symlinkSync(join(write(log), third), join(source, third));
    const run = await salvage(source);
    expect(run.code).toBe(1);
    expect(lostIn(run)[0]).toMatchObject({ code: "INSPECT_SEGMENT_MISSING" });
  });
});

test("for people it says the same, and how much there is", async () => {
  const io = capturedIo();
  const out = join(scratch(), "out");
  const source = write({ ...log, [second]: flipped(bytesOf(second), 100) });
  expect(await runCommandLine(["salvage", source, "--out", out], io)).toBe(1);
  expect(io.out()).toMatch(/^lost {9}\d{20}-\w+\.seg {2}64\.\.\d+ {2}CODEC_MID_STREAM_CORRUPTION: .*, \d+ to \d+$/m);
  expect(io.out()).toMatch(/^salvaged {5}log-1 {2}\d records, 1 to \d$/m);
  expect(io.out()).toMatch(/^\d+ records in 2 logs; 1 loss\n$/m);
});

test("docs/dump.md names every kind and field, and explains every code", () => {
  const text = readFileSync(new URL("../../../docs/dump.md", import.meta.url), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith("Lines of `salvage`")) ?? "";
  const rows = [...section.matchAll(/^\| `([\w-]+)` \| ([^|]*) \|/gm)].map(([, kind = "", fields = ""]) => {
    return [kind, new Set([...fields.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name))] as const;
  });
  expect(new Map(rows)).toEqual(printed);
  expect(codes.size).toBeGreaterThan(4);
  expect([...codes].filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});
