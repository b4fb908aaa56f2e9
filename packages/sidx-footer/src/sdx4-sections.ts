import { MAX_WIDTH, columnHeaderBytes } from "./sdx4-columns.js";
import * as at from "./sdx4-layout.js";

/**
 * The runs of blocks that make up a footer. Entry count and string count decide how many blocks each has, so how long the
 * directory is and where every record lies: no field states it a second time.
 */

/** In the order in which they lie in the footer, and their records in the directory. */
export const sectionNames = ["rows", "eventIds", "entities", "strings", "stringKeys"] as const;

export type SectionName = (typeof sectionNames)[number];

interface Shape {
  readonly of: "entries" | "strings";
  readonly itemsPerBlock: number;
  /** Zones in a record. */
  readonly zoneCount: number;
  /** By how much the first zone of a block lies above that of the block before, at least. */
  readonly zoneStep: number;
  readonly headerBytes: number;
  /** Bytes that an item takes at least and at most. */
  readonly leastItemBytes: number;
  readonly mostItemBytes: number;
}

const index = {
  itemsPerBlock: at.PAIRS_PER_BLOCK,
  zoneCount: 1,
  zoneStep: 0,
  headerBytes: columnHeaderBytes(2, 0),
  leastItemBytes: 0,
  mostItemBytes: 4 + 4,
} as const;

const shapes: Readonly<Record<SectionName, Shape>> = {
  rows: {
    of: "entries",
    itemsPerBlock: at.ROWS_PER_BLOCK,
    zoneCount: at.ZONE_COLUMNS,
    zoneStep: 1,
    headerBytes: columnHeaderBytes(at.NUMERIC_COLUMNS.length, at.BYTE_COLUMNS.length),
    leastItemBytes: at.ID_BYTES,
    mostItemBytes: at.NUMERIC_COLUMNS.length * MAX_WIDTH + at.BYTE_WIDTHS.reduce((sum, width) => sum + width),
  },
  eventIds: { of: "entries", ...index },
  entities: { of: "entries", ...index },
  strings: {
    of: "strings",
    itemsPerBlock: at.STRINGS_PER_BLOCK,
    zoneCount: 0,
    zoneStep: 0,
    headerBytes: 0,
    leastItemBytes: 2,
    mostItemBytes: 2 + at.MAX_STRING_BYTES,
  },
  stringKeys: { of: "strings", ...index },
};

export interface Section extends Shape {
  readonly name: SectionName;
  readonly itemCount: number;
  readonly blockCount: number;
  readonly recordBytes: number;
  /** Number of its first block among all blocks of the footer. */
  readonly firstBlock: number;
  /** Offset of its first record in the directory. */
  readonly recordsOffset: number;
}

/** All sections of a footer, empty ones included. */
export interface Sections {
  readonly list: readonly Section[];
  readonly blockCount: number;
  readonly directoryBytes: number;
  /** Fewer bytes cannot hold so many items: what the counts are held against before anything is allocated for them. */
  readonly leastBytes: number;
}

export function sectionsOf(entryCount: number, stringCount: number): Sections {
  let firstBlock = 0;
  let recordsOffset = 0;
  let leastBytes: number = at.TRAILER_BYTES;
  const list = sectionNames.map((name) => {
    const shape = shapes[name];
    const itemCount = shape.of === "entries" ? entryCount : stringCount;
    const blockCount = Math.ceil(itemCount / shape.itemsPerBlock);
    const recordBytes = at.RECORD_ZONES + shape.zoneCount * at.ZONE_BYTES;
    const section = { ...shape, name, itemCount, blockCount, recordBytes, firstBlock, recordsOffset };
    firstBlock += blockCount;
    recordsOffset += blockCount * recordBytes;
    leastBytes += blockCount * (recordBytes + shape.headerBytes) + itemCount * shape.leastItemBytes;
    return section;
  });
  return { list, blockCount: firstBlock, directoryBytes: recordsOffset, leastBytes };
}

/** How many items a block holds: all that it can, but for the last one. */
export function itemsIn({ itemsPerBlock, itemCount }: Section, block: number): number {
  return Math.min(itemsPerBlock, itemCount - block * itemsPerBlock);
}

/** Whether a block of so many items may have such a length. */
export function fits(section: Section, block: number, length: number): boolean {
  const items = itemsIn(section, block);
  const { headerBytes, leastItemBytes, mostItemBytes } = section;
  const least = headerBytes + items * leastItemBytes;
  return length % 8 === 0 && length >= least && length <= at.padded(headerBytes + items * mostItemBytes);
}
