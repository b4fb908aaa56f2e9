/**
 * Where the calls of a layer above came from. A layer that carries out a call of the program later, or in several steps,
 * is no longer below that call on the stack; it takes an error at the call and runs the steps under it.
 */
let current: Error | undefined;

/** Runs `steps`, which must be synchronous; the call sites that are recorded meanwhile are that of `origin`. */
export function fromOrigin<T>(origin: Error, steps: () => T): T {
  const before = current;
  current = origin;
  try {
    return steps();
  } finally {
    current = before;
  }
}

/** The origin that holds now, if any. */
export function callOrigin(): Error | undefined {
  return current;
}
