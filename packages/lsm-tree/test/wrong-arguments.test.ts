// What is no Uint8Array is refused by name: with a length of its own it would be kept as zeros, or read as another key.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openEngine, WriteBatch } from "../src/index.js";
import { bytes, contentOf, small } from "./engine-law.js";

const key = bytes("key");

test.each([
  ["text", "abc"],
  ["an array", [3, 300]],
  ["nothing", undefined],
  ["null", null],
  ["a buffer", new ArrayBuffer(3)],
])("%s for a key or value is a TypeError that names it, and nothing is written", async (_, wrong) => {
  const engine = await openEngine({ ...small, directory: new Directory(new MemoryFs()) });
  const bad = wrong as never;
  const named = (name: string): TypeError => new TypeError(`${name} must be a Uint8Array`);
  await expect(engine.put(bad, key)).rejects.toThrow(named("key"));
  await expect(engine.put(key, bad)).rejects.toThrow(named("value"));
  await expect(engine.delete(bad)).rejects.toThrow(named("key"));
  await expect(engine.write([] as never)).rejects.toThrow(new TypeError("batch must be a WriteBatch"));
  const batch = new WriteBatch();
  expect(() => batch.put(bad, key)).toThrow(named("key"));
  expect(() => batch.put(key, bad)).toThrow(named("value"));
  expect(() => batch.delete(bad)).toThrow(named("key"));
  expect(() => batch.deleteRange(bad, key)).toThrow(named("start"));
  expect(batch.operationCount).toBe(0);
  expect(() => engine.get(bad)).toThrow(named("key"));
  expect(() => engine.find(bad)).toThrow(named("key"));
  expect(() => engine.has(bad)).toThrow(named("key"));
  expect(() => engine.getMany([key, bad])).toThrow(named("every key"));
  expect(() => engine.approximateSize(bad, key)).toThrow(named("start"));
  expect(() => engine.approximateSize(key, bad)).toThrow(named("end"));
  if (wrong !== undefined) {
    expect(() => batch.deleteRange(key, bad)).toThrow(named("end"));
    for (const bound of ["gt", "gte", "lt", "lte"]) {
      expect(() => engine.cursor({ [bound]: bad })).toThrow(named(bound));
      await expect(engine.clear({ [bound]: bad })).rejects.toThrow(named(bound));
    }
    await expect(engine.compactRange(bad)).rejects.toThrow(named("start"));
    await expect(engine.compactRange(key, bad)).rejects.toThrow(named("end"));
  }
  expect(contentOf(engine)).toEqual([]);
  await engine.put(key, Buffer.from("a buffer is one"));
  expect(contentOf(engine)).toEqual(["key=a buffer is one"]);
  await engine.close();
});
