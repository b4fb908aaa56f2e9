import { describe, expect, test } from "vitest";
import { first } from "../test/support/sim-picks.js";
import { bytes, codeOf, contentOf, log, possible, stillSim } from "../test/support/sim-scene.js";
import { crashImages } from "./crash-images.js";
import { imageHash } from "./image-hash.js";
import { SimFs } from "./sim-fs.js";
import { SimScheduler } from "./sim-scheduler.js";

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
