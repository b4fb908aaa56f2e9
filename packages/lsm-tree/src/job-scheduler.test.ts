import { describe, expect, test } from "vitest";
import { JobScheduler, type Job, type JobKind } from "./job-scheduler.js";
import type { WorkSlices } from "./work-slices.js";

/** A scheduler whose work is what a test puts into two lists, and the protocol of what was done. */
class Bench {
  readonly log: string[] = [];
  readonly flushes: Job[] = [];
  readonly compactions: Job[] = [];
  readonly failures: [JobKind, unknown][] = [];
  /** What happens in each turn of the event loop, by its number. */
  readonly inTurn: Map<number, () => void> = new Map();
  turns = 0;
  ms = 0;
  readonly scheduler: JobScheduler = new JobScheduler({
    now: () => this.ms,
    turn: () =>
      Promise.resolve().then(() => {
        this.turns += 1;
        this.inTurn.get(this.turns)?.();
      }),
    nextFlush: () => this.flushes.shift(),
    nextCompaction: () => this.compactions.shift(),
    onFailure: (kind, error) => void this.failures.push([kind, error]),
  });

  /** Work in so many slices. */
  job(name: string, slices = 1, end: () => void = () => {}): Job {
    return {
      what: name,
      run: async (each) => {
        for (let at = 1; at <= slices; at++) {
          this.log.push(`${name}${at}`);
          if (at < slices) await each.pause();
        }
        end();
      },
    };
  }

  failing(name: string): Job {
    return this.job(name, 1, () => {
      throw new Error(name);
    });
  }
}

test("nothing begins inside the call that says there is work", async () => {
  const bench = new Bench();
  bench.flushes.push(bench.job("f"));
  bench.scheduler.wake();
  expect([bench.log, bench.scheduler.isActive]).toEqual([[], true]);
  await bench.scheduler.idle();
  expect([bench.log, bench.scheduler.isActive]).toEqual([["f1"], false]);
});

test("one job at a time: flushes, then requests, then compactions", async () => {
  const bench = new Bench();
  bench.compactions.push(bench.job("c", 2), bench.job("d"));
  bench.flushes.push(bench.job("f", 2), bench.job("g"));
  bench.scheduler.wake();
  const asked = bench.scheduler.run(bench.job("r", 2));
  await bench.scheduler.idle();
  await asked;
  expect(bench.log).toEqual(["f1", "f2", "g1", "r1", "r2", "c1", "c2", "d1"]);
  expect(bench.scheduler.stats()).toMatchObject({
    finished: { flush: 2, compaction: 2 },
    failed: { flush: 0, compaction: 0 },
  });
});

test("a flush goes between two slices of a compaction, and a compaction not between those of a flush", async () => {
  const bench = new Bench();
  bench.compactions.push(bench.job("c", 3), bench.job("d"));
  bench.inTurn.set(2, () => bench.flushes.push(bench.job("f", 2)));
  bench.scheduler.wake();
  await bench.scheduler.idle();
  expect(bench.log).toEqual(["c1", "f1", "f2", "c2", "c3", "d1"]);
});

test("work that turns up while something runs is done without being said again", async () => {
  const bench = new Bench();
  bench.flushes.push(bench.job("f", 1, () => bench.compactions.push(bench.job("c"))));
  bench.scheduler.wake();
  await bench.scheduler.idle();
  bench.compactions.push(bench.job("d"));
  bench.scheduler.wake();
  await bench.scheduler.idle();
  expect(bench.log).toEqual(["f1", "c1", "d1"]);
});

describe("a kind of job that failed", () => {
  test.each(["flush", "compaction"] as const)("rests until it was woken once, twice, four times: %s", async (kind) => {
    const bench = new Bench();
    const jobs = kind === "flush" ? bench.flushes : bench.compactions;
    const tries: number[] = [];
    for (let woken = 1; woken <= 20; woken++) {
      while (jobs.length < 3) jobs.push(bench.failing("x"));
      const before = bench.log.length;
      bench.scheduler.wake();
      await bench.scheduler.idle();
      if (bench.log.length > before) tries.push(woken);
      expect(bench.log.length - before).toBeLessThan(2);
    }
    expect(tries).toEqual([1, 2, 4, 8, 16]);
    expect(bench.failures[0]).toEqual([kind, new Error("x")]);
    expect(bench.scheduler.failureOf(kind)).toEqual(new Error("x"));
    expect(bench.scheduler.stats().failed[kind]).toBe(5);
    jobs.splice(0, 3, bench.job("y"));
    for (let woken = 0; woken < 16; woken++) {
      bench.scheduler.wake();
      await bench.scheduler.idle();
    }
    expect([bench.log.at(-1), bench.scheduler.failureOf(kind)]).toEqual(["y1", undefined]);
  });

  test("does not keep the other from being done", async () => {
    const bench = new Bench();
    bench.flushes.push(bench.failing("f"), bench.job("g"));
    bench.compactions.push(bench.job("c"));
    bench.scheduler.wake();
    await bench.scheduler.idle();
    expect(bench.log).toEqual(["f1", "c1"]);
  });

  test("is tried again after a request was done", async () => {
    const bench = new Bench();
    bench.compactions.push(bench.failing("c"), bench.job("d"));
    bench.scheduler.wake();
    await bench.scheduler.idle();
    await bench.scheduler.run(bench.job("r"));
    await bench.scheduler.idle();
    expect(bench.log).toEqual(["c1", "r1", "d1"]);
  });

  test("may be one that cannot even be picked", async () => {
    const failures: unknown[] = [];
    const scheduler = new JobScheduler({
      now: () => 0,
      turn: () => Promise.resolve(),
      nextFlush: () => undefined,
      nextCompaction: () => {
        throw new Error("no version");
      },
      onFailure: (_, error) => void failures.push(error),
    });
    scheduler.wake();
    await scheduler.idle();
    expect(failures).toEqual([new Error("no version")]);
  });
});

describe("stopping", () => {
  test("ends what runs within a slice, begins nothing more, and refuses requests", async () => {
    const bench = new Bench();
    bench.compactions.push(bench.job("c", 9), bench.job("d"));
    let stopped: Promise<void> | undefined;
    bench.inTurn.set(3, () => {
      stopped = bench.scheduler.stop("closing");
    });
    bench.scheduler.wake();
    await bench.scheduler.idle();
    await stopped;
    expect(bench.log).toEqual(["c1", "c2"]);
    expect(bench.failures).toEqual([]);
    bench.scheduler.wake();
    await bench.scheduler.idle();
    expect(bench.log.length).toBe(2);
    await expect(bench.scheduler.run(bench.job("s"))).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "closing" });
  });

  test("refuses requests that wait", async () => {
    const bench = new Bench();
    const first = bench.scheduler.run(bench.job("r", 5));
    const second = bench.scheduler.run(bench.job("s"));
    const both = Promise.allSettled([first, second]);
    bench.inTurn.set(2, () => void bench.scheduler.stop("closing"));
    for (const outcome of await both) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "LSM_ABORTED", cause: "closing" } });
    }
    expect(bench.log).toEqual(["r1"]);
  });

  test("with nothing running is done at once", async () => {
    const bench = new Bench();
    await bench.scheduler.stop();
    bench.flushes.push(bench.job("f"));
    bench.scheduler.wake();
    expect(bench.scheduler.isActive).toBe(false);
  });

  test("can be taken back, and what failed before is tried again", async () => {
    const bench = new Bench();
    bench.flushes.push(bench.failing("f"));
    bench.scheduler.wake();
    await bench.scheduler.idle();
    await bench.scheduler.stop();
    bench.flushes.push(bench.job("g", 2));
    bench.scheduler.start();
    await bench.scheduler.run(bench.job("r"));
    expect(bench.log).toEqual(["f1", "g1", "g2", "r1"]);
  });

  test("a compaction alone lets everything else go on, requests first", async () => {
    const bench = new Bench();
    bench.compactions.push(bench.job("c", 9), bench.job("d"));
    let asked: Promise<void> | undefined;
    bench.inTurn.set(3, () => {
      asked = bench.scheduler.run(bench.job("r"));
      bench.scheduler.cancelCompaction();
    });
    bench.scheduler.wake();
    await bench.scheduler.idle();
    await asked;
    expect(bench.log).toEqual(["c1", "c2", "r1", "d1"]);
    expect(bench.failures).toEqual([]);
  });
});

describe("a signal of a request", () => {
  test("that is aborted before ends it before it begins", async () => {
    const bench = new Bench();
    const outcome = bench.scheduler.run(bench.job("r"), AbortSignal.abort("no"));
    await expect(outcome).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "no" });
    expect(bench.scheduler.isActive).toBe(false);
  });

  test("ends it where it waits, at once, and where it runs within a slice", async () => {
    const bench = new Bench();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = bench.scheduler.run(bench.job("r", 9), first.signal);
    const waiting = bench.scheduler.run(bench.job("s"), second.signal);
    bench.inTurn.set(2, () => second.abort("second"));
    bench.inTurn.set(4, () => first.abort("first"));
    await expect(waiting).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "second" });
    expect(bench.log.length).toBeLessThan(4);
    await expect(running).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "first" });
    expect(bench.log).toEqual(["r1", "r2", "r3"]);
  });
});

test("the error of a request is its own, and nobody rests for it", async () => {
  const bench = new Bench();
  bench.compactions.push(bench.job("c"));
  await expect(bench.scheduler.run(bench.failing("r"))).rejects.toThrow("r");
  await bench.scheduler.idle();
  expect([bench.log, bench.failures]).toEqual([["r1", "c1"], []]);
});

test("slices are counted, and measured without what they wait for", async () => {
  const bench = new Bench();
  const run = async (slices: WorkSlices): Promise<void> => {
    bench.ms += 3;
    await slices.pause();
    bench.ms += 5;
    await slices.wait(Promise.resolve().then(() => (bench.ms += 100)));
    bench.ms += 1;
    await slices.pause();
  };
  bench.inTurn.set(2, () => (bench.ms += 50));
  await bench.scheduler.run({ what: "r", run });
  expect(bench.scheduler.stats()).toMatchObject({
    sliceCount: 3,
    longestSliceMs: 5,
    overrunCount: 1,
    running: undefined,
  });
});

test("law 65: a slice is over after 2 ms, which is looked at every 8 KiB, or after 256 KiB on a clock that stands still", async () => {
  const bench = new Bench();
  const looks: number[] = [];
  const measure =
    (msEach: number) =>
    async (slices: WorkSlices): Promise<void> => {
      let entries = 1;
      while (!slices.spend(1024 - 96)) {
        bench.ms += msEach;
        entries += 1;
      }
      looks.push(entries);
      await slices.pause();
      expect(slices.spend(1024)).toBe(false); // a slice begins anew
    };
  await bench.scheduler.run({ what: "still", run: measure(0) });
  await bench.scheduler.run({ what: "slow", run: measure(0.1) });
  await bench.scheduler.run({ what: "slower", run: measure(1) });
  expect(looks).toEqual([256, 24, 8]);
});

test("a wake at any moment of the last look is not lost", async () => {
  for (let moment = 0; moment < 12; moment++) {
    const bench = new Bench();
    bench.scheduler.wake();
    for (let step = 0; step < moment; step++) await Promise.resolve();
    bench.flushes.push(bench.job("f"));
    bench.scheduler.wake();
    await bench.scheduler.idle();
    expect([moment, bench.log]).toEqual([moment, ["f1"]]);
  }
});

test("a flush that was asked for and succeeds ends the rest of flushes", async () => {
  const bench = new Bench();
  bench.flushes.push(bench.failing("f"));
  bench.scheduler.wake();
  await bench.scheduler.idle();
  expect(bench.scheduler.failureOf("flush")).toMatchObject({ message: "f" });
  await bench.scheduler.run(bench.job("flush"));
  expect(bench.scheduler.failureOf("flush")).toBeUndefined();
});
