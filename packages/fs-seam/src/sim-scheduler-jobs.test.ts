import { describe, expect, test } from "vitest";
import { Device, failure } from "../test/support/sim-device.js";
import { first, last } from "../test/support/sim-picks.js";
import { SimError, type SimErrorCode } from "./sim-error.js";
import { SimScheduler } from "./sim-scheduler.js";

describe("jobs", () => {
  test("run until all are done, and give results to whoever joins", async () => {
    const device = new Device({ seed: 1 });
    const sum = device.scheduler.spawn("sum", async () => {
      const parts = await Promise.all([device.use("a"), device.use("b")]);
      return parts.join("+");
    });
    const plain = device.scheduler.spawn("plain", () => 42);
    const outer = device.scheduler.spawn("outer", async () => {
      const inner = device.scheduler.spawn("inner", async () => `${await device.use("c")}!`);
      return inner.join();
    });
    expect(sum.state).toBe("ready");
    const report = await device.scheduler.run();
    expect(report).toMatchObject({ end: "idle", killed: [], steps: device.scheduler.steps });
    expect(await Promise.all([sum.join(), plain.join(), outer.join()])).toEqual(["a+b", 42, "c!"]);
    expect([sum.state, sum.name]).toEqual(["done", "sum"]);
    expect(report.steps).toBe(4 + 3 * 2);
    expect(device.scheduler.inFlight).toBe(0);
  });

  test("start only under run", async () => {
    const scheduler = new SimScheduler();
    let started = false;
    scheduler.spawn("job", () => (started = true));
    await scheduler.issue({ label: "x", effect: () => {}, complete: () => {} });
    expect(started).toBe(false);
    await scheduler.run();
    expect(started).toBe(true);
  });

  test("an error nobody joined surfaces at run, as it was thrown, and once", async () => {
    const device = new Device();
    const thrown = new Error("broken");
    const job = device.scheduler.spawn("bad", async () => {
      await device.use("a");
      throw thrown;
    });
    device.scheduler.spawn("good", () => device.use("b"));
    expect(await failure(device.scheduler.run())).toBe(thrown);
    expect(job.state).toBe("failed");
    expect(device.events).toContain("complete b"); // the others went on to their ends
    expect((await device.scheduler.run()).end).toBe("idle");
  });

  test("several errors surface together, and one that was joined not at all", async () => {
    const scheduler = new SimScheduler({ pick: first });
    const throwing = (message: string) => () => {
      throw new Error(message);
    };
    scheduler.spawn("a", throwing("A"));
    const joined = scheduler.spawn("b", throwing("B"));
    scheduler.spawn("c", throwing("C"));
    const heard = failure(joined.join());
    const error = (await failure(scheduler.run())) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.message).toContain("a, c");
    expect(error.errors.map(String)).toEqual(["Error: A", "Error: C"]);
    expect(String(await heard)).toBe("Error: B");
  });

  test("a deadlock names the jobs, what they did last, and the promises with names", async () => {
    const device = new Device({ pick: first });
    const never = new Promise<void>(() => {});
    device.scheduler.spawn("writer", async () => {
      await device.use("sync /log");
      await device.scheduler.named("the lock of /db", never);
    });
    device.scheduler.spawn("reader", () => never);
    device.scheduler.spawn("quick", () => device.scheduler.named("nothing", Promise.resolve()));
    // Decisions 0 to 4 are three starts and the operation; what the test itself does then is no job's.
    device.scheduler.atStep(5, () => void device.use("the test's own"));
    const error = (await failure(device.scheduler.run())) as SimError;
    expect(error).toBeInstanceOf(SimError);
    expect(error.code).toBe("SIM_DEADLOCK" satisfies SimErrorCode);
    expect(error.waiting).toHaveLength(3);
    expect(error.message).toMatch(/writer \(last: sync \/log completed at decision \d+\)/);
    expect(error.message).toMatch(/reader \(last: it started at decision \d+\)/);
    expect(error.waiting[2]).toBe("the lock of /db");
    expect(error.message).not.toContain("quick");
  });

  test("a run without end is given up after maxSteps decisions, each run by itself", async () => {
    const scheduler = new SimScheduler({ maxSteps: 50 });
    const again = (): void => void scheduler.clock.after(1, again);
    again();
    const error = (await failure(scheduler.run())) as SimError;
    expect([error.code, scheduler.steps, error.waiting]).toEqual(["SIM_STEP_LIMIT", 50, ["timer of timer"]]);
    expect(((await failure(scheduler.run())) as SimError).code).toBe("SIM_STEP_LIMIT");
    expect(scheduler.steps).toBe(100);
  });

  test("stop ends the run: what has not started never does, what waits is given up", async () => {
    const device = new Device({ pick: last });
    const late = device.scheduler.spawn("stopping", async () => {
      const other = device.scheduler.spawn("late", () => device.use("never"));
      await device.use("a");
      device.scheduler.stop();
      return other;
    });
    device.scheduler.spawn("waiting", () => new Promise(() => {}));
    const { end, killed } = await device.scheduler.run();
    expect([end, killed]).toEqual(["stopped", ["waiting", "late"]]);
    const error = (await failure((await late.join()).join())) as SimError;
    expect(error.code).toBe("SIM_STOPPED");
    expect(device.events).toEqual(["effect a", "complete a"]);
    device.scheduler.stop(); // nothing runs, so there is nothing to end
    device.scheduler.spawn("next", () => device.use("b"));
    expect(await device.scheduler.run()).toMatchObject({ end: "idle" });
    expect(device.events.at(-1)).toBe("complete b");
  });

  test("only one run at a time", async () => {
    const scheduler = new SimScheduler();
    const running = scheduler.run();
    expect(((await failure(scheduler.run())) as SimError).code).toBe("SIM_RUNNING");
    await running;
  });

  test("an error of a timer's action, of a gap and of pick ends the run", async () => {
    const timer = new SimScheduler();
    timer.clock.after(1, () => {
      throw new Error("timer");
    });
    expect(String(await failure(timer.run()))).toBe("Error: timer");
    const gap = new SimScheduler();
    gap.atStep(0, () => {
      throw new Error("gap");
    });
    expect(String(await failure(gap.run()))).toBe("Error: gap");
    for (const pick of [() => 1, () => -1, () => Number.NaN]) {
      const wrong = new SimScheduler({ pick });
      wrong.spawn("job", () => {});
      expect(await failure(wrong.run())).toBeInstanceOf(RangeError);
    }
    const late = new SimScheduler({ pick: () => Promise.reject(new Error("late")) });
    late.spawn("job", () => {});
    expect(String(await failure(late.run()))).toBe("Error: late");
  });
});
