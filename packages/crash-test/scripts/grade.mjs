// Grades the crash search: packages/crash-test/test/grading. That is TypeScript which no package publishes, so it is
// bundled first, siblings from source, into the cache of this package.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const outDir = at("../node_modules/.cache/holdfast/grade");
const readme = at("../test/bug-corpus/README.md");

await build({
  config: false,
  entry: { main: at("../test/grading/main.ts") },
  tsconfig: at("../tsconfig.json"),
  outDir,
  format: ["esm"],
  outExtension: () => ({ js: ".mjs" }),
  target: "node20",
  noExternal: [/^@holdfast\//],
  silent: true,
  esbuildOptions(options) {
    options.conditions = ["@holdfast/source"];
  },
});

const { main } = await import(new URL("../node_modules/.cache/holdfast/grade/main.mjs", import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  say: (line) => process.stderr.write(`${line}\n`),
  readReadme: () => readFileSync(readme, "utf8"),
  writeReadme: (text) => writeFileSync(readme, text),
});
