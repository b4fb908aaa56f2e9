import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { partOptionsOf, readCommandLine, usage, type CommandLine } from "./command-line.js";
import { committedAfter } from "./committed-results.js";
import { machineProfile } from "./machine-profile.js";
import { requireWritable, writeOutputs, type OutputFiles } from "./output-files.js";
import { measureApart, measureHere } from "./part-process.js";
import { forgetFailedInstalls } from "./peer-install.js";
import { rawLimitsOf, rawLimitsPart } from "./raw-limits.js";
import { markdownReport } from "./report.js";
import { readResults, writeReadmes, writeResults } from "./result-files.js";
import type { RunStamp, SuiteRun } from "./run-document.js";
import type { Part, PartOptions, Suite } from "./suite.js";
import { runDocument, suiteRun, type PartResult } from "./suite-run.js";
import { crashSuite } from "./suites/crash.bench.js";
import { fsSeamSuite } from "./suites/fs-seam.bench.js";
import { lsmTreeSuite } from "./suites/lsm-tree.bench.js";
import { ordersSuite } from "./suites/orders.bench.js";
import { scalingSuite } from "./suites/scaling.bench.js";
import { segmentCodecSuite } from "./suites/segment-codec.bench.js";
import { sidxFooterSuite } from "./suites/sidx-footer.bench.js";
import { storeSuite } from "./suites/store.bench.js";
import { walSuite } from "./suites/wal.bench.js";

/**
 * Measures our packages against their peers: `npm run bench -- [suite ...] [options]`. Reports go to stdout, progress to stderr. A missed bar stands
 * in the table and in the list below it; it fails the command only with `--strict`. A peer that does not install never does.
 *
 * Each part of a suite runs in a process of its own, started with `--expose-gc`. To profile one, build and run
 * `node --expose-gc --cpu-prof apps/bench/dist/main.js fs-seam --part crash`.
 */

const suites: readonly Suite[] = [
  fsSeamSuite,
  crashSuite,
  segmentCodecSuite,
  sidxFooterSuite,
  walSuite,
  storeSuite,
  lsmTreeSuite,
  ordersSuite,
  scalingSuite,
];

/** Runs before every suite, and is none itself. */
const limitsSuite: Suite = { name: "limits", parts: [rawLimitsPart] };

async function main(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2));
  if (command === undefined) {
    process.stdout.write(`${usage}\nsuites: ${suites.map(({ name }) => name).join(", ")}\n`);
    return;
  }
  const options = partOptionsOf(command);
  if (command.part !== undefined) return measureHere(partNamed(command.suites, command.part), options);
  if (!command.writeReadmes || command.updateResults) await run(command, options);
  if (command.writeReadmes) for (const path of writeReadmes()) say(`wrote the tables of ${path}`);
}

function suiteNamed(name: string, among: readonly Suite[] = suites): Suite {
  const found = among.find((suite) => suite.name === name);
  if (found !== undefined) return found;
  throw new Error(`no suite "${name}"; there is ${suites.map((suite) => suite.name).join(", ")}`);
}

function partNamed(names: readonly string[], name: string): Part {
  const among = [...suites, limitsSuite];
  const chosen = names.length === 0 ? among : names.map((each) => suiteNamed(each, among));
  const parts = chosen.flatMap((suite) => suite.parts);
  const part = parts.find((each) => each.name === name);
  if (part === undefined) throw new Error(`no part "${name}"; there is ${parts.map((each) => each.name).join(", ")}`);
  return part;
}

async function run(command: CommandLine, options: PartOptions): Promise<void> {
  const chosen = command.suites.length === 0 ? suites : command.suites.map((name) => suiteNamed(name));
  const { date = `${new Date().toISOString().slice(0, 19)}Z`, scale } = command;
  const stamp: RunStamp = { date, commit: commit(), scale, machine: machineProfile() };
  const files: OutputFiles = { json: command.json, markdown: command.markdown, html: command.html };
  requireWritable(files);
  forgetFailedInstalls();
  const done: SuiteRun[] = [];
  const reports: string[] = [];
  for (const suite of chosen) {
    const measured = await runSuite(suite, options);
    const report = markdownReport(stamp, measured, readResults(suite.name));
    process.stdout.write(`${done.length === 0 ? "" : "\n"}${report}`);
    done.push(measured);
    reports.push(report);
    // At once: a suite that fails later takes nothing with it.
    for (const complaint of writeOutputs(files, runDocument(stamp, done), reports)) fail(complaint);
    if (command.updateResults) update(stamp, measured);
  }
  const missed = done.some(({ rows }) => rows.some(({ met }) => met === false));
  if (command.strict && missed) process.exitCode = 1;
}

async function runSuite(suite: Suite, options: PartOptions): Promise<SuiteRun> {
  const limits = await measure(limitsSuite, rawLimitsPart, options);
  const results: PartResult[] = [];
  for (const part of suite.parts) results.push(await measure(suite, part, options));
  return suiteRun(suite.name, rawLimitsOf(limits.rows), results);
}

async function measure(suite: Suite, part: Part, options: PartOptions): Promise<PartResult> {
  process.stderr.write(`bench: ${suite.name} ${part.name} ... `);
  const result = await measureApart(fileURLToPath(import.meta.url), suite, part, options);
  const [wall, cpu] = [result.usage.wallNs, result.usage.cpuNs].map((ns) => `${(ns / 1e9).toFixed(1)} s`);
  process.stderr.write(`${wall}, ${cpu} of the processor\n`);
  return result;
}

function update(stamp: RunStamp, measured: SuiteRun): void {
  const before = readResults(measured.suite);
  const after = committedAfter(stamp, measured, before);
  const ids = new Set(after.rows.map(({ id }) => id));
  const kept = after.rows.flatMap(({ id, run: of }) => (of === 0 ? [] : [id]));
  const gone = (before?.rows ?? []).flatMap(({ id }) => (ids.has(id) ? [] : [id]));
  say(`wrote ${writeResults(after)}`);
  if (kept.length > 0) say(`kept of an earlier run: ${kept.join(", ")}`);
  if (gone.length > 0) say(`gone: ${gone.join(", ")}`);
}

/** The commit that is measured, marked where files differ from it; null outside a repository. */
function commit(): string | null {
  const { status, stdout } = spawnSync("git", ["describe", "--always", "--dirty", "--exclude=*"], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : null;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

function fail(text: string): void {
  say(text);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  const { message, stack = message } = error as Error; // nothing else is thrown here
  fail(process.env["DEBUG"] === undefined ? message : stack);
}
