import { crc32, peekUint64, writeUint64 } from "@holdfast/segment-codec";
import { HASH_BYTES, ID_BYTES, isSame, isZero } from "./event-layout.js";
import { sha256 } from "./sha256.js";
import { StoreError } from "./store-error.js";

/**
 * What the file of a named cursor holds: up to where a consumer has acknowledged the events of a region, and of which history that is.
 * The normative page is docs/formats/store.md.
 *
 * ```
 *   0  8  "HFCURSOR"                   64  8  sequence of the last event that was acknowledged, 0 before the first
 *   8  1  version: 1                   72 32  hash of that event, zeros with sequence 0
 *   9  1  bytes of the name           104     name
 *  10  6  zeros                            4  CRC-32 of the bytes before
 *  16 16  log id
 *  32 32  SHA-256 of the region's identity
 * ```
 */

const MAGIC: Uint8Array = new TextEncoder().encode("HFCURSOR");
const VERSION = 1;
const VERSION_AT = 8;
const NAME_BYTES_AT = 9;
const ZEROS_AT = 10;
const LOG_ID_AT = 16;
const REGION_AT: number = LOG_ID_AT + ID_BYTES;
const SEQUENCE_AT: number = REGION_AT + HASH_BYTES;
const HASH_AT: number = SEQUENCE_AT + 8;
const NAME_AT: number = HASH_AT + HASH_BYTES;
const CRC_BYTES = 4;

/** What a position belongs to. */
export interface CursorBinding {
  readonly name: string;
  /** Id of the store: 32 digits in hex. */
  readonly id: string;
  /** Identity of the region. */
  readonly region: string;
  /** Where the position is kept, for messages. */
  readonly file: string;
}

/** How far somebody has come in a history. */
export interface CursorPosition {
  /** Of the last event that was acknowledged, 0 before the first. */
  readonly sequence: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** The bytes of the file. */
export function encodeCursorPosition({ name, id, region }: CursorBinding, position: CursorPosition): Uint8Array {
  const nameBytes = new TextEncoder().encode(name);
  const end = NAME_AT + nameBytes.length;
  const bytes = new Uint8Array(end + CRC_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes[VERSION_AT] = VERSION;
  bytes[NAME_BYTES_AT] = nameBytes.length;
  bytes.set(Buffer.from(id, "hex"), LOG_ID_AT);
  bytes.set(regionHash(region), REGION_AT);
  writeUint64(view, SEQUENCE_AT, position.sequence);
  bytes.set(position.hash, HASH_AT);
  bytes.set(nameBytes, NAME_AT);
  view.setUint32(end, crc32(bytes, 0, end), true);
  return bytes;
}

/** What the bytes of a file say, whoever it is of. */
export type CursorInspection =
  | {
      readonly kind: "position";
      readonly version: number;
      readonly name: string;
      /** 16 bytes. */
      readonly logId: Uint8Array;
      /** SHA-256 of the identity of the region. */
      readonly regionHash: Uint8Array;
      readonly position: CursorPosition;
    }
  | { readonly kind: "damaged"; readonly offset: number; readonly why: string }
  /** Sound, and of a later version. */
  | { readonly kind: "unsupported"; readonly version: number };

/** Reads a file by itself. Any bytes give an outcome; what it gives are copies. */
export function inspectCursorPosition(bytes: Uint8Array): CursorInspection {
  const damaged = (offset: number, why: string): CursorInspection => ({ kind: "damaged", offset, why });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < NAME_AT + CRC_BYTES) return damaged(bytes.length, "ends too early");
  if (!isSame(bytes, 0, MAGIC, 0, MAGIC.length)) return damaged(0, "begins with other bytes");
  const end = bytes.length - CRC_BYTES;
  if (view.getUint32(end, true) !== crc32(bytes, 0, end)) return damaged(end, "has another checksum");
  const version = view.getUint8(VERSION_AT);
  if (version !== VERSION) return { kind: "unsupported", version };
  if (view.getUint8(NAME_BYTES_AT) !== end - NAME_AT) return damaged(NAME_BYTES_AT, "has another length");
  if (!isZero(bytes, ZEROS_AT, LOG_ID_AT - ZEROS_AT)) return damaged(ZEROS_AT, "has bytes where zeros belong");
  const sequence = peekUint64(view, SEQUENCE_AT);
  const hash = bytes.slice(HASH_AT, NAME_AT);
  if (sequence < 0) return damaged(SEQUENCE_AT, "has a sequence beyond 2^53");
  if (sequence === 0 && !isZero(hash, 0, HASH_BYTES)) return damaged(HASH_AT, "has a hash of no event");
  return {
    kind: "position",
    version,
    name: Buffer.from(bytes.subarray(NAME_AT, end)).toString("latin1"),
    logId: bytes.slice(LOG_ID_AT, REGION_AT),
    regionHash: bytes.slice(REGION_AT, SEQUENCE_AT),
    position: { sequence, hash },
  };
}

/**
 * The position in a file. That the history has its event is for the caller to find out.
 *
 * @throws {@link StoreError} `STORE_CURSOR_CORRUPT` for other bytes than {@link encodeCursorPosition} gives; `STORE_UNSUPPORTED` for a later
 * version; `STORE_CURSOR_MISMATCH` for a file of another cursor, store or region: `context.field` is `name`, `log` or `region`.
 */
export function decodeCursorPosition(bytes: Uint8Array, { name, id, region, file }: CursorBinding): CursorPosition {
  const mismatch = (field: string, whose: string): StoreError =>
    new StoreError("STORE_CURSOR_MISMATCH", `${file} is of ${whose}`, { file, field });
  const found = inspectCursorPosition(bytes);
  if (found.kind === "damaged") {
    const { offset, why } = found;
    throw new StoreError("STORE_CURSOR_CORRUPT", `${file} ${why}: no position of a cursor`, { file, offset });
  }
  if (found.kind === "unsupported") {
    const message = `${file} is of version ${found.version}; this program reads ${VERSION}`;
    throw new StoreError("STORE_UNSUPPORTED", message, { file, offset: VERSION_AT });
  }
  if (found.name !== name) throw mismatch("name", "another cursor");
  if (Buffer.from(found.logId).toString("hex") !== id) throw mismatch("log", "another store");
  if (!isSame(found.regionHash, 0, regionHash(region), 0, HASH_BYTES)) throw mismatch("region", "another region");
  return found.position;
}

/** For a position whose event the history does not have. */
export function divergedPosition({ file }: CursorBinding, sequence: number): StoreError {
  const message = `${file} has acknowledged an event ${sequence} that this history does not have`;
  return new StoreError("STORE_CURSOR_MISMATCH", message, { file, field: "event", sequence });
}

function regionHash(identity: string): Uint8Array {
  return sha256.hash(new TextEncoder().encode(identity));
}
