import { createHash } from "node:crypto";
import type { Directory } from "@holdfast/fs-seam";
import { segmentFiles, type BackupReport } from "./backup.js";
import { checkDirectory, checkOptions, checkWatching, refused } from "./option-checks.js";
import { UNFINISHED_BACKUP } from "./unfinished-backup.js";
import { refuseAborted } from "./verification.js";

/** What ends a verification early, and what hears of it. */
export interface VerifyBackupOptions {
  /** Ends it with `STORE_ABORTED`. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come; what it throws ends the work. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
}

/** Something about the files of a backup that is not as its report says. */
export interface BackupFinding {
  /** `unfinished`: nothing else was looked at. `missing` and `extra`: files. `changed`: another length or content. */
  readonly kind: "unfinished" | "missing" | "extra" | "changed";
  /** Name in the directory of the backup. */
  readonly file: string;
}

/** What became of holding files against a report. */
export type BackupVerdict =
  | { readonly kind: "intact"; readonly bytes: number }
  | { readonly kind: "damaged"; readonly findings: readonly BackupFinding[] };

const READ_BYTES = 256 * 1024;

/**
 * Holds the files of a backup, wherever they have been since, against its report: byte for byte, by SHA-256. Changes nothing, and has to come
 * before the store is opened for writing, which adds a segment. Whether the events verify says `verify` of the store, and whether they are
 * those of the report its hash.
 *
 * @throws `StoreError` `STORE_INVALID_OPTION`, `STORE_ABORTED`; what the file system says of a file that cannot be read.
 */
export async function verifyBackup(
  directory: Directory,
  report: BackupReport,
  options: VerifyBackupOptions = {},
): Promise<BackupVerdict> {
  checkOptions(options, ["signal", "onProgress"], "a verification of a backup");
  const { signal, onProgress } = options;
  checkWatching({ signal, onProgress });
  checkDirectory("directory", directory);
  if (!Array.isArray(report?.files)) throw refused("report", "must be the report of a backup");
  const { files, bytes: totalBytes } = report;
  const there = new Set(segmentFiles(directory));
  const known = new Set(files.map(({ name }) => name));
  const findings: BackupFinding[] = [...there]
    .filter((file) => !known.has(file))
    .map((file) => ({ kind: "extra", file }));
  if (directory.exists(UNFINISHED_BACKUP)) findings.push({ kind: "unfinished", file: UNFINISHED_BACKUP });
  let done = 0;
  const onBytes = (count: number): void => {
    refuseAborted(signal);
    onProgress?.({ bytes: (done += count), totalBytes });
  };
  for (const { name: file, bytes, sha256 } of files) {
    if (!there.has(file)) findings.push({ kind: "missing", file });
    else if (!(await isSame(directory, file, { bytes, sha256 }, onBytes))) findings.push({ kind: "changed", file });
  }
  return findings.length === 0 ? { kind: "intact", bytes: totalBytes } : { kind: "damaged", findings };
}

async function isSame(
  directory: Directory,
  file: string,
  expected: { readonly bytes: number; readonly sha256: string },
  onBytes: (count: number) => void,
): Promise<boolean> {
  const handle = directory.open(file, { mode: "read" });
  try {
    if (handle.stat().size !== expected.bytes) return false;
    const digest = createHash("sha256");
    const buffer = new Uint8Array(READ_BYTES);
    for (let offset = 0; offset < expected.bytes;) {
      const count = await handle.readAtAsync(buffer, offset);
      if (count === 0) return false;
      digest.update(buffer.subarray(0, count));
      offset += count;
      onBytes(count);
    }
    return digest.digest("hex") === expected.sha256;
  } finally {
    handle.close();
  }
}
