import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { FaultFs, FaultPlan } from "./fault-entry.js";
import { MemoryFs } from "./memory-fs.js";
import { SimClock, simEpochMicros } from "./sim-clock.js";

describe("SimClock", () => {
  test("starts at its epoch and moves only when told to", async () => {
    const clock = new SimClock();
    expect(clock.nowMicros()).toBe(simEpochMicros);
    expect(clock.now()).toBe(simEpochMicros / 1000);
    await Promise.resolve();
    expect(clock.nowMicros()).toBe(simEpochMicros);
    clock.advance(1.5);
    expect(clock.nowMicros()).toBe(simEpochMicros + 1500);
    expect(clock.now()).toBe(simEpochMicros / 1000 + 1);
    expect(new SimClock({ epochMicros: 7 }).nowMicros()).toBe(7);
  });

  test("fires timers by moment, those of one moment by age, each at its own moment", () => {
    const clock = new SimClock({ epochMicros: 0 });
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name}@${clock.nowMicros()}`);
    clock.after(3, note("c"));
    clock.after(1, note("a"));
    clock.after(2, note("b1"));
    clock.after(2, note("b2"));
    clock.after(2, () => {
      note("b3")();
      clock.after(0, note("b4"));
      clock.after(1, note("d"));
    });
    clock.advance(2.5);
    expect(fired).toEqual(["a@1000", "b1@2000", "b2@2000", "b3@2000", "b4@2000"]);
    expect(clock.nowMicros()).toBe(2500);
    expect(clock.timerCount).toBe(2);
    clock.advance(10);
    expect(fired.slice(5)).toEqual(["c@3000", "d@3000"]);
    expect(clock.timerCount).toBe(0);
  });

  test("a cancelled timer never fires, and cancelling late does nothing", () => {
    const clock = new SimClock();
    let count = 0;
    const cancelled = clock.after(1, () => (count += 1));
    const fired = clock.after(1, () => (count += 10));
    cancelled.cancel();
    clock.advance(1);
    fired.cancel();
    cancelled.cancel();
    clock.advance(1);
    expect(count).toBe(10);
  });

  test("pass lets time go by as a blocking call does: what is due is late", () => {
    const clock = new SimClock({ epochMicros: 0 });
    const fired: number[] = [];
    clock.after(1, () => void fired.push(clock.nowMicros()));
    clock.pass(5);
    expect(fired).toEqual([]);
    expect(clock.nowMicros()).toBe(5000);
    clock.advance(0);
    expect(fired).toEqual([5000]);
    expect(clock.nowMicros()).toBe(5000);
  });

  test("sleep resolves when its time has come, and an abort ends it with the reason", async () => {
    const clock = new SimClock();
    const woken: string[] = [];
    const first = clock.sleep(2).then(() => woken.push("first"));
    const controller = new AbortController();
    const second = clock.sleep(2, { signal: controller.signal });
    const other = new AbortController();
    const third = clock.sleep(3, { signal: other.signal });
    controller.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    await expect(clock.sleep(1, { signal: controller.signal })).rejects.toThrow("enough");
    expect(clock.timerCount).toBe(2);
    clock.advance(1);
    await Promise.resolve();
    expect(woken).toEqual([]);
    clock.advance(2);
    await first;
    await third;
    expect(getEventListeners(other.signal, "abort")).toEqual([]);
    expect(woken).toEqual(["first"]);
  });

  test.each([-1, Number.NaN, Infinity, 2 ** 53])("refuses %d milliseconds", async (milliseconds) => {
    const clock = new SimClock();
    expect(() => clock.advance(milliseconds)).toThrow(RangeError);
    expect(() => clock.pass(milliseconds)).toThrow(RangeError);
    expect(() => clock.after(milliseconds, () => {})).toThrow(RangeError);
    await expect(clock.sleep(milliseconds)).rejects.toThrow(RangeError);
    expect(clock.nowMicros()).toBe(simEpochMicros);
  });

  test.each([-1, 0.5, Number.NaN])("refuses the epoch %d", (epochMicros) => {
    expect(() => new SimClock({ epochMicros })).toThrow(RangeError);
  });

  test("is the timer of a FaultFs: delays take virtual time", async () => {
    const clock = new SimClock({ epochMicros: 0 });
    const plan = new FaultPlan([
      { operations: ["append"], action: { kind: "delay", milliseconds: 3 } },
      { operations: ["sync"], action: { kind: "delay", milliseconds: 20 } },
    ]);
    const fs = new FaultFs(new MemoryFs(), plan, { timer: clock });
    using handle = fs.open("/f", { mode: "append", create: "exclusive" });
    handle.append(new Uint8Array(1));
    expect(clock.nowMicros()).toBe(3000);
    let done = false;
    const synced = handle.sync("data").then(() => (done = true));
    clock.advance(19);
    await Promise.resolve();
    expect(done).toBe(false);
    clock.advance(1);
    await synced;
    expect(clock.nowMicros()).toBe(23_000);
  });
});
