import type { MachineProfile } from "./machine-profile.js";
import type { Figure, Row } from "./row.js";

/**
 * The document of a run: what `--json` writes and what the page is drawn from. Plain JSON. `test/run-document.json` is a small one.
 */

/** Raised whenever a field changes its meaning or goes; a field that is added leaves it alone. */
export const runSchemaVersion = 1;

/**
 * How much work a run does. `quick` is a look and not a measurement; `usual` takes minutes; `full` measures every suite as its results are
 * committed; `huge` adds what takes gigabytes and many minutes.
 */
export type Scale = "quick" | "usual" | "full" | "huge";

/** Which run it was, and where. */
export interface RunStamp {
  /** When it began: ISO 8601 in UTC, to the second. */
  readonly date: string;
  /** The commit it measured, abbreviated, with `-dirty` behind it where files had changed; null outside a repository. */
  readonly commit: string | null;
  readonly scale: Scale;
  readonly machine: MachineProfile;
}

/** One whole run of one suite or more. */
export interface RunDocument extends RunStamp {
  readonly schema: "holdfast-bench-run";
  readonly schemaVersion: typeof runSchemaVersion;
  /** In the order in which they ran. */
  readonly suites: readonly SuiteRun[];
}

/** What one suite measured in a run. */
export interface SuiteRun {
  readonly suite: string;
  /** What disk, memory and processor do with nothing of ours in between, measured right before this suite. */
  readonly limits: readonly RawLimit[];
  /** In the order in which they ran; each had a process of its own. */
  readonly parts: readonly PartRun[];
  readonly rows: readonly RunRow[];
  /** Peers that did not install or load here, once each. Their rows are missing from `rows`. */
  readonly skippedPeers: readonly SkippedPeer[];
  readonly curves: readonly Curve[];
}

/** A raw limit of the machine. */
export interface RawLimit {
  /** Names it for good, for example `sync/preallocated`. */
  readonly id: string;
  readonly workload: string;
  /** Nanoseconds for one operation: the unit is `rate` or `time`. */
  readonly figure: Figure;
  /** Bytes that one operation moves; 0 for a barrier alone. */
  readonly bytes: number;
}

/** What the process of one part took. */
export interface PartRun {
  readonly part: string;
  /** Wall time and the processor's time of all threads, from start to end, in nanoseconds: warm-up and preparation included. */
  readonly wallNs: number;
  readonly cpuNs: number;
  /**
   * How late the event loop was, over the whole part, in nanoseconds beyond what was waited for. Much of a part blocks the loop on purpose: this
   * tells parts of one suite apart, and says nothing about a row.
   */
  readonly eventLoopDelay: { readonly p50Ns: number; readonly p99Ns: number; readonly maxNs: number };
  readonly memory: {
    /** The most that was resident, of the whole process. */
    readonly rssPeakBytes: number;
    /** The most of V8's heap that was in use whenever somebody looked: after every turn of a contestant. Between two looks it may have been more. */
    readonly heapPeakBytes: number;
  };
}

/** A row with what the run knows about it. */
export interface RunRow extends Row {
  readonly part: string;
  /** Whether the bar is met; null where there is none, or nothing to hold against it. */
  readonly met: boolean | null;
  /** Our time of one operation over that of a raw limit that it cannot beat: 1 is the limit itself. */
  readonly limit?: { readonly id: string; readonly factor: number };
}

/** A peer that a suite went on without. */
export interface SkippedPeer {
  readonly name: string;
  readonly version: string;
  /** The first line of what npm or Node said. */
  readonly reason: string;
}

/** Cost per operation against size, on two logarithmic axes. */
export interface Curve {
  /** Names it for good, for example `wal/append`. */
  readonly id: string;
  /** A sentence for people: what is done. */
  readonly workload: string;
  /** What `y` counts for each operation: "ns", "bytes", "barriers", "calls". */
  readonly unit: string;
  /** What `x` counts: "records", "streams", "waiters". */
  readonly xLabel: string;
  /** Ascending by `x`. `y` has a number for each contestant that reached this size, by its name; ours is the first. */
  readonly points: readonly { readonly x: number; readonly y: Readonly<Record<string, number>> }[];
  /** Slope of log y over log x by contestant: 0 is a cost that does not depend on size, 1 one that grows with it. */
  readonly slope: Readonly<Record<string, number>>;
}
