// What a block may hold, under checksums that are made good: everything that no encoder writes is refused when it is looked at.
import { describe, expect, test } from "vitest";
import { crc32 } from "@holdfast/segment-codec";
import type { Sdx4Column } from "../src/index.js";
import { encode, errorOf, open } from "./support/sdx4-entries.js";
import { columnBlock, forge, sectionBlocks, viewOf, type RawColumn } from "./support/sdx4-parts.js";
import { plainEntry, plainFooter, richFooter } from "./support/sdx4-samples.js";

/** Three entries, column by column in the order of the format. */
const numbers: Readonly<Record<Sdx4Column, readonly number[]>> = {
  sequence: [7, 8, 300],
  scope: [1, 1, 1],
  lane: [2, 2, 5],
  kind: [9, 4096, 9],
  timestampUs: [1_700_000_000_000_000, 1_700_000_000_000_000, 1_600_000_000_000_000],
  entity: [0, 1, 2],
  revision: [2 ** 40, 0, 3],
  depth: [0, 0, 1],
  flags: [0, 3, 0],
  frameOffset: [64, 104, 104],
  frameLength: [40, 80, 80],
  batchIndex: [0, 0, 1],
};
const columns = Object.keys(numbers) as readonly Sdx4Column[]; // its keys are its type
const eventIds = Uint8Array.from({ length: 48 }, (_, at) => at + 1);
const texts = ["entity", "scope", "other"];
const sample = encode(
  [0, 1, 2].map((row) => {
    const of = (name: Sdx4Column): number => numbers[name][row] ?? 0;
    return {
      ...plainEntry(row),
      ...(Object.fromEntries(columns.map((name) => [name, of(name)])) as Record<Sdx4Column, number>), // all of them
      ...{ entity: texts[of("entity")] ?? "", scope: texts[of("scope")] ?? "" },
      ...{ eventId: eventIds.slice(16 * row, 16 * row + 16), correlationId: undefined },
    };
  }),
  { coveredBytes: 184 },
);

const nothing = new Uint8Array();

/** The block of the three entries, with some columns changed. */
function rowsWith(changes: Readonly<Partial<Record<Sdx4Column, RawColumn>>>): Uint8Array {
  const numeric = columns.map((name) => changes[name] ?? { values: numbers[name] });
  return columnBlock(numeric, [eventIds, nothing, nothing, nothing]);
}

/** A footer whose block of rows is another, and whose zones are what the block says unless they are left as they were. */
function footerWith(block: Uint8Array, zones: Readonly<Record<number, readonly [number, number]>> = {}): Uint8Array {
  return forge(sample, ({ blocks, records }) => {
    blocks[sectionBlocks.rows] = block;
    for (const [column, [least, most]] of Object.entries(zones)) {
      viewOf(records[0]).setBigUint64(8 + 16 * Number(column), BigInt(least), true);
      viewOf(records[0]).setBigUint64(16 + 16 * Number(column), BigInt(most), true);
    }
  });
}

function refusal(bytes: Uint8Array, name: Sdx4Column): readonly unknown[] {
  const { code, context } = errorOf(() => open(bytes).valueOf(name, 0));
  return [code, context.field, context.offset];
}

test("the block of the three entries is what the encoder makes of them", () => {
  expect(Buffer.compare(footerWith(rowsWith({})), sample)).toBe(0);
  const footer = open(sample);
  for (const name of columns) expect([...footer.viewRows(0).column(name)]).toEqual(numbers[name]);
});

describe("rows", () => {
  const limits: readonly (readonly [Sdx4Column, number])[] = [
    ["scope", 2],
    ["lane", 0xffff_ffff],
    ["kind", 0xffff],
    ["entity", 2],
    ["depth", 0xffff_ffff],
    ["flags", 0xffff],
    ["frameLength", 0xffff_ffff],
    ["batchIndex", 0xffff_ffff],
  ];

  test.each(limits)("%s up to %i, and no further", (name, limit) => {
    const column = columns.indexOf(name);
    const with3 = (most: number): Uint8Array => {
      const bytes = footerWith(
        rowsWith({ [name]: { values: [0, 0, most] } }),
        column < 5 ? { [column]: [0, most] } : {},
      );
      return forge(bytes, ({ trailer }) => viewOf(trailer).setBigUint64(0, 2n ** 40n, true));
    };
    expect(open(with3(limit)).valueOf(name, 2)).toBe(limit);
    expect(refusal(with3(limit + 1), name)).toEqual(["SIDX_MALFORMED", name, 0]);
  });

  test.each(columns)("%s above 2^53-1, by its base or by a distance", (name) => {
    const block = rowsWith({});
    viewOf(block).setBigUint64(16 + 8 * columns.indexOf(name), 2n ** 53n, true);
    expect(refusal(footerWith(block), name)).toEqual(["SIDX_MALFORMED", name, 0]);
    viewOf(block).setBigUint64(16 + 8 * columns.indexOf(name), 2n ** 53n - 1n, true);
    expect(refusal(footerWith(block), name).slice(0, 2)).toEqual(["SIDX_MALFORMED", name]);
  });

  test("revisions up to 2^53-1, in seven bytes", () => {
    const values = [Number.MAX_SAFE_INTEGER, 0, 2 ** 48];
    expect([
      ...open(footerWith(rowsWith({ revision: { values } })))
        .viewRows(0)
        .column("revision"),
    ]).toEqual(values);
    const wider = { values, width: 8 };
    expect(refusal(footerWith(rowsWith({ revision: wider })), "revision").slice(0, 2)).toEqual([
      "SIDX_MALFORMED",
      "width",
    ]);
    const block = rowsWith({ revision: { values: [2 ** 52, 0, 0] } });
    viewOf(block).setBigUint64(16 + 8 * columns.indexOf("revision"), 2n ** 52n, true);
    expect(refusal(footerWith(block), "revision").slice(0, 2)).toEqual(["SIDX_MALFORMED", "revision"]);
  });

  test("a base that is not the smallest number, a width that is not the smallest that will do", () => {
    const revision = { values: [5, 6, 7] };
    for (const other of [
      { ...revision, base: 4 },
      { ...revision, width: 2 },
      { values: [5, 5, 5], width: 1 },
    ]) {
      expect(refusal(footerWith(rowsWith({ revision: other })), "revision")).toEqual(["SIDX_MALFORMED", "revision", 0]);
    }
  });

  test.each(columns.slice(0, 5))("a %s outside its zone, or a zone with nothing at its ends", (name) => {
    const column = columns.indexOf(name);
    const [least, most] = [Math.min(...numbers[name]), Math.max(...numbers[name])];
    const block = rowsWith({});
    for (const zone of [
      [least - 1, most],
      [least, most + 1],
      [least, most - 1],
      [least + 1, most],
    ] as const) {
      if (zone[0] > zone[1]) continue;
      expect(refusal(footerWith(block, { [column]: zone }), name)).toEqual(["SIDX_MALFORMED", name, 0]);
    }
  });

  test("sequences that do not ascend", () => {
    for (const [values, entry] of [
      [[7, 7, 300], 1],
      [[7, 300, 299], 2],
    ] as const) {
      const bytes = footerWith(rowsWith({ sequence: { values } }));
      const { code, context } = errorOf(() => open(bytes).valueOf("sequence", 0));
      expect([code, context.field, context.entry]).toEqual(["SIDX_MALFORMED", "sequence", entry]);
    }
  });

  test("frames that go back, or end behind the covered bytes", () => {
    for (const [frameOffset, frameLength, entry] of [
      [[64, 104, 103], [40, 40, 40], 2],
      [[64, 104, 104], [40, 81, 80], 1],
      [[64, 104, 145], [40, 40, 40], 2],
    ] as const) {
      const bytes = footerWith(
        rowsWith({ frameOffset: { values: frameOffset }, frameLength: { values: frameLength } }),
      );
      const { code, context } = errorOf(() => open(bytes).valueOf("frameOffset", 0));
      expect([code, context.field, context.entry]).toEqual(["SIDX_MALFORMED", "frameOffset", entry]);
    }
  });

  test.each([
    [0, 8],
    [12, 0],
    [12, 15],
    [13, 16],
    [13, 31],
    [14, 1],
    [15, 32],
  ])("width %i as %i", (column, width) => {
    const bytes = forge(richFooter(), ({ blocks }) => viewOf(blocks[0]).setUint8(column, width));
    const { code, context } = errorOf(() => open(bytes).valueOf("lane", 0));
    expect([code, context.field]).toEqual(["SIDX_MALFORMED", "width"]);
  });

  test("widths that do not account for the length", () => {
    for (const column of [1, 6, 13, 14]) {
      const bytes = forge(richFooter(), ({ blocks }) => {
        const view = viewOf(blocks[0]);
        view.setUint8(column, view.getUint8(column) === 0 ? 7 : 0);
      });
      const { code, context } = errorOf(() => open(bytes).valueOf("lane", 0));
      expect([code, context.field]).toEqual(["SIDX_MALFORMED", "length"]);
    }
  });

  test("padding that is not zero", () => {
    const block = rowsWith({});
    expect(block.at(-1)).toBe(0);
    block[block.length - 1] = 1;
    expect(refusal(footerWith(block), "lane").slice(0, 2)).toEqual(["SIDX_MALFORMED", "padding"]);
  });
});

describe("an index", () => {
  const keys = [0x4000_0000, 0x5000_0000, 0x6000_0000];
  const indexed = (pairs: readonly (readonly [number, number])[], zone: readonly [number, number]): Uint8Array =>
    forge(sample, ({ blocks, records }) => {
      const [key, place] = [pairs.map(([one]) => one), pairs.map(([, one]) => one)];
      blocks[sectionBlocks.eventIds] = columnBlock([{ values: key }, { values: place }], []);
      viewOf(records[1]).setBigUint64(8, BigInt(zone[0]), true);
      viewOf(records[1]).setBigUint64(16, BigInt(zone[1]), true);
    });
  /** Any id with a key between the first and the last makes the block be read. */
  const ask = (bytes: Uint8Array): readonly unknown[] => {
    const id = new Uint8Array(16); // its CRC-32 is ecbb4b55
    const { code, context } = errorOf(() => open(bytes).findEventId(id));
    return [code, context.field];
  };
  const [first = 0, , last = 0] = keys;
  const around: readonly [number, number] = [first, 0xffff_ffff];

  test("keys and places as they should be lead to entries, and entries are asked for their own id", () => {
    const key = 0xecbb_4b55;
    const bytes = indexed(
      [
        [first, 2],
        [key, 0],
        [key, 1],
      ],
      [first, key],
    );
    expect(open(bytes).findEventId(new Uint8Array(16))).toBe(-1);
  });

  test("event ids that share a key are told apart", () => {
    // What makes a CRC come out as it was is any bytes, and behind them their own CRC without its initial value.
    const twin = (id: Uint8Array, step: number): Uint8Array => {
      const head = new Uint8Array(12).fill(step);
      const change = new DataView(new ArrayBuffer(16));
      new Uint8Array(change.buffer).set(head);
      change.setUint32(12, crc32(head) ^ crc32(new Uint8Array(12)), true);
      return id.map((byte, at) => byte ^ change.getUint8(at));
    };
    const first = plainEntry(0).eventId;
    const [second, third] = [twin(first, 1), twin(first, 2)];
    expect([crc32(second), crc32(third)]).toEqual([crc32(first), crc32(first)]);
    const footer = open(encode([plainEntry(0), plainEntry(1), plainEntry(2, { eventId: second })]));
    expect([first, second, third].map((id) => footer.findEventId(id))).toEqual([0, 2, -1]);
  });

  test("keys that go back, places that go back or stand there twice", () => {
    const key = 0xecbb_4b55;
    for (const pairs of [
      [
        [first, 0],
        [key, 1],
        [last, 2],
      ],
      [
        [first, 0],
        [key, 2],
        [key, 1],
      ],
      [
        [first, 0],
        [key, 1],
        [key, 1],
      ],
    ] as const) {
      expect(ask(indexed(pairs, [first, key]))).toEqual(["SIDX_MALFORMED", "key"]);
    }
  });

  test("a place behind the last entry, a key of more than 32 bits, a zone that is another", () => {
    const key = 0xffff_ffff;
    expect(
      ask(
        indexed(
          [
            [first, 0],
            [last, 1],
            [key, 3],
          ],
          around,
        ),
      ),
    ).toEqual(["SIDX_MALFORMED", "place"]);
    const wide = 2 ** 32 + first - 1;
    expect(
      ask(
        indexed(
          [
            [first, 0],
            [last, 1],
            [wide, 2],
          ],
          [first, wide],
        ),
      ),
    ).toEqual(["SIDX_MALFORMED", "key"]);
    expect(
      ask(
        indexed(
          [
            [first, 0],
            [last, 1],
            [key - 1, 2],
          ],
          around,
        ),
      ),
    ).toEqual(["SIDX_MALFORMED", "key"]);
    expect(
      ask(
        indexed(
          [
            [first + 1, 0],
            [last, 1],
            [key, 2],
          ],
          around,
        ),
      ),
    ).toEqual(["SIDX_MALFORMED", "key"]);
  });

  test("padding that is not zero, in its header and behind it", () => {
    for (const at of [2, 7, -1]) {
      const bytes = forge(sample, ({ blocks, records }) => {
        const block = columnBlock([{ values: [first, last, 0xffff_ffff] }, { values: [0, 1, 2] }], []);
        block[at < 0 ? block.length + at : at] = 1;
        blocks[sectionBlocks.eventIds] = block;
        viewOf(records[1]).setBigUint64(8, BigInt(first), true);
        viewOf(records[1]).setBigUint64(16, 0xffff_ffffn, true);
      });
      expect(ask(bytes)).toEqual(["SIDX_MALFORMED", "padding"]);
    }
  });

  test("an index of entities that lists the entries of others", () => {
    const bytes = forge(sample, ({ blocks }) => {
      blocks[sectionBlocks.entities] = columnBlock([{ values: [0, 1, 2] }, { values: [1, 0, 2] }], []);
    });
    const selection = open(bytes).select({ entity: "entity" });
    expect(selection.next()).toBe(false);
    const honest = open(sample).select({ entity: "entity" });
    expect([honest.next(), honest.ordinal, honest.next()]).toEqual([true, 0, false]);
  });
});

describe("strings", () => {
  const strings = (lengths: readonly number[], bytes: readonly number[]): Uint8Array =>
    forge(sample, ({ blocks }) => {
      const block = [...lengths.flatMap((length) => [length & 0xff, length >>> 8]), ...bytes];
      blocks[sectionBlocks.strings] = Uint8Array.from([...block, ...new Uint8Array(-block.length & 7)]);
    });
  const refused = (bytes: Uint8Array): readonly unknown[] => {
    const { code, context } = errorOf(() => open(bytes).text(0));
    return [code, context.field];
  };
  const letters = (count: number): readonly number[] => new Array<number>(count).fill(0x61);

  test("lengths and bytes are exactly the block", () => {
    expect(open(strings([1, 0, 2], letters(3))).text(2)).toBe("aa");
    expect([...open(strings([1, 0, 2], letters(3))).viewText(2)]).toEqual([0x61, 0x61]);
    expect(refused(strings([1, 0, 20], letters(3)))).toEqual(["SIDX_MALFORMED", "length"]);
    expect(refused(strings([1, 0, 1], letters(20)))).toEqual(["SIDX_MALFORMED", "length"]);
    expect(refused(strings([1, 0, 4], letters(6)))).toEqual(["SIDX_MALFORMED", "padding"]);
  });

  test("up to 1024 bytes each", () => {
    expect(open(strings([1024, 0, 0], letters(1024))).text(0)).toHaveLength(1024);
    expect(refused(strings([1025, 0, 0], letters(1025)))).toEqual(["SIDX_MALFORMED", "string length"]);
  });

  test("bytes that are not UTF-8", () => {
    for (const bytes of [
      [0xff, 0x61],
      [0xed, 0xa0],
      [0xc0, 0x80],
      [0x61, 0xe2],
    ]) {
      expect(refused(strings([2, 0, 0], bytes))).toEqual(["SIDX_MALFORMED", "string"]);
    }
    expect(open(strings([4, 0, 0], [0xef, 0xbb, 0xbf, 0x61])).text(0)).toBe("\ufeffa");
  });

  test("a string that another one's key leads to is not taken for it", () => {
    const bytes = forge(plainFooter(1), ({ blocks }) => {
      const block = blocks[sectionBlocks.strings];
      if (block !== undefined) block[4] = 0x45; // Entity:0 under the key of entity:0
    });
    expect(open(bytes).findText("entity:0")).toBe(-1);
    expect(open(bytes).findText("scope:0")).toBe(1);
  });
});
