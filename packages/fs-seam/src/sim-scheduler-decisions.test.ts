import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Device, failure } from "../test/support/sim-device.js";
import { first, last } from "../test/support/sim-picks.js";
import { SimClock } from "./sim-clock.js";
import { replayPicks, ScheduleWalk, type SimCandidate, type SimPick } from "./sim-pick.js";
import type { SimSchedulerOptions } from "./sim-scheduler.js";

describe("decisions", () => {
  test("issue, effect and completion are three moments, and the program may run between the last two", async () => {
    const device = new Device({ pick: last, autoRun: false });
    void device.use("a");
    void device.use("b");
    expect(device.events).toEqual([]);
    await device.scheduler.run({ steps: 1 });
    expect(device.events).toEqual(["effect b"]);
    await device.scheduler.run({ steps: 2 });
    expect(device.events).toEqual(["effect b", "complete b", "effect a"]);
    expect(device.scheduler.inFlight).toBe(1);
    expect(await device.scheduler.run()).toMatchObject({ end: "idle", steps: 4 });
    expect(device.events.at(-1)).toBe("complete a");
  });

  test("pick sees everything that may happen, in a fixed order, with a stable id", async () => {
    const seen: string[][] = [];
    const device = new Device({
      pick: (candidates, step) => {
        expect(step).toBe(seen.length);
        seen.push(candidates.map(({ kind, label, id }) => `${kind} ${label} ${id}`));
        return candidates.length - 1;
      },
    });
    device.scheduler.clock.after(0, () => {}); // id 1
    device.scheduler.clock.after(0, () => {}); // id 2
    void device.use("a"); // id 3
    device.scheduler.spawn("job", () => device.use("b")); // ids 4 and 5
    await device.scheduler.run();
    expect(seen.slice(0, 5)).toEqual([
      ["start job 4", "effect a 3", "timer timer 1"],
      ["start job 4", "effect a 3", "timer timer 2"],
      ["start job 4", "effect a 3"],
      ["start job 4", "completion a 3"],
      ["start job 4"],
    ]);
    expect(seen.slice(5)).toEqual([["effect b 5"], ["completion b 5"]]);
  });

  test("the program settles before the next decision, however long its chain of promises is", async () => {
    const counts: number[] = [];
    const device = new Device({
      pick: (candidates) => {
        counts.push(candidates.length);
        return 0;
      },
    });
    device.scheduler.spawn("slow", async () => {
      for (let link = 0; link < 500; link += 1) await Promise.resolve();
      await new Promise<void>((resolve) => process.nextTick(resolve));
      for (let link = 0; link < 500; link += 1) await Promise.resolve();
      await device.use("late");
    });
    device.scheduler.spawn("quick", () => device.use("early"));
    await device.scheduler.run();
    // Both starts, then quick's start beside slow's operation: it was issued before the second decision.
    expect(counts.slice(0, 3)).toEqual([2, 2, 2]);
  });

  test("latency orders things by virtual time, and takes no real time", async () => {
    const clock = new SimClock({ epochMicros: 0 });
    const device = new Device({ seed: 3, clock });
    const day = 86_400_000_000;
    const at = (label: string) => () => device.events.push(`${label}@${clock.nowMicros()}`);
    void device.use("long", { effectMicros: 10, totalMicros: day }).then(at("long"));
    void device.use("short", { effectMicros: 20, totalMicros: 30 }).then(at("short"));
    clock.after(0.025, at("timer"));
    const report = await device.scheduler.run();
    expect(device.events).toEqual([
      "effect long",
      "effect short",
      "timer@25",
      "complete short",
      "short@30",
      "complete long",
      `long@${day}`,
    ]);
    expect(report.nowMicros).toBe(day);
  });

  test("a lane keeps the order of issue, and its next begins when the last is complete", async () => {
    const lane = {};
    for (const pick of [first, last]) {
      const clock = new SimClock({ epochMicros: 0 });
      const device = new Device({ pick, clock });
      for (const label of ["a", "b", "c"]) void device.use(label, { lane, effectMicros: 1, totalMicros: 2 });
      const report = await device.scheduler.run();
      expect(device.events).toEqual(["a", "b", "c"].flatMap((label) => [`effect ${label}`, `complete ${label}`]));
      expect(report.nowMicros).toBe(6);
    }
  });

  test("gaps: an action comes before its decision, at the end too, and the program settles after it", async () => {
    const device = new Device({ pick: first, autoRun: false });
    const trail: string[] = [];
    for (const step of [0, 1, 2, 3]) {
      device.scheduler.atStep(step, () => {
        trail.push(`${step}: ${device.events.join(", ")}`);
        void Promise.resolve().then(() => trail.push("settled"));
      });
    }
    device.scheduler.atStep(1, () => trail.push("both"));
    void device.use("a");
    await device.scheduler.run();
    expect(trail).toEqual([
      "0: ",
      "settled",
      "1: effect a",
      "both",
      "settled",
      "2: effect a, complete a",
      "settled", // and decision 3 never came
    ]);
    expect(() => device.scheduler.atStep(1, () => {})).toThrow(RangeError);
    expect(() => device.scheduler.atStep(2.5, () => {})).toThrow(RangeError);
  });

  test("abandoned operations complete at once, in the order of issue, without taking effect", async () => {
    const device = new Device({ pick: first, autoRun: false });
    const owner = {};
    const lane = {};
    for (const label of ["a", "b", "c"]) void device.use(label, { owner, lane });
    void device.use("other");
    await device.scheduler.run({ steps: 1 });
    device.scheduler.abandon(owner);
    expect(device.events).toEqual(["effect a", "complete a", "complete b", "complete c"]);
    await device.scheduler.run();
    expect(device.events.slice(4)).toEqual(["effect other", "complete other"]);
  });

  test("a pick may come late; what was abandoned meanwhile is not carried out", async () => {
    const owner = {};
    let abandonAt = -1;
    const device = new Device({
      pick: async (candidates: readonly SimCandidate[], step) => {
        await new Promise((resolve) => setTimeout(resolve, 1)); // real time must not matter
        if (step === abandonAt) device.scheduler.abandon(owner);
        abandonAt -= 100;
        return candidates.length - 1;
      },
    });
    device.scheduler.spawn("job", () => Promise.all([device.use("a"), device.use("b", { owner })]));
    abandonAt = 101;
    await device.scheduler.run();
    expect(device.events).toEqual(["complete b", "effect a", "complete a"]);
  });
});

describe("who chooses", () => {
  /** Three jobs of two steps each; returns the order in which things happened. */
  async function program(options: SimSchedulerOptions): Promise<{ order: string; picks: readonly number[] }> {
    const device = new Device(options);
    for (const name of ["x", "y", "z"]) {
      device.scheduler.spawn(name, async () => {
        await device.use(`${name}1`);
        await device.use(`${name}2`);
      });
    }
    await device.scheduler.run();
    return { order: device.events.join(" "), picks: device.scheduler.picks };
  }

  test("the seed: equal seeds give equal schedules, others others", async () => {
    const orders = new Map<string, number>();
    for (let seed = 0; seed < 40; seed += 1) {
      const { order, picks } = await program({ seed });
      expect((await program({ seed: BigInt(seed) })).order).toBe(order);
      expect((await program({ pick: replayPicks(picks) })).order).toBe(order);
      orders.set(order, seed);
    }
    expect(orders.size).toBeGreaterThan(35);
  });

  test("an exhaustive search visits every schedule once", async () => {
    const orders = new Set<string>();
    const walk = new ScheduleWalk();
    do {
      const device = new Device({ pick: walk.pick });
      for (const label of ["a", "b", "c"]) void device.use(label);
      await device.scheduler.run();
      orders.add(device.events.join(" "));
    } while (walk.next());
    expect(walk.visited).toBe(90); // 6! / (2! 2! 2!): each of three operations has two moments in order
    expect(orders.size).toBe(90);
  });

  test("an exhaustive search refuses a program that is not deterministic", async () => {
    const walk = new ScheduleWalk();
    let count = 2;
    const run = async (): Promise<unknown> => {
      const device = new Device({ pick: walk.pick });
      for (let index = 0; index < count; index += 1) void device.use(String(index));
      return device.scheduler.run();
    };
    await run();
    walk.next();
    count = 3;
    expect(String(await failure(run()))).toContain("not deterministic");
  });

  test("fast-check: numbers that shrink", async () => {
    const orders = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { maxLength: 15 }), async (picks) => {
        orders.add((await program({ pick: replayPicks(picks) })).order);
      }),
      { numRuns: 60, seed: 1 },
    );
    expect(orders.size).toBeGreaterThan(20);
  });

  test("fast-check's own scheduler", async () => {
    const orders = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (s) => {
        // Every candidate becomes a task of theirs; the one they release is the one that happens.
        const known = new Set<string>();
        let chosen = "";
        const keyOf = ({ kind, id }: SimCandidate): string => `${kind} ${id}`;
        const pick: SimPick = async (candidates) => {
          for (const candidate of candidates) {
            const key = keyOf(candidate);
            if (known.has(key)) continue;
            known.add(key);
            void s.schedule(Promise.resolve(), key).then(() => (chosen = key));
          }
          await s.waitNext(1);
          return candidates.findIndex((candidate) => keyOf(candidate) === chosen);
        };
        orders.add((await program({ pick })).order);
      }),
      { numRuns: 40, seed: 1 },
    );
    expect(orders.size).toBeGreaterThan(20);
  });
});
