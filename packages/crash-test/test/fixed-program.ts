import { Directory, type StoreFs } from "@holdfast/fs-seam";
import { FaultFs, FaultPlan, type FaultCall } from "@holdfast/fs-seam/fault";
import type { CrashFailure } from "../src/crash-matrix-report.js";
import { callAt, fixFor } from "../src/fix.js";
import { siteOf, type CrashMatrixOptions } from "../src/index.js";

/** A place in the source: what is called there, and where it stands. */
interface Place {
  readonly operation: string;
  readonly site: string;
}

/** A barrier to wait for at a place, on whatever the call of another place was last about. */
export interface AppliedFix {
  readonly scope: "file" | "names";
  /** Where the effect comes from that the barrier settles. */
  readonly settles: Place;
  /** Before this call, or before acknowledgements of this label, digits aside. */
  readonly before: Place | { readonly label: string };
}

/** The fixes that a failure suggests, as changes of the source; empty when it suggests no barrier. */
export function fixesOf(failure: CrashFailure): AppliedFix[] {
  const { trace, blame } = failure;
  const fix = blame === undefined ? undefined : fixFor(trace, blame);
  if (fix?.kind !== "barriers" || blame?.lost === undefined) return [];
  const placeOf = (seq: number): Place => {
    const call = callAt(trace, seq);
    return { operation: call?.operation ?? "", site: siteOf(call) };
  };
  const record = trace.records[fix.before];
  const before = record?.kind === "mark" ? { label: withoutDigits(record.label) } : placeOf(fix.before);
  const settles = placeOf(blame.lost);
  return fix.barriers.map(({ scope }) => ({ scope, settles, before }));
}

const withoutDigits = (text: string): string => text.replaceAll(/\d+/g, "#");

/** The program with these barriers put in: its file system waits for them whenever it comes by their places. */
export function withFixes<T>(program: CrashMatrixOptions<T>, fixes: readonly AppliedFix[]): CrashMatrixOptions<T> {
  return {
    ...program,
    async workload(directory, run) {
      const fixed = new FixedFs(directory.fs, fixes);
      await program.workload(new Directory(fixed.fs), {
        fs: run.fs,
        ack(label, data) {
          fixed.acknowledging(label);
          run.ack(label, data);
        },
      });
    },
    recover: (directory, context) => program.recover(new Directory(new FixedFs(directory.fs, fixes).fs), context),
  };
}

class FixedFs {
  readonly fs: FaultFs;
  readonly #inner: StoreFs;
  readonly #fixes: readonly AppliedFix[];
  /** What the calls at each place that needs a barrier were about since the last one: paths as they were then. */
  readonly #pending = new Map<AppliedFix, Set<string>>();

  constructor(inner: StoreFs, fixes: readonly AppliedFix[]) {
    this.#inner = inner;
    this.#fixes = fixes;
    const plan = new FaultPlan([
      {
        operations: "*",
        action: { kind: "callback", callback: (call) => this.#passing(call, new Error("here").stack ?? "") },
      },
    ]);
    this.fs = new FaultFs(inner, plan);
  }

  acknowledging(label: string): void {
    for (const fix of this.#fixes) {
      if ("label" in fix.before && fix.before.label === withoutDigits(label)) this.#settle(fix);
    }
  }

  #passing(call: FaultCall, stack: string): void {
    const isAt = ({ operation, site }: Place): boolean => call.operation === operation && stack.includes(`/${site}:`);
    for (const fix of this.#fixes) if (!("label" in fix.before) && isAt(fix.before)) this.#settle(fix);
    for (const fix of this.#fixes) {
      if (!isAt(fix.settles)) continue;
      const paths = this.#pending.get(fix) ?? new Set();
      for (const path of [call.destination, call.path]) if (path !== undefined) paths.add(path);
      this.#pending.set(fix, paths);
    }
  }

  #settle(fix: AppliedFix): void {
    for (const path of this.#pending.get(fix) ?? []) {
      if (fix.scope === "names") this.#inner.syncNamesBlocking(path.slice(0, path.lastIndexOf("/")) || "/");
      else if (this.#exists(path)) {
        using handle = this.#inner.open(path, { mode: "write" });
        handle.syncBlocking("data");
      }
    }
    this.#pending.delete(fix);
  }

  #exists(path: string): boolean {
    try {
      return this.#inner.stat(path).kind === "file";
    } catch {
      return false;
    }
  }
}
