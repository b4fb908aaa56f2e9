import { filler, sectorBytes } from "./content.js";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords, type CarelessScan } from "./record.js";

type Mutant = Exclude<CarelessScan, "damage-skipped"> | "name-not-synced" | "synced-before-write";

const history = ["first", filler("second", 800)];

/** Space is reserved before the records come, so that a barrier has no length to write; zeros end the log. */
export const preallocatedLog: Protocol = defineProtocol<string[], Mutant>(
  "preallocated log",
  {
    "no-checksum": "recovery accepts a record whose checksum it did not compare",
    "zeros-accepted": "recovery takes reserved space for empty records",
    "name-not-synced": "never syncs the name of the new log",
    "synced-before-write": "syncs before it writes the record instead of after",
  },
  (mutant) => ({
    workload(directory, run) {
      using handle = directory.open("log", { mode: "write", create: "exclusive" });
      handle.allocate(0, 3 * sectorBytes);
      handle.syncBlocking("full");
      if (mutant !== "name-not-synced") directory.syncNamesBlocking();
      let at = 0;
      for (const [index, text] of history.entries()) {
        const record = encodeRecord(text);
        if (mutant === "synced-before-write") handle.syncBlocking("data");
        handle.writeAt(record, at);
        if (mutant !== "synced-before-write") handle.syncBlocking("data");
        run.ack(`record ${index}`, index + 1);
        at += record.length;
      }
    },
    recover: (directory) => (directory.exists("log") ? scanRecords(directory.readFile("log"), mutant).records : []),
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
