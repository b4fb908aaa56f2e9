import type { BlockReader } from "./sdx4-blocks.js";
import { decodeIndexBlock, type IndexBlock } from "./sdx4-index.js";
import { ROWS_PER_BLOCK, STRINGS_PER_BLOCK } from "./sdx4-layout.js";
import type { Sdx4Root } from "./sdx4-root.js";
import { Sdx4Rows } from "./sdx4-rows.js";
import { itemsIn, sectionNames } from "./sdx4-sections.js";
import { StringBlock } from "./sdx4-strings.js";

/** The three indexes, by the section they are. */
export type IndexName = "eventIds" | "entities" | "stringKeys";

/**
 * The blocks of a footer, decoded: of rows and of each index the last one that was asked for stays in memory, of strings all of
 * them. So memory is bounded by the strings, the directory and a few hundred kilobytes.
 */
export class Sdx4Tables {
  readonly root: Sdx4Root;
  #reader: BlockReader;
  #rows: Sdx4Rows | undefined;
  #indexes = new Map<IndexName, { readonly block: number; readonly pairs: IndexBlock }>();
  #strings: (StringBlock | undefined)[] = [];

  constructor(reader: BlockReader, root: Sdx4Root) {
    this.#reader = reader;
    this.root = root;
  }

  /** The rows that hold an entry; `ordinal` is below the entry count. */
  rowsAt(ordinal: number): Sdx4Rows {
    const block = Math.floor(ordinal / ROWS_PER_BLOCK);
    const firstOrdinal = block * ROWS_PER_BLOCK;
    if (this.#rows?.firstOrdinal === firstOrdinal) return this.#rows;
    const { directory, trailer } = this.root;
    const section = directory.section("rows");
    const place = directory.place(section, block);
    this.#rows = new Sdx4Rows(this.#reader.viewBlock(place, "rows"), {
      offset: place.offset,
      firstOrdinal,
      count: itemsIn(section, block),
      coveredBytes: trailer.coveredBytes,
      stringCount: trailer.stringCount,
      zones: Array.from({ length: section.zoneCount }, (_, index) => directory.zone(section, block, index)),
    });
    return this.#rows;
  }

  /** A block of an index; `block` is below its number of blocks. */
  index(name: IndexName, block: number): IndexBlock {
    const known = this.#indexes.get(name);
    if (known?.block === block) return known.pairs;
    const { directory, trailer } = this.root;
    const section = directory.section(name);
    const place = directory.place(section, block);
    const pairs = decodeIndexBlock(this.#reader.viewBlock(place, "an index"), {
      offset: place.offset,
      count: itemsIn(section, block),
      zone: directory.zone(section, block),
      placeCount: name === "stringKeys" ? trailer.stringCount : trailer.entryCount,
    });
    this.#indexes.set(name, { block, pairs });
    return pairs;
  }

  /** The block of strings that holds one by its place, which is below the string count. */
  stringsAt(place: number): StringBlock {
    const block = Math.floor(place / STRINGS_PER_BLOCK);
    const known = this.#strings[block];
    if (known !== undefined) return known;
    const { directory } = this.root;
    const section = directory.section("strings");
    const blockPlace = directory.place(section, block);
    const bytes = this.#reader.viewBlock(blockPlace, "strings");
    const strings = new StringBlock(bytes, blockPlace.offset, itemsIn(section, block));
    this.#strings[block] = strings;
    return strings;
  }

  /** Reads every block, one after the other, and throws `SIDX_CHECKSUM_MISMATCH` at the first that is damaged. */
  checkAll(): void {
    const { directory } = this.root;
    for (const name of sectionNames) {
      const section = directory.section(name);
      for (let block = 0; block < section.blockCount; block++) {
        this.#reader.viewBlock(directory.place(section, block), name);
      }
    }
  }
}
