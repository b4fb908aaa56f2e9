import type { FileHandle, StoreFs } from "@holdfast/fs-seam";
import { scatter, type Prepared } from "../workload.js";

/**
 * The six workloads of the table, each written twice: against our seam, and against the blocking calls of `node:fs`, which
 * memfs has as well. Both sides make the same calls in the same order.
 */
export interface FsWorkload {
  readonly id: string;
  readonly title: string;
  readonly operations: number;
  onStore(fs: StoreFs): Prepared;
  /** `directory` ends with a slash and exists. */
  onNode(fs: NodeCalls, directory: string): Prepared;
}

/** The calls of `node:fs` that the workloads make. */
export interface NodeCalls {
  openSync(path: string, flags: string): number;
  closeSync(fd: number): void;
  writeSync(fd: number, bytes: Buffer, at: number, length: number, offset: number | null): number;
  readSync(fd: number, bytes: Buffer, at: number, length: number, offset: number): number;
  fsyncSync(fd: number): void;
  renameSync(from: string, to: string): void;
}

export const pageBytes = 4096;
/** Pages of the file that random reads and overwrites hit: 16 MiB. */
const randomPages = 4096;
const smallFileBytes = 200;
/** How many names the renames go round. */
const nameCount = 100;

/**
 * The workloads, `divisor` times smaller than full size. Overwrites and reads go round their file several times, so that
 * they meet it in the processor's cache as a working set would be, and not on its first visit.
 */
export function fsWorkloads(divisor: number): FsWorkload[] {
  const scaled = (operations: number): number => Math.ceil(operations / divisor);
  return [
    appendWorkload("append", "4 KiB append", scaled(10_000), false),
    appendWorkload("append-sync", "4 KiB append + fsync", scaled(10_000), true),
    overwriteWorkload(scaled(20_000)),
    readWorkload(scaled(40_000)),
    replaceWorkload("rename", "create, write 200 B, rename over", scaled(4000), false),
    replaceWorkload("replace", "the same with file and directory fsync", scaled(4000), true),
  ];
}

// Peers get a Buffer, which is their fastest input; ours gets what its interface names.
const page = new Uint8Array(pageBytes).fill(7);
const pageBuffer = Buffer.alloc(pageBytes, 7);
const small = new Uint8Array(smallFileBytes).fill(9);
const smallBuffer = Buffer.alloc(smallFileBytes, 9);

function appendWorkload(id: string, title: string, operations: number, sync: boolean): FsWorkload {
  return {
    id,
    title,
    operations,
    onStore(fs) {
      const file = fs.open("/log", { mode: "append", create: "if-missing" });
      const run = (): void => {
        for (let count = 0; count < operations; count += 1) {
          file.append(page);
          if (sync) file.syncBlocking("full");
        }
      };
      return { run, dispose: () => file.close() };
    },
    onNode(fs, directory) {
      const fd = fs.openSync(`${directory}log`, "a");
      const run = (): void => {
        for (let count = 0; count < operations; count += 1) {
          fs.writeSync(fd, pageBuffer, 0, pageBytes, null);
          if (sync) fs.fsyncSync(fd);
        }
      };
      return { run, dispose: () => fs.closeSync(fd) };
    },
  };
}

/** A file of `randomPages` pages, written and synced. */
export function filledFile(fs: StoreFs): FileHandle {
  const file = fs.open("/data", { mode: "write", create: "if-missing" });
  for (let index = 0; index < randomPages; index += 1) file.writeAt(page, index * pageBytes);
  file.syncBlocking("full");
  return file;
}

function filledDescriptor(fs: NodeCalls, directory: string): number {
  const fd = fs.openSync(`${directory}data`, "w+");
  for (let index = 0; index < randomPages; index += 1) fs.writeSync(fd, pageBuffer, 0, pageBytes, index * pageBytes);
  fs.fsyncSync(fd);
  return fd;
}

/** Offsets of random pages of such a file. */
export function pageOffsets(operations: number): Float64Array {
  return Float64Array.from(scatter(operations, randomPages), (index) => index * pageBytes);
}

function overwriteWorkload(operations: number): FsWorkload {
  const offsets = pageOffsets(operations);
  return {
    id: "overwrite",
    title: "random 4 KiB overwrite",
    operations,
    onStore(fs) {
      const file = filledFile(fs);
      const run = (): void => {
        for (const offset of offsets) file.writeAt(page, offset);
      };
      return { run, dispose: () => file.close() };
    },
    onNode(fs, directory) {
      const fd = filledDescriptor(fs, directory);
      const run = (): void => {
        for (const offset of offsets) fs.writeSync(fd, pageBuffer, 0, pageBytes, offset);
      };
      return { run, dispose: () => fs.closeSync(fd) };
    },
  };
}

function readWorkload(operations: number): FsWorkload {
  const offsets = pageOffsets(operations);
  return {
    id: "read",
    title: "random 4 KiB read",
    operations,
    onStore(fs) {
      const file = filledFile(fs);
      const target = new Uint8Array(pageBytes);
      const run = (): void => {
        for (const offset of offsets) file.readAt(target, offset);
      };
      return { run, dispose: () => file.close() };
    },
    onNode(fs, directory) {
      const fd = filledDescriptor(fs, directory);
      const target = Buffer.alloc(pageBytes);
      const run = (): void => {
        for (const offset of offsets) fs.readSync(fd, target, 0, pageBytes, offset);
      };
      return { run, dispose: () => fs.closeSync(fd) };
    },
  };
}

/** A new temporary file, written and renamed over an older one; with `sync`, the file and then the directory are synced. */
function replaceWorkload(id: string, title: string, operations: number, sync: boolean): FsWorkload {
  const names = Array.from({ length: nameCount }, (_, index) => String(index));
  const nameOf = (count: number): string => names[count % nameCount] as string; // the remainder is below length
  return {
    id,
    title,
    operations,
    onStore(fs) {
      const run = (): void => {
        for (let count = 0; count < operations; count += 1) {
          const temporary = `/t${nameOf(count)}`;
          const file = fs.open(temporary, { mode: "write", create: "exclusive" });
          file.writeAt(small, 0);
          if (sync) file.syncBlocking("full");
          file.close();
          fs.rename(temporary, `/f${nameOf(count)}`);
          if (sync) fs.syncNamesBlocking("/");
        }
      };
      return { run };
    },
    onNode(fs, directory) {
      const run = (): void => {
        for (let count = 0; count < operations; count += 1) {
          const temporary = `${directory}t${nameOf(count)}`;
          const fd = fs.openSync(temporary, "wx");
          fs.writeSync(fd, smallBuffer, 0, smallFileBytes, 0);
          if (sync) fs.fsyncSync(fd);
          fs.closeSync(fd);
          fs.renameSync(temporary, `${directory}f${nameOf(count)}`);
          if (sync) syncDirectory(fs, directory);
        }
      };
      return { run };
    },
  };
}

function syncDirectory(fs: NodeCalls, directory: string): void {
  const fd = fs.openSync(directory, "r");
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}
