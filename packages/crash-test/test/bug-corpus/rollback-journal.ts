import type { Directory } from "@holdfast/fs-seam";
import { filler, sectorBytes, textOf } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { overwrite } from "./file-steps.js";
import { ackedCount, demand } from "./promises.js";

type Id =
  | "journal-names-not-synced"
  | "count-with-images"
  | "commit-not-durable"
  | "rollback-not-synced"
  | "rollback-removes-journal-first";

const pages = ["old", "new"].map((label) => filler(label, sectorBytes));
const pageCount = 2;

/** Sector 0 of the journal says how many images follow; each image is the old content of the page of its place. */
function rollBack(directory: Directory, bug: Id | undefined): void {
  if (!directory.exists("journal")) return;
  const journal = directory.readFile("journal");
  const [count] = scanRecords(journal.subarray(0, sectorBytes)).records;
  if (bug === "rollback-removes-journal-first") removeJournal(directory);
  if (count !== undefined) {
    const images = journal.slice(sectorBytes, sectorBytes * (1 + Number(count)));
    overwrite(directory, "database", 0, images, bug === "rollback-not-synced" ? "unsynced" : "synced");
  }
  if (bug !== "rollback-removes-journal-first") removeJournal(directory);
}

function removeJournal(directory: Directory): void {
  directory.remove("journal");
  directory.syncNamesBlocking();
}

/** The old pages are saved to a journal, the new ones written in place; removing the journal is the commit. */
export const rollbackJournal: CorpusProgram = defineProgram<readonly string[], Id>(
  "rollback journal",
  {
    "journal-names-not-synced": {
      class: "missing names barrier",
      origin: "ALICE on an embedded database: the hot journal may vanish with its name",
      does: "writes the pages before the name of the journal is durable",
      breaks: ["atomic"],
      needs: ["torn sectors"],
    },
    "count-with-images": {
      class: "torn sequence",
      origin: "why a rollback journal syncs twice: the count is only valid behind the images",
      does: "writes the count and the images of the journal under one barrier",
      breaks: ["no garbage"],
      needs: ["torn sectors"],
    },
    "commit-not-durable": {
      class: "missing names barrier",
      origin: "ALICE on an embedded database: the removed journal comes back, and rolls back what was committed",
      does: "acknowledges the commit before the removal of the journal is durable",
      breaks: ["durable"],
    },
    "rollback-not-synced": {
      class: "repair not synced",
      origin: "compound tests of databases: a second power loss right after a rollback",
      does: "recovery removes the journal before the rolled back pages are synced",
      breaks: ["atomic"],
      needs: ["nested crash", "torn sectors"],
    },
    "rollback-removes-journal-first": {
      class: "crash in recovery",
      origin: "compound tests of databases: a second power loss in the middle of a rollback",
      does: "recovery removes the journal durably, then rolls back",
      breaks: ["atomic"],
      needs: ["nested crash", "torn sectors"],
    },
  },
  (bug) => ({
    setup(directory) {
      directory.writeFile("database", new TextEncoder().encode((pages[0] ?? "").repeat(pageCount)));
    },
    workload(directory, run) {
      using journal = directory.open("journal", { mode: "write", create: "exclusive" });
      journal.writeAt(directory.readFile("database"), sectorBytes);
      if (bug !== "count-with-images") journal.syncBlocking("data");
      journal.writeAt(encodeRecord(String(pageCount)), 0);
      journal.syncBlocking("data");
      if (bug !== "journal-names-not-synced") directory.syncNamesBlocking();
      overwrite(directory, "database", 0, (pages[1] ?? "").repeat(pageCount), "synced");
      directory.remove("journal");
      if (bug !== "commit-not-durable") directory.syncNamesBlocking();
      run.ack("committed", 1);
    },
    recover(directory) {
      rollBack(directory, bug);
      const bytes = directory.readFile("database");
      return [0, 1].map((page) => textOf(bytes.subarray(page * sectorBytes, (page + 1) * sectorBytes)));
    },
    check(found, context) {
      const versions = found.map((page) => pages.indexOf(page));
      demand("no garbage", !versions.includes(-1), `pages of versions ${versions.join(" and ")}`);
      demand("atomic", versions[0] === versions[1], `pages of versions ${versions.join(" and ")}`);
      demand("durable", (versions[0] ?? -1) >= ackedCount(context), "the commit is gone");
    },
  }),
);
