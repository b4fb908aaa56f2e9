import { describe, expect, test } from "vitest";
import { partOptionsOf, readCommandLine } from "./command-line.js";

describe("readCommandLine", () => {
  test("takes suites, a scale and files", () => {
    expect(readCommandLine(["wal", "store", "--full", "--json", "run.json", "--update-results"])).toEqual({
      suites: ["wal", "store"],
      scale: "full",
      reference: false,
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

  test("writes READMEs alone, or behind a run of the sizes of committed results", () => {
    expect(readCommandLine(["--write-readmes"])?.updateResults).toBe(false);
    expect(readCommandLine(["--full", "--update-results", "--write-readmes"])?.writeReadmes).toBe(true);
  });

  test("goes to the reference where that is asked for, at any scale", () => {
    const command = readCommandLine(["wal", "--quick", "--reference"]);
    expect(command === undefined ? undefined : partOptionsOf(command)).toMatchObject({ quick: true, reference: true });
  });

  test("asks for help with undefined", () => expect(readCommandLine(["wal", "--help"])).toBeUndefined());

  test.each([
    [["--quick", "--full"], "--full and --quick are two scales"],
    [["--quick", "--huge"], "--huge and --quick are two scales"],
    [["--update-results"], "--update-results needs --full or --huge"],
    [["--update-results", "--quick"], "--update-results needs --full or --huge"],
    [["--write-readmes", "--json", "run.json"], "--write-readmes writes what is committed"],
    [["--date", "yesterday"], "--date is yesterday"],
    [["--html="], "--html needs a name"],
    [["--date", "2026-99-99T99:99:99Z"], "--date is 2026-99-99T99:99:99Z, no date"],
    [["--date", "2026-02-30T00:00:00Z"], "--date is 2026-02-30T00:00:00Z, no date"],
    [["wal", "store", "wal"], "the suite wal is named twice"],
    [["wal", "--part", "append", "--json", "run.json"], "--part prints a table alone, without --json"],
    [["wal", "--part", "append", "--html", "run.html"], "without --html"],
    [["wal", "--part", "append", "--markdown", "run.md"], "without --markdown"],
    [["wal", "--part", "append", "--date", "2026-11-28T21:46:00Z"], "without --date"],
    [["wal", "--part", "append", "--strict"], "without --strict"],
    [["wal", "--part", "append", "--full", "--update-results"], "without --update-results"],
    [["--fulll"], "Unknown option '--fulll'"],
  ])("%j is refused", (args, message) => {
    expect(() => readCommandLine(args)).toThrow(message);
  });
});

describe("partOptionsOf", () => {
  test("each scale has what the smaller one has", () => {
    expect(partOptionsOf({ scale: "quick", reference: false })).toEqual({
      quick: true,
      full: false,
      huge: false,
      reference: false,
    });
    expect(partOptionsOf({ scale: "usual", reference: false })).toEqual({
      quick: false,
      full: false,
      huge: false,
      reference: false,
    });
    expect(partOptionsOf({ scale: "full", reference: false })).toEqual({
      quick: false,
      full: true,
      huge: false,
      reference: false,
    });
    expect(partOptionsOf({ scale: "huge", reference: false })).toEqual({
      quick: false,
      full: true,
      huge: true,
      reference: false,
    });
  });
});
