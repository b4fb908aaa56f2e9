import * as fs from "node:fs";
import type { FileKind, FileStat } from "./file-handle.js";

/**
 * Every call that {@link RealFs} makes into the platform, one field each. RealFs reaches the disk by no other way, so a
 * test that replaces a field decides how the n-th call of that kind ends, and a test that wraps all of them counts all.
 */

/** What RealFs reads of a platform's file description. */
export interface RealStats {
  readonly size: number;
  readonly nlink: number;
  readonly blocks: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** One entry as the platform names it: bytes, because nothing forces a name on a disk to be UTF-8. */
export interface RealEntry {
  readonly name: Buffer;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** An open directory stream. */
export interface RealEntries {
  read(): Promise<RealEntry | null>;
  close(): Promise<void>;
}

export type SyncDone = (error: Error | null) => void;

/** @internal */
export interface RealCalls {
  readonly open: (path: string, flags: number, mode: number) => number;
  readonly close: (fd: number) => void;
  readonly read: (fd: number, target: Uint8Array, at: number, length: number, offset: number) => number;
  readonly readAsync: (
    fd: number,
    target: Uint8Array,
    at: number,
    length: number,
    offset: number,
    done: (error: Error | null, count: number) => void,
  ) => void;
  /** `null` for `offset` writes where the descriptor stands, which is the end for an append descriptor. */
  readonly write: (fd: number, bytes: Uint8Array, at: number, length: number, offset: number | null) => number;
  readonly truncate: (fd: number, size: number) => void;
  readonly fdatasync: (fd: number) => void;
  readonly fdatasyncAsync: (fd: number, done: SyncDone) => void;
  readonly fsync: (fd: number) => void;
  readonly fsyncAsync: (fd: number, done: SyncDone) => void;
  readonly fileStat: (fd: number) => RealStats;
  /** Describes the entry itself and follows no symlink. */
  readonly entryStat: (path: string) => RealStats;
  /** Device and inode of an entry: two paths with one identity are one file. */
  readonly identity: (path: string) => string;
  readonly makeDirectory: (path: string) => void;
  readonly removeDirectory: (path: string) => void;
  readonly rename: (from: string, to: string) => void;
  readonly link: (from: string, to: string) => void;
  readonly unlink: (path: string) => void;
  readonly clone: (from: string, to: string) => void;
  readonly list: (path: string) => RealEntry[];
  readonly openEntries: (path: string, batch: number) => RealEntries;
  readonly space: (path: string) => { readonly bsize: bigint; readonly blocks: bigint; readonly bavail: bigint };
  /** Blocks this thread; only Windows renames wait. */
  readonly sleep: (milliseconds: number) => void;
}

/** @internal The calls as Node makes them. Bare references where possible: a wrapper would cost a frame per call. */
export const nodeCalls: RealCalls = {
  open: fs.openSync,
  close: fs.closeSync,
  read: fs.readSync,
  readAsync: fs.read,
  write: fs.writeSync,
  truncate: fs.ftruncateSync,
  fdatasync: fs.fdatasyncSync,
  fdatasyncAsync: fs.fdatasync,
  fsync: fs.fsyncSync,
  fsyncAsync: fs.fsync,
  fileStat: (fd) => fs.fstatSync(fd),
  entryStat: (path) => fs.lstatSync(path),
  identity: (path) => {
    const { dev, ino } = fs.lstatSync(path, { bigint: true }); // bigint: inode numbers of some systems use all 64 bits
    return `${dev}:${ino}`;
  },
  makeDirectory: (path) => void fs.mkdirSync(path),
  removeDirectory: (path) => fs.rmdirSync(path),
  rename: fs.renameSync,
  link: fs.linkSync,
  unlink: fs.unlinkSync,
  clone: (from, to) => fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE_FORCE),
  list: (path) => fs.readdirSync(path, { encoding: "buffer", withFileTypes: true }),
  openEntries: (path, batch) =>
    // Node reads names as bytes when asked for "buffer" here too; its types only know text encodings.
    fs.opendirSync(path, { encoding: "buffer" as BufferEncoding, bufferSize: batch }) as unknown as RealEntries,
  space: (path) => fs.statfsSync(path, { bigint: true }),
  sleep: (milliseconds) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds),
};

/** One read or write never asks for more: Node takes lengths as int32, and Linux stops at 2 GiB - 4 KiB anyway. */
export const maxTransferBytes = 0x4000_0000;

export function kindOf(entry: Pick<RealEntry, "isFile" | "isDirectory" | "isSymbolicLink">): FileKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

export function describeStats(stats: RealStats): FileStat {
  // The platform counts in units of 512 bytes, whatever the file system's own block is.
  return { kind: kindOf(stats), size: stats.size, links: stats.nlink, allocatedBytes: stats.blocks * 512 };
}
