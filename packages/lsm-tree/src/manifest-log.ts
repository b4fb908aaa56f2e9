import type { Directory } from "@holdfast/fs-seam";
import { openWal, openWalReader, type RecoveryReport, type Wal, type WalOptions } from "@holdfast/wal";
import { beginSegment } from "@holdfast/wal/rewrite";
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
 *   The one that a close writes leaves the same (C17).
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
  readonly #segmentBytes: number;
  #state: ManifestState;
  /** Bytes of the last snapshot, and of the edits behind it. */
  #snapshotBytes = 0;
  #editBytes = 0;
  /** A snapshot has no end yet: nothing but another snapshot may follow. */
  #isSnapshotOpen = false;
  #failure: { readonly error: unknown } | undefined;
  /** The work that was asked for last: one edit at a time. Never rejects. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(log: Wal, state: ManifestState, manifestBytes: number, segmentBytes: number) {
    this.#log = log;
    this.#state = state;
    this.#manifestBytes = manifestBytes;
    this.#segmentBytes = segmentBytes;
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
      const { fold, snapshotLsn, snapshotBytes, editBytes } = foldLog(log);
      const state = fold.state ?? initial;
      if (state === undefined) throw new Error("a manifest without a snapshot is opened only to create it");
      const manifest = new ManifestLog(log, state, manifestBytes, segmentBytes);
      manifest.#snapshotBytes = snapshotBytes;
      manifest.#editBytes = editBytes;
      manifest.#isSnapshotOpen = fold.hasOpenSnapshot || fold.state === undefined;
      if (manifest.#isSnapshotOpen) await manifest.#writeSnapshot();
      else await manifest.#prune(snapshotLsn - 1); // what a crash has left of a snapshot that counts
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

  /**
   * Waits for what was asked for, and closes the log. Edits that fill more than a segment become a snapshot first, so that what the next open reads does not depend
   * on how many of them have come since the last one. Once it has failed, only its files are closed, and so are they with `discard`.
   */
  async close({ discard = false }: { readonly discard?: boolean } = {}): Promise<void> {
    await this.#tail;
    if (!discard && this.#failure === undefined && this.#editBytes > this.#segmentBytes) {
      try {
        beginSegment(this.#log); // so that all that is before it goes
        await this.#writeSnapshot();
      } catch {
        // Every edit is durable: the next open goes on from them.
      }
    }
    try {
      await this.#log.close({ discard });
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
    await this.#prune(before);
  }

  /** What could not be removed stays, and counts for nothing: the next snapshot, or the next open, tries again. */
  async #prune(lsn: number): Promise<void> {
    try {
      await this.#log.prune(lsn);
    } catch (error) {
      if (this.#log.failure !== undefined) throw this.#fail(error);
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

interface FoldedLog {
  readonly fold: ManifestFold;
  /** Where the last complete snapshot begins, 0 without one. */
  readonly snapshotLsn: number;
  /** Its bytes, and those of the edits behind it. */
  readonly snapshotBytes: number;
  readonly editBytes: number;
}

function foldLog(log: Pick<Wal, "read" | "firstLsn">): FoldedLog {
  const fold = new ManifestFold({ isCut: log.firstLsn > 1 });
  let last = { snapshotLsn: 0, snapshotBytes: 0 };
  let begun = last;
  let editBytes = 0;
  for (const { lsn, payload } of log.read()) {
    const changes = decodeVersionEdit(payload);
    fold.add(changes);
    if (changes[0]?.kind === "snapshotBegin") begun = { snapshotLsn: lsn, snapshotBytes: 0 };
    const isEnd = changes.at(-1)?.kind === "snapshotEnd";
    if (isEnd || fold.hasOpenSnapshot) begun.snapshotBytes += payload.length;
    else editBytes += payload.length;
    if (isEnd) [last, editBytes] = [begun, 0];
  }
  return { fold, ...last, editBytes };
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
