// Every number of a footer is refused by its own check when it lies under checksums that are made good, and so is every wrong
// argument.
import { describe, expect, test } from "vitest";
import { sourceOf, type SegmentHeader } from "@holdfast/segment-codec";
import { openSdx4 } from "../src/index.js";
import { coverage, encode, errorOf, open } from "./support/sdx4-entries.js";
import { forge, sealRoot, sectionBlocks, takeApart, viewOf } from "./support/sdx4-parts.js";
import { plainEntries, plainEntry, plainFooter, richFooter } from "./support/sdx4-samples.js";

/** Code and field of the error that opening ends in. */
const refusal = (bytes: Uint8Array): readonly unknown[] => {
  const { code, context } = errorOf(() => openSdx4(bytes));
  return [code, context.field];
};

describe("the trailer", () => {
  test("counts are held against the size of the file before anything is read", () => {
    const sizes: number[] = [];
    const bytes = new Uint8Array(32);
    viewOf(bytes).setUint32(8, 0xffff_ffff, true);
    bytes.set(new TextEncoder().encode("SDX4"), 28);
    const source = sourceOf(bytes);
    const counted = {
      sizeBytes: 32,
      readAt: (target: Uint8Array, offset: number): number => {
        sizes.push(target.length);
        return source.readAt(target, offset);
      },
    };
    const { code, context } = errorOf(() => openSdx4(counted));
    expect([code, context.offset, context.expected]).toEqual(["SIDX_OUT_OF_BOUNDS", 8, 32]);
    expect(sizes).toEqual([32]);
  });

  test.each([8, 12])("a count at %i of more than the file could hold", (offset) => {
    const bytes = richFooter();
    for (const count of [0xffff, 0x7fff_ffff, 0xffff_ffff]) {
      viewOf(bytes).setUint32(bytes.length - 32 + offset, count, true);
      expect(refusal(bytes)).toEqual(["SIDX_OUT_OF_BOUNDS", "count"]);
    }
  });

  test("the least that entries take is what entries of zeros take", () => {
    const zeros = { eventId: new Uint8Array(16), entity: "", scope: "", frameOffset: 0, frameLength: 0, revision: 0 };
    const same = { ...zeros, lane: 0, kind: 0, timestampUs: 0 };
    const entries = Array.from({ length: 2048 }, (_, at) => plainEntry(at, { ...same, sequence: at }));
    const footer = encode(entries);
    expect(open(footer).entryCount).toBe(2048);
    // Two bytes of sequence, two of place in each index, and one string are what is above the least.
    const more = footer.slice();
    viewOf(more).setUint32(footer.length - 32 + 8, 2048 + 1024, true);
    expect(refusal(more)).toEqual(["SIDX_OUT_OF_BOUNDS", "count"]);
  });

  test("covered bytes above 2^53-1", () => {
    const footer = forge(richFooter(), ({ trailer }) => viewOf(trailer).setUint32(4, 0x20_0000, true));
    expect(refusal(footer)).toEqual(["SIDX_MALFORMED", "coveredBytes"]);
  });

  test("strings without entries, entries without strings, more strings than entries can name", () => {
    const without = (blocks: readonly number[], offset: number): Uint8Array =>
      forge(plainFooter(1), (parts) => {
        parts.blocks.splice(blocks[0] ?? 0, blocks.length);
        parts.records.splice(blocks[0] ?? 0, blocks.length);
        viewOf(parts.trailer).setUint32(offset, 0, true);
      });
    expect(refusal(without([0, 1, 2], 8))).toEqual(["SIDX_MALFORMED", "stringCount"]);
    expect(refusal(without([3, 4], 12))).toEqual(["SIDX_MALFORMED", "stringCount"]);
    const strings = takeApart(encode(["a", "b", "c"].map((entity, at) => plainEntry(at, { entity, scope: "a" }))));
    const three = forge(plainFooter(1), (parts) => {
      for (const at of [sectionBlocks.strings, sectionBlocks.stringKeys]) {
        parts.blocks[at] = strings.blocks[at] ?? new Uint8Array();
        parts.records[at] = strings.records[at] ?? new Uint8Array();
      }
      viewOf(parts.trailer).setUint32(12, 3, true);
    });
    expect(refusal(three)).toEqual(["SIDX_MALFORMED", "stringCount"]);
    expect(open(encode([])).entryCount).toBe(0);
  });

  test("a damaged root", () => {
    const { length } = richFooter();
    const { records } = takeApart(richFooter());
    const root = 28 + records.reduce((sum, record) => sum + record.length, 0);
    for (let at = length - 4 - root; at < length - 4; at++) {
      const bytes = richFooter();
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const isCount = at >= length - 24 && at < length - 16;
      if (isCount) expect(errorOf(() => openSdx4(bytes)).code).toMatch(/^SIDX_(OUT_OF_BOUNDS|CHECKSUM_MISMATCH)$/);
      else expect(refusal(bytes)).toEqual(["SIDX_CHECKSUM_MISMATCH", "directory"]);
    }
  });

  test("later formats by name, and whatever else is no footer", () => {
    const ending = (text: string): Uint8Array =>
      Uint8Array.from(Buffer.concat([new Uint8Array(60), Buffer.from(text)]));
    for (const magic of ["SDX5", "SDX9"]) {
      const { code, context } = errorOf(() => openSdx4(ending(magic)));
      expect([code, context.offset]).toEqual(["SIDX_UNSUPPORTED_VERSION", 60]);
    }
    for (const magic of ["SDX2", "SDX3", "SDX:", "SDXa", "SIDX", "TDX5", "SEX5", "SDY5", "\0\0\0\0"]) {
      expect(openSdx4(ending(magic))).toBeUndefined();
    }
    for (let size = 0; size < 32; size++) expect(openSdx4(richFooter().slice(-size || Infinity))).toBeUndefined();
  });

  test("a footer of another segment, or in another place", () => {
    const segment = { crc: coverage.segmentCrc } as SegmentHeader; // all that is looked at
    const bytes = (changes: object): Uint8Array => {
      const footer = encode(plainEntries(3), { coveredBytes: 184, ...changes });
      return Uint8Array.from(Buffer.concat([new Uint8Array(184 + 32), footer]));
    };
    expect(openSdx4(bytes({}), { segment })?.entryCount).toBe(3);
    const other = errorOf(() => openSdx4(bytes({ segmentCrc: 1 }), { segment }));
    expect([other.code, other.context.field, other.context.actual]).toEqual(["SIDX_FOREIGN", "segmentCrc", 1]);
    const moved = errorOf(() => openSdx4(bytes({ coveredBytes: 192 }), { segment }));
    expect([moved.code, moved.context.field, moved.context.expected]).toEqual(["SIDX_FOREIGN", "coveredBytes", 184]);
  });
});

describe("a record", () => {
  const record = (index: number, change: (view: DataView) => void): readonly unknown[] => {
    const parts = takeApart(richFooter());
    change(viewOf(parts.records[index]));
    return refusal(sealRoot(parts));
  };

  test.each(Object.values(sectionBlocks))("a length that block %i cannot have", (index) => {
    const { length } = takeApart(richFooter()).blocks[index] ?? new Uint8Array();
    for (const wrong of [0, 8, length + 4, length + 1, 2 ** 20, 0xffff_fff8]) {
      expect(record(index, (view) => view.setUint32(0, wrong, true))).toEqual(["SIDX_MALFORMED", "length"]);
    }
  });

  test("lengths that are possible one by one and do not fit before the directory", () => {
    const parts = takeApart(plainFooter(1));
    const view = viewOf(parts.records[0]);
    view.setUint32(0, view.getUint32(0, true) + 8, true);
    const bytes = sealRoot(parts);
    expect(refusal(bytes)).toEqual(["SIDX_OUT_OF_BOUNDS", "length"]);
    expect(openSdx4(Buffer.concat([new Uint8Array(8), bytes]))?.startOffset).toBe(0);
  });

  test.each([0, 1, 2, 3, 4])("zone %i of rows upside down, or above 2^53-1", (zone) => {
    for (const offset of [8 + 16 * zone, 16 + 16 * zone]) {
      expect(record(0, (view) => view.setUint32(offset + 4, 0x20_0000, true))).toEqual(["SIDX_MALFORMED", "zone"]);
    }
    const turn = (view: DataView): void =>
      view.setBigUint64(8 + 16 * zone, view.getBigUint64(16 + 16 * zone, true) + 1n, true);
    expect(record(0, turn)).toEqual(["SIDX_MALFORMED", "zone"]);
  });

  test("keys upside down", () => {
    const turn = (view: DataView): void => view.setBigUint64(8, view.getBigUint64(16, true) + 1n, true);
    for (const index of [sectionBlocks.eventIds, sectionBlocks.entities, sectionBlocks.stringKeys]) {
      expect(record(index, turn)).toEqual(["SIDX_MALFORMED", "zone"]);
    }
  });

  test("blocks that are out of order, or there twice", () => {
    const moved = (to: number, from: number, other: number): Uint8Array =>
      forge(plainFooter(9000), ({ blocks, records }) => {
        const [blocksBefore, recordsBefore] = [[...blocks], [...records]];
        for (const [target, source] of [
          [to, from],
          [from, other],
        ] as const) {
          blocks[target] = blocksBefore[source] ?? new Uint8Array();
          records[target] = Uint8Array.from(recordsBefore[source] ?? []);
        }
      });
    for (const first of [0, 3, 9, 12]) {
      expect(refusal(moved(first, first + 1, first))).toEqual(["SIDX_MALFORMED", "zone"]);
    }
    expect(refusal(moved(1, 0, 0))).toEqual(["SIDX_MALFORMED", "zone"]);
  });

  test("a sequence that two blocks could have", () => {
    const shared = forge(plainFooter(2048), ({ records }) => {
      viewOf(records[0]).setBigUint64(16, viewOf(records[1]).getBigUint64(8, true), true);
    });
    expect(refusal(shared)).toEqual(["SIDX_MALFORMED", "zone"]);
  });
});
