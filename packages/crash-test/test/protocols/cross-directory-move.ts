import type { Directory } from "@holdfast/fs-seam";
import { bytesOf, readText } from "./content.js";
import { defineProtocol, demand, show, type Program, type Protocol } from "./protocol.js";

/** Where the letter is found: both places between the barriers of a move, one at rest. */
interface Places {
  readonly inbox: string | undefined;
  readonly archive: string | undefined;
}

const letter = "a letter";

const setup = (directory: Directory): void => {
  directory.makeDirectory("inbox");
  directory.makeDirectory("archive");
  directory.writeFile("inbox/letter", bytesOf(letter));
};

const recover = (directory: Directory): Places => ({
  inbox: readText(directory, "inbox/letter"),
  archive: readText(directory, "archive/letter"),
});

const check: Program<Places>["check"] = ({ inbox, archive }, { acked }) => {
  const found = [inbox, archive].filter((text) => text !== undefined);
  demand(found.length > 0, "the letter is gone");
  for (const text of found) demand(text === letter, `the letter reads ${show(text)}`);
  if (!acked("archived")) return;
  demand(archive !== undefined, "the archived letter is not in the archive");
  demand(inbox === undefined, "the archived letter is still in the inbox");
};

type MoveMutant = "no-barriers" | "wrong-directory-synced";

/** One rename over two directories: destination synced first, so that a crash may show two names and never none. */
export const crossDirectoryMove: Protocol = defineProtocol<Places, MoveMutant>(
  "cross-directory move",
  {
    "no-barriers": "acknowledges the move without any barrier",
    "wrong-directory-synced": "syncs the names of the directory above both",
  },
  (mutant) => ({
    setup,
    workload(directory, run) {
      directory.rename("inbox/letter", "archive/letter");
      if (mutant === "wrong-directory-synced") directory.syncNamesBlocking();
      else if (mutant !== "no-barriers") {
        directory.syncNamesBlocking("archive");
        directory.syncNamesBlocking("inbox");
      }
      run.ack("archived");
    },
    recover,
    check,
  }),
);

type LinkMutant = "source-synced-only" | "destination-synced-only" | "removed-before-barrier";

/** The same move by a link and a removal, for file systems whose rename may come apart. */
export const linkAndRemove: Protocol = defineProtocol<Places, LinkMutant>(
  "move by link and remove",
  {
    "source-synced-only": "syncs the names of the source directory only",
    "destination-synced-only": "syncs the names of the destination directory only",
    "removed-before-barrier": "removes the old name before the new one is durable",
  },
  (mutant) => ({
    setup,
    workload(directory, run) {
      directory.link("inbox/letter", "archive/letter");
      if (mutant === "removed-before-barrier") directory.remove("inbox/letter");
      if (mutant !== "source-synced-only") directory.syncNamesBlocking("archive");
      directory.removeIfPresent("inbox/letter");
      if (mutant !== "destination-synced-only") directory.syncNamesBlocking("inbox");
      run.ack("archived");
    },
    recover,
    check,
  }),
);
