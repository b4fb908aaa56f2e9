import { isFsError, type Directory } from "@holdfast/fs-seam";
import { openWalReader, WalError } from "@holdfast/wal";
import { verifyLog, type LogFinding, type VerifyReport } from "@holdfast/wal/verify";
import type { TableStore } from "./engine-contract.js";
import { verifyVersion, type VersionVerification } from "./engine-verification.js";
import { ofLog } from "./log-failure.js";
import { LogRecordCursor } from "./log-record.js";
import { corrupt, LsmError } from "./lsm-error.js";
import { MANIFEST_DIRECTORY, readManifest } from "./manifest-log.js";
import type { Watermarks } from "./manifest-fold.js";
import type { Version } from "./version.js";
import type { WorkSlices } from "./work-slices.js";
import { MAX_RECORD_BYTES } from "./write-group.js";
import { LOG_DIRECTORY } from "./write-path.js";

/** What ends a verification early, and what hears of it. */
export interface VerifyOptions {
  /** Ends it with `LSM_ABORTED`. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come with the tables; what it throws ends the work. Behind the last byte all tables are held against one another. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
}

/** What a verification found. Plain data but for the errors, each of which names its file. */
export interface DatabaseVerification extends VersionVerification {
  /** Records of the log and of the manifest that are sound. */
  readonly logRecords: number;
  /** Those of the manifest. */
  readonly manifestRecords: number;
}

export interface VerifiedDatabase {
  readonly directory: Directory;
  /** Pinned for as long as this takes. */
  readonly version: Version;
  readonly tables: Pick<TableStore, "pin">;
  /** What the manifest has to say at least. */
  readonly state: Watermarks;
  readonly durableLsn: number;
}

/**
 * Reads everything that a database consists of, from its files: the log, the manifest, and all tables of a version. Goes on behind damage, and
 * changes nothing. What is written meanwhile may be looked at or not.
 *
 * @throws {@link LsmError} `LSM_ABORTED` by the slices.
 */
export async function verifyDatabase(
  { directory, version, tables, state, durableLsn }: VerifiedDatabase,
  slices: WorkSlices,
  onProgress: VerifyOptions["onProgress"],
): Promise<DatabaseVerification> {
  const problems: LsmError[] = [];
  const turn = (): Promise<void> => slices.pause();
  const verified = async (name: string, lsn: number): Promise<VerifyReport | undefined> => {
    const report = await attempt(problems, name, () =>
      verifyLog({ directory: directory.directory(name), durableLsn: lsn, turn }),
    );
    problems.push(...(report?.findings ?? []).map((finding) => problemOf(name, finding)));
    return report;
  };
  // A database that was created or copied a moment ago has no log.
  const hasLog = state.flushedLsn > 0 || durableLsn > 0 || hasSegments(directory);
  const log = hasLog ? await verified(LOG_DIRECTORY, durableLsn) : undefined;
  if (log?.findings.length === 0) await attempt(problems, LOG_DIRECTORY, () => checkRecords(directory, slices));
  // Behind the log, which is pruned only behind edits that say so.
  const manifest = await verified(MANIFEST_DIRECTORY, 0);
  if (manifest?.findings.length === 0) {
    await attempt(problems, MANIFEST_DIRECTORY, async () => checkManifest(directory, state, log));
  }
  const totalBytes = [...version.tables()].reduce((sum, { bytes }) => sum + bytes, 0);
  let bytes = 0;
  const ofTables = await verifyVersion(version, tables, {
    pause: () => slices.pause(),
    spend: (step) => {
      bytes = Math.min(bytes + step, totalBytes);
      onProgress?.({ bytes, totalBytes });
      return slices.spend(step);
    },
  });
  return {
    ...ofTables,
    ...{ logRecords: log?.records ?? 0, manifestRecords: manifest?.records ?? 0 },
    problems: [...problems, ...ofTables.problems],
  };
}

/** What is wrong with a part becomes a problem; undefined then. Everything else is thrown. */
async function attempt<Result>(
  problems: LsmError[],
  name: string,
  action: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await action();
  } catch (error) {
    const told = ofLog(error, name);
    if (told instanceof LsmError && told.code !== "LSM_ABORTED") problems.push(told);
    else if (told instanceof WalError && told.code === "WAL_NOT_FOUND") problems.push(missing(name, told));
    else if (isFsError(told, "FS_NOT_FOUND")) problems.push(missing(name, told));
    else if (isFsError(told)) problems.push(unreadable(name, told));
    else throw told;
    return undefined;
  }
}

function missing(name: string, cause: unknown): LsmError {
  return corrupt(`${name}: it is not there`, { file: name }, cause);
}

function unreadable(name: string, cause: unknown): LsmError {
  return new LsmError("LSM_READ_FAILED", `${name} cannot be read`, { file: name }, { cause });
}

function problemOf(name: string, { code, message, file, offset, lsn, segmentId }: LogFinding): LsmError {
  const told = ofLog(new WalError(code, message, { file, offset, lsn, segmentId }), name);
  return told instanceof LsmError ? told : corrupt(`${name}: ${message}`, { file: name }, told);
}

/** Edits that were appended since `state` was looked at move the marks on, never back. */
function checkManifest(directory: Directory, state: Watermarks, log: VerifyReport | undefined): void {
  const found = readManifest(directory.directory(MANIFEST_DIRECTORY));
  if (found === undefined) throw corrupt("the manifest has no complete snapshot", { file: MANIFEST_DIRECTORY });
  for (const field of ["nextFileNumber", "lastSeqno", "flushedLsn"] as const) {
    if (found[field] >= state[field]) continue;
    const context = { file: MANIFEST_DIRECTORY, field, expected: state[field], actual: found[field] };
    throw corrupt(`the manifest says another ${field} than was written to it`, context);
  }
  if (log === undefined || (log.firstLsn <= found.flushedLsn + 1 && log.lastLsn >= state.flushedLsn)) return;
  const { firstLsn, lastLsn } = log;
  const message = `the log has records ${firstLsn} to ${lastLsn}, and the tables have all up to ${found.flushedLsn}: some are missing`;
  throw corrupt(message, { file: LOG_DIRECTORY, expected: found.flushedLsn, actual: lastLsn });
}

async function checkRecords(directory: Directory, slices: WorkSlices): Promise<void> {
  using reader = openWalReader({ directory: directory.directory(LOG_DIRECTORY), maxRecordBytes: MAX_RECORD_BYTES });
  const cursor = new LogRecordCursor();
  let lastSeqno = 0;
  try {
    for (const { lsn, payload } of reader.read()) {
      try {
        cursor.load(payload);
      } catch (cause) {
        if (!(cause instanceof LsmError)) throw cause;
        const context = { ...cause.context, file: LOG_DIRECTORY };
        throw new LsmError(cause.code, `record ${lsn} of the log: ${cause.message}`, context, { cause });
      }
      if (cursor.baseSeqno <= lastSeqno) {
        const context = { file: LOG_DIRECTORY, field: "base seqno", expected: lastSeqno + 1, actual: cursor.baseSeqno };
        throw corrupt(`record ${lsn} of the log has seqnos of records before it`, context);
      }
      lastSeqno = cursor.recordKind === "clear" ? cursor.baseSeqno : cursor.lastSeqno;
      if (slices.spend(payload.length)) await slices.pause();
    }
  } catch (error) {
    // Pruned while it was read: all of it is in tables.
    if (!(error instanceof WalError && error.code === "WAL_PRUNED")) throw error;
  }
}

function hasSegments(directory: Directory): boolean {
  try {
    return directory.list(LOG_DIRECTORY).some(({ name }) => name !== "LOCK");
  } catch (error) {
    if (isFsError(error)) return true; // which verifying it will say
    throw error;
  }
}
