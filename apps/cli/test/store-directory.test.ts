// Stores in a directory: what dump and verify say of their events, and that a fault of any kind is told with its sequence and place.
import { ChainCheck, EventHasher, EventRecord } from "@holdfast/store/format";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { FRAME_HEADER_BYTES, inspectSegmentHeader } from "@holdfast/segment-codec";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";
import { demandTiling, inspected, parseLines, type JsonLine } from "./inspected.js";
import { directoryOf, findings, flipped, segmentsOf, type Files } from "./small-log.js";
import { openSmall, reencoded, smallStore, timeMs } from "./small-store.js";
import { scratch } from "./scratch.js";

const whole = await smallStore();
const single = await smallStore(undefined, 2 ** 20);
const [only = ""] = segmentsOf(single);

function write(files: Files): string {
  const path = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

const eventsOf = (lines: readonly JsonLine[]): JsonLine[] => lines.filter(({ kind }) => kind === "store-event");

async function dumped(files: Files, ...args: readonly string[]): Promise<{ code: number; lines: JsonLine[] }> {
  const io = capturedIo();
  const code = await runCommandLine(["dump", write(files), "--json", ...args], io);
  return { code, lines: parseLines(io.out()) };
}

test("every event is dumped with its envelope, its payload and what that says", async () => {
  expect(segmentsOf(whole).length).toBeGreaterThan(2);
  const { code, lines } = await dumped(whole);
  expect(code).toBe(0);
  const events = eventsOf(lines);
  expect(events.map(({ sequence, entity, lane, revision }) => [sequence, entity, lane, revision])).toEqual([
    ["1", "order:a", 0, "0"],
    ["2", "order:b", 0, "0"],
    ["3", "order:a", 0, "1"],
    ["4", "order:b", 0, "1"],
    ["5", "order:a", 0, "2"],
    ["6", "order:b", 0, "2"],
    ["7", "order:a", 0, "3"],
    ["8", "order:b", 0, "3"],
    ["9", "order:a", 0, "4"],
    ["10", "order:a", 3, "0"],
  ]);
  expect(events.map(({ data }) => data)).toEqual([
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((amount) => ({ amount })),
    { text: "left at the door" }, // a codec of the program's own, which wrote JSON
    { amount: 10 },
  ]);
  expect(events[0]).toMatchObject({
    eventKind: 0x1001,
    payloadVersion: 1,
    scope: "",
    keyed: false,
    causation: null,
    metadata: { by: "test" },
    previousHash: "00".repeat(32),
    previousInStream: "00".repeat(32),
    payload: "81a6616d6f756e7401", // { amount: 1 } as the specification of MessagePack has it
    payloadSize: 9,
  });
  expect(events[8]).toMatchObject({ eventKind: 0x1002, scope: "eu", keyed: true, metadata: null });
  expect(events[7]?.["causation"]).toBe(events[6]?.["eventId"]);
  expect(events.map(({ previousHash }) => previousHash).slice(1)).toEqual(events.map(({ hash }) => hash).slice(0, -1));
  expect(events[0]?.["timestampUs"]).toBe(`${timeMs}000`);
  for (const { file, offset, length, payload } of events) {
    const record = (whole[file] ?? new Uint8Array()).subarray(offset, offset + length);
    expect(
      Buffer.from(record)
        .toString("hex")
        .endsWith(payload as string),
    ).toBe(true);
  }
});

describe("events are chosen", () => {
  test.each([
    [
      ["--from", "3", "--to", "5"],
      ["3", "4", "5"],
    ],
    [["--from", "10"], ["10"]],
    [
      ["--entity", "order:b"],
      ["2", "4", "6", "8"],
    ],
    [["--entity", "order:a", "--lane", "3"], ["10"]],
    [
      ["--lane", "0", "--to", "2"],
      ["1", "2"],
    ],
    [["--kind", "0x1002"], ["9"]],
    [["--entity", "order"], []],
  ] as const)("by %j", async (args, sequences) => {
    const { code, lines } = await dumped(whole, ...args);
    expect({ code, kinds: [...new Set(lines.map(({ kind }) => kind))] }).toEqual({
      code: 0,
      kinds: sequences.length === 0 ? [] : ["store-event"],
    });
    expect(lines.map(({ sequence }) => sequence)).toEqual(sequences);
  });

  test("and damage is told all the same", async () => {
    const [, second = ""] = segmentsOf(whole);
    const files = { ...whole, [second]: flipped(whole[second] ?? new Uint8Array(), 100) };
    const { code, lines } = await dumped(files, "--from", "1", "--to", "1");
    expect(code).toBe(1);
    expect(lines.map(({ kind }) => kind)).toEqual(["store-event", "damage"]);
  });

  test("only where there is a store", async () => {
    const io = capturedIo();
    const path = write({ "notes.txt": Uint8Array.of(1) });
    expect(await runCommandLine(["dump", path, "--from", "1"], io)).toBe(2);
    expect(io.err()).toContain("holds no store");
  });

  test.each([
    ["--from", "one"],
    ["--to", "-1"],
    ["--lane", "4294967296"],
    ["--kind", "0x10000"],
    ["--entity", ""],
  ])("%s %j is refused", async (name, value) => {
    const io = capturedIo();
    expect(await runCommandLine(["dump", write(whole), `${name}=${value}`], io)).toBe(2);
    expect(io.err()).toContain(name);
  });
});

test("people see an event on one line, and what it says in front of its bytes", async () => {
  const io = capturedIo();
  expect(await runCommandLine(["dump", write(whole), "--entity", "order:b", "--to", "2"], io)).toBe(0);
  expect(io.out().split("\n")).toHaveLength(3); // the file, the event, the end
  expect(io.out()).toMatch(
    /store-event .*sequence=2 .*entity=order:b .*data=\{"amount":2\} payload=81a6616d6f756e7402/,
  );
});

describe("verify", () => {
  test("finds nothing in a store that is whole, and explains every byte", async () => {
    for (const files of [whole, single]) {
      expect(findings(files)).toEqual([]);
      const { code, lines } = await inspected("verify", write(files));
      expect(code).toBe(0);
      for (const name of segmentsOf(files)) {
        demandTiling(
          lines.filter(({ file }) => file === name),
          files[name]?.length ?? 0,
        );
      }
    }
  });

  const altered: readonly (readonly [string, number, (record: Uint8Array) => Uint8Array, string, number])[] = [
    ["a payload", 3, (record) => flipped(record, record.length - 1), "INSPECT_STORE_LINK", 4],
    ["a kind", 3, (record) => flipped(record, 2, 4), "INSPECT_STORE_LINK", 4],
    ["a link in the store", 3, (record) => flipped(record, 50), "INSPECT_STORE_LINK", 3],
    ["a link in the stream", 3, (record) => flipped(record, 90), "INSPECT_STREAM_LINK", 3],
    ["a revision", 3, (record) => flipped(record, 16, 4), "INSPECT_REVISION", 3],
    ["a time", 3, (record) => flipped(record, 30, 2), "INSPECT_OUT_OF_ORDER", 3],
    ["a layout", 3, (record) => flipped(record, 0, 3), "STORE_UNSUPPORTED", 3],
    ["a flag", 3, (record) => flipped(record, 1, 128), "STORE_CORRUPT", 3],
  ];

  test.each(altered)("tells of %s that was altered under sound checksums", async (_, at, alter, code, sequence) => {
    const bytes = reencoded(single[only] ?? new Uint8Array(), (record, lsn) => (lsn === at ? alter(record) : record));
    const { code: exit, lines } = await inspected("verify", write({ [only]: bytes }));
    expect(exit).toBe(1);
    const corrupt = lines.filter(({ kind }) => kind === "corrupt");
    expect(corrupt.map((line) => line["code"])).toEqual([code]);
    const [line] = corrupt;
    const { lines: frames } = await dumped({ [only]: bytes });
    const frame = frames.find(({ kind, lsn }) => kind === "frame" && lsn === String(sequence));
    expect([line?.offset, line?.length]).toEqual([frame?.offset, frame?.length]);
    expect(line?.["reason"]).toContain(`event ${sequence}, at ${(frame?.offset ?? 0) + FRAME_HEADER_BYTES}:`);
    demandTiling(
      lines.filter(({ file }) => file === only),
      bytes.length,
    );
  });

  test("tells of an id that is there twice", async () => {
    let id = new Uint8Array();
    const bytes = reencoded(single[only] ?? new Uint8Array(), (record, lsn) => {
      if (lsn === 2) id = record.slice(32, 48);
      if (lsn === 6) record.set(id, 32);
      return record;
    });
    const { lines } = await inspected("verify", write({ [only]: bytes }));
    expect(lines.filter(({ kind }) => kind === "corrupt")).toMatchObject([
      { code: "INSPECT_REPEATED", reason: expect.stringContaining("event 6,") as unknown },
    ]);
  });

  test("holds the events against the log they are in", async () => {
    const header = inspectSegmentHeader((single[only] ?? new Uint8Array()).subarray(0, 64));
    if (header.kind !== "segment") throw new Error("no segment");
    const { lines } = await dumped(single);
    const check = new ChainCheck(new EventHasher(blake3, header.header.logId));
    const record = new EventRecord();
    for (const { sequence, offset, length, hash } of eventsOf(lines)) {
      const bytes = (single[only] ?? new Uint8Array()).subarray(offset, offset + length);
      expect(check.next(record.read(bytes), Number(sequence))).toBe(undefined);
      expect(hash).toBe(Buffer.from(check.last?.hash ?? []).toString("hex"));
    }
  });

  test("goes on behind a segment that is damaged, and says nothing wrong of what follows", () => {
    const [first = "", second = "", third = ""] = segmentsOf(whole);
    const bytes = whole[second] ?? new Uint8Array();
    const found = findings({ ...whole, [second]: flipped(bytes, 100) });
    expect(found).toEqual([`${second} corrupt 64..${bytes.length} CODEC_DURABLE_DATA_MISSING`]);
    expect([first, third].every((name) => !found.join().includes(name))).toBe(true);
  });

  test("tells of a beginning that is gone, which no store opens without", async () => {
    const [first = "", second = ""] = segmentsOf(whole);
    const { [first]: gone, ...rest } = whole;
    expect(gone?.length).toBeGreaterThan(0);
    expect(findings(rest)).toEqual([`${second} corrupt 0..0 INSPECT_SEGMENT_MISSING`]);
    const { code, lines } = await inspected("verify", write(rest));
    expect(code).toBe(1);
    expect(lines.find(({ kind }) => kind === "corrupt")?.["reason"]).toContain("the events before 3 are gone");
    const directory = directoryOf(rest);
    await expect(openSmall(directory)).rejects.toMatchObject({ code: "STORE_CORRUPT", context: { expected: 1 } });
  });

  test("takes one segment by itself", async () => {
    const path = write(whole);
    for (const name of segmentsOf(whole)) {
      expect((await inspected("verify", join(path, name))).code).toBe(0);
    }
  });
});
