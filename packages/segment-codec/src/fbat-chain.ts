import type { ContentHash } from "./checksum.js";
import { EnvelopeWriter } from "./envelope-writer.js";
import type { FbatEvent } from "./fbat-event.js";
import { writeCoordinate, writeExtensions } from "./fbat-event-writer.js";

/** What is wrong with a chain of events, in the order in which it was found; `index` is the place in what was passed. */
export type FbatChainFinding =
  /** The content does not hash to the event's own hash, or the header's copy of it differs. */
  | { readonly kind: "content-mismatch"; readonly index: number }
  /** The previous hash is not that of the event before in the same stream. */
  | { readonly kind: "broken-link"; readonly index: number }
  /** The clock does not follow the one before. */
  | { readonly kind: "broken-clock"; readonly index: number };

/**
 * Checks every content hash, and that each event links to the one before in its entity and lane, from 32 zeros and clock 0 on.
 * Headers without a payload version are of 0.8, whose chains run through all lanes of an entity. Batch markers have no part.
 *
 * Retention and cancelled fences of the reference leave broken links in stores that are otherwise whole: what a finding means
 * is for the caller to decide.
 */
export function verifyFbatChain(events: Iterable<FbatEvent>, hash: ContentHash): readonly FbatChainFinding[] {
  const findings: FbatChainFinding[] = [];
  const streams = new Map<string, FbatEvent>();
  let index = -1;
  for (const event of events) {
    index++;
    const { chain, contentHash, entity } = event;
    if (chain === undefined) continue;
    const actual = hash.hash(event.content);
    const sound = equal(actual, chain.eventHash) && equal(actual, contentHash);
    if (!sound) findings.push({ kind: "content-mismatch", index });
    const key = event.payloadVersion === undefined ? entity : `${event.lane} ${entity}`;
    const before = streams.get(key);
    const expected = before?.chain?.eventHash ?? zeros;
    if (!equal(chain.previousHash, expected)) findings.push({ kind: "broken-link", index });
    if (event.clock !== (before === undefined ? 0 : before.clock + 1)) findings.push({ kind: "broken-clock", index });
    streams.set(key, event);
  }
  return findings;
}

/**
 * The 32 bytes that a receipt's signature is over: the hash of a version byte, id, global sequence, coordinate, kind, both
 * hashes and extensions.
 *
 * @param globalSequence - from the receipt or a footer; frames do not hold it.
 */
export function fbatReceiptCover(event: FbatEvent, globalSequence: bigint, hash: ContentHash): Uint8Array {
  if (event.chain === undefined) throw new TypeError("a batch marker has no receipt");
  const writer = new EnvelopeWriter();
  const fixed = new Uint8Array(25);
  fixed[0] = 1;
  fixed.set(Uint8Array.from(event.eventId).reverse(), 1); // the cover has little-endian integers, the frame big-endian ids
  const view = new DataView(fixed.buffer);
  view.setBigUint64(17, globalSequence, true);
  writer.raw(fixed);
  writeCoordinate(event.entity, event.scope, writer);
  writer.raw(Uint8Array.of(event.kind & 0xff, event.kind >>> 8));
  writer.raw(event.chain.previousHash);
  writer.raw(event.contentHash);
  writeExtensions(event.extensions, writer);
  return hash.hash(writer.take());
}

/** The additional data that an encrypted content is authenticated with. */
export function fbatEncryptionCover(event: FbatEvent): Uint8Array {
  const names = [event.entity, event.scope].map((name) => new TextEncoder().encode(name));
  const parts: number[] = [1];
  for (const name of names) parts.push(...uint32(name.length), ...name);
  return Uint8Array.from([...parts, event.kind & 0xff, event.kind >>> 8, ...event.eventId]);
}

function uint32(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

const zeros = new Uint8Array(32);

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
