import { FRAME_HEADER_BYTES, type FrameCursor, type SegmentHeader } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { StoreError } from "@holdfast/store";
import { ChainCheck, EventHasher, EventRecord, sha256, type ChainFault } from "@holdfast/store/format";
import { EventIds } from "./event-ids.js";
import type { Folder } from "./file-format.js";
import { damage, type Damage, type Line } from "./line.js";
import { recordRanges, type RecordRange } from "./log-records.js";
import type { RecordLines } from "./segment-file.js";
import { storeEventLine } from "./store-event.js";

/** Content of the segments of a store: docs/formats/store.md. */
export const storeContent = 2;

/** What is wrong when this is the first segment of its log, if anything is. Nothing is ever pruned from a store, and none opens without its first event. */
export function lostBeginning({ content, baseLsn }: SegmentHeader): string | undefined {
  if (content !== storeContent || baseLsn === 1) return undefined;
  return `the events before ${baseLsn} are gone: this is the first segment of the store`;
}

/**
 * The events of one store, followed from segment to segment as their frames are read: what they are, and whether each goes on from the
 * ones before it. Behind a gap, which is told of otherwise, it begins anew with what follows; behind the first fault of its own it
 * follows nothing more, because everything behind that would be a fault too. Memory: some 200 bytes a stream, and {@link EventIds}.
 */
export class StoreHistory implements RecordLines {
  static readonly #known = new WeakMap<Folder, StoreHistory>();

  readonly #hasher: EventHasher;
  readonly #record = new EventRecord();
  readonly #ids = new EventIds();
  #chain: ChainCheck;
  /** Sequence of the first event behind those that were looked at; 0 before the first. */
  #next = 0;
  #isBroken = false;

  /** That of a directory, for its segments in their order. */
  static of(folder: Folder, header: SegmentHeader): StoreHistory {
    const known = StoreHistory.#known.get(folder) ?? new StoreHistory(header);
    StoreHistory.#known.set(folder, known);
    return known;
  }

  constructor({ hash, logId }: SegmentHeader) {
    this.#hasher = new EventHasher(hash === "sha256" ? sha256 : blake3, logId);
    this.#chain = new ChainCheck(this.#hasher);
  }

  damageOf(cursor: FrameCursor): Damage | undefined {
    const { offset, endOffset } = cursor;
    const payload = cursor.viewPayload();
    let sequence = cursor.lsn;
    for (const { start, end } of recordRanges(cursor)) {
      const fault = this.#faultOf(payload, start, end, sequence);
      if (fault !== undefined) {
        const where = `event ${sequence}, at ${offset + FRAME_HEADER_BYTES + start}`;
        return damage("corrupt", { offset, endOffset }, fault.code, `${where}: ${fault.reason}`);
      }
      sequence += 1;
    }
    return undefined;
  }

  *lines(cursor: FrameCursor): Generator<Line, void, undefined> {
    const payload = cursor.viewPayload();
    let sequence = cursor.lsn;
    for (const { start, end } of recordRanges(cursor)) {
      const place = { offset: cursor.offset + FRAME_HEADER_BYTES + start, length: end - start };
      yield this.lineOf(payload.subarray(start, end), sequence, place);
      sequence += 1;
    }
  }

  /** The line about one record, whatever came before it. */
  lineOf(bytes: Uint8Array, sequence: number, place: { readonly offset: number; readonly length: number }): Line {
    try {
      const record = this.#record.read(bytes);
      return storeEventLine(record, sequence, this.#hasher.hashOf(record, sequence), place);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { kind: "record", ...place, fields: { id: BigInt(sequence), payload: bytes } };
    }
  }

  /** The hash of the event in a part of these bytes; undefined where that is none. */
  hashOf(payload: Uint8Array, { start, end }: RecordRange, sequence: number): Uint8Array | undefined {
    try {
      return this.#hasher.hashOf(this.#record.read(payload, start, end), sequence).slice();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return undefined;
    }
  }

  #faultOf(payload: Uint8Array, start: number, end: number, sequence: number): Fault | undefined {
    if (sequence !== this.#next) this.#chain = new ChainCheck(this.#hasher);
    this.#next = sequence + 1;
    const record = this.#record;
    try {
      record.read(payload, start, end);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#next = 0; // what follows has nothing to go on from
      return { code: error.code, reason: error.message };
    }
    if (this.#ids.addOrFind(record.viewId())) {
      this.#isBroken = true;
      return { code: "INSPECT_REPEATED", reason: "an event before it has the same id" };
    }
    if (this.#isBroken) return undefined;
    const fault = this.#chain.next(record, sequence);
    this.#isBroken = fault !== undefined;
    return fault === undefined ? undefined : faultOfChain(fault);
  }
}

interface Fault {
  readonly code: string;
  readonly reason: string;
}

function faultOfChain(fault: ChainFault): Fault {
  switch (fault.kind) {
    case "store-link":
      return {
        code: "INSPECT_STORE_LINK",
        reason: "its link to the event before it in the store is that to another one",
      };
    case "stream-link": {
      const reason = `its link to the event before it in its stream, ${fault.streamSequence}, is that to another one`;
      return { code: "INSPECT_STREAM_LINK", reason };
    }
    case "revision":
      return { code: "INSPECT_REVISION", reason: `revision ${fault.actual} where ${fault.expected} is due` };
    case "time":
      return { code: "INSPECT_OUT_OF_ORDER", reason: "its time lies before that of the event before it" };
    case "sequence":
    case "anchor":
      return { code: "INSPECT_STORE_LINK", reason: "it does not go on from the event before it" };
  }
}
