// Which fault a chain has, by name: links and numbers that are sound as records and wrong behind one another.
import { blake3 } from "@holdfast/segment-codec/blake3";
import { expect, test } from "vitest";
import { ChainCheck, type ChainFault, type ChainPoint } from "./event-chain.js";
import { encodeEventRecord, envelopeBytes, type EventEnvelope } from "./event-encoder.js";
import { EventHasher } from "./event-hash.js";
import { EventRecord } from "./event-record.js";

const hasher = new EventHasher(blake3, new Uint8Array(16).fill(1));
const zeros = new Uint8Array(32);
const payload = Uint8Array.of(0xc0);
const first: EventEnvelope = {
  kind: 0x1001,
  payloadVersion: 1,
  lane: 0,
  revision: 0,
  timeUs: 5,
  id: new Uint8Array(16).fill(2),
  isKeyed: false,
  previousHash: zeros,
  previousInStream: zeros,
  correlation: undefined,
  causation: undefined,
  entity: Uint8Array.of(0x61),
  scope: new Uint8Array(0),
  metadata: new Uint8Array(0),
};

function recordOf(envelope: EventEnvelope): EventRecord {
  const bytes = new Uint8Array(envelopeBytes(envelope) + payload.length);
  encodeEventRecord(envelope, payload, bytes, 0);
  return new EventRecord().read(bytes);
}

const one = hasher.hashOf(recordOf(first), 1);
const second: EventEnvelope = { ...first, revision: 1, timeUs: 6, previousHash: one, previousInStream: one };
const two = hasher.hashOf(recordOf(second), 2);
const third: EventEnvelope = { ...second, revision: 2, previousHash: two, previousInStream: two };

/** What is found at the third event, behind two sound ones. */
function faultOf(changes: Partial<EventEnvelope>, sequence = 3): ChainFault | undefined {
  const check = new ChainCheck(hasher);
  expect(check.next(recordOf(first), 1)).toBe(undefined);
  expect(check.next(recordOf(second), 2)).toBe(undefined);
  const fault = check.next(recordOf({ ...third, ...changes }), sequence);
  expect(check.eventCount).toBe(fault === undefined ? 3 : 2);
  expect(check.last?.sequence).toBe(fault === undefined ? 3 : 2);
  return fault;
}

const other = new Uint8Array(32).fill(7);

test.each<[Partial<EventEnvelope>, ChainFault | undefined]>([
  [{}, undefined],
  [{ timeUs: 6 }, undefined],
  [{ timeUs: 5 }, { kind: "time", sequence: 3 }],
  [{ previousHash: other }, { kind: "store-link", sequence: 3 }],
  [{ previousHash: two.with(31, (two[31] ?? 0) ^ 1) }, { kind: "store-link", sequence: 3 }],
  [{ previousHash: zeros }, { kind: "store-link", sequence: 3 }],
  [{ previousInStream: one }, { kind: "stream-link", sequence: 3, streamSequence: 2 }],
  [{ revision: 3 }, { kind: "revision", sequence: 3, expected: 2, actual: 3 }],
  [{ revision: 1 }, { kind: "revision", sequence: 3, expected: 2, actual: 1 }],
  [{ lane: 1, revision: 0, previousInStream: zeros }, undefined],
  [
    { lane: 1, revision: 2 },
    { kind: "revision", sequence: 3, expected: 0, actual: 2 },
  ],
  [{ entity: Uint8Array.of(0x62) }, { kind: "revision", sequence: 3, expected: 0, actual: 2 }],
])("a third event with %j: %j", (changes, fault) => {
  expect(faultOf(changes)).toEqual(fault);
});

test.each([2, 4])("the third event as number %i", (sequence) => {
  expect(faultOf({}, sequence)).toEqual({ kind: "sequence", sequence, expected: 3 });
});

test("a first event has nothing before it, and no other one has", () => {
  const check = (envelope: EventEnvelope, sequence: number): ChainFault | undefined =>
    new ChainCheck(hasher).next(recordOf(envelope), sequence);
  expect(check({ ...first, previousHash: other }, 1)).toEqual({ kind: "store-link", sequence: 1 });
  expect(check(first, 2)).toEqual({ kind: "store-link", sequence: 2 });
  expect(check({ ...first, previousHash: other }, 2)).toBe(undefined);
});

test("two streams whose names and lanes read alike are two", () => {
  const check = new ChainCheck(hasher);
  const [oneOfLane1, bOfLane0] = [
    { ...first, lane: 1, entity: Buffer.from("1/a") },
    { ...first, lane: 11, entity: Buffer.from("/a"), previousHash: zeros },
  ];
  expect(check.next(recordOf(oneOfLane1), 1)).toBe(undefined);
  const previousHash = check.last?.hash ?? zeros;
  expect(check.next(recordOf({ ...bOfLane0, previousHash }), 2)).toBe(undefined);
});

test("behind a point, what came before in a stream is not known, and is counted", () => {
  const after: ChainPoint = { sequence: 1, hash: one };
  const check = new ChainCheck(hasher, after);
  expect(check.last).toBe(after);
  expect(check.next(recordOf({ ...second, previousInStream: other }), 2)).toBe(undefined);
  expect(check).toMatchObject({ eventCount: 1, unknownStreams: 1 });
  const wrong = new ChainCheck(hasher, { sequence: 1, hash: other });
  expect(wrong.next(recordOf(second), 2)).toEqual({ kind: "store-link", sequence: 2 });
  const late = new ChainCheck(hasher, after);
  expect(late.next(recordOf(third), 3)).toEqual({ kind: "sequence", sequence: 3, expected: 2 });
});

test("the last event is held against what somebody vouches for", () => {
  const check = new ChainCheck(hasher);
  expect(check.endsWith({ sequence: 1, hash: one })).toEqual({ kind: "sequence", sequence: 0, expected: 1 });
  expect(check.next(recordOf(first), 1)).toBe(undefined);
  expect(check.endsWith({ sequence: 1, hash: one })).toBe(undefined);
  expect(check.endsWith({ sequence: 1, hash: other })).toEqual({ kind: "anchor", sequence: 1 });
  expect(check.endsWith({ sequence: 1, hash: one.subarray(0, 31) })).toEqual({ kind: "anchor", sequence: 1 });
  expect(check.endsWith({ sequence: 2, hash: one })).toEqual({ kind: "sequence", sequence: 1, expected: 2 });
});
