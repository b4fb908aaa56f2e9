import type { Directory } from "@holdfast/fs-seam";
import { openWal, openWalReader, type RecoveryReport, type Wal, type WalOptions } from "@holdfast/wal";
import { isOutOfSpace, ofLog, ofWrite, poisonedBy } from "./log-failure.js";
import { corrupt, type LsmError } from "./lsm-error.js";
import { applyEdit, ManifestFold, snapshotChanges, type ManifestState, type Watermarks } from "./manifest-fold.js";
import { decodeVersionEdit, encodeVersionEdit, type EditChange } from "./version-edit.js";

/**
 * The edits of the set of tables, in a log of their own. What a crash leaves:
 *
 * - Of an edit before its barrier (C5): none of it, a torn end that the log cuts off, or all of it. Nobody was told of it, and every file it names is
 *   durable before it is appended, so each of these opens.
 * - Of an edit behind its barrier (C6): all of it.
 * - Of a snapshot before its barrier (C10): the edits before it, and any part of its records. One without its end counts for nothing, and the next
 *   open begins another before it appends anything else.
 * - Of a snapshot behind its barrier (C11): it, and any number of the segments before it, the newest ones: they are pruned behind the barrier.
 *
 * A barrier that fails leaves an edit in doubt (C19): nothing is appended behind it, and only the next open tells whether it counts.
 */

/** Content of the segments of a manifest. */
const MANIFEST_CONTENT = 5;
/** Its directory in that of the database. */
export const MANIFEST_DIRECTORY = "manifest";

/** Snapshots are cut into records of so many bytes, more or less. */
const SNAPSHOT_RECORD_BYTES = 0x10_0000;
/** One edit may name many tables with long keys. */
const MAX_EDIT_BYTES = 0x1000_0000;

export type ManifestLogOptions = Pick<WalOptions, "directory" | "mode" | "now" | "turn" | "schedule"> & {
  /** Bytes of edits behind a snapshot after which the next one is written, unless the snapshot itself is a fourth of that. */
  readonly manifestBytes: number;
};

/** A manifest that is open for writing. Edits count in the order of the calls. */
export class ManifestLog {
  readonly #log: Wal;
  readonly #manifestBytes: number;
  #state: ManifestState;
  /** Bytes of the last snapshot, and of the edits behind it. */
  #snapshotBytes = 0;
  #editBytes = 0;
  /** A snapshot has no end yet: nothing but another snapshot may follow. */
  #isSnapshotOpen = false;
  #failure: { readonly error: unknown } | undefined;
  /** The work that was asked for last: one edit at a time. Never rejects. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(log: Wal, state: ManifestState, manifestBytes: number) {
    this.#log = log;
    this.#state = state;
    this.#manifestBytes = manifestBytes;
  }

  /**
   * Opens a manifest that has a complete snapshot, or creates one with `initial`.
   *
   * @throws {@link LsmError} by its codes, and `FsError`.
   */
  static async open(options: ManifestLogOptions, initial: ManifestState | undefined): Promise<ManifestLog> {
    const { manifestBytes, ...ofWal } = options;
    const segmentBytes = Math.max(256, Math.floor(manifestBytes / 4));
    let log: Wal;
    try {
      log = await openWal({
        ...ofWal,
        content: MANIFEST_CONTENT,
        maxRecordBytes: MAX_EDIT_BYTES,
        segmentBytes,
        preallocateBytes: Math.min(0x1_0000, segmentBytes),
        prepareSegments: false,
      });
    } catch (error) {
      throw ofLog(error, MANIFEST_DIRECTORY);
    }
    try {
      const { fold, editBytes } = foldLog(log);
      const state = fold.state ?? initial;
      if (state === undefined) throw new Error("a manifest without a snapshot is opened only to create it");
      const manifest = new ManifestLog(log, state, manifestBytes);
      manifest.#editBytes = editBytes;
      manifest.#isSnapshotOpen = fold.hasOpenSnapshot || fold.state === undefined;
      if (manifest.#isSnapshotOpen) await manifest.#writeSnapshot();
      return manifest;
    } catch (error) {
      await log.close({ discard: true }).catch(() => {});
      throw error;
    }
  }

  get state(): ManifestState {
    return this.#state;
  }

  get report(): RecoveryReport {
    return this.#log.report;
  }

  /** Number of the first record that is kept. */
  get firstLsn(): number {
    return this.#log.firstLsn;
  }

  /** Resolves when everything that was asked for is done, pruning too. */
  idle(): Promise<void> {
    return this.#tail;
  }

  /** What has ended it: an edit is in doubt. Undefined while all is well. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /**
   * Appends an edit, behind those that were asked for before; it is durable when the promise resolves. Every file that it adds has to be durable by
   * then, its name too, and the log up to `flushedLsn`.
   *
   * @param changes - asked when its turn comes; undefined for no edit.
   * @param watermarks - asked at the same time; what earlier edits have said is not moved back.
   * @returns the state behind the edit; undefined without one.
   * @throws {@link LsmError} `LSM_NO_SPACE`: nothing has changed, try again. `LSM_POISONED`: the edit is in doubt, here and now. `LSM_CORRUPT`
   * where it does not fit; nothing is written then.
   */
  append(
    changes: (state: ManifestState) => readonly EditChange[] | undefined,
    watermarks: () => Watermarks,
  ): Promise<ManifestState | undefined> {
    const appended = this.#tail.then(() => this.#append(changes, watermarks));
    this.#tail = appended.then(
      () => this.#rotate(),
      () => {},
    );
    return appended;
  }

  /** Waits for what was asked for, and closes the log. Once it has failed, only its files are closed. */
  async close(): Promise<void> {
    await this.#tail;
    try {
      await this.#log.close();
    } catch (error) {
      throw ofWrite(ofLog(error, MANIFEST_DIRECTORY), MANIFEST_DIRECTORY);
    }
  }

  async #append(
    changesOf: (state: ManifestState) => readonly EditChange[] | undefined,
    watermarksOf: () => Watermarks,
  ): Promise<ManifestState | undefined> {
    if (this.#failure !== undefined) throw poisonedBy(this.#failure.error);
    if (this.#isSnapshotOpen) await this.#writeSnapshot();
    const changes = changesOf(this.#state);
    if (changes === undefined) return undefined;
    const watermarks = watermarksOf();
    const { nextFileNumber, lastSeqno, flushedLsn } = this.#state;
    const edit: EditChange[] = [
      {
        kind: "watermarks",
        nextFileNumber: Math.max(nextFileNumber, watermarks.nextFileNumber),
        lastSeqno: Math.max(lastSeqno, watermarks.lastSeqno),
        flushedLsn: Math.max(flushedLsn, watermarks.flushedLsn),
      },
      ...changes,
    ];
    const next = applyEdit(this.#state, edit); // before anything is written
    this.#editBytes += this.#write(edit);
    await this.#barrier();
    this.#state = next;
    return next;
  }

  /** Where enough edits have come, writes a snapshot and prunes what is before it. On a full disk the next edit tries again. */
  async #rotate(): Promise<void> {
    if (this.#editBytes <= Math.max(this.#manifestBytes, 4 * this.#snapshotBytes)) return;
    try {
      await this.#writeSnapshot();
    } catch (error) {
      if (!isOutOfSpace(error)) this.#fail(error); // the next edit says so
    }
  }

  async #writeSnapshot(): Promise<void> {
    const records = snapshotRecords(this.#state);
    const before = this.#log.lastLsn;
    let bytes = 0;
    for (const record of records) {
      bytes += this.#write(record);
      this.#isSnapshotOpen = true;
    }
    await this.#barrier();
    this.#isSnapshotOpen = false;
    this.#snapshotBytes = bytes;
    this.#editBytes = 0;
    try {
      await this.#log.prune(before);
    } catch (error) {
      if (!isOutOfSpace(ofLog(error, MANIFEST_DIRECTORY))) throw this.#fail(error);
    }
  }

  /** Hands a record to the system, or takes it back. Returns its bytes. */
  #write(changes: readonly EditChange[]): number {
    const record = encodeVersionEdit(changes);
    try {
      this.#log.appendWritten([record]);
    } catch (error) {
      const told = ofLog(error, MANIFEST_DIRECTORY);
      if (isOutOfSpace(told)) throw told;
      throw this.#fail(error);
    }
    return record.length;
  }

  async #barrier(): Promise<void> {
    try {
      await this.#log.sync("data");
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): unknown {
    this.#failure ??= { error };
    return poisonedBy(error);
  }
}

/**
 * What is in a manifest, without a lock and without a change. Undefined when there is no log, or no complete snapshot in it.
 *
 * @param salvage - hears of damage of its end: the state is that before it then, one that the database had. Without it damage is thrown.
 */
export function readManifest(directory: Directory, salvage?: (problem: LsmError) => void): ManifestState | undefined {
  const mode = salvage === undefined ? "recover" : "salvage";
  try {
    using reader = openWalReader({ directory, maxRecordBytes: MAX_EDIT_BYTES, mode });
    const { damage } = reader.report;
    if (damage !== undefined) salvage?.(corrupt(`${MANIFEST_DIRECTORY}: ${damage}`, { file: MANIFEST_DIRECTORY }));
    return foldLog(reader).fold.state;
  } catch (error) {
    const told = ofLog(error, MANIFEST_DIRECTORY);
    if ((told as { code?: unknown }).code === "WAL_NOT_FOUND") return undefined;
    throw told;
  }
}

function foldLog(log: Pick<Wal, "read" | "firstLsn">): { readonly fold: ManifestFold; readonly editBytes: number } {
  const fold = new ManifestFold({ isCut: log.firstLsn > 1 });
  let editBytes = 0;
  for (const { payload } of log.read()) {
    const before = fold.state;
    fold.add(decodeVersionEdit(payload));
    editBytes = fold.state === before || fold.hasOpenSnapshot ? editBytes : editBytes + payload.length;
  }
  return { fold, editBytes };
}

function snapshotRecords(state: ManifestState): EditChange[][] {
  const records: EditChange[][] = [];
  let record: EditChange[] = [];
  let bytes = 0;
  for (const change of snapshotChanges(state)) {
    record.push(change);
    bytes += change.kind === "addTable" ? 128 + change.table.smallest.length + change.table.largest.length : 64;
    if (bytes < SNAPSHOT_RECORD_BYTES) continue;
    records.push(record);
    record = [];
    bytes = 0;
  }
  records.push([...record, { kind: "snapshotEnd", tableCount: state.version.tableCount }]);
  records[0]?.unshift({ kind: "snapshotBegin", recordCount: records.length });
  return records;
}
