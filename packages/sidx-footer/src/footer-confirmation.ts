import type { FbatFrame, FbatScan } from "@holdfast/segment-codec/fbat";
import type { Sdx3Outcome } from "./sdx3-reader.js";
import type { Sdx3Row } from "./sdx3-row.js";
import { SidxError } from "./sidx-error.js";

/** An event that a checked frame holds and that a row of the footer names, the same in every field both have. */
export interface ConfirmedEvent {
  /** The frame that holds it. */
  readonly frame: FbatFrame;
  /**
   * Number of the event in its store. Undefined where no checksum covers it, because no frame states one, and where the numbers
   * of the segment do not ascend: a compaction that numbers anew leaves such a segment, and they are no order of anything.
   */
  readonly globalSequence: bigint | undefined;
  /** What the row states, whether or not a checksum covers it. */
  readonly claimedSequence: bigint;
  /**
   * `frames` when the event stands alone or its batch has its markers. `footer` when the frames alone would leave it out, but the
   * writer listed it under a checksum: the events behind a batch that failed look like its items.
   */
  readonly committedBy: "frames" | "footer";
}

/** What came of comparing a footer with the frames. */
export type FooterConfirmation =
  | {
      readonly kind: "confirmed";
      readonly events: readonly ConfirmedEvent[];
      readonly sequencesAscend: boolean;
    }
  /** Frames and footer disagree, so the footer is dropped; `error.context` says about which frame or row. */
  | { readonly kind: "refuted"; readonly error: SidxError };

/** A footer that was read, under a checksum or not. */
export type ReadFooter = Extract<Sdx3Outcome, { readonly kind: "sdx3" | "sdx2" }>;

/**
 * Compares a footer with the frames of its segment, both ways: every row is an event that a frame holds, field by field, and
 * every committed event has its row. The reference checks neither, and loses what the rows leave out.
 *
 * @param scan - of the segment whose end the footer was read from, up to `footer.framesEnd`.
 */
export function confirmFooter(footer: ReadFooter, scan: FbatScan): FooterConfirmation {
  const { end, frames } = scan;
  if (end.kind !== "clean" || end.endOffset !== footer.framesEnd) {
    const context = { offset: end.endOffset, expected: footer.framesEnd, actual: end.endOffset, field: "framesEnd" };
    return refuted(`the frames do not reach the footer at ${footer.framesEnd}`, context);
  }
  const rows = rowsOf(footer);
  const covered = footer.kind === "sdx3";
  const events: Omit<ConfirmedEvent, "globalSequence">[] = [];
  let sequencesAscend = true;
  let entry = 0;
  let row = next(rows);
  for (const frame of frames) {
    if (row === undefined || row.frameOffset > frame.offset) {
      if (frame.role !== "event" || !frame.committed) continue;
      return refuted(`the event at ${frame.offset} has no row`, { offset: frame.offset });
    }
    const field = sdx3RowDiffers(row, frame);
    if (field !== undefined) {
      return refuted(`row ${entry} is not of the frame at ${frame.offset}`, { offset: frame.offset, entry, field });
    }
    if (!frame.committed && !covered) {
      const message = `row ${entry} names an event that never committed, and no checksum covers it`;
      return refuted(message, { offset: frame.offset, entry, field: "committed" });
    }
    const claimedSequence = row.globalSequence;
    const before = events.at(-1)?.claimedSequence;
    if (before !== undefined && before >= claimedSequence) sequencesAscend = false;
    events.push({ frame, claimedSequence, committedBy: frame.committed ? "frames" : "footer" });
    entry++;
    row = next(rows);
  }
  if (row !== undefined) {
    return refuted(`row ${entry} is of no frame`, { offset: row.frameOffset, entry, field: "frameOffset" });
  }
  const numbered = events.map((event) => ({
    ...event,
    globalSequence: covered && sequencesAscend ? event.claimedSequence : undefined,
  }));
  return { kind: "confirmed", events: numbered, sequencesAscend };
}

function refuted(message: string, context: SidxError["context"]): FooterConfirmation {
  return { kind: "refuted", error: new SidxError("SIDX_FOREIGN", message, context) };
}

function next(rows: Iterator<Sdx3Row>): Sdx3Row | undefined {
  const step = rows.next();
  return step.done === true ? undefined : step.value;
}

function* rowsOf(footer: ReadFooter): Iterator<Sdx3Row> {
  if (footer.kind === "sdx3") yield* footer.rows;
  else for (const { claim } of footer.claims) yield claim;
}

/** The row that the reference writes for the event of `frame`. Throws a `TypeError` for a batch marker, which has none. */
export function sdx3RowOf({ event, offset, length }: FbatFrame, globalSequence: bigint): Sdx3Row {
  const { chain, causationId, eventId, correlationId, entity, scope, kind, wallMs, clock, lane, depth } = event;
  if (chain === undefined) throw new TypeError("a batch marker has no row");
  return {
    ...{ eventId, correlationId, entity, scope, kind, wallMs, clock, lane, depth },
    causationId: causationId?.every((byte) => byte === 0) === true ? undefined : causationId,
    previousHash: chain.previousHash,
    eventHash: chain.eventHash,
    frameOffset: offset,
    frameLength: length,
    globalSequence,
  };
}

/**
 * Name of the first field in which `row` is not that of the event in `frame`, or undefined. The number is not compared: no frame
 * has one. A batch marker differs in its `kind`.
 */
export function sdx3RowDiffers(row: Sdx3Row, frame: FbatFrame): keyof Sdx3Row | undefined {
  if (row.frameOffset !== frame.offset) return "frameOffset";
  if (frame.role !== "event") return "kind";
  const expected = sdx3RowOf(frame, row.globalSequence);
  return comparedFields.find((field) => !equal(row[field], expected[field]));
}

const comparedFields = [
  "frameLength",
  "kind",
  "entity",
  "scope",
  "wallMs",
  "clock",
  "lane",
  "depth",
  "eventId",
  "correlationId",
  "causationId",
  "previousHash",
  "eventHash",
] as const satisfies readonly (keyof Sdx3Row)[];

function equal(one: Sdx3Row[keyof Sdx3Row], other: Sdx3Row[keyof Sdx3Row]): boolean {
  if (!(one instanceof Uint8Array) || !(other instanceof Uint8Array)) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
