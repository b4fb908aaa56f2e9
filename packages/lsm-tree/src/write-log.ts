import { makeDirectoriesDurably, type Directory } from "@holdfast/fs-seam";
import { openWal, WalError, type Wal } from "@holdfast/wal";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { ofLog, recordsMissing } from "./log-failure.js";
import { corrupt, LsmError } from "./lsm-error.js";
import { MAX_RECORD_BYTES } from "./write-group.js";
import { LOG_CONTENT, LOG_DIRECTORY } from "./write-path.js";

/**
 * The log of writes, as an open for writing finds it. One that has lost what the tables have, or whose every segment has lost its header, keeps the database from
 * being opened, unless it is salvaged: it is set aside whole then, and a log takes its place that begins behind what is in tables, so that no LSN up to there
 * is given again. What a crash leaves (C20):
 *
 * 1. Before the rename is durable: the log as it was, under one of its two names. With the old one the next open does all of it again.
 * 2. Behind it: no log, or an empty directory. An open that does not salvage refuses that where tables have been flushed, and one that does begins a log.
 * 3. Behind the name of the first segment: the new log, which any open takes.
 */

/** A log that is open, and what it has lost; undefined while nothing but what a crash takes. */
export interface WriteLog {
  readonly log: Wal;
  readonly lost: LsmError | undefined;
}

/** @throws {@link LsmError} by its codes, and `FsError`. Nothing is open then. */
export async function openWriteLog(options: ResolvedEngineOptions, flushedLsn: number): Promise<WriteLog> {
  const isSalvage = options.mode === "salvage";
  try {
    return await openOnce(options, flushedLsn);
  } catch (error) {
    if (!isSalvage || !isLost(error)) throw error;
    const aside = await setAside(options.directory);
    const { log } = await openOnce(options, flushedLsn);
    const message = `${error.message}; what is left of it is kept in ${aside}/`;
    return { log, lost: new LsmError(error.code, message, error.context, { cause: error }) };
  }
}

async function openOnce(options: ResolvedEngineOptions, flushedLsn: number): Promise<WriteLog> {
  const { directory, mode, writeBufferBytes, now, turn, schedule } = options;
  const isSalvage = mode === "salvage";
  const segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.max(MIN_SEGMENT_BYTES, Math.floor(writeBufferBytes / 2)));
  let log: Wal;
  try {
    log = await openWal({
      ...{ directory: directory.directory(LOG_DIRECTORY), content: LOG_CONTENT, mode, now, turn, schedule },
      ...{ segmentBytes, maxRecordBytes: MAX_RECORD_BYTES, bufferBytes: LOG_BUFFER_BYTES },
      preallocateBytes: Math.min(MAX_PREALLOCATED_BYTES, segmentBytes),
      firstLsn: isSalvage ? flushedLsn + 1 : 1,
    });
  } catch (error) {
    throw ofLog(error, LOG_DIRECTORY);
  }
  const { lastLsn, firstLsn, report } = log;
  const hasGap = lastLsn < flushedLsn || firstLsn > flushedLsn + 1;
  if (hasGap && !(isSalvage && lastLsn >= flushedLsn)) {
    await log.close({ discard: true });
    throw recordsMissing(firstLsn, lastLsn, flushedLsn);
  }
  if (hasGap) return { log, lost: recordsMissing(firstLsn, lastLsn, flushedLsn) };
  if (isSalvage && report.created && flushedLsn > 0) return { log, lost: recordsMissing(1, 0, flushedLsn) };
  const { damage } = report;
  if (damage === undefined) return { log, lost: undefined };
  return { log, lost: corrupt(`${LOG_DIRECTORY}: ${damage}`, { file: LOG_DIRECTORY }) };
}

/** Whether no record that is in no table can be read any more. What is of another log or of a later format is not lost. */
function isLost(error: unknown): error is LsmError {
  if (!(error instanceof LsmError) || error.code !== "LSM_CORRUPT") return false;
  return !(error.cause instanceof WalError) || error.cause.code === "WAL_CORRUPT";
}

/** Gives the log's directory another name, durably, and makes an empty one in its place. Returns the name. */
async function setAside(directory: Directory): Promise<string> {
  let number = 1;
  while (directory.exists(asideName(number))) number += 1;
  directory.rename(LOG_DIRECTORY, asideName(number));
  await directory.syncNames();
  await makeDirectoriesDurably(directory, LOG_DIRECTORY);
  return asideName(number);
}

function asideName(number: number): string {
  return `${LOG_DIRECTORY}-aside-${number}`;
}

/** The log is pruned by whole segments, so each is half of what a memtable takes, within bounds. */
const MIN_SEGMENT_BYTES = 1024;
const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
const MAX_PREALLOCATED_BYTES = 4 * 1024 * 1024;
const LOG_BUFFER_BYTES = 0x4_0000;
