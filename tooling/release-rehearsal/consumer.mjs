// One stranger's project per package: an empty directory, an empty cache, one install, and then every entry is imported,
// required and type-checked.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "./commands.mjs";

/** Installs `name@version` alone. Returns what came: [{ name, version, hasScript }]. */
export async function installAlone({ directory, name, version, env }) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await command("npm", ["install", "--save-exact", `${name}@${version}`], { cwd: directory, env });
  const lock = JSON.parse(readFileSync(join(directory, "node_modules/.package-lock.json"), "utf8"));
  return Object.entries(lock.packages).map(([path, entry]) => ({
    name: path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
    version: entry.version,
    hasScript: entry.hasInstallScript === true || existsSync(join(directory, path, "binding.gyp")),
    manifest: JSON.parse(readFileSync(join(directory, path, "package.json"), "utf8")),
  }));
}

/** The names that may come with `name`: what it declares, and what those declare, and nothing for development. */
export function closure(name, installed) {
  const byName = new Map(installed.map((entry) => [entry.name, entry.manifest]));
  const reached = new Set();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = byName.get(next) ?? {};
    pending.push(...Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }));
  }
  return reached;
}

/** The specifiers a user may import: "@holdfast/fs-seam", "@holdfast/fs-seam/crash", ... */
export function entriesOf({ name, exports = {} }) {
  return Object.keys(exports)
    .filter((entry) => entry !== "./package.json")
    .map((entry) => name + entry.slice(1));
}

/** Optional peers, as `name@version` by name: the versions that the package is developed with. */
export function optionalPeersOf({ peerDependenciesMeta = {}, devDependencies = {} }) {
  const names = Object.keys(peerDependenciesMeta).filter((name) => peerDependenciesMeta[name].optional === true);
  return new Map(names.map((name) => [name, `${name}@${devDependencies[name]}`]));
}

/** Whether an entry is made for one of these peers: the file that it names imports it. */
export function isForPeer({ directory, manifest, entry, peers }) {
  const { default: file } = manifest.exports[`.${entry.slice(manifest.name.length)}`];
  const text = readFileSync(join(directory, "node_modules", manifest.name, file), "utf8");
  return [...peers.keys()].some((peer) => text.includes(`"${peer}"`));
}

/** Installs what the user of an optional part installs besides. */
export async function installBesides({ directory, specifiers, env }) {
  await command("npm", ["install", "--save-exact", ...specifiers], { cwd: directory, env });
}

export async function importAndRequire({ directory, entries, env }) {
  const list = JSON.stringify(entries);
  const body = (load) => `for (const entry of ${list}) {
    const names = Object.keys(${load}).filter((name) => name !== "default" && name !== "__esModule");
    if (names.length === 0) throw new Error(entry + " exports nothing");
  }`;
  writeFileSync(join(directory, "all.mjs"), body("await import(entry)"));
  writeFileSync(join(directory, "all.cjs"), body("require(entry)"));
  for (const file of ["all.mjs", "all.cjs"]) {
    await command(process.execPath, ["--no-warnings", file], { cwd: directory, env });
  }
}

/** The strictest consumer we know: every .d.ts of the package is checked too (skipLibCheck is off). */
export async function typeCheck({ directory, entries, root, env }) {
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    moduleResolution: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["all.mts", "all.cts"] }));
  const names = entries.map((_, index) => `entry${index}`);
  const use = `const all: readonly object[] = [${names.join(", ")}];\n`;
  const asModule = entries.map((entry, index) => `import * as entry${index} from "${entry}";\n`).join("");
  const asCommonJs = entries.map((entry, index) => `import entry${index} = require("${entry}");\n`).join("");
  writeFileSync(join(directory, "all.mts"), `${asModule}${use}export { all };\n`);
  writeFileSync(join(directory, "all.cts"), `${asCommonJs}${use}export = all;\n`);
  await command(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], { cwd: directory, env });
}

/** What must and must not be inside the published package. */
export function packedProperly({ directory, name }) {
  const at = join(directory, "node_modules", name);
  const files = readdirSync(at, { recursive: true }).map((path) => path.replaceAll("\\", "/"));
  const complaints = ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "package.json"]
    .filter((file) => !files.includes(file))
    .map((file) => `${name}: ${file} was not packed`);
  const tests = files.filter((file) => /\.test\.[a-z]+$/.test(file) && !file.startsWith("node_modules/"));
  const manifest = readFileSync(join(at, "package.json"), "utf8");
  if (/"(workspace|catalog):/.test(manifest)) complaints.push(`${name}: a workspace or catalog range was published`);
  return [...complaints, ...tests.map((file) => `${name}: the test ${file} was packed`)];
}
