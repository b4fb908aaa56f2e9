// Retention at every crash point, every disk that a crash may leave, and crashes inside the recoveries from it: each event with
// its sequence, revision, id and hash, and with its payload unless that was dropped; what was reported as gone never comes back.
//
// STORE_LONG=1 makes more subsets of what is pending, also inside recovery.
import type { CrashMatrixOptions } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { expect, test } from "vitest";
import { openStoreReader, type Store, type StoreOptions } from "../src/index.js";
import { compact } from "../src/maintenance-entry.js";
import { determined, events, openSample, Placed, type Sample } from "./sample-store.js";
import { allTold, EXTRA } from "./store-law.js";
import { explorationTimeoutMs, explore } from "./support/exploration.js";
import { appendOne, droppedIn, envelopesOf, filledStore, keepOpen } from "./support/retained-store.js";

const isLong = process.env["STORE_LONG"] === "1";

/** Inside the next compaction there is more to crash than inside an open. */
const nestedLevels = { recovery: isLong ? 2 : 1, next: isLong ? 1 : 0 } as const;

/** What was there and what was promised at some moment. */
interface Told {
  readonly durable: number;
  readonly envelopes: readonly string[];
  /** With payloads. */
  readonly whole: readonly string[];
  /** Sequences of the payloads that were reported as gone. */
  readonly gone: readonly number[];
}

type Tell = (gone?: readonly number[]) => void;

interface Window {
  /** Numbers that were appended before. */
  readonly before: number;
  /** Sequences whose payload is to go. Numbers from 1 on: 1 open, 2 secret, 3 and 4 secret and open, 5 secret, ... */
  readonly mayGo: (sequence: number) => boolean;
  readonly options?: Partial<StoreOptions<Sample>>;
  readonly work: (store: Store<Sample>, tell: Tell) => Promise<void>;
}

const windows: Readonly<Record<string, Window>> = {
  "compaction of one segment": {
    before: 2,
    mayGo: (sequence) => sequence === 2,
    work: async (store, tell) => {
      await compact(store, { keep: keepOpen, rotate: true });
      tell(droppedIn(store));
    },
  },
  "compaction of several segments, a predicate that throws, and another run": {
    before: 5,
    mayGo: (sequence) => sequence <= 3 || sequence === 5,
    work: async (store, tell) => {
      const keep = ({ sequence }: { readonly sequence: number }): boolean => {
        if (sequence > 3) throw new Error("enough");
        return false;
      };
      await compact(store, { keep }).catch(() => {});
      tell(droppedIn(store));
      await compact(store, { keep: keepOpen });
      tell(droppedIn(store));
    },
  },
  "compaction while events are appended": {
    before: 3,
    mayGo: (sequence) => sequence === 2 || sequence === 3,
    work: async (store, tell) => {
      const working = compact(store, { keep: keepOpen }).then(() => tell(droppedIn(store)));
      for (const number of [10, 11]) {
        appendOne(store, number);
        await store.sync();
        tell();
      }
      await working;
    },
  },
};

interface Recovered {
  readonly envelopes: readonly string[];
  readonly whole: readonly string[];
  readonly dropped: readonly number[];
  readonly after: readonly string[];
  readonly droppedAfter: readonly number[];
}

/**
 * Opens, reads and verifies everything, appends an event that is synced, closes; opens and reads once more.
 *
 * @param again - takes out what may go, before it closes.
 */
async function recover(directory: Directory, { options = {}, mayGo }: Window, again: boolean): Promise<Recovered> {
  const first = await openSample(directory, { ...determined(1), ...options });
  const envelopes = envelopesOf(first);
  const whole = allTold(first, first.lastSequence);
  const dropped = droppedIn(first);
  const report = await first.verify();
  if (report.kind !== "intact" || report.droppedPayloads !== dropped.length) {
    throw new Error(`does not verify: ${JSON.stringify(report)}`);
  }
  await first.durable(first.append(EXTRA, Placed, { amount: 1 }));
  if (again) await compact(first, { keep: ({ sequence }) => !mayGo(sequence) });
  await first.close();
  const second = await openSample(directory, { ...determined(2), ...options });
  const after = envelopesOf(second);
  const droppedAfter = droppedIn(second);
  const beside = openStoreReader({ directory, events });
  if (envelopesOf(beside).join() !== after.join()) throw new Error("a reader sees other events than the writer");
  beside.close();
  await second.close();
  return { envelopes, whole, dropped, after, droppedAfter };
}

/** @param mayGo - sequences whose payload somebody asked to be taken. */
function demandLaw(found: Recovered, told: readonly Told[], mayGo: (sequence: number) => boolean): void {
  const extra = found.envelopes.findIndex((event) => event.includes(`"${EXTRA}"`));
  const own = extra < 0 ? found.envelopes : found.envelopes.slice(0, extra);
  for (const { durable, envelopes, gone } of told) {
    if (own.length < durable) throw new Error(`${durable} events were acknowledged, ${own.length} are there`);
    const wrong = own.findIndex((event, index) => envelopes[index] !== undefined && envelopes[index] !== event);
    if (wrong >= 0) throw new Error(`is not what it was: ${own[wrong]}, ${envelopes[wrong]}`);
    const back = gone.find((sequence) => !found.dropped.includes(sequence));
    if (back !== undefined) throw new Error(`the payload of ${back} was gone, and is back`);
  }
  for (const [index] of own.entries()) {
    if (found.dropped.includes(index + 1)) {
      if (!mayGo(index + 1)) throw new Error(`${index + 1} was to be kept`);
      continue;
    }
    const original = told.find(({ whole }) => whole[index] !== undefined)?.whole[index];
    if (original !== undefined && found.whole[index] !== original) {
      throw new Error(`has another payload: ${found.whole[index]}, ${original}`);
    }
  }
  if (found.after.slice(0, -1).join() !== found.envelopes.join()) throw new Error("a second recovery changed events");
  const changed = found.dropped.find((sequence) => !found.droppedAfter.includes(sequence));
  const lost = found.droppedAfter.find((sequence) => !mayGo(sequence));
  if (changed !== undefined) throw new Error(`the payload of ${changed} came back behind a recovery`);
  if (lost !== undefined) throw new Error(`a recovery took the payload of ${lost}`);
}

function matrix(name: string, window: Window, again: boolean): CrashMatrixOptions<Recovered> {
  const { before, options = {}, work, mayGo } = window;
  return {
    name,
    setup: async (directory) => {
      const store = await filledStore(directory, { count: before, ...options });
      await store.close();
    },
    workload: async (directory, run) => {
      const store = await openSample(directory, { ...determined(5), ...options });
      const tell: Tell = (gone = []) => {
        const { durable, visible } = store.watermarks;
        const told: Told = { durable, envelopes: envelopesOf(store), whole: allTold(store, visible), gone };
        run.ack("told", told);
      };
      tell();
      await work(store, tell);
    },
    recover: (directory) => recover(directory, window, again),
    check: (found, { acks }) =>
      demandLaw(
        found,
        acks.map(({ data }) => data as Told),
        mayGo,
      ),
    strategy: isLong ? { kind: "exhaustive", limit: 1024 } : { kind: "levels", level: 2 },
    nestedStrategy: { kind: "levels", level: nestedLevels[again ? "next" : "recovery"] },
  };
}

test.for(Object.entries(windows))(
  "the law holds at every crash point of %s, and inside recovery from it",
  { timeout: explorationTimeoutMs },
  async ([name, window], context) => {
    const explored = await explore(matrix(name, window, false), context);
    expect(explored.recoveries).toBeGreaterThan(100);
    expect(explored.insideRecovery).toBeGreaterThan(100);
  },
);

test.for(Object.entries(windows))(
  "the law holds at every crash point of %s, and inside the next compaction",
  { timeout: explorationTimeoutMs },
  async ([name, window], context) => {
    const explored = await explore(matrix(name, window, true), context);
    expect(explored.insideRecovery).toBeGreaterThan(100);
  },
);
