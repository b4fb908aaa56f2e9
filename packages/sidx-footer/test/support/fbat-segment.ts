import fc from "fast-check";
import { blake3 } from "@holdfast/segment-codec/blake3";
import {
  FbatStreams,
  encodeFbatHeader,
  scanFbatSegment,
  type FbatAppend,
  type FbatFrame,
} from "@holdfast/segment-codec/fbat";
import { encodeSdx3, sdx3RowOf, type Sdx3Row } from "../../src/sdx3-entry.js";

export interface FbatSegment {
  /** Header and frames, without a footer. */
  readonly frames: Uint8Array;
  /** Every frame, batch markers included. */
  readonly all: readonly FbatFrame[];
  /** The committed events. */
  readonly events: readonly FbatFrame[];
  /** One for each of them, numbered from `firstSequence` on. */
  readonly rows: readonly Sdx3Row[];
  readonly firstSequence: bigint;
}

const bytesOf = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });
const name = fc.oneof(fc.constantFrom("a", "b", "é".repeat(300)), fc.stringMatching(/^[a-z][a-z0-9:@ -]{0,40}$/));

export const anyAppend: fc.Arbitrary<FbatAppend> = fc.record(
  {
    entity: name,
    scope: name,
    kind: fc.integer({ min: 0x1000, max: 0xcfff }),
    eventId: bytesOf(16),
    timestampUs: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
    content: fc.uint8Array({ maxLength: 60, size: "max" }),
    lane: fc.oneof(fc.nat(2), fc.constant(0xffff_ffff)),
    depth: fc.nat(3),
    correlationId: bytesOf(16),
    causationId: fc.oneof(bytesOf(16), fc.constant(new Uint8Array(16))),
  },
  { requiredKeys: ["entity", "scope", "kind", "eventId", "timestampUs", "content"] },
);

export type Step =
  | { readonly append: FbatAppend }
  | {
      readonly batch: readonly FbatAppend[];
      /** Fewer frames than there are: a writer that died inside the batch. */ readonly keep?: number;
    };

const single: fc.Arbitrary<Step> = anyAppend.map((append) => ({ append }));
const batch: fc.Arbitrary<Step> = fc
  .array(anyAppend, { minLength: 1, maxLength: 3 })
  .map((items) => ({ batch: items }));

/** Encodes steps as the reference's writer does, and reads the frames back to know where each lies. */
export function buildFbatSegment(steps: readonly Step[], firstSequence = 0n): FbatSegment {
  const streams = new FbatStreams(blake3);
  const parts = [encodeFbatHeader({ createdNs: 1_700_000_000_000_000_000n, segmentId: 1n })];
  const markers = { batchId: new Uint8Array(16), beginTimestampUs: 7n, commitTimestampUs: 8n };
  for (const step of steps) {
    const encoded = "append" in step ? [streams.append(step.append)] : streams.appendBatch(step.batch, markers);
    const kept = "append" in step ? encoded : encoded.slice(0, step.keep ?? encoded.length);
    parts.push(...kept.map(({ bytes }) => bytes));
  }
  const frames = Uint8Array.from(Buffer.concat(parts));
  const all = scanFbatSegment(frames).frames;
  const events = all.filter(({ role, committed }) => role === "event" && committed);
  const rows = events.map((frame, index) => sdx3RowOf(frame, firstSequence + BigInt(index)));
  return { frames, all, events, rows, firstSequence };
}

export const anyFbatSegment: fc.Arbitrary<FbatSegment> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: single }, batch), { maxLength: 5 }),
    fc.bigInt({ min: 0n, max: 2n ** 63n }),
  )
  .map(([steps, firstSequence]) => buildFbatSegment(steps, firstSequence));

/** The segment as a clean close leaves it. */
export function withFooter(
  { frames, rows }: FbatSegment,
  footer: Uint8Array = encodeSdx3(rows, frames.length),
): Uint8Array {
  return Uint8Array.from(Buffer.concat([frames, footer]));
}
