import { personalityOf, type Personality } from "@holdfast/fs-seam/crash";
import { admits } from "./litmus-containment.js";
import type { LitmusProgram, LitmusSet, Observation } from "./litmus-data.js";
import { LitmusError } from "./litmus-error.js";
import { predict, wayKey, type Prediction } from "./litmus-prediction.js";
import { hashOfState, runLitmus, type LitmusRun } from "./litmus-program.js";

/** Which personality stands for a recorded file system. */
const litmusPersonalities: Readonly<Record<string, string>> = {
  ext4: "ext4-ordered",
  "ext4-noauto": "ext4-noauto",
  xfs: "xfs",
  btrfs: "btrfs",
};

/** A state that was seen and is not predicted. */
export interface UnpredictedState {
  readonly program: string;
  readonly set: string;
  /** Number of the state in its set. */
  readonly state: number;
  /** Operations that had returned. */
  readonly returned: number;
  /** Whether it took an injected commit or write-back to see it. */
  readonly background: boolean;
}

/** How the predictions for one file system fare. */
export interface LitmusResult {
  readonly fs: string;
  readonly personality: string;
  programs: number;
  /** Pairs of a program's state and a number of returned operations that were seen. */
  states: number;
  /** The same, as far as the personality says they may be found. */
  predicted: number;
  readonly unpredicted: UnpredictedState[];
  /** What was seen and is allowed by the personality, but not by a weaker one, by its name. */
  readonly outside: Readonly<Record<string, UnpredictedState[]>>;
  /** Programs with more legal states than were made. */
  readonly incomplete: string[];
}

export interface LitmusOptions {
  /** The personality for each file system of the set; a file system that is missing is not checked. */
  readonly personalities?: Readonly<Record<string, string | Personality>>;
  /** Personalities that must allow everything as well. Default `posix`, `strict`. */
  readonly weaker?: readonly (string | Personality)[];
  /** Checks each n-th program only, from the first one on. Default 1. */
  readonly every?: number;
}

/** How tight the predictions for the programs are that witness one rule. */
export interface RuleTightness {
  readonly fs: string;
  readonly field: string;
  /** Programs that show the rule, as far as the sets hold them. */
  readonly programs: readonly string[];
  readonly states: number;
  readonly predicted: number;
}

/** Tightness rule by rule, over the programs that each personality names for it. */
export function tightnessByRule(sets: readonly LitmusSet[]): RuleTightness[] {
  return Object.entries(litmusPersonalities).flatMap(([fs, name]) =>
    (personalityOf(name).evidence?.rules ?? []).flatMap(({ field, witnesses }) => {
      const named = sets.map((set) => ({ ...set, programs: set.programs.filter(({ id }) => witnesses.includes(id)) }));
      const [result] = checkLitmus(named, { personalities: { [fs]: name }, weaker: [] });
      if (result === undefined) return [];
      const programs = named.flatMap((set) => set.programs.map(({ id }) => id));
      return [{ fs, field, programs, states: result.states - result.unpredicted.length, predicted: result.predicted }];
    }),
  );
}

/** File systems that were recorded and that no personality stands for. */
export function uncheckedIn(sets: readonly LitmusSet[]): string[] {
  const recorded = sets.flatMap(({ programs }) => programs.flatMap(({ observed }) => [...observed.keys()]));
  return [...new Set(recorded)].filter((fs) => !(fs in litmusPersonalities)).sort();
}

/** Observed states over predicted ones, from 0 to 1. */
export function tightness({ states, unpredicted, predicted }: LitmusResult): number {
  return predicted === 0 ? 1 : (states - unpredicted.length) / predicted;
}

/**
 * Compares recorded outcomes of power losses with what personalities predict. Spontaneous write-back is in all of them,
 * so both kinds of observations are compared: those of the bare program, and those with injected background events.
 */
export function checkLitmus(sets: readonly LitmusSet[], options: LitmusOptions = {}): LitmusResult[] {
  const weaker = (options.weaker ?? ["posix", "strict"]).map(personalityOf);
  const results: LitmusResult[] = [];
  for (const [fs, named] of Object.entries(options.personalities ?? litmusPersonalities)) {
    const personality = personalityOf(named);
    const result: LitmusResult = {
      fs,
      personality: personality.name,
      programs: 0,
      states: 0,
      predicted: 0,
      unpredicted: [],
      outside: Object.fromEntries(weaker.map(({ name }) => [name, []])),
      incomplete: [],
    };
    for (const set of sets) {
      set.programs.forEach((program, at) => {
        const observed = program.observed.get(fs);
        if (observed !== undefined && at % (options.every ?? 1) === 0) {
          new ProgramCheck(result, program, set.file, personality, weaker).check(observed);
        }
      });
    }
    if (result.programs > 0) results.push(result);
  }
  return results;
}

/** Does something with a program; whatever fails in it names the set and the program. */
function inProgram<T>({ id }: LitmusProgram, file: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const why = `${file}: program ${id} ${what}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new LitmusError("LITMUS_BAD_DATA", why, { file, place: id }, cause);
  }
}

/** One program against one personality. */
class ProgramCheck {
  readonly #result: LitmusResult;
  readonly #program: LitmusProgram;
  readonly #set: string;
  readonly #personality: Personality;
  readonly #weaker: readonly Personality[];
  readonly #run: LitmusRun;

  constructor(
    result: LitmusResult,
    program: LitmusProgram,
    set: string,
    personality: Personality,
    weaker: readonly Personality[],
  ) {
    this.#result = result;
    this.#program = program;
    this.#set = set;
    this.#personality = personality;
    this.#weaker = weaker;
    this.#run = inProgram(program, set, "does not run", () => runLitmus(program));
  }

  check(observed: readonly Observation[]): void {
    const hashes = observed.map(({ state, number }) =>
      inProgram(this.#program, this.#set, `cannot have left state ${number}`, () => hashOfState(state, this.#program)),
    );
    const prediction = predict(this.#run, this.#personality, new Set(hashes));
    this.#result.programs += 1;
    this.#result.predicted += prediction.states.reduce((sum, states) => sum + states.size, 0);
    if (!prediction.complete) this.#result.incomplete.push(this.#program.id);
    observed.forEach((seen, at) => {
      for (const returned of seen.quiet) this.#compare(prediction, seen, hashes[at] ?? 0, returned, false);
      for (const returned of seen.background) this.#compare(prediction, seen, hashes[at] ?? 0, returned, true);
    });
  }

  #compare(prediction: Prediction, seen: Observation, hash: number, returned: number, background: boolean): void {
    const found = { program: this.#program.id, set: this.#set, state: seen.number, returned, background };
    this.#result.states += 1;
    if (prediction.states[returned]?.has(hash) !== true) this.#result.unpredicted.push(found);
    const ways = prediction.ways.get(wayKey(returned, hash)) ?? [];
    for (const weak of this.#weaker) {
      const allowed = ways.some((way) => admits(this.#run.trace, way, hash, this.#personality, weak));
      if (!allowed) this.#result.outside[weak.name]?.push(found);
    }
  }
}
