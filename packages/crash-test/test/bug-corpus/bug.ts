import type { CrashLevel } from "@holdfast/fs-seam/crash";
import type { Program } from "../protocols/protocol.js";
import type { PromiseName } from "./promises.js";

/** What kind of mistake a bug is. Every class must have a bug; see `corpus.crash.test.ts`. */
export const bugClasses = [
  "atomicity across calls",
  "order of file operations",
  "data before rename",
  "append atomicity",
  "cross-directory move",
  "unlink before link",
  "size before data",
  "missing names barrier",
  "wrong thing synced",
  "replace by truncation",
  "torn write",
  "torn sequence",
  "unsynced log",
  "failed barrier",
  "crash in recovery",
  "recovery not idempotent",
  "repair not synced",
  "temporary file adopted",
  "legal crash refused",
  "log format",
  "stale records",
  "checkpoint, prune, manifest",
  "publish by hard link",
  "lock file",
  "many effects",
] as const;
export type BugClass = (typeof bugClasses)[number];

/** What a search must be able to do to see a bug at all. Each claim is proved by switching that ability off. */
export type Need =
  /** Sectors of one page that persist on their own. */
  | "torn sectors"
  /** A crash while recovery runs. */
  | "nested crash"
  /** A call that fails, or a process that dies, in the run itself. The other bugs show nothing as long as nothing does. */
  | "fault in the run"
  /** More pending effects than an exhaustive search covers. */
  | "many effects";

export interface BugFacts {
  readonly class: BugClass;
  /** Where this mistake was seen, in one line. */
  readonly origin: string;
  /** What the program does wrong, in one line. */
  readonly does: string;
  /** The promises of which one breaks. A failure that breaks another one, or none, is no detection. */
  readonly breaks: readonly PromiseName[];
  readonly needs?: readonly Need[];
  /**
   * Personalities under which a crash shows it; default `posix`. The first one is graded. A name that no personality has
   * yet is data that waits for it.
   */
  readonly shows?: readonly string[];
  /** Personalities under which no crash shows it. */
  readonly silent?: readonly string[];
  /** True when the search that runs when nobody asks for another does not see it. */
  readonly beyondDefault?: boolean;
}

export interface Bug extends Required<BugFacts> {
  readonly id: string;
  readonly program: CorpusProgram;
}

/** A small way to store something durably, and the ways it has been got wrong. */
export interface CorpusProgram {
  readonly name: string;
  readonly bugs: readonly Bug[];
  /** Personality under which the correct program is graded. */
  readonly personality: string;
  /** Crashes inside recovery, so many deep. */
  readonly nested: number;
  /** The search inside recoveries, where the usual one would take too long. */
  readonly nestedLevel: CrashLevel | undefined;
  /** The correct program, or the one with this bug switched on. */
  build(id?: string): Program<unknown>;
}

export interface ProgramOptions {
  readonly personality?: string;
  readonly nested?: number;
  readonly nestedLevel?: CrashLevel;
}

export function defineProgram<T, Id extends string>(
  name: string,
  bugs: Readonly<Record<Id, BugFacts>>,
  build: (bug: Id | undefined) => Program<T>,
  options: ProgramOptions = {},
): CorpusProgram {
  const list: Bug[] = [];
  const program: CorpusProgram = {
    name,
    bugs: list,
    personality: options.personality ?? "posix",
    nested: options.nested ?? 1,
    nestedLevel: options.nestedLevel,
    build(id) {
      if (id !== undefined && !Object.hasOwn(bugs, id)) throw new Error(`${name} has no bug ${id}`);
      return build(id as Id | undefined) as Program<unknown>; // a program only meets values of its own
    },
  };
  for (const [id, facts] of Object.entries<BugFacts>(bugs)) {
    const shows = facts.shows ?? [program.personality];
    list.push({ needs: [], silent: [], beyondDefault: false, ...facts, shows, id, program });
  }
  return program;
}
