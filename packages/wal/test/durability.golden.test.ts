// Files that the reference wrote, what it returned for them, and the bytes it would have written next.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  DurabilityLogEncoder,
  decodeDurabilityCheckpoint,
  encodeDurabilityCheckpoint,
  encodeDurabilityEntry,
  encodeDurabilitySegmentHeader,
  encodeLogRecord,
  encodeRecordLogHeader,
  type DurabilityWalVersion,
} from "../src/durability-entry.js";
import { WalError, type WalErrorCode } from "../src/index.js";
import {
  directoryWith,
  fromHex,
  goldenBytes,
  goldenCase,
  goldenCases,
  goldenFiles,
  hex,
  hexOf32,
  readLog,
  recordsOf,
  type GoldenCase,
  type Outcome,
} from "./durability-golden.js";

const walCases = goldenCases.filter(({ format, read }) => format.startsWith("wal-") && read !== undefined);
const recordLogCases = goldenCases.filter(({ format, files }) => format === "recordlog-v1" && "log.bin" in files);
const checkpointCases = goldenCases.filter(({ readRaw }) => readRaw !== undefined);

/** Where the reference returns entries and this refuses: what it returns, and why that is not safe. */
const refused: Readonly<Record<string, readonly [after: number, code: WalErrorCode, why: string]>> = {
  "wal-none": [0, "WAL_NOT_FOUND", "a lost directory is not an empty log"],
  "wal-lock-only": [0, "WAL_NOT_FOUND", "segments may be lost, and ids would begin anew"],
  "wal-truncate-all": [0, "WAL_NOT_FOUND", "the active segment was removed, and ids would begin anew"],
  "wal-header-only-final-lost-tail": [3, "WAL_CORRUPT", "the last header says that entry 4 was there"],
  "wal-nonfinal-lost-frame": [2, "WAL_CORRUPT", "entry 3 is missing"],
  "wal-length-flip-mid": [2, "WAL_CORRUPT", "five sound entries follow"],
  "v3-length-flip-mid": [2, "WAL_CORRUPT", "five sound entries follow"],
  "wal-id-flip-last": [7, "WAL_CORRUPT", "entry 264 cannot follow 7"],
  "wal-stale-frame": [8, "WAL_CORRUPT", "entry 20 cannot follow 8"],
  "wal-dir-missing-middle": [0, "WAL_CORRUPT", "entry 3 is missing"],
  "wal-truncate-veto": [0, "WAL_CORRUPT", "entries 5 and 6 are missing"],
  "wal-dir-alias-names": [0, "WAL_FOREIGN_SEGMENT", "a number must have one name"],
  "wal-dir-number-differs": [0, "WAL_CORRUPT", "segment 6 goes by the number 60"],
  "wal-ids-2pow53": [1, "WAL_LSN_OUT_OF_RANGE", "ids are numbers up to 2^53-1"],
};

/** Where the reference refuses in every mode what a crash leaves, and this accepts what comes before it unless it is strict. */
const tornHere: Readonly<Record<string, number>> = {
  "wal-length-15": 5,
  "wal-length-absurd-long": 5,
  "wal-last-middle-lost": 7,
  "v3-id-flip": 4,
  "v3-last-middle-lost": 7,
};

test("the files are those that were recorded", () => {
  let count = 0;
  for (const { case: name, files } of goldenCases) {
    for (const [file, { sha256 }] of Object.entries(files)) {
      expect(createHash("sha256").update(goldenBytes(name, file)).digest("hex")).toBe(sha256);
      count++;
    }
  }
  expect([goldenCases.length, count]).toEqual([124, 257]);
});

describe("logs", () => {
  const read = ({ case: name }: GoldenCase, mode: "strict" | "recover" | "salvage"): Outcome =>
    readLog(directoryWith(goldenFiles(name)), { mode });

  test.each(walCases.map((each) => [each.case, each] as const))("%s", (name, each) => {
    const deviation = refused[name];
    for (const [mode, theirs] of [
      ["strict", each.read?.strict],
      ["recover", each.read?.bestEffort],
    ] as const) {
      const ours = read(each, mode);
      if (deviation !== undefined) {
        // A flipped length stops the reference too if it is strict.
        expect(theirs?.ok).toBe(mode === "recover" || !name.endsWith("length-flip-mid"));
        expect([ours.ids.length, ours.error?.code]).toEqual(deviation.slice(0, 2));
      } else if (theirs?.ok === true) {
        expect(ours.error).toBeUndefined();
        expect([ours.entries.length, ours.digest]).toEqual([theirs.count, theirs.digest]);
        expect(theirs.isPrefixOfWritten === false && !/missing-first|truncate-5/.test(name)).toBe(false);
      } else if (mode === "recover" && name in tornHere) {
        expect([ours.entries.length, ours.report?.end.kind]).toEqual([tornHere[name], "torn"]);
      } else {
        expect(ours.error).toBeInstanceOf(WalError);
        expect(ours.entries.length).toBeLessThanOrEqual(theirs?.deliveredBeforeError ?? 0);
      }
      expectWritten(each, ours);
    }
    // What salvage returns was written too, and never less than what the reference handed out before it noticed damage.
    if (deviation?.[1] === "WAL_NOT_FOUND" || deviation?.[1] === "WAL_FOREIGN_SEGMENT") return;
    const salvaged = read(each, "salvage");
    expect(salvaged.error).toBeUndefined();
    expectWritten(each, salvaged);
    const least = Math.min(deviation?.[0] ?? Number.MAX_SAFE_INTEGER, read(each, "recover").ids.length);
    expect(salvaged.ids.length).toBeGreaterThanOrEqual(least);
  });

  /** Every entry that was handed out is the one that was written under its id. */
  function expectWritten({ written, case: name }: GoldenCase, { ids, entries }: Outcome): void {
    if (written === undefined || name === "wal-ids-2pow53") return;
    ids.forEach((id, index) => {
      const payload = entries[index] ?? new Uint8Array(0);
      expect([payload.length, hexOf32(crcOf(payload))]).toEqual([written[id - 1]?.len, written[id - 1]?.crc32]);
    });
    expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
  }

  test("every deviation is of a case", () => {
    const names = walCases.map((each) => each.case);
    expect([...Object.keys(refused), ...Object.keys(tornHere)].filter((name) => !names.includes(name))).toEqual([]);
  });

  const intact = walCases.filter(({ read: theirs }) => theirs?.strict?.ok === true);
  const sound = intact.filter(({ case: name, files }) => !(name in refused) && Object.keys(files).length > 0);

  test.each(sound.map(({ case: name }) => name))("%s is written again byte for byte", (name) => {
    const files = goldenFiles(name);
    const { ids, entries, segmentIds } = readLog(directoryWith(files), { mode: "strict" });
    let written = 0;
    for (const [file, bytes] of files) {
      if (file === "wal/.lock" || !/^wal\/wal_[1-9]\d*\.log$/.test(file) || bytes.length < 24) continue;
      const segmentId = Number(file.slice("wal/wal_".length, -".log".length));
      const version = bytes[4] as DurabilityWalVersion;
      const first = segmentIds.indexOf(segmentId);
      const startEntryId = first === -1 ? (ids.at(-1) ?? 0) + 1 : (ids[first] ?? 0);
      const parts = [encodeDurabilitySegmentHeader({ version, startEntryId, segmentId })];
      entries.forEach((payload, index) => {
        if (segmentIds[index] !== segmentId) return;
        parts.push(encodeDurabilityEntry(version, ids[index] ?? 0, payload));
        written++;
      });
      const padding = name === "v3-zero-tail-nonfinal" && segmentId === 1 ? 64 : 0;
      expect(hex(Buffer.concat([...parts, new Uint8Array(padding)]))).toBe(hex(bytes));
    }
    expect(written).toBe(ids.length);
  });

  test.each([
    ["wal-rotate-256", 256, 2],
    ["wal-rotate-min", 40, 2],
    ["wal-rotate-exact", 76, 2],
    ["v3-rotate", 110, 3],
  ] as const)("%s: the encoder begins segments where the reference does", (name, segmentBytes, version) => {
    const files = goldenFiles(name);
    const encoder = new DurabilityLogEncoder({ version, segmentBytes });
    const laid = new Map<string, Uint8Array>();
    for (const payload of readLog(directoryWith(files)).entries) {
      const { file, offset, bytes } = encoder.append(payload);
      const before = laid.get(file) ?? new Uint8Array(0);
      expect(offset).toBe(before.length);
      laid.set(file, new Uint8Array(Buffer.concat([before, bytes])));
    }
    const asHex = (each: Map<string, Uint8Array>): object =>
      Object.fromEntries([...each].map(([file, bytes]) => [file, hex(bytes)]));
    expect(asHex(laid)).toEqual(asHex(files));
  });

  // The last one goes on in segment 9 behind segment 2, which every later version refuses.
  const notContinued = [...Object.keys(refused), "wal-zero-final-16"];
  const resumed = walCases.filter(({ resume, case: name }) => resume?.ok === true && !notContinued.includes(name));

  test.each(resumed.map((each) => [each.case, each] as const))(
    "%s is continued as the reference does",
    (name, each) => {
      const { resume, format } = each;
      const version = format === "wal-v2" ? 2 : 3;
      const files = goldenFiles(name);
      const { report } = readLog(directoryWith(files));
      const encoder = new DurabilityLogEncoder({ version, segmentBytes: 2 ** 20, ...(report && { after: report }) });
      const repaired = (resume?.changedFiles ?? []).map(({ path, size }) => ({ file: path, sizeBytes: size }));
      expect(repaired).toEqual(encoder.cut === undefined ? [] : [encoder.cut]);
      if (encoder.cut !== undefined) {
        const { file, sizeBytes } = encoder.cut;
        files.set(file, (files.get(file) ?? new Uint8Array(0)).slice(0, sizeBytes));
      }
      expect([String(encoder.nextEntryId)]).toEqual([resume?.nextEntryId]);
      const { file, offset, bytes, entryId } = encoder.append(fromHex("ee0102"));
      expect([String(entryId), file]).toEqual([resume?.appendAfter?.id, `wal/wal_${resume?.segmentId}.log`]);
      expect(offset).toBe(resume?.segmentBytes);
      files.set(file, new Uint8Array(Buffer.concat([files.get(file) ?? new Uint8Array(0), bytes])));
      const { strict } = resume?.appendAfter ?? {};
      const after = readLog(directoryWith(files), { mode: "strict" });
      expect([after.error, after.digest]).toEqual([undefined, strict?.digest]);
    },
  );

  test("a log of version 2 goes on as version 3 in a segment of its own", () => {
    const files = goldenFiles("v3-reader-on-v2");
    const { report } = readLog(directoryWith(files));
    if (report === undefined) throw new Error("no report");
    expect([report.version, report.segmentId]).toEqual([2, 2]);
    const piece = new DurabilityLogEncoder({ version: 3, after: report }).append(fromHex("ee0102"));
    expect([piece.file, piece.offset, piece.entryId]).toEqual(["wal/wal_3.log", 0, 6]);
    files.set(piece.file, piece.bytes);
    const { digest } = readLog(directoryWith(files), { mode: "strict" });
    expect(digest).toBe(goldenCase("v3-reader-on-v2").resume?.appendAfter?.strict.digest);
  });
});

describe("published directories", () => {
  const cases = goldenCases.filter(({ case: name }) => name.startsWith("pub-"));

  test.each(cases.map((each) => [each.case, each] as const))("%s", (name, each) => {
    const files = goldenFiles(name);
    const directory = directoryWith(files);
    const checkpoints = [...files].filter(([file]) => file.endsWith(".chk"));
    for (const { checkpoint, checkpointLastEntryId, markerEntryId } of each.published ?? []) {
      const bytes = checkpoints.find(([file]) => checkpoint === undefined || file === checkpoint)?.[1];
      if (bytes === undefined) {
        expect(name).toBe("pub-checkpoint-missing");
        // Without its checkpoint the log begins too late, and says so.
        expect(readLog(directory, { from: 1 }).error?.code).toBe("WAL_PRUNED");
        continue;
      }
      if (name === "pub-checkpoint-corrupt") {
        expect(() => decodeDurabilityCheckpoint(bytes)).toThrow(expect.objectContaining({ code: "WAL_CORRUPT" }));
        continue;
      }
      const decoded = decodeDurabilityCheckpoint(bytes);
      expect(String(decoded.lastAppliedId)).toBe(checkpointLastEntryId);
      expect(hex(encodeDurabilityCheckpoint(decoded))).toBe(hex(bytes));
      const after = readLog(directory, { mode: "strict", from: decoded.lastAppliedId + 1 });
      if (name === "pub-wal-dir-lost") expect(after.error?.code).toBe("WAL_NOT_FOUND");
      else expect(after.ids[0] === decoded.lastAppliedId + 1 && after.ids.includes(Number(markerEntryId))).toBe(true);
    }
    if (each.published?.length === 0) expect(readLog(directory, { mode: "strict" }).report?.end.kind).toBe("clean");
  });
});

describe("record logs", () => {
  /** Where the reference refuses in both modes what a crash leaves. */
  const tornRecords = ["rl-len-over-cap", "rl-flip-last-payload", "rl-last-middle-lost"];

  test.each(recordLogCases.filter(({ read }) => read !== undefined).map((each) => [each.case, each] as const))(
    "%s",
    (name, { read, written }) => {
      const bytes = goldenBytes(name, "log.bin");
      // Phantoms: 64 empty records that nobody wrote.
      const phantoms = name === "rl-zero-tail-512";
      const ours = recordsOf(bytes, { zerosAreRecords: !phantoms });
      const theirs = read?.bestEffort ?? read?.strict;
      if (phantoms) {
        expect([ours.recordCount, ours.doubtfulRecords, ours.end.kind]).toEqual([3, 64, "zeros"]);
        expect(written).toHaveLength(3);
      } else if (tornRecords.includes(name)) {
        expect([theirs?.ok, ours.end.kind]).toEqual([false, "torn"]);
      } else if (theirs?.ok === true) {
        expect(ours.end.kind).toBe(read?.strict?.ok === true ? "clean" : "torn");
        if (theirs.digest !== undefined) expect([ours.recordCount, ours.digest]).toEqual([theirs.count, theirs.digest]);
      } else {
        expect(ours.end.kind).toBe("corrupt");
      }
      if (ours.end.kind !== "clean") return;
      const again = Buffer.concat([encodeRecordLogHeader(), ...ours.records.map(encodeLogRecord)]);
      expect(hex(again)).toBe(hex(bytes));
    },
  );

  test("records that were repaired by 0.10 are what its manifest lists", () => {
    const records = recordsOf(goldenBytes("rl-later-repair", "log.bin")).records.map(hex);
    expect(records).toEqual(["234b1b8c19", "", "616674657220746f726e"]);
  });
});

describe("checkpoints", () => {
  const notHere: Readonly<Record<string, WalErrorCode>> = {
    "ck-trailing-bytes": "WAL_CORRUPT", // no writer leaves bytes behind the payload
    "ck2-trailing": "WAL_CORRUPT",
    "ck-version-2": "WAL_CORRUPT", // a checksum of version 1 under version 2, which 0.6.4 does not know
  };

  test.each(checkpointCases.map((each) => [each.case, each] as const))("%s", (name, { readRaw }) => {
    const bytes = goldenBytes(name, "c.chk");
    const code = notHere[name] ?? (readRaw?.ok === false ? "WAL_CORRUPT" : undefined);
    if (code !== undefined) {
      expect(() => decodeDurabilityCheckpoint(bytes)).toThrow(expect.objectContaining({ name: "WalError", code }));
      return;
    }
    const decoded = decodeDurabilityCheckpoint(bytes);
    expect(decoded.version).toBe(bytes[4]);
    expect(String(decoded.lastAppliedId)).toBe(readRaw?.lastAppliedId);
    expect(decoded.payload).toHaveLength(readRaw?.len ?? -1);
    if (readRaw?.hex !== undefined) expect(hex(decoded.payload)).toBe(readRaw.hex);
    expect(hex(encodeDurabilityCheckpoint(decoded))).toBe(hex(bytes));
  });
});

/** The checksum that a frame of the record log stores. */
function crcOf(payload: Uint8Array): number {
  const stored = encodeLogRecord(payload);
  return new DataView(stored.buffer).getUint32(4, true);
}
