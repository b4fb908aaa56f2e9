import { DropRules } from "../drop-rules.js";
import type { TableStore } from "../engine-contract.js";
import type { EntryView } from "../entry-cursor.js";
import { compareUserKeys } from "../internal-key.js";
import { LevelCursor } from "../level-cursor.js";
import { corrupt } from "../lsm-error.js";
import { MergeIterator } from "../merge-iterator.js";
import type { EditChange, TableMeta } from "../version-edit.js";
import type { Version } from "../version.js";
import type { WorkSlices } from "../work-slices.js";
import { OlderTables } from "./older-tables.js";
import { OutputTables } from "./output-tables.js";
import { bytesOf, rangeOf, type CompactionPlan } from "./plan.js";

/**
 * A compaction: inputs are read, what nobody needs is left out, the rest is written again, and one edit replaces the ones by the others.
 *
 * What a crash leaves, and what failing or being stopped leaves:
 *
 * 1. Before the edit is appended: the inputs are live, the outputs are orphans, in any state. The next open removes them; a job that fails removes them itself.
 * 2. After it: the outputs are live, the inputs are garbage. Bytes and names of the outputs were durable before the edit, which is for the job to see to; that
 *    inputs are removed only when the edit is durable and nobody reads them is for whoever appends it.
 *
 * In between, with an edit in doubt, both stay until the next clean open. The job is over by then and touches nothing.
 */
export interface CompactionContext {
  /** The version that the plan is of. Tables that are flushed while the job runs are newer than all of it. */
  readonly version: Version;
  readonly tables: TableStore;
  /** Seqnos of all snapshots there are now, ascending. */
  readonly snapshots: ArrayLike<number>;
  /** What readers see now. No input may have a later seqno: snapshots that are made while the job runs would be overlooked. */
  readonly visibleSeqno: number;
  readonly allocateTableNumber: () => number;
  /** Bytes at which an output is full. */
  readonly targetTableBytes: number;
  readonly slices: WorkSlices;
}

export interface CompactionResult {
  readonly added: readonly TableMeta[];
  /** What the edit has to say: it removes all inputs and adds all outputs. */
  readonly changes: readonly EditChange[];
  /** Bytes of the files that were read and written; both 0 for a move. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly entriesRead: number;
  readonly entriesDropped: number;
}

/**
 * Carries out a plan up to its edit: when it resolves, bytes and names of all outputs are durable, and the edit may be appended.
 *
 * @throws {@link LsmError} `LSM_ABORTED` when it is stopped, and what reading an input or writing an output throws. Nothing counts then: what was written
 * is removed, the inputs are as they were.
 */
export async function runCompaction(plan: CompactionPlan, context: CompactionContext): Promise<CompactionResult> {
  if (plan.kind === "move") {
    const moved = plan.inputs.map((table) => ({ ...table, level: plan.outputLevel }));
    const nothing = { bytesRead: 0, bytesWritten: 0, entriesRead: 0, entriesDropped: 0 };
    return { added: moved, changes: changesOf(plan, moved), ...nothing };
  }
  const unseen = plan.inputs.find(({ maxSeqno }) => maxSeqno > context.visibleSeqno);
  if (unseen !== undefined) {
    throw new RangeError(`table ${unseen.tableNumber} has writes that nobody may see yet: ${unseen.maxSeqno}`);
  }
  const merge = new CompactionMerge(plan, context);
  try {
    await merge.run();
  } catch (error) {
    merge.outputs.abandon();
    throw error;
  } finally {
    merge.close();
  }
  const added = merge.outputs.finished;
  const { entriesRead, entriesDropped } = merge;
  const bytes = { bytesRead: bytesOf(plan.inputs), bytesWritten: bytesOf(added) };
  return { added, changes: changesOf(plan, added), ...bytes, entriesRead, entriesDropped };
}

function changesOf({ inputs, pointer, reason }: CompactionPlan, added: readonly TableMeta[]): EditChange[] {
  return [
    ...inputs.map(({ level, tableNumber }) => ({ kind: "deleteTable", level, tableNumber }) as const),
    ...added.map((table) => ({ kind: "addTable", table }) as const),
    ...(pointer === undefined ? [] : [{ kind: "compactPointer", ...pointer } as const]),
    { kind: "note", text: `compaction: ${reason}` },
  ];
}

class CompactionMerge {
  readonly outputs: OutputTables;
  entriesRead = 0;
  entriesDropped = 0;
  readonly #context: CompactionContext;
  readonly #entryCount: number;
  readonly #runs: LevelCursor[];
  readonly #merged: MergeIterator;
  readonly #rules: DropRules;
  readonly #zeroed = new ZeroedEntry();

  constructor({ inputs, outputLevel }: CompactionPlan, context: CompactionContext) {
    const { version, tables, allocateTableNumber, targetTableBytes, snapshots } = context;
    this.#context = context;
    this.#entryCount = inputs.reduce((sum, { entryCount }) => sum + entryCount, 0);
    this.#runs = runsOf(inputs).map((run) => new LevelCursor(tables, run, false));
    this.#merged = new MergeIterator(this.#runs, "forward");
    const older = new OlderTables(version, inputs);
    this.#rules = new DropRules({
      snapshots,
      mayHaveOlder: (entry) => older.mayHold(entry),
      zeroSeqnos: isBottom(version, inputs, outputLevel),
    });
    const { smallest, largest } = rangeOf(inputs);
    this.outputs = new OutputTables({
      ...{ tables, level: outputLevel, allocateTableNumber },
      // Tables of level 0 part the seqnos, not the keys: what replaces several of them is one.
      targetTableBytes: outputLevel === 0 ? Infinity : targetTableBytes,
      grandparents: outputLevel === 0 ? [] : version.overlapping(outputLevel + 1, smallest, largest),
    });
  }

  async run(): Promise<void> {
    const { slices, tables } = this.#context;
    slices.check();
    this.#merged.start();
    for (let stop = this.#step(); stop !== "end"; stop = this.#step()) {
      await slices.pause();
      if (stop === "full") await this.#finishTable();
    }
    // What was not read would be lost with the inputs.
    if (this.entriesRead !== this.#entryCount) {
      const context = { expected: this.#entryCount, actual: this.entriesRead };
      throw corrupt(`tables have ${this.entriesRead} entries, not ${this.#entryCount} as the manifest has it`, context);
    }
    await slices.pause();
    await this.#finishTable();
    await slices.wait(tables.syncNames());
    slices.check();
  }

  close(): void {
    for (const run of this.#runs) run.close();
  }

  /** Completing a table builds its filter and index: that takes a slice of its own. */
  async #finishTable(): Promise<void> {
    const { slices } = this.#context;
    await slices.wait(this.outputs.finish());
    await slices.pause();
  }

  /** Merges until there is a reason to stop. */
  #step(): "pause" | "full" | "end" {
    const merged = this.#merged;
    const { slices } = this.#context;
    for (let entry = merged.current; entry !== undefined; entry = merged.current) {
      if (this.outputs.isFullBefore(entry)) return "full";
      const bytes = entry.keyEnd - entry.keyStart + entry.valueEnd - entry.valueStart;
      const verdict = this.#rules.judge(entry);
      this.entriesRead += 1;
      if (verdict === "keep") this.outputs.add(entry);
      else if (verdict === "keepAtZero") this.outputs.add(this.#zeroed.of(entry));
      else this.entriesDropped += 1;
      merged.next();
      if (slices.spend(bytes)) return "pause";
    }
    return "end";
  }
}

/** Each table of level 0 alone, those of other levels in one run for each. */
function runsOf(inputs: readonly TableMeta[]): TableMeta[][] {
  const level0 = inputs.filter(({ level }) => level === 0).map((table) => [table]);
  const levels = [...new Set(inputs.map(({ level }) => level))].filter((level) => level > 0);
  const sorted = levels.map((level) =>
    inputs
      .filter((table) => table.level === level)
      .toSorted((one, other) => compareUserKeys(one.smallest, other.smallest)),
  );
  return [...level0, ...sorted];
}

/** Whether nothing lies below the outputs. */
function isBottom(version: Version, inputs: readonly TableMeta[], outputLevel: number): boolean {
  if (outputLevel === 0) return false; // seqnos part the tables of level 0
  const { smallest, largest } = rangeOf(inputs);
  return version.levels.every(
    (_, level) => level <= outputLevel || version.overlapping(level, smallest, largest).length === 0,
  );
}

/** An entry with seqno 0; one object for all of them. */
class ZeroedEntry implements EntryView {
  keyBytes: Uint8Array = new Uint8Array();
  keyStart = 0;
  keyEnd = 0;
  readonly seqno = 0;
  kind = 0;
  valueBytes: Uint8Array = this.keyBytes;
  valueStart = 0;
  valueEnd = 0;

  of(entry: EntryView): this {
    this.keyBytes = entry.keyBytes;
    this.keyStart = entry.keyStart;
    this.keyEnd = entry.keyEnd;
    this.kind = entry.kind;
    this.valueBytes = entry.valueBytes;
    this.valueStart = entry.valueStart;
    this.valueEnd = entry.valueEnd;
    return this;
  }
}
