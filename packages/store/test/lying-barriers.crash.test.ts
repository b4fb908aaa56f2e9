// A device that says a barrier has returned, and has done nothing: any single one, all of one kind, all. What was acknowledged may be
// gone then, which nothing can help. What is left of the law: whatever is read is what was appended, from the first event on, whole
// commits under their own sequences and ids; or the store is refused with a code; and once barriers hold again, what they cover stays.
import { crashMatrix, defaultPersonalities } from "@holdfast/crash-test";
import { Directory, isFsError } from "@holdfast/fs-seam";
import type { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { WalError } from "@holdfast/wal";
import { expect, test } from "vitest";
import { StoreError } from "../src/index.js";
import { determined, openSample, Paid, Placed } from "./sample-store.js";
import { allTold, demandIntact, EXTRA } from "./store-law.js";

const isLong = process.env["STORE_LONG"] === "1";

/** Last sequences of the commits below. */
const ends = [0, 1, 2, 5, 6, 9];

interface Told {
  readonly durable: number;
  readonly written: readonly string[];
}

/** Two runs, the first of which is killed. Returns how many barriers have lied. */
async function program(disk: CrashFs, lies: string, tell: (told: Told) => void): Promise<number> {
  const fs = new FaultFs(disk, lies);
  let store = await openSample(new Directory(fs));
  const say = (): void => {
    tell({ durable: store.watermarks.durable, written: allTold(store, store.lastSequence) });
  };
  const three = (): unknown =>
    store.commit((commit) => {
      for (const entity of ["a", "b", "a"]) commit.append(entity, Paid, { by: "x".repeat(60) });
    });
  store.append("a", Placed, { amount: 1 });
  await store.sync();
  say();
  store.append("a", Placed, { amount: 2 });
  three();
  await store.sync();
  say();
  disk.processCrash();
  store = await openSample(new Directory(fs), determined(1));
  store.append("b", Placed, { amount: 6 });
  await store.sync();
  say();
  three();
  await store.close();
  return fs.plan.fired;
}

interface Outcome {
  /** Undefined when it was refused. */
  readonly found: readonly string[] | undefined;
  readonly again: readonly string[] | undefined;
}

/** Opens what is left, with barriers that hold; appends behind one, loses the power, and opens again. */
async function recover(directory: Directory): Promise<Outcome> {
  let found: readonly string[] | undefined;
  try {
    const store = await openSample(directory, determined(2));
    found = allTold(store, store.lastSequence);
    await demandIntact(store);
    await store.durable(store.append(EXTRA, Placed, { amount: 0 }));
  } catch (error) {
    if (found !== undefined) throw error; // what was opened has to go on
    if (!(error instanceof WalError || error instanceof StoreError || isFsError(error))) throw error;
    return { found, again: undefined };
  }
  const disk = directory.fs as CrashFs;
  disk.crash("worst");
  const next = await openSample(new Directory(disk), determined(3));
  const again = allTold(next, next.lastSequence);
  await demandIntact(next);
  await next.close();
  return { found, again };
}

function demandNoLies({ found, again }: Outcome, told: readonly Told[]): void {
  if (found === undefined) return;
  const own = found.filter((event) => !event.includes(`"entity":"${EXTRA}"`));
  for (const [index, event] of own.entries()) {
    const written = told.flatMap((each) => each.written[index] ?? []);
    if (written.length > 0 && !written.includes(event)) throw new Error(`nobody wrote ${event}`);
  }
  if (!ends.includes(own.length)) throw new Error(`${own.length} events are a part of a commit`);
  if (again?.slice(0, -1).join() !== found.join() || again.length !== found.length + 1) {
    throw new Error(`what a barrier covers did not stay: ${found.join()}, then ${String(again?.join())}`);
  }
}

interface Seen {
  /** Barriers that lied. */
  readonly fired: number;
  readonly refused: number;
  /** Accepted, without what was acknowledged. */
  readonly shorter: number;
}

async function explore(lies: string): Promise<Seen> {
  let [fired, refused, shorter] = [0, 0, 0];
  await crashMatrix({
    name: lies,
    workload: async (_, run) => {
      fired = await program(run.fs, lies, (told) => run.ack("told", told));
    },
    recover,
    check: (outcome, { acks }) => {
      const told = acks.map(({ data }) => data as Told);
      demandNoLies(outcome, told);
      const durable = told.at(-1)?.durable ?? 0;
      if (outcome.found === undefined) refused += 1;
      else if (outcome.found.length < durable) shorter += 1;
    },
    strategy: { kind: "levels", level: isLong ? 3 : 1 },
    personalities: isLong ? defaultPersonalities : ["posix"],
    nested: 0,
    maxRecoveries: 1_000_000,
  });
  return { fired, refused, shorter };
}

test.each(["sync:* droppedSync", "syncNames:* droppedSync", "sync,syncNames:* droppedSync"])(
  "%s, all of them: acknowledged events are gone, and nothing else is read",
  { timeout: 600_000 },
  async (lies) => {
    const { fired, shorter } = await explore(lies);
    expect(fired).toBeGreaterThan(2);
    expect(shorter).toBeGreaterThan(0);
  },
);

test(
  "any one barrier lies: nothing is read that nobody wrote, and some are found out",
  { timeout: 600_000 },
  async () => {
    let [barriers, refused] = [0, 0];
    for (let n = 1; ; n += 1) {
      const seen = await explore(`sync,syncNames:* n${n} droppedSync`);
      if (seen.fired === 0) break;
      barriers += 1;
      refused += seen.refused;
    }
    expect(barriers).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(0);
  },
);
