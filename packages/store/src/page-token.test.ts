import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkAnchor, decodePageToken, encodePageToken, type PageBinding } from "./page-token.js";
import { region } from "./region.js";

const binding: PageBinding = {
  logId: Uint8Array.from({ length: 16 }, (_, index) => index),
  region: region({ entityPrefix: "order:" }),
  backward: false,
};
const hash = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const refused = (field: string): unknown =>
  expect.objectContaining({ code: "STORE_INVALID_TOKEN", context: expect.objectContaining({ field }) });

test("a token gives back what it was made of", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.boolean(), (below, backward) => {
      const sequence = Math.max(1, below);
      const token = encodePageToken({ ...binding, backward }, sequence, hash);
      expect(token).toMatch(/^[\w-]{60}$/);
      const found = decodePageToken(token, { ...binding, backward });
      expect(found.sequence).toBe(sequence);
      checkAnchor(found, hash);
    }),
  );
});

// The tag is the beginning of what sha256sum says of the identity, the CRC what zlib of Python says of the bytes before it.
test("the bytes of a token", () => {
  expect(Buffer.from(encodePageToken(binding, 0x0102_0304_0506, hash), "base64url").toString("hex")).toBe(
    "01000102030405060708090a0b0c0d0e0f0605040302010000fffefdfcfbfaf9f8ec580bc2084dd009660579e9",
  );
});

test("text that is no token is refused, whatever it is", () => {
  const token = encodePageToken(binding, 7, hash);
  const text = fc.oneof(
    fc.string({ minLength: 60, maxLength: 60 }),
    fc.base64String({ minLength: 60, maxLength: 60 }),
    fc.string(),
    fc.nat(59).map((end) => token.slice(0, end)),
  );
  fc.assert(
    fc.property(text, (wrong) => {
      expect(() => decodePageToken(wrong, binding)).toThrow(refused("token"));
    }),
  );
  for (const wrong of [`${token}A`, `${token}=`, token.repeat(3), ` ${token.slice(1)}`, 7]) {
    expect(() => decodePageToken(wrong as string, binding)).toThrow(refused("token"));
  }
});

test("a token has one spelling, though base64 has two alphabets", () => {
  const token = encodePageToken(binding, 7, hash);
  expect(token).toMatch(/[-_]/);
  const other = token.replaceAll("-", "+").replaceAll("_", "/");
  expect(() => decodePageToken(other, binding)).toThrow(refused("token"));
});

test("a bit that changes anywhere is noticed", () => {
  const bytes = Buffer.from(encodePageToken(binding, 7, hash), "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >>> 3] = changed[bit >>> 3]! ^ (1 << (bit & 7)); // bit is inside
    expect(() => decodePageToken(changed.toString("base64url"), binding)).toThrow(refused("token"));
  }
});

test("a token of another store, region, direction, version or history is refused as that", () => {
  const token = encodePageToken(binding, 7, hash);
  const logId = binding.logId.map((byte) => byte ^ 1);
  expect(() => decodePageToken(token, { ...binding, logId })).toThrow(refused("log"));
  expect(() => decodePageToken(token, { ...binding, region: region() })).toThrow(refused("region"));
  expect(() => decodePageToken(token, { ...binding, backward: true })).toThrow(refused("backward"));
  const found = decodePageToken(token, binding);
  expect(() => checkAnchor(found, undefined)).toThrow(refused("event"));
  expect(() => checkAnchor(found, hash.with(7, 0))).toThrow(refused("event"));
  expect(() => checkAnchor(found, hash.with(8, 0))).not.toThrow(); // a token holds the first 8 bytes
});

test.each([
  ["of version 2", "02000102030405060708090a0b0c0d0e0f0700000000000000fffefdfcfbfaf9f8", /of version 2/],
  ["without an event", "01000102030405060708090a0b0c0d0e0f0000000000000000fffefdfcfbfaf9f8", /names no event/],
  ["above 2^53-1", "01000102030405060708090a0b0c0d0e0f0000000000002000fffefdfcfbfaf9f8", /names no event/],
])("a sound token %s is refused", (_what, head, why) => {
  const own = Buffer.from(encodePageToken(binding, 7, hash), "base64url");
  const body = Buffer.concat([Buffer.from(head, "hex"), own.subarray(33, 41)]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32OfBits(body));
  const token = Buffer.concat([body, checksum]).toString("base64url");
  expect(() => decodePageToken(token, binding)).toThrow(why);
});

/** CRC-32 bit by bit, from its polynomial. */
function crc32OfBits(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}
