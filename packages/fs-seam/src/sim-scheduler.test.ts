import { describe, expect, test } from "vitest";
import { Device, failure } from "../test/support/sim-device.js";
import { first } from "../test/support/sim-picks.js";
import { SimClock } from "./sim-clock.js";
import { SimScheduler, type SimSchedulerOptions } from "./sim-scheduler.js";

describe("autoRun", () => {
  test("a bare await makes progress, timers included", async () => {
    const device = new Device();
    expect(await device.use("a")).toBe("a");
    await device.scheduler.clock.sleep(3_600_000);
    expect(await Promise.all([device.use("b"), device.use("c")])).toEqual(["b", "c"]);
  });

  test("off, nothing moves but under run", async () => {
    const device = new Device({ autoRun: false });
    const used = device.use("a");
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(device.events).toEqual([]);
    await device.scheduler.run();
    expect(await used).toBe("a");
  });

  test("a paused run goes on when something new is issued", async () => {
    const device = new Device({ pick: first });
    const one = device.use("a");
    await device.scheduler.run({ steps: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(device.events).toEqual(["effect a"]);
    await device.use("b");
    expect(await one).toBe("a");
  });
});

describe("arguments", () => {
  test.each<[unknown, new () => Error]>([
    [{ sede: 1 }, TypeError],
    [{ seed: 1, pick: first }, TypeError],
    [{ seed: 0.5 }, RangeError],
    [{ maxSteps: 0 }, RangeError],
    [{ maxSteps: 1.5 }, RangeError],
  ])("refuses %j", (options, kind) => {
    expect(() => new SimScheduler(options as SimSchedulerOptions)).toThrow(kind);
  });

  test("refuses a clock that another scheduler moves, and a run of half a step", async () => {
    const clock = new SimClock();
    const scheduler = new SimScheduler({ clock });
    expect(() => new SimScheduler({ clock })).toThrow(TypeError);
    for (const steps of [-1, 0.5, Number.NaN]) {
      expect(await failure(scheduler.run({ steps }))).toBeInstanceOf(RangeError);
    }
    expect(await scheduler.run({ steps: 0 })).toMatchObject({ end: "paused", steps: 0 });
  });
});
