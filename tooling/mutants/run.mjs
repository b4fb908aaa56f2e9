// Removes or turns around every line that makes a barrier what it is, one at a time, and shows the test that notices.
//
//   npm run mutants                       all of them
//   npm run mutants -- --only ledger      those whose area, file or description contains "ledger"; several --only are alternatives
//   npm run mutants -- --equivalent       those that are said to change nothing: they must survive
//   npm run mutants -- --list             what there is, nothing is run
//   npm run mutants -- --narrow           with the tests that the list names for each, and no others
//   npm run mutants -- --json FILE        the results as JSON as well
//
// Works on a copy in the temporary directory. Exit code 1 when a mutation survives, or when the list does not fit the
// source any more. The last line of stdout is "N passed, N failed".
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { TypeChecker } from "./type-checker.mjs";
import { equivalent, mutations } from "./mutations.mjs";
import { locate } from "./locate.mjs";
import { root, Workbench } from "./workbench.mjs";

const mutantSeconds = 60;
const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    list: { type: "boolean" },
    json: { type: "string" },
    narrow: { type: "boolean" },
    equivalent: { type: "boolean" },
  },
});
/** What a result has to be to count as passed. */
const wanted = options.equivalent === true ? "SURVIVED" : "killed";
const chosen = (wanted === "killed" ? mutations : equivalent).filter(isWanted);
const others = (wanted === "killed" ? equivalent : mutations).filter(isWanted);
/** The copy; there is none while the list is only shown. */
let bench;
/** By package. */
const checkers = new Map();

if (options.list === true) {
  list();
} else {
  bench = new Workbench();
  process.on("exit", () => bench.dispose());
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.on(signal, () => process.exit(code));
  }
  await main();
  process.exit(); // the warm test processes would wait for more
}

function isWanted({ area, file, what }) {
  const text = `${area} ${file} ${what}`.toLowerCase();
  return options.only === undefined || options.only.some((wanted) => text.includes(wanted.toLowerCase()));
}

function list() {
  let stale = 0;
  for (const mutation of [...chosen, ...others]) {
    const found = locate(readFileSync(join(root, mutation.file), "utf8"), mutation);
    if (found.kind === "stale") stale += 1;
    const note = mutation.reason === undefined ? "" : ` (no test can notice: ${mutation.reason})`;
    console.log(
      found.kind === "stale" ? staleLine(mutation, found) : `${place(mutation, found)}  ${mutation.what}${note}`,
    );
  }
  finish(
    chosen.length + others.length - stale,
    stale,
    `${chosen.length} mutations, ${others.length} equivalent, ${stale} stale`,
  );
}

async function main() {
  const stale = [...chosen, ...others].flatMap((mutation) => {
    const found = locate(bench.read(mutation.file), mutation);
    return found.kind === "stale" ? [staleLine(mutation, found)] : [];
  });
  if (stale.length > 0) {
    console.log(stale.join("\n"));
    finish(0, stale.length, "the list does not fit the source: nothing was run");
    return;
  }
  if (chosen.length === 0) {
    finish(0, 1, `nothing matches --only ${options.only?.join(" or ")}`);
    return;
  }
  const limits = await green();
  if (limits === undefined) return;
  const results = [];
  for (const [index, mutation] of chosen.entries()) {
    const result = await judge(mutation, limits);
    results.push(result);
    const counter = `${index + 1}/${chosen.length}`.padStart(9);
    console.log(`${counter} ${result.verdict.padEnd(8)} ${result.at}  ${result.what}: ${result.by}`);
    if (options.json !== undefined) writeFileSync(resolve(options.json), `${JSON.stringify(results, undefined, 1)}\n`);
  }
  summarize(results);
}

/** Runs the tests on the unmutated copy. Returns the time limit of each whole package in milliseconds. */
async function green() {
  const limits = new Map();
  for (const directory of bench.packages("packages/fs-seam")) {
    const named = chosen.flatMap(({ tests }) => tests).filter((file) => packageOf(file) === directory);
    // Of a program only what the list names: its other tests start what is built, which no mutation reaches.
    const narrow = options.narrow === true || directory.startsWith("apps/");
    if (narrow && named.length === 0) continue;
    const run = await bench.run(directory, narrow ? [...new Set(named)] : [], 600_000);
    const trouble = run.kind === "answer" ? troubleIn(run.answer) : `the tests ${run.kind === "hang" ? "hang" : "die"}`;
    if (trouble !== undefined) {
      finish(0, 1, `${directory} is not green without any mutation: ${trouble}`);
      return undefined;
    }
    process.stderr.write(`mutants: ${directory} is green: ${run.answer.passed} tests in ${seconds(run)}\n`);
    if (!narrow) limits.set(directory, Math.max(mutantSeconds * 1000, run.milliseconds * 3));
  }
  return limits;
}

function troubleIn({ failed, broken, unhandled }) {
  const [failure] = [...failed, ...broken];
  if (failure !== undefined) return `${relative(failure.file)} ${failure.test ?? ""}: ${failure.message}`;
  return unhandled[0];
}

/** Tries one mutation: first the tests that should notice, then every test of every package. */
async function judge(mutation, limits) {
  const original = bench.read(mutation.file);
  const found = locate(original, mutation);
  const at = place(mutation, found);
  const start = performance.now();
  const done = (verdict, by, more = {}) => {
    const { area, file, what } = mutation;
    return {
      verdict,
      at,
      by,
      area,
      file,
      line: found.line,
      what,
      milliseconds: Math.round(performance.now() - start),
      ...more,
    };
  };
  const mutated = `${original.slice(0, found.start)}${mutation.put}${original.slice(found.end)}`;
  const complaint = checkerOf(mutation.file).unknownName(mutation.file, mutated);
  if (complaint !== undefined) return done("INVALID", complaint);
  bench.write(mutation.file, mutated);
  try {
    for (const file of mutation.tests) {
      const killer = killerIn(await bench.run(packageOf(file), [file], mutantSeconds * 1000), file);
      if (killer !== undefined) return done(killer.verdict, killer.by, { test: killer.test, phase: "narrow" });
    }
    for (const [directory, limit] of limits) {
      const killer = killerIn(await bench.run(directory, [], limit), directory);
      const by = killer === undefined ? "" : `${killer.by} (missed by ${mutation.tests.map(relative).join(", ")})`;
      if (killer !== undefined) return done(killer.verdict, by, { test: killer.test, phase: "package" });
    }
    return done("SURVIVED", "no test notices");
  } finally {
    bench.write(mutation.file, original);
  }
}

/** Who noticed, if anybody did. A test file that cannot be loaded notices nothing: the mutation is no program. */
function killerIn(run, where) {
  const took = seconds(run);
  if (run.kind === "hang") return { verdict: "killed", by: `${relative(where)} hangs: ended after ${took}` };
  if (run.kind === "death") {
    return { verdict: "killed", by: `${relative(where)} takes the test process down after ${took}` };
  }
  const { failed, broken, unhandled } = run.answer;
  const [failure] = failed;
  if (failure !== undefined) {
    return { verdict: "killed", by: `${relative(failure.file)} "${failure.test}" ${took}`, test: failure.test };
  }
  if (broken.length > 0) return { verdict: "INVALID", by: `${relative(broken[0].file)}: ${broken[0].message}` };
  return unhandled.length > 0 ? { verdict: "killed", by: `${relative(where)}: unhandled ${unhandled[0]}` } : undefined;
}

function summarize(results) {
  const count = (verdict) => results.filter((result) => result.verdict === verdict).length;
  const [killed, survived, invalid] = ["killed", "SURVIVED", "INVALID"].map(count);
  const missed = results.filter(({ phase }) => phase === "package").length;
  for (const result of results) {
    if (result.verdict !== wanted) console.log(`${result.verdict} ${result.at}  ${result.what}: ${result.by}`);
  }
  if (missed > 0) console.log(`${missed} killed only by tests that the list does not name`);
  if (invalid > 0) console.log(`${invalid} invalid: the mutation is no program`);
  const passed = count(wanted);
  finish(passed, results.length - passed, `${killed} killed, ${survived} survived`);
}

function finish(passed, failed, message) {
  console.log(message);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function checkerOf(file) {
  const directory = packageOf(file);
  if (!checkers.has(directory)) checkers.set(directory, new TypeChecker(bench.directory, directory));
  return checkers.get(directory);
}

function packageOf(file) {
  return file.split("/").slice(0, 2).join("/");
}

function place({ file }, { line }) {
  return `${relative(file)}:${line}`;
}

function staleLine({ file, what }, { why }) {
  return `STALE    ${relative(file)}  ${what}: ${why}`;
}

/** A path as people say it: within fs-seam without the way there. */
function relative(file) {
  return file.replace(`${bench?.directory}/`, "").replace("packages/fs-seam/", "").replace("packages/", "");
}

function seconds({ milliseconds }) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
