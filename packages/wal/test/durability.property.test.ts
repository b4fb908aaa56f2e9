// The profiles as laws: what was laid out is read back, a cut gives a beginning, and damage never gives anything else.
// FC_SEED=1 draws the runs of that seed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sourceOf, type ByteSource } from "@holdfast/segment-codec";
import {
  DurabilityLogEncoder,
  decodeDurabilityCheckpoint,
  encodeDurabilityCheckpoint,
  encodeLogRecord,
  encodeRecordLogHeader,
  walkDurabilitySegment,
  walkRecordLog,
} from "../src/durability-entry.js";
import { directoryWith, hex, readLog, recordsOf } from "./durability-golden.js";

if (process.env["FC_SEED"] !== undefined) fc.configureGlobal({ seed: Number(process.env["FC_SEED"]) });

const payloads = (max: number): fc.Arbitrary<Uint8Array[]> =>
  fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(0, 1, 8, 255).map((fill) => new Uint8Array(20).fill(fill)),
    ),
    { maxLength: max },
  );
const version = fc.constantFrom(2 as const, 3 as const);
const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

interface Laid {
  readonly files: Map<string, Uint8Array>;
  readonly entries: readonly Uint8Array[];
}

/** Lays entries out, in two runs when there are two versions. */
function lay(
  runs: readonly { readonly version: 2 | 3; readonly payloads: readonly Uint8Array[] }[],
  segmentBytes: number,
): Laid {
  const files = new Map<string, Uint8Array>();
  const entries: Uint8Array[] = [];
  for (const { version: written, payloads: run } of runs) {
    const after = files.size === 0 ? undefined : readLog(directoryWith(files), { mode: "strict" }).report;
    const encoder = new DurabilityLogEncoder({ version: written, segmentBytes, ...(after && { after }) });
    for (const payload of run) {
      const { file, offset, bytes } = encoder.append(payload);
      const before = files.get(file) ?? new Uint8Array(0);
      if (before.length !== offset) throw new Error(`${offset} is not the end of ${file}`);
      files.set(file, concat(before, bytes));
      entries.push(payload);
    }
  }
  return { files, entries };
}

const logs = fc
  .record({
    older: payloads(6),
    newer: payloads(6),
    versions: fc.constantFrom<readonly (2 | 3)[]>([2, 2], [2, 3], [3, 3]),
    segmentBytes: fc.integer({ min: 40, max: 300 }),
  })
  .map(({ older, newer, versions, segmentBytes }) => {
    const [first = 2, second = 2] = versions;
    return lay(
      [
        { version: first, payloads: older },
        { version: second, payloads: newer },
      ],
      segmentBytes,
    );
  })
  .filter(({ files }) => files.size > 0);

/** Bytes of the file that a name stands for, and its place in order. */
const lastOf = (files: Map<string, Uint8Array>): [string, Uint8Array] => [...files].at(-1) ?? ["", new Uint8Array(0)];

function expectBeginning(found: readonly Uint8Array[], written: readonly Uint8Array[]): void {
  expect(found.map(hex)).toEqual(written.slice(0, found.length).map(hex));
}

describe("logs", () => {
  test("however they were split into segments and runs: what was laid out is read back, with ids from 1", () => {
    fc.assert(
      fc.property(logs, ({ files, entries }) => {
        const found = readLog(directoryWith(files), { mode: "strict" });
        expect(found.error).toBeUndefined();
        expect(found.entries.map(hex)).toEqual(entries.map(hex));
        expect(found.ids).toEqual(entries.map((_, index) => index + 1));
        expect(found.report).toMatchObject({ entryCount: entries.length, nextEntryId: entries.length + 1 });
      }),
    );
  });

  test("cut in the last segment, they yield exactly the entries before the cut, and go on from there", () => {
    fc.assert(
      fc.property(logs, fc.nat(), payloads(3), ({ files, entries }, where, more) => {
        const [file, bytes] = lastOf(files);
        const cut = where % bytes.length;
        const damaged = new Map(files).set(file, bytes.slice(0, cut));
        const found = readLog(directoryWith(damaged));
        expect(found.error).toBeUndefined();
        // How many frames of the last segment lie before the cut, counted by their lengths.
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        let kept = entries.length;
        for (let at = 24, whole = 0; at < bytes.length; at += view.getUint32(at, true)) {
          if (at + view.getUint32(at, true) > cut) kept--;
          else whole++;
          expect(whole).toBeLessThanOrEqual(entries.length);
        }
        expect(found.entries.map(hex)).toEqual(entries.slice(0, kept).map(hex));
        if (found.report?.nextEntryId === undefined) return;
        const encoder = new DurabilityLogEncoder({ version: 3, after: found.report });
        if (encoder.cut !== undefined) damaged.set(file, bytes.slice(0, encoder.cut.sizeBytes));
        for (const payload of more) {
          const piece = encoder.append(payload);
          damaged.set(piece.file, concat(damaged.get(piece.file) ?? new Uint8Array(0), piece.bytes));
        }
        const again = readLog(directoryWith(damaged), more.length > 0 ? { mode: "strict" } : {});
        expect(again.error).toBeUndefined();
        expect(again.entries.map(hex)).toEqual([...entries.slice(0, kept), ...more].map(hex));
      }),
    );
  });

  test("damaged anywhere, by anything: a beginning of what was written, in every mode", () => {
    const damage = fc.record({
      file: fc.nat(),
      at: fc.nat(),
      kind: fc.constantFrom("flip", "overwrite", "zero", "cut", "insert", "remove", "append", "lose"),
      junk: fc.uint8Array({ minLength: 1, maxLength: 24 }),
    });
    fc.assert(
      fc.property(logs, fc.array(damage, { minLength: 1, maxLength: 3 }), ({ files, entries }, damages) => {
        const damaged = new Map(files);
        for (const { file: which, at, kind, junk } of damages) {
          const [file, bytes] = [...damaged][which % damaged.size] ?? ["", new Uint8Array(0)];
          damaged.set(file, changed(bytes, at % (bytes.length + 1), kind, junk));
          if (kind === "lose" && damaged.size > 1) damaged.delete(file);
        }
        for (const mode of ["strict", "recover", "salvage"] as const) {
          const found = readLog(directoryWith(damaged), { mode });
          const first = (found.ids[0] ?? 1) - 1; // the first segments may be gone, as after a truncation
          expectBeginning(found.entries, entries.slice(first));
          expect(found.ids).toEqual(found.ids.map((_, index) => first + 1 + index));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("one flipped bit never passes unless it cuts the last entry off", () => {
    fc.assert(
      fc.property(logs, fc.nat(), fc.nat(), ({ files, entries }, which, where) => {
        const [file, bytes] = [...files][which % files.size] ?? ["", new Uint8Array(0)];
        const bit = where % (bytes.length * 8);
        const changedBytes = bytes.slice();
        changedBytes[bit >> 3] = (changedBytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const damaged = new Map(files).set(file, changedBytes);
        expect(readLog(directoryWith(damaged), { mode: "strict" }).error).toBeDefined();
        const { error, report } = readLog(directoryWith(damaged));
        if (error === undefined) {
          expect([report?.end.kind, report?.entryCount]).toEqual(["torn", entries.length - 1]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("any source, any window: a segment reads the same from memory and from a file, in one call's memory", () => {
    fc.assert(
      fc.property(payloads(8), version, fc.nat(), (run, written, where) => {
        const { files } = lay([{ version: written, payloads: run }], 2 ** 20);
        const [, whole] = lastOf(files);
        if (whole.length === 0) return;
        const bytes = whole.slice(0, where % (whole.length + 1));
        const fromMemory = walkDurabilitySegment(bytes, { segmentId: 1 });
        expect(walkDurabilitySegment(sourceOf(bytes), { segmentId: 1 })).toEqual(fromMemory);
      }),
    );
  });
});

function changed(bytes: Uint8Array, at: number, kind: string, junk: Uint8Array): Uint8Array {
  const before = bytes.slice(0, at);
  const after = bytes.slice(at);
  switch (kind) {
    case "flip":
      return concat(
        before,
        after.slice(0, 1).map((byte) => byte ^ (1 << ((junk[0] ?? 0) & 7))),
        after.slice(1),
      );
    case "overwrite":
      return concat(before, junk.slice(0, after.length), after.slice(junk.length));
    case "zero":
      return concat(before, new Uint8Array(Math.min(junk.length, after.length)), after.slice(junk.length));
    case "cut":
      return before;
    case "insert":
      return concat(before, junk, after);
    case "remove":
      return concat(before, after.slice(junk.length));
    default:
      return concat(bytes, junk);
  }
}

describe("record logs", () => {
  const log = (records: readonly Uint8Array[]): Uint8Array =>
    concat(encodeRecordLogHeader(), ...records.map(encodeLogRecord));

  test("what was laid out is read back", () => {
    fc.assert(
      fc.property(payloads(10), (records) => {
        const found = recordsOf(log(records), { zerosAreRecords: true });
        expect(found.end.kind).toBe("clean");
        expect(found.records.map(hex)).toEqual(records.map(hex));
      }),
    );
  });

  test("cut anywhere, with zeros behind or not: a beginning, and with the records in doubt all that lie before the cut", () => {
    fc.assert(
      fc.property(payloads(8), fc.nat(), fc.nat(40), (records, where, zeroBytes) => {
        const bytes = log(records);
        const cut = where % (bytes.length + 1);
        const found = recordsOf(concat(bytes.slice(0, cut), new Uint8Array(zeroBytes)));
        let whole = 0;
        let size = 8;
        for (const record of records) if ((size += 8 + record.length) <= cut) whole++;
        // Zeros may stand for the end of a cut payload that ended in zeros: then it is whole.
        expect(found.recordCount + found.doubtfulRecords).toBeGreaterThanOrEqual(whole);
        expectBeginning(found.records, records);
        // The magic is one write: half of it and zeros is nothing that a crash leaves.
        const halfMagic = cut > 0 && cut < 4 && zeroBytes > 0;
        expect(found.end.kind === "corrupt").toBe(halfMagic);
      }),
    );
  });

  test("damage never gives a record that was not written, as long as no eight zeros are made", () => {
    const some = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(some, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 7 }), (records, where, junk) => {
        const bytes = log(records);
        const found = recordsOf(changed(bytes, where % (bytes.length + 1), "overwrite", junk));
        expectBeginning(found.records, records);
      }),
      { numRuns: 300 },
    );
  });
});

test("checkpoints: what was laid out is read back; damaged, version 2 never reads", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1 as const, 2 as const),
      fc.maxSafeNat(),
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(),
      (written, lastAppliedId, payload, where) => {
        const bytes = encodeDurabilityCheckpoint({ version: written, lastAppliedId, payload });
        const decoded = decodeDurabilityCheckpoint(sourceOf(bytes));
        expect(decoded).toEqual({ version: written, lastAppliedId, payload });
        const bit = where % (bytes.length * 8);
        const damaged = bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        if (written === 2) expect(() => decodeDurabilityCheckpoint(damaged)).toThrow(/./);
      },
    ),
  );
});

describe("bounds", () => {
  function watched(bytes: Uint8Array): ByteSource & { total: number; longest: number } {
    return {
      sizeBytes: bytes.length,
      total: 0,
      longest: 0,
      readAt(target, offset) {
        this.total += target.length;
        this.longest = Math.max(this.longest, target.length);
        return sourceOf(bytes).readAt(target, offset);
      },
    };
  }

  test("a tail in which every place claims an entry costs one stride each, not what they claim", () => {
    const size = 40_000;
    const hostile = new Uint8Array(size);
    const view = new DataView(hostile.buffer);
    for (let at = 0; at + 4 <= size; at += 4) view.setUint32(at, size - at - 16, true);
    const { files } = lay([{ version: 2, payloads: [new Uint8Array([1, 2, 3])] }], 2 ** 20);
    const source = watched(concat(lastOf(files)[1], hostile));
    const { end } = walkDurabilitySegment(source, { segmentId: 1 });
    expect(end.kind).toBe("torn");
    expect(source.total).toBeLessThan(size * 600);
    expect(source.longest).toBeLessThan(300_000);
  });

  test("a large record log is read through a window", () => {
    const record = encodeLogRecord(new Uint8Array(1000).fill(7));
    const bytes = concat(encodeRecordLogHeader(), ...Array.from({ length: 1000 }, () => record));
    const source = watched(bytes);
    expect(walkRecordLog(source).recordCount).toBe(1000);
    expect(source.longest).toBeLessThanOrEqual(65_536);
    expect(source.total).toBeLessThan(bytes.length * 1.1);
  });

  test("a run of empty records is not looked through again for each", () => {
    const zeros = new Uint8Array(8 * 50_000);
    const source = watched(concat(encodeRecordLogHeader(), zeros, encodeLogRecord(new Uint8Array(1))));
    expect(walkRecordLog(source).recordCount).toBe(50_001);
    expect(source.total).toBeLessThan(zeros.length * 3);
  });
});
