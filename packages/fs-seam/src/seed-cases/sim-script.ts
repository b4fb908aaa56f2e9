import { isFsError } from "../fs-error.js";
import { joinPath } from "../fs-path.js";
import { isMediaHandle } from "../media-faults.js";
import { PathLengths } from "../path-lengths.js";
import { ScriptDisk, scriptRoot, spelledName, tempPrefix, type Place } from "./script-disk.js";
import { ScriptHandle } from "./script-handle.js";
import { bytesOf, latin1, numberOf, textOf } from "./script-words.js";
import type { ScriptOp, SeedCase } from "./seed-case-file.js";
import { Refusal, ShortRead, UnknownWord, type SeedOutcome } from "./seed-outcome.js";
import { SimCopies } from "./sim-copies.js";
import { DropSchedule, OneShot, ReadFault } from "./sim-schedules.js";

const ok: SeedOutcome = { ok: true };
/** Length of a small directory on ext4, where the cases were recorded. */
const directoryLength = 4096;
const faultKinds = ["rename", "remove", "persist"] as const;

/** A file that has no name of its own yet; gone once it was published or thrown away. */
interface Stage {
  readonly handle: ScriptHandle;
  readonly temp: string;
}

/** Runs the operations of one `sim-cases` script on CrashFs under `seed-simfs`. */
export class SimScript {
  readonly #disk: ScriptDisk;
  readonly #drops: DropSchedule;
  readonly #copies: SimCopies;
  readonly #faults = new OneShot<(typeof faultKinds)[number]>();
  readonly #readFault = new ReadFault();
  readonly #handles = new Map<string, ScriptHandle>();
  readonly #stages = new Map<string, Stage>();
  #temps = 0;

  constructor({ pre, knobs }: SeedCase) {
    this.#disk = new ScriptDisk("seed-simfs", pre);
    this.#drops = new DropSchedule(knobs.seed, knobs.dropOneIn);
    this.#copies = new SimCopies(
      this.#disk,
      (place, bytes) => this.#law.settle(place.name, bytes),
      knobs.noSpaceOnCopy,
    );
  }

  /** @throws what the operation throws; see `outcomeOfError`. */
  run(op: ScriptOp): SeedOutcome {
    const does = this.#ops[op.op];
    if (does === undefined) throw new UnknownWord(`unknown operation ${op.op}`);
    return does(op) ?? ok;
  }

  /** By name; one that returns nothing has succeeded without a value. */
  readonly #ops: Readonly<Record<string, (op: ScriptOp) => SeedOutcome | void>> = {
    // --- files through the seam ---
    createNew: (op) => this.#bind(op, this.#createNew(this.#place(op))),
    hWrite: (op) => this.#handle(op).write(bytesOf(op, "data")),
    hWriteAt: (op) => this.#handle(op).file.writeAt(bytesOf(op, "data"), numberOf(op, "offset")),
    hSetLen: (op) => this.#handle(op).file.truncate(numberOf(op, "len")),
    hSync: (op) => this.#sync(this.#handle(op), this.#handle(op).place.name),
    hSyncMode: (op) => this.#sync(this.#handle(op), this.#handle(op).place.name),
    hSyncAs: (op) => this.#sync(this.#handle(op), spelledName(textOf(op, "path"))),
    syncFile: (op) => this.#syncFile(this.#place(op)),
    syncSchedule: (op) => ({ value: this.#syncSchedule(numberOf(op, "n")) }),
    durableLen: (op) => ({ value: this.#law.durableLength(spelledName(textOf(op, "path"))) }),
    readExactAt: (op) => ({ value: this.#readExactAt(op) }),

    // --- files behind it ---
    append: (op) =>
      this.#disk.openBehind(this.#place(op).path, (file) => file.writeAt(bytesOf(op, "data"), file.stat().size)),
    writeFile: (op) => this.#disk.replace(this.#place(op).path, bytesOf(op, "data")),
    truncate: (op) =>
      this.#disk.openBehind(this.#place(op).path, (file) => file.truncate(numberOf(op, "len")), "never"),
    readFile: (op) => ({ value: latin1(this.#disk.read(this.#place(op).path)) }),
    exists: (op) => ({ value: this.#disk.kindOf(this.#place(op).path) !== undefined }),

    // --- names ---
    rename: (op) => {
      if (this.#faults.strikes("rename")) throw new Refusal("Io");
      this.#disk.fs.rename(this.#place(op, "from").path, this.#place(op, "to").path);
    },
    remove: (op) => this.#remove(op),
    removeIfPresent: (op) => ({ value: this.#removeIfPresent(op) }),
    copy: (op) => ({ value: this.#copies.copy(this.#place(op, "from"), this.#place(op, "to")) }),
    cowCopy: (op) => ({
      value: this.#copies.cowCopy(this.#place(op, "from"), this.#place(op, "to"), textOf(op, "preference")),
    }),
    mkdirAll: (op) => this.#disk.makeDirectories(this.#place(op).path),
    list: (op) => ({ value: this.#disk.list(this.#place(op).path).map((name) => name.replace(/\/$/, "")) }),
    syncDir: () => {}, // names are durable by design, those of a missing directory too

    // --- publishing ---
    stage: (op) => this.#stage(op),
    stageSync: (op) => {
      const { handle } = this.#stageOf(op);
      this.#law.unobserved(() => handle.file.syncBlocking("full"));
    },
    persist: (op) => this.#persist(op),
    discard: (op) => {
      this.#stageOf(op);
      this.#drop(textOf(op, "handle"));
    },
    countTemps: () => ({ value: this.#stages.size }),

    // --- faults and the power ---
    armFault: (op) => {
      const kind = faultKinds.find((known) => known === op["kind"]);
      if (kind === undefined) throw new UnknownWord(`armFault: unknown kind ${String(op["kind"])}`);
      this.#faults.arm(kind, numberOf(op, "nth"));
    },
    armReadFault: (op) => {
      const short = textOf(op, "fault") === "short";
      this.#readFault.arm(numberOf(op, "nth"), short ? numberOf(op, "bytes") : undefined);
    },
    crash: () => {
      this.#disk.fs.crash();
      return { state: this.#disk.state() };
    },
  };

  get #law(): PathLengths {
    const { law } = this.#disk;
    if (law instanceof PathLengths) return law;
    throw new Error("internal: seed-simfs keeps lengths");
  }

  #place(op: ScriptOp, field = "path"): Place {
    return this.#disk.place(textOf(op, field));
  }

  #handle(op: ScriptOp): ScriptHandle {
    const handle = this.#handles.get(textOf(op, "handle"));
    if (handle === undefined) throw new UnknownWord(`${op.op}: no handle ${textOf(op, "handle")} is open`);
    return handle;
  }

  #stageOf(op: ScriptOp): Stage {
    const stage = this.#stages.get(textOf(op, "handle"));
    if (stage === undefined) throw new UnknownWord(`${op.op}: ${textOf(op, "handle")} is no unpublished file`);
    return stage;
  }

  #bind(op: ScriptOp, handle: ScriptHandle): void {
    const name = textOf(op, "handle");
    this.#drop(name);
    this.#handles.set(name, handle);
  }

  /** Closes a handle; a file that was staged through it and never published goes with it. */
  #drop(name: string): void {
    this.#handles.get(name)?.file.close();
    this.#handles.delete(name);
    const stage = this.#stages.get(name);
    this.#stages.delete(name);
    if (stage !== undefined && this.#disk.kindOf(stage.temp) === "file") this.#disk.fs.remove(stage.temp);
  }

  #createNew(place: Place): ScriptHandle {
    const { fs } = this.#disk;
    const file = this.#disk.at(place, () => fs.open(place.path, { mode: "write", create: "exclusive" }));
    return new ScriptHandle(file, place, { reads: true, writes: true, appends: false });
  }

  /** The handle gives the length, `name` says whose it becomes. */
  #sync({ file }: ScriptHandle, name: string): SeedOutcome {
    const dropped = this.#drops.drops();
    if (dropped) {
      if (!isMediaHandle(file)) throw new Error("internal: no handle of the engine");
      file.armMediaFault({ kind: "droppedSync" });
    }
    this.#law.underName(file.path, name, () => file.syncBlocking("full"));
    return { ok: true, dropped };
  }

  #syncFile(place: Place): SeedOutcome {
    if (this.#disk.kindOf(place.path) === "directory") return this.#syncDirectoryAsFile(place);
    using file = this.#disk.fs.open(place.path, { mode: "read" });
    return this.#sync(new ScriptHandle(file, place, { reads: true, writes: false, appends: false }), place.name);
  }

  /** The host opens a directory for reading, and then it has a length like everything else. */
  #syncDirectoryAsFile({ name }: Place): SeedOutcome {
    const dropped = this.#drops.drops();
    if (!dropped) this.#law.settle(name, directoryLength);
    return { ok: true, dropped };
  }

  /** Creates a file and syncs it after each of so many bytes: one letter a sync, `D` for a dropped one. */
  #syncSchedule(count: number): string {
    const place = { name: `${scriptRoot}/schedule`, path: `${scriptRoot}/schedule` };
    const handle = this.#createNew(place);
    let schedule = "";
    for (let at = 0; at < count; at += 1) {
      handle.write(Uint8Array.of(0x78));
      const outcome = this.#sync(handle, place.name);
      schedule += "dropped" in outcome && outcome.dropped ? "D" : ".";
    }
    handle.file.close();
    return schedule;
  }

  #readExactAt(op: ScriptOp): string {
    using file = this.#disk.fs.open(this.#place(op).path, { mode: "read" });
    this.#readFault.check();
    const bytes = new Uint8Array(numberOf(op, "len"));
    const count = file.readAt(bytes, numberOf(op, "offset"));
    if (count < bytes.length) throw new ShortRead(count);
    return latin1(bytes);
  }

  #remove(op: ScriptOp): void {
    if (this.#faults.strikes("remove")) throw new Refusal("Io");
    this.#disk.fs.remove(this.#place(op).path);
  }

  #removeIfPresent(op: ScriptOp): boolean {
    try {
      this.#remove(op);
      return true;
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) return false;
      throw error;
    }
  }

  #stage(op: ScriptOp): void {
    const { path, name } = this.#place(op);
    this.#temps += 1;
    const temp = joinPath(path, `${tempPrefix}${this.#temps}`);
    const file = this.#law.unobserved(() => this.#disk.fs.open(temp, { mode: "write", create: "exclusive" }));
    const place = { name: joinPath(name, `${tempPrefix}${this.#temps}`), path: temp };
    const handle = new ScriptHandle(file, place, { reads: true, writes: true, appends: false });
    this.#bind(op, handle);
    this.#stages.set(textOf(op, "handle"), { handle, temp });
  }

  /** The temporary file is used up, whether this works or not. */
  #persist(op: ScriptOp): void {
    const { temp } = this.#stageOf(op);
    try {
      if (this.#faults.strikes("persist")) throw new Refusal("Io");
      this.#disk.fs.rename(temp, this.#place(op).path);
    } finally {
      this.#drop(textOf(op, "handle"));
    }
  }
}
