import { frameKinds, type ByteSource, type FrameCursor, type SegmentHeader } from "@holdfast/segment-codec";
import { SidxError, openSdx4, type Sdx4Entry, type Sdx4Footer } from "@holdfast/sidx-footer";
import { damage, type Line } from "./line.js";

/**
 * The footer in the last frame of a sealed segment, beside the frames as a walk passes them: an entry that is of no frame refutes
 * it. Whether every record has an entry is for the owner of the records to say.
 */
export class SegmentFooter {
  readonly #endOffset: number;
  readonly #footer: Sdx4Footer | undefined;
  #refutation: { readonly code: string; readonly reason: string } | undefined;
  #ordinal = 0;

  /**
   * Looks for a footer at `endOffset`, where the frames end, and checks all of it. Memory: its directory and one block.
   *
   * @throws what the source throws.
   */
  constructor(source: ByteSource, endOffset: number, segment: SegmentHeader) {
    this.#endOffset = endOffset;
    const covered = { sizeBytes: endOffset, readAt: (target: Uint8Array, at: number) => source.readAt(target, at) };
    try {
      this.#footer = openSdx4(covered, { segment });
      this.#footer?.checkAll();
    } catch (error) {
      this.#refute(error);
    }
  }

  /** Whether the frame is the one for the footer: the last, of its kind. */
  isOwn({ kind, endOffset }: FrameCursor): boolean {
    return kind === frameKinds.footer && endOffset === this.#endOffset;
  }

  /** Takes the next frame of the walk. */
  take({ offset, endOffset, span }: FrameCursor): void {
    const footer = this.#footer;
    if (footer === undefined || this.#refutation !== undefined) return;
    try {
      for (; this.#ordinal < footer.entryCount; this.#ordinal++) {
        const frameOffset = footer.valueOf("frameOffset", this.#ordinal);
        if (frameOffset > offset) return;
        const length = footer.valueOf("frameLength", this.#ordinal);
        const fits = frameOffset === offset && length === endOffset - offset;
        if (fits && footer.valueOf("batchIndex", this.#ordinal) < span) continue;
        throw new SidxError("SIDX_FOREIGN", `entry ${this.#ordinal} is of no record in the frame at ${offset}`);
      }
    } catch (error) {
      this.#refute(error);
    }
  }

  /** The lines about the footer's own frame; `frame` is the one that any frame has. */
  *lines({ offset, endOffset }: FrameCursor, frame: Line): Generator<Line, void, undefined> {
    const footer = this.#footer;
    if (footer !== undefined && this.#ordinal < footer.entryCount) {
      this.#refute(new SidxError("SIDX_FOREIGN", `entry ${this.#ordinal} is of no frame before the footer`));
    }
    if (footer === undefined) this.#refute(new SidxError("SIDX_MALFORMED", "its frame holds no footer known here"));
    const refutation = this.#refutation;
    if (refutation !== undefined) yield damage("corrupt", { offset, endOffset }, refutation.code, refutation.reason);
    yield frame;
    if (footer === undefined) return;
    const { entryCount, startOffset, trailer } = footer;
    const place = { offset: startOffset, length: endOffset - startOffset };
    const sound = refutation === undefined;
    const fields = { format: "SDX4", entryCount, sound, coveredBytes: BigInt(trailer.coveredBytes) };
    yield { kind: "footer", ...place, fields };
    if (!sound) return;
    for (let ordinal = 0; ordinal < entryCount; ordinal++) {
      yield { kind: "footer-entry", ...place, fields: fieldsOf(footer.readEntry(ordinal)) };
    }
  }

  /** The first contradiction is the one that is told. What is no finding about the footer is passed on. */
  #refute(error: unknown): void {
    if (!(error instanceof SidxError)) throw error;
    this.#refutation ??= { code: error.code, reason: error.message };
  }
}

function fieldsOf(entry: Sdx4Entry): Line["fields"] {
  return {
    frameOffset: BigInt(entry.frameOffset),
    sequence: BigInt(entry.sequence),
    eventId: entry.eventId,
    entity: entry.entity,
    scope: entry.scope,
    frameLength: entry.frameLength,
    batchIndex: entry.batchIndex,
    eventKind: entry.kind,
    lane: entry.lane,
    depth: entry.depth,
    revision: BigInt(entry.revision),
    timestampUs: BigInt(entry.timestampUs),
    flags: entry.flags,
    correlation: entry.correlationId ?? null,
    causation: entry.causationId ?? null,
    hash: entry.hash ?? null,
  };
}
