import type { CrashMatrixOptions } from "./crash-matrix-options.js";

/** What a program's own states look like to a law that compares with them: one for each moment between two calls. */
export interface ProgramState {
  /** How much was acknowledged by then. */
  readonly acks: number;
  /** What recovery makes of the tree. */
  readonly recovered: unknown;
}

type Check = CrashMatrixOptions<never>["check"];

/** Makes the law that is meant, once the states of the program are known. */
export type Completion<C> = (states: readonly ProgramState[]) => C;

/** Laws that are placeholders until the program has run, and laws made of them. Kept apart, so that a law is a function. */
const completions = new WeakMap<object, Completion<Check>>();

/** Says what stands for a law once the states of the program are known. */
export function completeWith<C extends Check>(law: C, complete: Completion<C>): void {
  completions.set(law, complete);
}

/** What stands for a law; undefined for one that is complete as it is. */
export function completionOf<C extends Check>(law: C): Completion<C> | undefined {
  return completions.get(law) as Completion<C> | undefined; // registered for this law, of its type
}
