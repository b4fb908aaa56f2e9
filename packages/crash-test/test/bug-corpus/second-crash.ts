import { filler, readText } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, concat, create, createRecord, overwrite, readRecord, replace, syncFile } from "./file-steps.js";
import { ackedCount, demand, demandPrefix, demandVersion } from "./promises.js";

type CompactId = "log-rewritten-in-place" | "compacted-log-not-synced";

/** The newest value of each key, in the order of first appearance. */
function compacted(records: readonly string[]): string[] {
  return [...new Map(records.map((record) => [record.split("=")[0], record])).values()];
}

/** Settings as a log of assignments, which every start rewrites without the outdated ones. */
export const compactingLog: CorpusProgram = defineProgram<readonly string[], CompactId>(
  "log compacted at every start",
  {
    "log-rewritten-in-place": {
      class: "replace by truncation",
      origin: "npm: stores that rewrite their file when they load it",
      does: "recovery cuts the log and writes the compacted one into it",
      breaks: ["durable"],
      needs: ["nested crash"],
    },
    "compacted-log-not-synced": {
      class: "crash in recovery",
      origin: "mutant of the above: the safe replacement without its first barrier, only in recovery",
      does: "recovery renames the compacted log before its bytes are synced",
      breaks: ["durable"],
      needs: ["nested crash"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "log", encodeRecord("color=red"), "synced"),
    workload(directory, run) {
      append(directory, "log", encodeRecord("color=blue"), "synced");
      run.ack("blue", 1);
    },
    recover(directory) {
      const { records } = scanRecords(directory.readFile("log"));
      const kept = concat(compacted(records).map(encodeRecord));
      if (bug === "log-rewritten-in-place") create(directory, "log", kept, "synced");
      else {
        create(directory, "log.tmp", kept, bug === undefined ? "synced" : "unsynced");
        directory.rename("log.tmp", "log");
        directory.syncNamesBlocking();
      }
      return compacted(records);
    },
    check(settings, context) {
      const due = ["color=red", "color=blue"].slice(ackedCount(context));
      demand(
        "durable",
        settings.length === 1 && due.includes(settings[0] ?? ""),
        `the settings are ${settings.join()}`,
      );
    },
  }),
);

type FlushId = "log-removed-before-table-named" | "log-removed-before-table-synced";

/** What a log holds goes into a table at the next start, and the log goes. */
export const flushAtStart: CorpusProgram = defineProgram<readonly string[], FlushId>(
  "log flushed to a table at the next start",
  {
    "log-removed-before-table-named": {
      class: "crash in recovery",
      origin: "LevelDB family: recovery writes a table and drops the log before the directory knows the table",
      does: "recovery removes the log before the name of the table is durable",
      breaks: ["durable"],
      needs: ["nested crash"],
    },
    "log-removed-before-table-synced": {
      class: "crash in recovery",
      origin: "LevelDB family: the same for the bytes of the table",
      does: "recovery removes the log before the bytes of the table are synced",
      breaks: ["durable"],
      needs: ["nested crash"],
    },
  },
  (bug) => ({
    setup(directory) {
      directory.makeDirectory("tables");
      create(directory, "log", "", "synced");
    },
    workload(directory, run) {
      for (const [index, record] of ["one", "two"].entries()) {
        append(directory, "log", encodeRecord(record), "synced");
        run.ack(record, index + 1);
      }
    },
    recover(directory) {
      const fromTable = directory.exists("tables/1") ? scanRecords(directory.readFile("tables/1")).records : [];
      if (!directory.exists("log")) return fromTable;
      const { records } = scanRecords(directory.readFile("log"));
      const content = concat(records.map(encodeRecord));
      create(directory, "tables/1", content, bug === "log-removed-before-table-synced" ? "unsynced" : "synced");
      if (bug !== "log-removed-before-table-named") directory.syncNamesBlocking("tables");
      directory.remove("log");
      directory.syncNamesBlocking();
      return records;
    },
    check: (records, context) => demandPrefix(["one", "two"], records, context),
  }),
);

/** A file that says the index cannot be trusted. A start that finds it builds the index anew. */
export const dirtyFlag: CorpusProgram = defineProgram<
  readonly (string | undefined)[],
  "flag-removed-before-index-synced"
>(
  "index with a dirty flag",
  {
    "flag-removed-before-index-synced": {
      class: "repair not synced",
      origin: "caches with a clean-shutdown flag: the flag says clean before the rebuilt index is durable",
      does: "recovery removes the flag before the rebuilt index is synced",
      breaks: ["no garbage"],
      needs: ["nested crash"],
    },
  },
  (bug) => ({
    setup(directory) {
      create(directory, "data", "old", "synced");
      create(directory, "index", "old", "synced");
    },
    workload(directory, run) {
      create(directory, "dirty", "", "synced");
      directory.syncNamesBlocking();
      overwrite(directory, "data", 0, "new", "synced");
      run.ack("new", 1);
    },
    recover(directory) {
      const data = readText(directory, "data");
      if (directory.exists("dirty")) {
        overwrite(directory, "index", 0, data ?? "", bug === undefined ? "synced" : "unsynced");
        directory.remove("dirty");
        directory.syncNamesBlocking();
      }
      return [data, readText(directory, "index")];
    },
    check([data, index], context) {
      demandVersion(["old", "new"], data, context);
      demand("no garbage", index === data, `the index says ${index}, the data say ${data}`);
    },
  }),
);

type SwapId = "second-recovery-swaps-back";

/** A restart that must finish a swap of two files: the newer one becomes `active`, the older one `previous`. */
export const interruptedSwap: CorpusProgram = defineProgram<readonly (string | undefined)[], SwapId>(
  "swap finished at the next start",
  {
    "second-recovery-swaps-back": {
      class: "recovery not idempotent",
      origin: "A/B updates: a crash after the swap, before the request is gone, undoes the update",
      does: "recovery swaps whenever the request is there, whatever was done before",
      breaks: ["once"],
      needs: ["nested crash"],
    },
  },
  (bug) => ({
    setup(directory) {
      createRecord(directory, "slot-a", "old");
      createRecord(directory, "slot-b", "new");
      create(directory, "active", "a", "synced");
    },
    workload(directory, run) {
      createRecord(directory, "request", bug === undefined ? "use b" : "use the other one");
      directory.syncNamesBlocking();
      run.ack("requested", 1);
    },
    recover(directory) {
      const request = readRecord(directory, "request");
      const active = readText(directory, "active");
      if (request !== undefined) {
        replace(directory, "active", request === "use b" || active === "a" ? "b" : "a");
        directory.remove("request");
        directory.syncNamesBlocking();
      }
      return [readRecord(directory, `slot-${readText(directory, "active")}`)];
    },
    check([content], context) {
      demand("no garbage", content === "old" || content === "new", `the active slot says ${content}`);
      demand("once", content === "new" || ackedCount(context) === 0, "the update is undone");
    },
  }),
);

type MirrorId = "both-copies-at-once";

const blocks = ["old", "new"].map((label) => filler(label, 600));

/** Two copies of a block, written one after the other. Every start writes both anew, to make them alike. */
export const mirroredBlock: CorpusProgram = defineProgram<string | undefined, MirrorId>(
  "mirrored block",
  {
    "both-copies-at-once": {
      class: "crash in recovery",
      origin: "mirrored superblocks: the start writes both copies under one barrier, the only good one too",
      does: "recovery rewrites both copies before it syncs the first one",
      breaks: ["durable"],
      needs: ["nested crash"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const copy of ["copy-1", "copy-2"]) createRecord(directory, copy, blocks[0] ?? "");
    },
    workload(directory, run) {
      for (const copy of ["copy-1", "copy-2"]) createRecord(directory, copy, blocks[1] ?? "");
      run.ack("written", 1);
    },
    recover(directory) {
      const first = readRecord(directory, "copy-1");
      const best = first ?? readRecord(directory, "copy-2");
      if (best === undefined) return undefined;
      const order = first === undefined ? ["copy-1", "copy-2"] : ["copy-2", "copy-1"]; // the good one last
      const ending = bug === undefined ? "synced" : "unsynced";
      for (const copy of order) createRecord(directory, copy, best, ending);
      for (const copy of order) syncFile(directory, copy);
      return best;
    },
    check(found, context) {
      demand("durable", found !== undefined, "both copies are damaged");
      demandVersion(blocks, found, context);
    },
  }),
);
