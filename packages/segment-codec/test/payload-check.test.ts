// Every byte that may begin a value, and both sides of every bound that a payload is held to, written out as bytes.
import { describe, expect, test } from "vitest";
import { PayloadCodec } from "../src/payload-entry.js";

const codec = new PayloadCodec();
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hex = (number: number): string => number.toString(16).padStart(2, "0");
const malformedAt = (offset: unknown): unknown =>
  expect.objectContaining({ code: "CODEC_PAYLOAD_MALFORMED", context: expect.objectContaining({ offset }) });

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
/** So many keys, "A" and what follows it, each with the value 1. */
const entries = (count: number): string =>
  range(0x41, 0x40 + count)
    .map((letter) => `a1${hex(letter)}01`)
    .join("");
const fields = (count: number): unknown =>
  Object.fromEntries(range(0x41, 0x40 + count).map((letter) => [String.fromCharCode(letter), 1]));

const texts: readonly (readonly [string, string])[] = [
  ...range(0, 31).map((length) => [`${hex(0xa0 + length)}${"78".repeat(length)}`, "x".repeat(length)] as const),
  ["d9 01 78", "x"],
  ["da 00 01 78", "x"],
  ["db 00 00 00 01 78", "x"],
];

/** By the rules of MessagePack, in the order of the first byte. */
const others: readonly (readonly [string, unknown])[] = [
  ...range(0, 127).map((number) => [hex(number), number] as const),
  ...range(0, 15).map((count) => [`${hex(0x80 + count)}${entries(count)}`, fields(count)] as const),
  ...range(0, 15).map((count) => [`${hex(0x90 + count)}${"c3".repeat(count)}`, Array<true>(count).fill(true)] as const),
  ["c0", null],
  ["c2", false],
  ["c3", true],
  ["c4 02 01 02", Uint8Array.of(1, 2)],
  ["c5 00 02 01 02", Uint8Array.of(1, 2)],
  ["c6 00 00 00 02 01 02", Uint8Array.of(1, 2)],
  ["c7 03 42 00 00 07", 7n],
  ["c8 00 03 42 00 00 07", 7n],
  ["c9 00 00 00 03 42 00 00 07", 7n],
  ["ca 3f c0 00 00", 1.5],
  ["cb 3f f8 00 00 00 00 00 00", 1.5],
  ["cc ff", 255],
  ["cd 01 00", 256],
  ["ce 00 01 00 00", 65536],
  ["cf 00 00 00 00 00 00 00 07", 7n],
  ["d0 80", -128],
  ["d1 ff 00", -256],
  ["d2 ff ff 00 00", -65536],
  ["d3 ff ff ff ff ff ff ff ff", -1n],
  ["d4 00 00", undefined],
  ["d5 42 00 07", 7n],
  ["d6 ff 00 00 00 01", new Date(1000)],
  ["d7 ff 00 00 00 00 00 00 00 01", new Date(1000)],
  ["d8 42 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 07", 7n],
  ["dc 00 01 c3", [true]],
  ["dd 00 00 00 01 c3", [true]],
  [`de 00 11 ${entries(17)}`, fields(17)],
  [`df 00 00 00 01 ${entries(1)}`, fields(1)],
  ...range(0xe0, 0xff).map((byte) => [hex(byte), byte - 256] as const),
];

test("every byte but one begins a value", () => {
  const heads = [...texts, ...others].map(([value]) => bytes(value)[0]);
  expect([...new Set(heads)].toSorted((a, b) => Number(a) - Number(b))).toEqual(
    range(0, 255).filter((byte) => byte !== 0xc1),
  );
});

test("each value is what it says, ends where it says, and is not there without its last byte", () => {
  for (const [value, expected] of [...texts, ...others]) {
    const alone = bytes(value);
    expect(codec.decode(alone), value).toStrictEqual(expected);
    expect(codec.decode(bytes(`92 ${value} ${value}`)), value).toStrictEqual([expected, expected]);
    expect(() => codec.decode(alone.subarray(0, -1)), value).toThrow(malformedAt(expect.any(Number)));
    expect(() => codec.decode(bytes(`${value} c3`)), value).toThrow(malformedAt(alone.length));
  }
});

test("text of every spelling is a key, and nothing else is", () => {
  for (const [text, expected] of texts) expect(codec.decode(bytes(`81 ${text} 01`)), text).toEqual({ [expected]: 1 });
  for (const [value] of others) expect(() => codec.decode(bytes(`81 ${value} 01`)), value).toThrow(malformedAt(1));
});

describe("keys", () => {
  test("those of a map within a map are its own, on either side of it", () => {
    const value = { a: { a: { b: 1, a: 2 }, c: 3 }, b: { b: 4 }, c: { a: 5 } };
    expect(codec.decode(codec.encode(value))).toStrictEqual(value);
    expect(() => codec.decode(bytes("82 a1 61 81 a1 61 01 a1 61 02"))).toThrow(malformedAt(7));
    expect(() => codec.decode(bytes("81 a1 61 83 a1 61 01 a1 62 80 a1 61 02"))).toThrow(malformedAt(10));
  });

  test("one that begins like another, or ends like it, or has its length, is another", () => {
    const value = { a: 1, ab: 2, abc: 3, b: 4, cb: 5, "": 6 };
    expect(Object.keys(codec.decode(codec.encode(value)) as object)).toEqual(Object.keys(value));
    const reversed = Object.fromEntries(Object.entries(value).toReversed());
    expect(Object.keys(codec.decode(codec.encode(reversed)) as object)).toEqual(Object.keys(reversed));
  });

  test("one as long as that of a prototype is data", () => {
    const value = { __proto_a: 1, __Proto__: 2, "123456789": 3 };
    expect(codec.decode(codec.encode(value))).toStrictEqual(value);
  });
});

describe("bounds", () => {
  test("depth: of maps as of arrays, empty ones too", () => {
    const shallow = new PayloadCodec({ maxDepth: 2 });
    expect(shallow.decode(bytes("81 a1 61 81 a1 62 01"))).toEqual({ a: { b: 1 } });
    expect(() => shallow.decode(bytes("81 a1 61 81 a1 62 80"))).toThrow(malformedAt(6));
    expect(() => shallow.decode(bytes("81 a1 61 81 a1 62 90"))).toThrow(malformedAt(6));
    expect(() => shallow.decode(bytes("91 91 80"))).toThrow(malformedAt(2));
    expect(() => shallow.decode(bytes("91 91 90"))).toThrow(malformedAt(2));
  });

  test.each([
    ["UTF-8 that is cut off behind ASCII", "a2 61 c3", 1],
    ["a byte of continuation alone", "a1 80", 1],
    ["the same behind ASCII and before it", "a3 61 80 61", 1],
    ["undefined of two zeros", "c7 02 00 00 00", 0],
    ["a typed array without a type before a value that is one", "92 c7 00 74 01", 1],
    ["a bigint without bytes before a value", "92 c7 00 42 01", 1],
    ["a second of nanoseconds in eight bytes", "d7 ff ee 6b 28 00 00 00 00 00", 0],
    ["a second of nanoseconds in twelve bytes", "c7 0c ff 3b 9a ca 00 00 00 00 00 00 00 00 00", 0],
    ["all nanoseconds of four bytes", "c7 0c ff ff ff ff ff 00 00 00 00 00 00 00 00", 0],
  ])("%s", (_, input, offset) => {
    expect(() => codec.decode(bytes(input))).toThrow(malformedAt(offset));
  });

  test("a nanosecond less than a second is a time", () => {
    expect(codec.decode(bytes("d7 ff ee 6b 27 fc 00 00 00 00"))).toEqual(new Date(999));
    expect(codec.decode(bytes("c7 0c ff 3b 9a c9 ff 00 00 00 00 00 00 00 00"))).toEqual(new Date(999));
  });
});
