import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, type Personality, type Trace } from "@holdfast/fs-seam/crash";

/** What a recovery and its check came to, by an exploration that leaves nothing out and shares nothing. */
export interface EveryDisk {
  readonly outcomes: Set<string>;
  /** False when there were more disks than allowed. */
  complete: boolean;
}

interface Limits {
  readonly subsets: number;
  readonly recoveries: number;
}

/**
 * Recovers from every legal disk after a run, and after every recovery on it, `nested` times deep: once for each disk and
 * each way to reach it, without remembering any of them.
 */
export function everyDisk(
  trace: Trace,
  personality: Personality,
  nested: number,
  recover: (directory: Directory) => string,
  limits: Limits,
): EveryDisk {
  const found: EveryDisk = { outcomes: new Set(), complete: true };
  let left = limits.recoveries;
  const explore = (run: Trace, acksBefore: number | undefined, depth: number): void => {
    const images = crashImages(run, {
      personality,
      strategy: { kind: "exhaustive", limit: limits.subsets },
      deduplicate: false,
      onLimit: () => (found.complete = false),
    });
    for (const { image, point } of images) {
      if (!found.complete) return;
      const acks = acksBefore ?? run.records.filter(({ kind, seq }) => kind === "mark" && seq < point.at).length;
      const fs = new CrashFs({ image, personality });
      found.outcomes.add(`${acks} ${recover(new Directory(fs))}`);
      left -= 1;
      if (left === 0) found.complete = false;
      if (depth < nested) explore(fs.trace(), acks, depth + 1);
    }
  };
  explore(trace, undefined, 0);
  return found;
}
