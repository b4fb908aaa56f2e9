import { frameBytes } from "@holdfast/segment-codec";
import type { Sdx4Entry } from "@holdfast/sidx-footer";
import type { IndexedEvent } from "./event-index.js";
import { eventFlags, FIXED_BYTES, ID_BYTES, layoutAt } from "./event-layout.js";

/** What a footer has of an event, until its segment is sealed. docs/formats/store.md says what stands in which column. */
export type FooterRow = { -readonly [Field in keyof Sdx4Entry]: Sdx4Entry[Field] } & { recordBytes: number };

/** Text of the names of an event. */
export interface EventNames {
  readonly entity: string;
  readonly scope: string;
}

/** The row of an event, but for its frame: where that begins, how long it is, and which of its events this one is. */
export function footerRow(event: IndexedEvent, sequence: number, { entity, scope }: EventNames): FooterRow {
  const { bytes, start } = event;
  const flags = bytes[start + layoutAt.flags]!; // a record has its flags
  const hasCorrelation = (flags & eventFlags.correlation) !== 0;
  const id = start + layoutAt.id;
  const correlation = start + FIXED_BYTES;
  const causation = hasCorrelation ? correlation + ID_BYTES : correlation;
  return {
    sequence,
    recordBytes: event.end - start,
    frameOffset: 0,
    frameLength: 0,
    batchIndex: 0,
    eventId: bytes.slice(id, id + ID_BYTES),
    entity,
    scope,
    revision: event.revision,
    lane: event.lane,
    depth: 0,
    kind: event.kind,
    timestampUs: event.timeUs,
    flags,
    correlationId: hasCorrelation ? bytes.slice(correlation, correlation + ID_BYTES) : undefined,
    causationId: (flags & eventFlags.causation) === 0 ? undefined : bytes.slice(causation, causation + ID_BYTES),
  };
}

/** Bytes of the frame that holds these events and no others: a record, or a batch with a length before each. */
export function frameLengthOf(rows: readonly FooterRow[]): number {
  const lengthBytes = rows.length === 1 ? 0 : 4;
  return frameBytes(rows.reduce((sum, { recordBytes }) => sum + lengthBytes + recordBytes, 0));
}
