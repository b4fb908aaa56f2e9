import { bytesOf, filler, readText } from "./content.js";
import { defineProtocol, demandVersion, type Protocol } from "./protocol.js";

type Mutant =
  | "data-not-synced"
  | "data-name-not-synced"
  | "wrong-directory-synced"
  | "manifest-not-synced"
  | "old-data-removed-early"
  | "data-synced-after-manifest";

const versions = ["old data", filler("new data", 700)];

/** A new data file, then a manifest that names it, then the old one goes: two files that change as one. */
export const manifestCommit: Protocol = defineProtocol<string | undefined, Mutant>(
  "manifest and data files",
  {
    "data-not-synced": "commits a data file whose bytes were never synced",
    "data-name-not-synced": "commits a data file whose name is not durable",
    "wrong-directory-synced": "syncs the names above the data directory instead of its own",
    "manifest-not-synced": "renames a manifest whose bytes were never synced",
    "old-data-removed-early": "removes the old data before the manifest's name is durable",
    "data-synced-after-manifest": "syncs the data only after the manifest names it",
  },
  (mutant) => ({
    setup(directory) {
      directory.makeDirectory("data");
      directory.writeFile("data/1", bytesOf(versions[0] ?? ""));
      directory.writeFile("manifest", bytesOf("data/1"));
    },
    workload(directory, run) {
      using data = directory.open("data/2", { mode: "append", create: "exclusive" });
      data.append(bytesOf(versions[1] ?? ""));
      if (mutant !== "data-not-synced" && mutant !== "data-synced-after-manifest") data.syncBlocking("data");
      const parent = mutant === "wrong-directory-synced" ? "" : "data";
      if (mutant !== "data-name-not-synced") directory.syncNamesBlocking(parent);

      using manifest = directory.open("manifest.tmp", { mode: "append", create: "exclusive" });
      manifest.append(bytesOf("data/2"));
      if (mutant !== "manifest-not-synced") manifest.syncBlocking("data");
      directory.rename("manifest.tmp", "manifest");
      if (mutant === "old-data-removed-early") directory.remove("data/1");
      directory.syncNamesBlocking();
      if (mutant === "data-synced-after-manifest") data.syncBlocking("data");
      run.ack("committed", 1);

      directory.removeIfPresent("data/1");
      directory.syncNamesBlocking("data");
    },
    recover(directory) {
      const current = readText(directory, "manifest") ?? "";
      for (const { name } of directory.list("data")) if (`data/${name}` !== current) directory.remove(`data/${name}`);
      return readText(directory, current);
    },
    check: (content, context) => demandVersion(versions, content, context),
  }),
);
