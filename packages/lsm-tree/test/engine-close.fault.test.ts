// A close that resolves has made everything durable; one that fails says so, gives back what it can, and leaves no database that is half open.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openEngine } from "../src/engine.js";
import { LsmLevel } from "../src/lsm-level.js";
import { bytes, contentOf, small } from "./engine-law.js";

const roomy = { ...small, writeBufferBytes: 100_000 };

test.each(["EIO", "ENOSPC"])(
  "its barrier fails with %s: it says so, since a power loss takes what it covered",
  async (errno) => {
    const disk = new CrashFs();
    const fs = new FaultFs(disk);
    const directory = new Directory(fs);
    const engine = await openEngine({ ...roomy, directory });
    await engine.put(bytes("a"), bytes("1"), { rung: "data" });
    await engine.put(bytes("b"), bytes("1"), { rung: "os" });
    fs.plan.arm(`sync:/wal/* n1 ${errno}`);
    const failed = { code: "LSM_POISONED", cause: { operation: "sync" } };
    await expect(engine.close()).rejects.toMatchObject(failed);
    expect(fs.openHandles).toEqual([]);
    expect(directory.list("").map(({ name }) => name)).not.toContain("LOCK");
    await expect(engine.close()).rejects.toMatchObject({ code: "LSM_POISONED" }); // it is as lost as before
    disk.crash("worst");
    const again = await openEngine({ ...roomy, directory: new Directory(disk) });
    expect(contentOf(again)).toEqual(["a=1"]);
    await again.close();
  },
);

test("a barrier that failed in the background, and was nobody's: the close tells of it", async () => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ ...small, directory: new Directory(fs) });
  for (const nth of [1, 2, 3]) fs.plan.arm(`sync:/wal/* n${nth} EIO`);
  await engine.put(bytes("a"), bytes("x".repeat(500)), { rung: "os" }); // is to become a table
  await engine.idle();
  expect(engine.failure).toBeDefined();
  await expect(engine.close()).rejects.toMatchObject({ code: "LSM_POISONED" });
  expect(fs.openHandles).toEqual([]);
});

test("everything was durable before it failed: there is nothing to tell", async () => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ ...roomy, directory: new Directory(fs) });
  await engine.put(bytes("a"), bytes("1"), { rung: "data" });
  fs.plan.arm("sync:/manifest/* n1 EIO");
  await expect(engine.flush()).rejects.toMatchObject({ code: "LSM_POISONED" });
  await engine.close();
});

test.each(["sync:/manifest/* n1 ENOSPC", "sync:/manifest/* n1 EIO", "remove:/LOCK n1 ENOSPC", "sync:/wal/* n1 EIO"])(
  "%s: LsmLevel tells of it, and is closed and can be opened again",
  async (rule) => {
    const fs = new FaultFs(new MemoryFs());
    const db = new LsmLevel({ ...roomy, directory: new Directory(fs) });
    await db.put("a", "1");
    const heard: string[] = [];
    db.on("closed", () => heard.push("closed"));
    fs.plan.arm(rule);
    const told = { code: "LEVEL_DATABASE_NOT_CLOSED", cause: { code: "LEVEL_IO_ERROR" } };
    await expect(db.close()).rejects.toMatchObject(told);
    expect(fs.openHandles).toEqual([]);
    await db.close();
    expect(db.status).toBe("closed");
    expect(heard).toEqual(["closed"]);
    await db.open();
    expect(await db.get("a")).toBe("1");
    await db.close();
  },
);

test("LsmLevel is open behind an open that is called as soon as a close was refused", async () => {
  const fs = new FaultFs(new MemoryFs());
  const db = new LsmLevel({ ...roomy, directory: new Directory(fs) });
  await db.put("a", "1");
  fs.plan.arm("sync:/wal/* n1 EIO");
  await expect(db.close().catch(() => db.open())).resolves.toBeUndefined();
  expect(db.status).toBe("open");
  expect(await db.get("a")).toBe("1");
  await db.close();
});

test("a full disk before anything was given back: LsmLevel is open as before, and closes when there is room", async () => {
  const fs = new FaultFs(new MemoryFs());
  const db = new LsmLevel({ ...roomy, directory: new Directory(fs) });
  await db.put("a", "1", { rung: "memory" });
  fs.plan.arm("append:/wal/* n1 ENOSPC");
  fs.plan.arm("write:/wal/* n1 ENOSPC");
  const told = { cause: { code: "LEVEL_IO_ERROR", cause: { code: "LSM_NO_SPACE" } } };
  await expect(db.close()).rejects.toMatchObject(told);
  expect(db.status).toBe("open");
  await db.put("b", "1");
  expect(await db.keys().all()).toEqual(["a", "b"]);
  await db.close();
  expect(db.status).toBe("closed");
});
