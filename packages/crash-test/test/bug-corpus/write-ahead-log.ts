import type { Directory } from "@holdfast/fs-seam";
import { filler, sectorBytes } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, concat, create, createRecord, overwrite, readRecord, syncFile } from "./file-steps.js";
import { ackedCount, demand, demandPrefix, refuse } from "./promises.js";

type RotationId = "previous-segment-unsynced" | "log-directory-name-unsynced" | "recycled-name-unsynced";

/** Every record fills a sector and begins with its number. */
const recordOf = (number: number): string => filler(`${number}`, sectorBytes - 8);
const history = [1, 2, 3, 4].map(recordOf);

/** The records of all segments in the order of their names. Holes are not looked for. */
function readSegments(directory: Directory): string[] {
  if (!directory.exists("wal")) return [];
  const names = directory.list("wal").flatMap(({ name }) => (name.startsWith("segment-") ? [name] : []));
  return names.flatMap((name) => scanRecords(directory.readFile(`wal/${name}`)).records);
}

/** A log in a directory of its own. Two records fill a segment; the second segment is an old file under another name. */
export const writeAheadLog: CorpusProgram = defineProgram<readonly string[], RotationId>(
  "write-ahead log in segments",
  {
    "previous-segment-unsynced": {
      class: "unsynced log",
      origin:
        "durability wal 17.2: after a rotation only the fresh segment is synced, and the loss is not even an error",
      does: "syncs the segment it writes to, and never the one before it",
      breaks: ["prefix"],
    },
    "log-directory-name-unsynced": {
      class: "missing names barrier",
      origin:
        "durability wal 17.5: the directory of the log is created, its parent never synced; recovery finds nothing",
      does: "never syncs the names above the directory of the log",
      breaks: ["durable"],
    },
    "recycled-name-unsynced": {
      class: "missing names barrier",
      origin: "durability wal 17.5: a segment is used again under another name, which is never synced",
      does: "acknowledges records in a recycled segment whose rename is not durable",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    workload(directory, run) {
      directory.makeDirectory("wal");
      if (bug !== "log-directory-name-unsynced") directory.syncNamesBlocking();
      for (const name of ["segment-1", "spare"]) create(directory, `wal/${name}`, "", "synced");
      directory.syncNamesBlocking("wal");
      for (const record of history.slice(0, 2)) append(directory, "wal/segment-1", encodeRecord(record), "unsynced");
      if (bug !== "previous-segment-unsynced") syncFile(directory, "wal/segment-1");
      directory.rename("wal/spare", "wal/segment-2");
      if (bug !== "recycled-name-unsynced") directory.syncNamesBlocking("wal");
      for (const record of history.slice(2)) append(directory, "wal/segment-2", encodeRecord(record), "synced");
      run.ack("four records", 4);
    },
    recover: (directory) => readSegments(directory),
    check: (records, context) => demandPrefix(history, records, context),
  }),
);

/** Segments below the checkpoint go. They hold records 1-2, 3-4 and 5-6; the checkpoint stands at 4. */
export const pruning: CorpusProgram = defineProgram<readonly number[], "hole-below-checkpoint-refused">(
  "pruning behind a checkpoint",
  {
    "hole-below-checkpoint-refused": {
      class: "legal crash refused",
      origin: "durability wal 17.10: the removal of a later segment persists, that of an earlier one does not",
      does: "recovery demands that no number is missing, also below the checkpoint",
      breaks: ["recovers"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const first of [1, 3, 5]) createRecord(directory, `segment-${first}`, `${first} ${first + 1}`);
      createRecord(directory, "checkpoint", "4");
    },
    workload(directory, run) {
      for (const first of [1, 3]) directory.remove(`segment-${first}`);
      directory.syncNamesBlocking();
      run.ack("pruned");
    },
    recover(directory) {
      const checkpoint = Number(readRecord(directory, "checkpoint"));
      const names = directory.list().flatMap(({ name }) => (name.startsWith("segment-") ? [name] : []));
      const found = names.flatMap((name) => (readRecord(directory, name) ?? "").split(" ").map(Number));
      const needed = bug === undefined ? found.filter((number) => number > checkpoint) : found;
      needed.forEach((number, index) => {
        if (index > 0 && number !== (needed[index - 1] ?? 0) + 1) refuse(`${number} follows ${needed[index - 1]}`);
      });
      return needed;
    },
    check: (needed) =>
      demand(
        "durable",
        [5, 6].every((number) => needed.includes(number)),
        "records are gone",
      ),
  }),
);

const slotCount = 4;
const ringSlotBytes = 2 * sectorBytes;
const laps = [0, 1].map((lap) =>
  Array.from({ length: slotCount }, (_, slot) => filler(`${lap} ${slot}`, ringSlotBytes - 8)),
);

type RingId = "slot-gap-ignored" | "lap-ignored" | "number-outside-checksum";

function readSlot(bytes: Uint8Array, bug: RingId | undefined): string | undefined {
  return scanRecords(bytes, bug === "number-outside-checksum" ? "no-checksum" : undefined).records[0];
}

/** The records of the present lap: those whose slot says so, up to the first that says something else. */
function readRing(directory: Directory, bug: RingId | undefined): string[] {
  const bytes = directory.readFile("ring");
  const slots = Array.from({ length: slotCount }, (_, slot) =>
    readSlot(bytes.subarray(slot * ringSlotBytes, (slot + 1) * ringSlotBytes), bug),
  );
  const lap = slots[0]?.split(" ")[0];
  const found: string[] = [];
  for (const slot of slots) {
    const belongs = slot !== undefined && (bug === "lap-ignored" || slot.split(" ")[0] === lap);
    if (!belongs && bug !== "slot-gap-ignored") break;
    if (belongs) found.push(slot);
  }
  return found;
}

/** Slots of two sectors that are written over lap by lap. A barrier follows every second one. */
export const ringLog: CorpusProgram = defineProgram<readonly string[], RingId>(
  "ring of slots",
  {
    "slot-gap-ignored": {
      class: "log format",
      origin: "durability wal 17.4: frames are valid one by one, nothing chains them; frames behind a tear come back",
      does: "recovery skips a slot that is no record of this lap and reads on",
      breaks: ["prefix"],
      needs: ["torn sectors"],
    },
    "lap-ignored": {
      class: "stale records",
      origin: "durability wal 17.4: frames of an earlier life of the file are accepted",
      does: "recovery reads on into the lap before",
      breaks: ["no garbage", "prefix"],
    },
    "number-outside-checksum": {
      class: "log format",
      origin: "durability wal 17.4: the checksum covers less than the record",
      does: "recovery believes a slot whose second sector is of the lap before",
      breaks: ["no garbage"],
      needs: ["torn sectors"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "ring", concat((laps[0] ?? []).map(encodeRecord)), "synced"),
    workload(directory, run) {
      (laps[1] ?? []).forEach((text, slot) => {
        overwrite(
          directory,
          "ring",
          slot * ringSlotBytes,
          encodeRecord(text),
          slot === 0 || slot % 2 === 1 ? "synced" : "unsynced",
        );
        if (slot % 2 === 1) run.ack(`slot ${slot}`, slot + 1);
      });
    },
    recover: (directory) => readRing(directory, bug),
    check(found, context) {
      if (ackedCount(context) === 0 && (found[0] ?? "0").startsWith("0")) return; // the lap before, or a torn start of this one
      demandPrefix(laps[1] ?? [], found, context);
    },
  }),
);
