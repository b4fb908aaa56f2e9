import { CodecError, readExactly, type ByteSource } from "@holdfast/segment-codec";
import {
  decodeFbatEvent,
  decodeFbatFrame,
  fbatKinds,
  isFbatName,
  type FbatEvent,
  type FbatTornReason,
} from "@holdfast/segment-codec/fbat";

/** What stands at a place of a batpak segment. */
export type FrameRead =
  | { readonly kind: "event"; readonly endOffset: number; readonly event: FbatEvent }
  /** A sound checksum over something that no store may hold. */
  | { readonly kind: "malformed"; readonly endOffset: number; readonly code: string; readonly reason: string }
  /** No frame. */
  | { readonly kind: "stop"; readonly reason: FbatTornReason };

const frameHeaderBytes = 8;
const maxBatchItems = 1_000_000;

/**
 * Reads frames of a batpak segment from a source through a window, one at a time. Memory: the window, or one frame where that is
 * larger, and never more than the source has.
 */
export class FbatFrameReader {
  readonly #source: ByteSource;
  readonly #windowBytes: number;
  #window: Uint8Array;
  #base = 0;
  #filled = 0;

  constructor(source: ByteSource, windowBytes = 0x4_0000) {
    this.#source = source;
    this.#windowBytes = windowBytes;
    this.#window = new Uint8Array(Math.min(windowBytes, source.sizeBytes));
  }

  /** The frame at `offset`, when it ends before `limit`. What it holds owns its memory. */
  read(offset: number, limit: number): FrameRead {
    if (limit - offset < frameHeaderBytes) return { kind: "stop", reason: "short-header" };
    let local = this.#fill(offset, frameHeaderBytes);
    // As if the bytes ended behind the header: what its length claims is known before anything is read for it.
    let outcome = decodeFbatFrame(this.#window, local, local + frameHeaderBytes);
    if (outcome.kind === "short-payload") {
      const size = outcome.endOffset - local;
      if (size > limit - offset) return { kind: "stop", reason: "short-payload" };
      local = this.#fill(offset, size);
      outcome = decodeFbatFrame(this.#window, local, local + size);
    }
    if (outcome.kind !== "frame") return { kind: "stop", reason: outcome.kind };
    if (outcome.endOffset === outcome.payloadStart) return { kind: "stop", reason: "empty-frame" };
    return this.#event(offset, outcome.payloadStart, outcome.endOffset);
  }

  #event(offset: number, payloadStart: number, payloadEnd: number): FrameRead {
    const endOffset = offset + frameHeaderBytes + payloadEnd - payloadStart;
    const refuse = (code: string, reason: string): FrameRead => ({ kind: "malformed", endOffset, code, reason });
    let event: FbatEvent;
    try {
      event = decodeFbatEvent(this.#window, payloadStart, payloadEnd);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      const field = error.context.field ?? "envelope";
      return refuse(error.code, `the frame's ${field} is not spelled as the format spells it`);
    }
    if (event.kind === fbatKinds.batchCommit) return { kind: "event", endOffset, event };
    if (event.kind === fbatKinds.batchBegin) {
      const items = event.payloadSize;
      if (items > 0 && items <= maxBatchItems) return { kind: "event", endOffset, event };
      return refuse("CODEC_MALFORMED_BATCH", `a batch of ${items} items, where 1 to ${maxBatchItems} are possible`);
    }
    if (event.chain === undefined) return refuse("CODEC_MALFORMED_ENVELOPE", "an event without a hash chain");
    for (const field of ["entity", "scope"] as const) {
      if (!isFbatName(event[field])) {
        return refuse("CODEC_MALFORMED_ENVELOPE", `the ${field} is a name that no store may hold`);
      }
    }
    return { kind: "event", endOffset, event };
  }

  /** Makes `[offset, offset + size)` available, which lies inside the source, and returns where it begins in the window. */
  #fill(offset: number, size: number): number {
    if (offset >= this.#base && offset + size <= this.#base + this.#filled) return offset - this.#base;
    if (size > this.#window.length) this.#window = new Uint8Array(size);
    else if (this.#window.length > this.#windowBytes && size <= this.#windowBytes) {
      this.#window = new Uint8Array(this.#windowBytes); // a large frame is behind: its room is given back
    }
    const count = Math.min(this.#window.length, this.#source.sizeBytes - offset);
    this.#filled = 0; // whatever happens in the read, the window holds nothing until it is done
    readExactly(this.#source, this.#window.subarray(0, count), offset);
    this.#base = offset;
    this.#filled = count;
    return 0;
  }
}
