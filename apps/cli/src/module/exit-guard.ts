/**
 * Keeps a module from ending the process that judges it, and remembers that it tried to: where a program gives up on what a
 * crash left, that is an outcome like others. `process.exit` throws while this stands.
 */
export class ExitGuard {
  readonly #exit = Object.getOwnPropertyDescriptor(process, "exit") as PropertyDescriptor; // every process has it
  #code: string | undefined = undefined;

  constructor() {
    process.exit = (code): never => {
      this.#code = String(code ?? process.exitCode ?? 0);
      throw this.#error();
    };
  }

  /** Call before each run of the module. */
  begin(): void {
    this.#code = undefined;
  }

  /** Throws when the module ended its process since {@link begin}, also when it caught what that threw. */
  check(): void {
    if (this.#code !== undefined) throw this.#error();
  }

  [Symbol.dispose](): void {
    Object.defineProperty(process, "exit", this.#exit);
  }

  #error(): Error {
    return new Error(`it ends its process (exit code ${this.#code})`);
  }
}
