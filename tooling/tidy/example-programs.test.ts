// Every program below examples/ is type-checked against the built packages and run in an empty directory of its own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, describe, expect, test } from "vitest";
import { readText, root } from "./repository.ts";

const scratch = mkdtempSync(join(tmpdir(), "holdfast-programs-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const examples = readdirSync(join(root, "examples"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, path: `examples/${name}/main.js` }));

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowJs: true,
  checkJs: true,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
};

const program = ts.createProgram(
  examples.map(({ path }) => join(root, path)),
  options,
);

test("the list names every example", () => {
  expect(examples.length).toBeGreaterThan(0);
  const list = readText("examples/README.md")?.text ?? "";
  for (const { name } of examples) expect(list).toContain(`](${name}/main.js)`);
});

describe.each(examples)("$name", ({ name, path }) => {
  test("the list names what to install for a copy of it", () => {
    const { dependencies = {} } = JSON.parse(readText(`examples/${name}/package.json`)?.text ?? "{}") as {
      dependencies?: Record<string, string>;
    };
    const line = new RegExp(`^\\| ${name} \\| \`(.*)\` \\|$`, "m").exec(readText("examples/README.md")?.text ?? "");
    expect(line?.[1]?.split(" ").toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });

  test("asserts what it shows", () => {
    const code = readText(path)?.text ?? "";
    expect(code).toContain('from "node:assert/strict"');
    expect(code.match(/\bassert\.\w+\(/g)?.length ?? 0).toBeGreaterThan(0);
  });

  test("type-checks", { timeout: 300_000 }, () => {
    const problems = ts
      .getPreEmitDiagnostics(program, program.getSourceFile(join(root, path)))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    expect(problems).toEqual([]);
  });

  test("runs", { timeout: 300_000 }, () => {
    const cwd = mkdtempSync(join(scratch, "run-"));
    const env = { ...process.env, TMPDIR: cwd };
    const result = spawnSync(process.execPath, [join(root, path)], { cwd, env, encoding: "utf8", timeout: 240_000 });
    expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
    expect(result.stdout).not.toBe("");
    expect(result.stderr).toBe("");
    expect(readdirSync(cwd), "it leaves nothing behind").toEqual([]);
  });
});
