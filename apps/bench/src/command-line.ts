import { parseArgs } from "node:util";
import type { Scale } from "./run-document.js";
import type { PartOptions } from "./suite.js";

/** What `npm run bench --` takes. */
export const usage = `usage: npm run bench -- [suite ...] [options]

  suite              some of the suites below; default all
  --quick            less work in fewer rounds: a look, not a measurement
  --full             the sizes of the committed results; this is npm run bench:full
  --huge             --full, and what takes gigabytes and many minutes: ten million events in store, five million overwrites in lsm-tree
  --reference        also beside the Rust crates durability, batpak and coordinode-lsm-tree, where cargo is there to build them: minutes, once
  --json FILE        also write the document of the run
  --markdown FILE    also write the report
  --html FILE        also write the report as one page with charts, which opens without a network
  --update-results   write apps/bench/results, to be committed; needs --full or --huge
  --write-readmes    write the tables of the READMEs from apps/bench/results, after a run with --update-results, or alone without one
  --date DATE        the date that the document states, as 2026-11-28T21:46:00Z; default now
  --strict           exit with 1 when a bar is missed
  --part NAME        only this part of the suite, and only its table
`;

export interface CommandLine {
  /** Names, in the order given; empty for all. */
  readonly suites: readonly string[];
  readonly scale: Scale;
  readonly reference: boolean;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly html: string | undefined;
  readonly updateResults: boolean;
  readonly writeReadmes: boolean;
  readonly date: string | undefined;
  readonly strict: boolean;
  readonly part: string | undefined;
}

/** Throws a sentence for the user when the arguments are wrong; undefined asks for help. */
export function readCommandLine(args: readonly string[]): CommandLine | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "string" },
      markdown: { type: "string" },
      html: { type: "string" },
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      huge: { type: "boolean", default: false },
      reference: { type: "boolean", default: false },
      "update-results": { type: "boolean", default: false },
      "write-readmes": { type: "boolean", default: false },
      date: { type: "string" },
      strict: { type: "boolean", default: false },
      part: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const scale = scaleOf(values);
  const [updateResults, writeReadmes] = [values["update-results"], values["write-readmes"]];
  if (updateResults && scale !== "full" && scale !== "huge") {
    throw new Error("--update-results needs --full or --huge: these are the sizes of committed results");
  }
  const { reference, json, markdown, html, date, strict, part } = values;
  for (const [option, value] of Object.entries({ json, markdown, html, part })) {
    if (value === "") throw new Error(`--${option} needs a name behind it`);
  }
  if (date !== undefined && !isDate(date)) {
    throw new Error(`--date is ${date}, no date of the form 2026-11-28T21:46:00Z`);
  }
  for (const [index, suite] of positionals.entries()) {
    if (positionals.indexOf(suite) !== index) throw new Error(`the suite ${suite} is named twice`);
  }
  if (part !== undefined) {
    for (const [option, value] of Object.entries({
      json,
      markdown,
      html,
      date,
      strict,
      "update-results": updateResults,
    })) {
      if (value !== undefined && value !== false) throw new Error(`--part prints a table alone, without --${option}`);
    }
  }
  if (writeReadmes && !updateResults && args.length > 1) {
    throw new Error("--write-readmes writes what is committed: alone, or with --update-results");
  }
  return {
    suites: positionals,
    scale,
    reference,
    json,
    markdown,
    html,
    updateResults,
    writeReadmes,
    date,
    strict,
    part,
  };
}

/** Whether it is a time that the calendar has, in UTC and to the second. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text.replace("Z", ".000Z");
}

interface ScaleFlags {
  readonly quick: boolean;
  readonly full: boolean;
  readonly huge: boolean;
}

function scaleOf({ quick, full, huge }: ScaleFlags): Scale {
  if (quick && (full || huge)) throw new Error(`--${full ? "full" : "huge"} and --quick are two scales; name one`);
  if (huge) return "huge";
  if (full) return "full";
  return quick ? "quick" : "usual";
}

/** What a part is told. */
export function partOptionsOf({ scale, reference }: Pick<CommandLine, "scale" | "reference">): PartOptions {
  const [quick, huge] = [scale === "quick", scale === "huge"];
  return { quick, full: scale === "full" || huge, huge, reference };
}
