import { setImmediate } from "node:timers";
import { fromOrigin } from "@holdfast/fs-seam/crash";
import type { Callback } from "./call-arguments.js";

/**
 * When asynchronous calls complete. A call takes effect when it is issued, so the order of effects is the order of the
 * program; it completes in a turn of the event loop of its own, as a call of Node's does: after everything that is due at
 * once (`process.nextTick`, promises), and one after the other. Barriers are the exception: theirs take effect when the
 * seam says so, and between issue and completion other calls may come, and crashes.
 */
export class Turns {
  readonly #recordsOrigins: boolean;
  /** Where the program made the call whose steps these are; undefined when nobody wants to know. */
  readonly #origin: Error | undefined;

  /** @param recordsOrigins - whether the file system below remembers where calls came from. */
  constructor(recordsOrigins: boolean, origin?: Error) {
    this.#recordsOrigins = recordsOrigins;
    this.#origin = origin;
  }

  /** For a call of several steps: all of them come from where the program is now. */
  begin(): Turns {
    if (!this.#recordsOrigins || this.#origin !== undefined) return this;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 24;
    const origin = new Error("call site");
    Error.stackTraceLimit = limit;
    return new Turns(true, origin);
  }

  /** Carries a call out now. */
  now<T>(call: () => T): T {
    return this.#origin === undefined ? call() : fromOrigin(this.#origin, call);
  }

  /** Carries a call out now; its result arrives in a later turn. */
  async issue<T>(call: () => T): Promise<T> {
    const outcome = attempt(() => this.now(call));
    await nextTurn();
    return outcome();
  }

  /** Issues a barrier now; its result arrives in a turn behind its completion. */
  async barrier(call: () => Promise<void>): Promise<void> {
    const outcome = await this.now(call).then(nothing, thrower);
    await nextTurn();
    outcome();
  }

  /** Calls back in a later turn. What the callback throws is an uncaught exception, as in Node. */
  callBack(callback: Callback, error: unknown, ...results: readonly unknown[]): void {
    setImmediate(callback, error, ...results);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function nothing(): () => void {
  return () => undefined;
}

function thrower(error: unknown): () => never {
  return () => {
    throw error;
  };
}

function attempt<T>(call: () => T): () => T {
  try {
    const value = call();
    return () => value;
  } catch (error) {
    return thrower(error);
  }
}
