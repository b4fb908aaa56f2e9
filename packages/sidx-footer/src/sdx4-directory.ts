import { peekUint64 } from "@holdfast/segment-codec";
import type { BlockPlace } from "./sdx4-blocks.js";
import type { Zone } from "./sdx4-columns.js";
import * as at from "./sdx4-layout.js";
import { fits, type Section, type SectionName, type Sections } from "./sdx4-sections.js";
import { SidxError, malformed } from "./sidx-error.js";

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

  /** Least and greatest number of one of the first columns of a block; one above 2^53-1 is -1. */
  zone(section: Section, block: number, index = 0): Zone {
    const start = recordOf(section, block) + at.RECORD_ZONES + index * at.ZONE_BYTES;
    return [peekUint64(this.#view, start), peekUint64(this.#view, start + 8)];
  }

  /** The blocks lie one behind the other and end where the directory begins, so their lengths say where each is. */
  #layOut(offset: number): Float64Array {
    const { list, blockCount } = this.#sections;
    const offsets = new Float64Array(blockCount + 1);
    let total = 0;
    for (const section of list) {
      let last = -section.zoneStep;
      for (let block = 0; block < section.blockCount; block++) {
        const record = recordOf(section, block);
        const length = this.#view.getUint32(record + at.RECORD_LENGTH, true);
        if (!fits(section, block, length)) throw malformed("record", offset + record, "length");
        for (let zone = section.recordBytes - at.ZONE_BYTES; zone >= at.RECORD_ZONES; zone -= at.ZONE_BYTES) {
          const least = peekUint64(this.#view, record + zone);
          const most = peekUint64(this.#view, record + zone + 8);
          const isFirst = zone === at.RECORD_ZONES; // blocks are in the order of their first zone
          const floor = isFirst ? last + section.zoneStep : 0;
          if (least < floor || most < least) throw malformed("record", offset + record, "zone");
          if (isFirst) last = most;
        }
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
}

function recordOf(section: Section, block: number): number {
  return section.recordsOffset + block * section.recordBytes;
}
