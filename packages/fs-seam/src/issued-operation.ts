import { isFsError, type FsOperation } from "./fs-error.js";

/**
 * A promise operation of the in-memory engine between its issue and its completion. Node runs such operations on a pool of
 * threads, so each is three moments: the program issues it, it takes effect, the program learns of it. How much later the
 * last two come, and what happens in between, is for the backend to decide.
 */
export interface IssuedOperation<Result> {
  readonly operation: FsOperation;
  readonly path: string;
  /** Operations of one lane come one after the other, in the order of issue: the barriers of one handle. */
  readonly lane: object | undefined;
  /** Carries it out. Never throws: a failure waits for `complete`. */
  readonly effect: () => void;
  /** What the program learns; called once, after `effect`, or without it when a crash has ended the program. */
  readonly complete: () => Result;
}

const resolved = Promise.resolve();

/** Carries an operation out in a microtask of its own: what a backend does that simulates no waiting. */
export function settleSoon<Result>(issued: IssuedOperation<Result>): Promise<Result> {
  const promise = new Promise<Result>((resolve, reject) => {
    void resolved.then(() => {
      try {
        issued.effect();
        resolve(issued.complete());
      } catch (error) {
        if (isFsError(error, "FS_CRASHED")) forgive(promise);
        reject(error);
      }
    });
  });
  return promise;
}

/**
 * Keeps a promise that is going to fail because of a crash from being reported as unhandled. A program that has several
 * barriers in flight awaits them one by one, and the first failure ends it before it comes to the others.
 */
export function forgive(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}
