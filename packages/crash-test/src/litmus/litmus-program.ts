import type { FileHandle } from "@holdfast/fs-seam";
import { CrashFs, emptyImage, imageHash, type Image, type Trace } from "@holdfast/fs-seam/crash";
import { maxFileBytes, type LitmusOp, type LitmusProgram, type LitmusState } from "./litmus-data.js";
import { LitmusError } from "./litmus-error.js";

/**
 * Runs recorded programs on CrashFs. Symlinks, which the seam does not have, are stood for by hard links to files that
 * hold their target in a directory of their own: what matters here is whether their names survive.
 */

const symlinkDirectory = "/.symlinks";

export interface LitmusRun {
  readonly trace: Trace;
  /** Log position at which `n` operations had returned, by n; the first is the start of the program. */
  readonly returned: readonly number[];
}

/** Runs a program once, and returns its log. */
export function runLitmus(program: LitmusProgram): LitmusRun {
  const targets = symlinkTargets(program);
  const player = new Player(new CrashFs({ image: imageWithTargets(targets) }), targets);
  for (const op of program.setup) player.play(op);
  if (program.finalSync) player.fs.writeback();
  player.fs.mark("returned");
  const returned = [lastRecord(player.fs)];
  for (const op of program.ops) {
    player.play(op);
    player.fs.mark("returned");
    returned.push(lastRecord(player.fs));
  }
  return { trace: player.fs.trace(), returned };
}

/** The hash that an image of this run has when it shows a recorded tree. */
export function hashOfState(state: LitmusState, program: LitmusProgram): number {
  const targets = symlinkTargets(program);
  const fs = new CrashFs({ image: imageWithTargets(targets) });
  const used = new Set<number>();
  // Sorted, so that a directory is there before what it holds, and the first name of a file before its others.
  for (const [path, entry] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (entry.type === "dir") fs.makeDirectory(`/${path}`);
    else if (entry.type === "symlink") {
      const at = targets.findIndex((target, index) => target === entry.target && !used.has(index));
      if (at < 0) {
        throw new LitmusError("LITMUS_BAD_DATA", `no operation makes the symlink ${path} to ${entry.target}`, {
          place: path,
        });
      }
      used.add(at);
      fs.link(`${symlinkDirectory}/${at}`, `/${path}`);
    } else if ("link" in entry) fs.link(`/${entry.link}`, `/${path}`);
    else writeRuns(fs, `/${path}`, entry.content);
  }
  return imageHash(fs.snapshot());
}

function writeRuns(fs: CrashFs, path: string, content: readonly (readonly [string, number])[]): void {
  const handle = fs.open(path, { mode: "append", create: "exclusive" });
  for (const [char, count] of content) handle.append(new Uint8Array(count).fill(char.charCodeAt(0)));
  handle.close();
}

function lastRecord(fs: CrashFs): number {
  return fs.logSize().records - 1;
}

/** Targets of the symlinks a program makes, in order. */
function symlinkTargets(program: LitmusProgram): string[] {
  const ops = [...program.setup, ...program.ops].filter(({ op }) => op === "symlink");
  return ops.map((op) => String(op["target"]));
}

function imageWithTargets(targets: readonly string[]): Image {
  if (targets.length === 0) return emptyImage();
  const fs = new CrashFs();
  fs.makeDirectory(symlinkDirectory);
  targets.forEach((target, at) => {
    const handle = fs.open(`${symlinkDirectory}/${at}`, { mode: "write", create: "exclusive" });
    handle.writeAt(new TextEncoder().encode(`symlink ${at} to ${target}`), 0);
    handle.close();
  });
  return fs.snapshot();
}

class Player {
  readonly fs: CrashFs;
  readonly #targets: readonly string[];
  readonly #handles = new Map<string, FileHandle>();
  #symlinks = 0;

  constructor(fs: CrashFs, targets: readonly string[]) {
    this.fs = fs;
    this.#targets = targets;
  }

  play(op: LitmusOp): void {
    const text = (key: string): string => String(op[key] ?? missing(op, key));
    const number = (key: string): number => bounded(op, key);
    const path = (key: string): string => (op[key] === "." ? "/" : `/${text(key)}`);
    const { fs } = this;
    switch (op.op) {
      case "create":
        return fs.open(path("f"), { mode: "write", create: "exclusive" }).close();
      case "open":
        return this.#open(path("f"), text("h"), text("flags"));
      case "close":
        return this.#close(text("h"));
      case "write":
        return this.#onFile(op, "write", (handle) => {
          if (handle.mode === "append") handle.append(bytesOf(op));
          else handle.writeAt(bytesOf(op), number("off"));
        });
      case "append":
        return this.#onFile(op, "append", (handle) => {
          if (handle.mode === "append") handle.append(bytesOf(op));
          else handle.writeAt(bytesOf(op), handle.stat().size);
        });
      case "truncate":
        return this.#onFile(op, "write", (handle) => handle.truncate(number("len")));
      case "fallocate":
        return this.#onFile(op, "write", (handle) => allocate(handle, op));
      case "fsync":
        return this.#onFile(op, "write", (handle) => handle.syncBlocking("full"));
      case "fdatasync":
        return this.#onFile(op, "write", (handle) => handle.syncBlocking("data"));
      case "fsyncdir":
        return fs.syncNamesBlocking(path("d"));
      case "sync":
        return fs.syncAllBlocking();
      case "rename":
        return fs.rename(path("from"), path("to"));
      case "link":
        return fs.link(path("from"), path("to"));
      case "symlink":
        this.#symlinks += 1;
        return fs.link(
          `${symlinkDirectory}/${this.#targets.indexOf(text("target"), this.#symlinks - 1)}`,
          path("path"),
        );
      case "unlink":
        return fs.remove(path("f"));
      case "mkdir":
        return fs.makeDirectory(path("d"));
      case "rmdir":
        return fs.removeDirectory(path("d"));
      // These change nothing that a model without a clock could see: everything pending may be written back at any time.
      case "wait":
      case "read":
      case "writeback":
      case "dropcaches":
        return;
      default:
        throw new LitmusError("LITMUS_BAD_DATA", `unknown operation ${JSON.stringify(op.op)}`, { place: "op" });
    }
  }

  #open(path: string, name: string, flags: string): void {
    const create = flags.startsWith("w") || flags.startsWith("a") ? "if-missing" : "never";
    const mode = flags === "r" ? "read" : flags.startsWith("a") ? "append" : "write";
    const exclusive = flags.includes("x");
    const truncate = flags.startsWith("w") && !exclusive;
    this.#handles.set(name, this.fs.open(path, { mode, create: exclusive ? "exclusive" : create, truncate }));
  }

  #close(name: string): void {
    const handle = this.#handles.get(name) ?? notOpen({ op: "close" }, name);
    handle.close();
    this.#handles.delete(name);
  }

  /** Runs on the handle an operation names, or on one opened for it by path. */
  #onFile(op: LitmusOp, mode: "write" | "append", use: (handle: FileHandle) => void): void {
    const name = op["h"];
    if (name !== undefined) return use(this.#handles.get(String(name)) ?? notOpen(op, String(name)));
    const handle = this.fs.open(`/${String(op["f"] ?? missing(op, "f"))}`, { mode });
    use(handle);
    handle.close();
  }
}

function allocate(handle: FileHandle, op: LitmusOp): void {
  const [offset, length] = [bounded(op, "off"), bounded(op, "len")];
  if (op["punch"] === true || op["zero"] === true) handle.punch(offset, length);
  if (op["punch"] !== true && op["keepSize"] !== true) handle.allocate(offset, length);
}

function bytesOf(op: LitmusOp): Uint8Array {
  return new Uint8Array(bounded(op, "len")).fill(String(op["ch"]).charCodeAt(0));
}

/** A number of bytes that a recorded program could use. */
function bounded(op: LitmusOp, key: string): number {
  const value = op[key];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= maxFileBytes) return value;
  throw new LitmusError("LITMUS_BAD_DATA", `${op.op}: ${key} must be a number from 0 to ${maxFileBytes}`, {
    place: key,
  });
}

function notOpen(op: Pick<LitmusOp, "op">, name: string): never {
  throw new LitmusError("LITMUS_BAD_DATA", `${op.op}: no handle ${JSON.stringify(name)} is open`, { place: "h" });
}

function missing(op: LitmusOp, key: string): never {
  throw new LitmusError("LITMUS_BAD_DATA", `${op.op} lacks ${key}`, { place: key });
}
