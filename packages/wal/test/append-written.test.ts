// Appending and writing in one step: with a full disk nothing is appended, and the log goes on as if nobody had tried.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openWal, WalError, type WalOptions } from "../src/index.js";
import { again } from "./attempt.js";
import { bytesOf, copyOf, listed, readInEveryMode, small, textsOf } from "./log-law.js";

test("what it returns has been handed to the system", async () => {
  const memory = new MemoryFs();
  const log = await openWal({ directory: new Directory(memory), ...small, segmentBytes: 4096 });
  log.append(bytesOf("waits"));
  expect(log.writtenLsn).toBe(0);
  expect(log.appendWritten([bytesOf("alone")])).toBe(2);
  expect(log.writtenLsn).toBe(2);
  expect(log.appendWritten([bytesOf("all"), bytesOf("or"), bytesOf("none")])).toBe(3);
  expect([log.lastLsn, log.writtenLsn, log.durableLsn]).toEqual([5, 5, 0]);
  expect(await readInEveryMode(memory.snapshot())).toEqual(listed(["waits", "alone", "all", "or", "none"]));
  expect(() => log.appendWritten([])).toThrowError(TypeError);
  expect(() => log.appendWritten(["a" as unknown as Uint8Array])).toThrowError(TypeError);
  const huge = [new Uint8Array(16 * 1024 * 1024 + 1)];
  expect(() => log.appendWritten(huge)).toThrowError(expect.objectContaining({ code: "WAL_RECORD_TOO_LARGE" }));
  expect(log.lastLsn).toBe(5);
  await log.close();
});

const step = fc.record({
  how: fc.constantFrom("append" as const, "written" as const, "batch" as const, "sync" as const),
  length: fc.nat(150),
  /** From this step on, the n-th operation meets a full disk. */
  fault: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
});

const settings: fc.Arbitrary<Partial<WalOptions>> = fc.record({
  segmentBytes: fc.constantFrom(192, 1000, 5000),
  bufferBytes: fc.constantFrom(64, 256, 4096),
  preallocateBytes: fc.constantFrom(0, 4096),
});

test("a record that met a full disk is not there, whatever follows; every other one is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), settings, async (steps, options) => {
      const fs = new FaultFs(new MemoryFs());
      const directory = new Directory(fs);
      const log = await openWal({ directory, ...small, ...options });
      const appended: string[] = [];
      for (const [index, { how, length, fault }] of steps.entries()) {
        const texts = [`${index}`.padEnd(length, "x"), `${index}!`].slice(0, how === "batch" ? 2 : 1);
        if (fault !== undefined) {
          fs.plan.arm(`write,append:*.seg n${fault} ${fault === 2 ? "torn 9 ENOSPC" : "ENOSPC"}`);
        }
        try {
          if (how === "append") log.append(bytesOf(texts[0] as string));
          else if (how === "sync") await log.sync();
          else log.appendWritten(texts.map(bytesOf));
          if (how !== "sync") appended.push(...texts);
          if (how === "written" || how === "batch") expect(log.writtenLsn).toBe(appended.length);
        } catch (error) {
          if (!(error instanceof WalError && error.code === "WAL_NO_SPACE")) throw error;
        }
        expect(log.lastLsn).toBe(appended.length);
        expect(log.failure).toBeUndefined();
      }
      expect(await again(() => textsOf(log))).toEqual(listed(appended));
      const killed = copyOf((fs.inner as MemoryFs).snapshot());
      const recovered = await openWal({ directory: killed, ...small, ...options });
      expect(textsOf(recovered)).toEqual(listed(appended));
      await recovered.close();
      await again(() => log.close());
    }),
    { numRuns: Number(process.env["WAL_RUNS"] ?? 200) },
  );
});

test.each([33, 34, 39])(
  "a frame of which a full disk took %i of 40 bytes is not there, although zeros would pass for its padding",
  async (bytes) => {
    const fs = new FaultFs(new MemoryFs());
    const options = { ...small, segmentBytes: 65_536, preallocateBytes: 4096 };
    const log = await openWal({ directory: new Directory(fs), ...options });
    await log.appendDurable(bytesOf("1"));
    fs.plan.arm(`write:*.seg n1 torn ${bytes} ENOSPC`);
    expect(() => log.appendWritten([bytesOf("2")])).toThrowError(expect.objectContaining({ code: "WAL_NO_SPACE" }));
    expect(await readInEveryMode((fs.inner as MemoryFs).snapshot())).toEqual(["1:1"]);
    expect(log.appendWritten([bytesOf("3")])).toBe(2);
    const [file] = new Directory(fs).list().filter(({ name }) => name.endsWith(".seg"));
    expect(fs.stat(`/${file?.name}`).size).toBe(64 + 2 * 40 + 4096); // zeros are ahead once more
    expect(await readInEveryMode((fs.inner as MemoryFs).snapshot())).toEqual(listed(["1", "3"]));
    await log.close();
  },
);

test("a segment that grows old between two looks at the clock is left once, and a full disk takes back no more than its frame", async () => {
  for (let failing = 1; failing <= 24; failing += 1) {
    let clock = 0;
    const fs = new FaultFs(new MemoryFs(), `write:*.seg n${failing} ENOSPC`);
    const options = { ...small, segmentBytes: 4096, maxSegmentAgeMs: 5, now: () => (clock += 1) };
    const log = await openWal({ directory: new Directory(fs), ...options });
    const appended: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      try {
        expect(log.appendWritten([bytesOf(`${index}`)])).toBe(appended.length + 1);
        appended.push(`${index}`);
      } catch (error) {
        if (!(error instanceof WalError && error.code === "WAL_NO_SPACE")) throw error;
      }
    }
    expect(fs.plan.fired === 0 ? 12 : 11, `write ${failing}`).toBe(appended.length);
    expect(await readInEveryMode((fs.inner as MemoryFs).snapshot())).toEqual(listed(appended));
    await log.close();
  }
});

test("a disk that fails otherwise ends the log, which says so", async () => {
  const fs = new FaultFs(new MemoryFs());
  const log = await openWal({ directory: new Directory(fs), ...small });
  log.appendWritten([bytesOf("a")]);
  expect(log.failure).toBeUndefined();
  fs.plan.arm("write,append:*.seg n1 EIO");
  expect(() => log.appendWritten([bytesOf("b")])).toThrowError(expect.objectContaining({ code: "FS_IO" }));
  expect(log.failure).toMatchObject({ code: "FS_IO" });
  expect(() => log.appendWritten([bytesOf("c")])).toThrowError(expect.objectContaining({ code: "WAL_POISONED" }));
  await log.close();
});

test("the log of somebody else is refused, and not touched", async () => {
  const memory = new MemoryFs();
  const directory = new Directory(memory);
  await (await openWal({ directory, content: 2 })).close();
  const names = directory.list();
  await expect(openWal({ directory })).rejects.toEqual(
    expect.objectContaining({
      code: "WAL_FOREIGN_SEGMENT",
      context: expect.objectContaining({ option: "content", expected: 2, actual: 1 }),
    }),
  );
  expect(directory.list()).toEqual(names);
});

test("zeros are written ahead for whoever syncs, and not for whoever does not: everything would be written twice", async () => {
  for (const isSynced of [true, false]) {
    const fs = new FaultFs(new MemoryFs());
    const ahead = fs.plan.arm("allocate:*.seg n1000000 EIO");
    const options = { bufferBytes: 1024, preallocateBytes: 512, segmentBytes: 16_384, prepareSegments: true };
    const log = await openWal({ directory: new Directory(fs), ...small, ...options });
    for (let count = 0; count < 300; count += 1) {
      log.appendWritten([new Uint8Array(64)]);
      if (isSynced) await log.sync();
    }
    await log.close();
    // 300 frames of 96 bytes in steps of 512, or the half of a buffer that is not known to wait for nobody.
    if (isSynced) expect(ahead.seen).toBeGreaterThan(40);
    else expect(ahead.seen).toBeLessThan(4);
  }
});
