import type { TextSink } from "../terminal.js";

const partChars = 0x1_0000;

/**
 * Collects small texts into larger writes, and waits where the reader is slower than we are: what was written and not taken
 * would lie in memory.
 */
export class LineOutput {
  readonly #sink: TextSink;
  #parts: string[] = [];
  #chars = 0;
  /** Texts that were taken so far. */
  count = 0;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** True once the reader has gone away: nothing that is written from then on reaches anybody. */
  get closed(): boolean {
    return this.#sink.closed === true;
  }

  /** Takes a text. When it returns false, {@link drain} has to be awaited before more. */
  push(text: string): boolean {
    this.#parts.push(text);
    this.count += 1;
    this.#chars += text.length;
    return this.#chars < partChars;
  }

  /** Writes what was collected. Resolves once there is room for more, or nobody left to read. */
  async drain(): Promise<void> {
    const text = this.#parts.join("");
    this.#parts = [];
    this.#chars = 0;
    if (text === "" || this.closed) return;
    this.#sink.write(text);
    await this.#sink.drained?.();
  }
}
