import { isFsError } from "@holdfast/fs-seam";
import { WalError } from "@holdfast/wal";
import type { WalErrorCode } from "@holdfast/wal";
import { LsmError } from "./lsm-error.js";
import type { LsmErrorCode } from "./lsm-error.js";

/** The codes by which users of `abstract-level` tell failures apart; those of the base class besides. What failed exactly is the `cause`. */
export const levelErrorCodes = [
  "LEVEL_CORRUPTION",
  "LEVEL_IO_ERROR",
  "LEVEL_LOCKED",
  "LEVEL_NOT_SUPPORTED",
  "LEVEL_READONLY",
  "LEVEL_NOT_FOUND",
  "LEVEL_EXISTS",
  "LEVEL_DATABASE_NOT_OPEN",
  "LEVEL_SNAPSHOT_NOT_OPEN",
  "LEVEL_ABORTED",
] as const;

/** A code of `abstract-level`; the README says for each what to do. */
export type LevelErrorCode = (typeof levelErrorCodes)[number];

/** What {@link LsmLevel} throws where the engine below it failed: the code of `abstract-level`, and what the engine said as `cause`. */
export class LevelError extends Error {
  /** `LevelError`, as errors of `abstract-level` have a name. */
  override readonly name: string;
  /** What happened; stable. */
  readonly code: LevelErrorCode;

  constructor(code: LevelErrorCode, message: string = sentences[code], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = code === "LEVEL_ABORTED" ? "AbortError" : "LevelError"; // what abort signals are expected to end in, by name
  }
}

const sentences: Readonly<Record<LevelErrorCode, string>> = {
  LEVEL_CORRUPTION: "Data on disk is damaged",
  LEVEL_IO_ERROR: "Reading or writing files failed",
  LEVEL_LOCKED: "The database is open elsewhere",
  LEVEL_NOT_SUPPORTED: "Not supported by this database or by this version of it",
  LEVEL_READONLY: "The database is open for reading only",
  LEVEL_NOT_FOUND: "The database does not exist",
  LEVEL_EXISTS: "The database exists",
  LEVEL_DATABASE_NOT_OPEN: "Database is not open",
  LEVEL_SNAPSHOT_NOT_OPEN: "Snapshot is not open",
  LEVEL_ABORTED: "Operation has been aborted",
};

const byCode: Readonly<Partial<Record<LsmErrorCode | WalErrorCode, LevelErrorCode>>> = {
  LSM_NOT_A_TABLE: "LEVEL_CORRUPTION",
  LSM_WRONG_TABLE: "LEVEL_CORRUPTION",
  LSM_CORRUPT: "LEVEL_CORRUPTION",
  LSM_OUT_OF_ORDER: "LEVEL_CORRUPTION",
  LSM_MISSING_TABLE: "LEVEL_CORRUPTION",
  LSM_LOCKED: "LEVEL_LOCKED",
  LSM_WRITE_FAILED: "LEVEL_IO_ERROR",
  LSM_READ_ONLY: "LEVEL_READONLY",
  LSM_NOT_FOUND: "LEVEL_NOT_FOUND",
  LSM_EXISTS: "LEVEL_EXISTS",
  LSM_UNFINISHED_BACKUP: "LEVEL_CORRUPTION",
  LSM_CLOSED: "LEVEL_DATABASE_NOT_OPEN",
  LSM_SNAPSHOT_RELEASED: "LEVEL_SNAPSHOT_NOT_OPEN",
  LSM_ABORTED: "LEVEL_ABORTED",
  LSM_UNSUPPORTED: "LEVEL_NOT_SUPPORTED",
  LSM_UNSUPPORTED_CODEC: "LEVEL_NOT_SUPPORTED",
  WAL_CORRUPT: "LEVEL_CORRUPTION",
  WAL_TORN: "LEVEL_CORRUPTION",
  WAL_FOREIGN_SEGMENT: "LEVEL_CORRUPTION",
  WAL_UNSUPPORTED: "LEVEL_NOT_SUPPORTED",
  WAL_NOT_FOUND: "LEVEL_NOT_FOUND",
  WAL_CLOSED: "LEVEL_DATABASE_NOT_OPEN",
  WAL_ABORTED: "LEVEL_ABORTED",
};

/**
 * The error to throw in place of one of the engine, its log or its files, which becomes the `cause`. Anything else is returned as it is: wrong
 * arguments stay `TypeError` and `RangeError`.
 */
export function levelErrorOf(error: unknown): unknown {
  const code = levelCodeOf(error);
  return code === undefined ? error : new LevelError(code, undefined, { cause: error });
}

function levelCodeOf(error: unknown): LevelErrorCode | undefined {
  if (error instanceof LsmError || error instanceof WalError) return byCode[error.code] ?? "LEVEL_IO_ERROR";
  if (isFsError(error, "FS_LOCKED")) return "LEVEL_LOCKED";
  if (isFsError(error, "FS_READ_ONLY")) return "LEVEL_READONLY";
  return isFsError(error) ? "LEVEL_IO_ERROR" : undefined;
}
