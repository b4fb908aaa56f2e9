// The one door of the repository: needs Node and npm, fetches everything else, then runs a task.
//
//   node tooling/bootstrap.mjs <task> [arguments for the task]
//
// No dependencies, because it runs before any is installed. Everything it and the installers say goes to stderr, so that
// stdout belongs to the task alone (`npm start -- --json | jq` must work).
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const windows = process.platform === "win32";
const rootManifest = readJson("package.json");

/**
 * What each task does once the dependencies are in place.
 * `build`: a turbo filter to build first; `run`: the Node program and its leading arguments; `caller`: whether it runs
 * in the directory the user called from, so that relative paths in its arguments mean what the user meant.
 */
const tasks = {
  start: { says: "run the tour", build: "@holdfast/cli", run: ["apps/cli/dist/main.js", "tour"], caller: true },
  bench: { says: "run the benchmarks", build: "@holdfast/bench", run: ["apps/bench/dist/main.js"], caller: true },
  "bench:full": {
    says: "run the benchmarks at full size, which takes under half an hour",
    build: "@holdfast/bench",
    run: ["apps/bench/dist/main.js", "--full"],
    caller: true,
  },
  orders: {
    says: "run the order service",
    build: "@holdfast/bench",
    run: ["apps/bench/dist/orders.js"],
    caller: true,
  },
  "seed-cases": {
    says: "run the recorded cases",
    build: "@holdfast/fs-seam",
    run: ["packages/fs-seam/scripts/seed-cases.mjs"],
    caller: true,
  },
  litmus: {
    says: "check the recorded outcomes of real file systems",
    build: "@holdfast/crash-test",
    run: ["packages/crash-test/scripts/litmus.mjs"],
    caller: true,
  },
  mutants: { says: "run the mutants", build: "@holdfast/fs-seam", run: ["tooling/mutants/run.mjs"] },
  grade: { says: "grade the crash search", run: ["packages/crash-test/scripts/grade.mjs"] },
  test: { says: "build and test every package", run: ["tooling/ci/test.mjs"] },
  check: { says: "run every check", run: ["tooling/ci/check.mjs"] },
  docs: { says: "write the API reference to docs/api", run: ["tooling/api-reference/run.mjs"] },
  "test:matrix": { says: "run the suites on newer Node versions", run: ["tooling/node-matrix/run.mjs"] },
  "release:rehearse": { says: "rehearse a release", run: ["tooling/release-rehearsal/run.mjs"] },
  install: { says: "stop" },
};

const [taskName = "", ...taskArguments] = process.argv.slice(2);
const task = Object.hasOwn(tasks, taskName) ? tasks[taskName] : undefined;
if (task === undefined) {
  fail(`unknown task "${taskName}". Tasks: ${Object.keys(tasks).join(", ")}`);
}
checkNodeVersion();

const environment = taskEnvironment();
const stampFile = join(root, "node_modules/.cache/holdfast/install.json");
const fingerprint = installFingerprint();
let stamp = readStamp();
if (stamp === undefined) {
  const pnpm = pinnedPnpm().replace("@", " ");
  say(
    `installing turbo, tsup, TypeScript, vitest and what they need, as locked, with ${pnpm}; this once. Next: ${nextStep()}`,
  );
  stamp = await install();
} else {
  say(`dependencies are in place. Next: ${nextStep()}`);
}
// turbo and changesets look for pnpm on PATH; a machine with only Node and npm has it nowhere else.
const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
environment[pathName] = [stamp.pnpmDirectory, join(root, "node_modules/.bin"), environment[pathName]].join(delimiter);

if (task.build !== undefined) {
  const code = await run(
    join(root, "node_modules/.bin/turbo"),
    ["run", "build", `--filter=${task.build}`, "--output-logs=errors-only"],
    { stdio: ["ignore", process.stderr, process.stderr], env: environment },
  );
  if (code !== 0) fail("the build failed", code);
}
if (task.run !== undefined) {
  const [program, ...leading] = task.run;
  if (!existsSync(join(root, program))) fail(`there is no ${program} in this checkout`);
  process.exitCode = await run(process.execPath, [join(root, program), ...leading, ...taskArguments], {
    stdio: "inherit",
    env: environment,
    cwd: task.caller === true ? (process.env.INIT_CWD ?? process.cwd()) : root,
    shell: false,
  });
}

function nextStep() {
  return task.build === undefined ? task.says : `build what changed and ${task.says}`;
}

function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) fail(`needs Node 20.19 or newer, this is ${process.version}`);
}

function pinnedPnpm() {
  return rootManifest.packageManager;
}

/** Changes whenever an install could give another result: lockfile, workspace settings, any manifest, the platform. */
function installFingerprint() {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}\n`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...workspaceManifests()]) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function workspaceManifests() {
  return ["packages", "apps", "tooling"].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .map((entry) => `${group}/${entry.name}/package.json`)
      .filter((file) => existsSync(join(root, file)))
      .sort(),
  );
}

/** The record of a finished install, or undefined when it does not describe what is on disk now. */
function readStamp() {
  const linked = workspaceManifests().every((file) => {
    const { dependencies = {}, devDependencies = {} } = readJson(file);
    const wanted = Object.keys({ ...dependencies, ...devDependencies });
    return wanted.every((name) => existsSync(join(root, dirname(file), "node_modules", name)));
  });
  if (!linked || !existsSync(join(root, "node_modules/.modules.yaml")) || !existsSync(stampFile)) return undefined;
  try {
    const found = JSON.parse(readFileSync(stampFile, "utf8"));
    return found.fingerprint === fingerprint && hasPnpm(found.pnpmDirectory) ? found : undefined;
  } catch {
    return undefined; // half-written by a killed run: install again
  }
}

async function install() {
  const pnpmDirectory = await locatePnpm();
  const code = await run(join(pnpmDirectory, "pnpm"), ["install", "--frozen-lockfile", "--reporter=append-only"], {
    stdio: ["ignore", process.stderr, process.stderr],
    // CI: pnpm may replace a node_modules of another version without asking a terminal that is not there.
    env: { ...environment, CI: "true" },
  });
  if (code !== 0) {
    fail("the install failed. If a package.json was edited, update the lockfile with `npx -y pnpm install`", code);
  }
  const fresh = { fingerprint, pnpmDirectory };
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(`${stampFile}.${process.pid}`, JSON.stringify(fresh));
  renameSync(`${stampFile}.${process.pid}`, stampFile);
  return fresh;
}

/** Lets npx fetch the pinned pnpm and returns the directory, inside npm's cache, that holds its command. */
async function locatePnpm() {
  let path = "";
  const code = await run("npx", ["-y", `--package=${pinnedPnpm()}`, "--", "node", "-p", "process.env.PATH"], {
    stdio: ["ignore", "pipe", process.stderr],
    env: { ...environment, npm_config_loglevel: "error" },
    onStdout: (text) => {
      path += text;
    },
  });
  const directory = path.trim().split(delimiter).find(hasPnpm);
  if (code !== 0 || directory === undefined) {
    fail(`npx could not fetch ${pinnedPnpm()}: is the npm registry reachable?`, code);
  }
  return directory;
}

function hasPnpm(directory) {
  return existsSync(join(directory, windows ? "pnpm.cmd" : "pnpm"));
}

/** The caller's environment without what `npm run` adds: its log level and its script's name are not ours. */
function taskEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?:config_loglevel|lifecycle_|package_)/.test(name),
  );
  const quiet = { TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", DO_NOT_TRACK: "1" };
  return { ...Object.fromEntries(kept), ...quiet };
}

/** Runs a command and resolves with its exit code; a signal becomes 128 plus its number, as in a shell. */
function run(command, args, { onStdout, ...options }) {
  return new Promise((settle) => {
    const child = spawn(command, args, { cwd: root, shell: windows, ...options });
    const ignore = () => {}; // Ctrl-C reaches the child too, and it decides
    process.on("SIGINT", ignore);
    child.stdout?.setEncoding("utf8").on("data", onStdout);
    child.on("error", (error) => {
      say(`${command}: ${error.message}`);
      settle(127);
    });
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore);
      settle(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

function say(text) {
  process.stderr.write(`holdfast: ${text}\n`);
}

function fail(text, code = 1) {
  say(text);
  process.exit(code === 0 ? 1 : code);
}
