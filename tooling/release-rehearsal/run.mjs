// Rehearses a release from end to end on a loopback registry, in throw-away directories:
//   1. publish every public package with changesets, from a copy of the repository;
//   2. install each one alone in an empty project with an empty cache, and use it as a stranger would;
//   3. bump one package by a changeset and show that only it and its dependents are released.
// Prints what it counted and exits non-zero when anything is not as promised.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { root, run, workspacePackages } from "../ci/steps.mjs";
import { command, commandEnvironment } from "./commands.mjs";
import {
  closure,
  entriesOf,
  importAndRequire,
  installAlone,
  installBesides,
  isForPeer,
  optionalPeersOf,
  packedProperly,
  typeCheck,
} from "./consumer.mjs";
import { startRegistry } from "./registry.mjs";

const canary = "holdfast-rehearsal-canary";
const complaints = [];
const scratch = mkdtempSync(join(tmpdir(), "holdfast-rehearsal-"));
const copy = join(scratch, "repository");
const trapLog = join(scratch, "scripts-that-ran.log");
let registry;

try {
  if (run("turbo", ["run", "build", "--output-logs=errors-only"]) !== 0) throw new Error("the build failed");
  const upstream = spawnSync("npm", ["config", "get", "registry"], {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const ours = new Set([...workspacePackages().map(({ manifest }) => manifest.name), canary]);
  registry = await startRegistry({ isOurs: (name) => ours.has(name), upstream: upstream.stdout.trim() });
  const publishing = commandEnvironment({ registry: registry.url, cache: join(scratch, "cache-publish") });

  await copyRepository(publishing);
  const first = await release(publishing, "first release");
  const published = publicPackages(copy);
  expectSame(
    first,
    published.map(({ manifest }) => `${manifest.name}@${manifest.version}`),
    "the first release",
  );

  const scriptsAreTrapped = await provokeTrap();
  let entryCount = 0;
  for (const { manifest } of published) entryCount += await useAlone(manifest, published);
  const ran = existsSync(trapLog) ? readFileSync(trapLog, "utf8").trim().split("\n") : [];
  for (const line of ran) complaints.push(`an install script ran: ${line}`);

  const bump = await bumpOne(publishing, published);
  say(`published ${first.length}, installed alone ${published.length}, entries imported and required ${entryCount}`);
  const proof = scriptsAreTrapped
    ? "npm had a trap for a shell, and the trap had caught a bait"
    : "by manifests alone: this npm ran no script, not even the bait's";
  say(`install scripts run: ${ran.length} (${proof})`);
  say(`bumped ${bump.name}: released ${bump.released.length} of ${published.length}: ${bump.released.join(", ")}`);
} catch (error) {
  complaints.push(error instanceof Error ? error.message : String(error));
} finally {
  await registry?.close();
  rmSync(scratch, { recursive: true, force: true });
}

for (const complaint of complaints) process.stderr.write(`rehearsal: ${complaint}\n`);
say(complaints.length === 0 ? "passed" : `FAILED, ${complaints.length} complaints`);
process.exitCode = complaints.length === 0 ? 0 : 1;

function say(text) {
  process.stdout.write(`rehearsal: ${text}\n`);
}

function expectSame(found, expected, what) {
  const [left, right] = [found.toSorted().join(", "), expected.toSorted().join(", ")];
  if (left !== right) complaints.push(`${what} should be ${right}, was ${left}`);
}

/** The working tree as it is, committed or not, with its own git history of one commit and its own node_modules. */
async function copyRepository(env) {
  const left = new Set(["node_modules", ".git", ".turbo", ".report"]);
  cpSync(root, copy, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
  const git = (...args) =>
    command("git", ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost", ...args], { cwd: copy, env });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--no-verify", "--message=rehearsal");
  const { npm_config_registry: _loopback, npm_config_cache: _empty, ...asUsual } = env;
  await command("pnpm", ["install", "--frozen-lockfile", "--prefer-offline"], { cwd: copy, env: asUsual });
}

function publicPackages(directory) {
  return workspacePackages()
    .map((each) => ({
      ...each,
      manifest: JSON.parse(readFileSync(join(directory, each.directory, "package.json"), "utf8")),
    }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** Applies the waiting changesets, publishes what the registry lacks, and returns what arrived there. */
async function release(env, what) {
  const before = registry.published.length;
  const changeset = join(copy, "node_modules/@changesets/cli/bin.js");
  await command(process.execPath, [changeset, "version"], { cwd: copy, env });
  await command(process.execPath, [changeset, "publish", "--no-git-tag"], { cwd: copy, env });
  const arrived = registry.published.slice(before);
  say(`${what}: ${arrived.length} published`);
  return arrived;
}

/** A shell that only writes down what it was asked to run. npm runs install scripts with the shell it is given. */
function trapShell() {
  if (process.platform === "win32") return undefined;
  const shell = join(scratch, "trap.sh");
  writeFileSync(shell, `#!/bin/sh\necho "$PWD: $*" >> "${trapLog}"\n`);
  chmodSync(shell, 0o755);
  return shell;
}

function consuming(name) {
  const cache = join(scratch, `cache-${name.replace("/", "-")}`);
  return commandEnvironment({ registry: registry.url, cache, scriptShell: trapShell() });
}

/** Shows that the trap catches: a package with an install script must be seen, or an empty log would prove nothing. */
async function provokeTrap() {
  const directory = join(scratch, "canary");
  mkdirSync(directory, { recursive: true });
  const manifest = { name: canary, version: "1.0.0", scripts: { postinstall: "node --version" } };
  writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
  const env = consuming(canary);
  await command("npm", ["publish"], { cwd: directory, env: { ...env, npm_config_ignore_scripts: "true" } });
  const installed = await installAlone({
    directory: join(scratch, "alone-canary"),
    name: canary,
    version: "1.0.0",
    env,
  });
  if (!installed.some(({ hasScript }) => hasScript)) {
    complaints.push("the install script of the bait was not recognised");
  }
  const caught = existsSync(trapLog) && readFileSync(trapLog, "utf8").includes("node --version");
  rmSync(trapLog, { force: true });
  return caught;
}

async function useAlone(manifest, published) {
  const { name, version } = manifest;
  const directory = join(scratch, `alone-${name.replace("/", "-")}`);
  const env = consuming(name);
  const installed = await installAlone({ directory, name, version, env });
  const names = installed.map((entry) => entry.name);
  const allowed = closure(name, installed);
  const strangers = names.filter((found) => !allowed.has(found));
  if (strangers.length > 0) complaints.push(`${name}: also brought ${strangers.join(", ")}`);
  const siblings = new Set(published.map((each) => each.manifest.name));
  expectSame(
    names.filter((found) => siblings.has(found)),
    [name, ...dependenciesAmong(name, published)],
    `what of ours comes with ${name}`,
  );
  for (const { name: found, hasScript } of installed) {
    if (hasScript) complaints.push(`${name}: ${found} has an install script`);
  }
  complaints.push(...packedProperly({ directory, name }));

  const entries = entriesOf(manifest);
  const peers = optionalPeersOf(manifest);
  const own = entries.filter((entry) => !isForPeer({ directory, manifest, entry, peers }));
  if (own.length > 0) {
    await importAndRequire({ directory, entries: own, env });
    await typeCheck({ directory, entries: own, root, env });
  }
  if (own.length < entries.length) {
    await installBesides({ directory, specifiers: [...peers.values()], env });
    await importAndRequire({ directory, entries, env });
    say(`${name}: ${entries.length - own.length} entries with ${[...peers.values()].join(", ")} beside it`);
  }
  for (const bin of Object.keys(manifest.bin ?? {})) {
    await command("npx", ["--no-install", bin, "--help"], {
      cwd: directory,
      env: { ...env, npm_config_script_shell: undefined },
    });
  }
  const others = names.filter((found) => found !== name);
  say(
    `${name}@${version} alone: ${entries.length} entries, ${others.length} dependencies${others.length > 0 ? ` (${others.join(", ")})` : ""}`,
  );
  return entries.length;
}

/** Names of ours that `name` needs, directly or not. */
function dependenciesAmong(name, published) {
  const manifestOf = (wanted) => published.find(({ manifest }) => manifest.name === wanted)?.manifest;
  const reached = new Set();
  const pending = Object.keys(manifestOf(name)?.dependencies ?? {});
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const manifest = manifestOf(next);
    if (manifest === undefined || reached.has(next)) continue;
    reached.add(next);
    pending.push(...Object.keys(manifest.dependencies ?? {}));
  }
  return [...reached];
}

/** Bumps the package with most dependents that still leaves some package alone, or the only one there is. */
async function bumpOne(env, published) {
  const dependents = (name) =>
    published
      .filter(({ manifest }) => dependenciesAmong(manifest.name, published).includes(name))
      .map((each) => each.manifest);
  const candidates = published
    .map(({ manifest }) => ({ manifest, above: dependents(manifest.name) }))
    .toSorted((left, right) => right.above.length - left.above.length);
  const chosen = candidates.find(({ above }) => above.length + 1 < published.length) ?? candidates[0];
  const { name, version } = chosen.manifest;
  // Below 1.0.0 a minor leaves the caret range of the dependents, above only a major does.
  const kind = version.startsWith("0.") ? "minor" : "major";
  writeFileSync(join(copy, ".changeset/rehearsal.md"), `---\n"${name}": ${kind}\n---\n\nA rehearsed change.\n`);
  const released = await release(env, `after a ${kind} of ${name}`);

  const now = new Map(publicPackages(copy).map(({ manifest }) => [manifest.name, manifest.version]));
  const affected = [name, ...chosen.above.map((each) => each.name)];
  expectSame(
    released,
    affected.map((each) => `${each}@${now.get(each)}`),
    `the release after a ${kind} of ${name}`,
  );
  for (const { manifest } of published) {
    const moved = now.get(manifest.name) !== manifest.version;
    if (moved !== affected.includes(manifest.name)) {
      complaints.push(`${manifest.name}: ${moved ? "moved" : "did not move"}`);
    }
  }
  for (const each of chosen.above) {
    const range = registry.manifestOf(each.name, now.get(each.name))?.dependencies?.[name];
    if (range !== undefined && range !== `^${now.get(name)}`) complaints.push(`${each.name} asks for ${name} ${range}`);
  }
  return { name, released };
}
