// Records and hashes that another program wrote from the format page, both ways: read, and written again.
import { readFileSync } from "node:fs";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { describe, expect, test } from "vitest";
import { ChainCheck } from "../src/event-chain.js";
import { dropPayload, encodeEnvelope, encodeEventRecord, envelopeBytes } from "../src/event-encoder.js";
import { EventHasher } from "../src/event-hash.js";
import { EventRecord } from "../src/event-record.js";
import { sha256 } from "../src/sha256.js";
import { contentOf, toHex } from "./support/sample-log.js";

interface Vector {
  readonly sequence: number;
  readonly isKeyed: boolean;
  readonly isDropped: boolean;
  readonly kind: number;
  readonly payloadVersion: number;
  readonly lane: number;
  readonly revision: number;
  readonly timeUs: number;
  readonly id: string;
  readonly correlation: string;
  readonly causation: string | null;
  readonly previousHash: string;
  readonly previousInStream: string;
  readonly entity: string;
  readonly scope: string;
  readonly metadata: string;
  readonly payload: string;
  readonly payloadHash: string;
  readonly hash: string;
  readonly record: string;
}

const golden = JSON.parse(readFileSync(new URL("golden/event-records.json", import.meta.url), "utf8")) as {
  readonly logId: string;
  readonly byHash: Readonly<Record<string, readonly Vector[]>>;
}; // written by event-records.py beside it
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const logId = bytesOf(golden.logId);

describe.each([blake3, sha256])("$algorithm", (hash) => {
  const vectors = golden.byHash[hash.algorithm] ?? [];
  const hasher = new EventHasher(hash, logId);

  test("there are vectors", () => expect(vectors.length).toBe(4));

  test.each(vectors)("event $sequence is read", (vector) => {
    // Somewhere in a buffer, as in a segment.
    const bytes = bytesOf(`ffff${vector.record}ff`).subarray(1);
    const record = new EventRecord().read(bytes, 1, bytes.length - 1);
    const { sequence, payloadHash, hash: eventHash, payload } = vector;
    const content = Object.fromEntries(Object.keys(contentOf(record)).map((key) => [key, Reflect.get(vector, key)]));
    expect(contentOf(record)).toEqual({ ...content, payload: vector.isDropped ? null : payload });
    expect(record.payloadBytes).toBe(payload.length / 2);
    expect(toHex(record.viewDroppedHash() ?? new Uint8Array(0))).toBe(vector.isDropped ? payloadHash : "");
    expect(toHex(hasher.hashOf(record, sequence))).toBe(eventHash);
  });

  test.each(vectors)("event $sequence is written", (vector) => {
    const envelope = {
      ...vector,
      id: bytesOf(vector.id),
      correlation: bytesOf(vector.correlation),
      causation: vector.causation === null ? undefined : bytesOf(vector.causation),
      previousHash: bytesOf(vector.previousHash),
      previousInStream: bytesOf(vector.previousInStream),
      entity: Buffer.from(vector.entity),
      scope: Buffer.from(vector.scope),
      metadata: bytesOf(vector.metadata),
    };
    const payload = bytesOf(vector.payload);
    const target = new Uint8Array(5000).fill(0xee);
    const payloadAt = encodeEnvelope(envelope, target, 3);
    expect(payloadAt).toBe(3 + envelopeBytes(envelope));
    const end = encodeEventRecord(envelope, payload, target, 3);
    expect(end).toBe(payloadAt + payload.length);
    expect([target[2], target[end]]).toEqual([0xee, 0xee]);
    const whole = new EventRecord().read(target, 3, end);
    const payloadHash = hasher.payloadHash(payload);
    expect(toHex(payloadHash)).toBe(vector.payloadHash);
    expect(toHex(hasher.hashOf(whole, vector.sequence))).toBe(vector.hash);
    const record = vector.isDropped ? dropPayload(whole, payloadHash) : target.subarray(3, end);
    expect(toHex(record)).toBe(vector.record);
  });

  test("the events are a chain", () => {
    const check = new ChainCheck(hasher);
    const record = new EventRecord();
    for (const vector of vectors) {
      expect(check.next(record.read(bytesOf(vector.record)), vector.sequence)).toBe(undefined);
    }
    const last = vectors[3];
    expect(check.endsWith({ sequence: 4, hash: bytesOf(last?.hash ?? "") })).toBe(undefined);
    expect(check).toMatchObject({ eventCount: 4, unknownStreams: 0 });
  });
});
