import { describe, expect, test } from "vitest";
import { countText, durationText, paintFor, plural, tableLines } from "./terminal.js";

const write = (): boolean => true;

describe("colours", () => {
  test("on a terminal", () => {
    expect(paintFor({ write, isTTY: true }, {}).good("held")).toBe("\u001b[32mheld\u001b[39m");
    expect(paintFor({ write, isTTY: true }, { NO_COLOR: "" }).bold("x")).toBe("\u001b[1mx\u001b[22m");
  });

  test.each([
    ["no terminal", { write }, {}],
    ["NO_COLOR", { write, isTTY: true }, { NO_COLOR: "1" }],
    ["a terminal without any", { write, isTTY: true }, { TERM: "dumb" }],
  ])("not with %s", (_, sink, env) => {
    const { bold, dim, good, bad } = paintFor(sink, env);
    expect(bold("a") + dim("b") + good("c") + bad("d")).toBe("abcd");
  });
});

test("numbers for people", () => {
  expect([0, 999, 1234567.4].map(countText)).toEqual(["0", "999", "1,234,567"]);
  expect([plural(1, "kill"), plural(5, "kill")]).toEqual(["1 kill", "5 kills"]);
  expect([0.0814, 1.25, 47.3, 2040].map(durationText)).toEqual(["81 µs", "1.3 ms", "47 ms", "2.0 s"]);
});

test("tables align the first column left and the others right", () => {
  expect(
    tableLines([
      ["name", "n", ""],
      ["a", "12", "x"],
      ["long one", "3", ""],
    ]),
  ).toEqual(["name       n", "a         12  x", "long one   3"]);
});
