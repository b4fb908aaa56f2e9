import fc from "fast-check";
import { expect, test } from "vitest";
import { peekUint64, readUint64, uint64ToNumber, writeUint64 } from "./uint64.js";

const safe = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER),
);

test("what is written is what DataView calls that integer, and it reads back", () => {
  fc.assert(
    fc.property(safe, fc.integer({ min: 0, max: 8 }), (value, offset) => {
      const view = new DataView(new ArrayBuffer(16));
      writeUint64(view, offset, value);
      expect(view.getBigUint64(offset, true)).toBe(BigInt(value));
      expect(readUint64(view, offset)).toBe(value);
      expect(peekUint64(view, offset)).toBe(value);
    }),
  );
});

test("what lies above 2^53-1 is refused with its offset, never rounded", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
      const view = new DataView(new ArrayBuffer(12));
      view.setBigUint64(4, value, true);
      expect(peekUint64(view, 4)).toBe(-1);
      expect(() => readUint64(view, 4)).toThrow(
        expect.objectContaining({
          code: "CODEC_UINT64_OUT_OF_RANGE",
          context: { offset: 4, actual: value.toString() },
        }),
      );
      expect(() => uint64ToNumber(value)).toThrow(expect.objectContaining({ code: "CODEC_UINT64_OUT_OF_RANGE" }));
    }),
  );
  expect(() => uint64ToNumber(-1n)).toThrow(expect.objectContaining({ code: "CODEC_UINT64_OUT_OF_RANGE" }));
  expect(uint64ToNumber(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("%s is not written", (value) => {
  const view = new DataView(new ArrayBuffer(8));
  expect(() => writeUint64(view, 0, value)).toThrow(RangeError);
  expect(view.getBigUint64(0)).toBe(0n);
});
