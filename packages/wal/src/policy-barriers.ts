import type { GroupCommit } from "./group-commit.js";
import type { ResolvedWalOptions } from "./wal-options.js";

/** Barriers that no call asks for: they are due by the sync policy of a log. */
export interface PolicyBarriers {
  /** What the policy makes of appends. */
  readonly count: (appends: number) => void;
  /** Has a barrier come when the interval is over, also after {@link cancel}. */
  readonly arm: () => void;
  /** Nothing comes of the interval that runs, nor is another one begun for what had no room. */
  readonly cancel: () => void;
}

/**
 * The barriers of a policy; undefined for one that starts none.
 *
 * @param onFailure - hears of a `schedule` that throws, which ends the log: nobody would keep the policy.
 */
export function policyBarriers(
  { syncPolicy, schedule }: ResolvedWalOptions,
  commit: GroupCommit,
  onFailure: (error: unknown) => void,
): PolicyBarriers | undefined {
  if (syncPolicy.kind === "manual") return undefined;
  let unsyncedAppends = 0;
  /** Undefined while no barrier is due. */
  let cancelSync: (() => void) | undefined;
  let isCancelled = false;

  function count(appends: number): void {
    unsyncedAppends += appends;
    if (syncPolicy.kind === "every" && unsyncedAppends >= syncPolicy.appends) sync();
    arm();
  }

  function arm(): void {
    isCancelled = false;
    if (syncPolicy.kind !== "interval" || cancelSync !== undefined) return;
    try {
      cancelSync = schedule(() => {
        cancelSync = undefined;
        sync();
      }, syncPolicy.intervalMs);
    } catch (error) {
      onFailure(error);
    }
  }

  function cancel(): void {
    isCancelled = true;
    cancelSync?.();
    cancelSync = undefined;
  }

  /** Nobody waits for it: a failure ends the log, and the next call says so. What had no room is due again. */
  function sync(): void {
    const unsynced = unsyncedAppends;
    unsyncedAppends = 0;
    commit.sync("data").catch(() => {
      unsyncedAppends += unsynced; // for the next append to ask
      if (!isCancelled) arm();
    });
  }

  return { count, arm, cancel };
}
