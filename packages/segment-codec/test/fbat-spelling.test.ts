// One spelling is read, field by field: each case is the first vector of the format with one thing spelled differently.
import { expect, test } from "vitest";
import { decodeFbatEvent, decodeFbatHeader, encodeFbatEventFrame } from "../src/fbat-entry.js";
import { CodecError } from "../src/index.js";
import { fromHex, hex } from "./support/batpak.js";

const hash = "7bcce2ccf6ccba1acc9eccbb6454ccbacce81c36ccb2ccf3416e4fccfe75cc827066ccecccc0cc856478cca8ccc75a7f";
const envelope =
  "84a56576656e7483a66865616465728aa86576656e745f6964c41000112233445566778899aabbccddeeffae636f7272656c6174696f6e5f6964" +
  "c41000112233445566778899aabbccddeeffac636175736174696f6e5f6964c0ac74696d657374616d705f7573cf00060a2418202240a8706f73" +
  "6974696f6e85a777616c6c5f6d73cf0000018bcfe5687ba7636f756e74657200a5646570746800a46c616e6500a873657175656e636500ac7061" +
  `796c6f61645f73697a6504aa6576656e745f6b696e64cdf001a5666c61677300ac636f6e74656e745f68617368dc0020${hash}` +
  "af7061796c6f61645f76657273696f6e00a77061796c6f616494cc81cca16e01aa686173685f636861696e82a9707265765f68617368dc0020" +
  `${"00".repeat(32)}aa6576656e745f68617368dc0020${hash}` +
  "a6656e74697479a165a573636f7065a173b2726563656970745f657874656e73696f6e7380";

const malformed = (field: string): unknown =>
  expect.objectContaining({ code: "CODEC_MALFORMED_ENVELOPE", context: expect.objectContaining({ field }) });

test("the vector itself is read and written", () => {
  expect(hex(encodeFbatEventFrame(decodeFbatEvent(fromHex(envelope))).subarray(8))).toBe(envelope);
});

test.each([
  ["frame", "84a56576656e74", "85a56576656e74"],
  ["frame", "83a6686561646572", "84a6686561646572"],
  ["header", "8aa86576656e745f6964", "8ca86576656e745f6964"],
  ["event_id", "6964c4100011", "6964c500100011"],
  ["event_id", "a86576656e745f6964", "a86576656e745f6965"],
  ["event_id", "a86576656e745f6964", "d9086576656e745f6964"],
  ["timestamp_us", "cf00060a2418202240", "cf0000000000000005"],
  ["timestamp_us", "cf00060a2418202240", "d0ff"],
  ["timestamp_us", "cf00060a2418202240", "d1ff80"],
  ["timestamp_us", "cf00060a2418202240", "cfffffffffffffffff"],
  ["timestamp_us", "cf00060a2418202240", "cb4000000000000000"],
  ["wall_ms", "cf0000018bcfe5687b", "ff"],
  ["counter", "a7636f756e74657200", "a7636f756e746572cc00"],
  ["event_kind", "cdf001", "ce00010000"],
  ["event_kind", "cdf001", "cd00ff"],
  ["content_hash", `68617368dc0020${hash}af`, `68617368dc001f${hash.slice(2)}af`],
  ["content_hash", `68617368dc0020${hash}af`, `68617368dc0021${hash}01af`],
  ["payload", "94cc81cca16e01", "c40481a16e01"],
  ["payload", "94cc81cca16e01", "94cc81cca1cc6e01"],
  ["payload", "94cc81cca16e01", "94d081cca16e01"],
  ["payload", "94cc81cca16e01", "dc0004cc81cca16e01"],
  ["hash_chain", "aa686173685f636861696e82", "aa686173685f636861696e81"],
  ["entity", "a6656e74697479a165", "a6656e74697479a1ff"],
  ["entity", "a6656e74697479a165", "a6656e74697479d90165"],
  ["receipt_extensions", "6f6e7380", "6f6e7382a3622e6b9000a3612e7a90"],
  ["receipt_extensions", "6f6e7380", "6f6e7382a3622e6b90a3612e7a90"],
  ["receipt_extensions", "6f6e7380", "6f6e7382a3612e7a90a3612e7a90"],
  // Lengths and counts that no memory holds, and nesting that the format has not.
  ["entity", "a6656e74697479a165", "a6656e74697479dbffffffff65"],
  ["payload", "94cc81cca16e01", "ddffffffff00"],
  ["payload", "94cc81cca16e01", `94${"91".repeat(300)}00`],
  ["receipt_extensions", "6f6e7380", "6f6e73dfffffffff"],
  ["receipt_extensions", "6f6e7380", `6f6e7381a3612e7a${"91".repeat(300)}`],
  ["frame", "6f6e7380", "6f6e7380c0"],
])("%s: %s as %s", (field, from, to) => {
  expect(envelope.split(from).length).toBeGreaterThan(1);
  expect(() => decodeFbatEvent(fromHex(envelope.replace(from, to)))).toThrow(malformed(field));
});

const header =
  "464241540000003184a776657273696f6e01a5666c61677300aa637265617465645f6e73cf17979cfe362a0000aa7365676d656e745f696401";

test.each([
  ["CODEC_NOT_A_SEGMENT", { offset: 0 }, "46424154", "46424155"],
  ["CODEC_LENGTH_OUT_OF_RANGE", { offset: 4, actual: 65_537 }, "00000031", "00010001"],
  ["CODEC_TRUNCATED", { offset: 57 }, "00000031", "00000032"],
  ["CODEC_UNSUPPORTED_VERSION", { actual: 2 }, "6e01a5", "6e02a5"],
  ["CODEC_MALFORMED_ENVELOPE", { field: "flags" }, "7300aa", "7301aa"],
  ["CODEC_MALFORMED_ENVELOPE", { field: "header" }, "696401", "69640100"],
  ["CODEC_MALFORMED_ENVELOPE", { field: "created_ns" }, "cf17979cfe362a0000", "cf0000000000000005"],
  ["CODEC_MALFORMED_ENVELOPE", { field: "segment_id" }, "696401", "6964ff"],
])("header, %s %o", (code, context, from, to) => {
  const changed = header.replace(from, to);
  // The stated length follows what was changed, unless the length is what was changed.
  const size = (changed.length / 2 - 8).toString(16).padStart(8, "0");
  const fitted = from === "00000031" ? changed : `${changed.slice(0, 8)}${size}${changed.slice(16)}`;
  expect(() => decodeFbatHeader(fromHex(fitted))).toThrow(
    expect.objectContaining({ code, context: expect.objectContaining(context) }),
  );
});

test("more than 2^20 extensions are refused at the head of their map, which takes no memory, and are not written", () => {
  const at = envelope.indexOf("6f6e7380") / 2 + 3;
  const refusalOf = (count: string): unknown => {
    const bytes = fromHex(envelope.replace("6f6e7380", `6f6e73df${count}a3612e7a90`)); // and one extension of them
    try {
      decodeFbatEvent(bytes);
    } catch (error) {
      return error instanceof CodecError ? error.context.offset : error;
    }
    return undefined;
  };
  expect(refusalOf("00100000")).toBe(at + 10); // where the second should be
  expect(refusalOf("00100001")).toBe(at + 5);
  const extensions = Object.defineProperty(new Map<string, Uint8Array>(), "size", { value: 0x10_0001 });
  const event = { ...decodeFbatEvent(fromHex(envelope)), extensions };
  expect(() => encodeFbatEventFrame(event)).toThrow("more than 1048576 extensions");
});

test("a key that would be a prototype is one key of a map", () => {
  const bytes = fromHex(envelope.replace("6f6e7380", "6f6e7381a95f5f70726f746f5f5f9101"));
  expect([...decodeFbatEvent(bytes).extensions]).toEqual([["__proto__", Uint8Array.of(1)]]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("cut at every byte: one error, in bytes that end there and in bytes that go on", () => {
  const bytes = fromHex(envelope);
  for (let end = 0; end < bytes.length; end++) {
    const refused = expect.objectContaining({ code: "CODEC_MALFORMED_ENVELOPE" }) as unknown;
    expect(() => decodeFbatEvent(bytes.slice(0, end))).toThrow(refused);
    expect(() => decodeFbatEvent(bytes, 0, end)).toThrow(refused);
  }
});

test.each([
  ["keyscope_id", "5f6964920708", "5f6964c4020708"],
  ["nonce", `a56e6f6e6365dc0018${"00".repeat(24)}`, `a56e6f6e6365dc0017${"00".repeat(23)}`],
  ["nonce", `a56e6f6e6365dc0018${"00".repeat(24)}`, `a56e6f6e6365dc0019${"00".repeat(25)}`],
  ["payload_encryption", "696f6e82ab6b6579", "696f6e83ab6b6579"],
])("ciphertext, %s: %s as %s", (field, from, to) => {
  const encryption = { keyscopeId: Uint8Array.of(7, 8), nonce: new Uint8Array(24) };
  const sealed = hex(encodeFbatEventFrame({ ...decodeFbatEvent(fromHex(envelope)), encryption }).subarray(8));
  expect(decodeFbatEvent(fromHex(sealed)).encryption).toEqual(encryption);
  const spelled = sealed.replace(from, to);
  expect(spelled).not.toBe(sealed);
  expect(() => decodeFbatEvent(fromHex(spelled))).toThrow(malformed(field));
});
