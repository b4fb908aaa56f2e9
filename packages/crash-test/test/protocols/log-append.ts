import type { Directory } from "@holdfast/fs-seam";
import { filler } from "./content.js";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords, type CarelessScan } from "./record.js";

type Mutant = "acknowledged-before-sync" | CarelessScan;

const history = ["first", "second", filler("third", 1100), "fourth"];

function openLog(directory: Directory, mutant: Mutant | undefined): string[] {
  const { records, end } = scanRecords(directory.readFile("log"), mutant);
  using handle = directory.open("log", { mode: "write" });
  if (handle.stat().size > end) {
    handle.truncate(end);
    handle.syncBlocking("data");
  }
  return records;
}

/** Records with length and checksum, in two groups of one barrier each; recovery cuts the torn tail. */
export const logAppend: Protocol = defineProtocol<string[], Mutant>(
  "log append",
  {
    "acknowledged-before-sync": "acknowledges a group before its barrier",
    "no-checksum": "recovery accepts a record whose checksum it did not compare",
    "zeros-accepted": "recovery takes zeros for an empty record",
    "damage-skipped": "recovery skips a damaged record and goes on behind it",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("log", new Uint8Array(0)),
    workload(directory, run) {
      using handle = directory.open("log", { mode: "append" });
      for (const count of [2, 4]) {
        for (const record of history.slice(count - 2, count)) handle.append(encodeRecord(record));
        if (mutant === "acknowledged-before-sync") run.ack(`${count} records`, count);
        handle.syncBlocking("data");
        run.ack(`${count} records`, count);
      }
    },
    recover: (directory) => openLog(directory, mutant),
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
