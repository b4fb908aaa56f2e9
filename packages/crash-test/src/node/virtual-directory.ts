import { callbackOf, type Callback } from "./call-arguments.js";
import type { DirentType } from "./real-node.js";
import { Turns } from "./turns.js";

function closedError(): Error {
  return Object.assign(new Error("Directory handle was closed"), { code: "ERR_DIR_CLOSED" });
}

/** What `opendir` gives: the entries as they were at the open, in order. */
export class VirtualDirectory {
  readonly path: string;
  readonly #entries: readonly DirentType[];
  readonly #turns = new Turns(false);
  #next = 0;
  #closed = false;

  constructor(path: string, entries: readonly DirentType[]) {
    this.path = path;
    this.#entries = entries;
  }

  readSync(): DirentType | null {
    if (this.#closed) throw closedError();
    const entry = this.#entries[this.#next] ?? null;
    this.#next += 1;
    return entry;
  }

  closeSync(): void {
    if (this.#closed) throw closedError();
    this.#closed = true;
  }

  read(callback?: Callback): Promise<DirentType | null> | void {
    if (callback === undefined) return this.#turns.issue(() => this.readSync());
    const done = callbackOf(callback);
    this.#turns.callBack(done, null, this.readSync());
  }

  close(callback?: Callback): Promise<void> | void {
    if (callback === undefined) return this.#turns.issue(() => this.closeSync());
    const done = callbackOf(callback);
    this.closeSync();
    this.#turns.callBack(done, null);
  }

  async *entries(): AsyncGenerator<DirentType, void, undefined> {
    try {
      while (true) {
        const entry = await this.#turns.issue(() => this.readSync());
        if (entry === null) return;
        yield entry;
      }
    } finally {
      await this.#turns.issue(() => this.closeSync());
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<DirentType, void, undefined> {
    return this.entries();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.#turns.issue(() => this.closeSync());
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.closeSync();
  }
}
