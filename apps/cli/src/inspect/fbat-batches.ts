import { fbatKinds, type FbatEvent } from "@holdfast/segment-codec/fbat";
import type { FrameRead } from "./fbat-frame-reader.js";

/**
 * Which events count. Items of a batch do when a commit marker follows as many as its begin marker states; everything between
 * the markers of another is dropped by readers. Whether the marker follows is found by reading ahead to it, so that a walk over a
 * file needs no memory of what it has passed; a batch is read twice and nothing more often, because none lies in another.
 *
 * Behind damage, nobody knows whether a begin marker was in it: up to the next marker, no event counts. An item of a batch that
 * was given up must never be taken for an event that somebody committed.
 */
export class FbatBatches {
  readonly #read: (offset: number) => FrameRead;
  #state: "alone" | "open" | "unknown" = "alone";
  #remaining = 0;
  #commits = false;

  /** @param read - the frame at an offset, independent of where the walk stands. */
  constructor(read: (offset: number) => FrameRead) {
    this.#read = read;
  }

  /** Takes the next frame of the walk and returns whether it counts. */
  take(event: FbatEvent, endOffset: number): boolean {
    if (event.kind === fbatKinds.batchBegin) {
      this.#state = "open"; // a batch that was open is dropped with this
      this.#remaining = event.payloadSize;
      this.#commits = this.#willCommit(endOffset, event.payloadSize);
      return this.#commits;
    }
    if (event.kind === fbatKinds.batchCommit) {
      const committed = this.#state === "open" && this.#commits;
      this.#state = "alone";
      return committed;
    }
    if (this.#state !== "open") return this.#state === "alone";
    if (this.#remaining === 0) this.#state = "alone"; // one item too many: no batch that anybody committed
    else this.#remaining--;
    return this.#commits;
  }

  /** There is damage: what is open never committed, and what follows may be of a batch whose beginning is gone. */
  passDamage(): void {
    this.#state = "unknown";
  }

  #willCommit(from: number, items: number): boolean {
    let offset = from;
    for (let left = items; ; left--) {
      const read = this.#read(offset);
      if (read.kind !== "event" || read.event.kind === fbatKinds.batchBegin) return false;
      if (read.event.kind === fbatKinds.batchCommit) return left === 0;
      if (left === 0) return false;
      offset = read.endOffset;
    }
  }
}
