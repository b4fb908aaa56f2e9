import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Directory } from "@holdfast/fs-seam";
import type { StoreFs } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { SimFs } from "@holdfast/fs-seam/sim";
import { describe, expect, it } from "vitest";
import { LsmLevel } from "../src/lsm-level.js";
import { ModelLevel } from "./support/model-engine.js";
import { runSuite } from "./support/suite-run.js";

/**
 * How many assertions the suite of abstract-level 3.1.1 makes: six of them only of a database that outlives its process, which one in
 * memory does not.
 */
const assertionCount = 5168;
const assertionCountInMemory = assertionCount - 6;

/** A busy machine with a slow disk takes minutes for the barriers of a thousand databases; what a barrier is good for is shown elsewhere. */
const timeout = 600_000;
const fastFiles = "/dev/shm";
/** LSM_LONG=1 runs two more forms, which differ little from others. */
const isLong = process.env["LSM_LONG"] === "1";

describe("law 61: the suite of abstract-level", { timeout }, () => {
  it("passes over the model", async () => {
    const { assertions, failures } = await runSuite((options) => new ModelLevel(options));
    expect(failures).toEqual([]);
    expect(assertions).toBe(assertionCountInMemory);
  });

  it("passes on files", async () => {
    const root = mkdtempSync(join(existsSync(fastFiles) ? fastFiles : tmpdir(), "holdfast-level-suite-"));
    let count = 0;
    const { assertions, failures } = await runSuite((options) => new LsmLevel(join(root, `${(count += 1)}`), options));
    rmSync(root, { recursive: true });
    expect(failures).toEqual([]);
    expect(assertions).toBe(assertionCount);
  });

  const backends: readonly (readonly [name: string, make: () => StoreFs])[] = [
    ["memory", () => new MemoryFs()],
    ["crash", () => new CrashFs()],
    ["sim", () => new SimFs({ seed: 8 })],
    ...(isLong ? ([["fault, without faults", () => new FaultFs(new MemoryFs())]] as const) : []),
  ];

  it.each(backends)("passes on backend %s", async (_, make) => {
    const { assertions, failures } = await runSuite(
      (options) => new LsmLevel({ ...options, directory: new Directory(make()) }),
    );
    expect(failures).toEqual([]);
    expect(assertions).toBe(assertionCountInMemory);
  });

  // So small that the few entries of a test are flushed and compacted.
  const tiny = { writeBufferBytes: 64, blockBytes: 64, tableBytes: 128, cacheBytes: 0, maxOpenTables: 2 };
  const settings: readonly (readonly [name: string, options: object])[] = [
    ["LZ4", {}],
    ...(isLong ? ([["no compression and no filters", { codec: null, filterBitsPerKey: 0 }]] as const) : []),
  ];

  it.each(settings)("passes with everything tiny and %s", async (_, more) => {
    const { assertions, failures } = await runSuite(
      (options) => new LsmLevel({ ...tiny, ...more, ...options, directory: new Directory(new MemoryFs()) }),
    );
    expect(failures).toEqual([]);
    expect(assertions).toBe(assertionCountInMemory);
  });
});
