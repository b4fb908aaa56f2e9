import { isFsError, type Directory, type FileHandle } from "@holdfast/fs-seam";
import { crc32 } from "@holdfast/segment-codec";
import type { LogSegment } from "@holdfast/wal/places";
import { EventBlock, greatest } from "./accelerator-columns.js";
import { parts } from "./accelerator-encoder.js";
import * as at from "./accelerator-layout.js";
import { EventIndex } from "./event-index.js";
import type { FooterCollector } from "./footer-collector.js";
import type { NameTable } from "./name-table.js";

/**
 * Loads an index from an accelerator. It counts for as many segments, from the first one on, as it and the log have in common: the same
 * header, last event, size and chain of the last frame. What it says of others is left aside, so that events that a power loss has taken,
 * or an open has written again elsewhere, are read from where they are.
 *
 * Nothing in it is believed before its checksum holds, and no count before the file is found to be as long as it asks for.
 */

export interface AcceleratorOptions {
  readonly directory: Directory;
  readonly segments: readonly LogSegment[];
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly collector?: FooterCollector | undefined;
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
      return new AcceleratorReader(handle, options).load();
    } finally {
      handle.close();
    }
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return { kind: "absent" };
    if (error instanceof Unusable || isFsError(error)) return { kind: "refused", why: error.message };
    throw error;
  }
}

/** The file is none that can be used. */
class Unusable extends Error {}

class AcceleratorReader {
  readonly #handle: FileHandle;
  readonly #options: AcceleratorOptions;
  readonly #sizeBytes: number;
  #offset = 0;
  #blocks = 0;
  #fileCrc = 0;
  /** What a block is read into, grown to the longest one. */
  #buffer = new Uint8Array();

  constructor(handle: FileHandle, options: AcceleratorOptions) {
    this.#handle = handle;
    this.#options = options;
    this.#sizeBytes = handle.stat().size;
  }

  load(): AcceleratorOutcome {
    if (!at.isLittleEndian) throw new Unusable("this machine orders bytes otherwise");
    const counts = this.#readHeader();
    const known = this.#readSegments(counts);
    if ((known.at(-1)?.lastLsn ?? 0) !== counts.events) throw damaged("list of segments");
    const common = this.#commonSegments(known);
    const last = common.at(-1);
    if (last === undefined) throw new Unusable("the segments of the log are not those it was made of");
    const index = new EventIndex(this.#options.collector);
    const entities = this.#readNames(counts.entities);
    const scopes = this.#readNames(counts.scopes);
    const streams = this.#readStreams(counts);
    const content: Parts = { counts, entities, scopes, streams, events: last.lastLsn };
    this.#readEvents(index, content);
    this.#readIds(index, content);
    if (this.#offset !== this.#sizeBytes) throw damaged("end");
    for (const { segmentId, baseLsn } of common) index.segments.note(segmentId, baseLsn);
    return { kind: "loaded", index, segments: common.length };
  }

  #readHeader(): at.AcceleratorCounts {
    const bytes = this.#read(at.HEADER_BYTES);
    const view = at.viewOf(bytes);
    const crc = view.getUint32(at.headerAt.crc, true);
    if (at.MAGIC.some((byte, place) => bytes[place] !== byte)) throw new Unusable("it is none of this version");
    if (crc !== crc32(bytes, 0, at.headerAt.crc)) throw damaged("header");
    const { logId } = this.#options;
    if (logId.some((byte, place) => bytes[at.headerAt.logId + place] !== byte)) {
      throw new Unusable("it is of another store");
    }
    const [segments, streams, entities, scopes] = [32, 36, 40, 44].map((offset) => view.getUint32(offset, true)) as [
      number,
      number,
      number,
      number,
    ];
    const events = Number(view.getBigUint64(at.headerAt.events, true));
    // No item takes less, so that nothing is allocated that the file has no bytes for.
    const least =
      events * at.ID_ENTRY_BYTES + segments * at.SEGMENT_BYTES + streams * at.STREAM_BYTES + 2 * (entities + scopes);
    if (least > this.#sizeBytes) throw damaged("header");
    this.#fileCrc = crc;
    return { events, segments, streams, entities, scopes };
  }

  #readSegments({ segments }: at.AcceleratorCounts): at.AcceleratedSegment[] {
    return [...parts(segments, at.SEGMENTS_PER_BLOCK)].flatMap(([, count]) => {
      const bytes = this.#readBlock();
      const view = at.viewOf(bytes);
      if (bytes.length !== count * at.SEGMENT_BYTES) throw damaged("list of segments");
      return Array.from({ length: count }, (_, place) => {
        const start = place * at.SEGMENT_BYTES;
        return {
          segmentId: Number(view.getBigUint64(start, true)),
          lastLsn: Number(view.getBigUint64(start + 8, true)),
          sizeBytes: Number(view.getBigUint64(start + 16, true)),
          headerCrc: view.getUint32(start + 24, true),
          endChain: view.getUint32(start + 28, true),
        };
      });
    });
  }

  #commonSegments(known: readonly at.AcceleratedSegment[]): LogSegment[] {
    const { segments } = this.#options;
    const end = segments.findIndex((segment, place) => !isSame(segment, known[place]));
    return segments.slice(0, end < 0 ? segments.length : end);
  }

  #readNames(count: number): Uint8Array[] {
    const names: Uint8Array[] = [];
    for (const [, inBlock] of parts(count, at.NAMES_PER_BLOCK)) {
      const bytes = this.#readBlock().slice();
      const view = at.viewOf(bytes);
      let offset = 2 * inBlock;
      for (let place = 0; place < inBlock && offset <= bytes.length; place += 1) {
        const end = offset + view.getUint16(2 * place, true);
        names.push(bytes.subarray(offset, end));
        offset = end;
      }
      if (at.padded(offset) !== bytes.length) throw damaged("list of names");
    }
    return names;
  }

  #readStreams({ streams, entities }: at.AcceleratorCounts): Uint32Array {
    const words = new Uint32Array(streams * 2);
    for (const [first, count] of parts(streams, at.STREAMS_PER_BLOCK)) {
      const bytes = this.#readBlock();
      if (bytes.length !== count * at.STREAM_BYTES) throw damaged("list of streams");
      words.set(new Uint32Array(bytes.buffer, bytes.byteOffset, count * 2), first * 2);
    }
    for (let place = 0; place < words.length; place += 2) {
      if (words[place]! >= entities) throw damaged("list of streams");
    } // below its length
    return words;
  }

  #readEvents(index: EventIndex, content: Parts): void {
    const { counts, events } = content;
    let [lastStream, lastScope] = [-1, -1];
    for (const [first, count] of parts(counts.events, at.EVENTS_PER_BLOCK)) {
      const block = this.#readEventBlock(count);
      const wanted = Math.max(0, Math.min(count, events - first));
      index.columns.addChunks(wanted, (chunk, from) => {
        block.fill(chunk, from);
        lastStream = Math.max(lastStream, greatest(chunk.streams, wanted - from));
        lastScope = Math.max(lastScope, greatest(chunk.scopes, wanted - from));
      });
    }
    if (lastStream >= counts.streams || lastScope >= counts.scopes) throw damaged("block of events");
    // Numbers were given in the order of events, so those up to the highest that is used are the ones that these events have brought up.
    addStreams(index, content, lastStream + 1);
    for (const name of content.scopes.slice(0, lastScope + 1)) addName(index.scopes, name);
    index.streams.addAll(index.columns.streamsFrom(0), 0);
  }

  #readIds(index: EventIndex, { counts, events }: Parts): void {
    index.ids.reserve(events);
    for (const [, count] of parts(counts.events, at.IDS_PER_BLOCK)) {
      const bytes = this.#readBlock();
      if (bytes.length !== count * at.ID_ENTRY_BYTES) throw damaged("list of ids");
      index.ids.addEntries(new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * count), events);
    }
    if (index.ids.count !== events) throw damaged("list of ids");
  }

  #readEventBlock(count: number): EventBlock {
    const bytes = this.#readBlock();
    try {
      return new EventBlock(bytes, count);
    } catch {
      throw damaged("block of events");
    }
  }

  /** The content of the next block, lent until the next call. */
  #readBlock(): Uint8Array {
    const header = this.#read(at.BLOCK_HEADER_BYTES).slice();
    const view = at.viewOf(header);
    const content = this.#read(view.getUint32(0, true));
    const isOwn = view.getUint32(4, true) === this.#blocks && view.getUint32(8, true) === this.#fileCrc;
    if (!isOwn || view.getUint32(12, true) !== at.blockCrc(header, content)) throw damaged("block");
    this.#blocks += 1;
    return content;
  }

  #read(length: number): Uint8Array {
    if (this.#offset + length > this.#sizeBytes) throw damaged("end");
    if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    if (this.#handle.readAt(bytes, this.#offset) !== length) throw damaged("end");
    this.#offset += length;
    return bytes;
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
    if (entity >= index.entities.count || index.streams.open(entity, lane) !== stream) throw damaged("list of streams");
  }
}

function addName(names: NameTable, name: Uint8Array): void {
  const { count } = names;
  if (names.intern(name) !== count) throw damaged("list of names");
}

function isSame(
  { segmentId, lastLsn, sizeBytes, endChain, header, isSealed }: LogSegment,
  known: at.AcceleratedSegment | undefined,
): boolean {
  return (
    known !== undefined &&
    isSealed &&
    known.segmentId === segmentId &&
    known.lastLsn === lastLsn &&
    known.sizeBytes === sizeBytes &&
    known.headerCrc === header.crc &&
    known.endChain === endChain
  );
}

function damaged(what: string): Unusable {
  return new Unusable(`its ${what} is damaged`);
}
