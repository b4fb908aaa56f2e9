import { fileURLToPath } from "node:url";
import { partOptionsOf, readCommandLine, usage, type CommandLine } from "./command-line.js";
import { committedAfter, stampComplaints } from "./committed-results.js";
import { machineProfile } from "./machine-profile.js";
import { requireWritable, writeOutputs, type OutputFiles } from "./output-files.js";
import { measureApart, measureHere } from "./part-process.js";
import { forgetFailedInstalls } from "./peer-install.js";
import { measuredCommit } from "./measured-commit.js";
import { partNamed, partsOf, requireReference, suitesNamed } from "./named-parts.js";
import { rawLimitsOf, rawLimitsPart } from "./raw-limits.js";
import { markdownReport } from "./report.js";
import { readResults, writeReadmes, writeResults } from "./result-files.js";
import type { RunStamp, SuiteRun } from "./run-document.js";
import type { Part, PartOptions, Suite } from "./suite.js";
import { runDocument, suiteRun, type PartResult } from "./suite-run.js";
import { limitsSuite, suites } from "./all-suites.js";

/**
 * Measures our packages against their peers: `npm run bench -- [suite ...] [options]`. Reports go to stdout, progress to stderr. A missed bar stands
 * in the table and in the list below it; it fails the command only with `--strict`. A peer that does not install never does.
 *
 * Each part of a suite runs in a process of its own, started with `--expose-gc`. To profile one, build and run
 * `node --expose-gc --cpu-prof apps/bench/dist/main.js fs-seam --part crash`.
 */

async function main(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2));
  if (command === undefined) {
    process.stdout.write(`${usage}\nsuites: ${suites.map(({ name }) => name).join(", ")}\n`);
    return;
  }
  const options = partOptionsOf(command);
  if (command.part !== undefined) {
    return measureHere(partNamed([...suites, limitsSuite], command.suites, command.part), options);
  }
  if (!command.writeReadmes || command.updateResults) await run(command, options);
  if (command.writeReadmes) for (const path of writeReadmes()) say(`wrote the tables of ${path}`);
}

async function run(command: CommandLine, options: PartOptions): Promise<void> {
  const chosen = suitesNamed(suites, command.suites);
  if (command.reference) requireReference(chosen);
  const { date = `${new Date().toISOString().slice(0, 19)}Z`, scale } = command;
  const stamp: RunStamp = { date, commit: measuredCommit(), scale, machine: machineProfile() };
  const complaints = command.updateResults ? stampComplaints(stamp) : [];
  if (complaints.length > 0) throw new Error(`--update-results cannot take this run: ${complaints.join("; ")}`);
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
  for (const part of partsOf(suite, options)) results.push(await measure(suite, part, options));
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
