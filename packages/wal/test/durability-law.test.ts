// The cases of the law one by one: what is torn, what is damage, what is refused, and with which code.
import { describe, expect, test } from "vitest";
import { CodecError, crc32, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { Directory, type FileHandle, type StoreFs } from "@holdfast/fs-seam";
import { WalError } from "../src/index.js";
import {
  DurabilityLogEncoder,
  decodeDurabilityCheckpoint,
  durabilityLimits,
  encodeDurabilityCheckpoint,
  encodeDurabilityEntry,
  encodeDurabilitySegmentHeader,
  encodeLogRecord,
  encodeRecordLogHeader,
  readDurabilityLog,
  surveyDurabilityLog,
  verifyDurabilityLog,
  walkDurabilitySegment,
  walkRecordLog,
  type DurabilityReport,
  type DurabilitySegmentHeader,
} from "../src/durability-entry.js";
import { directoryWith, fromHex, hex, readLog, recordsOf } from "./durability-golden.js";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const zeros = (count: number): Uint8Array => new Uint8Array(count);

function code(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof WalError)) throw error;
    return error.code;
  }
}

/** A segment with entries `payloads` from `startEntryId` on. */
function segment(payloads: readonly string[], header: Partial<DurabilitySegmentHeader> = {}): Uint8Array {
  const { version = 2, startEntryId = 1, segmentId = 1 } = header;
  const frames = payloads.map((text, index) => encodeDurabilityEntry(version, startEntryId + index, ascii(text)));
  return join(encodeDurabilitySegmentHeader({ version, startEntryId, segmentId }), ...frames);
}

function logOf(...segments: readonly Uint8Array[]): Map<string, Uint8Array> {
  return new Map(segments.map((bytes, index) => [`wal/wal_${index + 1}.log`, bytes]));
}

/** `count` entries were read, and then it ended so. */
function ending(files: ReadonlyMap<string, Uint8Array>, mode: "strict" | "recover" | "salvage" = "recover"): unknown[] {
  const { ids, error, report } = readLog(directoryWith(files), { mode });
  return [ids.length, error === undefined ? report?.end.kind : error.code];
}

describe("the last segment", () => {
  const sound = segment(["one", "two", "three"]);
  const third = encodeDurabilityEntry(2, 3, ascii("three"));
  const before = sound.length - third.length;

  test.each([
    ["garbage behind the last entry", join(sound, fromHex("de ad be ef de ad be ef de ad be ef de ad be ef 01")), 3],
    ["a length of 1 to 15", join(sound, fromHex("0f 00 00 00"), zeros(30).fill(7)), 3],
    ["an entry whose middle never reached the disk", join(sound.slice(0, -3), zeros(2), sound.slice(-1)), 2],
    ["a length alone", join(sound, fromHex("15 00 00 00"), zeros(17)), 3],
  ])("%s is torn where nothing sound follows", (_, bytes, count) => {
    expect(ending(logOf(bytes))).toEqual([count, "torn"]);
    expect(ending(logOf(bytes), "strict")).toEqual([count, "WAL_TORN"]);
    expect(ending(logOf(bytes), "salvage")).toEqual([count, "torn"]);
  });

  test.each([1, 7, 16, 70_000])("%i zeros at its end are zeros, which a closed log does not end in", (count) => {
    expect(ending(logOf(join(sound, zeros(count))))).toEqual([3, "zeros"]);
    expect(ending(logOf(join(sound, zeros(count))), "strict")).toEqual([3, "WAL_TORN"]);
  });

  test("damage before a sound entry is an error, whatever it looks like, and only salvage reads on", () => {
    const hole = join(sound.slice(0, before), zeros(third.length), encodeDurabilityEntry(2, 4, ascii("four")));
    const cutShort = join(sound.slice(0, -2), encodeDurabilityEntry(2, 4, ascii("four")));
    for (const bytes of [hole, cutShort]) {
      expect(ending(logOf(bytes))).toEqual([2, "WAL_CORRUPT"]);
      expect(ending(logOf(bytes), "salvage")).toEqual([2, "corrupt"]);
    }
    const { error } = readLog(directoryWith(logOf(hole)));
    expect(error?.context).toMatchObject({ file: "wal/wal_1.log", segmentId: 1, offset: before });
    expect(error?.message).toMatch(/sectors reach the disk out of order/);
  });

  test("an entry without a payload has no checksum in version 2: it is believed where its id can stand", () => {
    const hole = (id: number): Uint8Array =>
      join(sound.slice(0, before), fromHex("ff ff ff ff"), zeros(28).fill(9), encodeDurabilityEntry(2, id, zeros(0)));
    // 32 bytes behind the damage at most two entries further.
    expect([2, 3, 4, 5, 6].map((id) => ending(logOf(hole(id)))[1])).toEqual([
      "torn",
      "WAL_CORRUPT",
      "WAL_CORRUPT",
      "WAL_CORRUPT",
      "torn",
    ]);
  });

  test("in version 3 it has one, and is believed with any id", () => {
    const bytes = segment(["one"], { version: 3 });
    const damaged = join(bytes, fromHex("ff ff ff ff"), zeros(28).fill(9), encodeDurabilityEntry(3, 900, zeros(0)));
    expect(ending(logOf(damaged))).toEqual([1, "WAL_CORRUPT"]);
  });

  test("an entry of the other version behind: what writers of 0.7.2 to 0.9 left, and what a flipped version bit looks like", () => {
    const mixed = join(sound, encodeDurabilityEntry(3, 4, ascii("four")));
    expect(ending(logOf(mixed))).toEqual([3, "WAL_CORRUPT"]);
    expect(readLog(directoryWith(logOf(mixed))).error?.message).toMatch(/entry of version 3 stands there/);
    const flipped = sound.slice();
    flipped[4] = 3;
    expect(ending(logOf(flipped))).toEqual([0, "WAL_CORRUPT"]);
  });

  test("an entry above the limit is sound, and no tail: the reference writes what it never reads back", () => {
    const long = zeros(70_000).fill(5);
    const bytes = join(sound, encodeDurabilityEntry(2, 4, long), encodeDurabilityEntry(2, 5, ascii("five")));
    const directory = directoryWith(logOf(bytes));
    const options = { directory, maxPayloadBytes: 69_999 };
    expect(code(() => verifyDurabilityLog(options))).toBe("WAL_RECORD_TOO_LARGE");
    expect(verifyDurabilityLog({ directory, maxPayloadBytes: 70_000 }).entryCount).toBe(5);
    // Cut or damaged it is like any other; the search believes entries that the option leaves out.
    const cut = directoryWith(logOf(bytes.slice(0, sound.length + 69_000)));
    expect(verifyDurabilityLog({ directory: cut, maxPayloadBytes: 69_999 }).end.kind).toBe("torn");
    const broken = join(sound, encodeDurabilityEntry(2, 4, long));
    broken[broken.length - 1] = 0x21;
    const last = directoryWith(logOf(broken));
    expect(verifyDurabilityLog({ directory: last, maxPayloadBytes: 69_999 }).end.kind).toBe("torn");
    const damaged = join(sound, encodeDurabilityEntry(2, 4, long));
    damaged[sound.length - 1] = 0x21;
    expect(code(() => verifyDurabilityLog({ directory: directoryWith(logOf(damaged)), maxPayloadBytes: 9 }))).toBe(
      "WAL_CORRUPT",
    );
  });

  test("ids count up by one from the header's", () => {
    const again = join(sound, encodeDurabilityEntry(2, 3, ascii("again")));
    const skipped = join(sound, encodeDurabilityEntry(2, 5, ascii("five")));
    const other = join(segment([], { startEntryId: 7 }), encodeDurabilityEntry(2, 8, ascii("eight")));
    expect(ending(logOf(again))).toEqual([3, "WAL_CORRUPT"]);
    expect(ending(logOf(skipped))).toEqual([3, "WAL_CORRUPT"]);
    expect(ending(logOf(other))).toEqual([0, "WAL_CORRUPT"]);
    expect(readLog(directoryWith(logOf(again))).error?.message).toMatch(/do not count up/);
    expect(readLog(directoryWith(logOf(skipped))).error?.message).toMatch(/missing/);
  });

  test("no id above 2^53-1", () => {
    const top = segment(["last"], { startEntryId: Number.MAX_SAFE_INTEGER });
    expect(ending(logOf(top))).toEqual([1, "clean"]);
    const beyond = fromHex("11 00 00 00 00 00 00 00 00 00 20 00 00 00 00 00 61");
    new DataView(beyond.buffer).setUint32(12, crc32(beyond, 16), true);
    expect(ending(logOf(join(top, beyond)))).toEqual([1, "WAL_LSN_OUT_OF_RANGE"]);
    const header = top.slice(0, 24);
    header.set([0, 0, 0, 0, 0, 0, 32, 0], 8);
    expect(ending(logOf(header))).toEqual([0, "WAL_LSN_OUT_OF_RANGE"]);
  });
});

describe("headers", () => {
  const one = segment(["one", "two"]);

  test.each([0, 3, 4, 8, 16, 23])("a last segment of which %i bytes were written is not begun", (count) => {
    const header = encodeDurabilitySegmentHeader({ version: 2, startEntryId: 3, segmentId: 2 });
    const short = logOf(one, header.slice(0, count));
    expect(ending(short)).toEqual([2, "torn"]);
    const { report } = readLog(directoryWith(short));
    expect(report).toMatchObject({ file: "wal/wal_2.log", nextEntryId: 3, version: 2, segmentCount: 2 });
    expect(report?.end).toEqual({ kind: "torn", endOffset: 0, tornBytes: count, reason: "unwritten-header" });
    // The same with zeros behind, as far as fields are whole: the size came first, or space was reserved.
    if (count % 4 !== 0) return;
    expect(ending(logOf(one, join(header.slice(0, count), zeros(100))))).toEqual([2, "torn"]);
  });

  test("a header that was never written, with entries behind it, was written", () => {
    const two = segment(["three"], { startEntryId: 3, segmentId: 2 });
    const lost = join(zeros(24), two.slice(24));
    expect(ending(logOf(one, lost))).toEqual([2, "WAL_CORRUPT"]);
    expect(ending(logOf(one, lost), "salvage")).toEqual([2, "corrupt"]);
    const other = segment(["three"], { version: 3, startEntryId: 3, segmentId: 2 });
    expect(ending(logOf(one, join(zeros(24), other.slice(24))))).toEqual([2, "WAL_CORRUPT"]);
  });

  test("only the last segment may lack it", () => {
    expect(ending(logOf(zeros(24), one))).toEqual([0, "WAL_CORRUPT"]);
    expect(ending(logOf(zeros(24), one), "salvage")).toEqual([0, "corrupt"]);
  });

  test.each([
    ["another magic", "56 57 41 58 02", "WAL_CORRUPT"],
    ["a magic begun wrong", "56 00 41 4c 02", "WAL_CORRUPT"],
    ["version 1", "56 57 41 4c 01", "WAL_UNSUPPORTED"],
    ["version 4", "56 57 41 4c 04", "WAL_UNSUPPORTED"],
    ["version 258", "56 57 41 4c 02 01", "WAL_UNSUPPORTED"],
    ["no version", "56 57 41 4c 00", "WAL_CORRUPT"],
    ["no magic", "00 00 00 00 02", "WAL_CORRUPT"],
  ])("%s is refused before anything is handed out", (_, start, expected) => {
    const bytes = segment(["three"], { startEntryId: 3, segmentId: 2 });
    bytes.set(fromHex(start));
    expect(ending(logOf(one, bytes))).toEqual([0, expected]);
    expect(ending(logOf(one, bytes), "salvage")).toEqual([2, "corrupt"]);
  });

  test("a header of another number, or with a field missing", () => {
    const moved = segment(["three"], { startEntryId: 3, segmentId: 3 });
    expect(ending(logOf(one, moved))).toEqual([0, "WAL_FOREIGN_SEGMENT"]);
    const holed = segment(["three"], { startEntryId: 3, segmentId: 2 });
    holed.fill(0, 8, 16);
    expect(ending(logOf(one, holed))).toEqual([0, "WAL_CORRUPT"]);
  });
});

describe("several segments", () => {
  const first = segment(["one", "two"]);
  const second = segment(["three"], { startEntryId: 3, segmentId: 2 });

  test("zeros at the end of an earlier one are harmless when the next begins where it should", () => {
    const padded = logOf(join(first, zeros(40)), second);
    expect(ending(padded, "strict")).toEqual([3, "clean"]);
    const lost = logOf(join(first.slice(0, -19), zeros(40)), second);
    expect(ending(lost)).toEqual([1, "WAL_CORRUPT"]);
  });

  test("nothing else is: another segment says that everything before it was written", () => {
    expect(ending(logOf(first.slice(0, -1), second))).toEqual([1, "WAL_CORRUPT"]);
    expect(ending(logOf(join(first, fromHex("07")), second))).toEqual([2, "WAL_CORRUPT"]);
    expect(readLog(directoryWith(logOf(join(first, fromHex("07")), second))).error?.message).toMatch(/another segment/);
  });

  test("the second begins where the first ends", () => {
    for (const startEntryId of [1, 2, 4]) {
      const wrong = segment(["three"], { startEntryId, segmentId: 2 });
      expect(ending(logOf(first, wrong))).toEqual([2, "WAL_CORRUPT"]);
      expect(ending(logOf(first, wrong), "salvage")).toEqual([2, "corrupt"]);
      const { report } = readLog(directoryWith(logOf(first, wrong)), { mode: "salvage" });
      expect([report?.nextEntryId, report?.file, report?.segmentCount]).toEqual([3, "wal/wal_2.log", 2]);
    }
  });

  test("salvage says what it has not read", () => {
    const files = logOf(first.slice(0, -1), second, segment(["four"], { startEntryId: 4, segmentId: 3 }));
    const { report, ids } = readLog(directoryWith(files), { mode: "salvage" });
    expect(ids).toEqual([1]);
    expect(report).toMatchObject({
      segmentCount: 1,
      entryCount: 1,
      firstEntryId: 1,
      nextEntryId: 2,
      file: "wal/wal_1.log",
      segmentId: 1,
      unreadFiles: ["wal/wal_2.log", "wal/wal_3.log"],
    });
  });

  test("a gap in the numbers is an error before anything is handed out; salvage reads up to it", () => {
    const files = logOf(first, second);
    files.set("wal/wal_4.log", segment(["four"], { startEntryId: 4, segmentId: 4 }));
    expect(ending(files)).toEqual([0, "WAL_CORRUPT"]);
    const { report, ids } = readLog(directoryWith(files), { mode: "salvage" });
    expect([ids, report?.file, report?.end.endOffset]).toEqual([[1, 2, 3], "wal/wal_4.log", 0]);
  });

  test("from: entries before it are read and not handed out; one that is gone is an error", () => {
    const tail = new Map([["wal/wal_2.log", second]]);
    expect(readLog(directoryWith(logOf(first, second)), { from: 2 }).ids).toEqual([2, 3]);
    expect(readLog(directoryWith(tail), { from: 3 }).ids).toEqual([3]);
    expect(readLog(directoryWith(tail)).ids).toEqual([3]);
    const pruned = readLog(directoryWith(tail), { from: 2 });
    expect([pruned.error?.code, pruned.error?.context.lsn]).toEqual(["WAL_PRUNED", 2]);
    expect(verifyDurabilityLog({ directory: directoryWith(logOf(first, second)), from: 2 }).entryCount).toBe(3);
  });

  test("versions may follow each other", () => {
    const third = segment(["four"], { version: 3, startEntryId: 4, segmentId: 3 });
    const { ids, report } = readLog(directoryWith(logOf(first, second, third)), { mode: "strict" });
    expect([ids, report?.version]).toEqual([[1, 2, 3, 4], 3]);
  });
});

describe("the directory", () => {
  test("absent, empty, locked", () => {
    expect(surveyDurabilityLog(new Directory(new MemoryFs()))).toEqual({ kind: "absent" });
    const empty = directoryWith(new Map([["wal/.lock", zeros(0)]]));
    expect(surveyDurabilityLog(empty)).toEqual({ kind: "empty", locked: true });
    expect(readLog(empty).error?.code).toBe("WAL_NOT_FOUND");
    const held = directoryWith(new Map([...logOf(segment(["one"])), ["wal/.lock", zeros(6)]]));
    expect([verifyDurabilityLog({ directory: held }).locked, readLog(held).ids]).toEqual([true, [1]]);
  });

  test("by number, not by name, and nothing but segments", () => {
    const files = new Map<string, Uint8Array>();
    for (let id = 9; id <= 11; id++) {
      files.set(`wal/wal_${id}.log`, segment(["x"], { startEntryId: id, segmentId: id }));
    }
    for (const other of ["wal_-1.log", "wal_.log", "wal_9.LOG", "wal_9.log.tmp", "xwal_1.log", "wal_1.log.log"]) {
      files.set(`wal/${other}`, ascii("no"));
    }
    files.set("wal/wal_18446744073709551616.log", ascii("no"));
    const survey = surveyDurabilityLog(directoryWith(files));
    expect(survey).toMatchObject({ kind: "segments", locked: false });
    expect(readLog(directoryWith(files), { mode: "strict" }).ids).toEqual([9, 10, 11]);
  });

  test.each(["wal_+1.log", "wal_01.log", "wal_0.log", "wal_18446744073709551615.log", "wal_9007199254740992.log"])(
    "%s is a name that nobody gives",
    (name) => {
      const files = logOf(segment(["one"]));
      files.set(`wal/${name}`, segment(["one"]));
      for (const mode of ["recover", "salvage"] as const) {
        const { error } = readLog(directoryWith(files), { mode });
        expect([error?.code, error?.context.file]).toEqual(["WAL_FOREIGN_SEGMENT", `wal/${name}`]);
      }
    },
  );

  test("a directory of that name is no segment", () => {
    const directory = directoryWith(logOf(segment(["one"])));
    directory.makeDirectory("wal/wal_2.log");
    expect(readLog(directory).error?.code).toBe("WAL_FOREIGN_SEGMENT");
  });

  test("what reads it holds no file open, whether it ends early or not", () => {
    const directory = directoryWith(logOf(segment(["one", "two"])));
    let open = 0;
    const fs = new Proxy(directory.fs, {
      get(target, key: keyof StoreFs) {
        const member = target[key];
        if (typeof member !== "function") return member;
        if (key !== "open") return member.bind(target);
        return (...args: Parameters<StoreFs["open"]>): FileHandle => {
          const handle = target.open(...args);
          open++;
          const close = handle.close.bind(handle);
          handle.close = (): void => {
            open--;
            close();
          };
          return handle;
        };
      },
    });
    const counting = new Directory(fs);
    for (const entry of readDurabilityLog({ directory: counting })) {
      expect(entry.entryId).toBe(1);
      expect(open).toBe(1);
      break;
    }
    expect(open).toBe(0);
    expect([...readDurabilityLog({ directory: counting })]).toHaveLength(2);
    expect(open).toBe(0);
  });
});

describe("record logs", () => {
  const log = (...parts: readonly Uint8Array[]): Uint8Array => join(encodeRecordLogHeader(), ...parts);
  const record = (text: string): Uint8Array => encodeLogRecord(ascii(text));

  test("empty records count once a sound record follows them; zeros at the end or before damage are in doubt", () => {
    const inside = recordsOf(log(record("a"), zeros(16), record("b")));
    expect([inside.records.map(({ length }) => length), inside.doubtfulRecords]).toEqual([[1, 0, 0, 1], 0]);
    const atEnd = recordsOf(log(record("a"), zeros(21)));
    expect(atEnd).toMatchObject({ recordCount: 1, doubtfulRecords: 2, end: { kind: "zeros", zeroBytes: 21 } });
    const beforeGarbage = recordsOf(log(record("a"), zeros(16), fromHex("09 00 00 00 01 02 03 04 05")));
    expect(beforeGarbage).toMatchObject({ recordCount: 1, doubtfulRecords: 2 });
    expect(beforeGarbage.end).toEqual({ kind: "torn", endOffset: 17, tornBytes: 25, reason: "short-payload" });
    const told = recordsOf(log(record("a"), zeros(21)), { zerosAreRecords: true });
    expect(told).toMatchObject({ recordCount: 3, doubtfulRecords: 0 });
    expect(told.end).toEqual({ kind: "torn", endOffset: 33, tornBytes: 5, reason: "short-header" });
  });

  test("offsets are those of the frames", () => {
    const offsets: number[] = [];
    walkRecordLog(log(record("a"), zeros(16), record("b")), { onRecord: ({ offset }) => offsets.push(offset) });
    expect(offsets).toEqual([8, 17, 25, 33]);
  });

  test("damage before a sound record is an error, and an empty one proves nothing", () => {
    const broken = record("abc");
    broken[9] = 0x7a;
    expect(recordsOf(log(broken, record("d"))).end).toMatchObject({
      kind: "corrupt",
      code: "WAL_CORRUPT",
      endOffset: 8,
    });
    expect(recordsOf(log(broken, zeros(8), fromHex("01"))).end).toMatchObject({ kind: "torn", reason: "bad-checksum" });
    const tooLong = recordsOf(log(record("abc"), record("d")), { maxPayloadBytes: 2 });
    expect(tooLong.end).toMatchObject({ kind: "corrupt", code: "WAL_RECORD_TOO_LARGE", endOffset: 8 });
  });

  test("a header on its way, one that is none, and one whose records are there", () => {
    expect(recordsOf(zeros(8)).end).toMatchObject({ kind: "torn", reason: "unwritten-header" });
    expect(recordsOf(join(ascii("VRLG"), zeros(90))).end).toMatchObject({ kind: "torn" });
    expect(recordsOf(ascii("VR")).end).toMatchObject({ kind: "torn" });
    expect(recordsOf(ascii("VX")).end).toMatchObject({ kind: "corrupt", code: "WAL_CORRUPT" });
    expect(recordsOf(join(zeros(8), record("a"))).end).toMatchObject({ kind: "corrupt", code: "WAL_CORRUPT" });
    expect(recordsOf(join(ascii("VRLG"), fromHex("02 00 00 00"))).end).toMatchObject({ code: "WAL_UNSUPPORTED" });
  });

  test("a hole across many windows", () => {
    const many = recordsOf(log(record("a"), zeros(8 * 40_000), record("b")));
    expect([many.recordCount, many.end.kind]).toEqual([40_002, "clean"]);
    // From a file it moves the window to behind the zeros, and back.
    for (const count of [8191, 8192, 8193, 20_000]) {
      const source = sourceOf(log(zeros(8 * count), record("b")));
      expect(walkRecordLog(source)).toMatchObject({ recordCount: count + 1, end: { kind: "clean" } });
    }
  });
});

describe("the encoder", () => {
  const report = (files: ReadonlyMap<string, Uint8Array>, mode: "recover" | "salvage" = "recover"): DurabilityReport =>
    verifyDurabilityLog({ directory: directoryWith(files), mode });

  test("goes on where the log ends: in the file, in another, behind a cut", () => {
    const whole = report(logOf(segment(["one", "two"])));
    const same = new DurabilityLogEncoder({ version: 2, after: whole });
    expect([same.cut, same.nextEntryId]).toEqual([undefined, 3]);
    expect(same.append(ascii("x"))).toMatchObject({ entryId: 3, file: "wal/wal_1.log", segmentId: 1, offset: 62 });
    const full = new DurabilityLogEncoder({ version: 2, after: whole, segmentBytes: 70 });
    expect(full.append(ascii("x"))).toMatchObject({ entryId: 3, file: "wal/wal_2.log", offset: 0 });
    const newer = new DurabilityLogEncoder({ version: 3, after: whole });
    expect(newer.append(ascii("x"))).toMatchObject({ entryId: 3, file: "wal/wal_2.log", offset: 0 });
    const torn = new DurabilityLogEncoder({ version: 2, after: report(logOf(segment(["one", "two"]).slice(0, -1))) });
    expect([torn.cut, torn.nextEntryId]).toEqual([{ file: "wal/wal_1.log", sizeBytes: 43 }, 2]);
    const padded = new DurabilityLogEncoder({ version: 2, after: report(logOf(join(segment(["one"]), zeros(9)))) });
    expect(padded.cut).toEqual({ file: "wal/wal_1.log", sizeBytes: 43 });
  });

  test("a segment that was never begun is begun, in whichever version", () => {
    const files = logOf(segment(["one", "two"]), zeros(24));
    for (const version of [2, 3] as const) {
      const encoder = new DurabilityLogEncoder({ version, after: report(files) });
      expect(encoder.cut).toEqual({ file: "wal/wal_2.log", sizeBytes: 0 });
      const piece = encoder.append(ascii("x"));
      expect([piece.file, piece.offset, piece.entryId, piece.bytes[4]]).toEqual(["wal/wal_2.log", 0, 3, version]);
    }
  });

  test("does not go on behind damage, backwards in versions, or with an id of its own making", () => {
    const damaged = report(
      logOf(segment(["one"]).slice(0, -1), segment(["two"], { startEntryId: 2, segmentId: 2 })),
      "salvage",
    );
    expect(code(() => new DurabilityLogEncoder({ version: 2, after: damaged }))).toBe("WAL_CORRUPT");
    const three = report(logOf(segment(["one"], { version: 3 })));
    expect(code(() => new DurabilityLogEncoder({ version: 2, after: three }))).toBe("WAL_INVALID_OPTION");
    const lost = report(logOf(zeros(24)));
    expect([lost.firstEntryId, lost.nextEntryId, lost.version]).toEqual([undefined, undefined, undefined]);
    expect(code(() => new DurabilityLogEncoder({ version: 2, after: lost }))).toBe("WAL_INVALID_OPTION");
    const told = new DurabilityLogEncoder({ version: 2, after: lost, firstEntryId: 90 });
    expect(told.append(ascii("x"))).toMatchObject({ entryId: 90, file: "wal/wal_1.log", offset: 0 });
    const whole = report(logOf(segment(["one"])));
    expect(code(() => new DurabilityLogEncoder({ version: 2, after: whole, firstEntryId: 9 }))).toBe(
      "WAL_INVALID_OPTION",
    );
    expect(new DurabilityLogEncoder({ version: 2, after: whole, firstEntryId: 2 }).nextEntryId).toBe(2);
  });

  test("an entry above the segment's size gets one of its own, and ids end at 2^53-1", () => {
    const encoder = new DurabilityLogEncoder({
      version: 3,
      segmentBytes: 40,
      firstEntryId: Number.MAX_SAFE_INTEGER - 1,
    });
    expect(encoder.append(zeros(500))).toMatchObject({ file: "wal/wal_1.log", offset: 0 });
    expect(code(() => void encoder.append(zeros(2 ** 24 + 1)))).toBe("WAL_RECORD_TOO_LARGE");
    expect(encoder.append(zeros(0))).toMatchObject({ file: "wal/wal_2.log", entryId: Number.MAX_SAFE_INTEGER });
    expect(code(() => void encoder.append(zeros(0)))).toBe("WAL_LSN_OUT_OF_RANGE");
  });
});

describe("limits and arguments", () => {
  test("options that are no object are refused by code", () => {
    for (const options of [undefined, null, 1]) {
      expect(() => walkDurabilitySegment(new Uint8Array(0), options as never)).toThrowError(
        expect.objectContaining({ code: "WAL_INVALID_OPTION" }),
      );
    }
  });

  test("nothing is written that the reference cannot read back", () => {
    expect(durabilityLimits).toEqual({ record: 67_108_864, entry: 16_777_216, checkpoint: 268_435_456 });
    expect(code(() => void encodeLogRecord(zeros(2 ** 26 + 1)))).toBe("WAL_RECORD_TOO_LARGE");
    expect(code(() => void encodeDurabilityEntry(2, 1, zeros(2 ** 24 + 1)))).toBe("WAL_RECORD_TOO_LARGE");
    const payload = zeros(2 ** 28 + 1);
    expect(code(() => void encodeDurabilityCheckpoint({ version: 2, lastAppliedId: 1, payload }))).toBe(
      "WAL_CHECKPOINT_TOO_LARGE",
    );
    expect(hex(encodeDurabilityEntry(2, 1, zeros(2 ** 24)).subarray(0, 4))).toBe("10000001");
  });

  test("a length is not believed before it is held against what is there", () => {
    const asked: number[] = [];
    const watching = (bytes: Uint8Array): ByteSource => ({
      sizeBytes: bytes.length,
      readAt(target, offset) {
        asked.push(target.length);
        return sourceOf(bytes).readAt(target, offset);
      },
    });
    const claim = fromHex("00 00 00 01");
    walkDurabilitySegment(watching(join(segment(["one"]), claim, zeros(40).fill(1))), { segmentId: 1 });
    walkRecordLog(watching(join(encodeRecordLogHeader(), claim, zeros(40).fill(1))));
    const checkpoint = encodeDurabilityCheckpoint({ version: 2, lastAppliedId: 1, payload: zeros(10) });
    checkpoint[18] = 1;
    expect(code(() => decodeDurabilityCheckpoint(watching(checkpoint)))).toBe("WAL_CORRUPT");
    checkpoint[21] = 1;
    expect(code(() => decodeDurabilityCheckpoint(watching(checkpoint)))).toBe("WAL_CORRUPT");
    expect(Math.max(...asked)).toBeLessThan(120);
  });

  test("a checkpoint above the limit is refused before it is read, however much is there", () => {
    const header = encodeDurabilityCheckpoint({ version: 2, lastAppliedId: 1, payload: zeros(0) });
    new DataView(header.buffer).setUint32(16, 2 ** 28 + 1, true);
    const large: ByteSource = {
      sizeBytes: 28 + 2 ** 28 + 1,
      readAt(target) {
        expect(target.length).toBe(28);
        target.set(header);
        return 28;
      },
    };
    expect(() => decodeDurabilityCheckpoint(large)).toThrow(/longer than any/);
  });

  test("a source that shrinks is an error of its own", () => {
    const shrunk: ByteSource = { sizeBytes: 500, readAt: () => 3 };
    expect(() => walkRecordLog(shrunk)).toThrow(CodecError);
    expect(() => walkDurabilitySegment(shrunk, { segmentId: 1 })).toThrow(CodecError);
    expect(() => decodeDurabilityCheckpoint(shrunk)).toThrow(CodecError);
  });

  test.each([
    ["segmentId", () => walkDurabilitySegment(zeros(24), { segmentId: 0 })],
    ["nextEntryId", () => walkDurabilitySegment(zeros(24), { segmentId: 1, nextEntryId: 0 })],
    ["last", () => walkDurabilitySegment(zeros(24), { segmentId: 1, last: 1 as never })],
    ["onEntry", () => walkDurabilitySegment(zeros(24), { segmentId: 1, onEntry: 1 as never })],
    ["maxPayloadBytes", () => walkDurabilitySegment(zeros(24), { segmentId: 1, maxPayloadBytes: 2 ** 30 + 1 })],
    ["nextentryid", () => walkDurabilitySegment(zeros(24), { segmentId: 1, nextentryid: 1 } as never)],
    ["maxRecordBytes", () => walkRecordLog(zeros(8), { maxRecordBytes: 1 } as never)],
    ["zerosAreRecords", () => walkRecordLog(zeros(8), { zerosAreRecords: "yes" as never })],
    ["onRecord", () => walkRecordLog(zeros(8), { onRecord: {} as never })],
    ["maxPayloadBytes", () => walkRecordLog(zeros(8), { maxPayloadBytes: -1 })],
    ["version", () => encodeDurabilityEntry(1 as never, 1, zeros(1))],
    ["entryId", () => encodeDurabilityEntry(2, 0, zeros(1))],
    ["entryId", () => encodeDurabilityEntry(2, 2 ** 53, zeros(1))],
    ["payload", () => encodeLogRecord("x" as never)],
    ["startEntryId", () => encodeDurabilitySegmentHeader({ version: 2, startEntryId: 0, segmentId: 1 })],
    ["segmentId", () => encodeDurabilitySegmentHeader({ version: 2, startEntryId: 1, segmentId: 1.5 })],
    ["version", () => encodeDurabilitySegmentHeader({ version: 4 as never, startEntryId: 1, segmentId: 1 })],
    ["version", () => encodeDurabilityCheckpoint({ version: 3 as never, lastAppliedId: 1, payload: zeros(1) })],
    ["lastAppliedId", () => encodeDurabilityCheckpoint({ version: 1, lastAppliedId: -1, payload: zeros(1) })],
    ["payload", () => encodeDurabilityCheckpoint({ version: 1, lastAppliedId: 1, payload: [1] as never })],
    ["version", () => new DurabilityLogEncoder({ version: 1 as never })],
    ["segmentBytes", () => new DurabilityLogEncoder({ version: 2, segmentBytes: 39 })],
    ["firstEntryId", () => new DurabilityLogEncoder({ version: 2, firstEntryId: 0 })],
    ["segmentbytes", () => new DurabilityLogEncoder({ version: 2, segmentbytes: 100 } as never)],
    ["directory", () => verifyDurabilityLog({ directory: "/" as never })],
    ["mode", () => verifyDurabilityLog({ directory: new Directory(new MemoryFs()), mode: "lenient" as never })],
    ["from", () => verifyDurabilityLog({ directory: new Directory(new MemoryFs()), from: 0 })],
    ["maxPayloadBytes", () => verifyDurabilityLog({ directory: new Directory(new MemoryFs()), maxPayloadBytes: 0.5 })],
    ["form", () => verifyDurabilityLog({ directory: new Directory(new MemoryFs()), form: 1 } as never)],
  ] as const)("option %s", (option, action) => {
    expect(action).toThrow(expect.objectContaining({ code: "WAL_INVALID_OPTION", context: { option } }));
  });

  test("options must be an object", () => {
    expect(code(() => walkRecordLog(zeros(8), null as never))).toBe("WAL_INVALID_OPTION");
  });
});
