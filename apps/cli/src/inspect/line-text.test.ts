import { expect, test } from "vitest";
import { paintFor } from "../terminal.js";
import { dumpText, valueText } from "./line-text.js";
import { damage } from "./line.js";

const plain = paintFor({ write: () => true }, {});

test("values are short, and nothing in them acts on a terminal", () => {
  expect(valueText("player:1")).toBe("player:1");
  expect(valueText("\u001b[2J")).toBe('"\\u001b[2J"');
  expect(valueText("x".repeat(1000))).toBe(`"${"x".repeat(200)}"...(1000 characters)`);
  expect([7, 7n, true, null].map(valueText)).toEqual(["7", "7", "true", "null"]);
  expect(valueText(new Uint8Array())).toBe("-");
  expect(valueText(new Uint8Array(32).fill(0xab))).toBe("ab".repeat(32));
  expect(valueText(new Uint8Array(33).fill(0xab))).toBe(`${"ab".repeat(32)}...(33 bytes)`);
  expect(valueText(new Map([["a b", Uint8Array.of(1)]]))).toBe('{"a b": 01}');
});

test("a line has its place, its kind and the fields that are there", () => {
  const fields = { eventId: Uint8Array.of(1), causation: null, entity: "a" };
  expect(dumpText({ kind: "event", offset: 57, length: 1094, fields }, plain)).toBe(
    "          57       1094  event           eventId=01 entity=a",
  );
});

test("damage says what it is, in red on a terminal", () => {
  const line = damage("torn", { offset: 5, endOffset: 12 }, "CODE", "a\u0007b");
  const text = "           5          7  damage          torn, CODE: a\\u0007b";
  expect(dumpText(line, plain)).toBe(text);
  expect(dumpText(line, paintFor({ write: () => true, isTTY: true }, {}))).toBe(`\u001b[31m${text}\u001b[39m`);
});
