import type { Directory } from "@holdfast/fs-seam";
import { filler } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, create, createRecord, cut, readRecord, replace } from "./file-steps.js";
import { ackedCount, demand, demandPrefix, refuse } from "./promises.js";

type SessionId = "torn-tail-left" | "short-header-refused" | "crc-mismatch-refused" | "zero-tail-refused";

const header = "SESSION.";
const history = ["first", filler("second", 700)];

/** The segments of earlier sessions, oldest first. */
function segmentsOf(directory: Directory): string[] {
  return directory.list().flatMap(({ name }) => (name.startsWith("session-") ? [name] : []));
}

/** What one segment holds. Only the newest may end in something else than a record. */
function readSegment(directory: Directory, name: string, newest: boolean, bug: SessionId | undefined): string[] {
  const bytes = directory.readFile(name);
  const written = new TextDecoder().decode(bytes.subarray(0, header.length));
  if (written !== header) {
    if (!newest || bug === "short-header-refused") refuse(`${name} has no header`);
    directory.remove(name); // it was never finished
    directory.syncNamesBlocking();
    return [];
  }
  const { records, end } = scanRecords(bytes, undefined, header.length);
  if (end === bytes.length) return records;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(Math.min(end, bytes.length - 4), true);
  const complete = end + 8 + length <= bytes.length;
  if (!newest) refuse(`${name} is damaged at ${end}, and is not the newest`);
  if (complete && length > 0 && bug === "crc-mismatch-refused") refuse(`${name} has a wrong checksum at ${end}`);
  if (length === 0 && bug === "zero-tail-refused") refuse(`${name} has a record of no bytes at ${end}`);
  if (bug !== "torn-tail-left") cut(directory, name, end, "synced");
  return records;
}

function openSession(directory: Directory, bug: SessionId | undefined): string[] {
  const segments = segmentsOf(directory);
  const records = segments.flatMap((name, index) => readSegment(directory, name, index === segments.length - 1, bug));
  const last = segmentsOf(directory).at(-1) ?? "session-0";
  create(directory, `session-${Number(last.slice("session-".length)) + 1}`, header, "synced");
  directory.syncNamesBlocking();
  return records;
}

/** Every start of the program begins a segment of its own, so none is written to by two. */
export const sessions: CorpusProgram = defineProgram<readonly string[], SessionId>(
  "a segment for every session",
  {
    "torn-tail-left": {
      class: "repair not synced",
      origin: "batpak D-27: a torn tail is tolerated once, never removed, and refused when it is no longer the newest",
      does: "leaves the torn tail of the last session where it is",
      breaks: ["recovers"],
      needs: ["nested crash"],
    },
    "short-header-refused": {
      class: "legal crash refused",
      origin: "batpak D-29: a newest segment shorter than its header makes every later open fail",
      does: "recovery refuses a segment whose creation was cut off",
      breaks: ["recovers"],
    },
    "crc-mismatch-refused": {
      class: "legal crash refused",
      origin: "durability wal 17.1: only damage in the shape of a cut is taken for a torn tail",
      does: "recovery refuses a last record of full length whose middle never arrived",
      breaks: ["recovers"],
      needs: ["torn sectors"],
    },
    "zero-tail-refused": {
      class: "legal crash refused",
      origin: "lsm-tree S21: the torn tail of delayed allocation, length without bytes, is refused",
      does: "recovery refuses a tail of zeros",
      breaks: ["recovers"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      openSession(directory, bug);
      history.forEach((entry, index) => {
        append(directory, "session-1", encodeRecord(entry), "synced");
        run.ack(`entry ${index + 1}`, index + 1);
      });
    },
    recover: (directory) => openSession(directory, bug),
    check: (records, context) => demandPrefix(history, records, context),
  }),
);

/** A batch says how many records belong to it. It counts when all of them are there. */
function readBatches(directory: Directory, acrossFiles: boolean): string[] {
  const found: string[] = [];
  let open: string[] | undefined;
  let due = 0;
  for (const name of segmentsOf(directory)) {
    if (!acrossFiles) open = undefined;
    for (const record of scanRecords(directory.readFile(name)).records) {
      if (record.startsWith("batch of ")) [open, due] = [[], Number(record.slice("batch of ".length))];
      else if (open === undefined) found.push(record);
      else if (open.push(record) === due) {
        found.push(...open);
        open = undefined;
      }
    }
  }
  return found;
}

/** The process dies in the middle of a batch; the next one goes on in a segment of its own. */
export const batchAndNextSession: CorpusProgram = defineProgram<readonly string[], "batch-crosses-files">(
  "a batch cut off by the end of its process",
  {
    "batch-crosses-files": {
      class: "atomicity across calls",
      origin: "batpak D-28: the batch that a crash left open swallows the first events of the next segment",
      does: "recovery keeps an open batch open at the end of a file",
      breaks: ["durable"],
      needs: ["fault in the run"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      createRecord(directory, "session-1", "one", "synced");
      directory.syncNamesBlocking();
      run.ack("one", 1);
      for (const record of ["batch of 3", "two"]) append(directory, "session-1", encodeRecord(record), "unsynced");
      run.fs.processCrash();
      createRecord(directory, "session-2", "three", "synced");
      directory.syncNamesBlocking();
      run.ack("three", 2);
    },
    recover: (directory) => readBatches(directory, bug === "batch-crosses-files"),
    check: (records, context) => demandPrefix(["one", "three"], records, context),
  }),
);

interface Delivery {
  readonly records: readonly string[];
  readonly delivered: readonly string[];
}

/** A consumer remembers how far it came. After a crash one more event is stored, and must reach it. */
export const eventsAndCursor: CorpusProgram = defineProgram<Delivery, "cursor-ahead-of-log">(
  "events and a cursor",
  {
    "cursor-ahead-of-log": {
      class: "checkpoint, prune, manifest",
      origin: "batpak D-5, D-26: the position of a reader is durable before the events it has read",
      does: "stores the cursor behind an event that is not synced",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    setup(directory) {
      create(directory, "events", encodeRecord("event 1"), "synced");
      create(directory, "cursor", "1", "synced");
    },
    workload(directory, run) {
      append(directory, "events", encodeRecord("event 2"), bug === undefined ? "synced" : "unsynced");
      replace(directory, "cursor", "2"); // event 2 is delivered
      cut(directory, "events", directory.stat("events").size, "synced");
      run.ack("delivered", 2);
    },
    recover(directory) {
      const { records, end } = scanRecords(directory.readFile("events"));
      cut(directory, "events", end, "synced");
      const fresh = `event ${records.length + 1}, after the crash`;
      append(directory, "events", encodeRecord(fresh), "synced");
      const all = [...records, fresh];
      return { records: all, delivered: all.slice(Number(new TextDecoder().decode(directory.readFile("cursor")))) };
    },
    check({ records, delivered }, context) {
      demand("durable", records.length > ackedCount(context), "an acknowledged event is gone");
      demand("durable", delivered.includes(records.at(-1) ?? ""), "the event after the crash is never delivered");
    },
  }),
);

type OrphanId = "orphan-blocks-name";

function flushTable(directory: Directory, bug: OrphanId | undefined): number {
  const live = (readRecord(directory, "manifest") ?? "").split(",").map(Number);
  const number = Math.max(...live) + 1;
  for (const { name } of directory.list("tables")) {
    if (bug === undefined && !live.includes(Number(name))) directory.remove(`tables/${name}`);
  }
  if (directory.exists(`tables/${number}`)) refuse(`tables/${number} exists already`);
  createRecord(directory, `tables/${number}`, `table ${number}`);
  directory.syncNamesBlocking("tables");
  replace(directory, "manifest", encodeRecord([...live, number].join(",")));
  return number;
}

/** Tables are created exclusively, under the next number after the last one in the manifest. */
export const tablesByNumber: CorpusProgram = defineProgram<number, OrphanId>(
  "tables by number",
  {
    "orphan-blocks-name": {
      class: "legal crash refused",
      origin: "lsm-tree S18: a leftover of the name that comes next blocks every later flush",
      does: "recovery does not remove a table that the manifest does not name, and wants its name",
      breaks: ["recovers"],
    },
  },
  (bug) => ({
    setup(directory) {
      directory.makeDirectory("tables");
      createRecord(directory, "tables/1", "table 1");
      createRecord(directory, "manifest", "1");
    },
    workload(directory, run) {
      flushTable(directory, bug);
      run.ack("table 2", 2);
    },
    recover: (directory) => flushTable(directory, bug),
    check: (number, context) => demand("durable", number > ackedCount(context), `the next table has number ${number}`),
  }),
);
