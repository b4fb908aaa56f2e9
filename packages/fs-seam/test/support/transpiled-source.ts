import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll } from "vitest";

/**
 * The package as JavaScript, so that a child process can import it without a build: every source file that `entry`
 * reaches, one by one. Returns the path of the entry, in a directory that is removed behind the tests of this file.
 */
export function transpiledSource(entry = "index"): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-source-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  const source = join(import.meta.dirname, "../../src");
  const pending = [entry];
  const seen = new Set(pending);
  for (const name of pending) {
    const text = readFileSync(join(source, `${name}.ts`), "utf8");
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const target = join(directory, `${name}.js`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
    for (const [, next = ""] of outputText.matchAll(/from "\.\/([^"]+)\.js"/g)) {
      if (!seen.has(next)) pending.push(next);
      seen.add(next);
    }
  }
  return join(directory, `${entry}.js`);
}
