import type { CrashChoice } from "@holdfast/fs-seam/crash";

/**
 * The JSON form of a crash report, `docs/formats/crash-report.md`. Plain data: no bytes of the program under test, no
 * absolute paths of the machine, equal for equal runs. A field may be added within a version; one that changes its
 * meaning or goes away makes a new version.
 */

/** The value of `format` in every report. */
export const crashReportFormat = "holdfast-crash-report";
/** The present version of {@link JsonReport}. */
export const crashReportVersion = 1;

export interface JsonReport {
  readonly format: typeof crashReportFormat;
  readonly version: typeof crashReportVersion;
  /** Name of the program under test. */
  readonly name: string;
  /** `incomplete`: nothing failed, but not everything was looked at. */
  readonly outcome: "passed" | "failed" | "incomplete";
  /** The highest level of the exploration ladder that was reached at every moment, 0 to 6. */
  readonly level: number;
  /** Why the exploration ended. */
  readonly stopped: "everything" | "failure" | "budget" | "plateau" | "samples";
  /** Of what was explored: equal hashes, equal runs. */
  readonly hash: string;
  readonly counts: JsonCounts;
  readonly personalities: readonly JsonPersonality[];
  /** The workload first, then the recoveries in which a failure happened. */
  readonly runs: readonly JsonRun[];
  readonly failures: readonly JsonFailure[];
  /** What was left out to keep the report small; empty when it is whole. */
  readonly truncated: readonly JsonTruncation[];
}

export interface JsonCounts {
  /** Distinct pairs of an image and what was acknowledged before it. */
  readonly distinct: number;
  readonly recoveries: number;
  /** Images judged by what recovery had read of an earlier one. */
  readonly remembered: number;
}

export interface JsonPersonality {
  readonly name: string;
  readonly describes: string;
  /** Distinct images made of the workload. */
  readonly images: number;
  /** Record numbers of the crash points that had too many subsets for all of them to be made. */
  readonly limited: readonly number[];
}

export interface JsonTruncation {
  /** `records`, `calls`, `failures`, ...: what is not all there. */
  readonly what: string;
  readonly kept: number;
  readonly total: number;
}

/** One recorded run: what every call did to the tree, in order. */
export interface JsonRun {
  /** 0: the workload. n: the nth recovery behind it. */
  readonly depth: number;
  /** Records of the whole run. */
  readonly recordCount: number;
  /** In log order; a window of the run when it is long. */
  readonly records: readonly JsonRecord[];
  /** What `call` of a record points to. */
  readonly calls: readonly JsonCall[];
  /** Files and directories that the records are about. */
  readonly inodes: readonly JsonInode[];
  /** Record numbers before which a power loss was looked at. */
  readonly crashPoints: readonly number[];
}

export interface JsonCall {
  readonly operation: string;
  readonly path: string;
  readonly destination?: string;
  /** `directory/file:line` of the program; absent when it is not known. */
  readonly site?: string;
}

export interface JsonInode {
  readonly inode: number;
  readonly kind: "file" | "directory";
  /** Every path it had in the records of this run, in order. */
  readonly paths: readonly string[];
}

/** What every record has: its number in the run, and the index of its call in `calls`. */
interface RecordHead {
  readonly record: number;
  readonly call?: number;
}

/** What every effect has: the fate of it under each personality, in the order of `personalities`. */
interface EffectHead extends RecordHead {
  /**
   * The first record number before which a power loss can no longer take this effect; null when there is none among
   * the records of this run.
   */
  readonly durableAt: readonly (number | null)[];
  /** `barrier`: a barrier failed and lost it. `disk`: the disk accepted and never wrote it, or wrote it elsewhere. */
  readonly gone?: "barrier" | "disk";
}

/** Bytes `start` to `end`, exclusive, of a file changed, within one page. */
export interface JsonData extends EffectHead {
  readonly kind: "data";
  readonly inode: number;
  readonly start: number;
  readonly end: number;
}

export interface JsonSize extends EffectHead {
  readonly kind: "size";
  readonly inode: number;
  readonly from: number;
  readonly to: number;
}

export interface JsonName extends EffectHead {
  readonly kind: "link" | "unlink";
  /** Inode of the directory. */
  readonly directory: number;
  readonly name: string;
  /** The inode that has or had the name. */
  readonly inode: number;
  /** The record number of the first step of the same rename, or its own. */
  readonly group: number;
}

export type JsonEffect = JsonData | JsonSize | JsonName;

export interface JsonBarrier extends RecordHead {
  readonly kind: "barrier";
  readonly scope: "file" | "names" | "all";
  /** The file or directory; 0 with scope `all`. */
  readonly inode: number;
  readonly rung: "data" | "full";
  /** It covers the effects before this record number. */
  readonly covers: number;
  readonly outcome: "done" | "dropped" | "failed";
}

/** An acknowledgement, or another word of the program. */
export interface JsonMark extends RecordHead {
  readonly kind: "mark";
  readonly label: string;
}

/** Background write-back, or a bit of the disk that changed on its own. */
export interface JsonEvent extends RecordHead {
  readonly kind: "writeback" | "media";
}

export type JsonRecord = JsonEffect | JsonBarrier | JsonMark | JsonEvent;

/** What a failure comes down to: two records of the run, by number; null where there is none. */
export interface JsonBlame {
  /** See `docs/formats/crash-report.md`. */
  readonly kind: "order" | "acknowledged" | "parts" | "steps" | "media" | "several" | "program";
  /** The effect that must not be lost, or was not there yet. */
  readonly lost: number | null;
  /** The effect that may persist without it, or the mark that must not come before it is durable. */
  readonly trigger: number | null;
  /** One line for people; null when the crash has nothing to do with it. */
  readonly fix: string | null;
  /** Barriers that the fix asks for before record `trigger`, in order; empty when no barrier helps. */
  readonly barriers: readonly JsonMissingBarrier[];
}

export interface JsonMissingBarrier {
  readonly scope: "file" | "names";
  readonly inode: number;
  readonly path: string;
}

export interface JsonFailure {
  /** Index in `runs` of the run in which the last power loss happened. */
  readonly run: number;
  /** The power losses that lead there; JSON of this list is the replay line. */
  readonly choices: readonly CrashChoice[];
  /** Those of the run, and all that are known by name, that allow these power losses. */
  readonly admittedBy: readonly string[];
  readonly blame: JsonBlame;
  /** Message of what recovery or the check threw. */
  readonly outcome: string;
  /** In order; the latest 1000. */
  readonly acknowledged: readonly string[];
  /** The message of the failure as `crashMatrix` gives it; cut at 10,000 characters. */
  readonly text: string;
}
