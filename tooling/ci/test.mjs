// Builds and tests every package, then runs the tidy tests. The last line of stdout is "N passed, N failed".
// Arguments go to turbo: `npm test -- --filter=@holdfast/fs-seam`, `npm test -- --force`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countLine, countTests, failedTests, forgetReports, root, run } from "./steps.mjs";

forgetReports();
const turboArguments = ["run", "build", "test", "--continue", "--output-logs=new-only", ...process.argv.slice(2)];
const packagesCode = run("turbo", turboArguments);
// Tidy reads the whole repository, so no cache key short of the whole repository could be right for it.
const tidyCode = run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", "tooling/tidy"]);

const total = countTests({ exitCode: Math.max(packagesCode, tidyCode) });
mkdirSync(join(root, ".report"), { recursive: true });
const failures = failedTests();
writeFileSync(join(root, ".report/tests.json"), `${JSON.stringify({ ...total, failures })}\n`);
console.log();
for (const failure of failures) console.log(`failed: ${failure}`);
console.log(countLine(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
