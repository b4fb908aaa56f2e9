import { describe, expect, test } from "vitest";
import { partOptionsOf, readCommandLine } from "./command-line.js";

describe("readCommandLine", () => {
  test("takes suites, a scale and files", () => {
    expect(readCommandLine(["wal", "store", "--full", "--json", "run.json", "--update-results"])).toEqual({
      suites: ["wal", "store"],
      scale: "full",
      json: "run.json",
      markdown: undefined,
      updateResults: true,
      writeReadmes: false,
      date: undefined,
      strict: false,
      part: undefined,
    });
  });

  test.each([
    [[], "usual"],
    [["--quick"], "quick"],
    [["--full"], "full"],
    [["--huge"], "huge"],
    [["--full", "--huge"], "huge"],
  ] as const)("%j is of the scale %s", (args, scale) => {
    expect(readCommandLine(args)?.scale).toBe(scale);
  });

  test("writes READMEs alone, or behind a run that results are committed of", () => {
    expect(readCommandLine(["--write-readmes"])?.updateResults).toBe(false);
    expect(readCommandLine(["--full", "--update-results", "--write-readmes"])?.writeReadmes).toBe(true);
  });

  test("asks for help with undefined", () => expect(readCommandLine(["wal", "--help"])).toBeUndefined());

  test.each([
    [["--quick", "--full"], "--full and --quick are two scales"],
    [["--quick", "--huge"], "--huge and --quick are two scales"],
    [["--update-results"], "--update-results needs --full or --huge"],
    [["--update-results", "--quick"], "--update-results needs --full or --huge"],
    [["--write-readmes", "--json", "run.json"], "--write-readmes writes what is committed"],
    [["--date", "yesterday"], "--date is yesterday"],
    [["--fulll"], "Unknown option '--fulll'"],
  ])("%j is refused", (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });
});

describe("partOptionsOf", () => {
  test("each scale has what the smaller one has", () => {
    expect(partOptionsOf("quick")).toEqual({ quick: true, full: false, huge: false });
    expect(partOptionsOf("usual")).toEqual({ quick: false, full: false, huge: false });
    expect(partOptionsOf("full")).toEqual({ quick: false, full: true, huge: false });
    expect(partOptionsOf("huge")).toEqual({ quick: false, full: true, huge: true });
  });
});
