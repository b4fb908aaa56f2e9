import { crc32, writeUint64 } from "@holdfast/segment-codec";
import { encodeFbatNameTable } from "@holdfast/segment-codec/fbat";
import { checkBytes, checkWhole } from "./option-check.js";
import {
  HASH_BYTES,
  ID_BYTES,
  LEAST_FRAME_OFFSET,
  SDX2_MAGIC,
  SDX3_MAGIC,
  SDX3_ROW_BYTES,
  SDX3_TRAILER_BYTES,
  checksumBytes,
  type Sdx3Format,
} from "./sdx3-layout.js";
import { RowOrder } from "./sdx3-order.js";
import { writeRow, type Sdx3Row } from "./sdx3-row.js";
import { SidxError } from "./sidx-error.js";

const MAX_UINT16 = 0xffff;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Encodes the footer that batpak 0.9.0 writes behind these events, byte for byte. It belongs at `framesEnd`, in one write, once
 * all frames before it are durable.
 *
 * @param rows - one for each committed event, in the order of their frames; none for batch markers. Borrowed until the call
 * returns.
 * @param framesEnd - where the frames end, which is where the footer begins.
 * @throws `TypeError` or `RangeError` that names the row and the field; {@link SidxError} `SIDX_TOO_LARGE` from 2^32 rows on.
 */
export function encodeSdx3(rows: Iterable<Sdx3Row>, framesEnd: number): Uint8Array {
  return encode("SDX3", rows, framesEnd);
}

/** Like {@link encodeSdx3}, as batpak 0.8 did it: without a checksum. */
export function encodeSdx2(rows: Iterable<Sdx3Row>, framesEnd: number): Uint8Array {
  return encode("SDX2", rows, framesEnd);
}

function encode(format: Sdx3Format, rows: Iterable<Sdx3Row>, framesEnd: number): Uint8Array {
  checkWhole(framesEnd, "framesEnd", LEAST_FRAME_OFFSET, Number.MAX_SAFE_INTEGER);
  const numbers = new Map<string, number>();
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, numbers.size);
    return numbers.size - 1;
  };
  const order = new RowOrder(framesEnd);
  let bytes = new Uint8Array(16 * SDX3_ROW_BYTES);
  let view = new DataView(bytes.buffer);
  let count = 0;
  for (const row of rows) {
    if (count === MAX_UINT32) throw new SidxError("SIDX_TOO_LARGE", `more than ${MAX_UINT32} rows`);
    const at = count * SDX3_ROW_BYTES;
    if (at + SDX3_ROW_BYTES > bytes.length) {
      const larger = new Uint8Array(2 * bytes.length);
      larger.set(bytes);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    checkRow(row, count);
    const names = { entity: numberOf(row.entity), scope: numberOf(row.scope) };
    const { kind, frameOffset, frameLength } = row;
    const field = order.take({ ...names, kind, frameOffset, frameLength });
    if (field === "kind") throw new RangeError(`rows[${count}].kind is that of a batch marker, which has no row`);
    if (field !== undefined) {
      throw new RangeError(`rows[${count}].${field} must be that of a frame behind the one before, up to framesEnd`);
    }
    writeRow(bytes, view, at, row, names);
    count++;
  }
  return assemble(format, encodeFbatNameTable([...numbers.keys()]), bytes.subarray(0, count * SDX3_ROW_BYTES), {
    framesEnd,
    count,
  });
}

function assemble(
  format: Sdx3Format,
  names: Uint8Array,
  rows: Uint8Array,
  { framesEnd, count }: { readonly framesEnd: number; readonly count: number },
): Uint8Array {
  const bodyBytes = names.length + rows.length;
  const trailerAt = bodyBytes + checksumBytes(format);
  const footer = new Uint8Array(trailerAt + SDX3_TRAILER_BYTES);
  footer.set(names);
  footer.set(rows, names.length);
  const view = new DataView(footer.buffer);
  if (format === "SDX3") view.setUint32(bodyBytes, crc32(footer, 0, bodyBytes), true);
  writeUint64(view, trailerAt, framesEnd);
  view.setUint32(trailerAt + 8, count, true);
  view.setUint32(trailerAt + 12, format === "SDX3" ? SDX3_MAGIC : SDX2_MAGIC, true);
  return footer;
}

function checkRow(row: Sdx3Row, index: number): void {
  const name = (field: string): string => `rows[${index}].${field}`;
  for (const field of ["eventId", "correlationId"] as const) checkBytes(row[field], name(field), ID_BYTES);
  if (row.causationId !== undefined) checkBytes(row.causationId, name("causationId"), ID_BYTES);
  for (const field of ["previousHash", "eventHash"] as const) checkBytes(row[field], name(field), HASH_BYTES);
  for (const field of ["clock", "lane", "depth", "frameLength"] as const) {
    checkWhole(row[field], name(field), 0, MAX_UINT32);
  }
  checkWhole(row.kind, name("kind"), 0, MAX_UINT16);
  checkWhole(row.frameOffset, name("frameOffset"), 0, Number.MAX_SAFE_INTEGER);
  for (const field of ["wallMs", "globalSequence"] as const) {
    const value = row[field];
    if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) continue;
    throw new RangeError(`${name(field)} must be a bigint from 0 to 2^64-1, not ${String(value)}`);
  }
}
