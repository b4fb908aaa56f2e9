import { WalError } from "./wal-error.js";

/** Work on many bytes, which can be done in one go or with turns of the event loop in between: it yields where it may pause. */
export type Steps<T> = Generator<void, T, undefined>;

export interface SliceOptions {
  /** One turn of the event loop. */
  readonly turn: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** Does the work in one go. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Does the work with a turn of the event loop between two steps.
 *
 * @throws {@link WalError} `WAL_ABORTED` once the signal is aborted; what the work has open is closed then.
 */
export async function inSlices<T>(steps: Steps<T>, { turn, signal }: SliceOptions): Promise<T> {
  try {
    for (;;) {
      if (signal?.aborted === true) {
        throw new WalError("WAL_ABORTED", "stopped before the end", {}, { cause: signal.reason });
      }
      const step = steps.next();
      if (step.done === true) return step.value;
      await turn();
    }
  } finally {
    steps.return(undefined as T); // runs what the work has in `finally`
  }
}
