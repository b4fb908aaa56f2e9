import { crc32 } from "@holdfast/segment-codec";
import type { LogSegment } from "@holdfast/wal/places";
import { encodeEventBlock } from "./accelerator-columns.js";
import * as at from "./accelerator-layout.js";
import type { EventIndex } from "./event-index.js";
import type { NameTable } from "./name-table.js";

/**
 * An accelerator of these segments, piece by piece, for a file that is written in the background: the index may grow between two pieces, since
 * nothing of what is written ever changes. A piece is lent until the next one is asked for.
 *
 * @param logId - 16 bytes.
 * @param segments - sealed, from the first one of the log on, without a gap, and with at least one event.
 */
export function* encodeAccelerator(
  index: EventIndex,
  logId: Uint8Array,
  segments: readonly LogSegment[],
): Generator<Uint8Array, void, undefined> {
  const { lastLsn: events } = segments.at(-1) as LogSegment; // there is one
  const { streams, entities, scopes } = index;
  const [streamCount, entityCount, scopeCount] = [streams.count, entities.count, scopes.count];
  const header = encodeHeader(logId, {
    events,
    segments: segments.length,
    streams: streamCount,
    entities: entityCount,
    scopes: scopeCount,
  });
  yield header;
  const blocks = new BlockEncoder(at.viewOf(header).getUint32(at.headerAt.crc, true));
  for (const [first, count] of at.parts(segments.length, at.SEGMENTS_PER_BLOCK)) {
    yield* blocks.encode(encodeSegments(segments.slice(first, first + count)));
  }
  for (const [first, count] of at.parts(entityCount, at.NAMES_PER_BLOCK)) {
    yield* blocks.encode(encodeNames(entities, first, count));
  }
  for (const [first, count] of at.parts(scopeCount, at.NAMES_PER_BLOCK)) {
    yield* blocks.encode(encodeNames(scopes, first, count));
  }
  for (const [first, count] of at.parts(streamCount, at.STREAMS_PER_BLOCK)) {
    const words = new Uint32Array(count * 2);
    for (let place = 0; place < count; place += 1) {
      words[2 * place] = streams.entityOf(first + place);
      words[2 * place + 1] = streams.laneOf(first + place);
    }
    yield* blocks.encode(new Uint8Array(words.buffer));
  }
  for (const [first, count] of at.parts(events, at.EVENTS_PER_BLOCK)) {
    yield* blocks.encode(encodeEventBlock(index.columns.rowsFrom(first, count)));
  }
  for (const entries of index.ids.entries(events, at.IDS_PER_BLOCK)) {
    yield* blocks.encode(new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength));
  }
}

function encodeHeader(logId: Uint8Array, counts: at.AcceleratorCounts): Uint8Array {
  const bytes = new Uint8Array(at.HEADER_BYTES);
  const view = at.viewOf(bytes);
  bytes.set(at.MAGIC);
  bytes.set(logId, at.headerAt.logId);
  view.setBigUint64(at.headerAt.events, BigInt(counts.events), true);
  for (const name of ["segments", "streams", "entities", "scopes"] as const) {
    view.setUint32(at.headerAt[name], counts[name], true);
  }
  view.setUint32(at.headerAt.crc, crc32(bytes, 0, at.headerAt.crc), true);
  return bytes;
}

function encodeSegments(segments: readonly LogSegment[]): Uint8Array {
  const bytes = new Uint8Array(segments.length * at.SEGMENT_BYTES);
  const view = at.viewOf(bytes);
  for (const [place, { segmentId, lastLsn, sizeBytes, endChain, header }] of segments.entries()) {
    const start = place * at.SEGMENT_BYTES;
    view.setBigUint64(start, BigInt(segmentId), true);
    view.setBigUint64(start + 8, BigInt(lastLsn), true);
    view.setBigUint64(start + 16, BigInt(sizeBytes), true);
    view.setUint32(start + 24, header.crc, true);
    view.setUint32(start + 28, endChain, true);
  }
  return bytes;
}

/** Lengths, 2 bytes each, then the bytes. */
function encodeNames(names: NameTable, first: number, count: number): Uint8Array {
  const views = Array.from({ length: count }, (_, place) => names.view(first + place));
  const size = views.reduce((sum, { length }) => sum + length, 2 * count);
  const bytes = new Uint8Array(at.padded(size));
  const view = at.viewOf(bytes);
  let offset = 2 * count;
  for (const [place, name] of views.entries()) {
    view.setUint16(2 * place, name.length, true);
    bytes.set(name, offset);
    offset += name.length;
  }
  return bytes;
}

class BlockEncoder {
  readonly #fileCrc: number;
  #number = 0;

  constructor(fileCrc: number) {
    this.#fileCrc = fileCrc;
  }

  *encode(content: Uint8Array): Generator<Uint8Array, void, undefined> {
    const header = new Uint8Array(at.BLOCK_HEADER_BYTES);
    const view = at.viewOf(header);
    view.setUint32(0, content.length, true);
    view.setUint32(4, this.#number, true);
    view.setUint32(8, this.#fileCrc, true);
    view.setUint32(12, at.blockCrc(header, content), true);
    this.#number += 1;
    yield header;
    yield content;
  }
}
