// An engine without log, memtable and manifest: writes become tables of level 0 at once. What is left is what compactions do.
import { runCompaction, type CompactionResult } from "../../src/compaction/job.js";
import { pickCompaction } from "../../src/compaction/picker.js";
import type { CompactionPlan } from "../../src/compaction/plan.js";
import type { EditChange } from "../../src/format-entry.js";
import { Version } from "../../src/format-entry.js";
import { WorkSlices } from "../../src/work-slices.js";
import { compareEntries, hexOf, type Entry } from "./entries.js";
import { MemoryTables } from "./memory-tables.js";

export interface LevelModelOptions {
  readonly targetTableBytes?: number;
  readonly levelCount?: number;
}

export class LevelModel {
  readonly tables: MemoryTables = new MemoryTables();
  readonly targetTableBytes: number;
  version: Version;
  readonly pointers: Map<number, Uint8Array> = new Map();
  readonly snapshots: number[] = [];
  seqno = 0;
  nextNumber = 1;
  userBytes = 0;

  constructor({ targetTableBytes = 600, levelCount = 7 }: LevelModelOptions = {}) {
    this.targetTableBytes = targetTableBytes;
    this.version = Version.empty(levelCount);
  }

  /** Writes a table of level 0; the values are those of deletes where they are undefined. */
  async flush(writes: readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[]): Promise<void> {
    if (writes.length === 0) return;
    const entries = writes.map(({ key, value }) => ({ key, value, seqno: ++this.seqno }));
    for (const { key, value } of entries) this.userBytes += key.length + (value?.length ?? 0);
    const table = await this.tables.write(this.nextNumber++, 0, entries.toSorted(compareEntries));
    this.install([{ kind: "addTable", table }]);
  }

  pick(running: readonly CompactionPlan[] = []): CompactionPlan | undefined {
    const { version, pointers, targetTableBytes } = this;
    return pickCompaction({ version, pointers, running, unreadable: new Set() }, { targetTableBytes });
  }

  run(plan: CompactionPlan, slices: WorkSlices = endlessSlices()): Promise<CompactionResult> {
    const { version, tables, snapshots, targetTableBytes } = this;
    const allocateTableNumber = (): number => this.nextNumber++;
    const visible = { snapshots: [...snapshots], visibleSeqno: this.seqno };
    return runCompaction(plan, { version, tables, ...visible, allocateTableNumber, targetTableBytes, slices });
  }

  install(changes: readonly EditChange[]): void {
    const before = this.version;
    this.version = this.version.apply(changes);
    for (const change of changes) if (change.kind === "compactPointer") this.pointers.set(change.level, change.key);
    const live = new Set([...this.version.tables()].map(({ tableNumber }) => tableNumber));
    for (const { tableNumber } of before.tables()) if (!live.has(tableNumber)) this.tables.remove(tableNumber);
  }

  /** Compacts until nothing is due; returns the plans. */
  async settle(each: (plan: CompactionPlan) => void = () => {}): Promise<CompactionPlan[]> {
    const plans: CompactionPlan[] = [];
    for (let plan = this.pick(); plan !== undefined; plan = this.pick()) {
      if (plans.length > 1000) throw new Error("compactions without an end");
      this.install((await this.run(plan)).changes);
      each(plan);
      plans.push(plan);
    }
    return plans;
  }

  /** Every entry of every table, level by level, those of level 0 newest first. */
  entries(): Entry[] {
    return [...this.version.tables()].flatMap((table) => this.tables.entries(table));
  }

  /** What a snapshot finds in the tables, by looking at every entry; without one, what is there now. */
  seenAt(seqno: number = this.seqno): string[] {
    return linesOf(this.entries(), seqno);
  }
}

/** `key=value` in hex by ascending key, of the newest version of each key up to `seqno`. */
export function linesOf(entries: Iterable<Entry>, seqno: number): string[] {
  const newest = new Map<string, Entry>();
  for (const entry of entries) {
    const name = hexOf(entry.key);
    if (entry.seqno <= seqno && entry.seqno >= (newest.get(name)?.seqno ?? 0)) newest.set(name, entry);
  }
  return [...newest]
    .flatMap(([name, { value }]) => (value === undefined ? [] : [`${name}=${hexOf(value)}`]))
    .toSorted();
}

/** Slices that end when so many bytes are done, since the clock stands still. */
export function endlessSlices(turn: () => Promise<void> = () => Promise.resolve()): WorkSlices {
  return new WorkSlices({ now: () => 0, turn, signals: [] });
}
