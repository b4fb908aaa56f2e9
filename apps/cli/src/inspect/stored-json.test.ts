import { PayloadCodec } from "@holdfast/segment-codec/payload";
import { expect, test } from "vitest";
import { StoredJson } from "./stored-json.js";

const text = (value: unknown): string => new StoredJson(new PayloadCodec().encode(value)).text();

test("MessagePack is shown as JSON, what JSON has no word for in words of its own", () => {
  expect(text({ a: [1, -2.5, "x", null, true] })).toBe('{"a":[1,-2.5,"x",null,true]}');
  expect(text({ bytes: Uint8Array.of(0, 255), big: 2n ** 60n, none: Number.NaN, end: -Infinity })).toBe(
    '{"bytes":"00ff","big":"1152921504606846976","none":"NaN","end":"-Infinity"}',
  );
  expect(text({ at: new Date(0), list: Uint16Array.of(1, 2) })).toBe('{"at":"1970-01-01T00:00:00.000Z","list":[1,2]}');
  expect(text(undefined)).toBe("null");
});

const stored = (json: string): string => new StoredJson(new TextEncoder().encode(json)).text();

test("JSON is shown as it is, every digit of it, on one line", () => {
  const json = '{ "a": [1.0, 12345678901234567890],\r\n\t"[{": "]\\"\\\\", "b\\n": {} }';
  expect(stored(json)).toBe(json.replace(/[\r\n\t]/g, " "));
  expect(JSON.parse(stored(json))).toEqual(JSON.parse(json));
});

test("bytes that are neither are null", () => {
  expect(new StoredJson(Uint8Array.of(0xc1, 0)).text()).toBe("null");
  expect(new StoredJson(new Uint8Array()).text()).toBe("null");
  expect(stored('{"a":}')).toBe("null");
});

test("nesting is shown up to 512, however it is stored, and never suffered", () => {
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const packed = (depth: number): Uint8Array => Uint8Array.from([...Array<number>(depth - 1).fill(0x91), 0x90]);
  expect([stored(nested(512)), stored(nested(513)), stored(nested(200_000))]).toEqual([nested(512), "null", "null"]);
  expect(stored(`[${nested(511)},${nested(511)}]`)).toBe(`[${nested(511)},${nested(511)}]`);
  const brackets = [`["${"[".repeat(600)}"]`, `["${"]".repeat(600)}",${nested(512)}]`] as const;
  const escaped = `["\\"${"[".repeat(600)}"]`;
  expect([...brackets, escaped].map(stored)).toEqual([brackets[0], "null", escaped]); // what is in strings nests nothing
  expect(new StoredJson(packed(512)).text()).toBe(nested(512));
  expect(new StoredJson(packed(513)).text()).toBe("null");
});

test("more than 4 MiB is not made a value of: the memory of an inspection has a bound", () => {
  const zeros = (bytes: number): string => new StoredJson(packedBytes(bytes - 5)).text();
  expect(zeros(0x40_0000)).toHaveLength(2 * (0x40_0000 - 5) + 2);
  expect(zeros(0x40_0001)).toBe("null");
});

/** So many zeros, as MessagePack stores bytes: behind 5 of its own. */
function packedBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(5 + count);
  bytes[0] = 0xc6;
  new DataView(bytes.buffer).setUint32(1, count);
  return bytes;
}
