import { Sdx4Builder } from "@holdfast/sidx-footer";
import type { SealedSegment } from "@holdfast/wal/places";
import type { EventPlace, IndexedEvent } from "./event-index.js";
import { footerRow, frameLengthOf, type FooterRow } from "./footer-row.js";

/**
 * Gathers the rows of the segment that is written to, and makes its footer when the log seals it. docs/formats/store.md says what stands in
 * which column.
 *
 * A footer has all events of its segment or is none: of a segment whose events did not all come by, from the first on, none is made.
 */
export class FooterCollector {
  #builder: Sdx4Builder | undefined;
  #segmentId = 0;
  #nextSequence = 0;
  /** Events of the frame that is the last one so far. */
  #frame: FooterRow[] = [];
  /** Names by their numbers, as text. */
  readonly #entities = new Map<number, string>();
  readonly #scopes = new Map<number, string>();
  /** The segment that is written to when the store has been opened: what is in those before it is passed by. */
  fromSegment = 0;
  /** Segments that were sealed, whether they got a footer or not. */
  sealed = 0;

  /**
   * Takes note of the next event of the store.
   *
   * @param names - of the event: their numbers, and what gives the text of one.
   */
  add(event: IndexedEvent, sequence: number, place: EventPlace, names: NumberedNames): void {
    if (place.segmentId < this.fromSegment) return;
    if (place.segmentId !== this.#segmentId || sequence !== this.#nextSequence) this.#begin(place.segmentId);
    const last = this.#frame[0];
    if (last !== undefined && last.frameOffset !== place.offset) this.#endFrame();
    const row = footerRow(event, sequence, {
      entity: textOf(this.#entities, names.entity, names.textOfEntity),
      scope: textOf(this.#scopes, names.scope, names.textOfScope),
    });
    row.frameOffset = place.offset;
    row.batchIndex = this.#frame.length;
    this.#frame.push(row);
    this.#nextSequence = sequence + 1;
  }

  /** The footer of a segment, undefined unless all of its events are here. Whatever comes next is of another one. */
  footerOf(sealed: SealedSegment): Uint8Array | undefined {
    this.sealed += 1;
    const { segmentId, baseLsn, lastLsn, coveredBytes, segmentCrc, chain, reserveBytes, maxBytes } = sealed;
    if (segmentId === this.#segmentId) this.#endFrame();
    const builder = segmentId === this.#segmentId ? this.#builder : undefined;
    const isWhole = this.#nextSequence === lastLsn + 1 && builder?.entryCount === lastLsn + 1 - baseLsn;
    this.#begin(0);
    if (builder === undefined || !isWhole) return undefined;
    const bytes = builder.encode({ coveredBytes, segmentCrc, chain, reserveBytes });
    return bytes.length - reserveBytes > maxBytes ? undefined : bytes;
  }

  #begin(segmentId: number): void {
    this.#segmentId = segmentId;
    this.#builder = undefined;
    this.#frame = [];
    this.#entities.clear();
    this.#scopes.clear();
  }

  #endFrame(): void {
    this.#builder ??= new Sdx4Builder();
    const frameLength = frameLengthOf(this.#frame);
    for (const row of this.#frame) {
      row.frameLength = frameLength;
      this.#builder.add(row);
    }
    this.#frame = [];
  }
}

/** Numbers of the names of an event, in tables that give their text. */
export interface NumberedNames {
  readonly entity: number;
  readonly scope: number;
  readonly textOfEntity: (name: number) => string;
  readonly textOfScope: (name: number) => string;
}

function textOf(known: Map<number, string>, name: number, of: (name: number) => string): string {
  let text = known.get(name);
  if (text === undefined) known.set(name, (text = of(name)));
  return text;
}
