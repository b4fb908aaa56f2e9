// Goal: one seed gives one run, on every supported Node version, whatever else the process does and however many
// microtasks lie between two steps of the program. Method: a program that uses all there is (three jobs, latencies of all
// kinds, dropped and delayed barriers, reads whose result decides what is written, timers, renames, a random crash and a
// recovery) is run many times in different surroundings, and its trace, its schedule and its clock must always come to
// constants written down here. They were recorded once, with Node 20, and change only when the model does.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { Digest, SimClock, SimFs, SimScheduler, traceHash } from "../src/sim-entry.js";

interface Outcome {
  /** Hash of the records up to the crash. */
  readonly trace: string;
  /** Hash of the records of the recovery. */
  readonly recovery: string;
  /** Hash of every choice of the scheduler. */
  readonly schedule: string;
  readonly steps: number;
  /** Microseconds that have passed. */
  readonly elapsed: number;
  readonly faults: string;
}

const golden: Readonly<Record<number, Outcome>> = {
  1: {
    trace: "c0b8067e8e4f74a4",
    recovery: "d6d2da4d1b691c2b",
    schedule: "2d6494e93f35ce47",
    steps: 125,
    elapsed: 5283,
    faults: '{"barriers":30,"dropped":7,"delayed":5}',
  },
  20_260_601: {
    trace: "3196aa465ffeef7f",
    recovery: "e8801870aa93b8c9",
    schedule: "8d66df7c0d38a4e5",
    steps: 123,
    elapsed: 3910,
    faults: '{"barriers":30,"dropped":6,"delayed":3}',
  },
  4_294_967_297: {
    trace: "1315870c14900db0",
    recovery: "be8e157ed6f6d81d",
    schedule: "6306cc0077cdf3a7",
    steps: 121,
    elapsed: 7056,
    faults: '{"barriers":30,"dropped":6,"delayed":8}',
  },
};

/** `detour` stands between any two steps of the program. */
async function run(seed: number, detour: () => Promise<void>): Promise<Outcome> {
  const scheduler = new SimScheduler({ seed, clock: new SimClock({ epochMicros: 0 }) });
  const fs = new SimFs({
    seed,
    scheduler,
    latency: {
      sync: { kind: "exponential", meanMicros: 120, maxMicros: 5000 },
      syncNames: { kind: "uniform", minMicros: 20, maxMicros: 80 },
      read: { kind: "fixed", micros: 7 },
    },
    dropSyncOneIn: 7,
    delaySync: { oneIn: 5, micros: 900 },
  });
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

  const writer = async (name: string): Promise<void> => {
    const handle = fs.open(`/${name}.tmp`, { mode: "append", create: "exclusive" });
    const flying: Promise<void>[] = [];
    for (let round = 0; round < 12; round += 1) {
      handle.append(encode(`${name}${round};`.repeat(1 + (round % 5) * 40)));
      flying.push(handle.sync(round % 3 === 0 ? "full" : "data"));
      await detour();
      if (round % 4 === 3) {
        await Promise.all(flying.splice(0));
        fs.mark(name, { round, at: scheduler.clock.now() });
        await detour();
      }
    }
    fs.rename(`/${name}.tmp`, `/${name}`);
    await detour();
    await fs.syncNames("/");
    handle.close();
  };

  const reader = async (): Promise<void> => {
    const out = fs.open("/seen", { mode: "write", create: "exclusive" });
    for (let round = 0; round < 10; round += 1) {
      await scheduler.clock.sleep(0.05 * round);
      let total = 0;
      for await (const batch of fs.listStream("/")) {
        for (const { name } of batch) {
          if (name === "seen") continue;
          using handle = fs.open(`/${name}`, { mode: "read" });
          const target = new Uint8Array(64);
          total += await handle.readAtAsync(target, round * 50);
          await detour();
          out.writeAt(target.subarray(0, 1 + (total % 60)), total % 3000);
        }
      }
      fs.mark("seen", total);
    }
    out.close();
  };

  scheduler.spawn("a", () => writer("a"));
  scheduler.spawn("b", () => writer("b"));
  scheduler.spawn("reader", reader);
  const { steps } = await scheduler.run();
  const trace = traceHash(fs.trace());

  fs.crash("random");
  for (const { name } of fs.list("/")) {
    using handle = fs.open(`/${name}`, { mode: "append" });
    handle.append(encode(`|${handle.stat().size}`));
    await handle.sync("full");
  }
  await fs.syncNames("/");
  const schedule = new Digest();
  for (const pick of scheduler.picks) schedule.count(pick);
  return {
    trace,
    recovery: traceHash(fs.trace()),
    schedule: schedule.hex(),
    steps,
    elapsed: scheduler.clock.nowMicros(),
    faults: JSON.stringify(fs.faultCounts),
  };
}

const direct = (): Promise<void> => Promise.resolve();

async function links(count: number): Promise<void> {
  for (let link = 0; link < count; link += 1) await Promise.resolve();
}

/** Other ways through the queues that all end before the next turn of the event loop. */
const detours: Readonly<Record<string, () => Promise<void>>> = {
  "a long chain of promises": () => links(200),
  "a chain whose length is chance": () => links(Math.floor(Math.random() * 50)),
  "process.nextTick": () => new Promise((resolve) => process.nextTick(resolve)),
  queueMicrotask: () => new Promise((resolve) => queueMicrotask(resolve)),
  "promises of promises": async () => {
    await Promise.resolve().then(() => Promise.all([links(3), links(5)]));
  },
};

describe.each(Object.keys(golden).map(Number))("seed %i", (seed) => {
  test("comes to its golden outcome, time after time", async () => {
    for (let time = 0; time < 5; time += 1) expect(await run(seed, direct)).toEqual(golden[seed]);
  });

  test.each(Object.keys(detours))("with %s between the steps", async (name) => {
    expect(await run(seed, detours[name] ?? direct)).toEqual(golden[seed]);
  });

  test("beside other simulations, real timers and real files", async () => {
    const busy = new AbortController();
    const noise = async (): Promise<void> => {
      while (!busy.signal.aborted) {
        await readFile(new URL(import.meta.url));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
      }
    };
    const noises = [noise(), noise()];
    const outcomes = await Promise.all([run(seed, direct), run(seed + 1, direct), run(seed, () => links(20))]);
    busy.abort();
    await Promise.all(noises);
    expect(outcomes[0]).toEqual(golden[seed]);
    expect(outcomes[2]).toEqual(golden[seed]);
    expect(outcomes[1]).not.toEqual(golden[seed]);
  });
});

test("the golden runs are not trivial, and differ", () => {
  const outcomes = Object.values(golden);
  expect(outcomes.length).toBeGreaterThan(2);
  for (const key of ["trace", "recovery", "schedule", "elapsed"] as const) {
    expect(new Set(outcomes.map((outcome) => outcome[key])).size).toBe(outcomes.length);
  }
  for (const { steps, faults } of outcomes) {
    expect(steps).toBeGreaterThan(100);
    expect(faults).not.toMatch(/:0[,}]/);
  }
});
