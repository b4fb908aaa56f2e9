import { FRAME_HEADER_BYTES, crc32, type ByteSource, type SegmentHeader } from "@holdfast/segment-codec";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import { BlockReader } from "./sdx4-blocks.js";
import type { Zone } from "./sdx4-columns.js";
import { lowerBoundOf } from "./sdx4-index.js";
import * as at from "./sdx4-layout.js";
import { PlaceCursor } from "./sdx4-places.js";
import { readRoot, type Sdx4Trailer } from "./sdx4-root.js";
import type { Sdx4ByteColumn, Sdx4Column, Sdx4Entry } from "./sdx4-row.js";
import type { Sdx4Rows } from "./sdx4-rows.js";
import { Sdx4Selection } from "./sdx4-selection.js";
import { encodeString, type StringBlock } from "./sdx4-strings.js";
import { Sdx4Tables } from "./sdx4-tables.js";
import { SidxError } from "./sidx-error.js";

/** What a footer has to belong to, and how much of it is read at first. */
export interface Sdx4Options {
  /**
   * The header of the segment in which the footer is the payload of the last frame. The footer has to be of this segment and to
   * cover it up to its own frame. Without it the caller holds the trailer against what it knows.
   */
  readonly segment?: SegmentHeader;
  /** How much is read from the end at first, and kept. Bytes, default 128 KiB: enough for the directory of a million entries. */
  readonly tailBytes?: number;
}

/** Which entries to select; whatever is left out does not narrow. */
export interface Sdx4Filter {
  /** Least sequence. */
  readonly fromSequence?: number;
  /** Below it all sequences are. */
  readonly beforeSequence?: number;
  /** Microseconds since 1970, the least. */
  readonly fromTimestampUs?: number;
  /** Microseconds since 1970; all are below it. */
  readonly beforeTimestampUs?: number;
  /** What the events are about. */
  readonly entity?: string;
  /** What they belong to; empty for those without. */
  readonly scope?: string;
  /** What the events are. */
  readonly kind?: number;
  /** Which of the streams of their entities. */
  readonly lane?: number;
}

type Numbers = Readonly<Record<Sdx4Column, number>>;

const numericFilters = [
  "fromSequence",
  "beforeSequence",
  "fromTimestampUs",
  "beforeTimestampUs",
  "kind",
  "lane",
] as const;

const DEFAULT_TAIL_BYTES = 128 * 1024;

/**
 * Opens the footer at the very end of a file: one read, or two when its directory is longer than `tailBytes`. Finding an entry by
 * event id takes two more, by sequence one more.
 *
 * @param source - borrowed as long as the footer is used; its bytes must not change.
 * @returns undefined when the file does not end in an SDX4 footer, as a crash leaves it. Read the frames then.
 * @throws {@link SidxError} for a footer that is damaged, of another segment or of a later format: drop it and read the frames.
 * What the source throws, and `CODEC_SHORT_SOURCE` when it ends early, is passed on.
 */
export function openSdx4(source: ByteSource | Uint8Array, options: Sdx4Options = {}): Sdx4Footer | undefined {
  checkKeys(options, ["segment", "tailBytes"], "openSdx4");
  const { segment, tailBytes = DEFAULT_TAIL_BYTES } = options;
  checkWhole(tailBytes, "tailBytes", at.TRAILER_BYTES, at.MAX_UINT32);
  if (!(source instanceof Uint8Array)) checkWhole(source.sizeBytes, "sizeBytes", 0, Number.MAX_SAFE_INTEGER);
  const reader = new BlockReader(source, tailBytes);
  const root = readRoot(reader);
  if (root === undefined) return undefined;
  const { trailer, directory } = root;
  if (segment !== undefined) {
    const { startOffset: offset } = directory;
    const foreign = (field: string, expected: number, actual: number): SidxError =>
      new SidxError("SIDX_FOREIGN", `the footer at ${offset} belongs elsewhere`, { offset, field, expected, actual });
    if (trailer.segmentCrc !== segment.crc) throw foreign("segmentCrc", segment.crc, trailer.segmentCrc);
    const framesEnd = offset - FRAME_HEADER_BYTES;
    if (trailer.coveredBytes !== framesEnd) throw foreign("coveredBytes", framesEnd, trailer.coveredBytes);
  }
  return new Sdx4Footer(new Sdx4Tables(reader, root));
}

/**
 * A footer whose root is sound. Blocks are read when something in them is asked for, and nothing is handed out of a block before
 * its checksum is right: any method may throw {@link SidxError} `SIDX_CHECKSUM_MISMATCH` and `SIDX_MALFORMED`, and what
 * the source throws. An entry is named by its ordinal, its place among the entries from 0.
 */
export class Sdx4Footer {
  /** What the end of the footer says of it. */
  readonly trailer: Sdx4Trailer;
  /** Where the footer begins in the file; it ends where the file ends. */
  readonly startOffset: number;
  #tables: Sdx4Tables;

  /** @internal Use {@link openSdx4}. */
  constructor(tables: Sdx4Tables) {
    const { trailer, directory } = tables.root;
    this.trailer = trailer;
    this.startOffset = directory.startOffset;
    this.#tables = tables;
  }

  /** Events that the footer lists. */
  get entryCount(): number {
    return this.trailer.entryCount;
  }

  /** Ordinal of the first entry with an event id of 16 bytes, or -1. */
  findEventId(eventId: Uint8Array): number {
    checkBytes(eventId, "eventId", at.ID_BYTES);
    const places = new PlaceCursor(this.#tables, "eventIds", crc32(eventId));
    for (let ordinal = places.next(); ordinal !== -1; ordinal = places.next()) {
      const rows = this.#tables.rowsAt(ordinal);
      const found = rows.viewBytes("eventId");
      const start = (ordinal - rows.firstOrdinal) * at.ID_BYTES;
      if (eventId.every((byte, index) => found?.[start + index] === byte)) return ordinal;
    }
    return -1;
  }

  /** Ordinal of the entry with a sequence, or -1. */
  findSequence(sequence: number): number {
    checkWhole(sequence, "sequence", 0, Number.MAX_SAFE_INTEGER);
    const { directory } = this.#tables.root;
    const section = directory.section("rows");
    const block = lowerBoundOf(section.blockCount, sequence, (index) => directory.zone(section, index)[1]);
    if (block === section.blockCount) return -1;
    const rows = this.#tables.rowsAt(block * at.ROWS_PER_BLOCK);
    const sequences = rows.column("sequence");
    const row = lowerBoundOf(rows.count, sequence, (index) => sequences[index] ?? 0);
    return sequences[row] === sequence ? rows.firstOrdinal + row : -1;
  }

  /** A number of an entry; of `entity` and `scope` the place in the string table. */
  valueOf(column: Sdx4Column, ordinal: number): number {
    const rows = this.viewRows(ordinal);
    return rows.column(column)[ordinal - rows.firstOrdinal] ?? 0;
  }

  /** The block of columns that holds an entry. Lent; reading all of them in order is how to load a whole footer. */
  viewRows(ordinal: number): Sdx4Rows {
    checkWhole(ordinal, "ordinal", 0, this.entryCount - 1);
    return this.#tables.rowsAt(ordinal);
  }

  /** A string by its place in the table. */
  text(place: number): string {
    return this.#stringsAt(place).text(place);
  }

  /** Its bytes of UTF-8, lent: for whoever compares them or keeps them as bytes. */
  viewText(place: number): Uint8Array {
    return this.#stringsAt(place).view(place);
  }

  #stringsAt(place: number): StringBlock {
    checkWhole(place, "place", 0, this.trailer.stringCount - 1);
    return this.#tables.stringsAt(place);
  }

  /** Place of a string in the table, or -1: no entry is of that entity or scope then. */
  findText(text: string): number {
    const places = new PlaceCursor(this.#tables, "stringKeys", crc32(encodeString(text, "text")));
    for (let place = places.next(); place !== -1; place = places.next()) {
      if (this.text(place) === text) return place;
    }
    return -1;
  }

  /** An entry as an object of its own. */
  readEntry(ordinal: number): Sdx4Entry {
    const rows = this.viewRows(ordinal);
    const row = ordinal - rows.firstOrdinal;
    // Every column is there, so the object has the keys that its type says.
    const numbers = Object.fromEntries(at.NUMERIC_COLUMNS.map((name) => [name, rows.column(name)[row]])) as Numbers;
    const bytes = (column: Sdx4ByteColumn, length: number): Uint8Array =>
      Uint8Array.from(rows.viewBytes(column)?.subarray(row * length, (row + 1) * length) ?? []);
    const present = (found: Uint8Array): Uint8Array | undefined =>
      found.some((byte) => byte !== 0) ? found : undefined;
    return {
      ...numbers,
      eventId: bytes("eventId", at.ID_BYTES),
      entity: this.text(numbers.entity),
      scope: this.text(numbers.scope),
      hash: present(bytes("hash", at.HASH_BYTES)),
      correlationId: bytes("correlationId", at.ID_BYTES),
      causationId: present(bytes("causationId", at.ID_BYTES)),
    };
  }

  /** The entries that match, in ascending order. */
  select(filter: Sdx4Filter = {}): Sdx4Selection {
    checkKeys(filter, [...numericFilters, "entity", "scope"], "select");
    for (const name of numericFilters) {
      const value = filter[name];
      if (value !== undefined) checkWhole(value, name, 0, Number.MAX_SAFE_INTEGER);
    }
    const { fromSequence = 0, beforeSequence = Infinity, fromTimestampUs = 0, beforeTimestampUs = Infinity } = filter;
    const { kind, lane, entity, scope } = filter;
    const [entityPlace, scopePlace] = [entity, scope].map((text) => (text === undefined ? text : this.findText(text)));
    const ranges: Zone[] = [
      [fromSequence, beforeSequence - 1],
      [scopePlace ?? 0, scopePlace ?? Infinity],
      [lane ?? 0, lane ?? Infinity],
      [kind ?? 0, kind ?? Infinity],
      [fromTimestampUs, beforeTimestampUs - 1],
    ];
    return new Sdx4Selection(this.#tables, ranges, entityPlace);
  }

  /** Checks every byte of the footer, at the speed of the checksum: throws at the first block that is damaged. */
  checkAll(): void {
    this.#tables.checkAll();
  }
}
