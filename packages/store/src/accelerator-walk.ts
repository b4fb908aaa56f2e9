import type { ByteSource } from "@holdfast/segment-codec";
import { AcceleratorBlocks, AcceleratorFault, damaged } from "./accelerator-blocks.js";
import { EventBlock } from "./accelerator-columns.js";
import * as at from "./accelerator-layout.js";

/** What the blocks of an accelerator hold, in the order in which they lie in it. */
export type AcceleratorContent = "segments" | "entities" | "scopes" | "streams" | "events" | "ids";

/** A part of an accelerator, in bytes of its file. */
export type AcceleratorPart =
  | {
      readonly kind: "header";
      readonly offset: number;
      readonly length: number;
      /** 16 bytes. */
      readonly logId: Uint8Array;
      readonly counts: at.AcceleratorCounts;
    }
  | {
      readonly kind: "block";
      readonly offset: number;
      readonly length: number;
      readonly holds: AcceleratorContent;
      /** Number of its first item, from 0, and how many there are. */
      readonly first: number;
      readonly count: number;
      /** In a block of segments, what it says of each. */
      readonly segments: readonly at.AcceleratedSegment[];
    }
  /** The last part: no further one can be told. `unsupported`: of a later version. */
  | { readonly kind: "damaged" | "unsupported"; readonly offset: number; readonly why: string };

/**
 * Passes the parts of an accelerator one by one, each checked before it is given. Memory: one block, of some 4 MiB at most.
 *
 * @throws what the source throws.
 */
export function* walkAccelerator(source: ByteSource): Generator<AcceleratorPart, void, undefined> {
  try {
    yield* soundParts(new AcceleratorBlocks(source));
  } catch (error) {
    if (!(error instanceof AcceleratorFault)) throw error;
    yield { kind: error.isUnsupported ? "unsupported" : "damaged", offset: error.offset, why: error.message };
  }
}

function* soundParts(blocks: AcceleratorBlocks): Generator<AcceleratorPart, void, undefined> {
  const { logId, counts } = blocks.readHeader();
  yield { kind: "header", offset: 0, length: blocks.offset, logId, counts };
  let lastSequence = 0;
  for (const { holds, items, perBlock } of contents(counts)) {
    for (const [first, count] of at.parts(items, perBlock)) {
      const offset = blocks.offset;
      const content = blocks.readBlock();
      if (!isContent(holds, content, count, counts)) throw damaged(offset, `block of ${holds}`);
      const segments =
        holds === "segments" ? Array.from({ length: count }, (_, place) => at.segmentAt(content, place)) : [];
      lastSequence = segments.at(-1)?.lastLsn ?? lastSequence;
      yield { kind: "block", offset, length: blocks.offset - offset, holds, first, count, segments };
    }
    if (holds === "segments" && lastSequence !== counts.events) throw damaged(blocks.offset, "list of segments");
  }
  blocks.finish();
}

interface Contents {
  readonly holds: AcceleratorContent;
  readonly items: number;
  readonly perBlock: number;
}

function contents({ segments, entities, scopes, streams, events }: at.AcceleratorCounts): readonly Contents[] {
  return [
    { holds: "segments", items: segments, perBlock: at.SEGMENTS_PER_BLOCK },
    { holds: "entities", items: entities, perBlock: at.NAMES_PER_BLOCK },
    { holds: "scopes", items: scopes, perBlock: at.NAMES_PER_BLOCK },
    { holds: "streams", items: streams, perBlock: at.STREAMS_PER_BLOCK },
    { holds: "events", items: events, perBlock: at.EVENTS_PER_BLOCK },
    { holds: "ids", items: events, perBlock: at.IDS_PER_BLOCK },
  ];
}

/** Whether bytes can be so many items. What they say of events is for the frames to confirm. */
function isContent(
  holds: AcceleratorContent,
  bytes: Uint8Array,
  count: number,
  { entities, events }: at.AcceleratorCounts,
): boolean {
  switch (holds) {
    case "segments":
      return bytes.length === count * at.SEGMENT_BYTES;
    case "entities":
    case "scopes":
      return at.namesEnd(bytes, count) === bytes.length;
    case "streams":
      return bytes.length === count * at.STREAM_BYTES && isBelow(bytes, 0, entities);
    case "events":
      return isEventBlock(bytes, count);
    case "ids":
      return bytes.length === count * at.ID_ENTRY_BYTES && isBelow(bytes, 4, events);
  }
}

/** Whether one of the two words of every item is below a bound. */
function isBelow(bytes: Uint8Array, wordAt: number, bound: number): boolean {
  const view = at.viewOf(bytes);
  for (let offset = wordAt; offset < bytes.length; offset += 8) if (view.getUint32(offset, true) >= bound) return false;
  return true;
}

function isEventBlock(bytes: Uint8Array, count: number): boolean {
  try {
    return new EventBlock(bytes, count).count === count;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
