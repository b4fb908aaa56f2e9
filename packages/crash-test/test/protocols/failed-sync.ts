import type { Directory, FileHandle } from "@holdfast/fs-seam";
import type { MediaHandle } from "@holdfast/fs-seam/crash";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "sync-retried" | "written-on" | "failure-ignored";

const history = ["first", "second"];

/** The next barrier of this handle fails once, and what it should have written is lost for good. */
function failNextSync(handle: FileHandle): void {
  (handle as MediaHandle).armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
}

function syncs(handle: FileHandle): boolean {
  try {
    handle.syncBlocking("data");
    return true;
  } catch {
    return false;
  }
}

/** Everything again, in a new file. */
function writeAnew(directory: Directory): void {
  using handle = directory.open("log-2", { mode: "append", create: "exclusive" });
  for (const record of history) handle.append(encodeRecord(record));
  handle.syncBlocking("data");
  directory.syncNamesBlocking();
}

/** A barrier fails. The pages count as clean from then on, so only writing again, elsewhere, makes the records durable. */
export const failedSync: Protocol = defineProtocol<string[], Mutant>(
  "failed barrier",
  {
    "sync-retried": "opens the file again, syncs again and believes it",
    "written-on": "writes the next record behind the lost one, and that barrier succeeds",
    "failure-ignored": "acknowledges although the barrier failed",
  },
  (mutant) => ({
    workload(directory, run) {
      using handle = directory.open("log", { mode: "append", create: "exclusive" });
      directory.syncNamesBlocking();
      handle.append(encodeRecord(history[0] ?? ""));
      if (mutant !== "written-on") handle.append(encodeRecord(history[1] ?? ""));
      failNextSync(handle);
      if (!syncs(handle)) {
        using again = directory.open("log", { mode: "append" });
        if (mutant === "written-on") again.append(encodeRecord(history[1] ?? ""));
        if (mutant === "written-on" || mutant === "sync-retried") again.syncBlocking("data");
        else if (mutant !== "failure-ignored") writeAnew(directory);
      }
      run.ack("both records", 2);
    },
    recover(directory) {
      const logs = ["log-2", "log"].filter((name) => directory.exists(name));
      const scans = logs.map((name) => scanRecords(directory.readFile(name)).records);
      return scans.toSorted((a, b) => b.length - a.length)[0] ?? [];
    },
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
