import fc from "fast-check";
import { expect, test } from "vitest";
import { quoted, shown } from "./safe-text.js";

const controls = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

test("whatever acts on a terminal is shown by its number, and parses to what it was", () => {
  expect(quoted("a\u001b[2Jb")).toBe('"a\\u001b[2Jb"');
  expect(quoted("\u009b31m \u202e \u{e0041}")).toBe('"\\u009b31m \\u202e \\udb40\\udc41"');
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(JSON.parse(quoted(text))).toBe(text);
      expect(quoted(text)).not.toMatch(controls);
      expect(shown(text)).not.toMatch(controls);
    }),
  );
});

test("plain text stands as it is, and anything else in quotes", () => {
  expect(["000001.fbat", "ünïcode-日本", "a=b"].map(shown)).toEqual(["000001.fbat", "ünïcode-日本", "a=b"]);
  expect(["", "two words", 'a"b', "a\\b", "a\u0000"].map(shown)).toEqual(
    ["", "two words", 'a"b', "a\\b", "a\u0000"].map(quoted),
  );
});
