import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "read-back-not-synced" | "names-synced-instead";

const history = ["before the crash", "written, not synced", "after the restart"];

/**
 * The process dies with a record in the cache. The next one reads it back, and whatever it reads it must sync before it
 * tells anybody: a power loss may still take it.
 */
export const processCrashRecovery: Protocol = defineProtocol<string[], Mutant>(
  "recovery after a process crash",
  {
    "read-back-not-synced": "acknowledges what it read back from the cache",
    "names-synced-instead": "syncs the names, but not the bytes it read back",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("log", new Uint8Array(0)),
    workload(directory, run) {
      const dead = directory.open("log", { mode: "append" });
      dead.append(encodeRecord(history[0] ?? ""));
      dead.syncBlocking("data");
      run.ack("first", 1);
      dead.append(encodeRecord(history[1] ?? ""));
      run.fs.processCrash();

      using handle = directory.open("log", { mode: "append" });
      const { records } = scanRecords(directory.readFile("log"));
      if (mutant === "names-synced-instead") directory.syncNamesBlocking();
      else if (mutant !== "read-back-not-synced") handle.syncBlocking("data");
      run.ack("recovered", records.length);
      handle.append(encodeRecord(history[2] ?? ""));
      handle.syncBlocking("data");
      run.ack("third", records.length + 1);
    },
    recover: (directory) => scanRecords(directory.readFile("log")).records,
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
