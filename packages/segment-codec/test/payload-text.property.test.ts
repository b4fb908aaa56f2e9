// Text comes back as it was, whatever it begins with and however long it is: decoders change their ways with the length.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PayloadCodec } from "../src/payload-entry.js";

const codec = new PayloadCodec();
const MARK = "\ufeff";
const there = (value: unknown): unknown => codec.decode(codec.encode(value));

/** Every length in bytes up to 300, and those around the widths of a length and the steps in which text is decoded. */
const sizes = [
  ...Array.from({ length: 301 }, (_, size) => size),
  ...[0x1000, 0x1_0000].flatMap((size) => [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((step) => size + step)),
];
const units: readonly (readonly [string, number])[] = [
  ["a", 1],
  ["é", 2],
  ["€", 3],
  [MARK, 3],
  ["😀", 4],
];

describe("text that begins with U+FEFF", () => {
  test.each(units)("and goes on with %j, at every length: value, element, field and key", (unit, width) => {
    for (const size of sizes) {
      const rest = unit.repeat(Math.floor(size / width));
      const text = MARK + rest;
      const named = { [text]: 1, [rest]: 2, value: text };
      const back = there([text, named, rest]);
      expect([size, there(text) === text]).toEqual([size, true]);
      expect([size, JSON.stringify(back) === JSON.stringify([text, named, rest])]).toEqual([size, true]);
    }
  });

  test("is read from every spelling of its length", () => {
    const spelled = (head: readonly number[], text: string): unknown =>
      codec.decode(Uint8Array.from([0x93, 0x07, ...head, ...Buffer.from(text), 0x09]));
    for (const text of [MARK, `${MARK}k`, MARK + "k".repeat(28)]) {
      const length = Buffer.byteLength(text);
      const heads = [[0xa0 + length], [0xd9, length], [0xda, 0, length], [0xdb, 0, 0, 0, length]];
      for (const head of heads) expect(spelled(head, text)).toEqual([7, text, 9]);
    }
    const long = MARK + "é".repeat(100);
    for (const head of [
      [0xd9, 203],
      [0xda, 0, 203],
      [0xdb, 0, 0, 0, 203],
    ]) {
      expect(spelled(head, long)).toEqual([7, long, 9]);
    }
  });

  test("is not taken from an extension in a payload", () => {
    for (const head of ["c70375", "c8000375", "c90000000375"]) {
      expect(() => codec.decode(Buffer.from(`${head}efbbbf`, "hex"))).toThrow("an extension of type 117");
    }
  });

  test("costs the check nothing of what it finds: a key twice, and text that is not UTF-8", () => {
    const key = Buffer.from(MARK + "k".repeat(70));
    const twice = Buffer.concat([
      Buffer.from([0x82, 0xd9, 73]),
      key,
      Buffer.from([1, 0xd9, 73]),
      key,
      Buffer.from([2]),
    ]);
    expect(() => codec.decode(twice)).toThrow("twice");
    expect(() => codec.decode(Buffer.from("a4efbbbfff", "hex"))).toThrow("not UTF-8");
  });
});

test("any text is equal or refused, as a value and as a key: refused if half a surrogate pair is in it", () => {
  const unit = fc.constantFrom("a", "é", "€", "😀", MARK, "\ud83d", "\ude00", "\0");
  const text = fc
    .tuple(fc.constantFrom("", MARK, MARK + MARK), fc.string({ unit, maxLength: 90 }))
    .map(([one, two]) => one + two);
  const pieces = fc.oneof(
    text,
    text.map((value) => value.replaceAll(/\p{Surrogate}/gu, "?")),
  );
  fc.assert(
    fc.property(
      pieces,
      fc.string({ unit: "grapheme", maxLength: 200 }).filter((key) => key !== "__proto__"),
      (value, neighbour) => {
        for (const input of [value, [neighbour, value], { [neighbour]: value }, { [value]: neighbour }]) {
          if (isWhole(value)) expect(there(input)).toStrictEqual(input);
          else expect(() => codec.encode(input)).toThrow(expect.objectContaining({ code: "CODEC_PAYLOAD_REFUSED" }));
        }
      },
    ),
    { numRuns: 1000 },
  );
});

/** Whether UTF-8 can say it, in the words of the language: URIs are UTF-8. */
function isWhole(text: string): boolean {
  try {
    encodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
