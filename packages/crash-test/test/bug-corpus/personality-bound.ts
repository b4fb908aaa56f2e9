import { filler, readText, sectorBytes } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, create, createRecord, cut, readRecord } from "./file-steps.js";
import { ackedCount, demand, demandPrefix, demandVersion } from "./promises.js";

/** A message is delivered from one directory to another. It must be in one of them, and be read once. */
export const mailDelivery: CorpusProgram = defineProgram<readonly string[], "moved-by-rename">(
  "mail delivery",
  {
    "moved-by-rename": {
      class: "cross-directory move",
      origin:
        "btrfs litmus L12: after a rename whose target directory alone is synced, the file is in both directories",
      does: "moves the message by one rename, syncs where it went, and counts every name it finds",
      breaks: ["once"],
      shows: ["strict", "btrfs"],
      silent: ["posix", "ext4-ordered", "xfs"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const name of ["new", "seen"]) directory.makeDirectory(name);
      createRecord(directory, "new/message", "hello");
    },
    workload(directory, run) {
      if (bug === undefined) {
        directory.link("new/message", "seen/message");
        directory.syncNamesBlocking("seen");
        directory.remove("new/message");
        directory.syncNamesBlocking("new");
      } else {
        directory.rename("new/message", "seen/message");
        directory.syncNamesBlocking("seen");
      }
      run.ack("seen", 1);
    },
    recover(directory) {
      const found = ["new", "seen"].filter((name) => directory.exists(`${name}/message`));
      return bug === undefined ? found.slice(-1) : found;
    },
    check(found, { acked }) {
      demand("once", found.length === 1, `the message is in ${found.join(" and ") || "no directory"}`);
      demand("durable", found[0] === "seen" || !acked("seen"), "the message is unread again");
    },
  }),
  { personality: "strict" },
);

/** A document is replaced; what it was stays under a second name until the new one is durable. */
export const namedBackup: CorpusProgram = defineProgram<string | undefined, "rename-alone">(
  "document with a second name",
  {
    "rename-alone": {
      class: "atomicity across calls",
      origin: "ALICE: a rename is taken for one step; its weakest model has three",
      does: "relies on the rename alone to keep either version reachable",
      breaks: ["atomic"],
      shows: ["strict"],
      silent: ["posix", "ext4-ordered", "xfs", "btrfs"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "doc", "old", "synced"),
    workload(directory, run) {
      create(directory, "doc.tmp", "new", "synced");
      if (bug === undefined) directory.link("doc", "doc.old");
      directory.syncNamesBlocking();
      directory.rename("doc.tmp", "doc");
      directory.syncNamesBlocking();
      run.ack("saved", 1);
    },
    recover: (directory) => readText(directory, "doc") ?? readText(directory, "doc.old"),
    check: (found, context) => demandVersion(["old", "new"], found, context),
  }),
  { personality: "strict" },
);

/** Entries of one sector each: a length, and so many characters. */
function entryOf(text: string): Uint8Array {
  const bytes = new Uint8Array(sectorBytes);
  bytes.set(encodeRecord(filler(text, sectorBytes - 8)));
  return bytes;
}

const entries = ["first", "second"].map((text) => filler(text, sectorBytes - 8));

/** Every entry fills a sector, so none can tear. */
export const sectorLog: CorpusProgram = defineProgram<readonly string[], "sector-without-checksum">(
  "log of whole sectors",
  {
    "sector-without-checksum": {
      class: "log format",
      origin: "ALICE, garbage in a grown file: what is not written yet may read as anything",
      does: "recovery tells entries from unwritten space by their length alone",
      breaks: ["no garbage"],
      shows: ["strict"],
      silent: ["posix", "ext4-ordered", "xfs", "btrfs"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "log", "", "synced"),
    workload(directory, run) {
      ["first", "second"].forEach((text, index) => {
        append(directory, "log", entryOf(text), "synced");
        run.ack(text, index + 1);
      });
    },
    recover(directory) {
      const bytes = directory.readFile("log");
      if (bug === undefined) return scanRecords(bytes).records;
      const found: string[] = [];
      for (let at = 0; at + sectorBytes <= bytes.length; at += sectorBytes) {
        if (bytes[at] !== 0) found.push(new TextDecoder().decode(bytes.subarray(at + 8, at + sectorBytes)));
      }
      return found;
    },
    check: (found, context) => demandPrefix(entries, found, context),
  }),
  { personality: "strict" },
);

const old = ["old 1", "old 2"].map((text) => filler(text, sectorBytes - 8));

/** A log is emptied and begun anew. What it held must not come back behind the first new entry. */
export const emptiedLog: CorpusProgram = defineProgram<readonly string[], "cut-not-synced">(
  "log emptied and begun anew",
  {
    "cut-not-synced": {
      class: "stale records",
      origin: "ALICE, a cut and an overwrite may swap: the old end of the file stays behind the new start",
      does: "writes the first new entry before the cut is durable",
      breaks: ["no garbage", "prefix"],
      shows: ["strict"],
      silent: ["posix"],
    },
  },
  (bug) => ({
    setup(directory) {
      create(directory, "log", "", "synced");
      for (const text of old) append(directory, "log", encodeRecord(text), "synced");
    },
    workload(directory, run) {
      cut(directory, "log", 0, bug === undefined ? "synced" : "unsynced");
      run.ack("emptied", 0);
      append(directory, "log", encodeRecord(entries[0] ?? ""), "synced");
      run.ack("first", 1);
    },
    recover: (directory) => scanRecords(directory.readFile("log")).records,
    check(found, context) {
      const before = ackedCount(context) === 0 && found.every((text) => old.includes(text));
      if (!before) demandPrefix(entries, found, context);
    },
  }),
  { personality: "strict" },
);

type NameId = "own-name-not-synced" | "earlier-name-by-later-sync";

/** A message, and an empty file beside it that says it is unread. Every message begins unread. */
export const unreadFlag: CorpusProgram = defineProgram<readonly boolean[], NameId>(
  "message and unread flag",
  {
    "own-name-not-synced": {
      class: "missing names barrier",
      origin: "ALICE on many systems: a created file is synced, its directory is not; the kernels measured are kinder",
      does: "acknowledges a message whose bytes are synced and whose name is not",
      breaks: ["durable"],
      shows: ["posix", "strict"],
      silent: ["ext4-ordered", "xfs", "btrfs"],
    },
    "earlier-name-by-later-sync": {
      class: "missing names barrier",
      origin: "btrfs litmus L6: a barrier of a later file brings earlier names along on ext4 and xfs, not on btrfs",
      does: "relies on the barrier of the message for the name of the flag",
      breaks: ["reference"],
      shows: ["posix", "strict", "btrfs"],
      silent: ["ext4-ordered", "xfs"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      create(directory, "unread", "", "unsynced");
      if (bug !== "earlier-name-by-later-sync") directory.syncNamesBlocking();
      createRecord(directory, "message", "hello");
      if (bug === undefined) directory.syncNamesBlocking();
      if (bug !== "earlier-name-by-later-sync") run.ack("delivered", 1);
    },
    recover: (directory) => [readRecord(directory, "message") !== undefined, directory.exists("unread")],
    check([message, unread], { acks }) {
      demand("durable", message === true || acks.length === 0, "the message is gone");
      demand("reference", message !== true || unread === true, "the message was never read and has lost its flag");
    },
  }),
);
