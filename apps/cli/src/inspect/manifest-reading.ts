import { CodecError } from "@holdfast/segment-codec";
import { LsmError } from "@holdfast/lsm-tree";
import { decodeVersionEdit, ManifestFold, type ManifestState } from "@holdfast/lsm-tree/format";
import { CliError, messageOf } from "../cli-error.js";
import type { Folder } from "./file-format.js";
import { eachRecord } from "./log-walk.js";
import { WalDirectory } from "./wal-directory.js";

/** The manifest of a database, as far as it can be read: docs/formats/lsm-log.md. Takes no lock, and reads beside a writer. */

/** Content of the segments of a manifest. */
export const manifestContent = 5;
/** Its directory in that of the database. */
export const manifestDirectory = "manifest";

export interface ManifestReading {
  /** What its edits lead to; undefined without a complete snapshot. */
  readonly state: ManifestState | undefined;
  /** Why it may not be all that there was; undefined where all of it was read. */
  readonly fault: string | undefined;
}

/** A writer prunes segments behind a snapshot; whoever meets that looks again. */
const attempts = 4;

/** Undefined where the directory has no manifest with a sound header. */
export function readManifestOf(home: Folder): ManifestReading | undefined {
  for (let attempt = 1; ; attempt++) {
    const folder = home.directory?.(manifestDirectory);
    const log = folder === undefined ? undefined : WalDirectory.of(folder);
    if (log?.headers[0]?.content !== manifestContent) return undefined;
    try {
      const reading = foldOf(log);
      if (reading !== undefined) return reading;
      if (attempt === attempts) return { state: undefined, fault: "its end cannot be read" };
    } catch (error) {
      if (!(error instanceof CliError) && !(error instanceof CodecError)) throw error;
      if (attempt === attempts) return { state: undefined, fault: messageOf(error) };
    }
  }
}

/** Undefined where a segment could not be opened. */
function foldOf(log: WalDirectory): ManifestReading | undefined {
  const tail = log.tail();
  if (tail === undefined) return undefined;
  const fold = new ManifestFold({ isCut: log.firstLsn > 1 });
  try {
    const next = eachRecord(log, log.firstLsn, (_, record) => fold.add(decodeVersionEdit(record)));
    if (next <= tail.lastLsn) return { state: fold.state, fault: `it cannot be read from its record ${next} on` };
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    return { state: fold.state, fault: messageOf(error) };
  }
  return { state: fold.state, fault: tail.isDamaged ? "its end is damaged" : undefined };
}
