import type { EventIndex } from "./event-index.js";

/**
 * Which events are read, as sequences in the order of reading. Only the index is asked, and what it says is as it was when reading
 * began: later events are behind the bound.
 */

/** Events of one stream. */
export interface StreamSelection {
  readonly entity: Uint8Array;
  readonly lane: number;
  /** The first revision; undefined for the one at the end where reading begins. */
  readonly from: number | undefined;
  readonly backward: boolean;
  readonly limit: number;
}

/** How many events of a stream are at or before the sequence `last`. */
export function lengthUpTo(index: EventIndex, stream: number, last: number): number {
  if (stream < 0) return 0;
  const length = index.streams.lengthOf(stream);
  // As a rule nothing is behind it: only what waits in the buffer of the log is.
  return index.sequenceIn(stream, length - 1) <= last ? length : index.streams.firstFrom(stream, last);
}

export function* streamSequences(
  index: EventIndex,
  { entity, lane, from, backward, limit }: StreamSelection,
  last: number,
): Generator<number, void, undefined> {
  const stream = index.findStream(entity, lane);
  const length = lengthUpTo(index, stream, last);
  let revision = backward ? Math.min(from ?? length - 1, length - 1) : (from ?? 0);
  for (let count = 0; count < limit && revision >= 0 && revision < length; count += 1) {
    yield index.sequenceIn(stream, revision);
    revision += backward ? -1 : 1;
  }
}
