import { LsmLevel, openEngine, type OpenReport } from "@holdfast/lsm-tree";
import type { Directory } from "@holdfast/fs-seam";

/** Small, so that a kill meets flushes and compactions as well as writes. */
const settings = { writeBufferBytes: 64 * 1024, tableBytes: 64 * 1024 };

export function openDatabase(directory: Directory): LsmLevel {
  return new LsmLevel({ directory, ...settings });
}

/** Opens the database for its report, and closes it. */
export async function recoverDatabase(directory: Directory): Promise<OpenReport> {
  await using engine = await openEngine({ directory, ...settings, createIfMissing: false });
  return engine.openReport;
}
