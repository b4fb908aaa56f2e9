import { Directory } from "@holdfast/fs-seam";
import { CrashFs, isEffect } from "@holdfast/fs-seam/crash";
import type { Bug, CorpusProgram } from "../bug-corpus/bug.js";
import { search, type Finding, type Search, type SearchedProgram } from "../bug-corpus/search.js";
import type { Protocol } from "../protocols/protocol.js";

/** One program a strategy is let loose on. */
export interface Subject {
  /** `bug`: of the corpus. `mutant`: of a protocol. `correct`: whatever is found in it is a false alarm. */
  readonly kind: "bug" | "mutant" | "correct";
  readonly name: string;
  readonly class: string;
  /** Moments of its workload at which the power may fail. */
  points(): Promise<number>;
  search(how: Search): Promise<Finding>;
  /** Whether a finding is the bug, and not something else that went wrong. */
  isDetection(finding: Finding): boolean;
}

/** The class of every mutant in the table: what is wrong with each of them stands in the README of the package. */
export const mutantClass = "one line away from a protocol";

export function subjectsOf(corpus: readonly CorpusProgram[], protocols: readonly Protocol[]): Subject[] {
  const fromCorpus = corpus.flatMap((program) => [correct(program), ...program.bugs.map(bugSubject)]);
  const fromProtocols = protocols.flatMap((protocol) => {
    const program = asProgram(protocol);
    return [correct(program), ...Object.keys(protocol.mutants).map((mutant) => mutantSubject(program, mutant))];
  });
  return [...fromCorpus, ...fromProtocols];
}

function asProgram(protocol: Protocol): SearchedProgram {
  const build = (mutant?: string): ReturnType<Protocol["program"]> => protocol.program(mutant);
  return { name: protocol.name, personality: "posix", nested: 1, nestedLevel: protocol.nestedLevel, build };
}

function correct(program: SearchedProgram): Subject {
  return {
    kind: "correct",
    name: program.name,
    class: "correct",
    points: () => pointsOf(program, undefined),
    search: (how) => search(program, undefined, how),
    isDetection: ({ kind }) => kind !== "nothing",
  };
}

function bugSubject(bug: Bug): Subject {
  const personality = bug.shows[0] ?? bug.program.personality;
  return {
    kind: "bug",
    name: bug.id,
    class: bug.class,
    points: () => pointsOf(bug.program, bug.id),
    search: (how) => search(bug.program, bug.id, { personality, ...how }),
    isDetection: (finding) => finding.kind === "broken" && bug.breaks.includes(finding.promise),
  };
}

/** Mutants name no promise: their protocols have one check each, and throw plain errors. */
function mutantSubject(program: SearchedProgram, mutant: string): Subject {
  return {
    kind: "mutant",
    name: `${program.name}: ${mutant}`,
    class: mutantClass,
    points: () => pointsOf(program, mutant),
    search: (how) => search(program, mutant, how),
    isDetection: ({ kind }) => kind !== "nothing",
  };
}

async function pointsOf(program: SearchedProgram, bug: string | undefined): Promise<number> {
  const { setup, workload } = program.build(bug);
  const before = new CrashFs();
  await setup?.(new Directory(before), before);
  const fs = new CrashFs({ image: before.snapshot() });
  await workload(new Directory(fs), { fs, ack: (label, data) => fs.mark(label, data) });
  return fs.trace().records.filter((record) => !isEffect(record)).length + 1;
}
