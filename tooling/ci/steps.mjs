// Runs the commands that test.mjs and check.mjs are made of, and counts what vitest wrote.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** Every directory of the workspace that has a manifest, as { directory, manifest }. */
export function workspacePackages() {
  return ["packages", "apps", "tooling"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((directory) => existsSync(join(root, directory, "package.json")))
      .sort()
      .map((directory) => ({
        directory,
        manifest: JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8")),
      })),
  );
}

/** Runs a program of node_modules/.bin (or node itself) to its end, output shown, no stdin. Returns the exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32" && command !== process.execPath,
    ...options,
  });
  if (error !== undefined) process.stderr.write(`${command}: ${error.message}\n`);
  return status ?? 1;
}

/** Removes old reports, so that a count can only come from the run that follows (turbo restores those of cached tasks). */
export function forgetReports() {
  for (const { directory } of workspacePackages()) {
    rmSync(join(root, directory, ".report"), { recursive: true, force: true });
  }
}

/** The tests that failed and the files that did not load, one line each: `package: file > test: first line of the message`. */
export function failedTests() {
  return workspacePackages().flatMap(({ directory, manifest }) => {
    const file = join(root, directory, ".report/vitest.json");
    if (!existsSync(file)) return [];
    const { testResults } = JSON.parse(readFileSync(file, "utf8"));
    return testResults.flatMap(({ name, status, message, assertionResults }) => {
      const failed = assertionResults.filter((test) => test.status === "failed");
      const from = `${manifest.name}: ${relative(join(root, directory), name)}`;
      if (failed.length === 0) return status === "failed" ? [`${from}: ${firstLine(message)}`] : [];
      return failed.map((test) => `${from} > ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
    });
  });
}

function firstLine(message = "") {
  return message.trim().split("\n", 1)[0].slice(0, 300);
}

/**
 * Sums the vitest reports. A package whose tests could not even be loaded has no failed test to count, and a run killed
 * half-way has no report: each counts as one failure, because silence must never read as success.
 */
export function countTests({ exitCode }) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { directory } of workspacePackages()) {
    const file = join(root, directory, ".report/vitest.json");
    if (!existsSync(file)) continue;
    const report = JSON.parse(readFileSync(file, "utf8"));
    total.passed += report.numPassedTests;
    total.failed += report.numFailedTests;
    total.skipped += report.numPendingTests + report.numTodoTests;
    const unloaded = report.testResults.filter(
      (suite) => suite.status === "failed" && suite.assertionResults.every((test) => test.status !== "failed"),
    );
    total.failed += unloaded.length;
    if (!report.success && report.numFailedTests + unloaded.length === 0) total.failed += 1;
  }
  if (exitCode !== 0 && total.failed === 0) total.failed = 1;
  return total;
}

export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
