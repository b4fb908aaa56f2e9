// The house style as functions: each takes what it judges and returns its complaints, one line each, none when all is
// well. Pure, so that rules.test.ts can show every one of them failing.
import type { Allowance } from "./allow-list.ts";
import type { Manifest, TextFile, WorkspacePackage } from "./repository.ts";
import type { SourceFacts } from "./source-facts.ts";

export type Complaints = readonly string[];

const maxSourceLines = 400;

/** A file longer than a person can hold in the head is two files. */
export function fileSize(files: readonly SourceFacts[]): Complaints {
  return files
    .filter((file) => file.lineCount > maxSourceLines)
    .map((file) => `${file.path}: ${file.lineCount} lines, at most ${maxSourceLines}`);
}

const spokenNames =
  /^(README|CHANGELOG|UPGRADING|ARCHITECTURE|CONTRIBUTING|SECURITY|LICENSE-(APACHE|MIT))(\.md)?$|^Cargo\.toml$/;

export function kebabCase(paths: readonly string[]): Complaints {
  return paths
    .filter((path) =>
      path.split("/").some((part) => !/^\.?[a-z0-9]+([-.:][a-z0-9]+)*$/.test(part) && !spokenNames.test(part)),
    )
    .map((path) => `${path}: names are kebab-case`);
}

/** A room without a noun collects whatever nobody wanted to name. */
export function bannedRooms(paths: readonly string[]): Complaints {
  const room = /(^|\/)((.*-)?(utils?|helpers?|misc)|common|types)(\.[a-z.]+)?(\/|$)/;
  return paths.filter((path) => room.test(path)).map((path) => `${path}: name the file after the noun it holds`);
}

export function bannedSyntax(files: readonly SourceFacts[]): Complaints {
  return files.flatMap((file) => file.banned.map(({ what, line }) => `${file.path}:${line}: ${what} is banned`));
}

/** Time, randomness and timers enter through options, so that any run can be replayed from its seed. */
export function impurity(files: readonly SourceFacts[], allowances: readonly Allowance[]): Complaints {
  const covers = (allowance: Allowance, path: string, what: string): boolean =>
    allowance.path === path && allowance.what === what;
  const uncovered = files.flatMap((file) =>
    file.impure
      .filter(({ what }) => !allowances.some((allowance) => covers(allowance, file.path, what)))
      .map(({ what, line }) => `${file.path}:${line}: ${what} outside the allow list`),
  );
  const stale = allowances
    .filter(({ path, what }) => !files.some((file) => file.path === path && file.impure.some((f) => f.what === what)))
    .map(({ path, what }) => `allow-list.ts: ${path} no longer uses ${what}`);
  const unexplained = allowances
    .filter(({ reason }) => reason.trim().length < 10)
    .map(({ path, what }) => `allow-list.ts: ${path} ${what} needs a reason`);
  return [...uncovered, ...stale, ...unexplained];
}

/** Only the public entries may be barrels, and no barrel re-exports another. */
export function barrels(files: readonly SourceFacts[], packages: readonly WorkspacePackage[]): Complaints {
  const entries = new Set(packages.flatMap(entrySources));
  const strays = files
    .filter((file) => (file.isBarrel || file.path.endsWith("/index.ts")) && !entries.has(file.path))
    .map((file) => `${file.path}: a barrel that is no public entry`);
  const barrelPaths = new Set(files.filter((file) => file.isBarrel).map((file) => file.path));
  const nested = files
    .filter((file) => file.isBarrel)
    .flatMap((file) => file.reexportedFrom.map((from) => [file.path, join(file.path, from)] as const))
    .filter(([, target]) => barrelPaths.has(target))
    .map(([path, target]) => `${path}: re-exports the barrel ${target}`);
  return [...strays, ...nested];
}

const sourceCondition = "@holdfast/source";

function entrySources({ directory, manifest }: WorkspacePackage): readonly string[] {
  return Object.values(manifest.exports ?? {})
    .map((target) => (typeof target === "string" ? undefined : target[sourceCondition]))
    .filter((source) => source !== undefined)
    .map((source) => join(`${directory}/package.json`, source));
}

function join(from: string, relative: string): string {
  return new URL(relative, `file:///${from}`).pathname.slice(1).replace(/\.js$/, ".ts"); // "./a.js" names a.ts
}

/** Words that must not be committed. This file and its test, which have to say them, are not searched. */
export const bannedWordsSpokenIn: readonly string[] = ["tooling/tidy/rules.ts", "tooling/tidy/rules.test.ts"];

const bannedText: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /\b(TODO|FIXME)\b/, why: "do it or file it" },
  { pattern: /(^|[\s"'`(=])\/(work|root)\//m, why: "a path of somebody's machine" },
  { pattern: /(^|[\s"'`(=])\/(home|Users)\/[a-z]/m, why: "a path of somebody's machine" },
  {
    pattern: /\bregistry\.[a-z0-9.-]+\.(com|dev|io|net|org)\b/,
    why: "registry hosts come from the user's npm settings",
  },
  { pattern: /\btarball: https?:/, why: "the lockfile must not name hosts" },
];

export function bannedWords(files: readonly TextFile[]): Complaints {
  return files.flatMap(({ path, text }) =>
    bannedText.flatMap(({ pattern, why }) => {
      const match = pattern.exec(text);
      if (match === null) return [];
      const line = text.slice(0, match.index + match[0].length).split("\n").length;
      return [`${path}:${line}: "${match[0].trim()}": ${why}`];
    }),
  );
}

/** What every published manifest promises. */
export function manifest({ directory, manifest: found }: WorkspacePackage): Complaints {
  const complaints: string[] = [];
  const expect = (holds: boolean, message: string): void => {
    if (!holds) complaints.push(`${directory}/package.json: ${message}`);
  };
  expect(found.license === "MIT OR Apache-2.0", 'license is "MIT OR Apache-2.0"');
  expect(found.type === "module", 'type is "module"');
  for (const [name, range] of Object.entries({ ...found.dependencies, ...found.devDependencies })) {
    const pinned = /^(catalog:|workspace:[\^*]|\d+\.\d+\.\d+$)/.test(range);
    expect(pinned, `${name}: "${range}" is neither exact, nor from the catalog, nor of the workspace`);
  }
  if (found.private === true) return complaints;
  expect(found.engines?.node === ">=20.19", 'engines.node is ">=20.19"');
  expect(found.repository?.directory === directory, "repository.directory names the package");
  expect(found.sideEffects === false, "sideEffects is false");
  for (const name of ["dist", "src", "LICENSE-APACHE", "LICENSE-MIT"]) {
    expect(found.files?.includes(name) === true, `files lists ${name}`);
  }
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
    expect(found.scripts?.[script] === undefined, `has a ${script} script: installing must run nothing`);
  }
  for (const [entry, target] of Object.entries(found.exports ?? {})) {
    if (typeof target === "string") continue;
    const conditions = Object.keys(target).join(", ");
    expect(conditions === `${sourceCondition}, types, default`, `exports["${entry}"] lists source, types, default`);
  }
  return complaints;
}

/** Dependents ask for `workspace:^`, so that a fix reaches users without a release of every package above it. */
export function siblingRanges(packages: readonly WorkspacePackage[]): Complaints {
  const ours = new Set(packages.map(({ manifest: { name } }) => name));
  return packages.flatMap(({ directory, manifest: { dependencies = {} } }) =>
    Object.entries(dependencies)
      .filter(([name, range]) => ours.has(name) && range !== "workspace:^")
      .map(([name]) => `${directory}/package.json: ${name} is a sibling, ask for workspace:^`),
  );
}

export function testsExist(packages: readonly WorkspacePackage[], testFiles: readonly string[]): Complaints {
  return packages
    .filter(({ directory }) => !testFiles.some((path) => path.startsWith(`${directory}/`)))
    .map(({ directory }) => `${directory}: has no tests`);
}

/** A code nobody can provoke is a promise nobody checked. */
export function codesTested(codes: readonly string[], tests: readonly TextFile[], where: string): Complaints {
  return codes
    .filter((code) => !tests.some(({ text }) => text.includes(code)))
    .map((code) => `${where}: no test names ${code}`);
}

/** Every command a contributor may type is explained in one place. */
export function scriptsDocumented(scripts: Manifest["scripts"], contributing: string): Complaints {
  return Object.keys(scripts ?? {})
    .filter((name) => !new RegExp(`\`(npm (run )?|pnpm )?${name.replace(":", "\\:")}[\` ]`).test(contributing))
    .map((name) => `CONTRIBUTING.md: the script ${name} is not documented`);
}
