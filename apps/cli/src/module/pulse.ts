/** A `load` that does not come back, as the process that watches over it tells it. */
export interface StuckLoad {
  readonly personality: string;
  readonly busyMs: number;
}

/** What the thread of a watch is given. */
export interface WatchTask {
  readonly memory: SharedArrayBuffer;
  readonly personalities: readonly string[];
  /** Pid of the process that waits for the verdicts. */
  readonly parent: number;
  /** Milliseconds of CPU time that a `load` may compute without coming back. */
  readonly busyMs: number;
}

/** Where the parent of a judging process reads of a {@link StuckLoad}. */
export const stuckDescriptor = 4;

/** Shows another thread whether recovery goes on; that thread sees it also while this one computes and does nothing else. */
export class Pulse {
  /** Beats; the file system, by index; 1 while `load` is at a disk after a crash. */
  readonly #cells: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(12)) {
    this.#cells = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#cells.buffer;
  }

  /** Something has happened. */
  beat(): void {
    Atomics.add(this.#cells, 0, 1);
  }

  get beats(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** Index of the file system that the module is judged under. */
  get under(): number {
    return Atomics.load(this.#cells, 1);
  }

  set under(index: number) {
    Atomics.store(this.#cells, 1, index);
  }

  /** Whether `load` was given a disk after a crash, and has not come back. */
  get isLoading(): boolean {
    return Atomics.load(this.#cells, 2) === 1;
  }

  set isLoading(value: boolean) {
    Atomics.store(this.#cells, 2, Number(value));
    this.beat();
  }
}
