/** An LSN that only grows, and those who wait for it to reach theirs. */
export class Watermark {
  #lsn: number;
  #failure: { readonly error: unknown } | undefined = undefined;
  readonly #waiters = new Set<Waiter>();

  constructor(lsn: number) {
    this.#lsn = lsn;
  }

  get lsn(): number {
    return this.#lsn;
  }

  /** Never goes back: a lower LSN changes nothing. */
  advance(lsn: number): void {
    if (lsn <= this.#lsn) return;
    this.#lsn = lsn;
    for (const waiter of this.#waiters) {
      if (waiter.lsn > lsn) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves once the watermark is there. Whoever stops listening calls `cancel`. */
  reached(lsn: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
    if (lsn <= this.#lsn) return { promise: Promise.resolve(), cancel: () => {} };
    if (this.#failure !== undefined) return { promise: Promise.reject(this.#failure.error), cancel: () => {} };
    let cancel = (): void => {};
    const promise = new Promise<void>((resolve, reject) => {
      const waiter = { lsn, resolve, reject };
      this.#waiters.add(waiter);
      cancel = (): void => void this.#waiters.delete(waiter);
    });
    return { promise, cancel };
  }

  /** It will not move any more: rejects all who wait, and all who will. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}

interface Waiter {
  readonly lsn: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
