import type { OpenFileOptions } from "../file-handle.js";
import { isFsError } from "../fs-error.js";
import { PathImages } from "../path-images.js";
import { CrashBackend } from "./crash-backend.js";
import { ScriptDisk, spelledName, type Place } from "./script-disk.js";
import { ScriptHandle } from "./script-handle.js";
import { bytesOf, latin1, numberOf, textOf } from "./script-words.js";
import type { ScriptOp, SeedCase } from "./seed-case-file.js";
import { Refusal, UnknownWord, type SeedOutcome } from "./seed-outcome.js";

const ok: SeedOutcome = { ok: true };
const changing = ["write", "create", "createNew", "append", "truncate"];

/** Runs the operations of one `crash-cases` script on CrashFs under `seed-crashfs`. */
export class CrashScript {
  readonly #disk: ScriptDisk;
  readonly #backend: CrashBackend;
  readonly #handles = new Map<string, ScriptHandle>();
  /** Handles of wrappers that have been thrown away: they reach the file, and no book any more. */
  readonly #strays = new WeakSet<ScriptHandle>();

  constructor({ backend, pre }: SeedCase) {
    this.#disk = new ScriptDisk("seed-crashfs", pre);
    this.#backend = new CrashBackend(backend, this.#disk);
  }

  /** @throws what the operation throws; see `outcomeOfError`. */
  run(op: ScriptOp): SeedOutcome {
    const does = this.#ops[op.op];
    if (does === undefined) throw new UnknownWord(`unknown operation ${op.op}`);
    return does(op) ?? ok;
  }

  /** By name; one that returns nothing has succeeded without a value. */
  readonly #ops: Readonly<Record<string, (op: ScriptOp) => SeedOutcome | void>> = {
    // --- whole files ---
    writeFile: (op) => this.#write(op, ["write", "create", "truncate"], (handle) => handle.write(bytesOf(op, "data"))),
    append: (op) => this.#write(op, ["append", "create"], (handle) => handle.write(bytesOf(op, "data"))),
    write: (op) =>
      this.#write(op, ["write"], (handle) => {
        handle.seek("start", numberOf(op, "offset"));
        handle.write(bytesOf(op, "data"));
      }),
    truncate: (op) => this.#write(op, ["write"], ({ file }) => file.truncate(numberOf(op, "len"))),
    truncateToZero: (op) => this.#write(op, ["write"], ({ file }) => file.truncate(0)),
    punch: (op) =>
      this.#write(op, ["write"], ({ file }) => {
        this.#backend.checkPunch(numberOf(op, "len"));
        file.punch(numberOf(op, "offset"), numberOf(op, "len"));
      }),
    syncFile: (op) => this.#write(op, ["read"], (handle) => this.#sync(handle, op)),
    readFile: (op) => ({ value: latin1(this.#disk.read(this.#existing(op).path)) }),

    // --- names ---
    rename: (op) =>
      this.#move(op, (from, to) => {
        this.#backend.checkRename(from, to);
        this.#disk.fs.rename(from.path, to.path);
      }),
    link: (op) => this.#move(op, (from, to) => this.#backend.link(from, to)),
    clone: (op) => this.#move(op, (from, to) => this.#disk.fs.reflink(from.path, to.path)),
    remove: (op) => {
      const place = this.#existing(op);
      this.#backend.checkRemove(place);
      this.#disk.at(place, () => this.#disk.fs.remove(place.path));
    },
    removeTree: (op) => {
      const { name } = this.#removeTree(op);
      this.#law.removedDirectory(name);
    },
    mkdir: (op) => this.#disk.fs.makeDirectory(this.#place(textOf(op, "path")).path),
    mkdirAll: (op) => this.#backend.makeDirectories(this.#place(textOf(op, "path"))),
    syncDir: (op) => {
      const place = this.#existing(op);
      this.#backend.checkSyncDirectory(place);
      this.#disk.fs.syncNamesBlocking(place.path);
    },
    list: (op) => ({ value: this.#disk.list(this.#existing(op).path) }),
    stat: (op) => ({ value: this.#stat(this.#existing(op)) }),
    exists: (op) => ({ value: this.#exists(op) }),

    // --- handles ---
    open: (op) => {
      const handle = this.#open(textOf(op, "path"), flagsOf(op));
      this.#drop(textOf(op, "handle"));
      this.#handles.set(textOf(op, "handle"), handle);
    },
    hWrite: (op) => this.#handle(op).write(bytesOf(op, "data")),
    hRead: (op) => ({ value: latin1(this.#handle(op).read(numberOf(op, "len"))) }),
    hSeek: (op) => {
      const offset = numberOf(op, "offset", "pos", "to", "by", "delta", "len");
      return { value: this.#handle(op).seek(textOf(op, "whence"), offset) };
    },
    hSetLen: (op) => {
      this.#backend.checkSetLength(this.#handle(op));
      this.#handle(op).file.truncate(numberOf(op, "len"));
    },
    hFlush: (op) => void this.#handle(op),
    hSync: (op) => this.#sync(this.#handle(op), op),
    hClose: (op) => {
      this.#handle(op);
      this.#drop(textOf(op, "handle"));
    },
    hTryLock: (op) => ({ value: this.#backend.tryLock(this.#handle(op)) }),

    // --- behind the wrapper, and the power ---
    outside: (op) => this.#disk.replace(this.#place(textOf(op, "path")).path, bytesOf(op, "data")),
    outsideRemoveTree: (op) => void this.#removeTree(op),
    rewrap: () => {
      for (const handle of this.#handles.values()) this.#strays.add(handle);
      this.#law.forget();
    },
    crash: () => {
      this.#disk.fs.crash();
      return { state: this.#disk.state() };
    },
  };

  get #law(): PathImages {
    const { law } = this.#disk;
    if (law instanceof PathImages) return law;
    throw new Error("internal: seed-crashfs keeps images");
  }

  #place(spelling: string): Place {
    this.#backend.checkSpelling(spelling);
    return this.#disk.place(spelling);
  }

  /** The place of something that should be there. */
  #existing(op: ScriptOp, field = "path"): Place {
    const place = this.#place(textOf(op, field));
    this.#backend.checkLookup(place);
    return place;
  }

  #handle(op: ScriptOp): ScriptHandle {
    const handle = this.#handles.get(textOf(op, "handle"));
    if (handle === undefined) throw new UnknownWord(`${op.op}: no handle ${textOf(op, "handle")} is open`);
    return handle;
  }

  /** The first touch comes before anything else is looked at: flags that make no sense touch the path as well. */
  #open(spelling: string, flags: ReadonlySet<string>): ScriptHandle {
    this.#backend.checkSpelling(spelling);
    if (!this.#backend.isHost) this.#backend.checkLookup(this.#disk.place(spelling), createsFile(flags));
    if (changing.some((flag) => flags.has(flag))) this.#law.touch(spelledName(spelling));
    this.#backend.checkFlags(flags);
    const place = this.#disk.place(spelling);
    const file = this.#disk.at(place, () => this.#disk.fs.open(place.path, openOptions(flags)));
    const writes = flags.has("write") || flags.has("append");
    return new ScriptHandle(file, place, { reads: flags.has("read"), writes, appends: flags.has("append") });
  }

  /** Opens, works and closes. */
  #write(op: ScriptOp, flags: readonly string[], work: (handle: ScriptHandle) => void): void {
    const handle = this.#open(textOf(op, "path"), new Set(flags));
    try {
      work(handle);
    } finally {
      handle.file.close();
    }
  }

  #drop(name: string): void {
    const handle = this.#handles.get(name);
    if (handle === undefined) return;
    this.#backend.closed(handle);
    handle.file.close();
    this.#handles.delete(name);
  }

  #sync(handle: ScriptHandle, op: ScriptOp): void {
    const rung = textOf(op, "scope") === "data" ? "data" : "full";
    const sync = (): void => this.#disk.at(handle.place, () => handle.file.syncBlocking(rung));
    if (!this.#strays.has(handle)) return sync();
    this.#law.unobserved(sync);
    this.#disk.read(this.#place(handle.place.name).path); // the old wrapper still looks for the file
  }

  #move(op: ScriptOp, work: (from: Place, to: Place) => void): void {
    const [from, to] = [this.#existing(op, "from"), this.#place(textOf(op, "to"))];
    this.#disk.at(from, () => this.#disk.at(to, () => work(from, to)));
  }

  #removeTree(op: ScriptOp): Place {
    const place = this.#place(textOf(op, "path"));
    this.#backend.checkTree(place);
    this.#disk.removeTree(place.path);
    return place;
  }

  #stat({ path }: Place): { readonly len: number; readonly kind: "file" | "dir" } {
    const { kind, size } = this.#disk.fs.stat(path);
    if (kind === "directory") return { len: this.#backend.directoryLength, kind: "dir" };
    return { len: size, kind: "file" };
  }

  /** Only a host sees a difference between nothing and a name below a file. */
  #exists(op: ScriptOp): boolean {
    try {
      this.#disk.fs.stat(this.#place(textOf(op, "path")).path);
      return true;
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND") || (error instanceof Refusal && error.error === "NotFound")) return false;
      if (isFsError(error, "FS_NOT_A_DIRECTORY") && !this.#backend.isHost) return false;
      throw error;
    }
  }
}

function flagsOf(op: ScriptOp): ReadonlySet<string> {
  const { flags } = op;
  if (!Array.isArray(flags)) throw new UnknownWord("open: flags must be a list");
  const known = ["read", ...changing];
  const unknown = flags.find((flag) => !known.includes(String(flag)));
  if (unknown !== undefined) throw new UnknownWord(`open: unknown flag ${String(unknown)}`);
  return new Set(flags.map(String));
}

function createsFile(flags: ReadonlySet<string>): boolean {
  return flags.has("create") || flags.has("createNew");
}

function openOptions(flags: ReadonlySet<string>): OpenFileOptions {
  const mode = flags.has("append") ? "append" : flags.has("write") ? "write" : "read";
  const create = flags.has("createNew") ? "exclusive" : flags.has("create") ? "if-missing" : "never";
  return { mode, create, truncate: flags.has("truncate") && mode === "write" && !flags.has("createNew") };
}
