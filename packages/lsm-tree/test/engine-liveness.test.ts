// What whoever calls the engine may count on besides data: that promises settle, that the process lives as long as one is awaited, that others get a turn.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { LsmError, openEngine, WriteBatch, type Engine, type EngineOptions } from "../src/index.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const open = (options: Pick<EngineOptions, "turn"> = {}): Promise<Engine> =>
  openEngine({ directory: new Directory(new MemoryFs()), ...options });

/** Waits for writes that are slowed down, with nothing else that keeps the process alive. */
const program = `
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openEngine } from "@holdfast/lsm-tree";
const engine = await openEngine({ directory: new Directory(new MemoryFs()), writeBufferBytes: 4096, blockBytes: 512, tableBytes: 4096 });
for (let at = 0; at < 3000; at++) await engine.put(Buffer.from("key " + (at * 7919) % 3001), Buffer.alloc(60));
const { delays: told } = engine.stats().writer.stalls;
await engine.close();
console.log(JSON.stringify({ told }));
`;

test("a program lives as long as it awaits a write that is slowed down", () => {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const child = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { cwd, encoding: "utf8" });
  expect(child).toMatchObject({ status: 0, stderr: "" });
  const { told } = JSON.parse(child.stdout) as { told: number };
  expect(told).toBeGreaterThan(0);
});

test("a clear whose barrier fails rejects once, and nothing else does", async () => {
  for (const errno of ["EIO", "ENOSPC"] as const) {
    const fs = new FaultFs(new MemoryFs());
    const engine = await openEngine({ directory: new Directory(fs) });
    await engine.put(bytes("a"), bytes("1"), { rung: "data" });
    await engine.flush();
    fs.plan.arm({ operations: ["sync"], action: { kind: "error", errno } });
    await expect(engine.clear({}, { rung: "data" })).rejects.toBeInstanceOf(LsmError);
    await expect(engine.put(bytes("b"), bytes("1"))).rejects.toMatchObject({ code: "LSM_POISONED" });
    await engine.close().catch(() => {});
  }
});

test.each<[string, "data" | "full", (engine: Engine) => Promise<void>]>([
  ["an empty batch", "full", (engine) => engine.write(new WriteBatch(), { rung: "full" })],
  ["a clear of what is not there", "full", (engine) => engine.clear({ gte: bytes("k") }, { rung: "full" })],
  ["a clear of nothing", "data", (engine) => engine.clear({ limit: 0 }, { rung: "data" })],
])("%s of a durable rung makes what is before it durable", async (_, rung, call) => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const engine = await openEngine({ directory });
  await engine.put(bytes("k"), bytes("1"), { rung: "full" });
  await engine.delete(bytes("k"), { rung: "os" });
  const before = fs.trace().records.length;
  await call(engine);
  const barriers = fs.trace().records.slice(before);
  expect(barriers).toEqual([expect.objectContaining({ kind: "barrier", scope: "file", rung })]);
  fs.crash("worst");
  const again = await openEngine({ directory: new Directory(fs) });
  expect(again.get(bytes("k"))).toBeUndefined();
  await again.close();
});

test("a clear of a range with keys of any length deletes all of them, and lets others have a turn", async () => {
  let turns = 0;
  const turn = (): Promise<void> => {
    turns += 1;
    return new Promise((resolve) => setImmediate(resolve));
  };
  const engine = await open({ turn });
  const key = (at: number): Uint8Array => bytes(`k${String(at).padStart(5, "0")}${"x".repeat(59_000)}`);
  for (let at = 0; at < 1200; at++) await engine.put(key(at), bytes("1"));
  await engine.put(bytes("z"), bytes("1"));
  await engine.flush();
  await engine.idle();
  turns = 0;
  await engine.clear({ lt: bytes("z") });
  expect(turns).toBeGreaterThan(40);
  using cursor = engine.cursor();
  cursor.start();
  expect(cursor.valid && cursor.keyBytes[cursor.keyStart]).toBe("z".charCodeAt(0));
  cursor.next();
  expect(cursor.valid).toBe(false);
  await engine.close();
}, 60_000);

test("a clear of a range reads in slices, also what one batch has room for", async () => {
  let turns = 0;
  let nowMs = 0;
  const engine = await openEngine({
    directory: new Directory(new MemoryFs()),
    now: () => (nowMs += 1), // a slice is over when it has looked at the clock twice
    turn: () => {
      turns += 1;
      return Promise.resolve();
    },
  });
  const batch = new WriteBatch();
  for (let at = 0; at < 4000; at++) batch.put(bytes(`key ${at}`), bytes("1"));
  await engine.write(batch);
  turns = 0;
  await engine.clear({ gte: bytes("key") });
  expect(turns).toBeGreaterThan(10);
  expect(engine.get(bytes("key 7"))).toBeUndefined();
  await engine.close();
});

test("writes that are awaited one by one let timers and others have their turns", async () => {
  const engine = await open();
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 1);
  for (let at = 0; at < 3000; at++) await engine.put(bytes(`key ${at}`), bytes("x".repeat(100)));
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(0);
  await engine.close();
});

test("whoever repeats a write at once gets through when the disk has room again", async () => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ directory: new Directory(fs), writeBufferBytes: 2048, blockBytes: 256 });
  let isFull = true;
  fs.plan.arm({
    operations: ["open", "append"],
    path: "*.sst",
    predicate: () => isFull,
    action: { kind: "error", errno: "ENOSPC" },
  });
  const put = (at: number): Promise<boolean> =>
    engine.put(bytes(`key ${at}`), bytes("x".repeat(150))).then(
      () => true,
      () => false,
    );
  let at = 0;
  while (await put(at)) at += 1;
  expect(await put(at)).toBe(false);
  isFull = false;
  expect(await put(at)).toBe(true);
  await engine.close();
});
