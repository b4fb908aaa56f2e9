import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll } from "vitest";

const packages = ["fs-seam", "segment-codec", "wal"];

/**
 * This package and those below it as JavaScript, so that a child process can import them without a build. Returns a directory
 * from which `@holdfast/wal` can be imported; it is removed behind the tests of this file.
 */
export function transpiledWorkspace(): string {
  const root = mkdtempSync(join(tmpdir(), "holdfast-wal-source-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  for (const name of packages) transpile(name, join(root, "node_modules/@holdfast", name));
  return root;
}

function transpile(name: string, target: string): void {
  const home = join(import.meta.dirname, "../../..", name);
  const { exports } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const entries = Object.entries(exports).flatMap(([entry, conditions]) => {
    const source = typeof conditions === "string" ? undefined : conditions["@holdfast/source"];
    return source === undefined ? [] : [[entry, source.replace(/\.ts$/, ".js")]];
  });
  for (const file of readdirSync(join(home, "src"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(home, "src", file), "utf8"), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const path = join(target, "src", file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
  writeFileSync(join(target, "package.json"), JSON.stringify({ type: "module", exports: Object.fromEntries(entries) }));
  // What it depends on besides, but for its siblings, which are found in the directory above.
  for (const dependency of dependenciesOf(home)) {
    const link = join(target, "node_modules", dependency);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(home, "node_modules", dependency), link);
  }
}

function dependenciesOf(home: string): string[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  return Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !name.startsWith("@holdfast"));
}
