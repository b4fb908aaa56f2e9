import { formatEventId, type EventId } from "./event-id.js";
import { layoutAt } from "./event-layout.js";
import type { EventRecord } from "./event-record.js";
import type { RegionRow } from "./region.js";

/** What retention decides by: the envelope of an event, as it stays whatever is decided. Plain data; also what `isInRegion` takes. */
export interface RetentionRow extends RegionRow {
  /** Of the event. */
  readonly id: EventId;
  /** Place in the stream, from 0. */
  readonly revision: number;
  /** Version of the definition that wrote it. */
  readonly version: number;
  /** Milliseconds since 1970, with three decimals. */
  readonly timeMs: number;
  /** Bytes of the payload. */
  readonly payloadBytes: number;
}

/** The payload is not looked at: no definition is needed, and none can refuse it. */
export function retentionRow(record: EventRecord, sequence: number): RetentionRow {
  return {
    id: formatEventId(record.bytes, record.start + layoutAt.id),
    sequence,
    entity: record.readEntity(),
    scope: record.readScope(),
    lane: record.lane,
    kind: record.kind,
    version: record.payloadVersion,
    revision: record.revision,
    timeUs: record.timeUs,
    timeMs: record.timeUs / 1000,
    payloadBytes: record.payloadBytes,
  };
}
