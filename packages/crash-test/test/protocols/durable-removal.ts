import { bytesOf } from "./content.js";
import { defineProtocol, demand, type Protocol } from "./protocol.js";

type Mutant = "name-not-synced" | "names-synced-before-remove" | "wrong-directory-synced";

/** A revoked key must not come back. */
export const durableRemoval: Protocol = defineProtocol<boolean, Mutant>(
  "durable removal",
  {
    "name-not-synced": "acknowledges a removal without syncing the names",
    "names-synced-before-remove": "syncs the names before the removal instead of after it",
    "wrong-directory-synced": "syncs the names of the directory above",
  },
  (mutant) => ({
    setup(directory) {
      directory.makeDirectory("keys");
      directory.writeFile("keys/revoked", bytesOf("secret"));
    },
    workload(directory, run) {
      if (mutant === "names-synced-before-remove") directory.syncNamesBlocking("keys");
      directory.remove("keys/revoked");
      const parent = mutant === "wrong-directory-synced" ? "" : "keys";
      if (mutant !== "name-not-synced" && mutant !== "names-synced-before-remove") directory.syncNamesBlocking(parent);
      run.ack("revoked");
    },
    recover: (directory) => directory.exists("keys/revoked"),
    check: (present, { acked }) => demand(!(present && acked("revoked")), "the revoked key is back"),
  }),
);
