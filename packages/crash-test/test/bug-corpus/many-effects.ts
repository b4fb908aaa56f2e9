import type { Directory, FileHandle } from "@holdfast/fs-seam";
import { crc32 } from "node:zlib";
import { filler, sectorBytes } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";
import { defineProgram, type CorpusProgram } from "./bug.js";
import { create } from "./file-steps.js";
import { ackedCount, demand } from "./promises.js";

/**
 * Programs with hundreds of effects between two barriers: no search can look at every combination, so what finds these
 * bugs is a rule about which combinations are worth a look. Every block lies on a page of its own.
 */

const strideBytes = 4096;

function writeBlock(handle: FileHandle, index: number, text: string): void {
  handle.writeAt(encodeRecord(text), index * strideBytes);
}

/** The record of one block, or undefined when it never arrived. */
function readBlock(handle: FileHandle, index: number): string | undefined {
  const bytes = new Uint8Array(sectorBytes);
  handle.readAt(bytes, index * strideBytes);
  return scanRecords(bytes).records[0];
}

/** A file of so many empty blocks, of which all is durable. */
function reserve(directory: Directory, path: string, count: number): void {
  using handle = directory.open(path, { mode: "write", create: "exclusive" });
  handle.allocate(0, count * strideBytes);
}

type SnapshotId = "blocks-not-compared" | "damage-count-wraps" | "sums-cancel-out";

const blockCount = 300;
/** A block of seven says the same, as in any file system. */
const blockText = (index: number): string => filler(`block of kind ${index % 7}`, 40);
const sumOf = (text: string | undefined): number => (text === undefined ? 0 : crc32(text));
const xorOf = (texts: readonly (string | undefined)[]): number =>
  texts.reduce((sum, text) => (sum ^ sumOf(text)) >>> 0, 0);

/** Whether a header speaks for the blocks behind it. */
function isWhole(blocks: readonly (string | undefined)[], header: string, bug: SnapshotId | undefined): boolean {
  const damaged = blocks.filter((text) => text === undefined).length;
  if (bug === "blocks-not-compared") return true;
  if (bug === "damage-count-wraps") return Uint8Array.of(damaged)[0] === 0;
  if (bug === "sums-cancel-out") return header.split(" ")[1] === String(xorOf(blocks));
  return damaged === 0;
}

/** A snapshot of 300 blocks under one barrier: the header comes first, and counts when every block is whole. */
export const wideSnapshot: CorpusProgram = defineProgram<readonly (string | undefined)[], SnapshotId>(
  "snapshot of 300 blocks",
  {
    "blocks-not-compared": {
      class: "many effects",
      origin: "journals that skip the barrier before the commit block, without checksums of what it commits",
      does: "recovery takes a header for the proof that every block arrived",
      breaks: ["atomic"],
      needs: ["many effects"],
    },
    "damage-count-wraps": {
      class: "many effects",
      origin: "a counter of eight bits in a checker",
      does: "recovery counts damaged blocks in a byte, and 256 are none",
      breaks: ["atomic"],
      needs: ["many effects"],
      beyondDefault: true,
    },
    "sums-cancel-out": {
      class: "many effects",
      origin: "checksums joined by exclusive or: two lost blocks of the same content cancel out",
      does: "recovery compares the exclusive or of all checksums, not each of them",
      breaks: ["atomic"],
      needs: ["many effects"],
    },
  },
  (bug) => ({
    setup: (directory) => reserve(directory, "snapshot", blockCount + 1),
    workload(directory, run) {
      using handle = directory.open("snapshot", { mode: "write" });
      const texts = Array.from({ length: blockCount }, (_, index) => blockText(index));
      writeBlock(handle, 0, `header ${xorOf(texts)}`);
      texts.forEach((text, index) => writeBlock(handle, index + 1, text));
      handle.syncBlocking("data");
      run.ack("snapshot", 1);
    },
    recover(directory) {
      using handle = directory.open("snapshot", { mode: "read" });
      const header = readBlock(handle, 0);
      if (header === undefined) return [];
      const blocks = Array.from({ length: blockCount }, (_, index) => readBlock(handle, index + 1));
      return isWhole(blocks, header, bug) ? blocks : [];
    },
    check(blocks, context) {
      const lost = blocks.filter((text, index) => text !== blockText(index)).length;
      demand("atomic", lost === 0, `${lost} blocks of the snapshot are missing`);
      demand("durable", blocks.length > 0 || ackedCount(context) === 0, "the snapshot is gone");
    },
  }),
  { nested: 0 },
);

const stripeCount = 40;
const stripeWidth = 4;

const stripeText = (block: number): string => filler(`stripe ${block}`, 32);

function parityOf(texts: readonly string[]): string {
  const sums = Array.from({ length: 32 }, (_, at) => texts.reduce((sum, text) => sum ^ text.charCodeAt(at), 0));
  return String.fromCharCode(...sums);
}

/** The blocks of one stripe, a single lost one made again from the others. Undefined when more are lost. */
function readStripe(handle: FileHandle, stripe: number, bug: string | undefined): readonly string[] | undefined {
  const at = stripe * (stripeWidth + 1);
  const found = Array.from({ length: stripeWidth + 1 }, (_, index) => readBlock(handle, at + index));
  const lost = found.filter((text) => text === undefined).length;
  if (lost > 1 && bug === undefined) return undefined;
  const present = found.filter((text) => text !== undefined);
  if (present.length === 0) return undefined;
  return found.map((text) => text ?? parityOf(present)).slice(0, stripeWidth);
}

/** Stripes of four blocks and their parity. Each stripe is there whole, made again, or known to be lost. */
export const parityStripes: CorpusProgram = defineProgram<
  readonly (readonly string[] | undefined)[],
  "second-loss-unnoticed"
>(
  "stripes with parity",
  {
    "second-loss-unnoticed": {
      class: "many effects",
      origin: "RAID 5, the write hole: parity makes up what was lost, and nobody counts",
      does: "recovery makes a lost block again from a stripe that has lost two",
      breaks: ["no garbage"],
      needs: ["many effects"],
    },
  },
  (bug) => ({
    setup: (directory) => reserve(directory, "stripes", stripeCount * (stripeWidth + 1)),
    workload(directory) {
      using handle = directory.open("stripes", { mode: "write" });
      for (let stripe = 0; stripe < stripeCount; stripe += 1) {
        const texts = Array.from({ length: stripeWidth }, (_, index) => stripeText(stripe * stripeWidth + index));
        texts.push(parityOf(texts));
        texts.forEach((text, index) => writeBlock(handle, stripe * (stripeWidth + 1) + index, text));
      }
    },
    recover(directory) {
      using handle = directory.open("stripes", { mode: "read" });
      return Array.from({ length: stripeCount }, (_, stripe) => readStripe(handle, stripe, bug));
    },
    check(stripes) {
      stripes.forEach((texts, stripe) => {
        texts?.forEach((text, index) => {
          demand("no garbage", text === stripeText(stripe * stripeWidth + index), `stripe ${stripe} has other bytes`);
        });
      });
    },
  }),
  { nested: 0 },
);

const chunkCount = 60;
const copies = ["copy-1", "copy-2", "copy-3"];
const indexPages = 3;

/** 60 chunks in three copies each, and an index of three pages that says they are there. */
export const threeCopies: CorpusProgram = defineProgram<number, "copies-instead-of-barrier">(
  "three copies and an index",
  {
    "copies-instead-of-barrier": {
      class: "many effects",
      origin: "redundancy taken for durability: all copies are in the same cache",
      does: "writes the index before any copy is synced, because there are three",
      breaks: ["reference"],
      needs: ["many effects"],
    },
  },
  (bug) => ({
    setup(directory) {
      for (const copy of copies) reserve(directory, copy, chunkCount);
      reserve(directory, "index", indexPages);
    },
    workload(directory, run) {
      const sync = (path: string): void => {
        using handle = directory.open(path, { mode: "write" });
        handle.syncBlocking("data");
      };
      for (const copy of copies) {
        using handle = directory.open(copy, { mode: "write" });
        for (let chunk = 0; chunk < chunkCount; chunk += 1) writeBlock(handle, chunk, `chunk ${chunk}`);
      }
      if (bug === undefined) for (const copy of copies) sync(copy);
      using index = directory.open("index", { mode: "write" });
      for (let page = 0; page < indexPages; page += 1) writeBlock(index, page, `page ${page}`);
      for (const path of [...copies, "index"]) sync(path);
      run.ack("indexed", 1);
    },
    recover(directory) {
      using index = directory.open("index", { mode: "read" });
      for (let page = 0; page < indexPages; page += 1) if (readBlock(index, page) === undefined) return 0;
      const handles = copies.map((copy) => directory.open(copy, { mode: "read" }));
      for (let chunk = 0; chunk < chunkCount; chunk += 1) {
        const found = handles.some((handle) => readBlock(handle, chunk) === `chunk ${chunk}`);
        demand("reference", found, `the index names chunk ${chunk}, which is in no copy`);
      }
      for (const handle of handles) handle.close();
      return chunkCount;
    },
    check: (count, context) => demand("durable", count > 0 || ackedCount(context) === 0, "the index is gone"),
  }),
  { nested: 0 },
);

const movedCount = 16;
const bystanders = 100;

/** A list of moved chunks, each of which has its old place until the move is over, amid many writes of no concern. */
export const movedChunks: CorpusProgram = defineProgram<readonly string[], "nothing-moved-concluded">(
  "chunks that move",
  {
    "nothing-moved-concluded": {
      class: "many effects",
      origin: "checkers that probe: when none of the expected blocks is found, the disk is taken for another one",
      does: "recovery concludes from sixteen entries and no chunk that there never was anything, and drops the list",
      breaks: ["durable"],
      needs: ["many effects"],
    },
  },
  (bug) => ({
    setup(directory) {
      reserve(directory, "target", movedCount);
      reserve(directory, "list", movedCount);
      reserve(directory, "others", bystanders);
      create(directory, "source", "the chunks", "synced");
    },
    workload(directory, run) {
      run.ack("stored", 1);
      using target = directory.open("target", { mode: "write" });
      using others = directory.open("others", { mode: "write" });
      using list = directory.open("list", { mode: "write" });
      for (let chunk = 0; chunk < movedCount; chunk += 1) writeBlock(target, chunk, `chunk ${chunk}`);
      for (let other = 0; other < bystanders; other += 1) writeBlock(others, other, `other ${other}`);
      for (let entry = 0; entry < movedCount; entry += 1) writeBlock(list, entry, `entry ${entry}`);
      for (const handle of [target, others, list]) handle.syncBlocking("data");
    },
    recover(directory) {
      using list = directory.open("list", { mode: "read" });
      using target = directory.open("target", { mode: "read" });
      const numbers = Array.from({ length: movedCount }, (_, index) => index);
      const moved = numbers.every((entry) => readBlock(list, entry) !== undefined);
      if (!moved) return ["the chunks"]; // at their old place
      const probed = numbers.some((chunk) => readBlock(target, chunk) !== undefined);
      return probed || bug === undefined ? ["the chunks"] : [];
    },
    check: (found) => demand("durable", found.length > 0, "the chunks are in neither place"),
  }),
  { nested: 0 },
);
