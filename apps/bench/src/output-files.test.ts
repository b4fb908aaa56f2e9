import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { requireWritable, writeOutputs, type OutputFiles } from "./output-files.js";
import type { RunDocument } from "./run-document.js";

const run = JSON.parse(readFileSync(new URL("../test/run-document.json", import.meta.url), "utf8")) as RunDocument; // suite-run.test.ts holds it to that

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "holdfast-bench-output-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const files = (names: Partial<Record<keyof OutputFiles, string>>): OutputFiles => {
  const at = (name: string | undefined): string | undefined => (name === undefined ? undefined : join(home, name));
  return { json: at(names.json), markdown: at(names.markdown), html: at(names.html) };
};
const read = (name: string): string => readFileSync(join(home, name), "utf8");

describe("requireWritable", () => {
  test("leaves what is there, and nothing behind that was not", () => {
    writeFileSync(join(home, "old.json"), "old");
    requireWritable(files({ json: "old.json", html: "new.html" }));
    expect(readdirSync(home)).toEqual(["old.json"]);
    expect(read("old.json")).toBe("old");
  });

  test("refuses a directory, a path below none, and one file for two", () => {
    mkdirSync(join(home, "directory"));
    expect(() => requireWritable(files({ json: "directory" }))).toThrow("--json cannot be written: EISDIR");
    expect(() => requireWritable(files({ html: "none/run.html" }))).toThrow("--html cannot be written: ENOENT");
    expect(() => requireWritable(files({ json: "a", html: "a" }))).toThrow("which another option names, too");
  });
});

describe("writeOutputs", () => {
  const all = { json: "run.json", markdown: "run.md", html: "run.html" };

  test("writes each, and replaces it with more", () => {
    expect(writeOutputs(files(all), { ...run, suites: [] }, ["## a\n"])).toEqual([]);
    expect(writeOutputs(files(all), run, ["## a\n", "## b\n"])).toEqual([]);
    expect(JSON.parse(read("run.json"))).toEqual(run);
    expect(read("run.md")).toBe("## a\n\n## b\n");
    expect(read("run.html")).toMatch(/^<!doctype html>/);
    expect(writeOutputs(files({}), run, [])).toEqual([]);
  });

  test("one that fails is named, and keeps nothing from the others", () => {
    mkdirSync(join(home, "run.json"));
    const [complaint, ...more] = writeOutputs(files(all), run, ["## a\n"]);
    expect(complaint).toMatch(/^--json was not written: EISDIR/);
    expect(more).toEqual([]);
    expect([read("run.md"), read("run.html").slice(0, 9)]).toEqual(["## a\n", "<!doctype"]);
  });
});
