import { corrupt, type LsmError } from "./lsm-error.js";
import type { DatabaseIdentity, EditChange } from "./version-edit.js";
import { Version } from "./version.js";

/** What the edits of a manifest lead to. Immutable. */
export interface ManifestState {
  /** What the database is. */
  readonly database: DatabaseIdentity;
  /** Its tables. */
  readonly version: Version;
  /** Number that the next table gets at least. */
  readonly nextFileNumber: number;
  /** Highest seqno in any table. */
  readonly lastSeqno: number;
  /** The log is in tables up to here. */
  readonly flushedLsn: number;
  /** Where the next compaction of a level begins. */
  readonly compactPointers: ReadonlyMap<number, Uint8Array>;
}

export type Watermarks = Pick<ManifestState, "nextFileNumber" | "lastSeqno" | "flushedLsn">;

/** A snapshot whose end has not come yet. */
interface OpenSnapshot {
  readonly recordCount: number;
  records: number;
  readonly changes: EditChange[];
}

/**
 * Goes through the records of a manifest and keeps what they lead to. The first record of a manifest begins a snapshot; one whose beginning was
 * pruned says nothing before its first complete snapshot.
 *
 * Every edit but a snapshot says watermarks, and no record of a snapshot does behind the first: that is what tells an edit that interrupts one.
 */
export class ManifestFold {
  #state: ManifestState | undefined;
  #open: OpenSnapshot | undefined;
  /** Whether records are missing in front, so that edits may come that nobody can apply. */
  readonly #isCut: boolean;

  constructor({ isCut }: { readonly isCut: boolean }) {
    this.#isCut = isCut;
  }

  /** Undefined before the first complete snapshot. */
  get state(): ManifestState | undefined {
    return this.#state;
  }

  /** Whether a snapshot was begun and has no end: another edit must not follow it. */
  get hasOpenSnapshot(): boolean {
    return this.#open !== undefined;
  }

  /** @throws {@link LsmError} `LSM_CORRUPT` for a record that no writer writes behind those before it. */
  add(changes: readonly EditChange[]): void {
    const [first] = changes;
    if (first?.kind === "snapshotBegin") {
      this.#open = { recordCount: first.recordCount, records: 0, changes: [] };
      this.#continue(this.#open, changes.slice(1));
    } else if (
      this.#open !== undefined &&
      !changes.some(({ kind }) => kind === "watermarks" || kind === "deleteTable")
    ) {
      this.#continue(this.#open, changes);
    } else {
      this.#open = undefined;
      if (this.#state !== undefined) this.#state = applyEdit(this.#state, changes);
      else if (!this.#isCut) throw corrupt("a manifest does not begin with a snapshot", { field: "snapshotBegin" });
    }
  }

  #continue(open: OpenSnapshot, changes: readonly EditChange[]): void {
    open.records += 1;
    open.changes.push(...changes);
    const hasEnd = changes.at(-1)?.kind === "snapshotEnd";
    if (hasEnd !== (open.records === open.recordCount)) throw unfit("has not as many records as it says");
    if (!hasEnd) return;
    this.#open = undefined;
    this.#state = stateOf(open.changes, this.#state);
  }
}

/**
 * The state behind an edit.
 *
 * @throws {@link LsmError} `LSM_CORRUPT` for an edit that does not fit it.
 */
export function applyEdit(state: ManifestState, changes: readonly EditChange[]): ManifestState {
  let watermarks: Watermarks = state;
  const pointers = new Map(state.compactPointers);
  for (const change of changes) {
    switch (change.kind) {
      case "watermarks":
        watermarks = change;
        break;
      case "compactPointer":
        pointers.set(change.level, change.key);
        break;
      case "snapshotBegin":
      case "snapshotEnd":
      case "database":
        throw corrupt(`an edit of the manifest has a ${change.kind} out of place`, { field: change.kind });
      case "addTable":
      case "deleteTable":
      case "note":
    }
  }
  for (const mark of ["nextFileNumber", "lastSeqno", "flushedLsn"] as const) {
    if (watermarks[mark] >= state[mark]) continue;
    const context = { field: mark, expected: state[mark], actual: watermarks[mark] };
    throw corrupt(`an edit of the manifest moves ${mark} back`, context);
  }
  return completed(state.database, state.version.apply(changes), watermarks, pointers);
}

/** The changes that say all of a state, to be cut into records. */
export function snapshotChanges(state: ManifestState): EditChange[] {
  const { database, nextFileNumber, lastSeqno, flushedLsn } = state;
  const changes: EditChange[] = [
    { kind: "database", database },
    { kind: "watermarks", nextFileNumber, lastSeqno, flushedLsn },
  ];
  for (const [level, key] of state.compactPointers) changes.push({ kind: "compactPointer", level, key });
  for (const table of state.version.tables()) changes.push({ kind: "addTable", table });
  return changes;
}

function stateOf(changes: readonly EditChange[], before: ManifestState | undefined): ManifestState {
  const [identity, watermarks, ...others] = changes;
  if (identity?.kind !== "database") throw unfit("does not begin with the database");
  if (watermarks?.kind !== "watermarks") throw unfit("has no watermarks behind the database");
  const { database } = identity;
  if (before !== undefined && Buffer.compare(before.database.databaseId, database.databaseId) !== 0) {
    throw unfit("is of another database than what is before it");
  }
  const pointers = new Map<number, Uint8Array>();
  const end = others.pop();
  for (const change of others) {
    if (change.kind === "compactPointer") pointers.set(change.level, change.key);
    else if (change.kind !== "addTable" && change.kind !== "note") throw unfit(`has a ${change.kind} out of place`);
  }
  const state = completed(database, Version.empty(database.levelCount).apply(others), watermarks, pointers);
  if (end?.kind !== "snapshotEnd" || end.tableCount !== state.version.tableCount) {
    throw unfit("has not as many tables as it says");
  }
  return state;
}

function completed(
  database: DatabaseIdentity,
  version: Version,
  { nextFileNumber, lastSeqno, flushedLsn }: Watermarks,
  compactPointers: ReadonlyMap<number, Uint8Array>,
): ManifestState {
  for (const { tableNumber, maxSeqno } of version.tables()) {
    if (tableNumber < nextFileNumber && maxSeqno <= lastSeqno) continue;
    throw corrupt("a manifest names a table that is above its watermarks", { tableNumber });
  }
  return Object.freeze({ database, version, nextFileNumber, lastSeqno, flushedLsn, compactPointers });
}

function unfit(problem: string): LsmError {
  return corrupt(`a snapshot of the manifest ${problem}`, { field: "snapshot" });
}
