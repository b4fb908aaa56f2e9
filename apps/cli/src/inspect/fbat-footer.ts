import type { ByteSource } from "@holdfast/segment-codec";
import type { FbatFrame } from "@holdfast/segment-codec/fbat";
import { readSdx3, sdx3RowOf, type SidxError, type Sdx3Outcome, type Sdx3Row } from "@holdfast/sidx-footer/sdx3";
import { damage, type DamageVerdict, type Line } from "./line.js";

/**
 * The footer of a batpak segment beside its frames, as a walk passes them. Frames are the truth: a row that a frame belies, and an
 * event without a row, refute the footer. Rows of frames that are damaged are neither; they say what was lost.
 */

const trailerBytes = 16;
const rowBytes = 162;

type Listed = Extract<Sdx3Outcome, { readonly kind: "sdx3" | "sdx2" }>;

export class FbatFooter {
  /** False when there is none that anything is known about. */
  readonly present: boolean;
  /** Where frames end, when a checksum says so; else the end of the file. */
  readonly limit: number;
  /** True when a checksum vouches for {@link limit}. */
  readonly vouched: boolean;
  readonly #sizeBytes: number;
  readonly #format: string;
  readonly #rowCount: number;
  /** What it is called when it is no use and no checksum says that it was whole once; undefined: what the caller says. */
  readonly #verdict: DamageVerdict | undefined;
  /** Undefined when no row can be read. */
  readonly #listed: Listed | undefined;
  #refutation: { readonly code: string; readonly reason: string } | undefined;
  /** Where a footer begins that was not looked at because of its size. */
  readonly #tooLargeAt: number | undefined;
  #sequencesAscend = true;
  #entry = 0;
  #row: Sdx3Row | undefined;

  /**
   * @param maxFooterBytes - a longer footer is not looked at. Bytes.
   * @throws what the source throws. Memory: the footer.
   */
  constructor(source: ByteSource, maxFooterBytes = 0x4000_0000) {
    const outcome = readSdx3(source, { maxFooterBytes });
    const { sizeBytes } = source;
    this.#sizeBytes = sizeBytes;
    this.present = outcome.kind !== "absent";
    switch (outcome.kind) {
      case "absent":
      case "unsupported":
        this.#format = outcome.kind === "absent" ? "" : `SDX${outcome.version}`;
        this.#rowCount = 0;
        this.limit = sizeBytes;
        this.vouched = false;
        if (outcome.kind === "unsupported") {
          this.#refutation = refutationOf(outcome.error);
          this.#verdict = "unreadable"; // what a later version keeps behind its frames, nobody here knows
        }
        break;
      case "unusable": {
        const { format, error, checksumHolds, claimedFramesEnd = sizeBytes, claimedRowCount } = outcome;
        this.#format = format;
        this.#rowCount = claimedRowCount;
        this.limit = checksumHolds ? claimedFramesEnd : sizeBytes;
        this.vouched = checksumHolds;
        this.#refutation = refutationOf(error);
        this.#tooLargeAt = error.code === "SIDX_TOO_LARGE" ? claimedFramesEnd : undefined;
        break;
      }
      default: {
        const covered = outcome.kind === "sdx3";
        this.#format = covered ? "SDX3" : "SDX2";
        this.#rowCount = covered ? outcome.rows.length : outcome.claims.length;
        this.limit = covered ? outcome.framesEnd : sizeBytes;
        this.vouched = covered;
        this.#listed = outcome;
      }
    }
    this.#row = this.#rowAt(0);
  }

  /** Takes the next frame of the walk and returns whether its event counts: what the frames say, or a row under a checksum. */
  take(frame: FbatFrame): boolean {
    const { offset, role, committed } = frame;
    if (this.#listed === undefined) return committed;
    this.#skip(offset, offset);
    const row = this.#row;
    if (row?.frameOffset !== offset) {
      if (role === "event" && committed) this.#refute(`the event at ${offset} has no row`);
      return committed;
    }
    const field = role === "event" ? differingField(row, sdx3RowOf(frame, row.globalSequence)) : "kind";
    if (field !== undefined) this.#refute(`row ${this.#entry} has another ${field} than the frame at ${offset}`);
    else if (!committed && !this.vouched) this.#refute(`row ${this.#entry} is of an event that never committed`);
    this.#advance();
    return committed || (field === undefined && this.vouched);
  }

  /** There is damage where rows may have frames. */
  passDamage(offset: number, endOffset: number): void {
    this.#skip(offset, endOffset);
  }

  /** The lines about the footer. Frames were found up to `offset`, and not further; `verdict` is that on bytes without use. */
  *lines(offset: number, verdict: DamageVerdict): Generator<Line, void, undefined> {
    this.#skip(offset, offset);
    const place = this.#listed?.framesEnd;
    if (place !== undefined && place !== offset) this.#refute(`the frames end at ${offset}, the footer says ${place}`);
    const refutation = this.#refutation;
    if (refutation !== undefined) {
      const range = { offset, endOffset: this.#sizeBytes };
      yield damage(this.#verdictAt(offset) ?? verdict, range, refutation.code, refutation.reason);
    }
    const sound = refutation === undefined;
    const listed = this.#listed === undefined ? {} : { sequencesAscend: this.#sequencesAscend };
    const fields = { format: this.#format, entryCount: this.#rowCount, sound, ...listed };
    yield { kind: "footer", offset, length: this.#sizeBytes - offset, fields };
    // Without a checksum, rows are what the frames confirm, or nothing.
    if (this.vouched || refutation === undefined) yield* this.#entryLines();
  }

  /** Undefined when nobody but the caller can say. */
  #verdictAt(framesEnd: number): DamageVerdict | undefined {
    if (this.#tooLargeAt === framesEnd) return "unreadable"; // nothing is wrong with it that anybody has seen
    return this.vouched ? "corrupt" : this.#verdict;
  }

  *#entryLines(): Generator<Line, void, undefined> {
    const checksumBytes = this.vouched ? 4 : 0;
    const rowsAt = this.#sizeBytes - trailerBytes - checksumBytes - rowBytes * this.#rowCount;
    for (let entry = 0; this.#listed !== undefined && entry < this.#rowCount; entry++) {
      const row = this.#rowAt(entry);
      if (row === undefined) return;
      yield { kind: "footer-entry", offset: rowsAt + rowBytes * entry, length: rowBytes, fields: fieldsOf(row) };
    }
  }

  /** Passes rows before `endOffset`; those before `offset` should have had a frame. */
  #skip(offset: number, endOffset: number): void {
    while (this.#row !== undefined && this.#row.frameOffset < endOffset) {
      if (this.#row.frameOffset < offset) this.#refute(`row ${this.#entry} is of no frame`);
      this.#advance();
    }
  }

  #advance(): void {
    const before = this.#row?.globalSequence;
    this.#entry++;
    this.#row = this.#rowAt(this.#entry);
    // A compaction that numbers anew leaves a segment whose numbers go back: nothing is damaged, and they are no order.
    if (before !== undefined && this.#row !== undefined && this.#row.globalSequence <= before) {
      this.#sequencesAscend = false;
    }
  }

  #rowAt(entry: number): Sdx3Row | undefined {
    if (entry >= this.#rowCount) return undefined;
    return this.#listed?.kind === "sdx2" ? this.#listed.claims.at(entry).claim : this.#listed?.rows.at(entry);
  }

  /** The first contradiction is the one that is told. */
  #refute(reason: string): void {
    this.#refutation ??= { code: "SIDX_FOREIGN", reason };
  }
}

function refutationOf({ code, message }: SidxError): { readonly code: string; readonly reason: string } {
  return { code, reason: message };
}

function fieldsOf(row: Sdx3Row): Line["fields"] {
  return {
    frameOffset: BigInt(row.frameOffset),
    sequence: row.globalSequence,
    eventId: row.eventId,
    entity: row.entity,
    scope: row.scope,
    frameLength: row.frameLength,
    eventKind: row.kind,
    lane: row.lane,
    depth: row.depth,
    clock: row.clock,
    wallMs: row.wallMs,
    correlation: row.correlationId,
    causation: row.causationId ?? null,
    previousHash: row.previousHash,
    hash: row.eventHash,
  };
}

/** Name of the first field in which two rows differ, or undefined. */
function differingField(row: Sdx3Row, expected: Sdx3Row): string | undefined {
  const fields = Object.keys(expected) as (keyof Sdx3Row)[]; // the keys of an object literal of that type
  return fields.find((field) => {
    const [one, other] = [row[field], expected[field]];
    if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) !== 0;
    return one !== other;
  });
}
