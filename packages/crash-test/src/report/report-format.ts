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

/** An exploration as plain data; `docs/formats/crash-report.md` is the grammar. */
export interface JsonReport {
  /** Names the kind of document. */
  readonly format: typeof crashReportFormat;
  /** Of the format. Another number means other fields. */
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
  /** How much was looked at. */
  readonly counts: JsonCounts;
  /** What was explored under each personality. */
  readonly personalities: readonly JsonPersonality[];
  /** The workload first, then the recoveries in which a failure happened. */
  readonly runs: readonly JsonRun[];
  /** Empty where every promise was kept. */
  readonly failures: readonly JsonFailure[];
  /** What was left out to keep the report small; empty when it is whole. */
  readonly truncated: readonly JsonTruncation[];
}

/** How much was looked at, over all personalities and depths. */
export interface JsonCounts {
  /** Distinct pairs of an image and what was acknowledged before it. */
  readonly distinct: number;
  /** Times that recovery ran. */
  readonly recoveries: number;
  /** Images judged by what recovery had read of an earlier one. */
  readonly remembered: number;
}

/** What was explored under one personality. */
export interface JsonPersonality {
  /** Its name. */
  readonly name: string;
  /** One sentence on what it models. */
  readonly describes: string;
  /** Distinct images made of the workload. */
  readonly images: number;
  /** Record numbers of the crash points that had too many subsets for all of them to be made. */
  readonly limited: readonly number[];
}

/** One thing of which the report holds a part. */
export interface JsonTruncation {
  /** `records`, `calls`, `failures`, ...: what is not all there. */
  readonly what: string;
  /** How many of them the report has. */
  readonly kept: number;
  /** How many there were. */
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

/** A call of the program at the seam. */
export interface JsonCall {
  /** As `FsOperation` names it: `write`, `rename`, `sync`. */
  readonly operation: string;
  /** What it was called on. */
  readonly path: string;
  /** Second path of a rename, link or copy. */
  readonly destination?: string;
  /** `directory/file:line` of the program; absent when it is not known. */
  readonly site?: string;
}

/** A file or directory of a run, whatever it was called. */
export interface JsonInode {
  /** Its number in this run; records refer to it. */
  readonly inode: number;
  /** What it is. */
  readonly kind: "file" | "directory";
  /** Every path it had in the records of this run, in order. */
  readonly paths: readonly string[];
}

/** What every record has: its number in the run, and the index of its call in `calls`. */
interface RecordHead {
  /** Number of this record in its run, from 0. */
  readonly record: number;
  /** Index in `calls`; absent where no call of the program made it. */
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
  /** The file. */
  readonly inode: number;
  /** Byte offset in the file. */
  readonly start: number;
  /** Byte offset in the file, exclusive. */
  readonly end: number;
}

/** The length of a file changed. */
export interface JsonSize extends EffectHead {
  readonly kind: "size";
  /** The file. */
  readonly inode: number;
  /** Length before, in bytes. */
  readonly from: number;
  /** Length behind it, in bytes. */
  readonly to: number;
}

/** A name in a directory was made or removed; a rename is several of these. */
export interface JsonName extends EffectHead {
  /** Made, or removed. */
  readonly kind: "link" | "unlink";
  /** Inode of the directory. */
  readonly directory: number;
  /** The name in that directory, not a path. */
  readonly name: string;
  /** The inode that has or had the name. */
  readonly inode: number;
  /** The record number of the first step of the same rename, or its own. */
  readonly group: number;
}

/** What a power loss may keep or lose. */
export type JsonEffect = JsonData | JsonSize | JsonName;

/** A barrier of the program, and whether it kept its word. */
export interface JsonBarrier extends RecordHead {
  readonly kind: "barrier";
  /** What it settles: the bytes of a file, the names in a directory, or everything. */
  readonly scope: "file" | "names" | "all";
  /** The file or directory; 0 with scope `all`. */
  readonly inode: number;
  /** `data`: bytes and length. `full`: what else belongs to the file, too. */
  readonly rung: "data" | "full";
  /** It covers the effects before this record number. */
  readonly covers: number;
  /** `dropped`: it returned and did nothing. `failed`: it returned an error. */
  readonly outcome: "done" | "dropped" | "failed";
}

/** An acknowledgement, or another word of the program. */
export interface JsonMark extends RecordHead {
  readonly kind: "mark";
  /** The word: what was given to `run.ack`. */
  readonly label: string;
}

/** Background write-back, or a bit of the disk that changed on its own. */
export interface JsonEvent extends RecordHead {
  /** Which of the two. */
  readonly kind: "writeback" | "media";
}

/** Anything that happened in a run, in order. */
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

/** The barrier that would have kept the promise. */
export interface JsonMissingBarrier {
  /** Of a file's bytes, or of the names in a directory. */
  readonly scope: "file" | "names";
  /** The file or directory it is missing on. */
  readonly inode: number;
  /** Its path when it was missing. */
  readonly path: string;
}

/** One way to break a promise, with what replays it. */
export interface JsonFailure {
  /** Index in `runs` of the run in which the last power loss happened. */
  readonly run: number;
  /** The power losses that lead there; JSON of this list is the replay line. */
  readonly choices: readonly CrashChoice[];
  /** Those of the run, and all that are known by name, that allow these power losses. */
  readonly admittedBy: readonly string[];
  /** What it comes down to. */
  readonly blame: JsonBlame;
  /** Message of what recovery or the check threw. */
  readonly outcome: string;
  /** In order; the latest 1000. */
  readonly acknowledged: readonly string[];
  /** The message of the failure as `crashMatrix` gives it; cut at 10,000 characters. */
  readonly text: string;
}
