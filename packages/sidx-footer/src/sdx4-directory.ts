import { peekUint64 } from "@holdfast/segment-codec";
import type { BlockPlace } from "./sdx4-blocks.js";
import * as at from "./sdx4-layout.js";
import { fits, type Section, type SectionName, type Sections } from "./sdx4-sections.js";
import { SidxError, malformed } from "./sidx-error.js";

/** Least and greatest number of a column in one block. */
export type Zone = readonly [number, number];

/** The columns whose least and greatest number the directory states for every block. */
export type ZoneColumn = (typeof at.ZONE_COLUMNS)[number];

/**
 * The records of all blocks. Their checksum has been checked by whoever hands over the bytes; here every number in them is held
 * against the file and against its neighbours.
 */
export class Sdx4Directory {
  /** Where the first block begins in the file. */
  readonly startOffset: number;
  #sections: Sections;
  #view: DataView;
  /** Where each block begins in the file, and the directory behind the last. */
  #offsets: Float64Array;

  /**
   * @param bytes - borrowed as long as this object lives.
   * @param offset - of the directory in the file.
   * @throws {@link SidxError} `SIDX_OUT_OF_BOUNDS` when the blocks would begin before the file, `SIDX_MALFORMED` when a record
   * holds what no encoder writes.
   */
  constructor(bytes: Uint8Array, offset: number, sections: Sections) {
    this.#view = at.viewOf(bytes);
    this.#sections = sections;
    this.#offsets = this.#layOut(offset);
    this.startOffset = this.#offsets[0] ?? offset;
    for (const section of sections.list) {
      let last = -1;
      for (let block = 0; block < section.blockCount; block++) {
        last = this.#checkRecord(section, recordOf(section, block), last, offset);
      }
    }
  }

  section(name: SectionName): Section {
    const found = this.#sections.list.find((section) => section.name === name);
    if (found === undefined) throw new Error(`a footer has no section ${name}`);
    return found;
  }

  place(section: Section, block: number): BlockPlace {
    const index = section.firstBlock + block;
    const offset = this.#offsets[index] ?? 0;
    const length = (this.#offsets[index + 1] ?? 0) - offset;
    return { offset, length, crc: this.#view.getUint32(recordOf(section, block) + at.RECORD_CRC, true) };
  }

  zone(rows: Section, block: number, column: ZoneColumn): Zone {
    const start = recordOf(rows, block) + at.ROW_RECORD_ZONES + at.ZONE_COLUMNS.indexOf(column) * 16;
    return [peekUint64(this.#view, start), peekUint64(this.#view, start + 8)];
  }

  firstKey(index: Section, block: number): number {
    return this.#view.getUint32(recordOf(index, block) + at.INDEX_RECORD_FIRST_KEY, true);
  }

  lastKey(index: Section, block: number): number {
    return this.#view.getUint32(recordOf(index, block) + at.INDEX_RECORD_LAST_KEY, true);
  }

  /** The blocks lie one behind the other and end where the directory begins, so their lengths say where each is. */
  #layOut(offset: number): Float64Array {
    const { list, blockCount } = this.#sections;
    const offsets = new Float64Array(blockCount + 1);
    let total = 0;
    for (const section of list) {
      for (let block = 0; block < section.blockCount; block++) {
        const record = recordOf(section, block);
        const length = this.#view.getUint32(record + at.RECORD_LENGTH, true);
        if (!fits(section, block, length)) throw malformed("record", offset + record, "length");
        offsets[section.firstBlock + block] = total;
        total += length;
      }
    }
    offsets[blockCount] = total;
    if (total > offset) {
      const message = `the blocks of the footer take ${total} bytes, and ${offset} lie before its directory`;
      throw new SidxError("SIDX_OUT_OF_BOUNDS", message, { offset, expected: offset, actual: total, field: "length" });
    }
    for (let block = 0; block <= blockCount; block++) offsets[block]! += offset - total; // as many as there are
    return offsets;
  }

  /** Returns what the next record of the section has to be above, or not below. */
  #checkRecord({ name }: Section, record: number, last: number, offset: number): number {
    const view = this.#view;
    if (name === "strings") return last;
    if (name !== "rows") {
      const first = view.getUint32(record + at.INDEX_RECORD_FIRST_KEY, true);
      const end = view.getUint32(record + at.INDEX_RECORD_LAST_KEY, true);
      if (first < last || end < first) throw malformed("record", offset + record, "key");
      return end;
    }
    for (let zone = record + at.ROW_RECORD_ZONES; zone < record + at.ROW_RECORD_BYTES; zone += 16) {
      const least = peekUint64(view, zone); // above 2^53-1 it is -1
      if (least < 0 || peekUint64(view, zone + 8) < least) throw malformed("record", offset + record, "zone");
    }
    const sequences = record + at.ROW_RECORD_ZONES; // the first zone
    if (peekUint64(view, sequences) <= last) throw malformed("record", offset + record, "sequence");
    return peekUint64(view, sequences + 8);
  }
}

function recordOf(section: Section, block: number): number {
  return section.recordsOffset + block * section.recordBytes;
}
