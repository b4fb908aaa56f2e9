// A clear that is stopped by a signal, and one whose bounds are misspelled: nothing goes that was not meant.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { LsmLevel, openEngine, type Engine } from "../src/index.js";
import { bytes, contentOf, small } from "./engine-law.js";

const COUNT = 10_000;
const keyAt = (at: number): Uint8Array => bytes(`key ${String(at).padStart(5, "0")}`);

async function filled(turn: () => Promise<void>): Promise<Engine> {
  const engine = await openEngine({ directory: new Directory(new MemoryFs()), turn });
  for (let at = 0; at < COUNT; at++) void engine.put(keyAt(at), bytes("1"), { rung: "memory" });
  await engine.flush();
  return engine;
}

test("is not begun when it is aborted before, whatever it would clear", async () => {
  const engine = await openEngine({ ...small, directory: new Directory(new MemoryFs()) });
  await engine.put(bytes("a"), bytes("1"));
  const reason = new Error("not wanted any more");
  const signal = AbortSignal.abort(reason);
  const aborted = { code: "LSM_ABORTED", cause: reason };
  await expect(engine.clear({}, { signal })).rejects.toMatchObject(aborted);
  await expect(engine.clear({ gte: bytes("a") }, { signal, rung: "data" })).rejects.toMatchObject(aborted);
  await expect(engine.clear({ limit: 0 }, { signal })).rejects.toMatchObject(aborted);
  await expect(engine.clear({}, { signal: {} as AbortSignal })).rejects.toThrow(
    new TypeError("signal must be an AbortSignal"),
  );
  await expect(engine.clear({}, { sginal: signal } as object)).rejects.toThrow(/unknown option "sginal"/);
  expect(contentOf(engine)).toEqual(["a=1"]);
  await engine.clear({}, { signal: new AbortController().signal });
  expect(contentOf(engine)).toEqual([]);
  await engine.close();
});

test("ends between two batches, and what they deleted is deleted", async () => {
  const stop = new AbortController();
  let turns = -1;
  const engine = await filled(() => {
    if (turns >= 0) turns += 1;
    if (turns === 3) stop.abort();
    return new Promise((resolve) => setImmediate(resolve));
  });
  turns = 0;
  const cleared = engine.clear({ gte: keyAt(10) }, { signal: stop.signal });
  await expect(cleared).rejects.toMatchObject({ code: "LSM_ABORTED" });
  const left = contentOf(engine).length;
  expect(left).toBeGreaterThan(10);
  expect(left % 4096).toBe(COUNT % 4096); // whole batches, and perhaps none
  await engine.clear({ gte: keyAt(10) }, { signal: new AbortController().signal });
  expect(contentOf(engine)).toHaveLength(10);
  await engine.close();
});

test("in LsmLevel and its sublevels it is the AbortError that iterators end in", async () => {
  const db = new LsmLevel({ directory: new Directory(new MemoryFs()) });
  const part = db.sublevel("part");
  await part.put("a", "1");
  const aborted = { code: "LEVEL_ABORTED", name: "AbortError" };
  const signal: AbortSignal = AbortSignal.abort();
  await expect(db.clear({ signal })).rejects.toMatchObject(aborted);
  await expect(part.clear({ signal } as object)).rejects.toMatchObject(aborted);
  expect(await part.keys().all()).toEqual(["a"]);
  await part.clear({ signal: new AbortController().signal } as object);
  expect(await part.keys().all()).toEqual([]);
  await expect(db.clear({ signal: "soon" as unknown as AbortSignal })).rejects.toThrow(/signal must be an AbortSignal/);
  await db.close();
});

test("bounds that are misspelled are refused: without them all would go, and be read", async () => {
  const engine = await openEngine({ ...small, directory: new Directory(new MemoryFs()) });
  await engine.put(bytes("a"), bytes("1"));
  await expect(engine.clear({ gtee: bytes("b") } as object)).rejects.toThrow(/unknown option "gtee"/);
  expect(() => engine.cursor({ revers: true } as object)).toThrow(/unknown option "revers"/);
  expect(contentOf(engine)).toEqual(["a=1"]);
  await engine.close();
});

test.each([
  "gtee",
  "ge",
  "gte ",
  "gte_",
  "start",
  "end",
  "from",
  "to",
  "limt",
  "revers",
  "GTE",
  "lt.",
  "prefix",
  "gtes",
  "snapshto",
])("a clear of LsmLevel and of a sublevel refuses %j by its name, and deletes nothing", async (name) => {
  const db = new LsmLevel({ directory: new Directory(new MemoryFs()) });
  const part = db.sublevel("part");
  await part.put("a", "1");
  const wrong: object = { [name]: "b" };
  for (const clear of [() => db.clear(wrong), () => part.clear(wrong)]) {
    await expect(clear()).rejects.toThrow(`unknown option ${name}`);
  }
  expect(await part.keys().all()).toEqual(["a"]);
  await db.close();
});

test("a clear of LsmLevel and of a sublevel of one takes every option that the two know, and what is nothing like a bound", async () => {
  const db = new LsmLevel({ directory: new Directory(new MemoryFs()) });
  const part = db.sublevel("part").sublevel("inner");
  for (const key of ["a", "b", "c", "d"]) await part.put(key, "1");
  await using snapshot = db.snapshot();
  const { signal } = new AbortController();
  const how = { rung: "data", sync: true, signal, fillCache: false, keys: true, values: true } as const;
  await part.clear({ gt: "a", lte: "c", limit: 1, reverse: true, snapshot, keyEncoding: "utf8", ...how } as object);
  expect(await part.keys().all()).toEqual(["a", "b", "d"]);
  await part.clear({ gte: "b", lt: "z", valueEncoding: "json", custom: 1 } as object);
  expect(await part.keys().all()).toEqual(["a"]);
  await snapshot.close();
  await db.close();
});
