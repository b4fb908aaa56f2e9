import type { EventIndex } from "./event-index.js";
import type { RegionFilter } from "./region.js";

/** Which events of a region are read, as sequences in the order of reading. Only the index is asked. */

export interface RegionSelection {
  readonly filter: RegionFilter;
  readonly backward: boolean;
  readonly limit: number;
  /** Reading goes on behind this event; undefined at the beginning. */
  readonly behind: number | undefined;
}

export function* regionSequences(
  index: EventIndex,
  selection: RegionSelection,
  last: number,
): Generator<number, void, undefined> {
  const matches = matcherOf(index, selection.filter);
  let count = 0;
  if (selection.limit === 0) return;
  for (const sequence of candidates(index, selection, last)) {
    if (!matches(sequence - 1)) continue;
    yield sequence;
    count += 1;
    if (count >= selection.limit) return;
  }
}

/** Sequences in the range of the filter, of one stream where the filter names one. */
function* candidates(
  index: EventIndex,
  { filter, backward, behind }: RegionSelection,
  last: number,
): Generator<number, void, undefined> {
  const { fromSequence = 1, beforeSequence = last + 1, fromTimeUs, beforeTimeUs } = filter;
  let first = Math.max(1, fromSequence);
  let end = Math.min(last + 1, beforeSequence);
  if (fromTimeUs !== undefined) first = Math.max(first, index.columns.firstAt(fromTimeUs) + 1);
  if (beforeTimeUs !== undefined) end = Math.min(end, index.columns.firstAt(beforeTimeUs) + 1);
  if (behind !== undefined && backward) end = Math.min(end, behind);
  if (behind !== undefined && !backward) first = Math.max(first, behind + 1);
  if (first >= end) return;
  const stream = onlyStreamOf(index, filter);
  if (stream === -1) return;
  if (stream === undefined) {
    if (backward) for (let sequence = end - 1; sequence >= first; sequence -= 1) yield sequence;
    else for (let sequence = first; sequence < end; sequence += 1) yield sequence;
    return;
  }
  const [low, high] = [index.streams.firstFrom(stream, first - 1), index.streams.firstFrom(stream, end - 1)];
  if (backward) for (let at = high - 1; at >= low; at -= 1) yield index.sequenceIn(stream, at);
  else for (let at = low; at < high; at += 1) yield index.sequenceIn(stream, at);
}

/** The stream in which all that the filter lets pass lies; undefined when there may be several, -1 when there is none. */
function onlyStreamOf(index: EventIndex, { entity, lane }: RegionFilter): number | undefined {
  if (entity === undefined || (lane === undefined && index.streams.hasLanes)) return undefined;
  return index.findStream(entity, lane ?? 0);
}

/** Whether the filter lets everything of its range pass. */
function isUnfiltered({ entity, entityPrefix, scope, kinds, lane }: RegionFilter): boolean {
  return [entity, entityPrefix, scope, kinds, lane].every((restriction) => restriction === undefined);
}

/** Says of an ordinal whether it passes. Names are compared once for each stream, not for each event. */
function matcherOf(index: EventIndex, filter: RegionFilter): (ordinal: number) => boolean {
  const { columns } = index;
  const { scope, kinds } = filter;
  if (isUnfiltered(filter)) return () => true;
  const scopeNumber = scope === undefined ? undefined : index.scopes.find(scope);
  if (scopeNumber === -1) return () => false;
  const isStreamWanted = streamMatcherOf(index, filter);
  return (ordinal) => {
    if (kinds !== undefined && !kinds.has(columns.kindOf(ordinal))) return false;
    if (scopeNumber !== undefined && columns.scopeOf(ordinal) !== scopeNumber) return false;
    return isStreamWanted === undefined || isStreamWanted(columns.streamOf(ordinal));
  };
}

function streamMatcherOf(
  index: EventIndex,
  { entity, entityPrefix, lane }: RegionFilter,
): ((stream: number) => boolean) | undefined {
  if (entity === undefined && entityPrefix === undefined && lane === undefined) return undefined;
  const { streams, entities } = index;
  const entityNumber = entity === undefined ? undefined : entities.find(entity);
  if (entityNumber === -1) return () => false;
  const matches = (stream: number): boolean => {
    if (lane !== undefined && streams.laneOf(stream) !== lane) return false;
    const own = streams.entityOf(stream);
    if (entityNumber !== undefined && own !== entityNumber) return false;
    return entityPrefix === undefined || startsWith(entities.view(own), entityPrefix);
  };
  /** 0 for a stream that was not asked for yet, 1 for no, 2 for yes. */
  const known = new Uint8Array(streams.count);
  return (stream) => {
    // A stream that came after reading began lies behind the bound.
    const answer = known[stream] || (known[stream] = matches(stream) ? 2 : 1);
    return answer === 2;
  };
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at += 1) if (bytes[at] !== prefix[at]) return false;
  return true;
}
