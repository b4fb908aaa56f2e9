import { LEVEL0_SLOWDOWN } from "./picker.js";

/**
 * When writes have to wait for flushes and compactions: a law, so that what a writer meets can be foretold.
 *
 * | what there is | from | to | a write |
 * |---|---|---|---|
 * | tables of level 0 | 8 | 11 | is delayed by 1 ms for each from the eighth on |
 * | debt of compactions | soft limit | hard limit | is delayed by up to 4 ms, in proportion |
 * | tables of level 0 | 12 | | waits until there are fewer |
 * | debt of compactions | hard limit | | waits until there is less |
 * | sealed memtables | 2 | | waits until one is flushed |
 *
 * The greater delay counts. Where a write has to wait for what cannot go on, because it failed and is not tried again before somebody asks, it is refused
 * instead: it would wait for ever.
 */
export interface PressureState {
  readonly level0Tables: number;
  readonly sealedMemtables: number;
  /** See `compactionDebtBytes`. */
  readonly debtBytes: number;
  readonly softDebtBytes: number;
  readonly hardDebtBytes: number;
  /** Whether nothing is flushed, or compacted, because it failed: see `JobScheduler.failureOf` and `Compactor.failure`. */
  readonly isFlushStuck: boolean;
  readonly isCompactionStuck: boolean;
}

export type WritePressure =
  | { readonly kind: "none" }
  /** The write is done, and its promise resolves so much later. Milliseconds, above 0. */
  | { readonly kind: "delay"; readonly delayMs: number }
  /** The write is done when this has become better. */
  | { readonly kind: "wait"; readonly for: "flush" | "compaction" }
  /** What the write would wait for has failed: its error is the write's. */
  | { readonly kind: "refuse"; readonly because: "flush" | "compaction" };

const LEVEL0_STOP = 12;
/** With so many sealed memtables writes wait. */
export const MOST_SEALED = 2;
const DELAY_MS = 1;

export function writePressure(state: PressureState): WritePressure {
  const { level0Tables, sealedMemtables, debtBytes, softDebtBytes, hardDebtBytes } = state;
  if (sealedMemtables >= MOST_SEALED) {
    return state.isFlushStuck ? { kind: "refuse", because: "flush" } : { kind: "wait", for: "flush" };
  }
  if (level0Tables >= LEVEL0_STOP || debtBytes >= hardDebtBytes) {
    return state.isCompactionStuck ? { kind: "refuse", because: "compaction" } : { kind: "wait", for: "compaction" };
  }
  const steps = LEVEL0_STOP - LEVEL0_SLOWDOWN;
  const tables = Math.max(0, level0Tables - LEVEL0_SLOWDOWN + 1);
  const debt = Math.max(0, (steps * (debtBytes - softDebtBytes)) / (hardDebtBytes - softDebtBytes));
  const delayMs = DELAY_MS * Math.max(tables, debt);
  return delayMs > 0 ? { kind: "delay", delayMs } : { kind: "none" };
}
