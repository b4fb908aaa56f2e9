// The laws of the payload codec: equal or refused by name, and any bytes give a value or one coded error.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CodecError, FrameEncoder, scanSegment } from "../src/index.js";
import { PayloadCodec } from "../src/payload-entry.js";
import { buildSegment } from "./support/segment-builder.js";

const codec = new PayloadCodec();
const code = (name: string, context = {}): unknown =>
  expect.objectContaining({ code: name, context: expect.objectContaining(context) });
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

const views = [
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
];
/** Text that a decoder may take for text with a signature. */
const marked = fc
  .tuple(fc.constantFrom("\ufeff", "\ufeff\ufeff"), fc.string({ maxLength: 150 }))
  .map((parts) => parts.join(""));
/** Both ends of what a Date can hold, and the seconds next to them. */
const lastDate = 8_640_000_000_000_000;
const endOfTime = fc
  .tuple(fc.constantFrom(1, -1), fc.nat(2001))
  .map(([sign, back]) => new Date(sign * (lastDate - back)));
const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false, 0, 2 ** 53, -(2 ** 53), Number.MAX_VALUE, Number.NaN, Infinity),
  fc.integer(),
  fc.double().map((value) => value + 0), // -0 + 0 is 0
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 8191n), max: 2n ** 8191n - 1n }),
  fc.constantFrom(0n, 1n, -1n, 2n ** 63n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 127n, -(2n ** 64n)),
  fc.string({ unit: "binary" }).filter((text) => !/\p{Surrogate}/u.test(text)),
  marked,
  fc.date({ noInvalidDate: true }),
  endOfTime,
  ...views,
);
const key = fc.oneof(fc.string({ unit: "grapheme" }), marked).filter((text) => text !== "__proto__");
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

test("every storable value comes back equal, of the same kind, in memory of its own", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const encoded = codec.encode(value);
      const decoded = codec.decode(encoded);
      expect(decoded).toStrictEqual(value);
      encoded.fill(0xff);
      expect(decoded).toStrictEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("both ends of time and the moments next to them come back, and a nanosecond more is no time", () => {
  for (const back of [0, 1, 2, 999, 1000, 1001]) {
    for (const end of [lastDate - back, back - lastDate]) {
      expect((codec.decode(codec.encode(new Date(end))) as Date).getTime()).toBe(end);
    }
  }
  const last = "00 00 07 db a8 21 80 00"; // 8 640 000 000 000 seconds
  const first = "ff ff f8 24 57 de 80 00";
  expect(codec.decode(bytes(`c7 0c ff 00 00 00 00 ${last}`))).toEqual(new Date(lastDate));
  expect(codec.decode(bytes(`c7 0c ff 00 00 00 00 ${first}`))).toEqual(new Date(-lastDate));
  for (const beyond of [
    `00 00 00 01 ${last}`,
    "00 00 00 00 00 00 07 db a8 21 80 01",
    "00 00 00 00 ff ff f8 24 57 de 7f ff",
  ]) {
    expect(() => codec.decode(bytes(`c7 0c ff ${beyond}`))).toThrow(code("CODEC_PAYLOAD_MALFORMED", { offset: 0 }));
  }
});

test("a field is data, whatever its name means to JavaScript", () => {
  for (const value of [
    { constructor: 1, toJSON: 1 },
    { constructor: "x", toJSON: { n: 2n }, valueOf: null },
    { toJSON: "x", toString: 1, hasOwnProperty: 2 },
    { constructor: { name: "Map" }, length: 3, at: new Date(4) },
  ]) {
    expect(codec.decode(codec.encode([value]))).toEqual([value]);
    const bare = Object.assign(Object.create(null), value) as object;
    expect(codec.decode(codec.encode(bare))).toEqual(value);
  }
});

test("a Buffer comes back as bytes in memory of its own", () => {
  const encoded = codec.encode([Buffer.from([1, 2, 3])]);
  const decoded = codec.decode(encoded);
  encoded.fill(0xff);
  expect(decoded).toEqual([Uint8Array.of(1, 2, 3)]);
});

test("behind a reserved header: the same bytes, sealed in place, or -1 where they do not fit", () => {
  fc.assert(
    fc.property(anyValue, fc.nat(6000), fc.nat(40), (value, size, offset) => {
      const target = new Uint8Array(size);
      const expected = codec.encode(value);
      if (offset > size) return;
      const before = target.slice(0, offset);
      const length = codec.encodeBehindHeader(value, target, offset);
      expect(target.subarray(0, offset)).toEqual(before);
      if (expected.length > size - offset - 32) expect(length).toBe(-1);
      else expect(target.slice(offset + 32, offset + 32 + length)).toEqual(expected);
    }),
  );
  const { bytes: head, header } = buildSegment([]);
  const file = new Uint8Array(0x4000);
  file.set(head);
  const length = codec.encodeBehindHeader({ at: new Date(5), n: 7n }, file, 64);
  const end = new FrameEncoder(header).seal(file, 64, length, { kind: 1, flags: 0, span: 1 });
  let seen: unknown;
  scanSegment(file, header, { endOffset: end, onFrame: (cursor) => (seen = codec.decode(cursor.viewPayload())) });
  expect(seen).toEqual({ at: new Date(5), n: 7n });
});

describe("refused by name", () => {
  class Point {
    x = 1;
  }
  class Moment extends Date {}
  class Piece extends Uint8Array {}
  class List extends Array {}
  const holes: unknown[] = [1];
  holes[2] = 3;
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["$.a", { a: () => 1 }, "function"],
    ["$[0]", [Symbol("s")], "symbol"],
    ["$.m", { m: new Map([[1, 2]]) }, "Map"],
    ["$.s", { s: new Set([1]) }, "Set"],
    ["$.p[1]", { p: [0, new Point()] }, "Point"],
    ["$", /x/, "RegExp"],
    ["$", new Error("x"), "Error"],
    ["$", new ArrayBuffer(4), "ArrayBuffer"],
    ["$", new DataView(new ArrayBuffer(4)), "DataView"],
    ["$", new Piece(3), "Piece"],
    ["$", new Moment(), "Date"],
    ["$.d", { d: new Date(Number.NaN) }, "invalid Date"],
    ["$.d", { d: Object.assign(new Date(0), { zone: "utc" }) }, "Date with properties"],
    ["$.d", { d: Object.assign(new Date(0), { [Symbol("zone")]: 1 }) }, "Date with properties"],
    ["$.l", { l: new List() }, "class over Array"],
    ["$[0]", [{ [Symbol("s")]: 1 }], "symbol"],
    ["$.o", { o: Object.defineProperty({}, Symbol.iterator, { value: 1 }) }, "symbol"],
    [
      "$.o.read",
      {
        o: {
          get read() {
            throw new Error("it was read");
          },
        },
      },
      "getter",
    ],
    [
      "$.o.written",
      {
        o: {
          set written(value: unknown) {
            throw value;
          },
        },
      },
      "setter",
    ],
    ["$", "a\ud800b", "surrogate"],
    ["$", { "\udc00": 1 }, "surrogate"],
    ["$.n", { n: 2n ** 8191n }, "8192"],
    ["$.n", { n: -(2n ** 8191n) - 1n }, "8192"],
    ["$[1]", holes, "hole"],
    ["$.__proto__", JSON.parse('{"__proto__":{"admin":true}}'), "prototype"],
    [`$${".self".repeat(64)}`, loop, "in itself"],
  ];
  test.each(cases)("%s", (field, value, what) => {
    expect(() => codec.encode(value)).toThrow(code("CODEC_PAYLOAD_REFUSED", { field }));
    expect(() => codec.encode(value)).toThrow(what);
  });

  test("what is too long or too deep for the options, in both directions", () => {
    const small = new PayloadCodec({ maxPayloadBytes: 10, maxDepth: 2 });
    expect(small.decode(small.encode([[1]]))).toEqual([[1]]);
    expect(() => small.encode([[[1]]])).toThrow(code("CODEC_PAYLOAD_REFUSED", { field: "$[0][0]" }));
    expect(() => small.encode("0123456789")).toThrow(code("CODEC_PAYLOAD_REFUSED", { expected: 10 }));
    expect(() => small.decode(codec.encode([[[1]]]))).toThrow(code("CODEC_PAYLOAD_MALFORMED", { offset: 2 }));
    expect(() => small.decode(codec.encode("0123456789"))).toThrow(code("CODEC_PAYLOAD_MALFORMED", { expected: 10 }));
    expect(() => new PayloadCodec({ maxdepth: 1 } as object)).toThrow("maxdepth");
    expect(() => new PayloadCodec({ maxDepth: 513 })).toThrow("maxDepth");
    expect(() => new PayloadCodec({ maxPayloadBytes: 0 })).toThrow("maxPayloadBytes");
  });
});

describe("bytes that are no payload", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["nothing", "", 0],
    ["bytes behind the value", "01 02", 1],
    ["the byte that begins no value", "91 c1", 1],
    ["a count beyond the end", "dd ff ff ff ff 00", 0],
    ["a map's count beyond the end", "df 80 00 00 00", 0],
    ["a map's count beyond the end, halves", "82 a1 61 00", 0],
    ["a length beyond the end", "c6 ff ff ff ff 00", 5],
    ["a string beyond the end", "d9 05 61 62", 2],
    ["half an integer", "cf 00 00", 1],
    ["a key that reaches a prototype", "81 a9 5f 5f 70 72 6f 74 6f 5f 5f 80", 1],
    ["the same, spelled long", "81 da 00 09 5f 5f 70 72 6f 74 6f 5f 5f 80", 1],
    ["a key twice", "82 a1 61 01 a1 61 02", 4],
    ["a key twice, spelled differently", "82 a1 61 01 d9 01 61 02", 4],
    ["a key that is a number", "81 01 02", 1],
    ["a key that is bytes", "81 c4 01 61 02", 1],
    ["text that is not UTF-8", "a2 c3 28", 1],
    ["an overlong slash", "a2 c0 af", 1],
    ["a surrogate in UTF-8", "a3 ed a0 80", 1],
    ["a key that is not UTF-8", "81 a1 ff 01", 2],
    ["a record definition of msgpackr", "d4 72 40", 0],
    ["a Set of msgpackr", "d4 73 00 90", 0],
    ["a RegExp of msgpackr", "d4 78 00 92 a1 61 a0", 0],
    ["an Error of msgpackr", "d4 65 00 93 00 00 00", 0],
    ["a cycle of msgpackr", "d6 70 00 00 00 01", 0],
    ["undefined that is not zero", "d4 00 01", 0],
    ["an unknown typed array", "c7 02 74 0b 00", 0],
    ["a DataView", "c7 02 74 11 00", 0],
    ["half an element", "c7 04 74 05 00 00 00", 0],
    ["a typed array of nothing", "c7 00 74", 0],
    ["a bigint of nothing", "c7 00 42", 0],
    ["a time of five bytes", "c7 05 ff 00 00 00 00 00", 0],
    ["a time with too many nanoseconds", "d7 ff ff ff ff ff 00 00 00 00", 0],
    ["a time that Date cannot hold", "c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff", 0],
  ];
  test.each(cases)("%s", (_, hex, offset) => {
    expect(() => codec.decode(bytes(hex))).toThrow(code("CODEC_PAYLOAD_MALFORMED", { offset }));
  });

  test.each([2, 8, 9, 15])("of %i keys, any two that are the same, and one of a prototype", (count) => {
    const key = (index: number): number[] => [0xa2, 0xc3, 0x80 + index]; // one letter beyond ASCII each
    const map = (keys: readonly (readonly number[])[]): Uint8Array =>
      Uint8Array.from([0x80 + keys.length, ...keys.flatMap((each) => [...each, 0x81, 0xa1, 0x61, 0x01])]);
    const keys = Array.from({ length: count }, (_, index) => key(index));
    expect(Object.keys(codec.decode(map(keys)) as object)).toHaveLength(count);
    const prototype = [0xa9, ...new TextEncoder().encode("__proto__")];
    for (let later = 0; later < count; later++) {
      const offset = 1 + later * 7;
      expect(() => codec.decode(map(keys.with(later, prototype)))).toThrow(code("CODEC_PAYLOAD_MALFORMED", { offset }));
      for (let first = 0; first < later; first++) {
        const twice = keys.with(later, key(first));
        expect(() => codec.decode(map(twice))).toThrow(code("CODEC_PAYLOAD_MALFORMED", { offset }));
      }
    }
  });

  test("an object of 2^24 keys is refused at its head, as no Set could compare them", () => {
    const zeros = new Uint8Array(5 + 2 ** 25); // as many bytes as so many keys and values take at least, and none of them is a key
    zeros[0] = 0xdf;
    const refusalOf = (count: number): unknown => {
      new DataView(zeros.buffer).setUint32(1, count);
      try {
        return codec.decode(zeros);
      } catch (error) {
        return error instanceof CodecError ? error.context.offset : error;
      }
    };
    expect(refusalOf(2 ** 24 - 1)).toBe(5); // where the first key should be
    expect(refusalOf(2 ** 24)).toBe(0);
  });

  test("nesting is counted, not suffered", () => {
    const deep = new Uint8Array(1_000_000).fill(0x91);
    expect(() => codec.decode(deep)).toThrow(code("CODEC_PAYLOAD_MALFORMED", { offset: 64 }));
    const fits = new Uint8Array(65).fill(0x91, 0, 64);
    expect(JSON.stringify(codec.decode(fits))).toHaveLength(129);
  });

  test("bigints are bounded", () => {
    const large = Uint8Array.from([0xc8, 0x10, 0x00, 0x42, ...new Uint8Array(0x1000).fill(0x7f)]);
    expect(() => codec.decode(large)).toThrow(code("CODEC_PAYLOAD_MALFORMED"));
  });

  test("any bytes give a value or the one error, and never touch a prototype", () => {
    const near = anyValue.chain((value) =>
      fc.tuple(fc.constant(codec.encode(value)), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 })),
    );
    const damaged = near.map(([encoded, edits]) => {
      const copy = encoded.slice();
      for (const [at, byte] of edits) copy[at % copy.length] = byte;
      return copy;
    });
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged), (input) => {
        try {
          codec.decode(input);
        } catch (error) {
          expect(error).toMatchObject({ name: "CodecError", code: "CODEC_PAYLOAD_MALFORMED" });
        }
      }),
      { numRuns: 3000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});
