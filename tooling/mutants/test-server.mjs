// A child of run.mjs that keeps vitest warm in one package: starting it anew for every mutation would double the time.
// It is a process of its own so that a mutation that hangs, or takes all memory, can be ended with it.
//
//   node test-server.mjs <directory of the package> <temporary directory of the tests>
//
// Asks over IPC: { files: absolute paths, none for all; changed: the files that were mutated or put back since }.
import { createVitest } from "vitest/node";

/**
 * What one run found. The first failed test ends it.
 *
 * @typedef {object} Answer
 * @property {{ file: string, test: string, message: string }[]} failed
 * @property {{ file: string, message: string }[]} broken - test files that could not even be loaded.
 * @property {string[]} unhandled - errors outside any test.
 * @property {number} passed
 */

const [root = ".", scratch = ""] = process.argv.slice(2);
/** @type {Answer} */
let answer = emptyAnswer();

// Asked while they happen: vitest itself also remembers the results of earlier runs.
const collector = {
  onTestCaseResult(test) {
    const { state, errors } = test.result();
    if (state === "passed") answer.passed += 1;
    if (state === "failed") {
      answer.failed.push({ file: test.module.moduleId, test: test.fullName, message: errors[0]?.message ?? "" });
    }
  },
  onTestModuleEnd(module) {
    for (const { message } of module.errors()) answer.broken.push({ file: module.moduleId, message });
  },
  onTestRunEnd(_modules, unhandledErrors) {
    answer.unhandled = unhandledErrors.map((error) => String(error?.message ?? error));
  },
};

process.chdir(root);
const vitest = await createVitest("test", { root, watch: false, bail: 1, reporters: [collector] });
await vitest.standalone();
process.env.TMPDIR = scratch; // for the processes that run tests: vitest keeps what it needs in the directory it saw first
const known = await vitest.globTestSpecifications();

async function serve({ files, changed }) {
  answer = emptyAnswer();
  for (const file of changed) vitest.invalidateFile(file);
  const chosen = files.length === 0 ? known : known.filter(({ moduleId }) => files.includes(moduleId));
  for (const file of files) {
    if (!chosen.some(({ moduleId }) => moduleId === file)) {
      answer.broken.push({ file, message: "there is no such test" });
    }
  }
  if (answer.broken.length === 0) await vitest.runTestSpecifications(chosen, false);
  process.send?.(answer);
}

process.on("message", (request) => void serve(request));
process.on("disconnect", () => process.exit());
process.send?.("ready");

function emptyAnswer() {
  return { failed: [], broken: [], unhandled: [], passed: 0 };
}
