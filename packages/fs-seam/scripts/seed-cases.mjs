// Gives the compiled runner of recorded cases what it needs of this machine. See src/seed-cases/seed-cases.ts.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// A build product: named so that no tool looks for it before the first build.
const { seedCases } = await import(new URL("../dist/seed-cases.js", import.meta.url).href);
const golden = fileURLToPath(new URL("../test/golden/seam/", import.meta.url));

process.exitCode = seedCases(process.argv.slice(2), {
  defaults: ["crashfs-cases.json", "simfs-cases.json"].map((name) => join(golden, name)),
  listJson: (path) => {
    if (!statSync(path).isDirectory()) return undefined;
    const names = readdirSync(path).filter((name) => name.endsWith(".json"));
    return names.toSorted().map((name) => join(path, name));
  },
  readText: (path) => readFileSync(path, "utf8"),
  out: (text) => process.stdout.write(text),
  say: (text) => process.stderr.write(text),
});
