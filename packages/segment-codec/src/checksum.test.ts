import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blake3 } from "./blake3.js";
import { crc32, crc32Backend, crc32Implementations } from "./checksum.js";
import { viewCrc32 } from "./crc32-tables.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The definition, bit by bit: shares nothing with the code under test. */
function crcByBits(bytes: Uint8Array, seed = 0): number {
  let register = ~seed >>> 0;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const carry = (register ^ (byte >>> bit)) & 1;
      register = (register >>> 1) ^ (carry === 1 ? 0xedb88320 : 0);
    }
  }
  return ~register >>> 0;
}

// The check value of the CRC catalogue, and values recorded with zlib.
const vectors: readonly (readonly [string, Uint8Array, number])[] = [
  ["nothing", new Uint8Array(), 0],
  ["123456789", text("123456789"), 0xcbf43926],
  ["hello", text("hello"), 0x3610a686],
  ["c0", Uint8Array.of(0xc0), 0x49662d3d],
  ["32 zeros", new Uint8Array(32), 0x190a55ad],
  ["32 ones", new Uint8Array(32).fill(0xff), 0xff6cab0b],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, at) => at), 0x91267e8a],
  ["1 MiB of zeros", new Uint8Array(1 << 20), 0xa738ea1c],
];

const implementations = [...crc32Implementations()];

test("this machine runs the native module, zlib where Node has it, and JavaScript", () => {
  expect(implementations.map(([name]) => name)).toContain("javascript");
  expect(implementations[0]?.[0]).toBe(crc32Backend);
});

describe.each(implementations)("CRC-32 by %s", (_, compute) => {
  test.each(vectors)("of %s", (_name, bytes, expected) => {
    expect(compute(bytes, 0, bytes.length, 0) >>> 0).toBe(expected);
    expect(crc32(bytes)).toBe(expected);
  });

  test("equals the definition on every range and seed", () => {
    const bytes = fc.uint8Array({ maxLength: 700, size: "max" });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(), fc.nat(0xffff_ffff), (data, a, b, seed) => {
        const start = a % (data.length + 1);
        const end = start + (b % (data.length - start + 1));
        expect(compute(data, start, end, seed) >>> 0).toBe(crcByBits(data.subarray(start, end), seed));
      }),
    );
  });

  test("continues over pieces", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900, size: "max" }), fc.nat(), (data, cut) => {
        const at = cut % (data.length + 1);
        const seed = compute(data, 0, at, 0);
        expect(compute(data, at, data.length, seed) >>> 0).toBe(crcByBits(data));
      }),
    );
  });

  test("reads a view into a larger buffer from where the view begins", () => {
    const whole = Uint8Array.from({ length: 1000 }, (_x, at) => at * 7);
    const view = whole.subarray(300, 900);
    expect(compute(view, 100, 500, 0) >>> 0).toBe(crcByBits(whole.slice(400, 800)));
  });
});

test("CRC-32 of whole words through a view, which may begin anywhere", () => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 400, size: "max" });
  fc.assert(
    fc.property(bytes, fc.nat(7), fc.nat(), fc.nat(0xffff_ffff), (data, from, words, seed) => {
      const view = new DataView(data.buffer, from >> 1);
      const start = from & 1;
      const end = start + 4 * (words % (Math.floor((view.byteLength - start) / 4) + 1));
      const range = data.subarray((from >> 1) + start, (from >> 1) + end);
      expect(viewCrc32.slice(view, start, end, seed | 0) >>> 0).toBe(crcByBits(range, seed));
    }),
  );
});

test("CRC-32 of the six words of a header", () => {
  const word = fc.nat(0xffff_ffff);
  fc.assert(
    fc.property(fc.tuple(word, word, word, word, word, word), word, (words, seed) => {
      const view = new DataView(new ArrayBuffer(24));
      for (const [index, value] of words.entries()) view.setUint32(4 * index, value, true);
      const [a, b, c, d, e, f] = words;
      const actual = viewCrc32.header(seed | 0, a | 0, b | 0, c | 0, d | 0, e | 0, f | 0) >>> 0;
      expect(actual).toBe(crcByBits(new Uint8Array(view.buffer), seed));
    }),
  );
});

test("a range outside the bytes is a RangeError", () => {
  const bytes = new Uint8Array(10);
  for (const [start, end] of [
    [-1, 5],
    [6, 5],
    [0, 11],
    [0.5, 5],
    [0, Number.NaN],
  ] as const) {
    expect(() => crc32(bytes, start, end)).toThrow(RangeError);
  }
});

test("BLAKE3 of the published vectors", () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  expect(blake3.algorithm).toBe("blake3-256");
  expect(hex(blake3.hash(new Uint8Array()))).toBe("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  // Input of the official vectors: bytes counting from 0 to 250, again and again.
  const counting = Uint8Array.from({ length: 1025 }, (_, at) => at % 251);
  expect(hex(blake3.hash(counting))).toBe("d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444");
  expect(blake3.hash(text("abc"))).toBeInstanceOf(Uint8Array);
  expect(blake3.hash(text("abc")).constructor).toBe(Uint8Array);
});
