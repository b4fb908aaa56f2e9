// A reader beside a writer of another process, one call at a time: the writer moves on between any two calls of the reader, and the
// reader looks between any two calls of the writer, while it appends, rotates, prunes, publishes, is killed, and opens again.
//
// WAL_LONG=1 tries every pair of calls; by default every seventh state of the directory.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { beforeAll, describe, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type Wal, type WalReader } from "../src/index.js";
import { openRecordLog, openRecordLogReader, type RecordLog, type RecordLogReader } from "../src/record-log-entry.js";
import { bytesOf, listed, small, textsOf } from "./log-law.js";

const isLong = process.env["WAL_LONG"] === "1";
const history = Array.from({ length: 14 }, (_, index) => `${index + 1} `.padEnd(30 + index, "."));

/** Calls that a reader could notice; before each of them, and at the end, the directory is looked at. */
const changes = ["open", "write", "append", "truncate", "allocate", "rename", "remove"] as const;

type Tree = ReturnType<MemoryFs["snapshot"]>;

/** A moment between two calls of the writer. */
interface State {
  readonly tree: Tree;
  /** What the writer has handed to the system by then. */
  readonly writtenLsn: number;
  /** First record that the writer keeps, the last that it ever prunes taken for gone once it begins to. */
  readonly firstLsn: number;
}

type AnyLog = Pick<
  Wal | RecordLog,
  "append" | "write" | "writtenLsn" | "lastLsn" | "firstLsn" | "appendDurable" | "close"
>;
type AnyReader = Pick<WalReader | RecordLogReader, "refresh" | "read" | "firstLsn" | "lastLsn">;

interface Kind {
  readonly open: (directory: Directory, mergeBytes: number) => Promise<AnyLog>;
  readonly reader: (directory: Directory) => AnyReader;
  /** What only this kind of log can do, in the middle of the program. */
  readonly publish: (log: AnyLog) => Promise<unknown>;
  readonly prune: (log: AnyLog) => Promise<unknown>;
}

function segmented(segmentBytes: number): Kind {
  return {
    open: (directory, mergeBytes) => openWal({ directory, ...small, segmentBytes, mergeBytes, keepCheckpoints: 1 }),
    reader: (directory) => openWalReader({ directory }),
    publish: (log) => (log as Wal).publish(bytesOf("state"), { lsn: 2 }),
    prune: (log) => (log as Wal).publish(bytesOf("later"), { lsn: 5 }),
  };
}

const kinds: Readonly<Record<string, Kind>> = {
  "a log of many segments": segmented(256),
  "a log whose opens go on from within a segment": segmented(512),
  "a record log": {
    open: (directory) => openRecordLog({ directory, name: "log", bufferBytes: 256, preallocateBytes: 256 }),
    reader: (directory) => openRecordLogReader({ directory, name: "log" }),
    publish: () => Promise.resolve(),
    prune: () => Promise.resolve(),
  },
};

/** Runs a writer that is killed twice, and returns what its directory was between any two of its calls. */
async function statesOf({ open, publish, prune }: Kind): Promise<State[]> {
  const disk = new CrashFs();
  const states: State[] = [];
  let log: AnyLog | undefined;
  const note = (): void => {
    const tree = disk.snapshot();
    const { writtenLsn, firstLsn } = log ?? { writtenLsn: states.at(-1)?.writtenLsn ?? 0, firstLsn: 1 };
    states.push({ tree, writtenLsn, firstLsn: Math.max(firstLsn, states.at(-1)?.firstLsn ?? 1) });
  };
  const start = async (mergeBytes = 0): Promise<void> => {
    const fs = new FaultFs(disk);
    fs.plan.arm({ operations: changes, action: { kind: "callback", callback: note } });
    log = await open(new Directory(fs), mergeBytes);
  };
  const append = (count: number): void => {
    for (let more = 0; more < count; more += 1) log?.append(bytesOf(history[log.lastLsn] as string));
  };
  const kill = (): void => {
    log?.write();
    note();
    log = undefined;
    disk.processCrash();
  };
  const sync = async (): Promise<unknown> => log?.appendDurable(bytesOf(history[log.lastLsn] as string));
  await start();
  await sync();
  append(1);
  log?.write();
  append(2);
  await sync();
  await publish(log as AnyLog);
  append(2);
  kill(); // 7 records, the last two not proven
  await start();
  await sync();
  await prune(log as AnyLog);
  append(1);
  kill(); // 9
  await start(65536); // all of them in one segment
  append(1);
  kill(); // 10, the segment that was gathered is not proven to its end
  await start();
  append(2);
  await log?.close();
  await start(65536);
  await sync();
  await log?.close();
  note();
  return states;
}

/** Makes the files of a directory those of a tree: what changed is written in place, as a writer does it. */
function goTo(fs: MemoryFs, tree: Tree): void {
  const here = new Directory(fs);
  const there = new Directory(new MemoryFs({ image: tree }));
  const wanted = there.list().filter(({ kind }) => kind === "file");
  const names = new Set(wanted.map(({ name }) => name));
  for (const { name } of wanted) {
    const bytes = there.readFile(name);
    if (here.exists(name) && Buffer.compare(here.readFile(name), bytes) === 0) continue;
    const handle = here.open(name, { mode: "write", create: "if-missing" });
    handle.truncate(bytes.length);
    handle.writeAt(bytes, 0);
    handle.close();
  }
  for (const { name, kind } of here.list()) if (kind === "file" && !names.has(name)) here.remove(name);
}

/** A reader that has come so far. */
class Beside {
  readonly #kind: Kind;
  readonly #directory: Directory;
  #reader: AnyReader | undefined;
  seenLsn = 0;

  constructor(kind: Kind, directory: Directory) {
    this.#kind = kind;
    this.#directory = directory;
  }

  /** Looks and reads everything. Demands a part of the history up to `from.writtenLsn` at least, and nothing that is gone by `to`. */
  look(from: State, to: State): void {
    try {
      this.#reader ??= this.#kind.reader(this.#directory);
    } catch (error) {
      if (!(error instanceof WalError && error.code === "WAL_NOT_FOUND" && from.writtenLsn === 0)) throw error;
      return;
    }
    const reader = this.#reader;
    expect(reader.refresh()).toBeGreaterThanOrEqual(Math.max(from.writtenLsn, this.seenLsn));
    this.seenLsn = reader.lastLsn;
    try {
      this.demand(textsOf(reader), from, to);
    } catch (error) {
      if (!(error instanceof WalError && error.code === "WAL_PRUNED" && to.firstLsn > 1)) throw error;
      this.seenLsn = reader.lastLsn; // it has looked again, and what is left can be read
      this.demand(textsOf(reader), from, to);
    }
  }

  demand(records: readonly string[], from: State, to: State): void {
    const firstLsn = Number.parseInt(records[0] ?? "1", 10);
    expect(firstLsn).toBeLessThanOrEqual(to.firstLsn);
    expect(records).toEqual(listed(history, firstLsn).slice(0, records.length));
    expect(firstLsn - 1 + records.length).toBe(this.seenLsn);
    expect(this.seenLsn).toBeGreaterThanOrEqual(from.writtenLsn);
  }
}

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  let states: State[];
  beforeAll(async () => {
    states = await statesOf(kind);
    expect(states.at(-1)).toMatchObject({ writtenLsn: 13 });
    expect(states.length).toBeGreaterThan(50);
  });

  test("a reader between any two calls of the writer sees all that was written, and no less than before", () => {
    // One that looks at every state, one that comes at each and looks again at the end, and one that looks at each second.
    const fs = new MemoryFs();
    const always = new Beside(kind, new Directory(fs));
    const seldom = new Beside(kind, new Directory(fs));
    const late: Beside[] = [];
    for (const [index, state] of states.entries()) {
      goTo(fs, state.tree);
      always.look(state, state);
      if (index % 7 === 0) seldom.look(state, state);
      const newcomer = new Beside(kind, new Directory(fs));
      newcomer.look(state, state);
      late.push(newcomer);
    }
    const last = states.at(-1) as State; // there are many
    for (const each of [always, seldom, ...late]) {
      each.look(last, last);
      expect(each.seenLsn).toBe(13);
    }
  });

  test("a writer may move on between any two calls of a reader, by one call or many", () => {
    let interleavings = 0;
    for (let at = 0; at < states.length - 1; at += isLong ? 1 : 7) {
      const from = states[at] as State;
      for (const step of [1, 4, 15, states.length]) {
        const to = states[Math.min(states.length - 1, at + step)] as State;
        for (const isNew of [true, false]) {
          let fired = 1;
          for (let n = 1; fired > 0; n += 1) {
            const memory = new MemoryFs();
            goTo(memory, from.tree);
            const fs = new FaultFs(memory);
            const reader = new Beside(kind, new Directory(fs));
            if (!isNew) reader.look(from, from);
            const move = fs.plan.arm({
              operations: "*",
              trigger: { kind: "nth", n },
              action: { kind: "callback", callback: () => goTo(memory, to.tree) },
            });
            try {
              reader.look(from, to);
              fired = move.fired;
              reader.look(fired > 0 ? to : from, to);
              expect(fs.openHandles).toEqual([]);
            } catch (error) {
              throw new Error(`state ${at} to ${at + step} before call ${n}`, { cause: error });
            }
            interleavings += 1;
          }
        }
      }
    }
    expect(interleavings).toBeGreaterThan(1000);
  });
});
