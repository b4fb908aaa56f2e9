import { CodecError } from "./codec-error.js";
import type { FbatEvent } from "./fbat-event.js";
import type { FbatEventView } from "./fbat-event-view.js";
import { FBAT_MAX_BATCH_ITEMS, fbatKinds } from "./fbat-layout.js";
import { isFbatName } from "./fbat-names.js";

/** A frame of a batpak segment. */
export interface FbatFrame<Event extends FbatEvent = FbatEvent> {
  /** Where the frame begins in the file. */
  readonly offset: number;
  /** With the 8 bytes of its header. */
  readonly length: number;
  /** What it holds; a marker holds one, too. */
  readonly event: Event;
  /** Whether it is an event, or the beginning or end of a batch. */
  readonly role: "event" | "batch-begin" | "batch-commit";
  /** False for the items of a batch that never committed, and for markers without effect. */
  readonly committed: boolean;
}

/** Throws a {@link CodecError} when a sound frame holds what no reader may accept; `offset` is that of the frame. */
export function checkFbatEvent(event: FbatEventView, offset: number): void {
  const { kind, payloadSize } = event;
  if (kind === fbatKinds.batchCommit) return;
  if (kind === fbatKinds.batchBegin) {
    if (payloadSize >= 1 && payloadSize <= FBAT_MAX_BATCH_ITEMS) return;
    const context = { offset, field: "payload_size", actual: payloadSize };
    throw new CodecError("CODEC_MALFORMED_BATCH", `a batch of ${payloadSize} items`, context);
  }
  if (!event.hasChain) {
    const message = "an event without a hash chain, which only batch markers lack";
    throw new CodecError("CODEC_MALFORMED_ENVELOPE", message, { offset, field: "hash_chain" });
  }
  for (const field of ["entity", "scope"] as const) {
    if (isFbatName(event[field])) continue;
    const message = `a ${field} that no store may hold: ${JSON.stringify(event[field])}`;
    throw new CodecError("CODEC_MALFORMED_ENVELOPE", message, { offset, field });
  }
}

/**
 * Which events a reader may see: all that stand alone, and the items of a batch once its commit marker has been seen. Of an
 * open batch only places are kept, two numbers for each of at most a million items; whoever takes the frames reads them again.
 */
export class FbatBatches {
  /** Places of the open batch's frames, offset and length in turn, its begin marker first; empty when none is open. */
  #staged: number[] = [];
  #remaining = 0;
  readonly #emit: (frame: FbatFrame<FbatEventView>) => void;
  readonly #read: (offset: number, length: number) => FbatEventView;

  /**
   * @param emit - gets every frame in file order, as soon as it is known whether it counts.
   * @param read - decodes a frame a second time.
   */
  constructor(
    emit: (frame: FbatFrame<FbatEventView>) => void,
    read: (offset: number, length: number) => FbatEventView,
  ) {
    this.#emit = emit;
    this.#read = read;
  }

  /** Takes the next frame, whose event {@link checkFbatEvent} has let pass. */
  take(event: FbatEventView, offset: number, length: number): void {
    if (event.kind === fbatKinds.batchBegin) this.#open(event, offset, length);
    else if (event.kind === fbatKinds.batchCommit) this.#close(event, offset, length);
    else this.#add(event, offset, length);
  }

  /** An open batch that ends here never committed. */
  discard(): void {
    this.#settle(false);
  }

  #open(event: FbatEventView, offset: number, length: number): void {
    this.discard(); // a batch that was open
    this.#staged.push(offset, length);
    this.#remaining = event.payloadSize;
  }

  #close(event: FbatEventView, offset: number, length: number): void {
    const committed = this.#staged.length > 0 && this.#remaining === 0;
    this.#settle(committed);
    this.#emit({ offset, length, event, role: "batch-commit", committed });
  }

  #add(event: FbatEventView, offset: number, length: number): void {
    if (this.#staged.length === 0) {
      this.#emit({ offset, length, event, role: "event", committed: true });
      return;
    }
    this.#staged.push(offset, length);
    // One item too many: whatever was staged, and this one, is not a batch that anybody committed.
    if (this.#remaining === 0) this.discard();
    else this.#remaining--;
  }

  #settle(committed: boolean): void {
    const staged = this.#staged;
    this.#staged = [];
    this.#remaining = 0;
    for (let index = 0; index < staged.length; index += 2) {
      const offset = staged[index]!; // places come in pairs
      const length = staged[index + 1]!;
      const role = index === 0 ? "batch-begin" : "event";
      this.#emit({ offset, length, event: this.#read(offset, length), role, committed });
    }
  }
}
