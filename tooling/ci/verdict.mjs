// The end of .ci/run: says which tests and which commands (its arguments) failed, and prints the count of tests as the very last line.
// A failed command that is not a failed test counts as one failure, so that the line can never look better than the run.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { countLine, root } from "./steps.mjs";

const problems = process.argv.slice(2);
const file = join(root, ".report/tests.json");
const total = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 1, skipped: 0 };
for (const failure of total.failures ?? []) console.log(`failed: ${failure}`);
for (const problem of problems) {
  console.log(`failed: ${problem}`);
  if (problem !== "npm test" || total.failed === 0) total.failed += 1;
}
console.log(countLine(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
