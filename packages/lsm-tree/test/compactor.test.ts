// The compactor with its scheduler around tables that are files, and around tables that fail.
import { expect, test } from "vitest";
import { areLive, Compactor, type CompactionHost } from "../src/compaction/compactor.js";
import type { TableStore } from "../src/engine-contract.js";
import type { EditChange, TableMeta } from "../src/format-entry.js";
import { Version } from "../src/format-entry.js";
import { JobScheduler } from "../src/job-scheduler.js";
import { bytesOf, compareEntries, entryOf, viewOf, type Entry } from "./support/entries.js";
import { linesOf } from "./support/level-model.js";
import { MemoryTables } from "./support/memory-tables.js";
import { tableFiles } from "./support/table-directory.js";

/** As much of an engine as compactions see. */
class Host<Tables extends TableStore> implements CompactionHost {
  readonly tables: Tables;
  readonly history: Entry[] = [];
  readonly live: number[] = [];
  readonly edits: (readonly EditChange[])[] = [];
  readonly failures: unknown[] = [];
  readonly compactor: Compactor;
  readonly scheduler: JobScheduler;
  current: Version = Version.empty(5);
  /** Called before an edit is installed; throws to make it fail. */
  before: () => void = () => {};
  /** Called in each turn of the event loop. */
  inTurn: () => void = () => {};
  readonly #pointers = new Map<number, Uint8Array>();
  #seqno = 0;
  #number = 1;

  constructor(tables: Tables, targetTableBytes = 2000) {
    this.tables = tables;
    this.compactor = new Compactor(this, { targetTableBytes });
    this.scheduler = new JobScheduler({
      now: () => 0,
      turn: () => Promise.resolve().then(() => this.inTurn()),
      nextFlush: () => undefined,
      nextCompaction: () => this.compactor.next(),
      onFailure: (_, error) => void this.failures.push(error),
    });
  }

  version(): Version {
    return this.current;
  }

  pointers(): ReadonlyMap<number, Uint8Array> {
    return this.#pointers;
  }

  snapshots(): readonly number[] {
    return this.live;
  }

  visibleSeqno(): number {
    return this.#seqno;
  }

  allocateTableNumber(): number {
    return this.#number++;
  }

  async install(changes: readonly EditChange[]): Promise<boolean> {
    await Promise.resolve();
    this.before();
    const { current } = this;
    if (!areLive(current, changes)) return false;
    this.current = current.apply(changes);
    this.edits.push(changes);
    for (const change of changes) if (change.kind === "compactPointer") this.#pointers.set(change.level, change.key);
    const live = new Set([...this.current.tables()].map(({ tableNumber }) => tableNumber));
    for (const { tableNumber } of current.tables()) if (!live.has(tableNumber)) this.tables.remove(tableNumber);
    return true;
  }

  async flush(keys: readonly string[]): Promise<TableMeta> {
    const entries = keys.map((key) => {
      const seqno = ++this.#seqno;
      return { key: bytesOf(key), seqno, value: seqno % 5 === 0 ? undefined : new Uint8Array(50).fill(seqno) };
    });
    this.history.push(...entries);
    const table = this.tables.create(this.#number++, { level: 0 });
    for (const entry of entries.toSorted(compareEntries)) table.builder.add(viewOf(entry));
    const meta = await table.finish();
    await this.tables.syncNames();
    this.current = this.current.apply([{ kind: "addTable", table: meta }]);
    return meta;
  }

  async settle(): Promise<void> {
    this.scheduler.wake();
    await this.scheduler.idle();
  }

  entries(): Entry[] {
    return [...this.current.tables()].flatMap((table) => {
      const cursor = this.tables.reader(table).cursor();
      const entries: Entry[] = [];
      for (cursor.first(); cursor.valid; cursor.next()) entries.push(entryOf(cursor));
      return entries;
    });
  }

  check(): void {
    for (const seqno of [...this.live, this.#seqno]) {
      expect(linesOf(this.entries(), seqno)).toEqual(linesOf(this.history, seqno));
    }
  }
}

const names = (count: number, from: number, step = 7): string[] =>
  Array.from({ length: count }, (_, at) => `k${100 + ((from + at * step) % 300)}`);

test("tables that are files are kept in shape, and there are no others than the live ones", async () => {
  using files = tableFiles({ maxOpenTables: 2 });
  const host = new Host(files);
  for (let flush = 0; flush < 60; flush++) {
    await host.flush(names(10, flush * 13));
    if (flush % 15 === 7) host.live.push(host.visibleSeqno());
    await host.settle();
    if (flush % 10 === 0) host.check();
  }
  host.check();
  const { tables } = files.list();
  const live = [...host.current.tables()].map(({ tableNumber }) => tableNumber);
  expect(tables.map(({ tableNumber }) => tableNumber)).toEqual(live.toSorted((a, b) => a - b));
  expect(host.failures).toEqual([]);
  const { merges, moves, bytesRead, bytesWritten, entriesDropped } = host.compactor.stats();
  expect(merges + moves).toBe(host.edits.length);
  expect(host.scheduler.stats().finished.compaction).toBe(host.edits.length);
  const written = host.edits.flat().flatMap((change) => (change.kind === "addTable" ? [change.table.bytes] : []));
  expect([bytesWritten > 0, bytesRead > bytesWritten, entriesDropped > 0, moves]).toEqual([true, true, true, 0]);
  expect(bytesWritten).toBe(written.reduce((sum, bytes) => sum + bytes, 0));

  host.live.length = 0;
  await host.compactor.compactRange(host.scheduler, undefined, undefined);
  expect(host.entries().length).toBe(linesOf(host.history, host.visibleSeqno()).length);
  host.check();
});

test("a range that is compacted ends with its signal, and what was done stays done", async () => {
  const host = new Host(new MemoryTables());
  for (let flush = 0; flush < 30; flush++) {
    await host.flush(names(10, flush * 13));
    await host.settle();
  }
  const stop = new AbortController();
  host.before = () => {
    if (host.edits.length > before) stop.abort("enough");
  };
  const before = host.edits.length;
  const outcome = host.compactor.compactRange(host.scheduler, undefined, undefined, stop.signal);
  await expect(outcome).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "enough" });
  expect(host.edits.length).toBe(before + 2);
  host.check();
});

test("a table that cannot be read is read once, the others are compacted, and a range tells of it", async () => {
  const host = new Host(new MemoryTables());
  const { tableNumber } = await host.flush(names(10, 0));
  const file = host.tables.files.get(tableNumber)!;
  const sound = file[100]!;
  file[100] = sound ^ 1;
  for (let flush = 1; flush < 12; flush++) {
    await host.flush(names(10, flush * 13));
    await host.settle();
  }
  expect(host.compactor.stats().unreadableTables).toEqual([tableNumber]);
  expect(host.compactor.failure).toMatchObject({ code: "LSM_CORRUPT", context: { tableNumber } });
  expect(host.tables.steps.filter((step) => step === `pin ${tableNumber}`).length).toBe(1);
  expect(host.current.tablesOf(0).length).toBeLessThan(8);
  const range = (): Promise<void> => host.compactor.compactRange(host.scheduler, undefined, undefined);
  await expect(range()).rejects.toMatchObject({ code: "LSM_CORRUPT", context: { tableNumber } });
  file[100] = sound;
  const meanwhile: unknown[] = [];
  host.inTurn = () => {
    if (host.tables.begun.size > 0) meanwhile.push(host.compactor.failure);
  };
  await range();
  expect(new Set(meanwhile)).toEqual(new Set([undefined]));
  expect(host.compactor.failure).toBeUndefined();
  host.check();
});

test("a failure that is no table's makes compactions rest, and nothing is lost", async () => {
  const host = new Host(new MemoryTables());
  for (let flush = 0; flush < 4; flush++) await host.flush(names(10, flush * 13));
  host.tables.before = (step) => {
    if (step.startsWith("create")) throw new Error("the disk is full");
  };
  await host.settle();
  await host.settle();
  expect(host.failures).toEqual([new Error("the disk is full"), new Error("the disk is full")]);
  expect(host.compactor.failure).toBeUndefined();
  await host.settle();
  expect(host.failures.length).toBe(2);
  host.tables.before = () => {};
  await host.settle();
  await host.settle();
  expect(host.current.tablesOf(0).length).toBe(0);
  host.check();
});

test("inputs that are gone when a job ends are not replaced: its outputs go too", async () => {
  const host = new Host(new MemoryTables());
  for (let flush = 0; flush < 4; flush++) await host.flush(names(10, flush * 13));
  host.inTurn = () => {
    if (host.tables.begun.size > 0) host.current = Version.empty(5);
  };
  await host.settle();
  expect([host.edits, host.failures]).toEqual([[], []]);
  expect([...host.tables.files.keys()]).toEqual([1, 2, 3, 4]);
});

test("a range whose tables are cleared while it is compacted goes on with those that come then", async () => {
  const host = new Host(new MemoryTables());
  for (let flush = 0; flush < 4; flush++) await host.flush(names(10, flush * 13));
  let isCleared = false;
  host.before = () => {
    if (isCleared) return;
    isCleared = true;
    const [newest] = host.current.tablesOf(0).toSorted((a, b) => b.tableNumber - a.tableNumber);
    host.current = Version.empty(5).apply([{ kind: "addTable", table: newest! }]); // written behind the clear
  };
  await host.compactor.compactRange(host.scheduler, undefined, undefined);
  expect(isCleared).toBe(true);
  expect([...host.current.tables()].map(({ level }) => level)).toEqual([4]);
  const newest = host.history.slice(-10);
  expect(linesOf(host.entries(), 40)).toEqual(linesOf(newest, 40));
});

test("an edit that is refused for no reason is a failure, not a circle", async () => {
  const host = new Host(new MemoryTables());
  for (let flush = 0; flush < 4; flush++) await host.flush(names(10, flush * 13));
  host.install = () => Promise.resolve(false);
  await host.settle();
  expect(host.failures).toEqual([new RangeError("an edit was refused although its tables are there")]);
  expect([...host.tables.files.keys()]).toEqual([1, 2, 3, 4]);
});

test("S17: when an edit is in doubt its outputs stay, and so do its inputs", async () => {
  const host = new Host(new MemoryTables());
  for (let flush = 0; flush < 4; flush++) await host.flush(names(10, flush * 13));
  host.before = () => {
    throw new Error("no barrier");
  };
  await host.settle();
  expect(host.failures).toEqual([new Error("no barrier")]);
  const files = [...host.tables.files.keys()];
  expect(files.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(files.length).toBeGreaterThan(4);
});
