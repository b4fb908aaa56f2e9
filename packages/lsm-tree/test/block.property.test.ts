// Laws 2 to 6 for one data block: what goes in comes out, in both directions and from every place, and nothing else decodes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockBuilder, BlockCursor } from "../src/format-entry.js";
import { BlockShape, checkBlockShape } from "../src/sstable/block-shape.js";
import { LsmError } from "../src/lsm-error.js";
import {
  backward,
  bytesOf,
  entryOf,
  forward,
  isSame,
  keys,
  lowerBound,
  sorted,
  viewOf,
  type Entry,
} from "./support/entries.js";

function encode(entries: readonly Entry[], restartInterval: number): Uint8Array {
  const builder = new BlockBuilder(restartInterval);
  for (const entry of entries) builder.add(viewOf(entry));
  return builder.bytes.slice(0, builder.finish());
}

function cursorOver(block: Uint8Array): BlockCursor {
  checkBlockShape(block, new BlockShape());
  const cursor = new BlockCursor();
  cursor.load(block);
  return cursor;
}

const intervals = fc.constantFrom(1, 2, 3, 16, 255);
const some = sorted(60).filter((entries) => entries.length > 0);

test("law 3: entries come back, forward and backward", () => {
  fc.assert(
    fc.property(some, intervals, (entries, interval) => {
      const cursor = cursorOver(encode(entries, interval));
      expect(forward(cursor)).toEqual(entries);
      expect(backward(cursor)).toEqual(entries.toReversed());
    }),
    { numRuns: 300 },
  );
});

test("every place is found, and from every place both neighbours", () => {
  fc.assert(
    fc.property(
      some,
      intervals,
      keys,
      fc.constantFrom(-1, 0, 5, 1000, Number.MAX_SAFE_INTEGER),
      (entries, interval, key, seqno) => {
        const cursor = cursorOver(encode(entries, interval));
        const targets = [{ key, seqno }, ...entries.map((entry) => ({ key: entry.key, seqno })), ...entries];
        for (const target of targets) {
          const at = lowerBound(entries, target.key, target.seqno);
          cursor.seek(target.key, target.seqno);
          expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at]);
          if (cursor.valid) {
            cursor.next();
            expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at + 1]);
          }
          cursor.seekBefore(target.key, target.seqno);
          expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at - 1]);
          if (cursor.valid) {
            cursor.prev();
            expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at - 2]);
          }
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("a walk of any turns stays where a list would be", () => {
  fc.assert(
    fc.property(
      some,
      intervals,
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.nat(),
      (entries, interval, turns, start) => {
        const cursor = cursorOver(encode(entries, interval));
        let at = start % entries.length;
        cursor.seek(entries[at]!.key, entries[at]!.seqno);
        for (const isForward of turns) {
          const to = isForward ? at + 1 : at - 1;
          if (to < 0 || to >= entries.length) continue;
          if (isForward) cursor.next();
          else cursor.prev();
          at = to;
          expect(entryOf(cursor)).toEqual(entries[at]);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("law 6: the empty key and the empty value are there and come first", () => {
  const entries = [
    { key: new Uint8Array(), seqno: 4, value: new Uint8Array() },
    { key: new Uint8Array(), seqno: 2, value: undefined },
    { key: Uint8Array.of(0), seqno: 3, value: bytesOf("x") },
  ];
  expect(forward(cursorOver(encode(entries, 16)))).toEqual(entries);
});

test("more than 64 KiB of entries, and a value larger than that", () => {
  const large = Array.from({ length: 40 }, (_, at) => ({
    key: bytesOf(`k${at + 10}`),
    seqno: at + 1,
    value: new Uint8Array(3000).fill(at),
  }));
  const entries = [...large, { key: bytesOf("z"), seqno: 99, value: new Uint8Array(100_000).fill(1) }];
  const cursor = cursorOver(encode(entries, 3));
  expect(isSame(forward(cursor), entries)).toBe(true);
  expect(isSame(backward(cursor), entries.toReversed())).toBe(true);
});

/** Everything a cursor can be asked, of any bytes: an answer or a coded error with an offset inside, after a bounded number of steps. */
function checkAll(block: Uint8Array): void {
  try {
    const cursor = cursorOver(block);
    let steps = 0;
    const walk = (move: () => void): void => {
      for (; cursor.valid; move()) {
        if (++steps > 4 * block.length) throw new Error("does not end");
        expect(cursor.valueEnd).toBeLessThanOrEqual(block.length);
        expect(cursor.kind === 1 || cursor.kind === 2).toBe(true);
      }
    };
    cursor.first();
    walk(() => cursor.next());
    cursor.last();
    walk(() => cursor.prev());
    cursor.seek(bytesOf("a"), 5);
    cursor.seekBefore(bytesOf("!sub!user:3"), 5);
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    expect(["LSM_CORRUPT", "LSM_UNSUPPORTED"]).toContain(error.code);
    expect(error.context.offset).toBeLessThanOrEqual(block.length);
  }
}

const sample = encode(
  [
    { key: bytesOf("!sub!user:1"), seqno: 900, value: bytesOf("one") },
    { key: bytesOf("!sub!user:1"), seqno: 20, value: undefined },
    { key: bytesOf("!sub!user:12"), seqno: 901, value: new Uint8Array(200) },
    { key: bytesOf("!sub!user:2"), seqno: 900, value: new Uint8Array() },
    { key: bytesOf("!sub!user:20"), seqno: 70_000, value: bytesOf("x") },
  ],
  2,
);

test("negative space: every bit, every byte, every length", () => {
  for (let at = 0; at < sample.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = sample.slice();
      flipped[at] = flipped[at]! ^ (1 << bit);
      checkAll(flipped);
    }
    for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
      const forged = sample.slice();
      forged[at] = byte;
      checkAll(forged);
    }
    checkAll(sample.slice(0, at));
    checkAll(sample.slice(at));
  }
});

test("negative space: anything at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => checkAll(bytes)),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      some,
      intervals,
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      (entries, interval, place, piece) => {
        const block = encode(entries, interval);
        block.set(piece, Math.min(place % block.length, block.length - Math.min(piece.length, block.length)));
        checkAll(block);
      },
    ),
    { numRuns: 500 },
  );
});

test("law 5: zeros are no block, and no entry", () => {
  const corrupt = expect.objectContaining({ code: "LSM_CORRUPT" });
  for (const size of [0, 15, 16, 64, 4096]) expect(() => cursorOver(new Uint8Array(size))).toThrow(corrupt);
  // The first entry, its numbers zeroed: kind 0.
  expect(() => forward(cursorOver(sample.slice().fill(0, 0, 3)))).toThrow(
    expect.objectContaining({ message: expect.stringContaining("kind 0") }),
  );
  // All entries zeroed, the end sound: the restarts are where they were, and still nothing decodes.
  expect(() => forward(cursorOver(sample.slice().fill(0, 0, sample.length - 22)))).toThrow(corrupt);
});

test("law 4: a prefix longer than the restart's key, restarts that do not ascend or lie outside, are refused", () => {
  const corrupt = expect.objectContaining({ code: "LSM_CORRUPT" });
  const shared = sample.indexOf(11, 16); // the second entry shares all eleven bytes of the first
  const longer = sample.slice();
  longer[shared] = 12;
  expect(() => forward(cursorOver(longer))).toThrow(corrupt);
  const restarts = sample.length - 16 - 3 * 2;
  for (const [index, place] of [
    [0, 1],
    [1, 0],
    [2, 3],
    [2, restarts],
    [1, 0xffff],
  ] as const) {
    const forged = sample.slice();
    new DataView(forged.buffer).setUint16(restarts + 2 * index, place, true);
    expect(() => cursorOver(forged)).toThrow(corrupt);
  }
});

test("a prefix of four gigabytes costs an error, not its memory", () => {
  // Found by bad-input.fault.test.ts, seed 1008197 of "table under good checksums".
  for (const shared of [
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ]) {
    const entry = [...shared, 0, 0x82];
    const head = [0, 1, 0x82, 0x61];
    const places = [0, 0];
    const footer = [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0];
    const block = Uint8Array.from([...head, ...entry, ...places, ...footer]);
    expect(() => forward(cursorOver(block))).toThrow("shares more than there is");
  }
});

test("kinds of later versions are refused as such, on the way and on arrival", () => {
  const forged = sample.slice();
  const tag = sample.indexOf(0x81); // put, seqno equals the base
  forged[tag] = 0x84;
  expect(() => forward(cursorOver(forged))).toThrow(expect.objectContaining({ code: "LSM_UNSUPPORTED" }));
  forged[tag] = 0xa1;
  expect(() => forward(cursorOver(forged))).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
});
