import {
  pendingAt,
  replayCrash,
  unitsOf,
  type CrashChoice,
  type Image,
  type Personality,
  type Trace,
  type Unit,
} from "@holdfast/fs-seam/crash";
import { judgeOf, sameDiskUnder } from "../admission.js";
import type { CrashMatrixReport } from "../crash-matrix-report.js";
import { DiskStates, type DiskTables } from "./disk-state.js";
import type { JsonReport, JsonRun, JsonTruncation } from "./report-format.js";

/** Characters of a replay line that a page may hold. */
const longestReplay = 8000;

/** How much of a report goes into a page. */
export interface PageBudget {
  readonly maxFailures: number;
  readonly maxRecords: number;
  readonly maxStates: number;
  readonly maxEntries: number;
  readonly maxHeadBytes: number;
}

/** Everything the client code of the page works with: the report, and disks that a power loss may leave. */
export interface PageData {
  /** Failures are told above the timeline, in the words of their text. */
  readonly report: Omit<JsonReport, "failures">;
  readonly failures: readonly PageFailure[];
  readonly disks: readonly PageDisk[];
  readonly tables: DiskTables;
}

export interface PageFailure {
  /** Index into `report.runs`. */
  readonly run: number;
  /** Index into `report.personalities`. */
  readonly personality: number;
  /** The record it is about. */
  readonly lost: number | null;
  /** Its replay line, unless that is too long for a page. */
  readonly replay: string | null;
}

/** The disks to show for one crash point of one run under one personality. */
export interface PageDisk {
  /** Index into `report.runs`. */
  readonly run: number;
  /** Index into `report.personalities`. */
  readonly personality: number;
  /** The power fails before this record. */
  readonly at: number;
  readonly states: readonly PageState[];
}

/** One disk, by what was lost. Pending effects that are not listed survive. */
export interface PageState {
  readonly kind: "all" | "none" | "without" | "failure" | "path";
  /** Record numbers of the effects that do not survive; empty with kind `none`, where it is all that are pending. */
  readonly lost: readonly number[];
  /** Record numbers of the writes that survive in part. */
  readonly torn: readonly number[];
  /** Index into `tables.trees`. */
  readonly tree: number;
}

/** Collects what a page shows of a report, within a budget. What is left out is listed in `report.truncated`. */
export function pageData(report: CrashMatrixReport, json: JsonReport, budget: PageBudget): PageData {
  const personalities = report.personalities.map(({ rules }) => rules);
  const builder = new DiskBuilder(budget);
  const places = json.runs.flatMap((run, index) => placesOf(report, json, run, index, personalities));
  const disks = places.map((place) => builder.extremes(place));
  places.forEach((place, index) => builder.addSingles(place, disks[index]?.states ?? []));
  const { failures, ...plain } = json;
  const truncated: JsonTruncation[] = [...json.truncated];
  const { made, wanted } = builder;
  if (made < wanted) truncated.push({ what: "disks", kept: made, total: wanted });
  return {
    report: { ...plain, truncated },
    failures: failures.map(({ run, choices, blame }) => ({
      run,
      lost: blame.lost,
      replay: replayOf(choices),
      personality: Math.max(
        0,
        json.personalities.findIndex(({ name }) => name === choices.at(-1)?.personality),
      ),
    })),
    disks: disks.map(({ place: { run, personality, at }, states }) => ({ run, personality, at, states })),
    tables: builder.disks.tables,
  };
}

function replayOf(choices: readonly CrashChoice[]): string | null {
  const line = JSON.stringify(choices);
  return line.length <= longestReplay ? line : null;
}

/** A crash point of a run under a personality, and the choices of failures there. */
interface Place {
  readonly run: number;
  readonly personality: number;
  readonly at: number;
  readonly trace: Trace;
  readonly rules: Personality;
  readonly special: readonly { readonly kind: "failure" | "path"; readonly choice: CrashChoice }[];
  /** What is pending there. */
  readonly units: readonly Unit[];
}

/** The places of one run, those of failures first: what comes first is shown in more detail. */
function placesOf(
  report: CrashMatrixReport,
  json: JsonReport,
  run: JsonRun,
  index: number,
  personalities: readonly Personality[],
): Place[] {
  const failures = report.failures.slice(0, json.failures.length);
  const trace = index === 0 ? report.trace : failures.find((_, at) => json.failures[at]?.run === index)?.trace;
  if (trace === undefined) return [];
  const specials = failures.flatMap((failure, at): Place["special"] => {
    const [first] = failure.choices;
    const last = failure.choices.at(-1);
    if (json.failures[at]?.run === index && last !== undefined) return [{ kind: "failure", choice: last }];
    return index === 0 && first !== undefined ? [{ kind: "path", choice: first }] : [];
  });
  const points = new Set([...specials.map(({ choice }) => choice.at), ...run.crashPoints]);
  return [...points].flatMap((at) =>
    personalities.map((rules, personality) => {
      const special = specials
        .filter(({ choice }) => choice.at === at)
        .flatMap(({ kind, choice }) => {
          const same = sameDiskUnder(rules, choice, judgeOf(personalities, choice), trace);
          return same === undefined ? [] : [{ kind, choice: same }];
        });
      const units = unitsOf(pendingAt(trace, rules, at), rules, false);
      return { run: index, personality, at, trace, rules, special, units };
    }),
  );
}

interface Disk {
  readonly place: Place;
  readonly states: PageState[];
}

class DiskBuilder {
  readonly disks: DiskStates;
  made = 0;
  wanted = 0;
  readonly #maxStates: number;

  constructor({ maxEntries, maxHeadBytes, maxStates }: PageBudget) {
    this.disks = new DiskStates(maxEntries, maxHeadBytes);
    this.#maxStates = maxStates;
  }

  /** The choices of failures, everything survives, nothing that is pending survives. */
  extremes(place: Place): Disk {
    const states: PageState[] = [];
    const { units } = place;
    for (const { kind, choice } of place.special) this.#add(place, states, kind, choice);
    const everything = units.map((_, index) => index);
    this.#add(place, states, "all", choiceWith(place, everything));
    if (units.length > 0) this.#add(place, states, "none", choiceWith(place, []));
    return { place, states };
  }

  /** Everything survives but one effect, and what cannot survive without it. */
  addSingles(place: Place, states: PageState[]): void {
    const { units } = place;
    if (units.length < 2) return;
    if (this.made >= this.#maxStates) {
      this.wanted += units.length;
      return;
    }
    for (let without = 0; without < units.length; without += 1) {
      const kept = new Set<number>();
      units.forEach((unit, index) => {
        if (index !== without && unit.needs.every((needed) => kept.has(needed))) kept.add(index);
      });
      if (kept.size > 0) this.#add(place, states, "without", choiceWith(place, [...kept]));
    }
  }

  #add(place: Place, states: PageState[], kind: PageState["kind"], choice: CrashChoice): void {
    this.wanted += 1;
    if (this.made >= this.#maxStates) return;
    let image: Image;
    try {
      image = replayCrash(place.trace, choice, place.rules);
    } catch {
      this.wanted -= 1; // the choice of a failure is not legal under every personality
      return;
    }
    this.made += 1;
    const torn = Object.keys(choice.torn).map(Number);
    const kept = new Set([...choice.apply, ...torn]);
    const pending = place.units.flatMap(({ effects }) => effects.map(({ seq }) => seq));
    states.push({
      kind,
      lost: kind === "none" ? [] : pending.filter((seq) => !kept.has(seq)),
      torn,
      tree: this.disks.treeOf(image),
    });
  }
}

function choiceWith({ rules, at, units }: Place, kept: readonly number[]): CrashChoice {
  const apply = kept.flatMap((index) => units[index]?.effects.map(({ seq }) => seq) ?? []).sort((a, b) => a - b);
  return { version: 1, personality: rules.name, at, apply, torn: {}, unwritten: "zeros" };
}
