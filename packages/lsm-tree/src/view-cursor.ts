import type { EngineCursor } from "./engine-contract.js";
import type { LevelCursor } from "./level-cursor.js";
import { LsmError } from "./lsm-error.js";
import type { Direction, MergeIterator } from "./merge-iterator.js";
import { VisibleEntries, type KeyBounds } from "./visible-entries.js";

export interface ViewCursorOptions {
  readonly direction: Direction;
  readonly seqno: number;
  readonly bounds: KeyBounds;
  /** Closed with this. */
  readonly levels: readonly LevelCursor[];
  readonly onClose: (() => void) | undefined;
}

/** What a read view shows, in one direction. It keeps open the tables it stands in until it is closed. */
export class ViewCursor extends VisibleEntries implements EngineCursor {
  readonly #levels: readonly LevelCursor[];
  readonly #onClose: (() => void) | undefined;
  #isClosed = false;

  /** @param merge - over the levels among others; taken over. */
  constructor(merge: MergeIterator, { direction, seqno, bounds, levels, onClose }: ViewCursorOptions) {
    super(merge, direction, seqno, bounds);
    this.#levels = levels;
    this.#onClose = onClose;
  }

  override start(): void {
    this.#refuseClosed();
    super.start();
  }

  override seek(key: Uint8Array): void {
    this.#refuseClosed();
    super.seek(key);
  }

  override next(): void {
    this.#refuseClosed();
    super.next();
  }

  /** Idempotent. Afterwards it stands nowhere, and to move it throws `LSM_CLOSED`. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.valid = false;
    for (const level of this.#levels) level.close();
    this.#onClose?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new LsmError("LSM_CLOSED", "the cursor is closed");
  }
}
