import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkLane, encodeName, nameFault } from "./event-name.js";

const invalid = (why: RegExp, field: string): unknown =>
  expect.objectContaining({
    code: "STORE_INVALID_NAME",
    message: expect.stringMatching(why),
    context: expect.objectContaining({ field }),
  });

test.each([
  ["", /empty/],
  ["a\u0000b", /control character 0x00/],
  ["\u001f", /control character 0x1f/],
  ["a\u007f", /control character 0x7f/],
  ["a\ud800", /surrogate/],
  ["\udc00a", /surrogate/],
  ["x".repeat(1025), /1024 bytes/],
  ["\u00e9".repeat(513), /1024 bytes/],
  ["\u{1f600}".repeat(257), /1024 bytes/],
])("the entity %j is refused with the reason", (name, why) => {
  expect(() => encodeName(name, "entity")).toThrow(invalid(why, "entity"));
});

test("what is no string is no name", () => {
  const wrong = 7 as unknown as string; // callers of plain JavaScript have no compiler
  expect(() => encodeName(wrong, "scope")).toThrow(invalid(/must be a string/, "scope"));
});

test("a scope may be empty, an entity of 1024 bytes is one, and characters that only look like controls pass", () => {
  expect(encodeName("", "scope")).toEqual(new Uint8Array(0));
  expect(encodeName("\u00e9".repeat(512), "entity").length).toBe(1024);
  expect(Buffer.from(encodeName(" ~\ufeff|=/..", "entity")).toString("hex")).toBe("207eefbbbf7c3d2f2e2e");
});

test("bytes and text have the same names", () => {
  const name = fc.string({
    unit: fc.oneof(fc.constantFrom("a", "\u007f", "\u0000", "\u001f"), fc.string({ unit: "grapheme" })),
  });
  fc.assert(
    fc.property(name, (text) => {
      const bytes = new TextEncoder().encode(text);
      const isName = bytes.length > 0 && bytes.length <= 1024 && ![...bytes].some((byte) => byte < 32 || byte === 127);
      expect(nameFault(bytes, 0, bytes.length, "entity") === undefined).toBe(isName);
      if (isName) expect(Buffer.from(encodeName(text, "entity")).toString("utf8")).toBe(text);
      else expect(() => encodeName(text, "entity")).toThrow(expect.objectContaining({ code: "STORE_INVALID_NAME" }));
    }),
  );
});

test.each(["c0af", "eda080", "f4908080", "c3", "61ff", "e282"])("%s is not UTF-8", (hex) => {
  const bytes = Buffer.from(hex, "hex");
  expect(nameFault(bytes, 0, bytes.length, "entity")).toBe("is not UTF-8");
});

test("only the range is looked at", () => {
  const bytes = Buffer.from("\u0000ab\u0000");
  expect(nameFault(bytes, 1, 3, "entity")).toBe(undefined);
  expect(nameFault(bytes, 1, 4, "entity")).toMatch(/control/);
  expect(nameFault(bytes, 0, 3, "entity")).toMatch(/control/);
  expect(nameFault(bytes, 1, 1, "entity")).toBe("is empty");
});

test.each([-1, 0.5, 2 ** 32, Number.NaN, "0"])("%s is no lane", (lane) => {
  expect(() => checkLane(lane as number)).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_NAME", context: expect.objectContaining({ field: "lane" }) }),
  );
});

test.each([0, 2 ** 32 - 1])("%s is a lane", (lane) => {
  expect(() => checkLane(lane)).not.toThrow();
});
