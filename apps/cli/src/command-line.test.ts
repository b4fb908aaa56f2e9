import { describe, expect, test } from "vitest";
import { capturedIo } from "../test/captured-io.js";
import { runCommandLine } from "./command-line.js";

describe("answers", () => {
  test.each([["--help"], ["-h"], ["help"]])("%s", async (...args) => {
    const io = capturedIo();
    expect(await runCommandLine(args, io)).toBe(0);
    expect(io.out()).toContain("Usage: holdfast <command>");
    for (const name of ["tour   ", "dump   ", "verify ", "salvage"]) {
      expect(io.out()).toMatch(new RegExp(`^  ${name}  \\S`, "m"));
    }
    expect(io.err()).toBe("");
  });

  test.each([[["help", "tour"]], [["tour", "--help"]], [["tour", "-h", "--json"]]])("%j", async (args) => {
    const io = capturedIo();
    expect(await runCommandLine(args, io)).toBe(0);
    for (const option of ["--file", "--json", "--seed", "--keep", "Exit code"]) expect(io.out()).toContain(option);
    expect(io.err()).toBe("");
  });

  test.each(["dump", "verify"])("help %s and %s --help say the same", async (name) => {
    for (const args of [
      ["help", name],
      [name, "--help"],
      [name, "-h", "anything", "--json"],
    ]) {
      const io = capturedIo();
      expect(await runCommandLine(args, io)).toBe(0);
      for (const text of [`Usage: holdfast ${name} FILE|DIR [--json]`, "--json", "Exit code"]) {
        expect(io.out()).toContain(text);
      }
      expect(io.err()).toBe("");
    }
  });

  test("--version is the version and nothing else", async () => {
    const io = capturedIo();
    expect(await runCommandLine(["--version"], io)).toBe(0);
    expect(io.out()).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

describe("wrong usage: exit 2, all on stderr", () => {
  test("no arguments show what there is", async () => {
    const io = capturedIo();
    expect(await runCommandLine([], io)).toBe(2);
    expect(io.out()).toBe("");
    expect(io.err()).toContain("Usage: holdfast <command>");
  });

  test.each([
    [["tuor"], 'unknown command "tuor"'],
    [["--loud"], 'unknown option "--loud"'],
    [["--version", "now"], 'unexpected argument "now"'],
    [["help", "tuor"], 'unknown command "tuor"'],
    [["help", "tour", "now"], 'unexpected argument "now"'],
    [["tour", "--loud"], "--loud"],
    [["dump"], "dump needs a file or a directory"],
    [["verify", "--json"], "verify needs a file or a directory"],
    [["dump", ""], "the path is empty"],
    [["dump", "a", "b"], 'one path at a time: "b" is another'],
    [["verify", "--jsno", "a"], "--jsno"],
    [["dump", "--json=yes", "a"], "--json"],
    [["tour", "now"], "now"],
    [["tour", "--file"], "--file"],
    [["tour", "--file", ""], "--file needs a path"],
    [["tour", "--json=yes"], "--json"],
    [["tour", "--seed", "x"], "--seed must be a whole number"],
  ])("%j", async (args, why) => {
    const io = capturedIo();
    expect(await runCommandLine(args, io)).toBe(2);
    expect(io.out()).toBe("");
    expect(io.err()).toContain(why);
    expect(io.err()).toMatch(/^Usage: holdfast /m);
  });
});
