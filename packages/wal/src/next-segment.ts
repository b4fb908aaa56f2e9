import type { Directory, FileHandle } from "@holdfast/fs-seam";
import { freshNonce } from "./fresh-identity.js";
import { formatSegmentFileName } from "./segment-file-name.js";

/**
 * Makes the next segment file ready while the active one fills: created, zero-filled, synced, its name synced. So a rotation
 * writes one header, and the barrier behind it has no name to sync.
 *
 * Crash windows: until its header is written, whatever is left of the file is a segment without a header and without frames.
 * An open removes it.
 */

export interface ReadySegment {
  readonly file: string;
  readonly segmentId: number;
  readonly nonce: number;
  readonly handle: FileHandle;
  /** Bytes that the file has, all of them zero. */
  readonly allocatedBytes: number;
  readonly nameIsDurable: boolean;
}

/** Zero-filled in one go at most: the event loop waits for it. */
const STEP_BYTES = 256 * 1024;

export class NextSegment {
  readonly #directory: Directory;
  readonly #turn: () => Promise<void>;
  #ready: ReadySegment | undefined = undefined;
  #work: Promise<void> | undefined = undefined;
  /** Set by {@link discard}, for a preparation that is under way. */
  #unwanted = false;

  constructor(directory: Directory, turn: () => Promise<void>) {
    this.#directory = directory;
    this.#turn = turn;
  }

  /** Whether {@link prepare} would begin something. */
  get isIdle(): boolean {
    return this.#ready === undefined && this.#work === undefined && !this.#unwanted;
  }

  /** Begins to make the file ready. A failure only means that rotation does it itself. */
  prepare(segmentId: number, bytes: number): void {
    this.#work = this.#prepare(segmentId, bytes).finally(() => (this.#work = undefined));
  }

  /** The file, if it is ready and has a number above `segmentId`; it is the caller's then. One that came too late is removed. */
  take(segmentId: number): ReadySegment | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready === undefined || ready.segmentId > segmentId) return ready;
    this.#remove(ready);
    return undefined;
  }

  /** Resolves once nothing of it is left open or in the directory. */
  async discard(): Promise<void> {
    this.#unwanted = true;
    await this.#work;
    if (this.#ready !== undefined) this.#remove(this.#ready);
    this.#ready = undefined;
  }

  async #prepare(segmentId: number, bytes: number): Promise<void> {
    const nonce = freshNonce(this.#directory.fs);
    const file = formatSegmentFileName({ segmentId, nonce });
    let handle: FileHandle | undefined;
    try {
      handle = this.#directory.open(file, { mode: "write", create: "exclusive" });
      for (let done = 0; done < bytes; done += STEP_BYTES) {
        await this.#turn();
        if (this.#unwanted) break;
        handle.allocate(done, Math.min(STEP_BYTES, bytes - done));
      }
      await handle.sync("full");
      await this.#directory.syncNames();
      this.#ready = { file, segmentId, nonce, handle, allocatedBytes: bytes, nameIsDurable: true };
    } catch {
      if (handle !== undefined) this.#remove({ file, handle });
    }
  }

  #remove({ file, handle }: Pick<ReadySegment, "file" | "handle">): void {
    try {
      handle.close();
      this.#directory.removeIfPresent(file);
    } catch {
      // The next open clears what is left: the file has no header.
    }
  }
}
