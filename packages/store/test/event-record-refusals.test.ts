// Which records are refused, on the way in and on the way out, and what the error says.
import { expect, test } from "vitest";
import { dropPayload, encodeEnvelope, encodeEventRecord, type EventEnvelope } from "../src/event-encoder.js";
import { EventHasher } from "../src/event-hash.js";
import { EventRecord } from "../src/event-record.js";
import { sha256 } from "../src/sha256.js";
import { encoded } from "./support/sample-log.js";

const id = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
const envelope: EventEnvelope = {
  kind: 0x1001,
  payloadVersion: 1,
  lane: 0,
  revision: 1,
  timeUs: 5,
  id,
  isKeyed: false,
  previousHash: new Uint8Array(32).fill(9),
  previousInStream: new Uint8Array(32).fill(8),
  correlation: new Uint8Array(16).fill(7),
  causation: new Uint8Array(16).fill(6),
  entity: Uint8Array.of(0x65, 0x66),
  scope: Uint8Array.of(0x73),
  metadata: Uint8Array.of(0x80),
};
const record = encoded({ envelope, payload: Uint8Array.of(1, 2, 3) });
const MAX = Number.MAX_SAFE_INTEGER;

test.each<[keyof EventEnvelope, unknown]>([
  ["kind", 0],
  ["kind", 0x1_0000],
  ["kind", 1.5],
  ["payloadVersion", -1],
  ["payloadVersion", 0x1_0000],
  ["lane", 2 ** 32],
  ["lane", -1],
  ["revision", MAX + 1],
  ["revision", -1],
  ["timeUs", MAX + 1],
  ["timeUs", -1],
  ["timeUs", Number.NaN],
  ["id", id.subarray(1)],
  ["previousHash", new Uint8Array(31)],
  ["previousInStream", new Uint8Array(33).fill(8)],
  ["previousInStream", new Uint8Array(32)],
  ["correlation", new Uint8Array(15)],
  ["causation", new Uint8Array(17)],
  ["causation", id],
  ["entity", new Uint8Array(0)],
  ["entity", new Uint8Array(1025).fill(0x61)],
  ["entity", Uint8Array.of(0x0a)],
  ["scope", new Uint8Array(1025).fill(0x61)],
  ["scope", Uint8Array.of(0xff)],
  ["metadata", Uint8Array.of(0x90)],
  ["metadata", new Uint8Array(0x1_0000).fill(0x80)],
])("an envelope whose %s is wrong is not written", (field, value) => {
  const target = new Uint8Array(0x2_0000);
  const wrong = { ...envelope, [field]: value };
  expect(() => encodeEnvelope(wrong, target, 0)).toThrow(
    expect.objectContaining({ name: "RangeError", message: expect.stringMatching(`^${field} `) }),
  );
});

test("a first revision has zeros before it, and nothing else", () => {
  const target = new Uint8Array(500);
  const first = { ...envelope, revision: 0 };
  expect(() => encodeEnvelope(first, target, 0)).toThrow(/^previousInStream must be zeros/);
  expect(encodeEnvelope({ ...first, previousInStream: new Uint8Array(32) }, target, 0)).toBe(record.length - 3);
});

test("a target without room is refused, whatever is missing", () => {
  for (let length = 0; length < record.length; length++) {
    const write = (): number => encodeEventRecord(envelope, Uint8Array.of(1, 2, 3), new Uint8Array(length), 0);
    expect(write).toThrow(/^target has no room/);
  }
  for (const offset of [1, -1, 0.5]) {
    expect(() => encodeEnvelope(envelope, new Uint8Array(record.length - 3), offset)).toThrow(/^target has no room/);
  }
});

/** The record with bytes of it replaced, and a tail. */
function changed(at: number, values: readonly number[], length = record.length): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(record.subarray(0, length));
  bytes.set(values, at);
  return bytes;
}

test.each<[string, number, Uint8Array]>([
  ["record", 0, record.subarray(0, 111)],
  ["layout", 0, changed(0, [0])],
  ["flags", 1, changed(1, [0x10 | 12])],
  ["flags", 1, changed(1, [0x80])],
  ["kind", 2, changed(2, [0, 0])],
  ["revision", 16, changed(22, [0x20])],
  ["time", 24, changed(30, [0x20])],
  ["previousInStream", 80, changed(16, [0])],
  [
    "previousInStream",
    80,
    changed(
      80,
      Array.from({ length: 32 }, () => 0),
    ),
  ],
  ["correlation", 112, record.subarray(0, 127)],
  ["causation", 128, record.subarray(0, 143)],
  ["correlation", 112, changed(112, [...id])],
  ["causation", 128, changed(128, [...id])],
  ["names", 144, changed(6, [9])],
  ["names", 144, changed(8, [9])],
  ["names", 144, changed(10, [9])],
  ["names", 144, record.subarray(0, 147)],
  ["entity", 144, changed(6, [0])],
  ["entity", 144, changed(145, [0x1f])],
  ["entity", 144, changed(144, [0xc3])],
  ["entity", 144, changed(6, [1, 4], 2000)],
  ["scope", 146, changed(146, [0x7f])],
  ["scope", 146, changed(8, [1, 4], 2000).fill(0x61, 146)],
  ["metadata", 147, changed(147, [0x90])],
  ["payload", 148, changed(1, [14])],
  ["payload", 148, changed(1, [14], 148 + 35)],
  ["payload", 148, changed(1, [14], 148 + 37)],
])("a record whose %s, at byte %i, is wrong is refused (%#)", (field, offset, bytes) => {
  expect(() => new EventRecord().read(bytes)).toThrow(
    expect.objectContaining({ code: "STORE_CORRUPT", context: expect.objectContaining({ field, offset }) }),
  );
});

test("what stands in the place of a payload is a hash", () => {
  const whole = new EventRecord().read(record);
  for (const length of [31, 33]) {
    expect(() => dropPayload(whole, new Uint8Array(length))).toThrow(/^payloadHash must have 32 bytes/);
  }
});

test("a name keeps every character, a mark of the order of bytes in front too", () => {
  const marked = encoded({
    envelope: { ...envelope, entity: Buffer.from("\ufeffa"), scope: Buffer.from("\ufeff\ufeff") },
    payload: new Uint8Array(0),
  });
  const found = new EventRecord().read(marked);
  expect([found.readEntity(), found.readScope()]).toEqual(["\ufeffa", "\ufeff\ufeff"]);
});

test("a dropped payload is a length and a hash, and nothing more", () => {
  const dropped = new EventRecord().read(changed(1, [14], 148 + 36));
  expect(dropped).toMatchObject({ isDropped: true, payloadBytes: 0x03_02_01 });
  expect(dropped.viewPayload()).toBe(undefined);
});

test("a record of a later layout is not damage", () => {
  expect(() => new EventRecord().read(changed(0, [2]))).toThrow(
    expect.objectContaining({
      code: "STORE_UNSUPPORTED",
      context: { field: "layout", offset: 0, expected: 1, actual: 2 },
    }),
  );
});

test("only the range is looked at", () => {
  const wider = new Uint8Array(record.length + 20).fill(0xff);
  wider.set(record, 10);
  const found = new EventRecord().read(wider, 10, 10 + record.length);
  expect(found.readEntity()).toBe("ef");
  expect(found.viewPayload()).toEqual(Uint8Array.of(1, 2, 3));
  expect(found.viewCausation()).toEqual(envelope.causation);
  expect(() => new EventRecord().read(wider, 10, 10 + 150 - 3)).toThrow(/names/);
});

test("an event hash needs the id of its log", () => {
  expect(() => new EventHasher(sha256, new Uint8Array(15))).toThrow(/logId must have 16 bytes/);
});

test("a long envelope is hashed like a short one", () => {
  const long = encoded({
    envelope: { ...envelope, metadata: new Uint8Array(0xffff).fill(0x80) },
    payload: Uint8Array.of(1, 2, 3),
  });
  const logId = new Uint8Array(16);
  const fresh = new EventHasher(sha256, logId).hashOf(new EventRecord().read(long), 3);
  const used = new EventHasher(sha256, logId);
  used.hashOf(new EventRecord().read(record), 2);
  expect(used.hashOf(new EventRecord().read(long), 3)).toEqual(fresh);
  expect(used.hashOf(new EventRecord().read(record), 3)).not.toEqual(fresh);
});
