import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { measuredCommit } from "./measured-commit.js";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "holdfast-bench-commit-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("names the commit, and that files differ from it which are measured", () => {
  const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: home, encoding: "utf8" }).trim();
  const [results, source] = [join(home, "apps/bench/results"), join(home, "apps/bench/src")];
  for (const directory of [results, source]) mkdirSync(directory, { recursive: true });
  const [result, page, code] = [join(results, "wal.json"), join(home, "README.md"), join(source, "main.ts")];
  for (const file of [result, page, code]) writeFileSync(file, "committed");
  git("init", "--quiet");
  git("add", ".");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "one");
  const name = git("rev-parse", "HEAD");

  expect(name.startsWith(measuredCommit(source) ?? "none")).toBe(true);
  for (const file of [result, page]) writeFileSync(file, "of a run");
  expect(name.startsWith(measuredCommit(source) ?? "none")).toBe(true);
  writeFileSync(code, "changed");
  expect(measuredCommit(source)).toMatch(/^[0-9a-f]{7,}-dirty$/);
});

test("outside a repository there is none", () => expect(measuredCommit(home)).toBeNull());
