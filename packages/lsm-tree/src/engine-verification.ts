import type { TablePin, TableStore } from "./engine-contract.js";
import { compareBytes, compareUserKeys } from "./internal-key.js";
import { LevelCursor } from "./level-cursor.js";
import { corrupt, LsmError } from "./lsm-error.js";
import { MergeIterator } from "./merge-iterator.js";
import type { EntryCursor } from "./entry-cursor.js";
import { hex } from "./sstable/table-file.js";
import type { TableReader } from "./sstable/table-reader.js";
import { verifyTableInSteps } from "./sstable/table-verification.js";
import { formatTableFileName } from "./table-file-name.js";
import type { TableMeta } from "./version-edit.js";
import { firstEndingAtOrAfter, type Version } from "./version.js";
import type { WorkSlices } from "./work-slices.js";

/** What a verification found. Plain data but for the errors, each of which names its file and keys. */
export interface VersionVerification {
  /** Tables that were gone through, the unsound ones among them. */
  readonly tableCount: number;
  /** Bytes of their files, entries and deletes, as the manifest has them. */
  readonly bytes: number;
  /** Their entries, deletes included. */
  readonly entryCount: number;
  /** Their deletes. */
  readonly deleteCount: number;
  /** What is wrong: of a table the first thing. Empty for a sound version. */
  readonly problems: readonly LsmError[];
}

/**
 * Goes through all tables of a version: every byte of each against what its index, its properties and the manifest say; and when all are sound, all of
 * them together, since what a place has of a key must be newer than what deeper places have of it.
 *
 * Reads files, never the cache. Time: about that of compacting everything. Memory: some blocks of each level.
 *
 * @param version - pinned by the caller for as long as this takes.
 * @param slices - of the work; what its `pause` throws ends the verification.
 */
export async function verifyVersion(
  version: Version,
  tables: Pick<TableStore, "pin">,
  slices: Pick<WorkSlices, "spend" | "pause">,
): Promise<VersionVerification> {
  const totals = { tableCount: 0, bytes: 0, entryCount: 0, deleteCount: 0 };
  const problems: LsmError[] = [];
  for (const table of version.tables()) {
    totals.tableCount += 1;
    totals.bytes += table.bytes;
    totals.entryCount += table.entryCount;
    totals.deleteCount += table.deleteCount;
    const problem = await firstProblem(tableSteps(table, tables), slices);
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length === 0) {
    const problem = await firstProblem(ageSteps(version, tables), slices);
    if (problem !== undefined) problems.push(problem);
  }
  return { ...totals, problems };
}

/** Takes the steps. Only what they throw is a problem of the tables: a pause that is refused is none. */
async function firstProblem(
  steps: Generator<number, void, undefined>,
  slices: Pick<WorkSlices, "spend" | "pause">,
): Promise<LsmError | undefined> {
  try {
    for (;;) {
      let step: IteratorResult<number, void>;
      try {
        step = steps.next();
      } catch (error) {
        if (error instanceof LsmError) return error;
        throw error;
      }
      if (step.done === true) return undefined;
      if (slices.spend(step.value)) await slices.pause();
    }
  } finally {
    steps.return();
  }
}

function* tableSteps(table: TableMeta, tables: Pick<TableStore, "pin">): Generator<number, void, undefined> {
  const pin = tables.pin(table);
  try {
    checkMeta(table, pin);
    yield* verifyTableInSteps(pin.reader);
  } finally {
    pin.release();
  }
}

/** Size and chain were compared when the table was opened. */
function checkMeta(table: TableMeta, { reader }: TablePin): void {
  const { properties } = reader;
  const fields = ["entryCount", "deleteCount", "minSeqno", "maxSeqno"] as const;
  const field =
    fields.find((each) => properties[each] !== table[each]) ??
    (["smallest", "largest"] as const).find((each) => compareUserKeys(properties[each], table[each]) !== 0);
  if (field === undefined) return;
  throw reader.file.corrupt(`has another ${field} than the manifest says`, 0, {
    field,
    expected: valueOf(table[field]),
    actual: valueOf(properties[field]),
    ...rangeOf(reader),
  });
}

function valueOf(value: number | Uint8Array): number | string {
  return typeof value === "number" ? value : hex(value);
}

function rangeOf({ properties }: TableReader): { keysFrom: string; keysUpTo: string } {
  return { keysFrom: hex(properties.smallest), keysUpTo: hex(properties.largest) };
}

/** Versions of a key come newest first; the places they come from must never lead back towards the top. */
function* ageSteps(version: Version, tables: Pick<TableStore, "pin">): Generator<number, void, undefined> {
  const runs = version.levels.flatMap((level, at) => (at === 0 ? level.map((table) => [table]) : [level]));
  const cursors = runs.map((run) => new LevelCursor(tables, run, false));
  const depths = new Map<EntryCursor, number>(cursors.map((cursor, depth) => [cursor, depth]));
  const merge = new MergeIterator(cursors, "forward");
  let key = new Uint8Array();
  let depth = 0;
  let isFirst = true;
  try {
    for (merge.start(); merge.current !== undefined; merge.next()) {
      const { keyBytes, keyStart, keyEnd, valueStart, valueEnd } = merge.current;
      const isSame = !isFirst && compareBytes(key, 0, key.length, keyBytes, keyStart, keyEnd) === 0;
      const here = depths.get(merge.current) ?? 0; // all of them are in the map
      if (isSame && here < depth) throw misplaced(runs[here] ?? [], keyBytes.slice(keyStart, keyEnd));
      if (!isSame) key = keyBytes.slice(keyStart, keyEnd);
      isFirst = false;
      depth = here;
      yield keyEnd - keyStart + valueEnd - valueStart;
    }
  } finally {
    for (const cursor of cursors) cursor.close();
  }
}

function misplaced(run: readonly TableMeta[], key: Uint8Array): LsmError {
  const tableNumber = run[firstEndingAtOrAfter(run, key)]?.tableNumber ?? 0; // an entry of it has just been read
  const keys = { keysFrom: hex(key), keysUpTo: hex(key) };
  const context = { file: formatTableFileName(tableNumber), tableNumber, field: "level", ...keys };
  return corrupt("a level has an older version of a key than a deeper one", context);
}
