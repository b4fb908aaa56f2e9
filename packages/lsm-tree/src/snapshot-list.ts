import type { EngineSnapshot } from "./engine-contract.js";

/** The moments that somebody may still read at: flushes and compactions keep what each of them sees. */
export class SnapshotList {
  /** Ascending; one entry for each snapshot, so that two of one moment are two. */
  readonly #seqnos: number[] = [];

  get count(): number {
    return this.#seqnos.length;
  }

  /** The oldest moment that is kept; undefined without snapshots. */
  get oldest(): number | undefined {
    return this.#seqnos[0];
  }

  /** A copy, ascending. */
  seqnos(): number[] {
    return [...this.#seqnos];
  }

  /** @param seqno - not below that of the last snapshot taken: moments pass. */
  take(seqno: number): EngineSnapshot {
    this.#seqnos.push(seqno);
    return new Snapshot(seqno, () => this.#remove(seqno));
  }

  #remove(seqno: number): void {
    this.#seqnos.splice(this.#seqnos.lastIndexOf(seqno), 1);
  }
}

class Snapshot implements EngineSnapshot {
  readonly seqno: number;
  #onRelease: (() => void) | undefined;

  constructor(seqno: number, onRelease: () => void) {
    this.seqno = seqno;
    this.#onRelease = onRelease;
  }

  get released(): boolean {
    return this.#onRelease === undefined;
  }

  release(): void {
    const onRelease = this.#onRelease;
    this.#onRelease = undefined;
    onRelease?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
