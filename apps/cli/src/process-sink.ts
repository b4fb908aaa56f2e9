import { CliError } from "./cli-error.js";
import type { TextSink } from "./terminal.js";

/**
 * Standard output or error. Whoever reads it may leave early (`holdfast dump … | head`): that ends nothing by force, and is told
 * by `closed`. Every other failure to write ends the process, or rejects `drained` where somebody waits.
 */
export class ProcessSink implements TextSink {
  readonly isTTY: boolean;
  readonly #stream: NodeJS.WriteStream;
  #closed = false;
  #failure: Error | undefined;
  #waiting = false;
  #taken: Promise<void> = Promise.resolve();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.isTTY = stream.isTTY;
    stream.on("error", (error) => {
      this.#note(error);
      if (this.#failure !== undefined && !this.#waiting) throw error;
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(text: string): void {
    if (this.#closed) return;
    this.#taken = new Promise((settle) => {
      this.#stream.write(text, (error) => {
        if (error) this.#note(error);
        settle();
      });
    });
  }

  async drained(): Promise<void> {
    this.#waiting = true;
    await this.#taken;
    const { code } = (this.#failure ?? {}) as NodeJS.ErrnoException;
    if (this.#failure === undefined) return;
    throw new CliError("CLI_FILE_UNWRITABLE", `the output cannot be written (${code ?? this.#failure.message})`);
  }

  #note(error: NodeJS.ErrnoException): void {
    if (error.code === "EPIPE") this.#closed = true;
    else this.#failure = error;
  }
}
