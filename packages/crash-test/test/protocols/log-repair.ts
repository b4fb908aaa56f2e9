import type { Directory } from "@holdfast/fs-seam";
import { filler, sectorBytes } from "./content.js";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "repair-not-synced" | "tail-not-cut";

/** Every record fills a sector. */
const bodyOf = (label: string): string => filler(label, sectorBytes - 8);
const history = [bodyOf("kept"), bodyOf("appended after repair")];
const orphan = bodyOf("orphan");

function openLog(directory: Directory, mutant: Mutant | undefined): string[] {
  const { records, end } = scanRecords(directory.readFile("log"));
  using handle = directory.open("log", { mode: "write" });
  if (handle.stat().size > end && mutant !== "tail-not-cut") {
    handle.truncate(end);
    if (mutant !== "repair-not-synced") handle.syncBlocking("data");
  }
  return records;
}

/**
 * A crash left a log whose second record is lost and whose third is whole. Opening cuts it behind the first and appends:
 * the orphan behind the tear must never come back behind the new record.
 */
export const logRepair: Protocol = defineProtocol<string[], Mutant>(
  "log repair",
  {
    "repair-not-synced": "cuts the torn tail and appends before the cut is durable",
    "tail-not-cut": "appends over the torn tail without cutting it",
  },
  (mutant) => ({
    setup(directory) {
      using handle = directory.open("log", { mode: "write", create: "exclusive" });
      handle.writeAt(encodeRecord(history[0] ?? ""), 0);
      handle.writeAt(encodeRecord(orphan), 2 * sectorBytes);
    },
    workload(directory, run) {
      const records = openLog(directory, mutant);
      using handle = directory.open("log", { mode: "write" });
      handle.writeAt(encodeRecord(history[1] ?? ""), records.length * sectorBytes);
      handle.syncBlocking("data");
      run.ack("appended", 2);
    },
    recover: (directory) => openLog(directory, mutant),
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
