import { WalError } from "./wal-error.js";
import type { Watermark } from "./watermark.js";

/** Waiting that a signal may end. Whoever stops waiting changes nothing about what was waited for. */

/** True once the LSN is there, false once the signal is aborted. */
export async function arrival(watermark: Watermark, lsn: number, signal: AbortSignal | undefined): Promise<boolean> {
  const { promise, cancel } = watermark.reached(lsn);
  try {
    await orAborted(promise, signal);
    return true;
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_ABORTED") return false;
    throw error;
  } finally {
    cancel();
  }
}

/** The same as `work`, unless the signal is aborted first: `WAL_ABORTED` then. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = (): WalError =>
    new WalError("WAL_ABORTED", "stopped waiting; what was appended stays appended", {}, { cause: signal.reason });
  if (signal.aborted) {
    work.catch(() => {}); // the one who asked no longer listens
    return Promise.reject(aborted());
  }
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted());
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
