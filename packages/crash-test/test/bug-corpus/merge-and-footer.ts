import type { Directory } from "@holdfast/fs-seam";
import { crc32 } from "node:zlib";
import { filler, readText } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { append, concat, create, replace, syncFile } from "./file-steps.js";
import { ackedCount, demand, demandPrefix, refuse } from "./promises.js";

type MergeId = "merged-file-trusted" | "leftover-source-removed" | "marker-before-merged-sync";

const events = [filler("event 1", 500), "event 2"];

function finishMerge(directory: Directory): void {
  for (const name of ["segment-1.source", "segment-2"]) directory.removeIfPresent(name);
  directory.syncNamesBlocking();
  directory.removeIfPresent("merged");
  directory.syncNamesBlocking();
}

function merge(directory: Directory, bug: MergeId | undefined): void {
  directory.rename("segment-1", "segment-1.source");
  directory.syncNamesBlocking();
  create(directory, "segment-1", concat(events.map(encodeRecord)), "unsynced");
  const mark = (): void => replace(directory, "merged", "yes");
  if (bug === "marker-before-merged-sync") mark();
  syncFile(directory, "segment-1");
  directory.syncNamesBlocking();
  if (bug !== "marker-before-merged-sync") mark();
  finishMerge(directory);
}

function recoverMerge(directory: Directory, bug: MergeId | undefined): void {
  const leftover = directory.exists("segment-1.source");
  if (readText(directory, "merged") === "yes") finishMerge(directory);
  else if (leftover && bug === "merged-file-trusted" && directory.exists("segment-1")) finishMerge(directory);
  else if (leftover && bug === "leftover-source-removed") directory.remove("segment-1.source");
  else if (leftover) directory.rename("segment-1.source", "segment-1");
  directory.syncNamesBlocking();
}

/** Two segments become one, at the name of the first. A marker says when the merged one counts. */
export const mergeSegments: CorpusProgram = defineProgram<readonly string[], MergeId>(
  "merging segments",
  {
    "merged-file-trusted": {
      class: "temporary file adopted",
      origin: "batpak D-12: a half-written merged file at its final name is taken for the finished merge",
      does: "recovery takes the merged segment for whole when there is no marker",
      breaks: ["durable"],
    },
    "leftover-source-removed": {
      class: "checkpoint, prune, manifest",
      origin: "batpak D-30: what a crashed compaction moved aside is removed before it is used",
      does: "recovery removes the source that was moved aside, the only complete copy",
      breaks: ["durable", "prefix"],
    },
    "marker-before-merged-sync": {
      class: "order of file operations",
      origin: "mutant of the above: the commit marker is durable before what it commits",
      does: "sets the marker before the merged segment is synced",
      breaks: ["durable"],
    },
  },
  (bug) => ({
    setup(directory) {
      events.forEach((event, index) => create(directory, `segment-${index + 1}`, encodeRecord(event), "synced"));
    },
    workload(directory, run) {
      run.ack("stored", events.length);
      merge(directory, bug);
    },
    recover(directory) {
      recoverMerge(directory, bug);
      const found = ["segment-1", "segment-2"].flatMap((name) =>
        directory.exists(name) ? scanRecords(directory.readFile(name)).records : [],
      );
      return [...new Set(found)];
    },
    check: (found, context) => demandPrefix(events, found, context),
  }),
);

type FooterId = "row-count-unchecked" | "rows-trusted-over-frames";

const footerMagic = "FOOTER!!";
/** The last frame reaches over a whole sector; checksum and count of the footer end with the third one. */
const frames = ["frame 1", "frame 2", filler("frame 3", 2 * 512 + 492 - 2 * 15 - 8)];

/** Where frames begin: a row for each, the checksum of rows and count, the count, the magic. */
function footerOf(offsets: readonly number[], careless: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(offsets.length * 4 + 16));
  offsets.forEach((offset, index) => view.setUint32(index * 4, offset, true));
  const rows = new Uint8Array(view.buffer, 0, offsets.length * 4);
  view.setUint32(rows.length, careless ? crc32(rows) : crc32(rows, offsets.length), true);
  view.setUint32(rows.length + 4, offsets.length, true);
  new Uint8Array(view.buffer).set(new TextEncoder().encode(footerMagic), rows.length + 8);
  return new Uint8Array(view.buffer);
}

/** The frames by the footer, or undefined when there is none to be trusted. */
function readByFooter(bytes: Uint8Array, bug: FooterId | undefined): string[] | undefined {
  if (bytes.length < 16 || new TextDecoder().decode(bytes.subarray(-8)) !== footerMagic) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [sum, count] = [view.getUint32(bytes.length - 16, true), view.getUint32(bytes.length - 12, true)];
  const start = bytes.length - 16 - count * 4;
  if (start < 0) return undefined;
  const rows = bytes.subarray(start, bytes.length - 16);
  if (sum !== (bug === "row-count-unchecked" ? crc32(rows) : crc32(rows, count))) return undefined;
  const offsets = Array.from({ length: count }, (_, index) => view.getUint32(start + index * 4, true));
  const careless = bug === "rows-trusted-over-frames" ? "no-checksum" : undefined;
  const found = offsets.flatMap((offset) => scanRecords(bytes, careless, offset).records.slice(0, 1));
  const covered = found.length === count && (count > 0 || bug === "row-count-unchecked");
  return covered ? found : undefined;
}

/** A sealed segment carries where its frames begin. The footer is a shortcut; the frames are the truth. */
export const segmentFooter: CorpusProgram = defineProgram<readonly string[], FooterId>(
  "segment with a footer",
  {
    "row-count-unchecked": {
      class: "torn write",
      origin: "batpak D-31: the row count is outside the checksum; a count of 0 hides every event",
      does: "recovery trusts a footer whose count the checksum does not cover",
      breaks: ["durable"],
      needs: ["torn sectors"],
    },
    "rows-trusted-over-frames": {
      class: "log format",
      origin: "batpak D-37: the footer is there before the frames are, and nobody looks at the frames",
      does: "recovery returns what the rows point at without comparing checksums of frames",
      breaks: ["no garbage"],
      needs: ["torn sectors"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "segment", "", "synced"),
    workload(directory, run) {
      const offsets: number[] = [];
      for (const frame of frames) {
        offsets.push(directory.stat("segment").size);
        append(directory, "segment", encodeRecord(frame), "unsynced");
      }
      if (bug !== "rows-trusted-over-frames") {
        syncFile(directory, "segment");
        run.ack("frames", frames.length);
      }
      append(directory, "segment", footerOf(offsets, bug === "row-count-unchecked"), "synced");
      run.ack("sealed", frames.length);
    },
    recover(directory) {
      const bytes = directory.readFile("segment");
      return readByFooter(bytes, bug) ?? scanRecords(bytes).records;
    },
    check: (found, context) => demandPrefix(frames, found, context),
  }),
);

type PageId = "highest-checkpoint-trusted" | "checkpoint-before-snapshot";

/** Checkpoints are numbered; the newest that is whole counts, and one older is kept. */
export const numberedCheckpoints: CorpusProgram = defineProgram<number, PageId>(
  "numbered checkpoints",
  {
    "highest-checkpoint-trusted": {
      class: "checkpoint, prune, manifest",
      origin: "durability wal 17.9: a damaged checkpoint does not fall back to the one before",
      does: "recovery takes the highest number, whole or not",
      breaks: ["recovers"],
    },
    "checkpoint-before-snapshot": {
      class: "checkpoint, prune, manifest",
      origin: "mutant of the above: the older one goes before the newer one is durable",
      does: "removes the older checkpoint before the names of the newer one are durable",
      breaks: ["recovers"],
    },
  },
  (bug) => ({
    setup: (directory) => create(directory, "checkpoint-1", encodeRecord("state 1"), "synced"),
    workload(directory, run) {
      create(directory, "checkpoint-2", encodeRecord("state 2"), "synced");
      if (bug === "checkpoint-before-snapshot") directory.remove("checkpoint-1");
      directory.syncNamesBlocking();
      run.ack("state 2", 2);
      directory.removeIfPresent("checkpoint-1");
      directory.syncNamesBlocking();
    },
    recover(directory) {
      const newestFirst = [2, 1].filter((number) => directory.exists(`checkpoint-${number}`));
      const tried = bug === "highest-checkpoint-trusted" ? newestFirst.slice(0, 1) : newestFirst;
      for (const number of tried) {
        const [state] = scanRecords(directory.readFile(`checkpoint-${number}`)).records;
        if (state !== undefined) return Number(state.slice("state ".length));
      }
      return refuse("there is no checkpoint to start from");
    },
    check: (state, context) => demand("durable", state >= ackedCount(context), `the state is ${state}`),
  }),
);
