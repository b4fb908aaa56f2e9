import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { built, scratch } from "./scratch.js";

// docs/testing-your-own-code.md, done as it stands there, by a user who has a clone and nothing else.

const root = fileURLToPath(new URL("../../..", import.meta.url));
const text = readFileSync(join(root, "docs/testing-your-own-code.md"), "utf8");

/** The block behind a line `<!-- executed: name -->`. */
function block(name: string): string {
  const at = text.indexOf(`<!-- executed: ${name} -->\n\`\`\``);
  const [, code] = /^[^\n]*\n```\w+\n([\s\S]*?)^```$/m.exec(at === -1 ? "" : text.slice(at)) ?? [];
  if (code === undefined) throw new Error(`no block ${name}`);
  return code;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory of the user's, with the clone where the text has it: `~/holdfast`. */
function workspace(save: string): string {
  const home = scratch();
  symlinkSync(root, join(home, "holdfast"));
  const directory = join(home, "work");
  mkdirSync(directory);
  writeFileSync(join(directory, "save.mjs"), save);
  writeFileSync(join(directory, "save.test.mjs"), block("save.test.mjs"));
  const linked = spawnSync("sh", ["-c", block("shell")], { cwd: directory, env: { ...process.env, HOME: home } });
  expect(linked.status).toBe(0);
  return directory;
}

function node(directory: string, ...args: string[]): Ended {
  return spawnSync(process.execPath, args, { cwd: directory, encoding: "utf8", timeout: 240_000 });
}

const limit = { timeout: 300_000 };
const naive = block("save.mjs");
const mended = block("save.mjs, mended");
const withoutNames = naive.replace("bytes);", "bytes, { flush: true });");

describe("the test", () => {
  test("has ten lines", () => {
    expect(block("save.test.mjs").trimEnd().split("\n")).toHaveLength(10);
  });

  test("fails for the save at the beginning, and says what the text says", limit, () => {
    const { status, stderr } = node(workspace(naive), "save.test.mjs");
    const said = /^crash matrix: [\s\S]*?(?=^```)/m.exec(text)?.[0].trimEnd().split("\n") ?? [];
    expect(said.length).toBeGreaterThan(3);
    for (const line of said.filter((each) => each.trim() !== "...")) {
      expect(stderr).toContain(line.trim().replaceAll("you/", "work/"));
    }
    expect(status).toBe(1);
  });

  test("fails after the first fix, as the text says", limit, () => {
    expect(withoutNames).not.toBe(naive);
    const { status, stderr } = node(workspace(withoutNames), "save.test.mjs");
    expect(stderr).toContain('may still be lost after "saved" is acknowledged');
    expect(status).toBe(1);
  });

  test("is silent for the save at the end", limit, () => {
    expect(node(workspace(mended), "save.test.mjs")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });
});

test("the command says the same of both", limit, () => {
  expect(text).toContain("\nnpm start -- --module PATH/save.mjs\n");
  const command = join(dirname(built("main")), "..", "bin", "holdfast.js");
  expect(node(workspace(naive), command, "tour", "--module", "save.mjs")).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("LOSES the document"),
  });
  expect(node(workspace(mended), command, "tour", "--module", "save.mjs")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("survives every disk that load can tell apart"),
  });
});
