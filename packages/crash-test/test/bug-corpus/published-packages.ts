import type { Directory } from "@holdfast/fs-seam";
import { filler, readText } from "../protocols/content.js";
import { encodeRecord } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, create, createRecord, cut, overwrite, readRecord, replace } from "./file-steps.js";
import { ackedCount, demand, demandPrefix, demandVersion, refuse } from "./promises.js";

type JsonId = "rename-without-sync" | "rewritten-in-place" | "cut-after-overwrite" | "fallback-in-place";

const documents = [`{"text":"a long first version"}`, `{"text":"short"}`];

/** The temporary directory turns out to be on another device. */
function renameAcrossDevices(): boolean {
  return false;
}

function saveJson(directory: Directory, text: string, bug: JsonId | undefined): void {
  switch (bug) {
    case "rename-without-sync":
      create(directory, "db.tmp", text, "unsynced");
      directory.rename("db.tmp", "db");
      directory.syncNamesBlocking();
      return;
    case "rewritten-in-place":
      create(directory, "db", text, "synced");
      return;
    case "cut-after-overwrite":
      overwrite(directory, "db", 0, text, "synced");
      cut(directory, "db", text.length, "synced");
      return;
    case "fallback-in-place":
      create(directory, "elsewhere/db", text, "synced");
      if (!renameAcrossDevices()) create(directory, "db", text, "synced");
      return;
    case undefined:
      replace(directory, "db", text);
  }
}

/** A small database that is one JSON file. */
export const jsonFile: CorpusProgram = defineProgram<string | undefined, JsonId>(
  "database in one JSON file",
  {
    "rename-without-sync": {
      class: "data before rename",
      origin: "npm, steno, lowdb, node-json-db: no fsync before the rename; an empty file on xfs, zeros on ext4",
      does: "renames a temporary file whose bytes are not synced",
      breaks: ["atomic"],
      shows: ["posix", "strict", "ext4-ordered", "ext4-noauto", "xfs", "btrfs"],
    },
    "rewritten-in-place": {
      class: "replace by truncation",
      origin: "npm, node-persist, keyv-file, flat-cache, jsonfile: writeFile over the only copy",
      does: "cuts the file and writes into it",
      breaks: ["atomic"],
    },
    "cut-after-overwrite": {
      class: "replace by truncation",
      origin: "save code that avoids the empty file by cutting last: the end of the old version stays",
      does: "writes over the old version and cuts the rest afterwards",
      breaks: ["atomic"],
    },
    "fallback-in-place": {
      class: "data before rename",
      origin: "npm, conf, electron-store: when the rename is refused across devices, the file is rewritten in place",
      does: "writes the temporary file on another device, and in place when the rename is refused",
      breaks: ["atomic"],
    },
  },
  (bug) => ({
    setup(directory) {
      directory.makeDirectory("elsewhere");
      create(directory, "db", documents[0] ?? "", "synced");
    },
    workload(directory, run) {
      saveJson(directory, documents[1] ?? "", bug);
      run.ack("saved", 1);
    },
    recover: (directory) => readText(directory, "db"),
    check: (found, context) => demandVersion(documents, found, context),
  }),
);

type LinesId = "newline-in-front" | "damaged-fraction-refuses";

const entries = ["apple 1", "pear 2"].map((text) => JSON.stringify({ text }));

/** Lines of JSON with a newline where the bug wants it. A line that does not parse is none. */
function readLines(directory: Directory, bug: LinesId | undefined): string[] {
  const lines = (readText(directory, "lines") ?? "").split("\n");
  if (bug === undefined) lines.pop(); // behind the last newline nothing is finished
  const parsed = lines.filter((line) => line !== "").map((line) => (parses(line) ? line : undefined));
  const damaged = parsed.filter((line) => line === undefined).length;
  const tooMany = bug === "damaged-fraction-refuses" && damaged > parsed.length / 10;
  if (tooMany) refuse(`${damaged} of ${parsed.length} lines do not parse`);
  const stop = parsed.indexOf(undefined);
  return parsed.flatMap((line, index) => (line === undefined || (stop !== -1 && index > stop) ? [] : [line]));
}

function parses(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** A store of appended lines. */
export const jsonLines: CorpusProgram = defineProgram<readonly string[], LinesId>(
  "appended lines of JSON",
  {
    "newline-in-front": {
      class: "log format",
      origin:
        "npm, cacache: the newline goes in front, so a tail of zeros spoils the record before it, which was durable",
      does: "ends a record with nothing, and begins the next one with the newline",
      breaks: ["durable"],
      shows: ["posix", "strict", "ext4-ordered"],
      silent: ["xfs", "btrfs"],
    },
    "damaged-fraction-refuses": {
      class: "legal crash refused",
      origin: "npm, nedb: a tail of zeros is one bad line of two, and half the file counts as corrupt",
      does: "recovery refuses when more than a tenth of the lines does not parse",
      breaks: ["recovers"],
      shows: ["posix", "strict", "ext4-ordered"],
      silent: ["xfs", "btrfs"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "lines", "", "synced"),
    workload(directory, run) {
      entries.forEach((entry, index) => {
        append(directory, "lines", bug === "newline-in-front" ? `\n${entry}` : `${entry}\n`, "synced");
        run.ack(entry, index + 1);
      });
    },
    recover: (directory) => readLines(directory, bug),
    check: (found, context) => demandPrefix(entries, found, context),
  }),
);

/** An amount as decimal digits, which reach over a sector boundary. */
const amounts = ["", `${filler("note", 508)}=123456\n`];

export const amountLine: CorpusProgram = defineProgram<string, "digits-without-end">(
  "amount without an end",
  {
    "digits-without-end": {
      class: "append atomicity",
      origin: "text logs that trim zeros: the first half of a number is a number",
      does: "recovery trims zeros and takes an unfinished line for whole",
      breaks: ["no garbage"],
      needs: ["torn sectors"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "amounts", "", "synced"),
    workload(directory, run) {
      append(directory, "amounts", amounts[1] ?? "", "synced");
      run.ack("noted", 1);
    },
    recover(directory) {
      const text = (readText(directory, "amounts") ?? "").replace(/\0+$/, "");
      if (!text.endsWith("\n") && bug === undefined) return "nothing";
      return /=(\d+)/.exec(text)?.[1] ?? "nothing";
    },
    check(amount, context) {
      demand("no garbage", ["nothing", "123456"].includes(amount), `the amount is ${amount}`);
      demand("durable", amount === "123456" || ackedCount(context) === 0, "the amount is gone");
    },
  }),
);

/** A file that is adopted when the one it should have replaced is missing. */
export const leftoverTemp: CorpusProgram = defineProgram<string | undefined, "torn-temp-adopted">(
  "leftover temporary file",
  {
    "torn-temp-adopted": {
      class: "temporary file adopted",
      origin: "npm, nedb: when the file is missing its temporary one is taken, torn or not",
      does: "recovery renames a leftover temporary file into place when there is no other",
      breaks: ["no garbage"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      replace(directory, "db", `{"first":"save"}`);
      run.ack("saved", 1);
    },
    recover(directory) {
      if (!directory.exists("db") && directory.exists("db.tmp") && bug !== undefined) directory.rename("db.tmp", "db");
      else directory.removeIfPresent("db.tmp");
      directory.syncNamesBlocking();
      return readText(directory, "db");
    },
    check(found, context) {
      demand(
        "no garbage",
        found === undefined || found === `{"first":"save"}`,
        `the database reads ${JSON.stringify(found)}`,
      );
      demand("durable", found !== undefined || ackedCount(context) === 0, "the database is gone");
    },
  }),
);

const parts = ["first part;", filler("second part", 600)];

/** An upload in parts. The client asks how much is there, and sends the rest. */
export const resumableUpload: CorpusProgram = defineProgram<string, "length-taken-for-offset">(
  "resumable upload",
  {
    "length-taken-for-offset": {
      class: "size before data",
      origin: "npm, tus file store: the length of the file is the offset; a tail of zeros counts as received",
      does: "resumes at the length of the file instead of at what was synced",
      breaks: ["no garbage"],
    },
  },
  (bug) => ({
    setup(directory) {
      create(directory, "upload", "", "synced");
      createRecord(directory, "offset", "0");
    },
    workload(directory, run) {
      for (const [index, part] of parts.entries()) {
        append(directory, "upload", part, "synced");
        replace(directory, "offset", encodeRecord(String(directory.stat("upload").size)));
        run.ack(part, index + 1);
      }
    },
    recover(directory) {
      const size = directory.stat("upload").size;
      const offset = bug === undefined ? Number(readRecord(directory, "offset")) : size;
      overwrite(directory, "upload", offset, parts.join("").slice(offset), "synced");
      return readText(directory, "upload") ?? "";
    },
    check: (content) => demand("no garbage", content === parts.join(""), `the upload has other bytes`),
  }),
);

type LockId = "stale-lock-refused" | "empty-lock-refused";

/** Takes the lock of this boot: a number that no later start has again. */
function takeLock(directory: Directory, boot: number, bug: LockId | undefined): void {
  const content = directory.exists("lock") ? readRecord(directory, "lock") : "free";
  if (content === undefined && bug === "empty-lock-refused") refuse("the lock says nothing");
  if (content === String(boot)) refuse("the lock is held");
  if (content !== "free" && bug === "stale-lock-refused") refuse(`the lock is held by ${content}`);
  createRecord(directory, "lock", String(boot), "unsynced");
}

/** A lock file that says during which boot it was taken: a power loss frees it. */
export const bootLock: CorpusProgram = defineProgram<number, LockId>(
  "lock file with the number of the boot",
  {
    "stale-lock-refused": {
      class: "lock file",
      origin: "npm, keyv-file: a lock that exists is held, also after a power loss",
      does: "recovery refuses a lock whose owner died with the power",
      breaks: ["recovers"],
    },
    "empty-lock-refused": {
      class: "lock file",
      origin: "lock files with an owner inside: the name survives, the owner does not",
      does: "recovery refuses a lock file that was never filled",
      breaks: ["recovers"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "counter", "0", "synced"),
    workload(directory, run) {
      takeLock(directory, 0, bug);
      overwrite(directory, "counter", 0, "1", "synced");
      run.ack("counted", 1);
      directory.remove("lock");
    },
    recover(directory, { depth }) {
      takeLock(directory, depth + 1, bug);
      const counter = Number(readText(directory, "counter"));
      directory.remove("lock");
      return counter;
    },
    check: (counter, context) => demand("durable", counter >= ackedCount(context), `the counter is at ${counter}`),
  }),
);
