// The laws of a record: what is written is read, and what nobody wrote costs one coded error.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ChainCheck, type ChainFault } from "../src/event-chain.js";
import { dropPayload, encodeEventRecord } from "../src/event-encoder.js";
import { EventHasher } from "../src/event-hash.js";
import { EventRecord } from "../src/event-record.js";
import { StoreError } from "../src/store-error.js";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { contentOf, isEqual, logId, sampleLog, type SampleRecord, toHex } from "./support/sample-log.js";

const hasher = new EventHasher(blake3, logId);

/** The first thing that is wrong with a log whose last event is known. */
function judge(records: readonly Uint8Array[], anchor: Uint8Array): ChainFault | StoreError | undefined {
  const check = new ChainCheck(hasher);
  const record = new EventRecord();
  try {
    for (const [index, bytes] of records.entries()) {
      const fault = check.next(record.read(bytes), index + 1);
      if (fault !== undefined) return fault;
    }
  } catch (error) {
    if (error instanceof StoreError && error.code.match(/CORRUPT|UNSUPPORTED/)) return error;
    throw error;
  }
  return check.endsWith({ sequence: records.length, hash: anchor });
}

const bytesOf = (log: readonly SampleRecord[]): Uint8Array[] => log.map(({ record }) => record);
const anchorOf = (log: readonly SampleRecord[]): Uint8Array => log.at(-1)?.hash ?? new Uint8Array(32);

test("what is written is read, and gives the same bytes again", () => {
  fc.assert(
    fc.property(sampleLog, (log) => {
      for (const { record: bytes } of log) {
        const record = new EventRecord().read(bytes);
        const [id, correlation] = [record.viewId(), record.viewCorrelation()];
        const envelope = {
          kind: record.kind,
          payloadVersion: record.payloadVersion,
          lane: record.lane,
          revision: record.revision,
          timeUs: record.timeUs,
          id,
          isKeyed: record.isKeyed,
          previousHash: record.viewPreviousHash(),
          previousInStream: record.viewPreviousInStream(),
          correlation: isEqual(correlation, id) ? undefined : correlation,
          causation: record.viewCausation(),
          entity: record.viewEntity(),
          scope: record.viewScope(),
          metadata: record.viewMetadata(),
        };
        const again = new Uint8Array(bytes.length);
        expect(encodeEventRecord(envelope, record.viewPayload() ?? bytes, again, 0)).toBe(bytes.length);
        expect(again).toEqual(bytes);
      }
    }),
  );
});

test("a log is sound, whole or from any event on", () => {
  fc.assert(
    fc.property(sampleLog, fc.nat(), (log, draw) => {
      expect(judge(bytesOf(log), anchorOf(log))).toBe(undefined);
      const from = draw % log.length;
      const before = log[from - 1];
      const check = new ChainCheck(hasher, before);
      for (const { record, sequence } of log.slice(from)) {
        expect(check.next(new EventRecord().read(record), sequence)).toBe(undefined);
      }
      expect(check.last).toMatchObject({ sequence: log.length, hash: anchorOf(log) });
    }),
  );
});

test("a bit that changes anywhere is found", () => {
  fc.assert(
    fc.property(sampleLog, fc.nat(), fc.nat(), (log, which, where) => {
      const records = bytesOf(log);
      const index = which % records.length;
      const changed = records[index]!.slice(); // index is below the length
      const bit = where % (changed.length * 8);
      changed[bit >>> 3] = changed[bit >>> 3]! ^ (1 << (bit & 7));
      records[index] = changed;
      expect(judge(records, anchorOf(log))).not.toBe(undefined);
    }),
    { numRuns: 1000 },
  );
});

test("every single bit of one log is covered", () => {
  const [log = []] = fc.sample(sampleLog, { seed: 7, numRuns: 20 }).filter((sample) => sample.length >= 4);
  expect(log.length).toBeGreaterThan(3);
  const records = bytesOf(log);
  const unseen: string[] = [];
  for (const [index, original] of records.entries()) {
    for (let bit = 0; bit < original.length * 8; bit++) {
      const changed = original.slice();
      changed[bit >>> 3] = changed[bit >>> 3]! ^ (1 << (bit & 7)); // bit is inside
      if (judge(records.with(index, changed), anchorOf(log)) === undefined) {
        unseen.push(`event ${index + 1}, bit ${bit}`);
      }
    }
  }
  expect(unseen).toEqual([]);
});

test("events that are gone, repeated, swapped or of another log are found", () => {
  fc.assert(
    fc.property(sampleLog, fc.nat(), fc.nat(), (log, a, b) => {
      const records = bytesOf(log);
      const [one, two] = [a % records.length, b % records.length];
      const anchor = anchorOf(log);
      expect(judge(records.toSpliced(one, 1), anchor)).not.toBe(undefined);
      expect(judge(records.toSpliced(one, 0, records[two]!), anchor)).not.toBe(undefined);
      const swapped = records.with(one, records[two]!).with(two, records[one]!);
      if (one !== two) expect(judge(swapped, anchor)).not.toBe(undefined);
      const elsewhere = new EventHasher(
        blake3,
        logId.map((byte) => byte ^ 1),
      );
      const record = new EventRecord().read(records[one]!);
      expect(isEqual(elsewhere.hashOf(record, one + 1), log[one]!.hash)).toBe(false);
      expect(isEqual(hasher.hashOf(record, one + 2), log[one]!.hash)).toBe(false);
    }),
  );
});

test("an event that loses its payload keeps everything else, its hash and the links to it", () => {
  fc.assert(
    fc.property(sampleLog, fc.nat(), (log, draw) => {
      const records = bytesOf(log);
      const index = draw % records.length;
      const whole = new EventRecord().read(records[index]!);
      const left = dropPayload(whole, hasher.payloadHash(whole.viewPayload()!));
      const dropped = new EventRecord().read(left);
      expect(contentOf(dropped)).toEqual({ ...contentOf(whole), payload: null, isDropped: true });
      expect(dropped.payloadBytes).toBe(whole.payloadBytes);
      expect(toHex(hasher.hashOf(dropped, index + 1))).toBe(toHex(log[index]!.hash));
      expect(judge(records.with(index, left), anchorOf(log))).toBe(undefined);
      expect(() => dropPayload(dropped, new Uint8Array(32))).toThrow(/already/);
      // Another length or another hash in the place of the payload is not the same event.
      for (const at of [left.length - 36, left.length - 1]) {
        const changed = left.slice();
        changed[at] = changed[at]! ^ 1;
        expect(judge(records.with(index, changed), anchorOf(log))).not.toBe(undefined);
      }
    }),
  );
});

test("a record that is cut anywhere is another event or none", () => {
  fc.assert(
    fc.property(sampleLog, fc.nat(), (log, draw) => {
      const { record: bytes, sequence, hash } = log[draw % log.length]!;
      for (let end = 0; end < bytes.length; end++) {
        let found: Uint8Array | undefined;
        try {
          found = hasher.hashOf(new EventRecord().read(bytes, 0, end), sequence);
        } catch (error) {
          expect(error).toMatchObject({
            code: "STORE_CORRUPT",
            context: { field: expect.any(String), offset: expect.any(Number) },
          });
        }
        if (found !== undefined) expect(toHex(found)).not.toBe(toHex(hash));
      }
    }),
    { numRuns: 30 },
  );
});
