// A command that is given what it does not take says so in a sentence, without a stack.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./repository.ts";

test("the API reference refuses an argument that it does not know", { timeout: 60_000 }, () => {
  for (const args of [["--nosuch"], ["--check", "--check"]]) {
    const script = join(root, "tooling/api-reference/run.mjs");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toBe("docs: the one argument is --check\n");
  }
});
