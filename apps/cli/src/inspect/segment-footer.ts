import {
  FRAME_HEADER_BYTES,
  frameKinds,
  readExactly,
  type ByteSource,
  type FrameCursor,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { SidxError, openSdx4, type Sdx4Entry, type Sdx4Footer } from "@holdfast/sidx-footer";
import { damage, type DamageVerdict, type Line } from "./line.js";

/**
 * The footer in the last frame of a sealed segment, beside the frames as a walk passes them. Frames are the truth: an entry that
 * is of no record, the second of one, and a record without an entry refute it, and so does another chain than that of the
 * frames. What frames of an owner's own kinds hold, only the owner knows; their records may have entries and need not.
 */
export class SegmentFooter {
  readonly #source: ByteSource;
  readonly #endOffset: number;
  readonly #footer: Sdx4Footer | undefined;
  #refutation: { readonly code: string; readonly reason: string } | undefined;
  #ordinal = 0;
  /** Of the last frame that was taken. */
  #chain: number;

  /**
   * Looks for a footer at `endOffset`, where the frames end, and checks all of it. Memory: its directory and one block.
   *
   * @throws what the source throws.
   */
  constructor(source: ByteSource, endOffset: number, segment: SegmentHeader) {
    this.#source = source;
    this.#endOffset = endOffset;
    this.#chain = segment.previousChain;
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
  take({ offset, endOffset, kind, span, chain }: FrameCursor): void {
    this.#chain = chain;
    const footer = this.#footer;
    if (footer === undefined || this.#refutation !== undefined) return;
    let count = 0;
    let lastIndex = -1;
    try {
      for (; this.#ordinal < footer.entryCount; this.#ordinal++) {
        const frameOffset = footer.valueOf("frameOffset", this.#ordinal);
        if (frameOffset > offset) break;
        const length = footer.valueOf("frameLength", this.#ordinal);
        const index = footer.valueOf("batchIndex", this.#ordinal);
        const fits = frameOffset === offset && length === endOffset - offset && index < span;
        if (!fits) throw foreign(`entry ${this.#ordinal} is of no record in the frame at ${offset}`);
        if (index <= lastIndex) throw foreign(`entry ${this.#ordinal} is of a record out of turn, or again`);
        lastIndex = index;
        count++;
      }
      const listed = kind === frameKinds.record || kind === frameKinds.batch;
      if (listed && count !== span) throw foreign(`${count} of ${span} records at ${offset} have an entry`);
    } catch (error) {
      this.#refute(error);
    }
  }

  /** The lines about the footer's own frame; `frame` is the one that any frame has. */
  *lines({ offset, endOffset }: FrameCursor, frame: Line): Generator<Line, void, undefined> {
    const footer = this.#footer;
    if (footer !== undefined && this.#ordinal < footer.entryCount) {
      this.#refute(foreign(`entry ${this.#ordinal} is of no frame before the footer`));
    }
    if (footer !== undefined && footer.trailer.chain !== this.#chain) {
      this.#refute(foreign("its chain is another than that of the frames before it"));
    }
    if (footer === undefined) this.#refute(new SidxError("SIDX_MALFORMED", "its frame holds no footer known here"));
    const refutation = this.#refutation;
    if (refutation !== undefined) {
      const verdict = verdictOn(refutation.code);
      yield damage(verdict, { offset, endOffset }, refutation.code, refutation.reason);
    }
    yield frame;
    if (footer === undefined) yield* claimLines(this.#source, offset + FRAME_HEADER_BYTES, endOffset);
    else yield* footerLines(footer, endOffset, refutation === undefined);
  }

  /** The first contradiction is the one that is told. What is no finding about the footer is passed on. */
  #refute(error: unknown): void {
    if (!(error instanceof SidxError)) throw error;
    this.#refutation ??= { code: error.code, reason: error.message };
  }
}

/**
 * The lines about a file that ends in a footer, and whose frames nobody can follow. `sound` is its checksum alone.
 *
 * @param code - what is wrong with the bytes before it, if there are any.
 */
export function* loneFooterLines(source: ByteSource, code: string, reason: string): Generator<Line, void, undefined> {
  const { sizeBytes: endOffset } = source;
  let footer: Sdx4Footer | undefined;
  let refutation: SidxError | undefined;
  try {
    footer = openSdx4(source);
    footer?.checkAll();
  } catch (error) {
    if (!(error instanceof SidxError)) throw error;
    refutation = error;
  }
  const startOffset = footer?.startOffset ?? 0;
  if (startOffset > 0) yield damage("corrupt", { offset: 0, endOffset: startOffset }, code, reason);
  if (refutation !== undefined) {
    const range = { offset: startOffset, endOffset };
    yield damage(verdictOn(refutation.code), range, refutation.code, refutation.message);
  }
  if (footer === undefined) yield* claimLines(source, startOffset, endOffset);
  else yield* footerLines(footer, endOffset, refutation === undefined);
}

const trailerBytes = 32;

/** What the trailer of a footer states that is no use: claims, no more. A later version has another trailer. */
function* claimLines(source: ByteSource, offset: number, endOffset: number): Generator<Line, void, undefined> {
  if (endOffset - offset < trailerBytes) return;
  const trailer = Buffer.alloc(trailerBytes);
  readExactly(source, trailer, endOffset - trailerBytes);
  if (trailer.toString("latin1", 28) !== "SDX4") return;
  const claims = { entryCount: trailer.readUInt32LE(8), sound: false, coveredBytes: trailer.readBigUInt64LE(0) };
  yield { kind: "footer", offset, length: endOffset - offset, fields: { format: "SDX4", ...claims } };
}

function* footerLines(footer: Sdx4Footer, endOffset: number, sound: boolean): Generator<Line, void, undefined> {
  const { entryCount, startOffset, trailer } = footer;
  const place = { offset: startOffset, length: endOffset - startOffset };
  const fields = { format: "SDX4", entryCount, sound, coveredBytes: BigInt(trailer.coveredBytes) };
  yield { kind: "footer", ...place, fields };
  if (!sound) return;
  for (let ordinal = 0; ordinal < entryCount; ordinal++) {
    yield { kind: "footer-entry", ...place, fields: fieldsOf(footer.readEntry(ordinal)) };
  }
}

/** The magic of a later version says that nobody here can tell what is wrong, if anything is. */
function verdictOn(code: string): DamageVerdict {
  return code === "SIDX_UNSUPPORTED_VERSION" ? "unreadable" : "corrupt";
}

function foreign(reason: string): SidxError {
  return new SidxError("SIDX_FOREIGN", reason);
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
