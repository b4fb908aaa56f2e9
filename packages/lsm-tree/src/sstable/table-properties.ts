import { ByteReader } from "../byte-reader.js";
import { LsmError } from "../lsm-error.js";
import { MAX_KEY_BYTES, MAX_SEQNO } from "../internal-key.js";
import { varintBytes, writeVarint } from "../varint.js";

/** What a table says about itself. */
export interface TableProperties {
  /** Entries, deletes and older versions included. */
  readonly entryCount: number;
  /** Those that are deletes. */
  readonly deleteCount: number;
  /** Bytes of all user keys and of all values. */
  readonly keyBytes: number;
  /** Bytes of all values. */
  readonly valueBytes: number;
  /** Bytes of all data blocks before compression. */
  readonly rawDataBytes: number;
  /** Least and greatest user key; both empty without entries. */
  readonly smallest: Uint8Array;
  /** Greatest user key. */
  readonly largest: Uint8Array;
  /** Least and greatest seqno; both 0 without entries. */
  readonly minSeqno: number;
  /** Greatest seqno. */
  readonly maxSeqno: number;
  /** First and last LSN of the log that a flush covers; 0 for both in tables of a compaction. */
  readonly firstLsn: number;
  /** Last LSN of the log that a flush covers. */
  readonly lastLsn: number;
  /** Level that the table was written for. */
  readonly level: number;
  /** Milliseconds since 1970, by the clock of whoever built it. */
  readonly createdMs: number;
}

type NumberKey = {
  [Key in keyof TableProperties]: TableProperties[Key] extends number ? Key : never;
}[keyof TableProperties];

const numberTags: readonly (readonly [number, NumberKey])[] = [
  [1, "entryCount"],
  [2, "deleteCount"],
  [3, "keyBytes"],
  [4, "valueBytes"],
  [5, "rawDataBytes"],
  [8, "minSeqno"],
  [9, "maxSeqno"],
  [10, "firstLsn"],
  [11, "lastLsn"],
  [12, "level"],
  [13, "createdMs"],
];
const SMALLEST = 6;
const LARGEST = 7;

/** From this tag on a reader has to know what a property means. */
const MANDATORY = 0x8000;

/** Encodes the payload of a properties frame: by ascending tag, each a u16, a varint of its bytes, and its value. */
export function encodeTableProperties(properties: TableProperties): Uint8Array {
  const { smallest, largest } = properties;
  const bytes = new Uint8Array(smallest.length + largest.length + 16 * (numberTags.length + 2));
  let at = 0;
  const begin = (tag: number, length: number): void => {
    bytes[at++] = tag;
    bytes[at++] = tag >>> 8;
    at = writeVarint(bytes, at, length);
  };
  const numbers = new Map(numberTags);
  for (let tag = 1; tag <= 13; tag++) {
    const key = numbers.get(tag);
    if (key === undefined) {
      const value = tag === SMALLEST ? smallest : largest;
      begin(tag, value.length);
      bytes.set(value, at);
      at += value.length;
    } else {
      begin(tag, varintBytes(properties[key]));
      at = writeVarint(bytes, at, properties[key]);
    }
  }
  return bytes.subarray(0, at);
}

/**
 * Decodes the payload of a properties frame. Tags that are not known are passed by, unless they say that they have to be known.
 *
 * @throws LsmError `LSM_CORRUPT`, or `LSM_UNSUPPORTED` for a tag from 0x8000 on.
 */
export function decodeTableProperties(payload: Uint8Array): TableProperties {
  const reader = new ByteReader(payload, "properties");
  const numbers = new Map<NumberKey, number>();
  const keys = new Map<number, Uint8Array>();
  const names = new Map(numberTags);
  let last = 0;
  while (reader.left > 0) {
    const from = reader.at;
    const tag = reader.uint16("tag");
    if (tag <= last) throw reader.error("tag", `is ${tag} behind ${last}`, from);
    last = tag;
    const length = reader.varint("length", reader.left);
    const start = reader.take(length, "value");
    const name = names.get(tag);
    if (name !== undefined) {
      const value = new ByteReader(payload, "properties", start, start + length);
      numbers.set(name, value.varint(name, MAX_SEQNO));
      value.finish();
    } else if (tag === SMALLEST || tag === LARGEST) {
      if (length > MAX_KEY_BYTES) throw reader.error("key", `has ${length} bytes`, from);
      keys.set(tag, new Uint8Array(payload.subarray(start, start + length)));
    } else if (tag >= MANDATORY) {
      const context = { offset: from, field: "tag", actual: tag };
      throw new LsmError("LSM_UNSUPPORTED", `a table has a property ${tag} that has to be known`, context);
    }
  }
  const numberOf = (key: NumberKey): number => numbers.get(key) ?? missing(reader, key);
  return Object.freeze({
    entryCount: numberOf("entryCount"),
    deleteCount: numberOf("deleteCount"),
    keyBytes: numberOf("keyBytes"),
    valueBytes: numberOf("valueBytes"),
    rawDataBytes: numberOf("rawDataBytes"),
    smallest: keys.get(SMALLEST) ?? missing(reader, "smallest"),
    largest: keys.get(LARGEST) ?? missing(reader, "largest"),
    minSeqno: numberOf("minSeqno"),
    maxSeqno: numberOf("maxSeqno"),
    firstLsn: numberOf("firstLsn"),
    lastLsn: numberOf("lastLsn"),
    level: numberOf("level"),
    createdMs: numberOf("createdMs"),
  });
}

function missing(reader: ByteReader, field: string): never {
  throw reader.error(field, "is missing", reader.end);
}
