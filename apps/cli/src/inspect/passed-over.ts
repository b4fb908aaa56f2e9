import { asidePattern, parseCheckpointFileName, parseSegmentFileName } from "@holdfast/wal/files";
import { durabilityDigits } from "./durability-name.js";
import type { Folder } from "./file-format.js";
import { isDamage, type Line, type PassedOver } from "./line.js";

/**
 * Files that belong to a log and are no part of it: what a recovery has cut off and kept, locks, and temporary files. Nothing in them
 * counts, so nothing in them is damage.
 */

const lockBeginning = Buffer.from('{"format":"holdfast-lock/', "latin1");

/** What a log's owner has left beside it for a while, or undefined. */
export function auxiliaryReason(name: string, head: Uint8Array, folder: Folder): string | undefined {
  const isLock = lockBeginning.equals(head.subarray(0, lockBeginning.length));
  if (isLock) return "the lock of a writer, at work or ended by force";
  if (name.startsWith(".~")) return "a temporary file, which whoever opens the log for writing removes";
  if (name === ".lock" && folder.siblings.some(({ name: other }) => durabilityDigits(other) !== undefined)) {
    return "the lock of a writer of durability, at work or ended by force";
  }
  return undefined;
}

/** Bytes that were cut off a file, without a beginning of their own. */
export function isCutPiece(name: string): boolean {
  return asidePattern.test(name);
}

/** A whole file that was set aside, because something was cut off it. */
export function isSetAside(name: string, folder: Folder): boolean {
  if (/^wal_\d+\.log\.cut-at-\d+(-\d+)?$/.test(name)) return true;
  if (folder.name !== "aside") return false;
  return parseSegmentFileName(name) !== undefined || parseCheckpointFileName(name) !== undefined;
}

/** The lines of a file that was set aside: what is damaged there was cut off for that. */
export function* asideLines(lines: Iterable<Line>): Generator<Line, void, undefined> {
  for (const line of lines) {
    if (!isDamage(line)) yield line;
    else yield asideLine(line.offset, line.length, `${line.fields.code}: ${line.fields.reason}`);
  }
}

/** A line about bytes that count for nothing any more. */
export function asideLine(offset: number, length: number, reason: string): PassedOver {
  return { kind: "aside", offset, length, fields: { reason } };
}
