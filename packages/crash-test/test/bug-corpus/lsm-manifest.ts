import type { Directory, FileHandle } from "@holdfast/fs-seam";
import type { MediaHandle } from "@holdfast/fs-seam/crash";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, createRecord, cut, readRecord, replace } from "./file-steps.js";
import { ackedCount, demand, refuse } from "./promises.js";

type ManifestId =
  | "edit-log-name-unsynced"
  | "edit-behind-tear"
  | "torn-edit-refused"
  | "blob-names-unsynced"
  | "table-names-unsynced";

/** The numbers of the tables that the edits leave, oldest first. */
function replayEdits(directory: Directory, bug?: string): number[] {
  if (!directory.exists("edits")) return [];
  const bytes = directory.readFile("edits");
  const { records, end } = scanRecords(bytes);
  if (end < bytes.length && bug === "torn-edit-refused") refuse(`the edits are damaged at ${end}`);
  if (end < bytes.length && bug !== "edit-behind-tear") cut(directory, "edits", end, "synced");
  const live: number[] = [];
  for (const edit of records) {
    for (const change of edit.split(" ")) {
      const number = Number(change.slice(1));
      if (change.startsWith("+")) live.push(number);
      else live.splice(live.indexOf(number), 1);
    }
  }
  return live;
}

/** Opens the tree: orphans go, and what the edits name must be there, table and blob. */
function openTree(directory: Directory, bug?: string): number[] {
  const live = replayEdits(directory, bug);
  for (const kind of ["tables", "blobs"]) {
    for (const { name } of directory.list(kind)) if (!live.includes(Number(name))) directory.remove(`${kind}/${name}`);
    directory.syncNamesBlocking(kind);
    for (const number of live) {
      const found = readRecord(directory, `${kind}/${number}`);
      demand("reference", found === `${kind} ${number}`, `the edits name ${kind}/${number}, which is not there`);
    }
  }
  return live;
}

function appendEdit(directory: Directory, edit: string, bug: string | undefined): void {
  const fresh = !directory.exists("edits");
  append(directory, "edits", encodeRecord(edit), "synced");
  if (fresh && bug !== "edit-log-name-unsynced") directory.syncNamesBlocking();
}

function flush(directory: Directory, number: number, bug: ManifestId | undefined): void {
  createRecord(directory, `blobs/${number}`, `blobs ${number}`);
  if (bug !== "blob-names-unsynced") directory.syncNamesBlocking("blobs");
  createRecord(directory, `tables/${number}`, `tables ${number}`);
  if (bug !== "table-names-unsynced") directory.syncNamesBlocking("tables");
  appendEdit(directory, `+${number}`, bug);
}

/** A tree whose manifest is a log of edits. Its process dies with half an edit written, and the next one goes on. */
export const lsmManifest: CorpusProgram = defineProgram<readonly number[], ManifestId>(
  "tables, blobs and a log of edits",
  {
    "edit-log-name-unsynced": {
      class: "missing names barrier",
      origin: "lsm-tree S2: the first edit creates the log, whose name is never synced; open finds an empty tree",
      does: "syncs the log of edits and not its name",
      breaks: ["durable"],
    },
    "edit-behind-tear": {
      class: "repair not synced",
      origin: "lsm-tree S3: a tolerated torn tail stays, and the next edit is appended behind it",
      does: "opens over a torn edit without cutting it",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
    "torn-edit-refused": {
      class: "legal crash refused",
      origin: "lsm-tree S6: an ordinary power cut during an edit makes the default mode refuse to open",
      does: "recovery refuses a torn last edit",
      breaks: ["recovers"],
      needs: ["fault in the run"],
    },
    "blob-names-unsynced": {
      class: "missing names barrier",
      origin: "lsm-tree S4: the blob file is synced, its directory is not, and a durable edit names it",
      does: "never syncs the names of the blobs",
      breaks: ["reference"],
    },
    "table-names-unsynced": {
      class: "missing names barrier",
      origin: "mutant of the above, for tables",
      does: "never syncs the names of the tables",
      breaks: ["reference"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const kind of ["tables", "blobs"]) directory.makeDirectory(kind);
    },
    workload(directory, run) {
      flush(directory, 1, bug);
      run.ack("table 1", 1);
      append(directory, "edits", encodeRecord("+2").subarray(0, 5), "unsynced");
      run.fs.processCrash();
      if (bug !== "torn-edit-refused") openTree(directory, bug);
      flush(directory, 2, bug);
      run.ack("table 2", 2);
    },
    recover: (directory) => openTree(directory, bug),
    check: (live, context) => demand("durable", live.length >= ackedCount(context), `${live.length} tables are left`),
  }),
  { nestedLevel: 1 },
);

type FailingId = "failed-edit-rolled-back" | "append-behind-short-write";

/** What the barrier should have written stays in the cache, and may reach the disk later. */
function failNextSync(handle: FileHandle): void {
  const fault = { kind: "failedSync", errno: "EIO", lost: "all", aftermath: "keep-dirty" } as const;
  (handle as MediaHandle).armMediaFault(fault);
}

/** An edit fails. The engine either stops, or must undo the edit on the disk before it goes on. */
export const failingEdit: CorpusProgram = defineProgram<readonly number[], FailingId>(
  "an edit that fails",
  {
    "failed-edit-rolled-back": {
      class: "failed barrier",
      origin: "lsm-tree S17: the edit is rolled back in memory, its table deleted, its bytes stay in the log",
      does: "goes on after the barrier of an edit has failed, without the table that edit names",
      breaks: ["reference"],
      needs: ["fault in the run"],
    },
    "append-behind-short-write": {
      class: "log format",
      origin: "lsm-tree S20, batpak D-4: an append runs out of space, and the next one goes behind its torn bytes",
      does: "appends behind the bytes of an edit that could not be written whole",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const kind of ["tables", "blobs"]) directory.makeDirectory(kind);
      for (const kind of ["tables", "blobs"]) createRecord(directory, `${kind}/1`, `${kind} 1`);
      createRecord(directory, "edits", "+1");
    },
    workload(directory, run) {
      run.ack("table 1", 1);
      const before = directory.stat("edits").size;
      append(directory, "edits", encodeRecord("+2").subarray(0, 9), "unsynced"); // and there is no more space
      if (bug !== "append-behind-short-write") cut(directory, "edits", before, "synced");
      flush(directory, 2, undefined);
      run.ack("table 2", 2);

      for (const kind of ["tables", "blobs"]) createRecord(directory, `${kind}/3`, `${kind} 3`);
      for (const kind of ["tables", "blobs"]) directory.syncNamesBlocking(kind);
      using handle = directory.open("edits", { mode: "append" });
      handle.append(encodeRecord("+3"));
      failNextSync(handle);
      try {
        handle.syncBlocking("data");
      } catch {
        if (bug !== "failed-edit-rolled-back") return; // poisoned: whoever opens next decides
        for (const kind of ["tables", "blobs"]) directory.remove(`${kind}/3`);
        flush(directory, 4, undefined);
        run.ack("table 4", 3);
      }
    },
    recover: (directory) => openTree(directory),
    check: (live, context) => demand("durable", live.length >= ackedCount(context), `${live.length} tables are left`),
  }),
  { nestedLevel: 1 },
);

type LinkedId = "pointer-before-tables" | "cut-before-edit-durable" | "removed-before-edit-durable";

interface Copies {
  readonly checkpoint: string | undefined;
  readonly tree: string | undefined;
}

/** A checkpoint links the newer table of a tree and says so last; then the tree drops the older one. */
export const linkedCheckpoint: CorpusProgram = defineProgram<Copies, LinkedId>(
  "checkpoint by links",
  {
    "pointer-before-tables": {
      class: "checkpoint, prune, manifest",
      origin: "lsm-tree S5: the checkpoint holds a valid pointer before the names of its tables are durable",
      does: "writes the pointer of the checkpoint, then syncs the names of its tables",
      breaks: ["reference"],
    },
    "cut-before-edit-durable": {
      class: "unlink before link",
      origin: "lsm-tree: an obsolete table is cut to nothing at once and unlinked in the background",
      does: "cuts the old table before the manifest that no longer names it is durable",
      breaks: ["durable"],
    },
    "removed-before-edit-durable": {
      class: "checkpoint, prune, manifest",
      origin: "lsm-tree crash window 6, the wrong way round: inputs go before the edit that replaces them is durable",
      does: "removes the old table before the manifest that no longer names it is durable",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    setup(directory) {
      directory.makeDirectory("checkpoint");
      directory.makeDirectory("checkpoint/tables");
      directory.makeDirectory("tables");
      createRecord(directory, "tables/1", "content");
      createRecord(directory, "tables/2", "content");
      createRecord(directory, "manifest", "1");
    },
    workload(directory, run) {
      directory.link("tables/2", "checkpoint/tables/2");
      if (bug !== "pointer-before-tables") directory.syncNamesBlocking("checkpoint/tables");
      replace(directory, "checkpoint/pointer", encodeRecord("2"));
      directory.syncNamesBlocking("checkpoint/tables");
      run.ack("checkpoint", 1);
      const dropTable = (): void => {
        directory.remove("tables/1");
        directory.syncNamesBlocking("tables");
      };
      if (bug === "removed-before-edit-durable") dropTable();
      if (bug === "cut-before-edit-durable") cut(directory, "tables/1", 0, "unsynced");
      replace(directory, "manifest", encodeRecord("2"));
      if (bug !== "removed-before-edit-durable") dropTable();
    },
    recover(directory) {
      const at = (root: string, pointer: string | undefined): string | undefined =>
        pointer === undefined ? undefined : (readRecord(directory, `${root}tables/${pointer}`) ?? "missing");
      const pointer = readRecord(directory, "checkpoint/pointer");
      const table = readRecord(directory, "manifest");
      return { checkpoint: at("checkpoint/", pointer), tree: at("", table) };
    },
    check({ checkpoint, tree }, { acked }) {
      demand("reference", checkpoint !== "missing", "the checkpoint names a table that is not there");
      demand("durable", checkpoint === "content" || !acked("checkpoint"), "the checkpoint is gone");
      demand("durable", tree === "content", "the tree has lost its table");
    },
  }),
);
