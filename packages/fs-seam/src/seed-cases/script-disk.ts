import { CrashFs } from "../crash-fs.js";
import { isFsError } from "../fs-error.js";
import type { FileHandle } from "../file-handle.js";
import { baseName, joinPath, parentPath } from "../fs-path.js";
import { MemoryFs } from "../memory-fs.js";
import type { PathLedger } from "../path-ledger.js";
import { pathComponents } from "../path-walk.js";
import { latin1 } from "./script-words.js";
import { Refusal, type TreeState } from "./seed-outcome.js";

/** A path as the script spells it and as the engine knows it. */
export interface Place {
  /** With `..`, without empty components and `.`: what the reference keeps its books under. */
  readonly name: string;
  readonly path: string;
}

/** Everything happens below this directory, which exists and is durable. */
export const scriptRoot = "/t";
/** Names of unpublished files, which no recorded state or listing shows. */
export const tempPrefix = ".tmp-stage-";

/**
 * Our engine under one of the `seed-*` personalities, with the few calls that scripts make and a `StoreFs` has not:
 * whole files, whole trees, and paths with `..` in them.
 */
export class ScriptDisk {
  readonly fs: CrashFs;

  constructor(personality: "seed-crashfs" | "seed-simfs", pre: Readonly<Record<string, string>>) {
    const before = new MemoryFs();
    before.makeDirectory(scriptRoot);
    for (const [name, content] of Object.entries(pre)) {
      const path = joinPath(scriptRoot, name);
      makeParents(before, path);
      using handle = before.open(path, { mode: "append", create: "exclusive" });
      handle.append(Uint8Array.from(content, (character) => character.charCodeAt(0)));
    }
    this.fs = new CrashFs({ image: before.snapshot(), personality });
  }

  get law(): PathLedger {
    const { pathLaw } = this.fs;
    if (pathLaw === undefined) throw new Error("internal: this personality keeps no book of paths");
    return pathLaw;
  }

  /** Finds the file that a spelling stands for; `..` behind something that is no directory leads nowhere. */
  place(spelling: string): Place {
    const names: string[] = [];
    const components = pathComponents(spelling);
    for (const component of components) {
      if (component !== "..") {
        names.push(component);
        continue;
      }
      const kind = this.kindOf(`/${names.join("/")}`);
      if (kind === undefined) throw new Refusal("NotFound");
      if (kind === "file") throw new Refusal("NotADirectory");
      names.pop();
    }
    return { name: spelledName(spelling), path: `/${names.join("/")}` };
  }

  /** Does something to a place that the law books under the name the script used. */
  at<T>({ path, name }: Place, work: () => T): T {
    return path === name ? work() : this.law.underName(path, name, work);
  }

  /** What has this name; undefined for nothing, or for a name below a file. */
  kindOf(path: string): "file" | "directory" | undefined {
    try {
      return this.fs.stat(path).kind === "directory" ? "directory" : "file";
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND", "FS_NOT_A_DIRECTORY")) return undefined;
      throw error;
    }
  }

  /** A read-only handle changes no book, so it may be opened in the open. */
  read(path: string): Uint8Array {
    using handle = this.fs.open(path, { mode: "read" });
    const bytes = new Uint8Array(handle.stat().size);
    handle.readAt(bytes, 0);
    return bytes;
  }

  /** Replaces the content behind the back of the law. */
  replace(path: string, bytes: Uint8Array): void {
    this.openBehind(path, (handle) => {
      handle.truncate(0);
      handle.writeAt(bytes, 0);
    });
  }

  /** Works on a file behind the back of the law, creating it unless it must exist. */
  openBehind(path: string, work: (handle: FileHandle) => void, create: "never" | "if-missing" = "if-missing"): void {
    this.law.unobserved(() => {
      using handle = this.fs.open(path, { mode: "write", create });
      work(handle);
    });
  }

  list(path: string): string[] {
    return this.fs
      .list(path)
      .filter(({ name }) => !name.startsWith(tempPrefix))
      .map(({ name, kind }) => (kind === "directory" ? `${name}/` : name));
  }

  /** How a POSIX host makes a chain of directories: the last one first, and its parents only where they are missing. */
  makeDirectories(path: string): void {
    const kind = this.kindOf(path);
    if (kind === "directory") return;
    if (kind === "file") throw new Refusal("AlreadyExists");
    try {
      this.fs.makeDirectory(path);
    } catch (error) {
      if (!isFsError(error, "FS_NOT_FOUND")) throw error;
      this.makeDirectories(parentPath(path));
      this.fs.makeDirectory(path);
    }
  }

  /** Removes everything in a directory and the directory, behind the back of the law. */
  removeTree(path: string): void {
    this.law.unobserved(() => {
      for (const { name, kind } of this.fs.list(path)) {
        if (kind === "directory") this.removeTree(joinPath(path, name));
        else this.fs.remove(joinPath(path, name));
      }
      this.fs.removeDirectory(path);
    });
  }

  /** What is there now, temporary files left out. */
  state(): TreeState {
    const files: Record<string, string> = {};
    const dirs: string[] = [];
    if (this.kindOf(scriptRoot) === "directory") this.#collect(scriptRoot, files, dirs);
    return { files, dirs };
  }

  #collect(directory: string, files: Record<string, string>, dirs: string[]): void {
    for (const { name, kind } of this.fs.list(directory)) {
      const path = joinPath(directory, name);
      if (kind === "directory") {
        dirs.push(path);
        this.#collect(path, files, dirs);
      } else if (!baseName(path).startsWith(tempPrefix)) {
        files[path] = latin1(this.read(path));
      }
    }
  }
}

/** A spelling without empty components and `.`. */
export function spelledName(spelling: string): string {
  return `/${pathComponents(spelling).join("/")}`;
}

function makeParents(fs: MemoryFs, path: string): void {
  const parent = parentPath(path);
  if (parent === scriptRoot || parent === "/") return;
  makeParents(fs, parent);
  if (!fs.list(parentPath(parent)).some(({ name }) => name === baseName(parent))) fs.makeDirectory(parent);
}
