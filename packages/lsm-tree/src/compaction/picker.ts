import { checkKeys, checkWhole } from "../option-check.js";
import { compareUserKeys } from "../internal-key.js";
import type { TableMeta } from "../version-edit.js";
import type { Version } from "../version.js";
import { averageEntryBytes, baseLevel, LEVEL0_TRIGGER, LEVEL_RATIO, levelTargets, weightOf } from "./level-targets.js";
import { bytesOf, doOverlap, rangeOf, withOverlaps, type CompactionPlan } from "./plan.js";

export interface PickerState {
  readonly version: Version;
  /** By level: the greatest key of the table that was compacted last. */
  readonly pointers: ReadonlyMap<number, Uint8Array>;
  /** Plans that are carried out at the moment: nobody else takes their inputs, or writes between their outputs. */
  readonly running: readonly CompactionPlan[];
  /** Numbers of tables that cannot be read. */
  readonly unreadable: ReadonlySet<number>;
}

export interface PickerOptions {
  /** Bytes at which an output is full. */
  readonly targetTableBytes: number;
}

/** So many tables of level 0 delay writes: it comes before everything else then. */
export const LEVEL0_SLOWDOWN = 8;

/** A job takes more of its level as long as this costs nothing below and everything together is no larger than so many tables. */
const MOST_TARGETS = 25;

/** So many tables of a level are compared at most, from its pointer on: choosing must not take long in a large database. */
const MOST_CANDIDATES = 256;

/**
 * The compaction that is needed most; undefined when none is. Pure: the same version gives the same plan.
 *
 * Level 0 counts by its tables, other levels by their size against what {@link levelTargets} says. Of a level the table goes down that meets the
 * fewest bytes below for its own, where deletes weigh more than their bytes; among equals the next behind the level's pointer.
 *
 * @throws `TypeError` or `RangeError` that names the option.
 */
export function pickCompaction(state: PickerState, options: PickerOptions): CompactionPlan | undefined {
  checkKeys(options, ["targetTableBytes"], "pickCompaction");
  checkWhole(options.targetTableBytes, "targetTableBytes", 1, Number.MAX_SAFE_INTEGER);
  const { targetTableBytes } = options;
  const levels: Levels = { ...state, busy: busyTables(state) };
  for (const level of levelsByNeed(state.version)) {
    const plan = level === 0 ? ofLevel0(levels, targetTableBytes) : ofLevel(levels, level, targetTableBytes);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

interface Levels extends PickerState {
  /** Numbers of tables that are not to be touched. */
  readonly busy: ReadonlySet<number>;
}

function busyTables({ running, unreadable }: PickerState): Set<number> {
  return new Set([...unreadable, ...running.flatMap(({ inputs }) => inputs.map(({ tableNumber }) => tableNumber))]);
}

/** Whether all tables may be taken, and nobody writes where they go. */
function isIdle({ running, busy }: Levels, tables: readonly TableMeta[], outputLevel: number): boolean {
  if (tables.some(({ tableNumber }) => busy.has(tableNumber))) return false;
  const { smallest, largest } = rangeOf(tables);
  return running.every((plan) => {
    if (plan.outputLevel !== outputLevel) return true;
    const other = rangeOf(plan.inputs);
    return compareUserKeys(other.largest, smallest) < 0 || compareUserKeys(largest, other.smallest) < 0;
  });
}

/** Levels that have too much, the one that needs it most first. */
function levelsByNeed(version: Version): number[] {
  const average = averageEntryBytes(version);
  const targets = levelTargets(version);
  const needs: { readonly level: number; readonly need: number }[] = [];
  const { length } = version.tablesOf(0);
  if (length >= LEVEL0_TRIGGER) {
    needs.push({ level: 0, need: length >= LEVEL0_SLOWDOWN ? Infinity : length / LEVEL0_TRIGGER });
  }
  for (let level = 1; level < version.levels.length - 1; level++) {
    const weight = version.tablesOf(level).reduce((sum, table) => sum + weightOf(table, average), 0);
    const need = weight / targets[level]!; // one for each level; with an empty last level everything is too much
    if (weight > 0 && need > 1) needs.push({ level, need });
  }
  return needs.toSorted((a, b) => b.need - a.need || a.level - b.level).map(({ level }) => level);
}

function ofLevel0(state: Levels, targetTableBytes: number): CompactionPlan | undefined {
  const { version } = state;
  const tables = version.tablesOf(0);
  const outputLevel = baseLevel(version, bytesOf(tables));
  const inputs = withOverlaps(version, tables, outputLevel);
  // One that is left behind would be older than what goes past it, so it is all of them or none.
  if (!isIdle(state, inputs, outputLevel)) return insideLevel0(state, targetTableBytes);
  return planOf(state, { reason: "level 0", inputs, outputLevel, targetTableBytes });
}

/**
 * Where level 0 cannot go down, its newest tables become one, so that gets ask fewer. Each that is taken is at most as large as the newer ones together
 * and the first twice, so that an entry is rewritten only when what it lies in doubles.
 */
function insideLevel0({ version, busy }: Levels, targetTableBytes: number): CompactionPlan | undefined {
  const inputs: TableMeta[] = [];
  let bytes = 0;
  for (const table of version.tablesOf(0)) {
    if (busy.has(table.tableNumber)) break;
    if (inputs.length > 0 && table.bytes > Math.max(bytes, 2 * inputs[0]!.bytes)) break; // it has one
    if (bytes + table.bytes > MOST_TARGETS * targetTableBytes) break;
    inputs.push(table);
    bytes += table.bytes;
  }
  if (inputs.length < LEVEL0_TRIGGER) return undefined;
  return { kind: "merge", reason: "level 0 blocked", inputs, outputLevel: 0 };
}

function ofLevel(state: Levels, level: number, targetTableBytes: number): CompactionPlan | undefined {
  const { version, pointers } = state;
  const tables = version.tablesOf(level);
  const pointer = pointers.get(level);
  const behind = pointer === undefined ? 0 : tables.findIndex(({ smallest }) => compareUserKeys(smallest, pointer) > 0);
  const average = averageEntryBytes(version);
  let inputs: TableMeta[] | undefined;
  let best = Infinity;
  for (let at = 0; at < Math.min(tables.length, MOST_CANDIDATES); at++) {
    const table = tables[(Math.max(behind, 0) + at) % tables.length]!; // inside
    const all = withOverlaps(version, [table], level + 1);
    if (!isIdle(state, all, level + 1)) continue;
    const ratio = (bytesOf(all) - table.bytes) / weightOf(table, average);
    if (ratio >= best) continue;
    best = ratio;
    inputs = all;
  }
  const chosen = inputs?.[0];
  if (inputs === undefined || chosen === undefined) return undefined;
  const plan = planOf(state, {
    reason: "size",
    inputs: withMore(state, inputs, targetTableBytes),
    outputLevel: level + 1,
    targetTableBytes,
  });
  return { ...plan, pointer: { level, key: chosen.largest } };
}

/** More tables of the first level, where they meet nothing below that does not go along anyway. */
function withMore(state: Levels, inputs: TableMeta[], targetTableBytes: number): TableMeta[] {
  const { version } = state;
  const level = inputs[0]?.level ?? 0;
  const { smallest, largest } = rangeOf(inputs);
  const more = withOverlaps(version, version.overlapping(level, smallest, largest), level + 1);
  const below = (tables: readonly TableMeta[]): number => tables.filter((table) => table.level > level).length;
  const isFree = below(more) === below(inputs) && bytesOf(more) <= MOST_TARGETS * targetTableBytes;
  return isFree && isIdle(state, more, level + 1) ? more : inputs;
}

interface Draft {
  readonly reason: "level 0" | "size" | "range";
  readonly inputs: readonly TableMeta[];
  readonly outputLevel: number;
  readonly targetTableBytes: number;
}

/** The plan for a range, which nothing else is done beside. */
export function planOfRange(version: Version, draft: Omit<Draft, "reason">): CompactionPlan {
  const alone = { version, pointers: new Map(), running: [], unreadable: new Set<number>(), busy: new Set<number>() };
  return planOf(alone, { ...draft, reason: "range" });
}

/**
 * The plan for tables that go to a deeper level: small tables beside them in that level go along, and where there is nothing to be merged the
 * tables are moved.
 */
function planOf(state: Levels, draft: Draft): CompactionPlan {
  const { reason, outputLevel, targetTableBytes } = draft;
  const inputs = withSmallNeighbours(state, draft);
  const isMove = inputs.length === draft.inputs.length && canMove(state.version, inputs, outputLevel, targetTableBytes);
  return { kind: isMove ? "move" : "merge", reason, inputs, outputLevel };
}

/**
 * Small flushes of ascending keys would leave a table for each of them: nothing overlaps, so nothing is ever merged. Hence a table of the output's level
 * that lies beside the inputs goes along, if it is no larger than all of them and one table has room for everything. An entry is rewritten for this
 * only when the table that it lies in doubles.
 */
function withSmallNeighbours(state: Levels, { inputs, outputLevel, targetTableBytes }: Draft): readonly TableMeta[] {
  const all = [...inputs];
  for (;;) {
    const { smallest, largest } = rangeOf(all);
    const bytes = bytesOf(all);
    const small = state.version
      .beside(outputLevel, smallest, largest)
      .filter((table) => table.bytes <= bytes && isIdle(state, [...all, table], outputLevel));
    const next = small.toSorted((a, b) => a.bytes - b.bytes)[0];
    if (next === undefined || bytes + next.bytes > targetTableBytes) return all;
    all.push(next);
  }
}

/** Whether an edit alone does it. */
function canMove(
  version: Version,
  inputs: readonly TableMeta[],
  outputLevel: number,
  targetTableBytes: number,
): boolean {
  if (inputs.some(({ level }) => level === outputLevel) || doOverlap(inputs)) return false;
  // Several small ones become one; a small one alone has nobody to be merged with.
  if (inputs.length > 1 && inputs.some(({ bytes }) => bytes < targetTableBytes / 4)) return false;
  return inputs.every((table) => {
    const { smallest, largest } = table;
    const below = bytesOf(version.overlapping(outputLevel + 1, smallest, largest));
    if (below > LEVEL_RATIO * targetTableBytes) return false; // it would have to be merged with all of that in one go later
    return table.deleteCount === 0 || isAnythingBelow(version, table, outputLevel);
  });
}

/** Deletes that are moved to where nothing is older would stay there for good. */
function isAnythingBelow(version: Version, { smallest, largest }: TableMeta, level: number): boolean {
  for (let below = level + 1; below < version.levels.length; below++) {
    if (version.overlapping(below, smallest, largest).length > 0) return true;
  }
  return false;
}
