import type { Directory } from "@holdfast/fs-seam";
import { bytesOf, filler, sectorBytes, textOf } from "./content.js";
import { defineProtocol, demandVersion, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant =
  | "journal-not-synced"
  | "journal-name-not-synced"
  | "journal-removed-early"
  | "no-checksum"
  | "no-journal"
  | "recovery-removes-journal-early";

/** Two sectors that belong together, and a byte. */
const dataBytes = 2 * sectorBytes + 1;
const versions = [filler("old", dataBytes), filler("new", dataBytes)];

function apply(directory: Directory, content: string, sync: boolean): void {
  using handle = directory.open("data", { mode: "write" });
  handle.writeAt(bytesOf(content), 0);
  if (sync) handle.syncBlocking("data");
}

function replay(directory: Directory, mutant: Mutant | undefined): void {
  if (!directory.exists("journal")) return;
  const early = mutant === "recovery-removes-journal-early";
  const [content] = scanRecords(directory.readFile("journal"), mutant).records;
  if (content !== undefined) apply(directory, content, !early);
  directory.remove("journal");
  directory.syncNamesBlocking();
  if (early) apply(directory, textOf(directory.readFile("data")), true);
}

/** Sectors that must change together are written to a journal first, then in place. The journal is the commit point. */
export const redoJournal: Protocol = defineProtocol<string, Mutant>(
  "redo journal",
  {
    "journal-not-synced": "changes the data before the journal's bytes are durable",
    "journal-name-not-synced": "changes the data before the journal's name is durable",
    "journal-removed-early": "removes the journal before the data is synced",
    "no-checksum": "recovery applies a journal without comparing its checksum",
    "no-journal": "overwrites the data in place and nothing else",
    "recovery-removes-journal-early": "recovery removes the journal before it syncs the data",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("data", bytesOf(versions[0] ?? "")),
    workload(directory, run) {
      const content = versions[1] ?? "";
      if (mutant !== "no-journal") {
        using journal = directory.open("journal", { mode: "write", create: "exclusive" });
        journal.writeAt(encodeRecord(content), 0);
        if (mutant !== "journal-not-synced") journal.syncBlocking("data");
        if (mutant !== "journal-name-not-synced") directory.syncNamesBlocking();
        run.ack("committed", 1);
      }
      apply(directory, content, mutant !== "journal-removed-early");
      directory.removeIfPresent("journal");
      directory.syncNamesBlocking();
    },
    recover(directory) {
      replay(directory, mutant);
      return textOf(directory.readFile("data"));
    },
    check: (data, context) => demandVersion(versions, data, context),
  }),
);
