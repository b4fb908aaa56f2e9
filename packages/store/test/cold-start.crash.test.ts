// What a crash leaves of footers and of the accelerator, each window visited by a short program:
//
// 1. A segment is sealed: its footer is missing, torn, or there without the zeros ahead cut off; see `segment-footers.ts` of the log.
// 2. An accelerator is written for the first time, beside appends: none, or a temporary file, or it, with its name durable or not.
// 3. An accelerator takes the place of another one: the one, or the other.
// 4. It tells of segments whose ends the crash has taken, and the log goes on from before.
// 5. A store is closed with all of it: the accelerator first, then the last barrier, then the footer.
// 6. An open behind a kill has written events again to another segment, of which the accelerator tells as they were.
//
// After each of them every way to open the store comes to the same events, and so does a second recovery.
//
// STORE_LONG=1 makes more subsets of what is pending, also inside recovery.
import type { CrashMatrixOptions, ExplorationStrategy } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import type { CrashFs } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { openStoreReader, type Store, type StoreOptions } from "../src/index.js";
import { determined, events, openSample, Placed, type Sample } from "./sample-store.js";
import { allTold, demandLaw, recoverAndAppend, type Recovered } from "./store-law.js";
import { explorationTimeoutMs, explore } from "./support/exploration.js";
import { readAll, withoutAccelerator, withoutFooters } from "./support/index-sources.js";

const isLong = process.env["STORE_LONG"] === "1";
const options: Partial<StoreOptions<Sample>> = { segmentBytes: 430, acceleratorEvents: 1 };

interface Window {
  /** Events that are there before, in segments of two. */
  readonly before: number;
  readonly leave?: (store: Store<Sample>, directory: Directory) => void | Promise<void>;
  readonly ends: readonly number[];
  readonly work: (store: Store<Sample>, tell: () => void) => void | Promise<void>;
  readonly closes?: boolean;
  /** Accelerators that the program itself writes. */
  readonly accelerators: number;
}

function append(store: Store<Sample>, count: number): void {
  for (let index = 0; index < count; index += 1) store.append(`old:${index % 2}`, Placed, { amount: index });
}

/** Until nothing is done in the background any more. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const windows: Readonly<Record<string, Window>> = {
  "a seal, and the first accelerator": {
    before: 1,
    ends: [1, 2, 3, 4, 5],
    accelerators: 1,
    work: async (store, tell) => {
      append(store, 2);
      await settled();
      tell();
      append(store, 2);
      await store.sync();
      tell();
    },
  },
  "an accelerator in the place of another": {
    before: 3,
    ends: [3, 4, 5, 6],
    accelerators: 1,
    work: async (store, tell) => {
      append(store, 3);
      await settled();
      await store.sync();
      tell();
    },
  },
  "nothing of it durable": {
    before: 1,
    ends: [1, 2, 3, 4],
    accelerators: 1,
    work: async (store, tell) => {
      append(store, 3);
      await settled();
      tell();
    },
  },
  "a close": {
    before: 1,
    ends: [1, 2, 3],
    accelerators: 1,
    closes: true,
    work: (store) => append(store, 2),
  },
  "an open behind a kill, whose accelerator is of before": {
    before: 3,
    ends: [3, 4, 5],
    accelerators: 0,
    leave: async (store, directory) => {
      append(store, 2);
      await settled();
      (directory.fs as CrashFs).processCrash();
    },
    work: (_, tell) => tell(),
  },
};

/** Throws unless the store is read as the same by every way there is. */
function demandSameWays(directory: Directory): void {
  const ways = [
    directory,
    withoutAccelerator(directory),
    withoutFooters(directory, (place) => place % 2 === 0),
    withoutFooters(withoutAccelerator(directory), () => true),
  ].map((way) => {
    const reader = openStoreReader({ directory: way, events });
    const read = readAll(reader, reader.lastSequence);
    reader.close();
    return read;
  });
  for (const way of ways) if (way !== ways[0]) throw new Error(`another store by another way: ${way}, not ${ways[0]}`);
}

/** It reads accelerators and writes none: the windows of writing one are those of the program. */
const recoveryOptions = { ...options, acceleratorEvents: Infinity };

async function recover(directory: Directory): Promise<Recovered> {
  const recovered = await recoverAndAppend(directory, recoveryOptions);
  demandSameWays(directory);
  return recovered;
}

function matrix(
  name: string,
  { before, leave, ends, work, closes = false }: Window,
  more: Pick<CrashMatrixOptions<Recovered>, "recover" | "strategy" | "nested" | "nestedStrategy">,
  written: (accelerators: number) => void,
): CrashMatrixOptions<Recovered> {
  return {
    name,
    setup: async (directory) => {
      const store = await openSample(directory, options);
      append(store, before);
      if (leave === undefined) await store.close();
      else await leave(store, directory);
    },
    workload: async (directory, run) => {
      const store = await openSample(directory, { ...options, ...determined(5) });
      const tell = (durable = store.watermarks.durable, all = allTold(store, store.watermarks.visible)): void => {
        run.ack("told", { durable, written: all });
      };
      tell();
      await work(store, () => tell());
      await settled();
      if (closes) {
        const all = allTold(store, store.lastSequence);
        await store.close();
        tell(all.length, all);
      }
      written(store.stats().accelerators.written);
    },
    check: (recovered, context) => demandLaw(recovered, ends, context),
    ...more,
  };
}

test.for(Object.entries(windows))(
  "the law holds at every crash point, by every way: %s",
  { timeout: explorationTimeoutMs },
  async ([name, window], context) => {
    let accelerators = -1;
    const strategy: ExplorationStrategy = isLong ? { kind: "exhaustive", limit: 1024 } : { kind: "levels", level: 2 };
    const every = { recover, strategy, nested: 0 };
    const explored = await explore(
      matrix(name, window, every, (written) => (accelerators = written)),
      context,
    );
    expect(explored.recoveries).toBeGreaterThan(30);
    expect(accelerators).toBe(window.accelerators);
  },
);

test.for(Object.entries(windows))(
  "the law holds inside recovery: %s",
  { timeout: explorationTimeoutMs },
  async ([name, window], context) => {
    let accelerators = -1;
    const level = isLong ? 2 : 1;
    const inside = {
      recover: (directory: Directory) => recoverAndAppend(directory, recoveryOptions),
      strategy: { kind: "levels", level },
      nestedStrategy: { kind: "levels", level },
    } as const;
    const explored = await explore(
      matrix(name, window, inside, (written) => (accelerators = written)),
      context,
    );
    expect(explored.insideRecovery).toBeGreaterThan(100);
    expect(accelerators).toBe(window.accelerators);
  },
);
