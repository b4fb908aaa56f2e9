import { isFsError, type Directory } from "@holdfast/fs-seam";
import { WalError } from "./wal-error.js";

/** The directory `wal` of the reference: which files are segments, and in which order. Nothing in a file is read. */

export interface DurabilitySegmentFile {
  /** Relative to the directory that holds `wal`. */
  readonly file: string;
  /** The number in its name. */
  readonly segmentId: number;
}

/** What a directory holds of a log of durability, by the names of its files alone. */
export type DurabilitySurvey =
  /** There is no directory `wal`: nothing was ever written, or the name of the directory is lost. */
  | { readonly kind: "absent" }
  /** It holds no segment: the same, or the reference has removed them all, and ids begin anew where they must not. */
  | { readonly kind: "empty"; readonly locked: boolean }
  /** By ascending number. */
  | {
      readonly kind: "segments";
      readonly segments: readonly DurabilitySegmentFile[];
      /** There is a `.lock`: a writer of the reference runs, or one was killed. */
      readonly locked: boolean;
    };

export const WAL_DIRECTORY = "wal";
const LOCK_NAME = ".lock";

/** Everything that the reference takes for a segment, a sign and leading zeros included. */
const segmentName = /^wal_(\+?\d+)\.log$/;
const LARGEST_U64 = 0xffff_ffff_ffff_ffffn;

export function durabilitySegmentName(segmentId: number): string {
  return `${WAL_DIRECTORY}/wal_${segmentId}.log`;
}

/**
 * Lists the segments of a log. Names that the reference ignores are ignored.
 *
 * @param directory - the one that holds `wal`.
 * @throws {@link WalError} `WAL_FOREIGN_SEGMENT` for a name that the reference takes for a segment and never gives: two such
 * files may have one number, and nobody knows which of them is meant; and for one that is no file. Move it away to go on. What
 * the file system says.
 */
export function surveyDurabilityLog(directory: Directory): DurabilitySurvey {
  let entries;
  try {
    entries = directory.list(WAL_DIRECTORY);
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return { kind: "absent" };
    throw error;
  }
  const segments: DurabilitySegmentFile[] = [];
  for (const { name, kind } of entries) {
    const digits = segmentName.exec(name)?.[1];
    if (digits === undefined || BigInt(digits.replace("+", "")) > LARGEST_U64) continue;
    const file = `${WAL_DIRECTORY}/${name}`;
    if (kind !== "file") throw new WalError("WAL_FOREIGN_SEGMENT", `${file} is a ${kind}, not a file`, { file });
    const segmentId = Number(digits);
    if (!Number.isSafeInteger(segmentId) || segmentId < 1 || String(segmentId) !== digits) {
      const message = `${file} is a name that no writer of the log gives, and that its readers take for segment ${digits}`;
      throw new WalError("WAL_FOREIGN_SEGMENT", message, { file });
    }
    segments.push({ file, segmentId });
  }
  const locked = entries.some(({ name }) => name === LOCK_NAME);
  if (segments.length === 0) return { kind: "empty", locked };
  segments.sort((one, other) => one.segmentId - other.segmentId);
  return { kind: "segments", segments, locked };
}
