import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { crashImages } from "./crash-images.js";
import { CrashFs } from "./crash-fs.js";
import { isFsError } from "./fs-error.js";
import { imageHash } from "./image-hash.js";
import { isMediaHandle, type HandleMediaFault } from "./media-faults.js";
import type { FileHandle } from "./file-handle.js";
import { Prng, streamSeed } from "./prng.js";
import { SimClock } from "./sim-clock.js";
import { SimFs, type SimFsOptions } from "./sim-fs.js";
import type { SimPick } from "./sim-pick.js";
import { ScheduleWalk } from "./sim-pick.js";
import { SimScheduler } from "./sim-scheduler.js";
import { traceHash } from "./sim-trace-hash.js";
import type { StoreFs } from "./store-fs.js";

const first: SimPick = () => 0;
const last: SimPick = (candidates) => candidates.length - 1;

/** Lets the machine stand still until `run`. */
function stillSim(pick: SimPick, options: SimFsOptions = {}): SimFs {
  return new SimFs({ ...options, scheduler: new SimScheduler({ pick, autoRun: false }) });
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function contentOf(fs: StoreFs, path: string): string {
  using handle = fs.open(path, { mode: "read" });
  const target = new Uint8Array(handle.stat().size);
  handle.readAt(target, 0);
  return new TextDecoder().decode(target);
}

function namesIn(fs: StoreFs): string {
  return fs
    .list("/")
    .map(({ name }) => name)
    .join(" ");
}

/** A file with a durable name, open for appending. */
function log(fs: StoreFs, path: string, text = ""): FileHandle {
  const handle = fs.open(path, { mode: "append", create: "exclusive" });
  fs.syncNamesBlocking("/");
  if (text !== "") handle.append(bytes(text));
  return handle;
}

function arm(handle: FileHandle, fault: HandleMediaFault): void {
  if (!isMediaHandle(handle)) throw new TypeError("no media handle");
  handle.armMediaFault(fault);
}

/** Contents of `/a` in every image that a power loss now may leave. */
function possible(fs: SimFs, path = "/a"): string[] {
  const trace = fs.trace();
  const found = new Set<string>();
  for (const { image } of crashImages(trace, { at: trace.records.length })) {
    found.add(contentOf(new CrashFs({ image }), path));
  }
  return [...found].sort();
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return isFsError(error) ? error.code : String(error);
  }
  return "done";
}

const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", noteUnhandled));
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve)); // unhandled rejections are reported before the next turn
  process.off("unhandledRejection", noteUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});

describe("operations in flight", () => {
  test("a read shows what the file holds when it takes effect", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "abc");
    const target = new Uint8Array(6);
    const read = handle.readAtAsync(target, 0);
    handle.append(bytes("d"));
    await fs.scheduler.run({ steps: 1 });
    handle.append(bytes("e"));
    await fs.scheduler.run();
    expect(await read).toBe(4);
    expect(new TextDecoder().decode(target)).toBe("abcd\0\0");
  });

  test("a failing read fails at its completion", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "abc");
    handle.syncBlocking("data");
    fs.media.latentError("/a", 0, 1);
    const code = codeOf(handle.readAtAsync(new Uint8Array(3), 0));
    await fs.scheduler.run({ steps: 1 });
    handle.close(); // the file stays below until the read has settled
    await fs.scheduler.run();
    expect(await code).toBe("FS_IO");
  });

  test("a barrier that has not completed may have happened or not; one that has, has", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    const barrier = handle.sync("data");
    for (let step = 0; step < 2; step += 1) {
      expect(possible(fs)).toEqual(["", "\0", "x"]);
      await fs.scheduler.run({ steps: 1 });
    }
    await barrier;
    expect(possible(fs)).toEqual(["x"]);
    fs.open("/b", { mode: "append", create: "exclusive" }).close();
    const namesBarrier = fs.syncNames("/");
    const names = (): string[] => {
      const trace = fs.trace();
      const images = [...crashImages(trace, { at: trace.records.length })];
      return [...new Set(images.map(({ image }) => namesIn(new CrashFs({ image }))))].sort();
    };
    for (let step = 0; step < 2; step += 1) {
      expect(names()).toEqual(["a", "a b"]);
      await fs.scheduler.run({ steps: 1 });
    }
    await namesBarrier;
    expect(names()).toEqual(["a b"]);
  });

  test("a barrier covers what was written before its issue, and promises nothing about the rest", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    const barrier = handle.sync("data");
    handle.append(bytes("y"));
    await fs.scheduler.run();
    await barrier;
    expect(possible(fs)).toEqual(["x", "x\0", "xy"]);
  });

  test("blocking twins happen at once, in the order of the program", async () => {
    const fs = stillSim(first, { latency: { sync: { kind: "fixed", micros: 50 } } });
    const handle = log(fs, "/a", "x");
    const other = fs.open("/a", { mode: "append" });
    const barrier = handle.sync("data");
    expect(() => handle.syncBlocking("data")).toThrow(expect.objectContaining({ code: "FS_BUSY" }));
    other.syncBlocking("data");
    expect(possible(fs)).toEqual(["x"]);
    expect(fs.clock.nowMicros()).toBe(new SimClock().nowMicros());
    await fs.scheduler.run();
    await barrier;
    handle.syncBlocking("data");
  });

  test("barriers of one handle keep their order, those of two handles do not", async () => {
    const orders = { one: new Set<string>(), two: new Set<string>() };
    for (const which of ["one", "two"] as const) {
      const walk = new ScheduleWalk();
      do {
        const fs = stillSim(walk.pick);
        const handle = log(fs, "/a", "x");
        const second = which === "one" ? handle : fs.open("/a", { mode: "append" });
        const order: string[] = [];
        void handle.sync("data").then(() => order.push("1"));
        void second.sync("full").then(() => order.push("2"));
        await fs.scheduler.run();
        orders[which].add(order.join(""));
      } while (walk.next());
    }
    expect([...orders.one]).toEqual(["12"]);
    expect([...orders.two].sort()).toEqual(["12", "21"]);
  });

  test("reorder: false carries everything out in the order of issue", async () => {
    for (const pick of [first, last]) {
      const fs = stillSim(pick, { reorder: false });
      const a = log(fs, "/a", "x");
      const b = log(fs, "/b", "y");
      const order: string[] = [];
      void a.sync("data").then(() => order.push("a"));
      void b.readAtAsync(new Uint8Array(1), 0).then(() => order.push("read b"));
      void b.sync("data").then(() => order.push("b"));
      void fs.syncNames("/").then(() => order.push("names"));
      await fs.scheduler.run();
      expect(order).toEqual(["a", "read b", "b", "names"]);
    }
  });

  test("listings are operations too", async () => {
    const fs = stillSim(first);
    log(fs, "/a");
    const listed: string[] = [];
    fs.scheduler.spawn("list", async () => {
      for await (const batch of fs.listStream("/")) listed.push(...batch.map(({ name }) => name));
    });
    const report = await fs.scheduler.run();
    expect(listed).toEqual(["a"]);
    expect(report.steps).toBe(3);
  });

  test("without a run, a bare await makes progress", async () => {
    const fs = new SimFs({ seed: 5, latency: { sync: { kind: "fixed", micros: 1000 } } });
    const handle = log(fs, "/a", "x");
    await Promise.all([handle.sync("data"), fs.syncNames("/"), handle.readAtAsync(new Uint8Array(1), 0)]);
    expect(possible(fs)).toEqual(["x"]);
    expect(fs.clock.nowMicros()).toBe(new SimClock().nowMicros() + 1000);
    expect(fs.backend).toBe("sim");
  });
});

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

describe("crashes", () => {
  test("in every gap: what is in flight fails, what was acknowledged is there", async () => {
    const ends = new Set<string>();
    for (let step = 0; step <= 5; step += 1) {
      for (const choice of ["worst", "best"] as const) {
        const fs = stillSim(first);
        const handle = log(fs, "/a", "x");
        const planned = fs.crashAfter(step, choice);
        const code = codeOf(handle.sync("data"));
        const read = codeOf(handle.readAtAsync(new Uint8Array(1), 0));
        await fs.scheduler.run();
        expect(planned.report === undefined).toBe(step > 4);
        const content = contentOf(fs, "/a");
        ends.add(`${step} ${choice}: ${await code} ${await read} ${JSON.stringify(content)}`);
      }
    }
    expect([...ends]).toEqual([
      '0 worst: FS_CRASHED FS_CRASHED ""',
      '0 best: FS_CRASHED FS_CRASHED "x"',
      '1 worst: FS_CRASHED FS_CRASHED ""',
      '1 best: FS_CRASHED FS_CRASHED "x"',
      '2 worst: done FS_CRASHED "x"',
      '2 best: done FS_CRASHED "x"',
      '3 worst: done FS_CRASHED "x"',
      '3 best: done FS_CRASHED "x"',
      '4 worst: done done "x"',
      '4 best: done done "x"',
      '5 worst: done done "x"',
      '5 best: done done "x"',
    ]);
  });

  test("a read in flight never writes into the caller's buffer afterwards", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    const target = new Uint8Array(1);
    const code = codeOf(handle.readAtAsync(target, 0));
    fs.crash("best");
    await fs.scheduler.run();
    expect(await code).toBe("FS_CRASHED");
    expect(target[0]).toBe(0);
  });

  test("promises that nobody awaits are not reported, on one handle, on several, and for names", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    const held = [handle.sync("data"), handle.sync("full"), log(fs, "/b").sync("data"), fs.syncNames("/")];
    await fs.scheduler.run({ steps: 1 });
    fs.crash();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await Promise.all(held.map(codeOf))).toEqual(new Array(4).fill("FS_CRASHED"));
  });

  test("a job that dies of it is killed, not failed, also when the error was wrapped", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    fs.scheduler.spawn("plain", () => handle.sync("data"));
    fs.scheduler.spawn("wrapping", async () => {
      try {
        await handle.sync("data");
      } catch (cause) {
        throw new Error("the log is poisoned", { cause });
      }
    });
    fs.scheduler.spawn("stranded", () => new Promise(() => {}));
    fs.scheduler.spawn("surviving", async () => {
      await codeOf(handle.sync("data"));
      const reopened = fs.open("/a", { mode: "append" });
      reopened.append(bytes("again"));
      await reopened.sync("data");
    });
    fs.scheduler.atStep(4, () => void fs.crash());
    const report = await fs.scheduler.run();
    expect(report.killed).toEqual(["plain", "wrapping", "stranded"]);
    expect(possible(fs)).toEqual(["again"]);
  });

  test("other failures of a run with a crash are still failures", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    fs.scheduler.spawn("checking", async () => {
      await codeOf(handle.sync("data"));
      throw new Error("the check failed");
    });
    fs.crashAfter(1);
    await expect(fs.scheduler.run()).rejects.toThrow("the check failed");
  });

  test("a planned crash ends the run: nothing of the old world goes on, and a new run recovers", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    const started: string[] = [];
    const spawn = (name: string, body: () => Promise<unknown>): void => {
      fs.scheduler.spawn(name, () => {
        started.push(name);
        return body();
      });
    };
    spawn("dying", () => handle.sync("data"));
    spawn("retrying", async () => {
      await codeOf(handle.sync("data"));
      await log(fs, "/b").sync("data"); // in flight for ever, unless a later run moves it
    });
    spawn("late", () => Promise.resolve());
    const planned = fs.crashAfter(2, "best");
    const report = await fs.scheduler.run();
    expect(report).toMatchObject({ end: "stopped", steps: 2, killed: ["dying", "retrying", "late"] });
    expect(planned.report?.survived).toBeGreaterThan(0);
    expect(started).toEqual(["dying", "retrying"]);
    spawn("recovering", () => fs.open("/a", { mode: "append" }).sync("data"));
    expect(await fs.scheduler.run()).toMatchObject({ end: "idle" });
    expect(started).toEqual(["dying", "retrying", "recovering"]);
    expect(contentOf(fs, "/a")).toBe("x");
  });

  test("a job that starts after the crash may still deadlock", async () => {
    const fs = stillSim(first);
    fs.crash();
    fs.scheduler.spawn("late", () => new Promise(() => {}));
    await expect(fs.scheduler.run()).rejects.toThrow("deadlock");
  });

  test("one machine's crash leaves the operations of another alone", async () => {
    const scheduler = new SimScheduler({ pick: first, autoRun: false });
    const [one, two] = [new SimFs({ scheduler }), new SimFs({ scheduler })];
    const codes = [codeOf(log(one, "/a", "x").sync("data")), codeOf(log(two, "/a", "x").sync("data"))];
    one.crash();
    await scheduler.run();
    expect(await Promise.all(codes)).toEqual(["FS_CRASHED", "done"]);
  });

  test("the end of the process keeps what was written, and ends what is in flight", async () => {
    const fs = stillSim(first);
    const handle = log(fs, "/a", "x");
    const code = codeOf(handle.sync("data"));
    fs.processCrash();
    await fs.scheduler.run();
    expect(await code).toBe("FS_CRASHED");
    expect(contentOf(fs, "/a")).toBe("x");
    expect(possible(fs)).toEqual(["", "\0", "x"]);
  });

  test("a random crash leaves a legal image, and the seed decides which", async () => {
    const program = (seed: number): SimFs => {
      const fs = new SimFs({ seed });
      const handle = log(fs, "/a", "x");
      handle.append(bytes("y".repeat(700)));
      fs.link("/a", "/b");
      fs.remove("/a");
      return fs;
    };
    const trace = program(0).trace();
    const legal = new Set([...crashImages(trace, { at: trace.records.length })].map(({ hash }) => hash));
    const seen = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const [fs, again] = [program(seed), program(seed)];
      expect(fs.crash("random").choice).toEqual(again.crash("random").choice);
      const hash = imageHash(fs.snapshot());
      expect(imageHash(again.snapshot())).toBe(hash);
      expect(legal.has(hash)).toBe(true);
      seen.add(hash);
    }
    expect(seen.size).toBeGreaterThan(8);
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

describe("determinism", () => {
  test("one seed, one trace; the history of the process does not matter", async () => {
    const run = async (seed: number): Promise<string> => {
      const fs = new SimFs({ seed, dropSyncOneIn: 3 });
      for (const name of ["a", "b", "c"]) {
        const handle = log(fs, `/${name}`);
        fs.scheduler.spawn(name, async () => {
          for (let round = 0; round < 4; round += 1) {
            handle.append(bytes(`${name}${round}`));
            await handle.sync("data");
            fs.mark(name, round);
          }
        });
      }
      await fs.scheduler.run();
      return traceHash(fs.trace());
    };
    const hashes = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const hash = await run(seed);
      expect(await run(seed)).toBe(hash);
      hashes.add(hash);
    }
    expect(hashes.size).toBe(20);
  });
});

describe("options", () => {
  test.each<[unknown, string]>([
    [{ sede: 1 }, 'unknown option "sede"'],
    [{ dropSyncOneIn: -1 }, "dropSyncOneIn"],
    [{ dropSyncOneIn: 0.5 }, "dropSyncOneIn"],
    [{ delaySync: { oneIn: 1 } }, "delaySync"],
    [{ delaySync: { oneIn: -1, micros: 1 } }, "delaySync"],
    [{ latency: { sync: { kind: "fixed", micros: -1 } } }, "latency of sync"],
    [{ latency: { fsync: { kind: "fixed", micros: 1 } } }, '"fsync" is not one of'],
    [{ scheduler: new SimScheduler(), clock: new SimClock() }, "belong together"],
  ])("refuses %j", (options, message) => {
    const refused = expect.objectContaining({ code: "FS_INVALID_ARGUMENT", message: expect.stringContaining(message) });
    expect(() => new SimFs(options as SimFsOptions)).toThrow(refused);
  });

  test("takes a clock, or a scheduler with its clock, and every option of CrashFs", () => {
    const clock = new SimClock();
    expect(new SimFs({ clock }).clock).toBe(clock);
    const scheduler = new SimScheduler();
    expect(new SimFs({ scheduler, clock: scheduler.clock, personality: "strict" }).personality.name).toBe("strict");
    expect(new SimFs({ readOnly: true }).readOnly).toBe(true);
  });
});
