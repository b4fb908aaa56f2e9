import { CodecError, crc32, peekUint64, readExactly, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { decodeFbatNameTable } from "@holdfast/segment-codec/fbat";
import { checkKeys, checkWhole } from "./option-check.js";
import {
  LEAST_FRAME_OFFSET,
  SDX2_MAGIC,
  SDX3_MAGIC,
  SDX3_ROW_BYTES,
  SDX3_TRAILER_BYTES,
  SDX_PREFIX,
  checksumBytes,
  rowAt,
  type Sdx3Format,
} from "./sdx3-layout.js";
import { RowOrder } from "./sdx3-order.js";
import { Sdx2Claims, Sdx3Rows } from "./sdx3-rows.js";
import { SidxError } from "./sidx-error.js";

/** What the end of a batpak segment is. */
export type Sdx3Outcome =
  /** No footer: the frames run to the end of the file. */
  | { readonly kind: "absent" }
  /** The checksum holds and every row keeps the laws. Which frames there are, only the frames say. */
  | {
      readonly kind: "sdx3";
      /** Where the frames end and the footer begins. */
      readonly framesEnd: number;
      readonly names: readonly string[];
      readonly rows: Sdx3Rows;
    }
  /** Well-formed, under no checksum: a hypothesis, its place in the file included. */
  | {
      readonly kind: "sdx2";
      readonly framesEnd: number;
      readonly names: readonly string[];
      readonly claims: Sdx2Claims;
    }
  /** The magic of a footer, and nothing that could be listed. What it claims is evidence, no more. */
  | {
      readonly kind: "unusable";
      readonly format: Sdx3Format;
      readonly error: SidxError;
      /** True when the checksum vouches for where the frames end, and names, rows or their count are wrong under it. */
      readonly checksumHolds: boolean;
      /** Undefined above 2^53-1. */
      readonly claimedFramesEnd: number | undefined;
      readonly claimedRowCount: number;
    }
  /** The magic of a later version: SDX4 to SDX9. */
  | { readonly kind: "unsupported"; readonly version: number; readonly error: SidxError };

/** How large a footer may be. */
export interface Sdx3ReadOptions {
  /** Footers above this many bytes are unusable. Default 1 GiB, which holds over six million rows. */
  readonly maxFooterBytes?: number;
}

const DEFAULT_MAX_FOOTER_BYTES = 0x4000_0000;
const ABSENT: Sdx3Outcome = { kind: "absent" };

/**
 * Looks for a footer at the end of a batpak segment and checks all that can be checked without the frames: bounds before
 * anything is allocated, then the checksum, then names and rows in the one spelling that their writer has. Any bytes give an
 * outcome, in linear time and in the memory of the footer, which is less than the file.
 *
 * @param source - the whole file; bytes are borrowed until the call returns. It is read twice at most.
 * @throws {@link CodecError} `CODEC_SHORT_SOURCE`, and what the source throws.
 */
export function readSdx3(source: Uint8Array | ByteSource, options: Sdx3ReadOptions = {}): Sdx3Outcome {
  checkKeys(options, ["maxFooterBytes"], "readSdx3");
  const { maxFooterBytes = DEFAULT_MAX_FOOTER_BYTES } = options;
  checkWhole(maxFooterBytes, "maxFooterBytes", SDX3_TRAILER_BYTES, Number.MAX_SAFE_INTEGER);
  const file = source instanceof Uint8Array ? sourceOf(source) : source;
  const { sizeBytes } = file;
  checkWhole(sizeBytes, "sizeBytes", 0, Number.MAX_SAFE_INTEGER);
  if (sizeBytes < SDX3_TRAILER_BYTES) return ABSENT;
  const trailerAt = sizeBytes - SDX3_TRAILER_BYTES;
  const trailer = new DataView(new ArrayBuffer(SDX3_TRAILER_BYTES));
  readExactly(file, new Uint8Array(trailer.buffer), trailerAt);
  const magic = trailer.getUint32(12, true);
  if (magic !== SDX3_MAGIC && magic !== SDX2_MAGIC) return laterVersion(magic, trailerAt) ?? ABSENT;
  const format: Sdx3Format = magic === SDX3_MAGIC ? "SDX3" : "SDX2";
  const framesEnd = peekUint64(trailer, 0);
  const rowCount = trailer.getUint32(8, true);
  const claim = { trailerAt, framesEnd, rowsEnd: trailerAt - checksumBytes(format), rowCount };
  let checksumHolds = false;
  try {
    const body = loadBody(file, claim, maxFooterBytes);
    if (format === "SDX3") checkCrc(body, framesEnd);
    checksumHolds = format === "SDX3";
    const { names, rows } = decodeBody(body, claim);
    if (format === "SDX3") return { kind: "sdx3", framesEnd, names, rows };
    return { kind: "sdx2", framesEnd, names, claims: new Sdx2Claims(rows) };
  } catch (error) {
    if (!(error instanceof SidxError)) throw error;
    const claimedFramesEnd = framesEnd === -1 ? undefined : framesEnd;
    return { kind: "unusable", format, error, checksumHolds, claimedFramesEnd, claimedRowCount: rowCount };
  }
}

function laterVersion(magic: number, trailerAt: number): Sdx3Outcome | undefined {
  const version = (magic >>> 24) - 0x30; // "0"
  if ((magic & 0xff_ffff) !== SDX_PREFIX || version < 4 || version > 9) return undefined;
  const context = { offset: trailerAt + 12, expected: "SDX3", actual: `SDX${version}` };
  const error = new SidxError(
    "SIDX_UNSUPPORTED_VERSION",
    `the file ends in SDX${version}, which no batpak segment has`,
    context,
  );
  return { kind: "unsupported", version, error };
}

interface Claim {
  readonly trailerAt: number;
  /** -1 above 2^53-1. */
  readonly framesEnd: number;
  /** Where the last row would end. */
  readonly rowsEnd: number;
  readonly rowCount: number;
}

/** Everything between frames and trailer. What is checked is what is kept: memory that nobody else has, read once. */
function loadBody(file: ByteSource, { trailerAt, framesEnd, rowsEnd }: Claim, maxFooterBytes: number): Uint8Array {
  if (framesEnd < LEAST_FRAME_OFFSET || framesEnd >= rowsEnd) {
    const context = { offset: trailerAt, expected: rowsEnd - 1, actual: framesEnd, field: "framesEnd" };
    throw new SidxError("SIDX_OUT_OF_BOUNDS", `no footer begins at ${framesEnd} and ends at ${rowsEnd}`, context);
  }
  const footerBytes = trailerAt + SDX3_TRAILER_BYTES - framesEnd;
  if (footerBytes > maxFooterBytes) {
    const context = { offset: framesEnd, expected: maxFooterBytes, actual: footerBytes, field: "maxFooterBytes" };
    throw new SidxError("SIDX_TOO_LARGE", `a footer of ${footerBytes} bytes`, context);
  }
  const body = new Uint8Array(trailerAt - framesEnd);
  readExactly(file, body, framesEnd);
  return body;
}

function decodeBody(
  body: Uint8Array,
  { trailerAt, framesEnd, rowsEnd, rowCount }: Claim,
): { readonly names: readonly string[]; readonly rows: Sdx3Rows } {
  const rowsAt = rowsEnd - rowCount * SDX3_ROW_BYTES; // the product is below 2^40
  if (rowsAt <= framesEnd) {
    const most = Math.floor((rowsEnd - framesEnd - 1) / SDX3_ROW_BYTES);
    const context = { offset: trailerAt + 8, expected: most, actual: rowCount, field: "count" };
    throw new SidxError(
      "SIDX_OUT_OF_BOUNDS",
      `${rowCount} rows do not fit between ${framesEnd} and ${rowsEnd}`,
      context,
    );
  }
  const names = readNames(body, rowsAt - framesEnd, framesEnd, 2 * rowCount);
  const rows = body.subarray(rowsAt - framesEnd, rowsEnd - framesEnd);
  checkRows(rows, names.length, { rowsAt, framesEnd });
  return { names, rows: new Sdx3Rows(rows, names) };
}

function checkCrc(body: Uint8Array, framesEnd: number): void {
  const end = body.length - checksumBytes("SDX3");
  const expected = new DataView(body.buffer).getUint32(end, true);
  const actual = crc32(body, 0, end);
  if (actual === expected) return;
  const context = { offset: framesEnd, expected, actual };
  throw new SidxError("SIDX_CHECKSUM_MISMATCH", `the footer at ${framesEnd} is damaged`, context);
}

/**
 * The names must end where the rows begin: what binds the count of rows, which no checksum covers, to the bytes one does. A row
 * brings up two of them at most; more are refused before they take memory.
 */
function readNames(body: Uint8Array, end: number, framesEnd: number, maxCount: number): readonly string[] {
  let names: readonly string[];
  try {
    names = decodeFbatNameTable(body, 0, end, maxCount);
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    const context = { offset: framesEnd + (cause.context.offset ?? 0), field: "names" };
    throw new SidxError("SIDX_MALFORMED", "the names are not as their writer spells them", context, { cause });
  }
  if (new Set(names).size === names.length) return names;
  throw new SidxError("SIDX_MALFORMED", "a name is there twice", { offset: framesEnd, field: "names" });
}

function checkRows(
  rows: Uint8Array,
  nameCount: number,
  { rowsAt, framesEnd }: { readonly rowsAt: number; readonly framesEnd: number },
): void {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const order = new RowOrder(framesEnd);
  const count = rows.length / SDX3_ROW_BYTES;
  for (let entry = 0; entry < count; entry++) {
    const at = entry * SDX3_ROW_BYTES;
    const field = order.take({
      entity: view.getUint32(at + rowAt.entity, true),
      scope: view.getUint32(at + rowAt.scope, true),
      kind: view.getUint16(at + rowAt.kind, true),
      frameOffset: peekUint64(view, at + rowAt.frameOffset),
      frameLength: view.getUint32(at + rowAt.frameLength, true),
    });
    if (field === undefined && order.nameCount <= nameCount) continue;
    const context = { offset: rowsAt + at, entry, field: field ?? "names" };
    throw new SidxError("SIDX_MALFORMED", `row ${entry} is none that its writer writes`, context);
  }
  if (order.nameCount === nameCount) return;
  const context = { offset: framesEnd, expected: order.nameCount, actual: nameCount, field: "names" };
  throw new SidxError("SIDX_MALFORMED", "there are names that no row needs", context);
}
