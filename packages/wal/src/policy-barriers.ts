import type { ResolvedWalOptions } from "./wal-options.js";

/** What barriers of a policy are started by, and whom they tell. */
export interface PolicySubject {
  readonly sync: () => Promise<unknown>;
  /** Whether the log takes appends. */
  readonly isOpen: () => boolean;
  /** Hears of a `schedule` that throws. */
  readonly onFailure: (error: unknown) => void;
}

/** Undefined for a policy that starts none. */
export function policyBarriers(options: ResolvedWalOptions, subject: PolicySubject): PolicyBarriers | undefined {
  return options.syncPolicy.kind === "manual" ? undefined : new PolicyBarriers(options, subject);
}

/** Barriers that no call asks for: they are due by the sync policy of a log. */
export class PolicyBarriers {
  readonly #options: ResolvedWalOptions;
  readonly #subject: PolicySubject;
  #unsyncedAppends = 0;
  /** Undefined while no barrier is due. */
  #cancel: (() => void) | undefined = undefined;

  constructor(options: ResolvedWalOptions, subject: PolicySubject) {
    this.#options = options;
    this.#subject = subject;
  }

  /** What the policy makes of appends. */
  appended(count: number): void {
    const { syncPolicy } = this.#options;
    this.#unsyncedAppends += count;
    if (syncPolicy.kind === "every" && this.#unsyncedAppends >= syncPolicy.appends) this.#sync();
    this.awaitInterval();
  }

  /** Has a barrier come when the interval is over. A `schedule` that throws ends the log: nobody would keep the policy. */
  awaitInterval(): void {
    const { syncPolicy, schedule } = this.#options;
    if (syncPolicy.kind !== "interval" || this.#cancel !== undefined) return;
    try {
      this.#cancel = schedule(() => {
        this.#cancel = undefined;
        this.#sync();
      }, syncPolicy.intervalMs);
    } catch (error) {
      this.#subject.onFailure(error);
    }
  }

  /** Nothing comes of the interval that runs. */
  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Nobody waits for it: a failure ends the log, and the next call says so. What had no room is due again. */
  #sync(): void {
    const unsynced = this.#unsyncedAppends;
    this.#unsyncedAppends = 0;
    this.#subject.sync().catch(() => {
      this.#unsyncedAppends += unsynced; // for the next append to ask
      if (this.#subject.isOpen()) this.awaitInterval();
    });
  }
}
