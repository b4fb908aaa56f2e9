import { bytesOf, readText } from "./content.js";
import { defineProtocol, demand, show, type Protocol } from "./protocol.js";

type Mutant =
  | "parent-not-synced"
  | "parent-of-parent-not-synced"
  | "file-name-not-synced"
  | "wrong-directory-synced"
  | "closed-not-synced";

/** A file two directories deep: each new name is durable only once its own directory is synced. */
export const nestedDirectories: Protocol = defineProtocol<string | undefined, Mutant>(
  "nested directories",
  {
    "parent-not-synced": "creates a directory and does not sync the names of its parent",
    "parent-of-parent-not-synced": "syncs the parent, but not the parent of the parent",
    "file-name-not-synced": "syncs the bytes of the file and not its name",
    "wrong-directory-synced": "syncs the names of the directory above the file's own",
    "closed-not-synced": "closes the file and takes that for a barrier",
  },
  (mutant) => ({
    workload(directory, run) {
      directory.makeDirectory("a");
      if (mutant !== "parent-of-parent-not-synced") directory.syncNamesBlocking();
      directory.makeDirectory("a/b");
      if (mutant !== "parent-not-synced") directory.syncNamesBlocking("a");
      const handle = directory.open("a/b/file", { mode: "write", create: "exclusive" });
      handle.writeAt(bytesOf("content"), 0);
      if (mutant !== "closed-not-synced") handle.syncBlocking("data");
      handle.close();
      const parent = mutant === "wrong-directory-synced" ? "a" : "a/b";
      if (mutant !== "file-name-not-synced") directory.syncNamesBlocking(parent);
      run.ack("stored");
    },
    recover: (directory) => readText(directory, "a/b/file"),
    check(content, { acked }) {
      if (acked("stored")) demand(content === "content", `the file holds ${show(content)}`);
    },
  }),
);
