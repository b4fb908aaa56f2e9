// Gives the compiled checker of recorded outcomes what it needs of this machine. See src/litmus/litmus-command.ts.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// A build product: named so that no tool looks for it before the first build.
const { litmus } = await import(new URL("../dist/litmus.js", import.meta.url).href);
const golden = fileURLToPath(new URL("../test/golden/litmus/", import.meta.url));
const jsonFiles = (directory) => {
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));
  return names.toSorted().map((name) => join(directory, name));
};

process.exitCode = litmus(process.argv.slice(2), {
  defaults: jsonFiles(golden),
  listJson: (path) => (statSync(path).isDirectory() ? jsonFiles(path) : undefined),
  readText: (path) => readFileSync(path, "utf8"),
  out: (text) => process.stdout.write(text),
  say: (text) => process.stderr.write(text),
});
