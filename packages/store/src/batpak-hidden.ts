import { isFsError, type Directory } from "@holdfast/fs-seam";
import { crc32 } from "@holdfast/segment-codec";
import { PayloadCodec } from "@holdfast/segment-codec/payload";
import { StoreError } from "./store-error.js";

/**
 * Events of a batpak store that nobody may see, by their numbers in the store: `visibility_ranges.fbv`.
 *
 * ```
 *  0 6  "FBATVR"         8 4  CRC-32 of the body
 *  6 2  version: 2      12    body: MessagePack {ranges: [{start, end}], lane_ranges: [{lane, ranges}]}, half-open
 * ```
 */
export interface HiddenRanges {
  isHidden(sequence: bigint, lane: number): boolean;
}

const FILE = "visibility_ranges.fbv";
const MAGIC = "FBATVR";
const VERSION = 2;
const BODY_AT = 12;

interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Nothing is hidden where the file is missing, as its writer has it.
 *
 * @throws {@link StoreError} `STORE_CORRUPT`, and `STORE_UNSUPPORTED` for a later version: what should be hidden must not be seen.
 */
export function readHiddenRanges(source: Directory): HiddenRanges {
  let bytes: Uint8Array;
  try {
    bytes = source.readFile(FILE);
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return { isHidden: () => false };
    throw error;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isBegun = bytes.length > BODY_AT && new TextDecoder("latin1").decode(bytes.subarray(0, 6)) === MAGIC;
  if (!isBegun) throw corrupt("has no header", 0);
  const version = view.getUint16(6, true);
  if (version > VERSION) {
    const context = { file: FILE, offset: 6, expected: VERSION, actual: version };
    throw new StoreError(
      "STORE_UNSUPPORTED",
      `${FILE} is of version ${version}; this version reads ${VERSION}`,
      context,
    );
  }
  const body = bytes.subarray(BODY_AT);
  if (version !== VERSION || crc32(body) !== view.getUint32(8, true)) throw corrupt("does not have its checksum", 8);
  return rangesIn(body);
}

function rangesIn(body: Uint8Array): HiddenRanges {
  try {
    const found = new PayloadCodec().decode(body) as Readonly<Record<string, unknown>>;
    const everywhere = rangesOf(found["ranges"]);
    const lanes = new Map<number, readonly Range[]>();
    for (const entry of listOf(found["lane_ranges"])) {
      const { lane, ranges } = entry as Readonly<Record<string, unknown>>;
      if (typeof lane !== "number") throw new TypeError("a lane that is no number");
      lanes.set(lane, rangesOf(ranges));
    }
    const isIn = (ranges: readonly Range[], at: bigint): boolean =>
      ranges.some(({ start, end }) => start <= at && at < end);
    return { isHidden: (at, lane) => isIn(everywhere, at) || isIn(lanes.get(lane) ?? [], at) };
  } catch (cause) {
    throw corrupt("holds no ranges", BODY_AT, cause);
  }
}

function rangesOf(value: unknown): Range[] {
  return listOf(value).map((range) => {
    const { start, end } = range as Readonly<Record<string, number | bigint>>;
    return { start: BigInt(start ?? Number.NaN), end: BigInt(end ?? Number.NaN) };
  });
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError("a list is missing");
}

function corrupt(why: string, offset: number, cause?: unknown): StoreError {
  return new StoreError("STORE_CORRUPT", `${FILE} ${why}`, { file: FILE, offset }, { cause });
}
