import type { CrashChoice, Trace } from "@holdfast/fs-seam/crash";
import type { Ack } from "./crash-context.js";
import type { CrashContext } from "./crash-matrix-options.js";
import type { Outcome } from "./recovery-run.js";

/** A recorded run to explore, what was acknowledged, and how it was reached. */
export class Run {
  readonly trace: Trace;
  readonly path: readonly CrashChoice[];
  readonly depth: number;
  /** Acknowledgements that hold whatever the power loss in this run takes; undefined in the workload itself. */
  readonly #before: readonly Ack[] | undefined;
  #known: { readonly at: number; readonly acks: readonly Ack[] } | undefined = undefined;

  constructor(trace: Trace, before: readonly Ack[] | undefined, path: readonly CrashChoice[]) {
    this.trace = trace;
    this.path = path;
    this.depth = path.length;
    this.#before = before;
  }

  /** What was acknowledged before a record. Asked for many images of one moment in a row. */
  acksAt(at: number): readonly Ack[] {
    if (this.#before !== undefined) return this.#before;
    if (this.#known?.at === at) return this.#known.acks;
    const acks: Ack[] = [];
    for (const record of this.trace.records) {
      if (record.seq >= at) break;
      if (record.kind === "mark") acks.push({ label: record.label, data: record.data });
    }
    this.#known = { at, acks };
    return acks;
  }
}

/** How one image was judged. `next` is the run of the recovery, when crashes inside it are wanted. */
export type Verdict =
  | { readonly kind: "passed"; readonly next: Run | undefined }
  | { readonly kind: "failed"; readonly cause: unknown; readonly recovered?: readonly [unknown] };

/** What an outcome says of its image. `deep` asks for the run of the recovery. */
export function verdictOf(
  outcome: Outcome,
  deep: boolean,
  trace: () => Trace,
  context: CrashContext,
  path: () => readonly CrashChoice[],
): Verdict {
  if (outcome.kind === "failed") return outcome;
  return { kind: "passed", next: deep ? new Run(trace(), context.acks, path()) : undefined };
}
