import { expect, test } from "vitest";
import { everyNthFault, FaultSweepError } from "./fault-sweep.js";
import { isFsError } from "./fs-error.js";
import { MemoryFs } from "./memory-fs.js";
import type { StoreFs } from "./store-fs.js";

/** Five calls: open, write, sync, close, rename. */
function save(fs: StoreFs): void {
  using handle = fs.open("/temp", { mode: "write", create: "if-missing" });
  handle.writeAt(new Uint8Array(4), 0);
  handle.syncBlocking("data");
  handle.close();
  fs.rename("/temp", "/final");
}

async function saveAsync(fs: StoreFs): Promise<void> {
  using handle = fs.open("/temp", { mode: "write", create: "if-missing" });
  handle.writeAt(new Uint8Array(4), 0);
  await handle.sync("data");
  handle.close();
  fs.rename("/temp", "/final");
}

const make = (): MemoryFs => new MemoryFs();

test("every call fails once, then a run passes untouched", () => {
  const report = everyNthFault({ make, run: save });
  expect(report.faults).toBe(5);
  expect(report.outcomes.map(({ struck }) => struck?.operation)).toEqual([
    "open",
    "write",
    "sync",
    "close",
    "rename",
    undefined,
  ]);
  expect(report.outcomes.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { error, leaked, struck } of report.outcomes) {
    expect(leaked).toEqual([]);
    if (struck !== undefined) expect(isFsError(error, "FS_IO") && error.injected).toBe(true);
  }
  expect(report.outcomes.at(-1)?.error).toBeUndefined();
  expect(report.outcomes.map(({ plan }) => plan)[2]).toBe("*:* n3 EIO");
});

test("promises work alike", async () => {
  const report = await everyNthFault({ make, run: saveAsync, operations: ["sync", "rename"], fault: "ENOSPC" });
  expect(report.outcomes.map(({ struck, error }) => [struck?.operation, isFsError(error, "FS_NO_SPACE")])).toEqual([
    ["sync", true],
    ["rename", true],
    [undefined, false],
  ]);
});

test("operations and paths choose the calls, actions what strikes them", () => {
  const report = everyNthFault({
    make,
    run: save,
    operations: ["write", "rename"],
    path: "temp",
    fault: { kind: "error", errno: "EIO", late: true },
    check: ({ struck, inner }) => {
      if (struck?.operation === "rename") expect(inner.stat("/final").size).toBe(4);
    },
  });
  expect(report.faults).toBe(2);
});

test("onwards: the call and all later ones fail", () => {
  const struck: number[] = [];
  const report = everyNthFault({
    make,
    repeat: "onwards",
    operations: ["makeDirectory"],
    run: (fs, n) => {
      let failures = 0;
      for (const path of ["/a", "/b", "/c"]) {
        try {
          fs.makeDirectory(path);
        } catch {
          failures += 1;
        }
      }
      struck[n] = failures;
    },
  });
  expect(report.faults).toBe(3);
  expect(struck.slice(1)).toEqual([3, 2, 1, 0]);
});

test("a handle left open is reported", () => {
  const report = everyNthFault({
    make,
    operations: ["write"],
    run: (fs) => {
      const handle = fs.open("/leaky", { mode: "write", create: "if-missing" });
      handle.writeAt(new Uint8Array(1), 0);
      handle.close();
    },
  });
  expect(report.outcomes.map(({ leaked }) => leaked)).toEqual([["/leaky"], []]);
});

test("a run that fails of itself ends the sweep with its own error", async () => {
  const broken = (): never => {
    throw new RangeError("bug");
  };
  expect(() => everyNthFault({ make, run: broken })).toThrow(RangeError);
  await expect(everyNthFault({ make, run: async () => broken() })).rejects.toThrow(RangeError);
});

test("what check throws ends the sweep", async () => {
  const check = (): never => {
    throw new RangeError("wrong state");
  };
  expect(() => everyNthFault({ make, run: save, check })).toThrow("wrong state");
  await expect(everyNthFault({ make, run: saveAsync, check })).rejects.toThrow("wrong state");
});

test("code that makes more calls every time is given up", async () => {
  let count = 0;
  const run = (fs: StoreFs): void => {
    count += 1;
    for (let call = 0; call <= count; call += 1) fs.stat("/");
  };
  expect(() => everyNthFault({ make, run, maxRuns: 20 })).toThrow(FaultSweepError);
  count = 0;
  await expect(everyNthFault({ make, run: async (fs) => run(fs), maxRuns: 20 })).rejects.toThrow(FaultSweepError);
});
