import fc from "fast-check";
import type { FbatEvent } from "../../src/fbat-entry.js";

const bytesOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const uint = (bits: number) => fc.oneof(fc.nat(200), fc.nat(2 ** bits - 1));
const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((value) => !/\p{Surrogate}/u.test(value));
/** Any event that the format can hold, whether a store would or not. */
export const anyEvent: fc.Arbitrary<FbatEvent> = fc
  .record({
    eventId: bytesOf(16),
    correlationId: bytesOf(16),
    causationId: fc.option(bytesOf(16), { nil: undefined }),
    timestampUs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    wallMs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    counter: uint(16),
    depth: uint(32).map((value) => value >>> 0),
    lane: uint(31),
    clock: uint(31),
    payloadSize: uint(31),
    kind: fc.integer({ min: 0x1000, max: 0xffff }),
    flags: uint(8).map((value) => value & 0xff),
    contentHash: bytesOf(32),
    payloadVersion: fc.option(uint(16), { nil: undefined }),
    encryption: fc.option(fc.record({ keyscopeId: fc.uint8Array({ maxLength: 40 }), nonce: bytesOf(24) }), {
      nil: undefined,
    }),
    content: fc.uint8Array({ maxLength: 300, size: "max" }),
    chain: fc.option(fc.record({ previousHash: bytesOf(32), eventHash: bytesOf(32) }), { nil: undefined }),
    entity: text,
    scope: text,
    extensions: fc
      .uniqueArray(fc.tuple(text, fc.uint8Array({ maxLength: 20 })), { maxLength: 18, selector: ([key]) => key })
      .map((entries) => new Map(entries)),
  })
  .map((event) => (event.payloadVersion === undefined ? { ...event, encryption: undefined } : event));
