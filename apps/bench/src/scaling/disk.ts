import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Directory, RealFs } from "@holdfast/fs-seam";
import { MemoryFs, type Image } from "@holdfast/fs-seam/memory";
import { countingFs, noCounts, type SeamCounts } from "./counting-fs.js";

/** Where a scenario runs: a directory whose file system counts what it is asked for. */
export interface Disk {
  readonly directory: Directory;
  readonly counts: SeamCounts;
  /** The files as they would be left if the process were killed at this moment, on a disk of their own with counts of its own. */
  killed(): Disk;
  dispose(): void;
}

export function memoryDisk(image?: Image): Disk {
  const fs = new MemoryFs(image === undefined ? {} : { image });
  const counts = noCounts();
  return {
    directory: new Directory(countingFs(fs, counts)),
    counts,
    killed: () => memoryDisk(fs.snapshot()),
    dispose: () => {},
  };
}

/** In a new directory on the file system of the directory for temporary files. */
export function realDisk(from?: string): Disk {
  const path = mkdtempSync(join(tmpdir(), "holdfast-scaling-"));
  // The lock is of this process, which lives on.
  const isLeft = (source: string): boolean => basename(source) !== "LOCK";
  if (from !== undefined) cpSync(from, path, { recursive: true, filter: isLeft });
  const counts = noCounts();
  return {
    directory: new Directory(countingFs(new RealFs({ root: path }), counts)),
    counts,
    killed: () => realDisk(path),
    dispose: () => rmSync(path, { recursive: true, force: true }),
  };
}
