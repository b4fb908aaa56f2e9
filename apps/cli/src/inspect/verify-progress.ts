import { countText, type TextSink } from "../terminal.js";
import type { Line } from "./line.js";
import { shown } from "./safe-text.js";

/** Bytes between two words about how far it has come. */
const stepBytes = 16 * 2 ** 20;

/** How far `verify` has come: one line that is written over, for whoever waits at a terminal, and nothing elsewhere. */
export class VerifyProgress {
  readonly #sink: TextSink;
  #isShown = false;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** The same lines, told of as they pass. */
  *followed(file: string, lines: Iterable<Line>): Generator<Line, void, undefined> {
    if (this.#sink.isTTY !== true) {
      yield* lines;
      return;
    }
    let told = 0;
    for (const line of lines) {
      const end = line.offset + line.length;
      if (end - told >= stepBytes) {
        told = end;
        this.#sink.write(`\r\u001b[K... ${shown(file)}, ${countText(Math.floor(end / 2 ** 20))} MiB`);
        this.#isShown = true;
      }
      yield line;
    }
  }

  /** Takes the line away, before something else is written. */
  clear(): void {
    if (this.#isShown) this.#sink.write("\r\u001b[K");
    this.#isShown = false;
  }
}
