// How a store is opened: the accelerator, the footers of segments, and what is read of their frames. What is derived is never believed
// before it is found to be of this log, and whichever way an event comes, the index is the same.
import { storeArea, tests } from "./area.mjs";

const usual = [tests.storeAccelerator, tests.storeColdDamage, tests.storeColdLaw, tests.storeColdCrash];

export const storeStartMutations = storeArea("store start", usual, [
  // --- footer-loader.ts ---
  {
    what: "a footer of other frames is taken",
    file: "footer-loader.ts",
    find: "trailer.chain !== endChain",
    put: "trailer.chain < 0",
  },
  {
    what: "a footer may list other events than the segment has",
    file: "footer-loader.ts",
    find: "found.entryCount !== lastLsn + 1 - baseLsn",
    put: "found.entryCount < 0",
  },
  {
    what: "a footer may leave events out",
    file: "footer-loader.ts",
    find: "sequences[row] !== firstSequence + row",
    put: "sequences[row]! < 0",
  },
  {
    what: "revisions of a footer may have gaps",
    file: "footer-loader.ts",
    find: 'if (revisions[row] !== due) throw this.#wrong("revision", at, revisions[row]);',
    put: "void revisions;",
  },
  {
    what: "times of a footer may descend",
    file: "footer-loader.ts",
    find: 'if (time < this.#timeUs) throw this.#wrong("time", at, time);',
  },
  {
    what: "frames of a footer may descend, or lie anywhere",
    file: "footer-loader.ts",
    find: 'if (!Number.isInteger(frame) || frame < this.#frame) throw this.#wrong("frame offset", at, offsets[row]);',
  },
  { what: "frames of a footer may descend", file: "footer-loader.ts", find: " || frame < this.#frame" },
  {
    what: "frames of a footer may lie between two places",
    file: "footer-loader.ts",
    find: "!Number.isInteger(frame) || ",
  },
  {
    what: "a footer may have an event of kind 0",
    file: "footer-loader.ts",
    find: 'if (kinds[row] === 0) throw this.#wrong("kind", at, 0);',
  },
  {
    what: "an entity of a footer may have any name",
    file: "footer-loader.ts",
    find: 'name < 0 && nameFault(bytes, 0, bytes.length, "entity") !== undefined',
    put: "name < -1",
  },
  {
    what: "a scope of a footer may have any name",
    file: "footer-loader.ts",
    find: 'if (nameFault(bytes, 0, bytes.length, "scope") !== undefined) throw new Contradiction("a name is none");',
  },
  {
    what: "a footer may be longer than there is room",
    file: "footer-loader.ts",
    find: "if (bytes > maxBytes) throw new Contradiction(`a footer of ${bytes} bytes is above maxRecordBytes`);",
  },
  {
    what: "a footer of another segment is taken",
    file: "footer-loader.ts",
    find: "{ segment: header, tailBytes: 4096 }",
    put: "{ ...(header.crc < 0 && { segment: header }), tailBytes: 4096 }",
  },
  {
    what: "lanes of a footer share their streams",
    file: "footer-loader.ts",
    find: "const known = lane === 0 ? this.#streamOf[entity]! - 1 :",
    put: "const known = lane >= 0 ? this.#streamOf[entity]! - 1 :",
  },
  {
    what: "a stream that goes on begins anew in a footer",
    file: "footer-loader.ts",
    find: "number < 0 ? 0 : streams.lengthOf(number)",
    put: "0 * number",
  },
  {
    what: "events of a footer are in the segment behind",
    file: "footer-loader.ts",
    find: "index.addRows(rows, this.#ids, this.#segment.segmentId);",
    put: "index.addRows(rows, this.#ids, this.#segment.segmentId + 1);",
  },
  {
    what: "a footer that contradicts the log ends an open",
    file: "footer-loader.ts",
    find: "error instanceof Contradiction ||",
    put: "",
  },
  { what: "a damaged footer ends an open", file: "footer-loader.ts", find: "error instanceof SidxError ||", put: "" },
  // --- accelerated-segments.ts ---
  {
    what: "a segment may have another size",
    file: "accelerated-segments.ts",
    find: "known.sizeBytes === sizeBytes &&",
  },
  { what: "a segment may end otherwise", file: "accelerated-segments.ts", find: "&& known.endChain === endChain" },
  {
    what: "a segment may have another header",
    file: "accelerated-segments.ts",
    find: "known.headerCrc === header.crc &&",
  },
  {
    what: "a segment may have another last event",
    file: "accelerated-segments.ts",
    find: "known.lastLsn === lastLsn &&",
  },
  {
    what: "a segment may have another number",
    file: "accelerated-segments.ts",
    find: "known.segmentId === segmentId &&",
  },
  {
    what: "a segment that is written to is taken from the accelerator",
    file: "accelerated-segments.ts",
    find: "isSealed && known",
    put: "known",
  },
  // --- accelerator-blocks.ts ---
  { what: "blocks may come in any order, from any accelerator", file: "accelerator-blocks.ts", find: "!isOwn || " },
  {
    what: "a block of another accelerator is one of this",
    file: "accelerator-blocks.ts",
    find: " && view.getUint32(8, true) === this.#fileCrc",
  },
  {
    what: "blocks may come in any order",
    file: "accelerator-blocks.ts",
    find: "view.getUint32(4, true) === this.#blocks && ",
  },
  {
    what: "a block is believed without its checksum",
    file: "accelerator-blocks.ts",
    find: " || view.getUint32(12, true) !== at.blockCrc(header, content)",
  },
  {
    what: "a header is believed without its checksum",
    file: "accelerator-blocks.ts",
    find: 'if (crc !== crc32(bytes, 0, at.headerAt.crc)) throw damaged(at.headerAt.crc, "header");',
  },
  {
    what: "an accelerator of another version is read",
    file: "accelerator-blocks.ts",
    find: "at.MAGIC.some((byte, place) => bytes[place] !== byte)",
    put: "at.MAGIC.length < 0",
  },
  {
    what: "counts are believed",
    file: "accelerator-blocks.ts",
    find: 'if (least > this.#source.sizeBytes) throw damaged(at.headerAt.events, "header");',
  },
  {
    what: "bytes behind an accelerator are nothing",
    file: "accelerator-blocks.ts",
    find: 'if (this.#offset !== this.#source.sizeBytes) throw damaged(this.#offset, "end");',
  },
  // --- accelerator-file.ts ---
  {
    what: "an accelerator of another store is taken",
    file: "accelerator-file.ts",
    find: "if (this.#options.logId.some(",
    put: "if (this.#options.logId.length < 0 && this.#options.logId.some(",
  },
  {
    what: "a list of segments may end elsewhere than the events",
    file: "accelerator-file.ts",
    find: 'if ((known.at(-1)?.lastLsn ?? 0) !== counts.events) throw this.#damaged("list of segments");',
  },
  {
    what: "all streams are opened, whoever has events",
    file: "accelerator-file.ts",
    find: "addStreams(index, content, lastStream + 1)",
    put: "addStreams(index, content, counts.streams)",
  },
  {
    what: "all scopes are added, whoever has events",
    file: "accelerator-file.ts",
    find: "content.scopes.slice(0, lastScope + 1)",
    put: "content.scopes",
  },
  {
    what: "events of segments that are not in common are taken",
    file: "accelerator-file.ts",
    find: "Math.max(0, Math.min(count, events - first))",
    put: "Math.max(0, Math.min(count, counts.events - first))",
  },
  {
    what: "an event may be of a stream that is not there",
    file: "accelerator-file.ts",
    find: 'if (lastStream >= counts.streams || lastScope >= counts.scopes) throw this.#damaged("block of events");',
  },
  {
    what: "a stream may be of an entity that is not there",
    file: "accelerator-file.ts",
    find: 'if (words[place]! >= entities) throw this.#damaged("list of streams");',
    put: "void entities;",
  },
  {
    what: "ids may be missing",
    file: "accelerator-file.ts",
    find: 'if (index.ids.count !== events) throw this.#damaged("list of ids");',
  },
  {
    what: "a damaged accelerator ends an open",
    file: "accelerator-file.ts",
    find: "error instanceof AcceleratorFault || ",
  },
  {
    what: "an accelerator that is of no use here ends an open",
    file: "accelerator-file.ts",
    find: "error instanceof Unusable || ",
  },
  // --- accelerator.ts ---
  {
    what: "an accelerator is written again for every segment",
    file: "accelerator.ts",
    find: "this.#coveredEvents * share",
    put: "0 * share",
  },
  { what: "what retention drops is written at once again", file: "accelerator.ts", find: " || this.#holds > 0" },
  {
    what: "retention begins while an accelerator is written",
    file: "accelerator.ts",
    in: "async drop(",
    find: "await this.#work;",
  },
  {
    what: "an accelerator is gone, but not durably",
    file: "accelerator.ts",
    find: "await removeDurably(directory, ACCELERATOR_FILE)",
    put: "directory.remove(ACCELERATOR_FILE)",
  },
  {
    what: "an accelerator that was dropped still covers its events",
    file: "accelerator.ts",
    find: "this.#coveredEvents = 0;",
  },
  {
    what: "an accelerator that cannot be written fails the store",
    file: "accelerator.ts",
    find: "this.problem = error;",
    put: "throw error;",
  },
  {
    what: "an accelerator that could not be written is tried at every segment",
    file: "accelerator.ts",
    find: "this.#coveredEvents = lastLsn;",
    put: "void lastLsn;",
  },
  {
    what: "an accelerator tells of the segment that is written to",
    file: "accelerator.ts",
    find: "this.#options.segments().filter(({ isSealed }) => isSealed)",
    put: "[...this.#options.segments()]",
  },
  // --- index-filling.ts ---
  {
    what: "a store without its beginning is one",
    file: "index-filling.ts",
    tests: [tests.storeDamage],
    find: "if (first.baseLsn !== 1) {",
    put: "if (first.baseLsn < 1) {",
  },
  {
    what: "segments of the accelerator are read once more",
    file: "index-filling.ts",
    find: "segments.slice(accelerator.segments)",
    put: "segments.slice(accelerator.segments * 0)",
  },
  {
    what: "an accelerator that was refused is not told of",
    file: "index-filling.ts",
    find: 'if (loaded.kind === "refused") unused.push({ file: ACCELERATOR_FILE, why: loaded.why });',
  },
  { what: "a footer that is missing is not told of", file: "index-filling.ts", find: " || isSealed" },
]);

/** Steps that no test can notice to be missing, each with the reason. */
export const storeEquivalent = storeArea("equivalent", usual, [
  {
    what: "what is behind a footer is looked for at the beginning",
    file: "index-filling.ts",
    find: "offset: outcome.coveredBytes",
    put: "offset: SEGMENT_HEADER_BYTES",
    tests: [tests.storeBeside],
    reason:
      "a segment that ends with its footer is given no more frames, so the events that come are those of the next segment, and of this " +
      "boundary only its LSN and chain are looked at",
  },
]);
