import { isEffect, isName, pendingAt, type Effect, type NameEffect, type Personality } from "@holdfast/fs-seam/crash";
import type { Blame } from "./blame.js";
import type { CrashFailure } from "./crash-matrix-report.js";

/** How a name comes to a file whose bytes are not on the disk. */
type NamedBy = "a new name" | "a rename over a file";

/** A window of time in which a kernel, left alone, shows a state; measured on Linux 6.18.44 with default timers. */
interface Exposure {
  readonly personality: string;
  readonly namedBy: NamedBy;
  readonly window: string;
}

/** The measured windows, each with the number of the litmus program that showed it. */
const exposures: readonly Exposure[] = [
  {
    personality: "ext4-ordered",
    namedBy: "a new name",
    window: "the file has length 0 from the commit at 5 s until its bytes are written back at about 30 s (L33)",
  },
  {
    personality: "ext4-noauto",
    namedBy: "a rename over a file",
    window: "the file has length 0 for a while, until its bytes are written back (L32)",
  },
  {
    personality: "xfs",
    namedBy: "a rename over a file",
    window: "the file has length 0 for a while, until its bytes are written back (L32)",
  },
];

/**
 * For how long file systems that admit a failure are known to be in that state when nobody syncs, one line each. Only
 * what was measured is said: a file made in this run, whose name survives while its bytes or its length are lost.
 */
export function exposureOf(
  { trace, admittedBy, choices }: CrashFailure,
  judge: Personality,
  { lost }: Blame,
): string[] {
  const effect = lost === undefined ? undefined : trace.records[lost];
  const choice = choices.at(-1);
  if (choice === undefined || effect === undefined || !isEffect(effect) || isName(effect)) return [];
  const open = new Set(pendingAt(trace, judge, choice.at).map(({ seq }) => seq));
  const survives = ({ seq }: Effect): boolean => !open.has(seq) || choice.apply.includes(seq);
  const names = trace.records
    .slice(0, choice.at)
    .filter(isEffect)
    .filter((each) => isName(each) && each.kind === "link" && each.ino === effect.ino && survives(each));
  const namedBy = nameOf(names.filter(isName));
  if (namedBy === undefined) return [];
  return exposures
    .filter((each) => each.namedBy === namedBy && admittedBy.some((name) => name.split("@")[0] === each.personality))
    .map(({ personality, window }) => `${personality}, nobody syncing: ${window}`);
}

function nameOf(names: readonly NameEffect[]): NamedBy | undefined {
  if (!names.some(({ rename }) => rename === "none")) return undefined; // the file is older than the run
  const renames = names.filter(({ rename }) => rename !== "none");
  if (renames.length === 0) return "a new name";
  // The first step of a rename that replaces something removes that, the second removes the old name.
  return renames.some(({ seq, group }) => seq === group + 2) ? "a rename over a file" : undefined;
}
