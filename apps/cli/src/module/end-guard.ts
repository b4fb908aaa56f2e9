type End = "exit" | "abort";

/**
 * Keeps a module from ending the process that judges it, and remembers that it tried to: where a program gives up on what a
 * crash left, that is an outcome like others. While this stands, `process.exit` and `process.abort` throw, and an error
 * that nobody handles ends nothing.
 */
export class EndGuard {
  readonly #ends = (["exit", "abort"] as const).map(
    (name) => [name, Object.getOwnPropertyDescriptor(process, name) as PropertyDescriptor] as const, // every process has them
  );
  readonly #uncaught = (error: unknown): void => this.#note("uncaught error", error);
  readonly #unhandled = (error: unknown): void => this.#note("unhandled rejection", error);
  #why: string | undefined = undefined;
  #told: () => void = () => {};

  constructor() {
    this.#replace("exit", (code) => `exit code ${code ?? process.exitCode ?? 0}`);
    this.#replace("abort", () => "abort");
    process.on("uncaughtException", this.#uncaught);
    process.on("unhandledRejection", this.#unhandled);
  }

  /** Call before each run of the module. */
  begin(): void {
    this.#why = undefined;
  }

  /** Throws when the module ended its process since {@link begin}, also when it caught what that threw. */
  check(): void {
    if (this.#why !== undefined) throw this.#error();
  }

  /** What a call of the module comes to; a rejection as soon as it ends its process, whatever is still awaited. */
  async during<Result>(call: () => Result | PromiseLike<Result>): Promise<Result> {
    const ended = new Promise<never>((_, reject) => {
      this.#told = (): void => reject(this.#error());
    });
    return Promise.race([call(), ended]);
  }

  [Symbol.dispose](): void {
    for (const [name, end] of this.#ends) Object.defineProperty(process, name, end);
    process.off("uncaughtException", this.#uncaught);
    process.off("unhandledRejection", this.#unhandled);
  }

  #replace(name: End, how: (code?: number | string) => string): void {
    const value = (code?: number | string): never => {
      this.#why = how(code);
      this.#told();
      throw this.#error();
    };
    Object.defineProperty(process, name, { value, writable: true, enumerable: true, configurable: true });
  }

  /** The first one counts: what comes behind it may come of it. */
  #note(what: string, error: unknown): void {
    this.#why ??= `${what}: ${error instanceof Error ? error.message : String(error)}`;
    this.#told();
  }

  #error(): Error {
    return new Error(`it ends its process (${this.#why})`);
  }
}
