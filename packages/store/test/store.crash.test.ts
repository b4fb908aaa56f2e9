// Every crash window of a store, one short program each, on every file system that is asked by default: every disk that a crash may
// leave, and crashes inside the recoveries from it. What was there before a program counts as durable, so that few effects are pending.
//
// STORE_LONG=1 makes more subsets of what is pending, also inside recovery, and recovers from every one. Nothing is drawn at random.
import { crashMatrix, defaultPersonalities, type CrashMatrixOptions } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import type { CrashFs, CrashStrategy } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { WalError } from "@holdfast/wal";
import { expect, test } from "vitest";
import type { AppendReceipt, Store, StoreOptions } from "../src/index.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";
import { allTold, demandLaw, recoverAndAppend, type Recovered } from "./store-law.js";

const isLong = process.env["STORE_LONG"] === "1";

interface Window {
  /** Events that are there before. Default 3. */
  readonly before?: number;
  /** Does something else than close the store it has filled. */
  readonly leave?: (store: Store<Sample>, directory: Directory) => void | Promise<void>;
  readonly options?: Partial<StoreOptions<Sample>>;
  /** Last sequences of the commits it makes, those before included. */
  readonly ends: readonly number[];
  /** `tell` acknowledges what the store says of itself at that moment, `fail` arms a fault. */
  readonly work: (store: Store<Sample>, tell: () => void, fail: (rule: string) => void) => void | Promise<void>;
  /** Closes the store behind it, which acknowledges all. Default false: the store is left as it is. */
  readonly closes?: boolean;
  /** Leaves so much pending that only cuts, and single effects lost or kept, are made by default. */
  readonly isWide?: boolean;
}

function fill(store: Store<Sample>, count: number): void {
  for (let index = 0; index < count; index += 1) store.append(`old:${index % 2}`, Placed, { amount: index });
}

/** Events of different streams, as one commit. */
function commitThree(store: Store<Sample>, key?: string): void {
  const outcome = store.commit(
    (commit) => {
      const cause = commit.append("old:0", Placed, { amount: 10 });
      commit.append("new", Paid, { by: "x".repeat(60) }, { causation: cause });
      commit.append("old:0", Paid, { by: "last" });
    },
    key === undefined ? {} : { key },
  );
  if (outcome.kind === "conflict") throw new Error("nothing was expected");
}

const windows: Readonly<Record<string, Window>> = {
  "the first open": { before: 0, ends: [], work: () => {} },
  append: {
    ends: [3, 4, 5, 6],
    work: async (store, tell) => {
      store.append("old:0", Paid, { by: "a" });
      await store.sync();
      tell();
      store.append("new", Placed, { amount: 1 });
      const last = store.append("old:1", Paid, { by: "b" }, { rung: "memory" });
      await store.durable(last);
      tell();
    },
  },
  commit: {
    options: { segmentBytes: 8192 },
    ends: [3, 4, 7, 10],
    work: async (store, tell) => {
      store.append("old:0", Paid, { by: "a" });
      commitThree(store, "key");
      tell();
      await store.sync();
      tell();
      commitThree(store);
      tell();
    },
  },
  "rotation inside a row of commits": {
    isWide: true,
    ends: [3, 6, 7, 10],
    work: async (store, tell) => {
      commitThree(store);
      await store.sync();
      tell();
      store.append("new", Placed, { amount: 4 });
      commitThree(store);
      tell();
    },
  },
  "a replay writes nothing": {
    ends: [3, 6],
    work: async (store, tell) => {
      commitThree(store, "key");
      await store.sync();
      tell();
      commitThree(store, "key");
      tell();
    },
  },
  close: {
    options: { preallocateBytes: 4096, segmentBytes: 4096 },
    ends: [3, 4, 7],
    closes: true,
    work: (store) => {
      store.append("old:0", Paid, { by: "a" });
      commitThree(store);
    },
  },
  "an open behind a kill": {
    isWide: true,
    ends: [3, 6],
    leave: (store, directory) => {
      commitThree(store);
      (directory.fs as CrashFs).processCrash();
    },
    work: (_, tell) => tell(),
  },
  "an append behind a full disk": {
    ends: [3, 4, 5],
    work: async (store, tell, fail) => {
      fail("write,append:*.seg n1 torn 150 ENOSPC");
      let refused: unknown;
      try {
        commitThree(store, "key");
      } catch (error) {
        refused = error;
      }
      if (!(refused instanceof WalError && refused.code === "WAL_NO_SPACE")) throw new Error(`met ${String(refused)}`);
      store.append("old:0", Paid, { by: "later" });
      tell();
      await store.sync();
      tell();
      store.append("new", Placed, { amount: 1 });
      tell();
    },
  },
  "barriers that many wait for": {
    ends: [3, 4, 5, 8, 9],
    options: { segmentBytes: 8192 },
    work: async (store, tell) => {
      const wait = async (written: AppendReceipt): Promise<void> => {
        await store.durable(written);
        tell();
      };
      const first = wait(store.append("old:0", Paid, { by: "a" }));
      const second = wait(store.append("new", Placed, { amount: 1 }, { rung: "memory" }));
      commitThree(store);
      await Promise.all([first, second, wait(store.append("old:1", Paid, { by: "b" }))]);
    },
  },
  "an open that gathers small segments": {
    options: { mergeBytes: 8192 },
    ends: [3, 6],
    work: async (store, tell) => {
      commitThree(store);
      await store.sync();
      tell();
    },
  },
};

function matrix(
  name: string,
  window: Window,
  more: Partial<CrashMatrixOptions<Recovered>>,
): ReturnType<typeof crashMatrix> {
  const { before = 3, leave, options = {}, ends, work, closes = false } = window;
  const restart = { ...determined(5), ...options };
  return crashMatrix({
    name,
    setup: async (directory) => {
      if (before === 0) return;
      const store = await openSample(directory, options);
      fill(store, before);
      if (leave === undefined) await store.close();
      else await leave(store, directory);
    },
    workload: async (_, run) => {
      const faults = new FaultFs(run.fs);
      const store = await openSample(new Directory(faults), restart);
      const tell = (durable = store.watermarks.durable, written = allTold(store, store.watermarks.visible)): void => {
        run.ack("told", { durable, written });
      };
      if (before > 0) tell();
      await work(
        store,
        () => tell(),
        (rule) => void faults.plan.arm(rule),
      );
      if (!closes) return;
      const written = allTold(store, store.lastSequence);
      await store.close();
      tell(written.length, written);
    },
    recover: (directory) => recoverAndAppend(directory, options),
    check: (recovered, context) => demandLaw(recovered, ends, context),
    maxRecoveries: 1_000_000,
    ...more,
  });
}

function strategyOf({ isWide = false }: Window): CrashStrategy {
  if (isLong) return { kind: "exhaustive", limit: 1024 };
  return isWide ? { kind: "levels", level: 1 } : { kind: "exhaustive", limit: 32 };
}

test.each(Object.entries(windows))(
  "the law holds at every crash point of %s, and inside recovery from it",
  async (name, window) => {
    const report = await matrix(name, window, {
      strategy: strategyOf(window),
      nestedStrategy: { kind: "levels", level: isLong ? 2 : 0 },
      rememberReads: !isLong,
    });
    expect(report.recoveries).toBeGreaterThan(100);
    expect(report.personalities.map(({ personality }) => personality)).toEqual(defaultPersonalities);
  },
  isLong ? 7_200_000 : 600_000,
);
