import { describe, expect, test } from "vitest";
import { first, last } from "../test/support/sim-picks.js";
import { bytes, codeOf, log, namesIn, possible, stillSim } from "../test/support/sim-scene.js";
import { crashImages } from "./crash-images.js";
import { CrashFs } from "./crash-fs.js";
import { SimClock } from "./sim-clock.js";
import { SimFs } from "./sim-fs.js";
import { ScheduleWalk } from "./sim-pick.js";

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
