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

test("JSON is shown as it is, and bytes that are neither as null", () => {
  expect(new StoredJson(new TextEncoder().encode('{ "a": 1 }')).text()).toBe('{"a":1}');
  expect(new StoredJson(Uint8Array.of(0xc1, 0)).text()).toBe("null");
  expect(new StoredJson(new Uint8Array()).text()).toBe("null");
});
