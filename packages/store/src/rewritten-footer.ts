import { Sdx4Builder } from "@holdfast/sidx-footer";
import type { SealedSegment } from "@holdfast/wal/places";
import type { EventIndex } from "./event-index.js";
import { DROPPED_BYTES, eventFlags } from "./event-layout.js";
import type { EventRecord } from "./event-record.js";
import { footerRow, frameLengthOf, type FooterRow } from "./footer-row.js";

/** The footer of a segment that retention writes again: of the same events, at their new places. */
export class RewrittenFooter {
  readonly #rows: FooterRow[] = [];
  readonly #index: EventIndex;

  constructor(index: EventIndex) {
    this.#index = index;
  }

  /** Takes note of an event as it was read; the next one of its segment. */
  add(record: EventRecord, sequence: number, isDropped: boolean): void {
    const { columns, streams, entities, scopes } = this.#index;
    const entity = entities.text(streams.entityOf(columns.streamOf(sequence - 1)));
    const scope = scopes.text(columns.scopeOf(sequence - 1));
    const row = footerRow(record, sequence, { entity, scope });
    if (isDropped) {
      row.flags |= eventFlags.dropped;
      row.recordBytes = record.envelopeEnd - record.start + DROPPED_BYTES;
    }
    this.#rows.push(row);
  }

  /** Undefined when there is no room for it. */
  encode(sealed: SealedSegment, offsets: Float64Array): Uint8Array | undefined {
    const { coveredBytes, segmentCrc, chain, reserveBytes, maxBytes } = sealed;
    const builder = new Sdx4Builder();
    for (let at = 0, end = 0; at < this.#rows.length; at = end) {
      const offset = offsets[at] as number; // one for each
      while (end < this.#rows.length && offsets[end] === offset) end += 1;
      const frameLength = frameLengthOf(this.#rows.slice(at, end));
      for (let one = at; one < end; one += 1) {
        const row = this.#rows[one] as FooterRow; // below their count
        builder.add({ ...row, frameOffset: offset, frameLength, batchIndex: one - at });
      }
    }
    const bytes = builder.encode({ coveredBytes, segmentCrc, chain, reserveBytes });
    return bytes.length - reserveBytes > maxBytes ? undefined : bytes;
  }
}
