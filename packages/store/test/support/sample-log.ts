// Logs of a few events for tests: what is in them is drawn by fast-check, links and revisions follow from it.
import { blake3 } from "@holdfast/segment-codec/blake3";
import * as fc from "fast-check";
import { encodeEventRecord, type EventEnvelope, envelopeBytes } from "../../src/event-encoder.js";
import { EventHasher } from "../../src/event-hash.js";
import { EventRecord } from "../../src/event-record.js";

export const logId: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);

export interface SampleEvent {
  readonly envelope: EventEnvelope;
  readonly payload: Uint8Array;
}

export interface SampleRecord {
  readonly sequence: number;
  readonly record: Uint8Array;
  /** The hash of the event. */
  readonly hash: Uint8Array;
}

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Everything that is not decided by the events before: few streams, so that they grow. */
const draft = fc.record({
  kind: fc.integer({ min: 1, max: 0xffff }),
  payloadVersion: fc.integer({ min: 0, max: 0xffff }),
  lane: fc.constantFrom(0, 1, 0xffff_ffff),
  passed: fc.constantFrom(0, 0, 1, 1_000_000),
  id: bytes(16),
  isKeyed: fc.boolean(),
  correlation: fc.option(bytes(16), { nil: undefined }),
  causation: fc.option(bytes(16), { nil: undefined }),
  entity: fc.constantFrom("a", "b:1", "\u6771\u4eac"),
  scope: fc.constantFrom("", "shop"),
  metadata: fc.constantFrom(new Uint8Array(0), Uint8Array.of(0x80), Uint8Array.of(0x81, 0xa1, 0x6d, 0xc3)),
  payload: fc.uint8Array({ maxLength: 80 }),
});

/** Events of one log in their order, linked as a store links them. */
export const sampleLog: fc.Arbitrary<readonly SampleRecord[]> = fc
  .uniqueArray(draft, { minLength: 1, maxLength: 8, selector: ({ id }) => Buffer.from(id).toString("hex") })
  .map((drafts) => {
    const hasher = new EventHasher(blake3, logId);
    const heads = new Map<string, { hash: Uint8Array; revision: number }>();
    let previousHash = new Uint8Array(32);
    let timeUs = 1_700_000_000_000_000;
    return drafts.map(({ passed, entity, scope, causation, payload, ...rest }, index) => {
      timeUs += passed;
      const stream = `${rest.lane}/${entity}`;
      const head = heads.get(stream);
      const envelope: EventEnvelope = {
        ...rest,
        timeUs,
        previousHash,
        previousInStream: head?.hash ?? new Uint8Array(32),
        revision: head === undefined ? 0 : head.revision + 1,
        causation: causation !== undefined && isEqual(causation, rest.id) ? undefined : causation,
        entity: utf8(entity),
        scope: utf8(scope),
      };
      const record = encoded({ envelope, payload });
      const hash = hasher.hashOf(new EventRecord().read(record), index + 1);
      heads.set(stream, { hash, revision: envelope.revision });
      previousHash = Uint8Array.from(hash);
      return { sequence: index + 1, record, hash };
    });
  });

export function encoded({ envelope, payload }: SampleEvent): Uint8Array {
  const target = new Uint8Array(envelopeBytes(envelope) + payload.length);
  encodeEventRecord(envelope, payload, target, 0);
  return target;
}

/** A record as plain data, to be compared. */
export function contentOf(record: EventRecord): Record<string, unknown> {
  const hex = (found: Uint8Array | undefined): string | null => (found === undefined ? null : toHex(found));
  return {
    kind: record.kind,
    payloadVersion: record.payloadVersion,
    lane: record.lane,
    revision: record.revision,
    timeUs: record.timeUs,
    id: toHex(record.viewId()),
    isKeyed: record.isKeyed,
    isDropped: record.isDropped,
    correlation: hex(record.viewCorrelation()),
    causation: hex(record.viewCausation()),
    previousHash: hex(record.viewPreviousHash()),
    previousInStream: hex(record.viewPreviousInStream()),
    entity: record.readEntity(),
    scope: record.readScope(),
    metadata: hex(record.viewMetadata()),
    payload: hex(record.viewPayload()),
  };
}

export function toHex(found: Uint8Array): string {
  return Buffer.from(found).toString("hex");
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
