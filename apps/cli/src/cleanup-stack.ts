import { constants } from "node:os";

type Task = () => void;

/** What has to be undone before the process may end: children to kill, directories to remove. Latest first. */
export class CleanupStack {
  readonly #tasks: Task[] = [];

  /** Adds a task, which must not wait for anything, and returns a function that takes it off again. */
  add(task: Task): () => void {
    this.#tasks.push(task);
    return () => {
      const at = this.#tasks.indexOf(task);
      if (at !== -1) this.#tasks.splice(at, 1);
    };
  }

  /** Runs every task once and returns what went wrong; one failure does not keep the others from running. */
  run(): unknown[] {
    const failures: unknown[] = [];
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) {
      try {
        task();
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  }
}

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Until the returned function is called, a signal that would end the process runs `cleanup` first, and the process exits
 * with 128 plus the number of the signal, as a shell reports it.
 */
export function cleanUpOnSignals(cleanup: CleanupStack): () => void {
  const end = (signal: NodeJS.Signals): void => {
    cleanup.run();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of endingSignals) process.once(signal, end);
  return () => {
    for (const signal of endingSignals) process.off(signal, end);
  };
}
