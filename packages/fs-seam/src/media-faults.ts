import type { FileHandle } from "./file-handle.js";
import type { StoreFs } from "./store-fs.js";

/**
 * Faults below the page cache: what a disk does wrong, as opposed to what a call returns. Only backends that model
 * the disk (CrashFs, SimFs) can carry them out; a fault plan hands them over just before the call concerned.
 *
 * Failed barriers follow "Can Applications Recover from fsync Failures?" (ATC 2020) and measurements of Linux 6.18:
 * the first fsync fails, the pages count as clean, and the next fsync succeeds without the data.
 */

/** What the cache shows of the lost ranges after a failed barrier. */
export type FailedSyncAftermath =
  /** New bytes stay readable until evicted, and never reach the disk (ext4, xfs, btrfs on Linux 6.18). */
  | "clean-keep-new"
  /** The cache goes back to what is on disk (btrfs before 5.x). */
  | "revert"
  /** Everything stays dirty, a later barrier may still succeed (the naive belief). */
  | "keep-dirty";

/** The next barrier of this handle reports an error, and loses what it was to settle. */
export interface FailedSyncFault {
  readonly kind: "failedSync";
  /** What the error says. */
  readonly errno: "EIO" | "ENOSPC" | "EDQUOT";
  /** `all` pending data of the file is lost, or each effect by a coin of this seed. */
  readonly lost: "all" | { readonly seed: number };
  /** Default: what the personality of the backend says. */
  readonly aftermath?: FailedSyncAftermath;
}

/** Returns success and makes nothing durable; a later honest barrier heals it. */
export interface DroppedSyncFault {
  readonly kind: "droppedSync";
}

/** The next write is accepted and never reaches the disk, whatever is synced later. */
export interface LostWriteFault {
  readonly kind: "lostWrite";
}

/** The next write reaches the disk at another place: both places then hold wrong bytes once evicted or crashed. */
export interface MisdirectedWriteFault {
  readonly kind: "misdirectedWrite";
  /** The file whose bytes are overwritten by mistake. */
  readonly path: string;
  /** Byte offset of a page boundary (a multiple of 4096) in the file at `path`. */
  readonly offset: number;
}

/** Something that the disk does to one open file. */
export type HandleMediaFault = FailedSyncFault | DroppedSyncFault | LostWriteFault | MisdirectedWriteFault;

/** A handle of a backend that models the disk. The fault is carried out by the next write or barrier of this handle. */
export interface MediaHandle extends FileHandle {
  /** Arms one fault. Refused where the fault cannot apply to this handle. */
  armMediaFault(fault: HandleMediaFault): void;
}

/** Faults by place, of a backend that models the disk. Each takes effect at once, below the cache. */
export interface MediaControls {
  /** Flips one bit of the durable bytes: seen after eviction or a crash, stable over retries. */
  flipBit(path: string, offset: number, bit: number): void;
  /** Reads that touch the range fail with EIO until it is written again. */
  latentError(path: string, offset: number, length: number): void;
  /** Reads of the pages in the range return the version before the last one, until written again. */
  staleRead(path: string, offset: number, length: number): void;
  /** The next names barrier of this directory fails or is dropped. */
  armNamesFault(path: string, fault: FailedSyncFault | DroppedSyncFault): void;
}

export interface MediaFs extends StoreFs {
  /** Changes what the disk holds behind the back of the program. */
  readonly media: MediaControls;
}

export function hasMedia(fs: StoreFs): fs is MediaFs {
  return "media" in fs;
}

export function isMediaHandle(handle: FileHandle): handle is MediaHandle {
  return "armMediaFault" in handle;
}
