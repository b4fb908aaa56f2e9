import type { Directory, FileHandle } from "@holdfast/fs-seam";
import type { MediaHandle } from "@holdfast/fs-seam/crash";
import type { WorkloadRun } from "../../src/index.js";
import { readText } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, create, createRecord, readRecord, syncFile } from "./file-steps.js";
import { demandPrefix, demandVersion } from "./promises.js";

/** The next barrier of this handle fails, once. What it should have written counts as clean, and is lost. */
function failNextSync(handle: FileHandle): void {
  (handle as MediaHandle).armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
}

function syncs(handle: FileHandle): boolean {
  try {
    handle.syncBlocking("data");
    return true;
  } catch {
    return false;
  }
}

/** A log with a change of the data, and a checkpoint whose barrier fails. */
export const failingCheckpoint: CorpusProgram = defineProgram<string | undefined, "checkpoint-sync-retried">(
  "checkpoint with a failing barrier",
  {
    "checkpoint-sync-retried": {
      class: "failed barrier",
      origin: "PostgreSQL, fsyncgate: the checkpoint tries fsync again, succeeds, and the log is recycled",
      does: "syncs the data again after the barrier has failed, and removes the log",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "data", "version 0", "synced"),
    workload(directory, run) {
      createRecord(directory, "log", "version 1");
      directory.syncNamesBlocking();
      run.ack("version 1", 1);
      using data = directory.open("data", { mode: "write" });
      data.writeAt(new TextEncoder().encode("version 1"), 0);
      failNextSync(data);
      if (!syncs(data)) {
        if (bug === undefined) return; // the log stays: it is the only copy
        syncFile(directory, "data");
      }
      directory.remove("log");
      directory.syncNamesBlocking();
    },
    recover: (directory) => readRecord(directory, "log") ?? readText(directory, "data"),
    check: (found, context) => demandVersion(["version 0", "version 1"], found, context),
  }),
);

type SharedId = "background-failure-swallowed" | "read-back-believed";

const history = ["first", "second"];

/** Everything again, in another file, whose barrier says the truth. */
function startAnew(directory: Directory): void {
  create(directory, "log-2", encodeRecord(history[0] ?? ""), "unsynced");
  append(directory, "log-2", encodeRecord(history[1] ?? ""), "synced");
  directory.syncNamesBlocking();
}

/** One handle writes back in the background, another one commits. The barrier of the background fails. */
export const twoHandles: CorpusProgram = defineProgram<readonly string[], SharedId>(
  "commit and background write-back",
  {
    "background-failure-swallowed": {
      class: "failed barrier",
      origin: "durability wal 17.6: a barrier through a fresh handle misses the error that another one was told",
      does: "drops the failure of the background barrier and believes its own, which succeeds",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
    "read-back-believed": {
      class: "failed barrier",
      origin: "fsync failures on Linux 6.18: the cache shows bytes that no disk has",
      does: "reads the records back after the failure, finds them, and takes them for stored",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      using background = directory.open("log", { mode: "append", create: "exclusive" });
      directory.syncNamesBlocking();
      for (const record of history) append(directory, "log", encodeRecord(record), "unsynced");
      failNextSync(background);
      if (!syncs(background)) {
        const seen = scanRecords(directory.readFile("log")).records.length;
        if (bug === "background-failure-swallowed") syncFile(directory, "log");
        else if (bug !== "read-back-believed" || seen < history.length) startAnew(directory);
      }
      run.ack("both", 2);
    },
    recover(directory) {
      const logs = ["log-2", "log"].filter((name) => directory.exists(name));
      const found = logs.map((name) => scanRecords(directory.readFile(name)).records);
      return found.toSorted((a, b) => b.length - a.length)[0] ?? [];
    },
    check: (records, context) => demandPrefix(history, records, context),
  }),
);

type SaveId = "temp-reused-after-failure" | "names-failure-ignored";

const documents = ["document 0", "document 1"];

function saveOnce(directory: Directory, run: WorkloadRun, bug: SaveId | undefined): void {
  using handle = directory.open("doc.tmp", { mode: "write", create: "if-missing", truncate: true });
  handle.writeAt(new TextEncoder().encode(documents[1]), 0);
  failNextSync(handle);
  if (!syncs(handle)) {
    if (bug === "temp-reused-after-failure") syncFile(directory, "doc.tmp");
    else {
      directory.remove("doc.tmp");
      create(directory, "doc.tmp", documents[1] ?? "", "synced");
    }
  }
  directory.rename("doc.tmp", "doc");
  run.fs.media.armNamesFault("/", { kind: "failedSync", errno: "EIO", lost: "all" });
  try {
    directory.syncNamesBlocking();
  } catch {
    if (bug !== "names-failure-ignored") return; // outcome unknown, so nothing is promised
  }
  run.ack("saved", 1);
}

/** A save whose barriers fail: first that of the bytes, then that of the name. */
export const failingSave: CorpusProgram = defineProgram<string | undefined, SaveId>(
  "save with failing barriers",
  {
    "temp-reused-after-failure": {
      class: "failed barrier",
      origin: "atomic save libraries that retry: the temporary file is synced again, not written again",
      does: "syncs the same temporary file again after its barrier has failed, and renames it",
      breaks: ["atomic"],
      needs: ["fault in the run"],
    },
    "names-failure-ignored": {
      class: "failed barrier",
      origin: "atomic save libraries that sync the directory in a catch-all, because Windows cannot",
      does: "acknowledges although the names barrier has failed",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "doc", documents[0] ?? "", "synced"),
    workload: (directory, run) => saveOnce(directory, run, bug),
    recover: (directory) => readText(directory, "doc"),
    check: (found, context) => demandVersion(documents, found, context),
  }),
);

type RotatedId = "failed-segment-closed-and-forgotten";

/** The barrier of a full segment fails while the next one is begun. */
export const failingRotation: CorpusProgram = defineProgram<readonly string[], RotatedId>(
  "rotation with a failing barrier",
  {
    "failed-segment-closed-and-forgotten": {
      class: "failed barrier",
      origin: "durability wal 17.12: after a failed barrier, the next one reports success",
      does: "rotates away from the segment whose barrier has failed, and acknowledges behind it",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      using first = directory.open("segment-1", { mode: "append", create: "exclusive" });
      directory.syncNamesBlocking();
      first.append(encodeRecord(history[0] ?? ""));
      failNextSync(first);
      const rest = syncs(first) || bug !== undefined ? history.slice(1) : history;
      create(directory, "segment-2", "", "unsynced");
      directory.syncNamesBlocking();
      for (const record of rest) append(directory, "segment-2", encodeRecord(record), "synced");
      run.ack("both", 2);
    },
    recover(directory) {
      const first = directory.exists("segment-1") ? scanRecords(directory.readFile("segment-1")).records : [];
      const second = directory.exists("segment-2") ? scanRecords(directory.readFile("segment-2")).records : [];
      const whole = second[0] === history[0] ? second : [...first, ...second];
      return whole[0] === history[0] ? whole : [];
    },
    check: (records, context) => demandPrefix(history, records, context),
  }),
);
