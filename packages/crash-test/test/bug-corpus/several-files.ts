import type { Directory } from "@holdfast/fs-seam";
import { readText } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, create, createRecord, overwrite, readRecord, replace, syncFile } from "./file-steps.js";
import { ackedCount, demand, demandVersion } from "./promises.js";

/** One change that lives in two files. */
export const settingsAndSignature: CorpusProgram = defineProgram<
  readonly (string | undefined)[],
  "two-renames-one-change"
>(
  "settings and their signature",
  {
    "two-renames-one-change": {
      class: "atomicity across calls",
      origin: "ALICE, atomicity across system calls: each file is replaced safely, both together are not",
      does: "replaces the settings, then their signature, and names no version",
      breaks: ["atomic"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const part of ["settings", "signature"]) create(directory, `${part}-0`, "version 0", "synced");
      create(directory, "current", "0", "synced");
    },
    workload(directory, run) {
      for (const part of ["settings", "signature"]) {
        replace(directory, bug === undefined ? `${part}-1` : `${part}-0`, "version 1");
      }
      if (bug === undefined) replace(directory, "current", "1");
      run.ack("saved", 1);
    },
    recover(directory) {
      const version = readText(directory, "current");
      return ["settings", "signature"].map((part) => readText(directory, `${part}-${version}`));
    },
    check([settings, signature], context) {
      demand("atomic", settings === signature, `settings of ${settings}, signature of ${signature}`);
      demandVersion(["version 0", "version 1"], settings, context);
    },
  }),
);

const objects = { first: "content of the first object", second: "content of the second object" };

function putObject(directory: Directory, id: "first" | "second", bug: string | undefined): void {
  const path = `objects/${id}`;
  if (directory.exists(path)) return; // content is addressed by its name, so it would be the same
  if (bug === "object-at-final-name" || bug === "torn-object-kept") {
    createRecord(directory, path, objects[id], bug === "torn-object-kept" ? "synced" : "unsynced");
  } else {
    createRecord(directory, `${path}.tmp`, objects[id]);
    directory.rename(`${path}.tmp`, path);
  }
  if (bug !== "object-names-not-synced" && bug !== "object-at-final-name") directory.syncNamesBlocking("objects");
}

function readHead(directory: Directory): string {
  const id = readText(directory, "head") ?? "";
  const object = readRecord(directory, `objects/${id}`);
  demand("reference", object !== undefined, `the head names ${id}, which is missing or damaged`);
  return object;
}

/** Objects named by what they hold, and a head that names one of them. The commit is tried again after a crash. */
export const objectsAndHead: CorpusProgram = defineProgram<
  readonly string[],
  "object-names-not-synced" | "object-at-final-name" | "torn-object-kept"
>(
  "objects and a head",
  {
    "object-names-not-synced": {
      class: "missing names barrier",
      origin: "ALICE on a version control system: the object is renamed into place, its directory is never synced",
      does: "moves the head to an object whose name is not durable",
      breaks: ["reference"],
    },
    "object-at-final-name": {
      class: "order of file operations",
      origin: "npm: loose objects of a git implementation, written at their final name with no barrier",
      does: "writes the object in place without any barrier and moves the head",
      breaks: ["reference"],
    },
    "torn-object-kept": {
      class: "append atomicity",
      origin: "npm: a torn loose object is never written again, because its name exists",
      does: "writes the object at its final name, and takes the name for the content when it tries again",
      breaks: ["reference"],
    },
  },
  (bug) => ({
    setup(directory) {
      directory.makeDirectory("objects");
      createRecord(directory, "objects/first", objects.first);
      create(directory, "head", "first", "synced");
    },
    workload(directory, run) {
      putObject(directory, "second", bug);
      replace(directory, "head", "second");
      run.ack("committed", 1);
    },
    recover(directory) {
      const found = readHead(directory);
      putObject(directory, "second", bug);
      replace(directory, "head", "second");
      return [found, readHead(directory)];
    },
    check([found, after], context) {
      demandVersion(Object.values(objects), found, context);
      demand("durable", after === objects.second, "the commit could not be repeated");
    },
  }),
);

/** Values in one file, and in another one where each of them begins and ends. */
export const valuesAndIndex: CorpusProgram = defineProgram<string, "index-before-values" | "wrong-file-synced">(
  "values and an index",
  {
    "index-before-values": {
      class: "size before data",
      origin: "ALICE: an entry of the index is durable, the bytes it points at are not",
      does: "syncs the index entry before the value",
      breaks: ["no garbage"],
    },
    "wrong-file-synced": {
      class: "wrong thing synced",
      origin: "ALICE: two handles, one barrier, on the wrong one",
      does: "syncs the index twice and the values never",
      breaks: ["no garbage"],
    },
  },
  (bug) => ({
    setup(directory) {
      create(directory, "values", "old.", "synced");
      create(directory, "index", encodeRecord("0 4"), "synced");
    },
    workload(directory, run) {
      const writeValue = (): void => {
        append(directory, "values", "the new value.", "unsynced");
        syncFile(directory, bug === "wrong-file-synced" ? "index" : "values");
      };
      if (bug !== "index-before-values") writeValue();
      append(directory, "index", encodeRecord("4 14"), "synced");
      if (bug === "index-before-values") writeValue();
      run.ack("stored", 1);
    },
    recover(directory) {
      const entries = scanRecords(directory.readFile("index")).records;
      const [start = 0, length = 0] = (entries.at(-1) ?? "").split(" ").map(Number);
      return (readText(directory, "values") ?? "").slice(start, start + length);
    },
    check(value, context) {
      const versions = ["old.", "the new value."];
      demand("no garbage", versions.includes(value), `the index points at ${JSON.stringify(value)}`);
      demandVersion(versions, value, context);
    },
  }),
);

/** A finished copy takes the place of what it was made from, as when a log is compressed. */
export const sourceAndCopy: CorpusProgram = defineProgram<
  string | undefined,
  "source-removed-before-copy-named" | "source-synced-for-copy"
>(
  "a source and its copy",
  {
    "source-removed-before-copy-named": {
      class: "unlink before link",
      origin: "npm: log rotation removes the plain file before the name of the compressed one is durable",
      does: "syncs the bytes of the copy, not its name, and removes the source",
      breaks: ["durable"],
    },
    "source-synced-for-copy": {
      class: "wrong thing synced",
      origin: "a backup that syncs the handle it read from",
      does: "syncs the source instead of the copy",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const name of ["logs", "archive"]) directory.makeDirectory(name);
      createRecord(directory, "logs/today", "lines of today");
    },
    workload(directory, run) {
      run.ack("logged", 1);
      createRecord(directory, "archive/today", "lines of today", "unsynced");
      syncFile(directory, bug === "source-synced-for-copy" ? "logs/today" : "archive/today");
      if (bug !== "source-removed-before-copy-named") directory.syncNamesBlocking("archive");
      directory.remove("logs/today");
      directory.syncNamesBlocking("logs");
      directory.syncNamesBlocking("archive");
    },
    recover: (directory) => readRecord(directory, "archive/today") ?? readRecord(directory, "logs/today"),
    check: (lines) => demand("durable", lines === "lines of today", "the lines are in neither place"),
  }),
);

/** A document, and a second name for what it was. */
export const linkedBackup: CorpusProgram = defineProgram<
  readonly (string | undefined)[],
  "backup-shares-bytes" | "backup-name-unsynced"
>(
  "document and linked backup",
  {
    "backup-shares-bytes": {
      class: "publish by hard link",
      origin: "backups by hard link: an edit in place changes both names, for there is one file",
      does: "rewrites the document in place while the backup is a link to it",
      breaks: ["atomic"],
    },
    "backup-name-unsynced": {
      class: "publish by hard link",
      origin: "mutant of the above: a link is a name like any other",
      does: "acknowledges the backup before its name is durable",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    setup: (directory) => createRecord(directory, "doc", "version 0"),
    workload(directory, run) {
      directory.link("doc", "doc.backup");
      if (bug !== "backup-name-unsynced") directory.syncNamesBlocking();
      run.ack("backup", 0);
      if (bug === "backup-shares-bytes") createRecord(directory, "doc", "version 1");
      else replace(directory, "doc", encodeRecord("version 1"));
      run.ack("saved", 1);
    },
    recover: (directory) =>
      ["doc", "doc.backup"].map((name) =>
        directory.exists(name) ? (readRecord(directory, name) ?? "damaged") : undefined,
      ),
    check([doc, backup], context) {
      const whole = doc !== "damaged" || (backup !== "damaged" && backup !== undefined);
      demand("atomic", whole, "neither the document nor its backup is whole");
      demand("durable", backup !== undefined || !context.acked("backup"), "the backup is gone");
      demandVersion(["version 0", "version 1"], doc, context);
    },
  }),
);

/** What a spool received is published under another name, in the same directory. */
export const spoolAndName: CorpusProgram = defineProgram<string | undefined, "spool-removed-before-link-durable">(
  "spooled item that gets its name",
  {
    "spool-removed-before-link-durable": {
      class: "publish by hard link",
      origin: "ALICE: link and unlink of one move persist on their own, and the item is under neither name",
      does: "removes the name in the spool before the final one is durable",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    setup: (directory) => createRecord(directory, "incoming", "item"),
    workload(directory, run) {
      run.ack("received");
      directory.link("incoming", "item-1");
      if (bug === undefined) directory.syncNamesBlocking();
      directory.remove("incoming");
      directory.syncNamesBlocking();
    },
    recover: (directory) => readRecord(directory, "item-1") ?? readRecord(directory, "incoming"),
    check: (item) => demand("durable", item === "item", "the item is under neither name"),
  }),
);

/** A receipt that says which state of a counter it was made from, by two processes that take turns under a lock. */
export const counterAndReceipt: CorpusProgram = defineProgram<
  { readonly counter: number; readonly receipt: number },
  "lock-released-before-sync"
>(
  "a counter and a receipt",
  {
    "lock-released-before-sync": {
      class: "lock file",
      origin: "the next owner of a lock reads from the cache what the last one never synced",
      does: "gives the lock back before the counter is synced",
      breaks: ["reference"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "counter", "0", "synced"),
    workload(directory, run) {
      const locked = (work: () => void): void => {
        directory.open("lock", { mode: "write", create: "exclusive" }).close();
        work();
        directory.remove("lock");
      };
      locked(() => overwrite(directory, "counter", 0, "1", bug === undefined ? "synced" : "unsynced"));
      locked(() => {
        createRecord(directory, "receipt", readText(directory, "counter") ?? "");
        directory.syncNamesBlocking();
      });
      run.ack("receipt", 1);
    },
    recover: (directory) => ({
      counter: Number(readText(directory, "counter")),
      receipt: Number(readRecord(directory, "receipt") ?? "0"),
    }),
    check({ counter, receipt }, context) {
      demand("reference", receipt <= counter, `a receipt of state ${receipt}, the counter is at ${counter}`);
      demand("durable", receipt >= ackedCount(context), "the receipt is gone");
    },
  }),
);
