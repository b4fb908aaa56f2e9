// Every block marked <!-- runnable --> is type-checked against the built packages and run, from a directory outside the
// repository, with nothing but the packages of this one and their peers in reach.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runnableBlocks } from "./readme.ts";
import { isRecorded, listFiles, readText, root, workspace } from "./repository.ts";

const paths = listFiles().filter((path) => !isRecorded(path));
// A package that is not published yet has an example too.
const inReach = workspace(paths).filter(
  ({ directory, manifest }) => manifest.private !== true || directory.startsWith("packages/"),
);
const blocks = paths
  .filter((path) => path.endsWith(".md"))
  .map(readText)
  .filter((file) => file !== undefined)
  .flatMap(runnableBlocks);

const scratch = mkdtempSync(join(tmpdir(), "holdfast-examples-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function link(name: string, target: string): void {
  const at = join(scratch, "node_modules", name);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(target, at, "junction");
}
for (const { directory, manifest } of inReach) {
  link(manifest.name, join(root, directory));
  const peers = Object.keys(manifest.peerDependencies ?? {});
  for (const peer of peers) link(peer, join(root, directory, "node_modules", peer));
}
link("@types/node", join(root, "node_modules/@types/node"));
writeFileSync(join(scratch, "package.json"), '{"type":"module"}');

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
};

test("the packages are built", () => {
  const missing = inReach.filter(({ directory }) => !existsSync(join(root, directory, "dist")));
  expect(missing.map(({ directory }) => directory)).toEqual([]);
});

const examples = blocks.map((block, index) => ({ ...block, file: join(scratch, `example-${index}.mts`) }));
let program: ts.Program | undefined; // one for all, since most of the time goes into the declarations that they share

beforeAll(() => {
  for (const { code, file } of examples) writeFileSync(file, code);
  program = ts.createProgram(
    examples.map(({ file }) => file),
    options,
  );
}, 120_000);

describe.each(examples)("$path:$line", ({ code, file }) => {
  test("type-checks", { timeout: 300_000 }, () => {
    const problems = ts
      .getPreEmitDiagnostics(program!, program!.getSourceFile(file))
      .map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, "\n"));
    expect(problems).toEqual([]);
  });

  test("runs", { timeout: 300_000 }, () => {
    const script = file.replace(/\.mts$/, ".mjs");
    writeFileSync(script, ts.transpileModule(code, { compilerOptions: options, fileName: file }).outputText);
    const result = spawnSync(process.execPath, [script], { cwd: scratch, encoding: "utf8", timeout: 240_000 });
    expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
  });
});
