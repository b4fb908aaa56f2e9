import { describe, expect, test } from "vitest";
import { bytes, log } from "../test/support/sim-scene.js";
import { SimClock } from "./sim-clock.js";
import { SimFs, type SimFsOptions } from "./sim-fs.js";
import { SimScheduler } from "./sim-scheduler.js";
import { traceHash } from "./sim-trace-hash.js";

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
