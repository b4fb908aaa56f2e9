// Damage below an open database: one error that names file and keys, everything else is readable and can be written, and once the file is
// restored it is as if nothing had been.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { BlockCodecs, deflateCodec } from "../src/format-entry.js";
import { LsmLevel } from "../src/lsm-level.js";
import { openEngine, type Engine } from "../src/engine.js";
import type { EngineOptions } from "../src/engine-options.js";
import { LsmError } from "../src/lsm-error.js";
import { readManifest } from "../src/manifest-log.js";
import type { TableMeta } from "../src/version-edit.js";
import { bytes, contentOf, small } from "./engine-law.js";

type Options = Omit<EngineOptions, "directory" | "readOnly">;

const options: Options = { ...small, writeBufferBytes: 100_000, tableBytes: 700, blockBytes: 150 };
const keys = Array.from({ length: 60 }, (_, at) => `key ${at + 10}`);
const valueOf = (key: string): string => `value of ${key} `.repeat(3);

/** A database of several tables in one level, and what it is made of. */
async function filled(more: Options = {}): Promise<{ readonly fs: MemoryFs; readonly tables: readonly TableMeta[] }> {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const engine = await openEngine({ ...options, ...more, directory });
  for (const key of keys) await engine.put(bytes(key), bytes(valueOf(key)));
  await engine.compactRange();
  await engine.close();
  const tables = [...(readManifest(directory.directory("manifest"))?.version.tables() ?? [])];
  expect(tables.length).toBeGreaterThan(3);
  return { fs, tables };
}

const pathOf = ({ tableNumber }: TableMeta): string => `tables/${tableNumber}.sst`;
const textOf = (key: Uint8Array): string => Buffer.from(key).toString();
const isIn = ({ smallest, largest }: TableMeta, key: string): boolean =>
  key >= textOf(smallest) && key <= textOf(largest);

/** Offsets of the frames of a table: data blocks, and then filter, index, properties and trailer. */
function framesOf(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const found: number[] = [];
  for (let at = 64; at < file.length; at += 32 + Math.ceil(view.getUint32(at + 4, true) / 8) * 8) found.push(at);
  return found;
}

const places: Readonly<Record<string, (frames: readonly number[]) => number>> = {
  header: () => 20,
  "data block": (frames) => frames[1]! + 40, // a table has more than one
  filter: (frames) => frames.at(-4)! + 40,
  index: (frames) => frames.at(-3)! + 40,
  properties: (frames) => frames.at(-2)! + 40,
  trailer: (frames) => frames.at(-1)! + 40,
};

/** Keys that cannot be read, with the errors that say so; all others have to have their values. */
function unreadable(engine: Engine): { readonly keys: string[]; readonly errors: LsmError[] } {
  const found: { keys: string[]; errors: LsmError[] } = { keys: [], errors: [] };
  for (const key of keys) {
    try {
      expect(engine.get(bytes(key))).toEqual(bytes(valueOf(key)));
    } catch (error) {
      if (!(error instanceof LsmError)) throw error;
      found.keys.push(key);
      found.errors.push(error);
    }
  }
  return found;
}

/** Each error names the table's file, and keys among which the wanted one is. */
function demandNames({ keys: lost, errors }: ReturnType<typeof unreadable>, { tableNumber }: TableMeta): void {
  for (const [at, { context }] of errors.entries()) {
    expect(context).toMatchObject({ file: `${tableNumber}.sst`, tableNumber });
    const { keysFrom, keysAfter, keysUpTo } = context;
    const key = Buffer.from(lost[at]!).toString("hex"); // one for each error
    if (keysFrom !== undefined) expect(key >= keysFrom).toBe(true);
    if (keysAfter !== undefined) expect(key > keysAfter).toBe(true);
    expect(keysUpTo !== undefined && key <= keysUpTo).toBe(true);
  }
}

/** Writing goes on whatever cannot be read, nothing that is damaged is rewritten, and a restored file is read again. */
async function demandHealing(fs: MemoryFs, table: TableMeta, whole: Uint8Array, more: Options = {}): Promise<void> {
  const directory = new Directory(fs);
  const engine = await openEngine({ ...options, ...more, directory });
  await engine.put(bytes("key 10"), bytes("written beside damage"), { rung: "data" });
  await engine.compactRange().catch((error: unknown) => expect(error).toBeInstanceOf(LsmError));
  await engine.put(bytes("zz"), bytes("written behind it"), { rung: "data" });
  await engine.close();
  directory.writeFile(pathOf(table), whole);
  const again = await openEngine({ ...options, ...more, directory });
  const expected = new Map(keys.map((key) => [key, valueOf(key)]));
  expected.set("key 10", "written beside damage").set("zz", "written behind it");
  expect(contentOf(again)).toEqual([...expected].map(([key, value]) => `${key}=${value}`));
  await again.close();
}

describe.each(Object.keys(places))("a flipped bit in a %s", (kind) => {
  test.each([0, 7])("bit %s: file and keys are named, the rest is there", async (bit) => {
    const { fs, tables } = await filled();
    const directory = new Directory(fs);
    const table = tables[1]!; // there are more
    const whole = directory.readFile(pathOf(table));
    const damaged = Uint8Array.from(whole);
    damaged[places[kind]!(framesOf(whole))]! ^= 1 << bit; // one of the names
    directory.writeFile(pathOf(table), damaged);
    const engine = await openEngine({ ...options, directory });
    const found = unreadable(engine);
    const inside = keys.filter((key) => isIn(table, key));
    if (kind === "filter") expect(found.keys).toEqual([]);
    else if (kind === "data block") {
      expect(found.keys.length).toBeGreaterThan(0);
      expect(found.keys.length).toBeLessThan(inside.length);
      expect(inside).toEqual(expect.arrayContaining(found.keys));
    } else expect(found.keys).toEqual(inside);
    demandNames(found, table);
    if (kind !== "filter") {
      expect(() => contentOf(engine)).toThrow(LsmError);
      const next = keys.find((key) => key > textOf(table.largest))!; // tables come behind it
      using cursor = engine.cursor({ gte: bytes(next) });
      cursor.start();
      expect(textOf(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd))).toBe(next);
    }
    await engine.close();
    const paranoid = await openEngine({ ...options, paranoidOpen: true, directory }).catch((error: unknown) => error);
    if (kind === "filter" || kind === "data block") await (paranoid as Engine).close();
    else expect(paranoid).toMatchObject({ context: { file: `${table.tableNumber}.sst` } });
    await demandHealing(fs, table, whole);
  });
});

test("a read that fails is told with file and keys, and is over when the disk has recovered", async () => {
  const { fs: memory, tables } = await filled();
  const table = tables[1]!; // there are more
  const fs = new FaultFs(memory);
  const engine = await openEngine({ ...options, directory: new Directory(fs) });
  let isBroken = true;
  fs.plan.arm({
    ...{ operations: ["read"], path: `/${pathOf(table)}`, predicate: () => isBroken },
    action: { kind: "error", errno: "EIO" },
  });
  const found = unreadable(engine);
  expect(found.keys).toEqual(keys.filter((key) => isIn(table, key)));
  demandNames(found, table);
  for (const { code } of found.errors) expect(code).toBe("LSM_READ_FAILED");
  isBroken = false;
  expect(unreadable(engine).keys).toEqual([]);
  await engine.close();
});

test("a table that is gone while the database is open is told with file and keys", async () => {
  const { fs, tables } = await filled();
  const directory = new Directory(fs);
  const table = tables[1]!; // there are more
  const whole = directory.readFile(pathOf(table));
  const engine = await openEngine({ ...options, directory });
  directory.remove(pathOf(table));
  const found = unreadable(engine);
  expect(found.keys).toEqual(keys.filter((key) => isIn(table, key)));
  demandNames(found, table);
  for (const { code } of found.errors) expect(code).toBe("LSM_MISSING_TABLE");
  directory.writeFile(pathOf(table), whole);
  expect(unreadable(engine).keys).toEqual([]);
  await engine.close();
});

test.each([
  ["of another database", (target: Uint8Array): unknown => target.fill(8)],
  ["of another number", (target: Uint8Array): unknown => target.fill(7)],
])("a table %s in its place is refused, and nothing of it is read", async (name, random) => {
  const { fs, tables } = await filled();
  const { fs: foreign, tables: others } = await filled({ random: (target) => void random(target) });
  const table = tables[1]!; // there are more
  const other = others[name === "of another number" ? 2 : 1]!;
  const directory = new Directory(fs);
  const whole = directory.readFile(pathOf(table));
  const put = Uint8Array.from(new Directory(foreign).readFile(pathOf(other)));
  directory.writeFile(pathOf(table), put);
  const opened = await openEngine({ ...options, directory }).catch((error: unknown) => error);
  if (put.length === whole.length) {
    const engine = opened as Engine;
    const found = unreadable(engine);
    expect(found.keys).toEqual(keys.filter((key) => isIn(table, key)));
    demandNames(found, table);
    for (const { code } of found.errors) expect(code).toBe("LSM_WRONG_TABLE");
    await engine.close();
  } else {
    expect(opened).toMatchObject({ code: "LSM_CORRUPT", context: { file: `${table.tableNumber}.sst` } });
    directory.writeFile(pathOf(table), whole);
  }
  await demandHealing(fs, table, whole);
});

test("what is written with a codec of one's own is read with it, flushed and compacted", async () => {
  const codec = { ...deflateCodec, id: 40, name: "mine" };
  const { fs } = await filled({ codec });
  const directory = new Directory(fs);
  for (const codecs of [undefined, new BlockCodecs([{ ...codec, id: 41 }]), new BlockCodecs([{ ...codec }])]) {
    const engine = await openEngine({ ...options, directory, codec, ...(codecs === undefined ? {} : { codecs }) });
    await engine.put(bytes("key 10"), bytes("newer"));
    await engine.compactRange();
    for (const key of keys.filter((each) => each !== "key 10")) {
      expect(engine.get(bytes(key))).toEqual(bytes(valueOf(key)));
    }
    await engine.close();
  }
});

test.each([0, 1, 2, 4, 5, 31, 64])("a codec of one's own with the id %i would not be read by others", async (id) => {
  const directory = new Directory(new MemoryFs());
  const codec = { ...deflateCodec, id, name: "mine" };
  await expect(openEngine({ ...options, directory, codec })).rejects.toThrow(RangeError);
  expect(() => new LsmLevel({ directory, codec })).toThrow("id of the codec mine");
  expect(directory.list()).toEqual([]);
});

test("a codec that nobody knows is told with file and keys, and a codec that is passed reads", async () => {
  const codec = { ...deflateCodec, id: 40, name: "mine" };
  const codecs = new BlockCodecs([codec]);
  const { fs, tables } = await filled({ codec, codecs });
  const directory = new Directory(fs);
  const without = await openEngine({ ...options, directory });
  const found = unreadable(without);
  expect(found.keys).toEqual(keys);
  for (const [at, error] of found.errors.entries()) {
    expect(error.code).toBe("LSM_UNSUPPORTED_CODEC");
    const table = tables.find((each) => isIn(each, keys[at]!))!; // each key lies in one
    expect(error.context).toMatchObject({ file: `${table.tableNumber}.sst` });
  }
  await without.put(bytes("key 10"), bytes("newer"));
  expect(without.get(bytes("key 10"))).toEqual(bytes("newer"));
  await without.close();
  const engine = await openEngine({ ...options, codecs, directory });
  expect(engine.get(bytes("key 10"))).toEqual(bytes("newer"));
  expect(engine.get(bytes("key 11"))).toEqual(bytes(valueOf("key 11")));
  await engine.close();
});

describe("the manifest, cut or altered behind what was acknowledged", () => {
  test("at any byte: the database is refused as it is, or has all there was", async () => {
    const fs = new MemoryFs();
    const directory = new Directory(fs);
    const engine = await openEngine({ ...options, directory });
    for (const key of ["a", "b", "c"]) {
      await engine.put(bytes(key), bytes(key.repeat(600))); // a segment of the log each, so that pruning takes them
      await engine.flush();
    }
    const before = contentOf(engine);
    await engine.close();
    const [{ name } = { name: "" }] = directory.list("manifest").filter((each) => each.name.endsWith(".seg"));
    const whole = directory.readFile(`manifest/${name}`);
    const image = fs.snapshot();
    const outcomes = new Set<string>();
    for (let end = 0; end < whole.length; end += 3) {
      for (const mode of ["strict", "recover"] as const) {
        for (const isCut of [true, false]) {
          const copy = new Directory(new MemoryFs({ image }));
          const altered = isCut ? whole.slice(0, end) : Uint8Array.from(whole);
          if (!isCut) altered[end]! ^= 0x04;
          copy.writeFile(`manifest/${name}`, altered);
          const tables = copy.list("tables");
          const opened = await openEngine({ ...options, mode, directory: copy }).catch((error: unknown) => error);
          if (opened instanceof LsmError) {
            outcomes.add(opened.code);
            expect(opened.context.file).toMatch(/^(manifest|wal)/);
            expect(copy.list("tables")).toEqual(tables);
          } else {
            outcomes.add("opened");
            expect(contentOf(opened as Engine)).toEqual(before);
            await (opened as Engine).close();
          }
        }
      }
    }
    expect([...outcomes]).toEqual(expect.arrayContaining(["LSM_CORRUPT"]));
  });

  test("mode: a torn end of the log is refused where it is to be strict, and cut off where not", async () => {
    const directory = new Directory(new MemoryFs());
    const engine = await openEngine({ ...options, directory });
    await engine.put(bytes("a"), bytes("1"));
    await engine.close();
    const [{ name } = { name: "" }] = directory.list("wal").filter((each) => each.name.endsWith(".seg"));
    directory.writeFile(`wal/${name}`, Buffer.concat([directory.readFile(`wal/${name}`), Buffer.alloc(50, 9)]));
    await expect(openEngine({ ...options, mode: "strict", directory })).rejects.toMatchObject({ code: "LSM_CORRUPT" });
    const again = await openEngine({ ...options, directory });
    expect(contentOf(again)).toEqual(["a=1"]);
    await again.close();
  });
});
