import { isName, type LogRecord, type NameEffect } from "@holdfast/fs-seam/crash";
import type { JsonInode } from "./report-format.js";

const rootInode = 1;

/**
 * The paths of everything a run touched, from its own calls: a data effect is about the file its call opened, a name is
 * bound in the directory of its call. What the run never names is shown by its number.
 */
export class InodePaths {
  readonly #paths = new Map<number, Set<string>>();
  readonly #kinds = new Map<number, "file" | "directory">();

  constructor(records: readonly LogRecord[]) {
    this.#note(rootInode, "directory", "/");
    for (const record of records) this.#learn(record);
  }

  #note(inode: number, kind: "file" | "directory", path: string | undefined): void {
    this.#kinds.set(inode, kind);
    const known = this.#paths.get(inode) ?? new Set();
    if (path !== undefined) known.add(path);
    this.#paths.set(inode, known);
  }

  #learn(record: LogRecord): void {
    switch (record.kind) {
      case "data":
      case "size":
        if (!this.#paths.has(record.ino)) this.#note(record.ino, "file", record.call?.path);
        return;
      case "barrier":
        if (record.scope === "all" || this.#paths.has(record.ino)) return;
        this.#note(record.ino, record.scope === "file" ? "file" : "directory", record.call?.path);
        return;
      case "link":
      case "unlink": {
        const home = directoryOf(record) ?? this.#last(record.directory);
        this.#note(record.directory, "directory", home);
        const path = home === undefined ? undefined : `${home === "/" ? "" : home}/${record.name}`;
        this.#note(record.ino, record.inodeKind, path);
        return;
      }
      case "mark":
      case "writeback":
      case "media":
        return;
    }
  }

  #last(inode: number): string | undefined {
    return [...(this.#paths.get(inode) ?? [])].at(-1);
  }

  /** What the records of a window are about, in the order they come up; directories of names included. */
  listOf(records: readonly LogRecord[]): JsonInode[] {
    const used = new Set<number>();
    for (const record of records) {
      if (record.kind === "mark" || record.kind === "writeback" || record.kind === "media") continue;
      if (record.kind === "barrier") {
        if (record.scope !== "all") used.add(record.ino);
      } else {
        used.add(isName(record) ? record.directory : record.ino);
        used.add(record.ino);
      }
    }
    return [...used].map((inode) => ({
      inode,
      kind: this.#kinds.get(inode) ?? "file",
      paths: [...(this.#paths.get(inode) ?? [])],
    }));
  }
}

/** The directory in which a call bound or removed a name: that of its source for what it moved away, else the other one. */
export function directoryOf({ call, kind, rename, name }: NameEffect): string | undefined {
  const moved = kind === "unlink" && rename !== "none";
  const path = moved ? call?.path : (call?.destination ?? call?.path);
  if (path === undefined || path.slice(path.lastIndexOf("/") + 1) !== name) return undefined;
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
