import { describe, expect, test } from "vitest";
import { first, last } from "../test/support/sim-picks.js";
import { arm, bytes, codeOf, log, namesIn, possible, stillSim } from "../test/support/sim-scene.js";
import { CrashFs } from "./crash-fs.js";
import type { HandleMediaFault } from "./media-faults.js";
import { Prng, streamSeed } from "./prng.js";
import { SimClock } from "./sim-clock.js";
import { SimFs, type SimFsOptions } from "./sim-fs.js";
import { ScheduleWalk } from "./sim-pick.js";

describe("failed barriers", () => {
  const failedSync: HandleMediaFault = { kind: "failedSync", errno: "EIO", lost: "all" };

  test("lose their bytes when they take effect, and tell the program when they complete", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    arm(handle, failedSync);
    const code = codeOf(handle.sync("data"));
    await fs.scheduler.run({ steps: 1 });
    expect(possible(fs)).toEqual(["", "\0"]);
    handle.append(bytes("y")); // the handle is sound until the program has heard of the failure
    await fs.scheduler.run();
    expect(await code).toBe("FS_IO");
    expect(() => handle.append(bytes("z"))).toThrow(expect.objectContaining({ code: "FS_POISONED" }));
  });

  test("poison those that wait behind them on the same handle, which then do nothing", async () => {
    const fs = stillSim(last);
    const handle = log(fs, "/a", "x");
    arm(handle, failedSync);
    const codes = [codeOf(handle.sync("data")), codeOf(handle.sync("data"))];
    await fs.scheduler.run();
    expect(await Promise.all(codes)).toEqual(["FS_IO", "FS_POISONED"]);
    expect(fs.trace().records.filter(({ kind }) => kind === "barrier")).toHaveLength(2); // names, and the failed one
  });

  test("on another handle, success is never told for what the failure lost", async () => {
    // The classic: both are in flight, the failing one marks the pages clean, the other finds nothing to write.
    const outcomes = new Set<string>();
    const walk = new ScheduleWalk();
    do {
      const fs = stillSim(walk.pick);
      const handle = log(fs, "/a", "x");
      const other = fs.open("/a", { mode: "append" });
      arm(handle, failedSync);
      const codes = [codeOf(handle.sync("data")), codeOf(other.sync("data"))];
      await fs.scheduler.run();
      outcomes.add(`${(await Promise.all(codes)).join(" ")} ${JSON.stringify(possible(fs))}`);
    } while (walk.next());
    expect([...outcomes].sort()).toEqual(['FS_IO FS_IO ["","\\u0000"]', 'FS_IO done ["x"]']);
  });

  test("running out of space at the barrier is such a failure", async () => {
    const fs = stillSim(first, { capacityBytes: 8192, spacePolicy: "at-sync" });
    const handle = log(fs, "/a");
    handle.append(new Uint8Array(20_000));
    const code = codeOf(handle.sync("data"));
    await fs.scheduler.run();
    expect(await code).toBe("FS_NO_SPACE");
  });
});

describe("barriers that lie or take long", () => {
  test("a dropped one reports success and makes nothing durable; a later honest one heals it", async () => {
    const fs = new SimFs({ dropSyncOneIn: 1 });
    const handle = log(fs, "/a", "x");
    await handle.sync("full");
    await fs.syncNames("/");
    handle.syncBlocking("data");
    expect(fs.faultCounts).toEqual({ barriers: 4, dropped: 4, delayed: 0 });
    expect(namesIn(new CrashFs({ image: fs.durableImage() }))).toBe("");

    const seed = [...Array(100).keys()].find((candidate) => dropsOf(candidate, 2, 3) === "D.D") ?? -1;
    const healed = new SimFs({ seed, dropSyncOneIn: 2 });
    healed.makeDirectory("/unsynced"); // its names barrier is dropped
    healed.syncNamesBlocking("/");
    expect(healed.pending()).toHaveLength(1);
    await healed.syncNames("/");
    expect(healed.pending()).toHaveLength(0);
    expect(healed.faultCounts).toEqual({ barriers: 2, dropped: 1, delayed: 0 });
  });

  /** The draws of the stream, by definition. */
  function dropsOf(seed: number, oneIn: number, count: number): string {
    const stream = new Prng(streamSeed(seed, "syncDrop"));
    return Array.from({ length: count }, () => (stream.nextU32() % oneIn === 0 ? "D" : ".")).join("");
  }

  test("one draw for each barrier of any kind, used or not", async () => {
    const fs = new SimFs({ seed: 12, dropSyncOneIn: 3 });
    const handle = log(fs, "/a", "x"); // the first barrier
    for (let round = 0; round < 10; round += 1) {
      handle.append(bytes("x"));
      if (round % 3 === 0) handle.syncBlocking("data");
      else if (round % 3 === 1) await handle.sync("full");
      else await fs.syncNames("/");
    }
    const barriers = fs.trace().records.filter((record) => record.kind === "barrier");
    const happened = barriers.map(({ outcome }) => (outcome === "dropped" ? "D" : ".")).join("");
    expect(happened).toBe(dropsOf(12, 3, 11));
    expect(happened).toContain("D");
    expect(happened).toContain(".");
  });

  test("a fault that was armed comes first, and its barrier draws all the same", async () => {
    const seed = [...Array(100).keys()].find((candidate) => dropsOf(candidate, 2, 3) === ".D.") ?? -1;
    const fs = new SimFs({ seed, dropSyncOneIn: 2 });
    const handle = log(fs, "/a", "x");
    arm(handle, { kind: "failedSync", errno: "EIO", lost: "all" });
    expect(await codeOf(handle.sync("data"))).toBe("FS_IO");
    await fs.syncNames("/");
    expect(fs.faultCounts.dropped).toBe(0);
  });

  test("a delayed one takes so much longer, and only its promise form", async () => {
    const fs = new SimFs({
      clock: new SimClock({ epochMicros: 0 }),
      latency: { sync: { kind: "fixed", micros: 10 }, syncNames: { kind: "fixed", micros: 20 } },
      delaySync: { oneIn: 1, micros: 1000 },
    });
    const handle = log(fs, "/a", "x");
    handle.syncBlocking("data");
    expect(fs.faultCounts.delayed).toBe(0);
    await handle.sync("data");
    expect(fs.clock.nowMicros()).toBe(1010);
    await fs.syncNames("/");
    expect(fs.clock.nowMicros()).toBe(2030);
    await handle.readAtAsync(new Uint8Array(1), 0);
    expect(fs.clock.nowMicros()).toBe(2030);
    expect(fs.faultCounts.delayed).toBe(2);
  });

  test("turning one fault on leaves the schedule, the latencies and the other faults as they were", async () => {
    const run = async (options: SimFsOptions): Promise<{ picks: string; end: number; outcomes: string }> => {
      const fs = new SimFs({
        seed: 77,
        latency: { sync: { kind: "uniform", minMicros: 1, maxMicros: 9 } },
        ...options,
      });
      for (const name of ["a", "b"]) {
        const handle = log(fs, `/${name}`, "x");
        fs.scheduler.spawn(name, async () => {
          for (let round = 0; round < 8; round += 1) {
            handle.append(bytes("y"));
            await handle.sync("data");
          }
        });
      }
      const { nowMicros } = await fs.scheduler.run();
      const barriers = fs.trace().records.filter((record) => record.kind === "barrier");
      const outcomes = barriers.map(({ ino, outcome }) => `${ino}${outcome}`).join(" ");
      return { picks: fs.scheduler.picks.join(""), end: nowMicros, outcomes };
    };
    const plain = await run({});
    const dropping = await run({ dropSyncOneIn: 2 });
    expect(dropping.picks).toBe(plain.picks);
    expect(dropping.end).toBe(plain.end);
    expect(dropping.outcomes).not.toBe(plain.outcomes);
    expect(dropping.outcomes.replaceAll("dropped", "done")).toBe(plain.outcomes);
    const same = await run({ delaySync: { oneIn: 3, micros: 0 } });
    expect(same).toEqual(plain);
  });
});
