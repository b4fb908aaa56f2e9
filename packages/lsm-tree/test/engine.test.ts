import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openEngine } from "../src/engine.js";
import type { LsmError } from "../src/lsm-error.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined => found && new TextDecoder().decode(found);

/** Every entry below a directory, with its size. */
function names(directory: Directory, path = ""): string[] {
  return directory.list(path).flatMap(({ name, kind }) => {
    const each = path === "" ? name : `${path}/${name}`;
    return kind === "directory" ? [each, ...names(directory, each)] : [`${each}: ${directory.stat(each).size}`];
  });
}

test("law 18: what was written is read, before and behind a flush, and behind an open", async () => {
  const directory = new Directory(new MemoryFs());
  {
    await using engine = await openEngine({ directory });
    expect(engine.openReport.created).toBe(true);
    await engine.put(bytes("a"), bytes("1"));
    await Promise.all([engine.put(bytes("b"), bytes("2")), engine.delete(bytes("a"))]);
    expect(engine.get(bytes("a"))).toBeUndefined();
    expect(text(engine.get(bytes("b")))).toBe("2");
    await engine.flush();
    expect(text(engine.get(bytes("b")))).toBe("2");
    await engine.put(bytes("c"), bytes("3"), { rung: "data" });
  }
  await using engine = await openEngine({ directory });
  expect(engine.openReport).toMatchObject({ created: false, tables: 1, replayedRecords: 1, orphans: [] });
  expect(text(engine.get(bytes("b")))).toBe("2");
  expect(text(engine.get(bytes("c")))).toBe("3");
  expect(engine.get(bytes("a"))).toBeUndefined();
});

test("a close leaves little to the log alone: much of what is in memory becomes a table, little does not", async () => {
  for (const [valueBytes, tables, replayedRecords] of [
    [2 ** 20, 1, 0],
    [2 ** 19, 0, 1],
  ] as const) {
    const directory = new Directory(new MemoryFs());
    {
      await using engine = await openEngine({ directory });
      await engine.put(bytes("a"), new Uint8Array(valueBytes).fill(7), { rung: "memory" });
    }
    const logBytes = directory.list("wal").reduce((sum, { name }) => sum + directory.stat(`wal/${name}`).size, 0);
    expect(logBytes > valueBytes).toBe(replayedRecords === 1);
    expect(logBytes < 1024).toBe(replayedRecords === 0); // what tables have the log has no more
    await using engine = await openEngine({ directory });
    expect(engine.openReport).toMatchObject({ tables, replayedRecords, orphans: [] });
    expect(engine.get(bytes("a"))?.every((byte) => byte === 7)).toBe(true);
    await engine.put(bytes("b"), bytes("behind it"), { rung: "data" });
    expect(engine.get(bytes("b"))).toEqual(bytes("behind it"));
  }
});

test("a log that cannot be emptied at a close costs nothing but its room", async () => {
  for (const fault of ["open:/wal/*.seg n1 ENOSPC", "remove:/wal/*.seg n1 EIO"]) {
    const disk = new MemoryFs();
    const fs = new FaultFs(disk);
    const engine = await openEngine({ directory: new Directory(fs), writeBufferBytes: 2 ** 24 });
    await engine.put(bytes("a"), new Uint8Array(2 ** 20).fill(7));
    const rule = fs.plan.arm(fault);
    await engine.close();
    expect(rule.fired).toBe(1);
    await using again = await openEngine({ directory: new Directory(disk) });
    expect(again.openReport).toMatchObject({ tables: 1, replayedRecords: 0, orphans: [] });
    expect(again.get(bytes("a"))?.length).toBe(2 ** 20);
  }
});

test("a table that a close cannot write is missed by nobody: the log has its writes", async () => {
  const disk = new MemoryFs();
  const fs = new FaultFs(disk);
  const engine = await openEngine({ directory: new Directory(fs) });
  await engine.put(bytes("a"), new Uint8Array(2 ** 20).fill(7));
  const rule = fs.plan.arm("append:/tables/* n1 ENOSPC");
  await engine.close();
  expect(rule.fired).toBe(1);
  await using again = await openEngine({ directory: new Directory(disk) });
  expect(again.openReport).toMatchObject({ tables: 0, replayedRecords: 1, orphans: [] });
  expect(again.get(bytes("a"))?.length).toBe(2 ** 20);
});

test("an open keeps what it replays in memory, up to two write buffers, and writes tables behind itself", async () => {
  for (const [puts, flushes] of [
    [3, 0],
    [5, 2],
  ] as const) {
    const directory = new Directory(new MemoryFs());
    {
      await using engine = await openEngine({ directory });
      for (let at = 0; at < puts; at++) await engine.put(bytes(`k${at}`), new Uint8Array(200).fill(at));
    }
    await using engine = await openEngine({ directory, writeBufferBytes: 400 });
    expect(engine.openReport).toMatchObject({ replayedRecords: puts, flushes, tables: flushes });
    const check = (): void => {
      for (let at = 0; at < puts; at++) expect(engine.get(bytes(`k${at}`))).toEqual(new Uint8Array(200).fill(at));
    };
    check();
    await engine.idle();
    check();
    await engine.flush();
    check();
  }
});

test("law 47: one writer; a second open is refused and changes nothing", async () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  await using engine = await openEngine({ directory });
  await engine.put(bytes("a"), bytes("1"));
  const before = names(directory);
  await expect(openEngine({ directory })).rejects.toMatchObject({ code: "LSM_LOCKED" });
  expect(names(directory)).toEqual(before);
  await engine.put(bytes("a"), bytes("2"));
  expect(text(engine.get(bytes("a")))).toBe("2");
});

test("an open creates, or finds, what it is told to, and nothing else", async () => {
  const directory = new Directory(new MemoryFs());
  await expect(openEngine({ directory, createIfMissing: false })).rejects.toMatchObject({ code: "LSM_NOT_FOUND" });
  expect(names(directory)).toEqual([]);
  await (await openEngine({ directory, errorIfExists: true })).close();
  const before = names(directory);
  await expect(openEngine({ directory, errorIfExists: true })).rejects.toMatchObject({ code: "LSM_EXISTS" });
  expect(names(directory)).toEqual(before);
  await (await openEngine({ directory, createIfMissing: false })).close();
});

test("what is closed, released or stopped says so", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ directory });
  await engine.put(bytes("a"), bytes("1"));
  const snapshot = engine.snapshot();
  snapshot.release();
  snapshot.release();
  expect(() => engine.get(bytes("a"), { snapshot })).toThrow(
    expect.objectContaining({ code: "LSM_SNAPSHOT_RELEASED" }),
  );
  const flushed = engine.flush();
  const closed = engine.close();
  await expect(flushed).rejects.toMatchObject({ code: "LSM_ABORTED" });
  await closed;
  expect(engine.close()).toBe(engine.close());
  expect(() => engine.get(bytes("a"))).toThrow(expect.objectContaining({ code: "LSM_CLOSED" }));
  await expect(engine.put(bytes("a"), bytes("2"))).rejects.toMatchObject({ code: "LSM_CLOSED" });
  expect(directory.list("tables")).toEqual([]);
});

test("a flush that is carried out beside a close says so", async () => {
  const told = new Set<string>();
  for (let moment = 0; moment < 60; moment++) {
    const directory = new Directory(new MemoryFs());
    const engine = await openEngine({ directory, writeBufferBytes: 10_000, turn: () => Promise.resolve() });
    await engine.put(bytes("a"), bytes("1"));
    const flushed = engine.flush().then(
      () => "done",
      (error: LsmError) => error.code,
    );
    for (let step = 0; step < moment; step++) await Promise.resolve();
    await engine.close();
    const outcome = await flushed;
    if (outcome === "done") expect(directory.list("tables")).toHaveLength(1);
    told.add(outcome);
  }
  expect([...told]).toEqual(["done"]);
});

test("law 20: a flush whose own writes end the database says so, although there is nothing in memory", async () => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ directory: new Directory(fs) });
  fs.plan.arm("write:/wal/*.seg n1 EIO");
  const outcomes = await Promise.allSettled([engine.put(bytes("a"), bytes("1")), engine.flush()]);
  const poisoned = { status: "rejected", reason: expect.objectContaining({ code: "LSM_POISONED" }) as unknown };
  expect(outcomes).toEqual([poisoned, poisoned]);
  await engine.close();
});

test("a wrong option is refused by its name, and a misspelled one too", async () => {
  const directory = new Directory(new MemoryFs());
  await expect(openEngine({ directory, writeBufferBytes: 0 })).rejects.toThrow(/writeBufferBytes/);
  await expect(openEngine({ directory, orphans: "burn" as "keep" })).rejects.toThrow(/orphans/);
  await expect(openEngine({ directory, cacheByte: 1 } as never)).rejects.toThrow(/cacheByte/);
  await expect(openEngine({ directory: undefined as never })).rejects.toThrow(/directory/);
  expect(names(directory)).toEqual([]);
});

test("law 20: a failed barrier ends writing, and reads go on", async () => {
  const fs = new FaultFs(new MemoryFs());
  const engine = await openEngine({ directory: new Directory(fs) });
  await engine.put(bytes("a"), bytes("1"));
  fs.plan.arm("sync:*.seg n1 EIO");
  await expect(engine.put(bytes("b"), bytes("2"), { rung: "data" })).rejects.toMatchObject({ code: "LSM_POISONED" });
  await expect(engine.put(bytes("c"), bytes("3"))).rejects.toMatchObject({ code: "LSM_POISONED" });
  expect(engine.failure).toBeDefined();
  expect(text(engine.get(bytes("a")))).toBe("1");
  await expect(engine.close()).rejects.toMatchObject({ code: "LSM_POISONED" }); // nobody knows what is durable
});

test("a reader beside the writer shows one moment, changes nothing, and takes no write", async () => {
  const directory = new Directory(new MemoryFs());
  await expect(openEngine({ directory, readOnly: true })).rejects.toMatchObject({ code: "LSM_NOT_FOUND" });
  await using engine = await openEngine({ directory });
  await engine.put(bytes("a"), bytes("1"));
  await engine.flush();
  await engine.put(bytes("b"), bytes("2"));
  const before = names(directory);
  await using reader = await openEngine({ directory, readOnly: true });
  await engine.clear();
  await engine.put(bytes("a"), bytes("3"));
  await engine.idle();
  expect(directory.list("tables")).toEqual([]);
  expect([text(reader.get(bytes("a"))), text(reader.get(bytes("b")))]).toEqual(["1", "2"]);
  await using later = await openEngine({ directory, readOnly: true });
  expect([text(later.get(bytes("a"))), text(later.get(bytes("b")))]).toEqual(["3", undefined]);
  const refused = { code: "LSM_READ_ONLY" };
  await expect(reader.put()).rejects.toMatchObject(refused);
  await expect(reader.clear()).rejects.toMatchObject(refused);
  expect(before).toContainEqual(expect.stringMatching(/^tables\/1\.sst/));
  await reader.close();
  expect(() => reader.get(bytes("a"))).toThrow(expect.objectContaining({ code: "LSM_CLOSED" }));
});
