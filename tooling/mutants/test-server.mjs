// A child of run.mjs that keeps vitest warm in one package: starting it anew for every mutation would double the time.
// It is a process of its own so that a mutation that hangs, or eats all memory, can be ended with it.
//
//   node test-server.mjs <directory of the package>
//
// Asks over IPC: { files: [path...], changed: path | undefined }. Answers: see Answer.
import { createVitest } from "vitest/node";

/**
 * @typedef {object} Answer
 * @property {{ file: string, test: string, message: string }[]} failed - tests that failed, the first one first.
 * @property {{ file: string, message: string }[]} broken - test files that could not even be loaded.
 * @property {string[]} unhandled - errors outside any test.
 * @property {number} passed
 */

const [root = "."] = process.argv.slice(2);
process.chdir(root);
const vitest = await createVitest("test", {
  root,
  watch: false,
  bail: 1,
  reporters: [{}], // says nothing: the answer is the report
});
await vitest.standalone();

process.on("message", async ({ files, changed }) => {
  if (changed !== undefined) vitest.invalidateFile(changed);
  const wanted = await vitest.globTestSpecifications();
  const chosen = files.length === 0 ? wanted : wanted.filter(({ moduleId }) => files.includes(moduleId));
  const missing = files.filter((file) => !chosen.some(({ moduleId }) => moduleId === file));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(chosen, false);
  process.send(answerOf(testModules, unhandledErrors, missing));
});
process.on("disconnect", () => process.exit());
process.send("ready");

/** @returns {Answer} */
function answerOf(testModules, unhandledErrors, missing) {
  const answer = { failed: [], broken: missing.map((file) => ({ file, message: "no such test file" })), unhandled: [], passed: 0 };
  for (const module of testModules) {
    for (const error of module.errors()) answer.broken.push({ file: module.moduleId, message: error.message });
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result();
      if (state === "passed") answer.passed += 1;
      if (state !== "failed") continue;
      answer.failed.push({ file: module.moduleId, test: test.fullName, message: errors[0]?.message ?? "" });
    }
  }
  answer.unhandled = unhandledErrors.map((error) => String(error?.message ?? error));
  return answer;
}
