import { filler } from "./content.js";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "previous-not-synced" | "next-name-not-synced" | "names-synced-before-create" | "wrong-handle-synced";

const history = ["one", filler("two", 600), "three"];

/** A full segment is synced before the next one exists; promise barriers. */
export const segmentRotation: Protocol = defineProtocol<string[], Mutant>(
  "segment rotation",
  {
    "previous-not-synced": "goes on in the next segment without syncing the previous one",
    "next-name-not-synced": "acknowledges a record in a segment whose name is not durable",
    "names-synced-before-create": "syncs the names before it creates the segment instead of after",
    "wrong-handle-synced": "syncs the previous segment again instead of the present one",
  },
  (mutant) => ({
    async workload(directory, run) {
      const first = directory.open("segment-1", { mode: "append", create: "exclusive" });
      await directory.syncNames();
      first.append(encodeRecord(history[0] ?? ""));
      first.append(encodeRecord(history[1] ?? ""));
      if (mutant !== "previous-not-synced") await first.sync("data");
      if (mutant === "names-synced-before-create") await directory.syncNames();
      const second = directory.open("segment-2", { mode: "append", create: "exclusive" });
      if (mutant !== "next-name-not-synced" && mutant !== "names-synced-before-create") await directory.syncNames();
      second.append(encodeRecord(history[2] ?? ""));
      await (mutant === "wrong-handle-synced" ? first : second).sync("data");
      run.ack("three records", 3);
      first.close();
      second.close();
    },
    recover(directory) {
      const segments = directory.list().filter(({ name }) => name.startsWith("segment-"));
      return segments.flatMap(({ name }) => scanRecords(directory.readFile(name)).records);
    },
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
