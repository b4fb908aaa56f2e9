// Every call of a program fails once, with a full disk or otherwise: a typed error or success, reads go on, and the next open has all that
// was acknowledged, in order and without what was refused twice.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWalReader } from "@holdfast/wal";
import { describe, expect, test } from "vitest";
import { openEngine, type Engine } from "../src/engine.js";
import { LevelError } from "../src/level-error.js";
import { LsmError } from "../src/lsm-error.js";
import { LsmLevel } from "../src/lsm-level.js";
import { bytes, contentOf, small } from "./engine-law.js";

interface Run {
  /** What has to be there: writes whose promise resolved with `data`, and what they were written over. */
  readonly acked: Map<string, string>;
  /** What may be there: writes that were asked for, by key. */
  readonly asked: Map<string, Set<string>>;
  readonly errors: unknown[];
}

/** Writes, flushes, clears and compacts; goes on behind whatever fails. */
async function program(directory: Directory): Promise<Run> {
  const run: Run = { acked: new Map(), asked: new Map(), errors: [] };
  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      run.errors.push(error);
      return false;
    }
  };
  let engine: Engine | undefined;
  await attempt(async () => {
    engine = await openEngine({ ...small, directory });
  });
  if (engine === undefined) return run;
  const open = engine;
  const put = async (key: string, value: string): Promise<void> => {
    run.asked.set(key, (run.asked.get(key) ?? new Set()).add(value));
    if (await attempt(() => open.put(bytes(key), bytes(value), { rung: "data" }))) run.acked.set(key, value);
    else run.acked.delete(key);
  };
  await put("a", "1");
  await put("b", "x".repeat(300));
  await attempt(() => open.flush());
  await put("a", "2");
  await put("c", "x".repeat(300));
  await put("d", "x".repeat(300));
  await attempt(() => open.flush());
  await attempt(() => open.compactRange());
  await put("e", "1");
  await attempt(() => open.idle());
  // Reads go on, whatever has failed; a file that cannot be read just then says so.
  await attempt(async () => {
    for (const [key, value] of run.acked) expect(open.get(bytes(key))).toEqual(bytes(value));
  });
  await attempt(() => open.close());
  await open.close().catch(() => {});
  return run;
}

function demandTyped(error: unknown): void {
  if (error instanceof LsmError) return;
  throw error;
}

/** The content a later open shows fits what was acknowledged and what was asked for. */
function demandLaw(engine: Engine, { acked, asked }: Run): void {
  const found = new Map(contentOf(engine).map((each) => each.split("=") as [string, string]));
  for (const [key, value] of acked) expect(found.get(key)).toBe(value);
  for (const [key, value] of found) expect([...(asked.get(key) ?? [])]).toContain(value);
}

async function countCalls(operation: string): Promise<number> {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs); // whose own look at the disk is not the engine's
  const rule = fs.plan.arm(`${operation}:* n1000000 EIO`);
  const run = await program(directory);
  expect(run.errors).toEqual([]);
  return rule.seen;
}

describe.each([
  ["write", "ENOSPC"],
  ["append", "ENOSPC"],
  ["open", "ENOSPC"],
  ["write", "EIO"],
  ["append", "EIO"],
  ["sync", "EIO"],
  ["syncNames", "EIO"],
  ["read", "EIO"],
  ["remove", "EIO"],
  ["open", "EMFILE"],
  ["close", "EIO"],
  ["stat", "EIO"],
  ["list", "EIO"],
  ["truncate", "EIO"],
  ["rename", "EIO"],
  ["makeDirectory", "EACCES"],
] as const)("laws 14, 20, 38, 51: a %s fails with %s", (operation, errno) => {
  test("each one in turn", async () => {
    const calls = await countCalls(operation);
    expect(calls).toBeGreaterThan(1);
    for (let nth = 1; nth <= calls; nth++) {
      const inner = new MemoryFs();
      const fs = new FaultFs(inner);
      const directory = new Directory(fs);
      fs.plan.arm(`${operation}:* n${nth} ${errno}`);
      const run = await program(directory);
      for (const error of run.errors) demandTyped(error);
      expect(fs.openHandles).toEqual([]);
      const engine = await openEngine({ ...small, directory: new Directory(inner) });
      demandLaw(engine, run);
      await engine.close();
      if (errno !== "ENOSPC") continue;
      // A full disk that has room again has cost nothing but the calls that it refused.
      const codes = run.errors.map((error) => (error instanceof LsmError ? error.code : error));
      if (operation !== "open") expect([...new Set(codes)].filter((code) => code !== "LSM_NO_SPACE")).toEqual([]);
    }
  });
});

test.each([
  ["append:*.sst n1 EIO", /[.]sst$/],
  ["sync:*.sst n1 EIO", /[.]sst$/],
  ["open:*.sst n1 EACCES", /[.]sst$/],
])(
  "%s: a flush, and a range, say which file could not be written, and succeed when they are repeated",
  async (rule, file) => {
    for (const call of ["flush", "compactRange"] as const) {
      const fs = new FaultFs(new MemoryFs());
      const engine = await openEngine({ ...small, directory: new Directory(fs) });
      await engine.put(bytes("a"), bytes("1"));
      fs.plan.arm(rule);
      const failed = { code: "LSM_WRITE_FAILED", context: { file: expect.stringMatching(file) as unknown } };
      await expect(engine[call]()).rejects.toMatchObject(failed);
      await engine[call]();
      expect(contentOf(engine)).toEqual(["a=1"]);
      await engine.close();
    }
  },
);

test.each(["flush", "compactRange"] as const)(
  "a barrier of the names of tables that fails in a %s ends writing, for good; reads go on",
  async (call) => {
    const inner = new MemoryFs();
    const fs = new FaultFs(inner);
    const failures: unknown[] = [];
    const engine = await openEngine({
      ...{ ...small, directory: new Directory(fs) },
      observer: (event) => void (event.kind === "failure" && failures.push(event.error)),
    });
    for (const value of ["1", "2"]) {
      await engine.put(bytes("a"), bytes(value), { rung: "data" });
      await (call === "flush" ? undefined : engine.flush());
    }
    fs.plan.arm("syncNames:*tables* n1 EIO");
    const failed = { code: "LSM_WRITE_FAILED", context: { file: "tables" }, cause: { code: "FS_IO" } };
    const poisoned = { code: "LSM_POISONED", cause: failed };
    await expect(engine[call]()).rejects.toMatchObject(poisoned);
    await expect(engine[call]()).rejects.toMatchObject(poisoned);
    await expect(engine.put(bytes("b"), bytes("1"))).rejects.toMatchObject(poisoned);
    expect(failures).toEqual([expect.objectContaining({ code: "LSM_WRITE_FAILED" })]);
    expect(engine.failure).toMatchObject(failed);
    expect(contentOf(engine)).toEqual(["a=2"]);
    await engine.close();
    const again = await openEngine({ ...small, directory: new Directory(inner) });
    await again.flush();
    expect(contentOf(again)).toEqual(["a=2"]);
    await again.close();
  },
);

test.each(["flush", "compactRange"] as const)(
  "a %s that is ended by the failure of a barrier of the log tells of it, and not that somebody stopped it",
  async (call) => {
    const fs = new FaultFs(new MemoryFs());
    const engine = await openEngine({ directory: new Directory(fs) });
    await engine.put(bytes("a"), bytes("1"));
    await engine.flush();
    await engine.put(bytes("a"), bytes("2"));
    fs.plan.arm("sync:/wal/*.seg n1 EIO");
    const called = engine[call]();
    const written = engine.put(bytes("c"), bytes("1"), { rung: "data" });
    const poisoned = { code: "LSM_POISONED", cause: { operation: "sync" } };
    const outcomes = await Promise.allSettled([called, written]);
    expect(outcomes).toMatchObject([{ reason: poisoned }, { reason: poisoned }]);
    await expect(engine.close()).rejects.toMatchObject(poisoned);
  },
);

test("an open whose flushes cannot make names durable says so, and the next one has everything", async () => {
  const inner = new MemoryFs();
  const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory: new Directory(inner) });
  for (let at = 0; at < 9; at++) await engine.put(bytes(`key ${at}`), bytes("x".repeat(300)), { rung: "data" });
  await engine.close();
  const fs = new FaultFs(inner);
  fs.plan.arm("syncNames:*tables* n1 EIO");
  const failed = openEngine({ ...small, directory: new Directory(fs) });
  await expect(failed).rejects.toMatchObject({ code: "LSM_POISONED", cause: { code: "LSM_WRITE_FAILED" } });
  expect(fs.openHandles).toEqual([]);
  const again = await openEngine({ ...small, directory: new Directory(inner) });
  expect(contentOf(again)).toHaveLength(9);
  await again.close();
});

test.each(["open", "read", "stat", "list", "syncNames", "close"])(
  "LsmLevel, for writing and for reading: a %s that fails is a LevelError with an LsmError as cause",
  async (operation) => {
    const image = new MemoryFs();
    const settings = { ...small, writeBufferBytes: 10_000 };
    const engine = await openEngine({ ...settings, directory: new Directory(image) });
    await engine.put(bytes("key 1"), bytes("1"));
    await engine.flush();
    await engine.put(bytes("key 2"), bytes("2"));
    await engine.close();
    for (const readOnly of [false, true]) {
      for (let nth = 1, isHit = true; isHit; nth += 1 + (nth >> 3)) {
        const fs = new FaultFs(new MemoryFs({ image: image.snapshot() }));
        const directory = new Directory(fs);
        const db = new LsmLevel({ ...settings, directory, readOnly });
        const rule = fs.plan.arm(`${operation}:* n${nth} EIO`);
        const demand = (error: unknown): void => {
          const told = error instanceof LevelError ? error : (error as Error).cause;
          expect(told).toBeInstanceOf(LevelError);
          expect((told as LevelError).cause).toBeInstanceOf(LsmError);
        };
        await db.open().catch(demand);
        if (db.status === "open") {
          await db.get("key 1").catch(demand);
          await db.keys().all().catch(demand);
          if (readOnly) await db.refresh().catch(demand);
          else {
            await db.put("key 1", "2", { sync: true }).catch(demand);
            await db.compactRange("a", "z").catch(demand);
            await db.backup(new Directory(new MemoryFs())).catch(demand);
          }
          await db.verify().catch(demand);
          await db.close().catch(demand);
        }
        isHit = rule.seen >= nth;
      }
    }
  },
);

test.each(["wal", "manifest"])("a close whose %s fails names it", async (name) => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ ...small, directory: new Directory(fs) });
  await engine.put(bytes("a"), bytes("1"), { rung: "data" });
  fs.plan.arm(`truncate:/${name}/* n1 EIO`);
  await expect(engine.close()).rejects.toMatchObject({ code: "LSM_WRITE_FAILED", context: { file: name } });
});

test.each(["wal", "manifest"])(
  "what cannot be removed of the %s ends nothing, and goes with the next flush",
  async (log) => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const engine = await openEngine({ ...small, directory, manifestBytes: 100 });
    const round = async (): Promise<void> => {
      for (let at = 0; at < 10; at++) await engine.put(bytes(`${at}`.padEnd(200, "k")), bytes("v".repeat(300)));
      await engine.flush();
      await engine.idle();
    };
    const records = (): { firstLsn: number; lastLsn: number } => openWalReader({ directory: directory.directory(log) });
    await round();
    const removals = fs.plan.arm(`remove:/${log}/*.seg times 2 EIO`);
    for (let at = 0; at < 20 && removals.fired < 2; at++) await round();
    expect(removals.fired).toBe(2);
    expect(engine.failure).toBeUndefined();
    const { lastLsn } = records();
    for (let at = 0; at < 20 && records().firstLsn <= lastLsn; at++) await round();
    expect(records().firstLsn).toBeGreaterThan(lastLsn);
    const found = contentOf(engine);
    expect(found).toHaveLength(10);
    await engine.close();
    const reopened = await openEngine({ ...small, directory });
    expect(contentOf(reopened)).toEqual(found);
    await reopened.close();
  },
);
