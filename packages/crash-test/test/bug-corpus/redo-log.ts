import type { Directory } from "@holdfast/fs-seam";
import { sectorBytes } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import {
  append,
  concat,
  create,
  createRecord,
  cut,
  overwrite,
  readRecord,
  readSector,
  sectorOf,
} from "./file-steps.js";
import { ackedCount, demand } from "./promises.js";

type CheckpointId =
  | "checkpoint-before-log-sync"
  | "log-reset-before-database-sync"
  | "empty-database-resets-log"
  | "recovery-resets-log-first";

function readPages(directory: Directory): string[] {
  return [0, 1].map((page) => readSector(directory, "database", page));
}

/** Transactions of the log, in order, each the content of both pages. */
function applyLog(directory: Directory): void {
  for (const text of scanRecords(directory.readFile("log")).records) {
    overwrite(directory, "database", 0, sectorOf(text), "unsynced");
    overwrite(directory, "database", sectorBytes, sectorOf(text), "unsynced");
  }
}

function syncDatabase(directory: Directory): void {
  using handle = directory.open("database", { mode: "write" });
  handle.syncBlocking("data");
}

/** Transactions go to a log; a checkpoint copies them to the pages of the database and empties the log. */
export const logAndCheckpoint: CorpusProgram = defineProgram<readonly string[], CheckpointId>(
  "log and checkpoint",
  {
    "checkpoint-before-log-sync": {
      class: "unsynced log",
      origin: "Turso 7781: the checkpoint copies frames that are not durable in the log",
      does: "copies a transaction to the pages before the log is synced",
      breaks: ["atomic"],
    },
    "log-reset-before-database-sync": {
      class: "unsynced log",
      origin: "LazyFS: the log is emptied while the pages are still in the cache",
      does: "empties the log before the pages are synced",
      breaks: ["atomic", "durable"],
    },
    "empty-database-resets-log": {
      class: "unsynced log",
      origin: "Turso 4899: a database of zero bytes beside a valid log loses the log",
      does: "recovery takes an empty database for a fresh one and drops the log",
      breaks: ["durable"],
    },
    "recovery-resets-log-first": {
      class: "crash in recovery",
      origin: "mutant of the above, in recovery: replays into the cache and empties the log",
      does: "recovery empties the log before the replayed pages are synced",
      breaks: ["atomic", "durable"],
      needs: ["nested crash"],
    },
  },
  (bug) => ({
    setup(directory) {
      create(directory, "log", "", "synced");
      create(directory, "database", "", "synced");
    },
    workload(directory, run) {
      create(directory, "database", new Uint8Array(2 * sectorBytes), "unsynced");
      append(directory, "log", encodeRecord("1"), "synced");
      run.ack("transaction 1", 1);
      applyLog(directory);
      syncDatabase(directory);
      cut(directory, "log", 0, "synced");
      append(directory, "log", encodeRecord("2"), bug === "checkpoint-before-log-sync" ? "unsynced" : "synced");
      if (bug !== "checkpoint-before-log-sync") run.ack("transaction 2", 2);
      applyLog(directory);
      if (bug !== "log-reset-before-database-sync") syncDatabase(directory);
      cut(directory, "log", 0, "synced");
      syncDatabase(directory);
      run.ack("checkpoint", 2);
    },
    recover(directory) {
      const fresh = directory.stat("database").size === 0 && bug === "empty-database-resets-log";
      if (!fresh) applyLog(directory);
      if (bug !== "recovery-resets-log-first") syncDatabase(directory);
      cut(directory, "log", 0, "synced");
      return readPages(directory);
    },
    check(found, context) {
      demand("atomic", found[0] === found[1], `pages of transactions ${found.join(" and ")}`);
      demand("durable", Number(found[0]) >= ackedCount(context), `transaction ${found[0] ?? ""} is the last one`);
    },
  }),
);

type DeltaId = "delta-applied-twice" | "sequence-in-other-sector";

/** A deposit of 5, kept in a journal until the next start. Sector 0 holds the balance. */
export const deferredDeposit: CorpusProgram = defineProgram<number, DeltaId>(
  "deposit applied at the next start",
  {
    "delta-applied-twice": {
      class: "recovery not idempotent",
      origin: "logical redo without a sequence number: a second crash applies it again",
      does: "recovery adds the deposit, and does not note which one it added",
      breaks: ["once"],
      needs: ["nested crash"],
    },
    "sequence-in-other-sector": {
      class: "recovery not idempotent",
      origin: "page sequence number and page content in sectors that tear apart",
      does: "notes the sequence number of the deposit in another sector than the balance",
      breaks: ["once"],
      needs: ["nested crash", "torn sectors"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "account", concat([sectorOf("10 0"), sectorOf("0")]), "synced"),
    workload(directory, run) {
      createRecord(directory, "journal", "5 1");
      directory.syncNamesBlocking();
      run.ack("deposited", 1);
    },
    recover(directory) {
      const [amount = 0, sequence = 0] = (readRecord(directory, "journal") ?? "").split(" ").map(Number);
      const [balance = 0, ownSequence = 0] = readSector(directory, "account", 0).split(" ").map(Number);
      const apart = bug === "sequence-in-other-sector";
      const applied = apart ? Number(readSector(directory, "account", 1)) : ownSequence;
      if (sequence <= applied && bug !== "delta-applied-twice") return balance;
      if (sequence === 0) return balance;
      const pair = concat([sectorOf(`${balance + amount} ${sequence}`), sectorOf(apart ? String(sequence) : "0")]);
      overwrite(directory, "account", 0, pair, "synced");
      directory.remove("journal");
      directory.syncNamesBlocking();
      return balance + amount;
    },
    check(balance, context) {
      const due = [10, 15].filter((each) => each === 15 || ackedCount(context) === 0);
      demand("once", due.includes(balance), `the balance is ${balance}`);
    },
  }),
);

/** A page of two sectors with a sequence number in the first. The log says what changed in the second. */
export const pageAndDelta: CorpusProgram = defineProgram<string, "sequence-skips-torn-page">(
  "page and its change",
  {
    "sequence-skips-torn-page": {
      class: "torn write",
      origin: "why databases log whole pages after a checkpoint: the sequence number survives, the change does not",
      does: "recovery skips a page whose sequence number says that it has the change already",
      breaks: ["durable"],
      needs: ["torn sectors"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "page", concat([sectorOf("0"), sectorOf("old")]), "synced"),
    workload(directory, run) {
      createRecord(directory, "log", "1 new");
      directory.syncNamesBlocking();
      run.ack("changed", 1);
      overwrite(directory, "page", 0, concat([sectorOf("1"), sectorOf("new")]), "synced");
    },
    recover(directory) {
      const [sequence = "0", value = ""] = (readRecord(directory, "log") ?? "0").split(" ");
      const done = Number(readSector(directory, "page", 0)) >= Number(sequence);
      if (sequence !== "0" && !(done && bug === "sequence-skips-torn-page")) {
        overwrite(directory, "page", 0, concat([sectorOf(sequence), sectorOf(value)]), "synced");
      }
      return readSector(directory, "page", 1);
    },
    check(value, context) {
      demand("durable", value === (ackedCount(context) > 0 ? "new" : value), `the page says ${value}`);
      demand("no garbage", ["old", "new"].includes(value), `the page says ${value}`);
    },
  }),
);

const items = ["item 1", "item 2", "item 3"];

/** Items and a commit, a sector each, under one barrier. Empty sectors are padding. */
export const batchWithCommit: CorpusProgram = defineProgram<readonly string[], "commit-without-count">(
  "batch with a commit",
  {
    "commit-without-count": {
      class: "torn sequence",
      origin: "LazyFS, torn sequence: the commit survives, an item before it does not",
      does: "recovery does not compare the number of items with the one in the commit",
      breaks: ["atomic"],
      needs: ["torn sectors"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "log", new Uint8Array((items.length + 1) * sectorBytes), "synced"),
    workload(directory, run) {
      items.forEach((item, index) => {
        overwrite(directory, "log", index * sectorBytes, encodeRecord(item), "unsynced");
      });
      overwrite(directory, "log", items.length * sectorBytes, encodeRecord(`commit ${items.length}`), "synced");
      run.ack("committed", 1);
    },
    recover(directory) {
      const bytes = directory.readFile("log");
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += sectorBytes) {
        const [record] = scanRecords(bytes.subarray(at, at + sectorBytes)).records;
        if (record === undefined) continue;
        if (!record.startsWith("commit")) found.push(record);
        else if (bug === "commit-without-count" || record === `commit ${found.length}`) return found;
      }
      return [];
    },
    check(found, context) {
      demand("atomic", found.length === 0 || found.length === items.length, `${found.length} items of the batch`);
      demand("durable", found.length > 0 || ackedCount(context) === 0, "the batch is gone");
    },
  }),
);
