import type { Directory } from "@holdfast/fs-seam";
import { bytesOf, filler, textOf } from "./content.js";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "removal-not-synced" | "marker-before-index" | "marker-trusted-after-use";

const history = ["first", filler("second", 600)];
const join = (records: readonly string[]): Uint8Array => bytesOf(records.join("|"));

function writeIndex(directory: Directory, records: readonly string[], sync: boolean): void {
  using handle = directory.open("index", { mode: "write", create: "if-missing" });
  handle.writeAt(join(records), 0);
  if (sync) handle.syncBlocking("data");
}

/** A log is the truth; an index is trusted instead when the marker of a clean end says that it is complete. */
export const cleanMarker: Protocol = defineProtocol<string[], Mutant>(
  "clean-end marker",
  {
    "removal-not-synced": "starts writing before the removal of the marker is durable",
    "marker-before-index": "sets the marker before the index is synced",
    "marker-trusted-after-use": "does not remove the marker before it writes",
  },
  (mutant) => ({
    setup(directory) {
      directory.writeFile("log", encodeRecord(history[0] ?? ""));
      directory.writeFile("index", join(history.slice(0, 1)));
      directory.writeFile("clean", new Uint8Array(0));
    },
    workload(directory, run) {
      if (mutant !== "marker-trusted-after-use") directory.remove("clean");
      if (mutant !== "removal-not-synced") directory.syncNamesBlocking();
      using log = directory.open("log", { mode: "append" });
      log.append(encodeRecord(history[1] ?? ""));
      log.syncBlocking("data");
      run.ack("second", 2);
      writeIndex(directory, history, mutant !== "marker-before-index");
      directory.open("clean", { mode: "append", create: "if-missing" }).close();
      directory.syncNamesBlocking();
    },
    recover(directory) {
      if (directory.exists("clean")) return textOf(directory.readFile("index")).split("|");
      return scanRecords(directory.readFile("log")).records;
    },
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
