import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machineProfile } from "./machine-profile.js";
import { markdownTable } from "./markdown-table.js";
import { baselineOf, markdownReport, reportOf, type Baseline, type Report } from "./report.js";
import type { Row } from "./row.js";
import type { Part, PartOptions, Suite } from "./suite.js";
import { crashSuite } from "./suites/crash.bench.js";
import { fsSeamSuite } from "./suites/fs-seam.bench.js";
import { lsmTreeSuite } from "./suites/lsm-tree.bench.js";
import { segmentCodecSuite } from "./suites/segment-codec.bench.js";
import { sidxFooterSuite } from "./suites/sidx-footer.bench.js";
import { storeSuite } from "./suites/store.bench.js";
import { walSuite } from "./suites/wal.bench.js";

/**
 * Measures our packages against their peers: `npm run bench -- [suite] [options]`. The table goes to stdout, progress to
 * stderr. A missed bar stands in the table and in the list below it; it fails the command only with `--strict`.
 *
 * Each part of a suite runs in a process of its own, started with `--expose-gc`. To profile one, build and run
 * `node --expose-gc --cpu-prof apps/bench/dist/main.js fs-seam --part crash`.
 */
const usage = `usage: npm run bench -- [suite] [options]

  suite              one of the suites below; default all
  --json FILE        also write the report as JSON
  --markdown FILE    also write the report as Markdown
  --quick            less work in fewer rounds: a look, not a measurement
  --full             also what takes minutes and gigabytes: ten million events in the suite store, five million overwrites in lsm-tree
  --update-baseline  write the ratios to src/baselines, to be committed
  --strict           exit with 1 when a bar is missed
  --part NAME        only this part of the suite, and only its table
`;

const suites: readonly Suite[] = [
  fsSeamSuite,
  crashSuite,
  segmentCodecSuite,
  sidxFooterSuite,
  walSuite,
  storeSuite,
  lsmTreeSuite,
];

interface CommandLine {
  readonly chosen: readonly Suite[];
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly quick: boolean;
  readonly full: boolean;
  readonly updateBaseline: boolean;
  readonly strict: boolean;
  readonly part: string | undefined;
}

/** Throws a sentence for the user when the arguments are wrong; undefined asks for help. */
function readCommandLine(): CommandLine | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "string" },
      markdown: { type: "string" },
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      "update-baseline": { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
      part: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const chosen = positionals.length === 0 ? suites : positionals.map(suiteNamed);
  const updateBaseline = values["update-baseline"];
  if (updateBaseline && values.quick) throw new Error("--update-baseline needs a full run, not --quick");
  if (values.full && values.quick) throw new Error("--full and --quick are two scales; name one");
  const { json, markdown, quick, full, strict, part } = values;
  return { chosen, json, markdown, quick, full, updateBaseline, strict, part };
}

function suiteNamed(name: string): Suite {
  const found = suites.find((suite) => suite.name === name);
  if (found !== undefined) return found;
  throw new Error(`no suite "${name}"; there is ${suites.map((suite) => suite.name).join(", ")}`);
}

async function main(): Promise<void> {
  const command = readCommandLine();
  if (command === undefined) {
    process.stdout.write(`${usage}\nsuites: ${suites.map(({ name }) => name).join(", ")}\n`);
    return;
  }
  if (command.part !== undefined) return measureHere(command.chosen, command.part, command);
  const reports: { readonly report: Report; readonly markdown: string }[] = [];
  for (const suite of command.chosen) {
    const report = await runSuite(suite, command);
    const markdown = markdownReport(report, readBaseline(suite.name));
    process.stdout.write(`${reports.length === 0 ? "" : "\n"}${markdown}`);
    if (command.updateBaseline) writeBaseline(report);
    reports.push({ report, markdown });
  }
  const { json, markdown, strict } = command;
  const all = reports.map(({ report }) => report);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(all, null, 2)}\n`);
  if (markdown !== undefined) writeFileSync(markdown, reports.map((each) => each.markdown).join("\n"));
  const missed = all.some(({ rows }) => rows.some(({ met }) => met === false));
  if (strict && missed) process.exitCode = 1;
}

async function runSuite(suite: Suite, scale: PartOptions): Promise<Report> {
  const machine = machineProfile();
  const rows: Row[] = [];
  for (const part of suite.parts) {
    const start = performance.now();
    process.stderr.write(`bench: ${suite.name} ${part.name} ... `);
    rows.push(...(await measureApart(suite, part, scale)));
    process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }
  return reportOf(suite.name, scale.quick, machine, rows);
}

/** Measures one part in a child that is this program with `--part`. */
function measureApart(suite: Suite, part: Part, { quick, full }: PartOptions): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    let rows: Row[] | undefined;
    const options = [suite.name, "--part", part.name, ...(quick ? ["--quick"] : []), ...(full ? ["--full"] : [])];
    const child = fork(fileURLToPath(import.meta.url), options, {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("message", (message) => {
      rows = message as Row[]; // the child is this file, see measureHere
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && rows !== undefined) resolve(rows);
      else reject(new Error(`the part ${part.name} of ${suite.name} ended with ${code ?? "a signal"}`));
    });
  });
}

async function measureHere(chosen: readonly Suite[], name: string, { quick, full }: PartOptions): Promise<void> {
  const parts = chosen.flatMap((suite) => suite.parts);
  const part = parts.find((each) => each.name === name);
  if (part === undefined) throw new Error(`no part "${name}"; there is ${parts.map((each) => each.name).join(", ")}`);
  const rows = await part.measure({ quick, full });
  if (process.send === undefined) process.stdout.write(`${markdownTable(rows)}\n`);
  else process.send(rows, () => process.disconnect());
}

/** From `src` and from `dist` alike. */
function baselineFile(suite: string): URL {
  return new URL(`../src/baselines/${suite}.json`, import.meta.url);
}

function readBaseline(suite: string): Baseline | undefined {
  try {
    return JSON.parse(readFileSync(baselineFile(suite), "utf8")) as Baseline; // written by writeBaseline, reviewed as code
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function writeBaseline(report: Report): void {
  writeFileSync(baselineFile(report.suite), `${JSON.stringify(baselineOf(report), null, 2)}\n`);
  process.stderr.write(`bench: wrote src/baselines/${report.suite}.json\n`);
}

try {
  await main();
} catch (error) {
  const { message, stack } = error as Error; // nothing else is thrown here
  process.stderr.write(`bench: ${process.env["DEBUG"] === undefined ? message : stack}\n`);
  process.exitCode = 1;
}
