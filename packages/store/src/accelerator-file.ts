import { isFsError, type Directory } from "@holdfast/fs-seam";
import type { ByteSource } from "@holdfast/segment-codec";
import type { LogSegment } from "@holdfast/wal/places";
import { AcceleratorBlocks, AcceleratorFault, damaged } from "./accelerator-blocks.js";
import { commonCount } from "./accelerated-segments.js";
import { EventBlock, greatest } from "./accelerator-columns.js";
import * as at from "./accelerator-layout.js";
import { EventIndex } from "./event-index.js";
import type { FooterCollector } from "./footer-collector.js";
import type { NameTable } from "./name-table.js";

/**
 * Loads an index from an accelerator. It counts for as many segments, from the first one on, as it and the log have in common: the same
 * header, last event, size and chain of the last frame. What it says of others is left aside, so that events that a power loss has taken,
 * or an open has written again elsewhere, are read from where they are.
 */

export interface AcceleratorOptions {
  readonly directory: Directory;
  readonly segments: readonly LogSegment[];
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly collector?: FooterCollector | undefined;
  /** How many events the index will have in the end: it makes room for them at once. */
  readonly expectedEvents: number;
}

/** What became of an accelerator. */
export type AcceleratorOutcome =
  | { readonly kind: "loaded"; readonly index: EventIndex; readonly segments: number }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly why: string };

/** Never throws for what the file holds, nor for a file that cannot be read. */
export function loadAccelerator(options: AcceleratorOptions): AcceleratorOutcome {
  try {
    const handle = options.directory.open(at.ACCELERATOR_FILE, { mode: "read" });
    try {
      const source = { sizeBytes: handle.stat().size, readAt: handle.readAt.bind(handle) };
      return new AcceleratorReader(source, options).load();
    } finally {
      handle.close();
    }
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return { kind: "absent" };
    if (error instanceof AcceleratorFault || error instanceof Unusable || isFsError(error)) {
      return { kind: "refused", why: error.message };
    }
    throw error;
  }
}

/** The file is sound, for all that is known, and none that can be used. */
class Unusable extends Error {}

class AcceleratorReader {
  readonly #blocks: AcceleratorBlocks;
  readonly #options: AcceleratorOptions;

  constructor(source: ByteSource, options: AcceleratorOptions) {
    this.#blocks = new AcceleratorBlocks(source);
    this.#options = options;
  }

  load(): AcceleratorOutcome {
    if (!at.isLittleEndian) throw new Unusable("this machine orders bytes otherwise");
    const { logId, counts } = this.#blocks.readHeader();
    if (this.#options.logId.some((byte, place) => logId[place] !== byte)) throw new Unusable("it is of another store");
    const known = this.#blocks.readSegments(counts);
    if ((known.at(-1)?.lastLsn ?? 0) !== counts.events) throw this.#damaged("list of segments");
    const { segments } = this.#options;
    const common = segments.slice(0, commonCount(segments, known));
    const last = common.at(-1);
    if (last === undefined) throw new Unusable("the segments of the log are not those it was made of");
    const index = new EventIndex(this.#options.collector);
    const entities = this.#readNames(counts.entities);
    const scopes = this.#readNames(counts.scopes);
    const streams = this.#readStreams(counts);
    const content: Parts = { counts, entities, scopes, streams, events: last.lastLsn };
    this.#readEvents(index, content);
    this.#readIds(index, content);
    this.#blocks.finish();
    for (const { segmentId, baseLsn } of common) index.segments.note(segmentId, baseLsn);
    return { kind: "loaded", index, segments: common.length };
  }

  #readNames(count: number): Uint8Array[] {
    const names: Uint8Array[] = [];
    for (const [, inBlock] of at.parts(count, at.NAMES_PER_BLOCK)) {
      const bytes = this.#blocks.readBlock().slice();
      const view = at.viewOf(bytes);
      if (at.namesEnd(bytes, inBlock) !== bytes.length) throw this.#damaged("list of names");
      let offset = 2 * inBlock;
      for (let place = 0; place < inBlock; place += 1) {
        const end = offset + view.getUint16(2 * place, true);
        names.push(bytes.subarray(offset, end));
        offset = end;
      }
    }
    return names;
  }

  #readStreams({ streams, entities }: at.AcceleratorCounts): Uint32Array {
    const words = new Uint32Array(streams * 2);
    for (const [first, count] of at.parts(streams, at.STREAMS_PER_BLOCK)) {
      const bytes = this.#blocks.readBlock();
      if (bytes.length !== count * at.STREAM_BYTES) throw this.#damaged("list of streams");
      words.set(new Uint32Array(bytes.buffer, bytes.byteOffset, count * 2), first * 2);
    }
    for (let place = 0; place < words.length; place += 2) {
      if (words[place]! >= entities) throw this.#damaged("list of streams");
    } // below its length
    return words;
  }

  #readEvents(index: EventIndex, content: Parts): void {
    const { counts, events } = content;
    let [lastStream, lastScope] = [-1, -1];
    for (const [first, count] of at.parts(counts.events, at.EVENTS_PER_BLOCK)) {
      const block = this.#readEventBlock(count);
      const wanted = Math.max(0, Math.min(count, events - first));
      index.columns.addChunks(wanted, (chunk, from) => {
        block.fill(chunk, from);
        lastStream = Math.max(lastStream, greatest(chunk.streams, wanted - from));
        lastScope = Math.max(lastScope, greatest(chunk.scopes, wanted - from));
      });
    }
    if (lastStream >= counts.streams || lastScope >= counts.scopes) throw this.#damaged("block of events");
    // Numbers were given in the order of events, so those up to the highest that is used are the ones that these events have brought up.
    addStreams(index, content, lastStream + 1);
    for (const name of content.scopes.slice(0, lastScope + 1)) addName(index.scopes, name);
    index.streams.addAll(index.columns.streamsFrom(0), 0);
  }

  #readIds(index: EventIndex, { counts, events }: Parts): void {
    index.ids.reserve(this.#options.expectedEvents);
    for (const [, count] of at.parts(counts.events, at.IDS_PER_BLOCK)) {
      const bytes = this.#blocks.readBlock();
      if (bytes.length !== count * at.ID_ENTRY_BYTES) throw this.#damaged("list of ids");
      index.ids.addEntries(new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * count), events);
    }
    if (index.ids.count !== events) throw this.#damaged("list of ids");
  }

  #readEventBlock(count: number): EventBlock {
    const bytes = this.#blocks.readBlock();
    try {
      return new EventBlock(bytes, count);
    } catch {
      throw this.#damaged("block of events");
    }
  }

  #damaged(what: string): AcceleratorFault {
    return damaged(this.#blocks.offset, what);
  }
}

interface Parts {
  readonly counts: at.AcceleratorCounts;
  readonly entities: readonly Uint8Array[];
  readonly scopes: readonly Uint8Array[];
  /** Entity and lane of each. */
  readonly streams: Uint32Array;
  /** So many of them are wanted. */
  readonly events: number;
}

function addStreams(index: EventIndex, { entities, streams }: Parts, count: number): void {
  for (let stream = 0; stream < count; stream += 1) {
    const [entity, lane] = [streams[2 * stream]!, streams[2 * stream + 1]!]; // a stream has both
    if (entity === index.entities.count) addName(index.entities, entities[entity]!); // below their count
    const isDue = entity < index.entities.count && index.streams.open(entity, lane) === stream;
    if (!isDue) throw damaged(0, "list of streams");
  }
}

function addName(names: NameTable, name: Uint8Array): void {
  const { count } = names;
  if (names.intern(name) !== count) throw damaged(0, "list of names");
}
