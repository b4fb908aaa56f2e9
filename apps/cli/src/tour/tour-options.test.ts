import { expect, test } from "vitest";
import type { CliError } from "../cli-error.js";
import { parseTourOptions } from "./tour-options.js";

const defaults = {
  file: undefined,
  json: false,
  seed: undefined,
  keep: false,
  module: undefined,
  html: undefined,
  help: false,
};

test.each([
  [[], {}],
  [["--file", "notes.txt"], { file: "notes.txt" }],
  [["--file=-odd name"], { file: "-odd name" }],
  [["--json", "--keep"], { json: true, keep: true }],
  [["--seed", "0"], { seed: 0 }],
  [["--seed", "4294967295"], { seed: 4294967295 }],
  [["--module", "save.mjs", "--html", "x.html", "--json"], { module: "save.mjs", html: "x.html", json: true }],
  [["-h"], { help: true }],
])("%j", (args, expected) => {
  expect(parseTourOptions(args)).toEqual({ ...defaults, ...expected });
});

test.each([
  [["--seed", "-1"]],
  [["--seed=-1"]],
  [["--seed", "1.5"]],
  [["--seed", "1e3"]],
  [["--seed", "0x10"]],
  [["--seed", ""]],
  [["--seed", "4294967296"]],
  [["--seed", "99999999999999999999"]],
  [["--seed"]],
  [["--file"]],
  [["--file", "--json"]],
  [["--file="]],
  [["--no-json"]],
  [["--files", "x"]],
  [["--html", "x"]],
  [["--module", "x", "--seed", "1"]],
  [["x"]],
  [["--", "x"]],
])("%j is refused with CLI_USAGE", (args) => {
  const refused = expect.objectContaining({ name: "CliError", code: "CLI_USAGE" }) as CliError;
  expect(() => parseTourOptions(args)).toThrow(refused);
});
