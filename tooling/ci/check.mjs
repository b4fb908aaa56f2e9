// Everything a change must pass, one step after the other, all of them even when one fails.
//   check.mjs                 every step
//   check.mjs --skip=tests    without the tests (.ci/run has run them already)
// Writes .report/check.json: the names of the failed steps.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./steps.mjs";

const turbo = (...tasks) => ["turbo", "run", ...tasks, "--continue", "--output-logs=errors-only"];
const steps = [
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "lint", command: ["oxlint"] },
  { name: "types", command: turbo("typecheck") },
  { name: "layers", command: ["depcruise", "--config", ".dependency-cruiser.mjs", "packages", "apps", "examples"] },
  { name: "knip", command: ["knip", "--no-config-hints"] },
  { name: "docs", command: [process.execPath, "tooling/api-reference/run.mjs", "--check"] },
  { name: "tests", command: [process.execPath, "tooling/ci/test.mjs"] },
  { name: "build", command: turbo("build") },
  { name: "packages", command: turbo("lint:pkg") }, // publint and attw
  { name: "size", command: ["size-limit"] },
];

const skipped = process.argv.slice(2).map((argument) => {
  const name = /^--skip=(.+)$/.exec(argument)?.[1];
  if (!steps.some((step) => step.name === name)) {
    throw new Error(`unknown argument ${argument}; steps are ${steps.map((step) => step.name).join(", ")}`);
  }
  return name;
});

const failed = [];
for (const { name, command } of steps.filter((step) => !skipped.includes(step.name))) {
  const [program, ...args] = command;
  const started = performance.now();
  console.log(`check: ${name}`);
  const code = run(program, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`check: ${name} ${code === 0 ? "passed" : "FAILED"} in ${seconds} s`);
  if (code !== 0) failed.push(name);
}

mkdirSync(join(root, ".report"), { recursive: true });
writeFileSync(join(root, ".report/check.json"), `${JSON.stringify({ failed })}\n`);
console.log(failed.length === 0 ? "check: everything passed" : `check: failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
