// Where packages/*/src may touch real time, randomness or timers, and why. An entry that is no longer used fails the
// tidy test, so the list can only describe the code as it is.

export interface Allowance {
  /** Relative to the root. */
  readonly path: string;
  /** As the rule names it: "Date.now", "setTimeout", ... */
  readonly what: string;
  readonly reason: string;
}

export const allowances: readonly Allowance[] = [
  {
    path: "packages/fs-seam/src/real-fs.ts",
    what: "randomBytes",
    reason:
      "RealFs is the real world: the names it invents must differ between processes; simulators draw theirs from the seed",
  },
  {
    path: "packages/fs-seam/src/sim-scheduler.ts",
    what: "setImmediate",
    reason:
      "one turn of the event loop empties the microtask queue before each decision; no decision depends on how long it took",
  },
  {
    path: "packages/crash-test/src/crash-matrix-options.ts",
    what: "performance.now",
    reason:
      "the default of the option `now`, which only a time budget reads; images and their order never depend on it",
  },
  {
    path: "packages/crash-test/src/crash-matrix-options.ts",
    what: "setImmediate",
    reason:
      "the default of the option `turn`, which only bounds a recovery that never ends; no outcome depends on how long it took",
  },
  {
    path: "packages/crash-test/src/node/node-fs.ts",
    what: "Date.now",
    reason:
      "the default of the option `now`, which only the times in `stat` come from; no effect and no image depends on it",
  },
  {
    path: "packages/crash-test/src/node/turns.ts",
    what: "setImmediate",
    reason: "a call completes in a turn of the event loop of its own, as Node's do; the order is that of the calls",
  },
  {
    path: "packages/wal/src/wal-options.ts",
    what: "performance.now",
    reason:
      "the default of the option `now`, which ages of segments and statistics come from; what is recovered never does",
  },
  {
    path: "packages/wal/src/wal-options.ts",
    what: "setImmediate",
    reason: "the default of the option `turn`, which only lets others run between two steps of background work",
  },
  {
    path: "packages/wal/src/wal-options.ts",
    what: "setTimeout",
    reason:
      "the default of the option `schedule`, for barriers that nobody asked for and looks of a reader that follows",
  },
  {
    path: "packages/store/src/store-options.ts",
    what: "Date.now",
    reason: "the default of the option `clock`, which the times of events come from",
  },
  {
    path: "packages/store/src/store-options.ts",
    what: "performance.now",
    reason: "the default of the option `now`, which only the duration in the report of an open comes from",
  },
  {
    path: "packages/store/src/store-options.ts",
    what: "setImmediate",
    reason: "the default of the option `turn`, which only lets others run between two steps of long work",
  },
  {
    path: "packages/store/src/store-options.ts",
    what: "setTimeout",
    reason: "the default of the option `schedule` of a reader, for its looks while somebody waits",
  },
  {
    path: "packages/store/src/store-options.ts",
    what: "crypto.getRandomValues",
    reason: "the default of the option `random`, which ids of events come from; those of two processes must differ",
  },
  {
    path: "packages/store/src/projector-options.ts",
    what: "Date.now",
    reason: "the default of the option `clock`, which only ages of cached states come from; no state depends on it",
  },
  {
    path: "packages/lsm-tree/src/engine-options.ts",
    what: "performance.now",
    reason:
      "the default of the option `now`, which only slices of background work and durations come from; no byte depends on it",
  },
  {
    path: "packages/lsm-tree/src/engine-options.ts",
    what: "Date.now",
    reason: "the default of the option `clock`, which only the times of creation that tables and edits state come from",
  },
  {
    path: "packages/lsm-tree/src/engine-options.ts",
    what: "setImmediate",
    reason:
      "the default of the option `turn`, which lets others run between two slices of background work and of long reads",
  },
  {
    path: "packages/lsm-tree/src/engine-options.ts",
    what: "setTimeout",
    reason: "the default of the option `schedule`, which delays answers to writes that outrun what is behind them",
  },
  {
    path: "packages/lsm-tree/src/engine-options.ts",
    what: "crypto.getRandomValues",
    reason:
      "the default of the option `random`, which the id and hash key of a database and the nonces of its tables come from; those of two must differ",
  },
];
