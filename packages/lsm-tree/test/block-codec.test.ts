// The table of codecs: what each makes of blocks, and what it says to bytes that are none.
import { expect, test } from "vitest";
import { BlockCodecs, brotliCodec, deflateCodec, lz4Codec, zstdCodec, type BlockCodec } from "../src/format-entry.js";
import { bytesOf } from "./support/entries.js";

const raw = bytesOf("the same words again and again, ".repeat(40));
const present = [lz4Codec, deflateCodec, brotliCodec, ...(zstdCodec === undefined ? [] : [zstdCodec])];
const codecs = new BlockCodecs();

function encode(codec: BlockCodec): Uint8Array {
  const target = new Uint8Array(2048);
  const end = codec.encode(raw, 0, raw.length, target, 10, 2048);
  expect(end).toBeGreaterThan(10);
  return target.slice(10, end);
}

test.each(present)("$name brings a block back, from the middle of other bytes", (codec) => {
  const stored = encode(codec);
  expect(stored.length).toBeLessThan(raw.length / 4);
  const around = Uint8Array.from([1, 2, 3, ...stored, 4, 5]);
  expect(codecs.decode(codec.id, around, 3, 3 + stored.length, raw.length)).toEqual(raw);
});

test.each(present)("$name says no where it does not fit", (codec) => {
  const stored = encode(codec);
  const target = new Uint8Array(stored.length + 10);
  expect(codec.encode(raw, 0, raw.length, target, 10, 10 + stored.length - 1)).toBe(-1);
  expect(codec.encode(raw, 0, raw.length, target, 10, 10 + stored.length)).toBe(10 + stored.length);
});

test.each(present)("$name refuses another size, bytes behind the end, and garbage", (codec) => {
  const stored = encode(codec);
  const corrupt = expect.objectContaining({ code: "LSM_CORRUPT" });
  const decode = (bytes: Uint8Array, size: number) => () => codecs.decode(codec.id, bytes, 0, bytes.length, size);
  expect(decode(stored, raw.length - 1)).toThrow(corrupt);
  expect(decode(stored, raw.length + 1)).toThrow(corrupt);
  expect(decode(Uint8Array.from([...stored, 0, 0, 0, 0]), raw.length)).toThrow(corrupt);
  expect(decode(stored.subarray(0, -3), raw.length)).toThrow(corrupt);
  expect(decode(bytesOf("garbage that is no block"), raw.length)).toThrow(corrupt);
});

test("a length that LZ4 cannot reach costs an error, not its memory", () => {
  const before = process.memoryUsage().arrayBuffers;
  expect(() => codecs.decode(1, new Uint8Array(20), 0, 20, 0x400_0000)).toThrow(
    expect.objectContaining({ code: "LSM_CORRUPT" }),
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(0x100_0000);
});

test("a codec that is not here is refused by its name", () => {
  const code = "LSM_UNSUPPORTED_CODEC";
  expect(() => codecs.decode(40, raw, 0, 9, 9)).toThrow(expect.objectContaining({ code, context: { actual: 40 } }));
  if (zstdCodec === undefined) {
    expect(() => codecs.decode(4, raw, 0, 9, 9)).toThrow(
      expect.objectContaining({ code, context: { actual: "zstd" } }),
    );
  }
});

const turned: BlockCodec = {
  id: 33,
  name: "turned",
  encode(source, start, end, target, at) {
    target.set(source.subarray(start, end).toReversed(), at);
    return at + end - start;
  },
  decode: (source, start, end, target) => target.set(source.subarray(start, end).toReversed()),
};

test("codecs of users", () => {
  const own = new BlockCodecs([turned]);
  expect(own.decode(33, Uint8Array.of(9, 3, 2, 1), 1, 4, 3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(() => new BlockCodecs([turned, turned])).toThrow("two codecs have the id 33");
  expect(() => new BlockCodecs([{ ...turned, id: 5 }])).toThrow(
    "id of the codec turned must be a whole number from 32 to 63",
  );
  const failing = new BlockCodecs([{ ...turned, decode: () => JSON.parse("{") as never }]);
  expect(() => failing.decode(33, raw, 0, 3, 3)).toThrow(
    expect.objectContaining({ code: "LSM_CORRUPT", cause: expect.any(SyntaxError) }),
  );
});
