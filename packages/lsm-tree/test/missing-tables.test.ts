// A table that is gone, or is none any more: who opens the database all the same, what can be read and written then, and that it is no loss once it is back.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LsmError, LsmLevel, openEngine, type Engine, type EngineOptions } from "../src/index.js";
import { readManifest } from "../src/manifest-log.js";
import type { TableMeta } from "../src/version-edit.js";
import { bytes, contentOf, small } from "./engine-law.js";

const options: Omit<EngineOptions, "directory" | "readOnly"> = {
  ...{ ...small, writeBufferBytes: 100_000, tableBytes: 700, blockBytes: 150 },
};
const keys = Array.from({ length: 60 }, (_, at) => `key ${at + 10}`);
const textOf = (key: Uint8Array): string => Buffer.from(key).toString();
const pathOf = ({ tableNumber }: Pick<TableMeta, "tableNumber">): string => `tables/${tableNumber}.sst`;
const isIn = ({ smallest, largest }: TableMeta, key: string): boolean =>
  key >= textOf(smallest) && key <= textOf(largest);
const tablesOf = (directory: Directory): TableMeta[] => [
  ...(readManifest(directory.directory("manifest"))?.version.tables() ?? []),
];

/** A database of several tables in one level, closed. */
async function filled(fs = new MemoryFs()): Promise<{ readonly directory: Directory; readonly table: TableMeta }> {
  const directory = new Directory(fs);
  const engine = await openEngine({ ...options, directory });
  for (const key of keys) await engine.put(bytes(key), bytes(`value of ${key} `.repeat(3)));
  await engine.compactRange();
  await engine.close();
  const tables = tablesOf(directory);
  expect(tables.length).toBeGreaterThan(3);
  return { directory, table: tables[1]! };
}

/** Each way in which a table is no more, with the code of whoever opens it. */
const losses: Readonly<Record<string, (directory: Directory, path: string) => string>> = {
  missing: (directory, path) => {
    directory.remove(path);
    return "LSM_MISSING_TABLE";
  },
  cut: (directory, path) => {
    directory.writeFile(path, directory.readFile(path).subarray(1));
    return "LSM_CORRUPT";
  },
  damaged: (directory, path) => {
    const whole = directory.readFile(path);
    whole[20]! ^= 1;
    directory.writeFile(path, whole);
    return "LSM_CORRUPT";
  },
};

const codeOf = (open: Promise<{ close(): Promise<void> }>): Promise<unknown> =>
  open.then(
    async (opened) => {
      await opened.close();
      return "opened";
    },
    (error: unknown) => {
      if (!(error instanceof LsmError)) throw error;
      return error.code;
    },
  );

describe.each(Object.keys(losses))("a table that is %s", (loss) => {
  test("is refused or lived with by writer and reader alike, as the mode has it", async () => {
    const { directory, table } = await filled();
    const refused = losses[loss]!(directory, pathOf(table)); // one of the names
    const writerRefuses = loss === "damaged" ? "opened" : refused;
    const settings = { ...options, directory };
    const outcomes: Record<string, unknown> = {};
    for (const mode of ["strict", "recover", "salvage"] as const) {
      for (const paranoidOpen of [false, true]) {
        const kind = `${mode}${paranoidOpen ? ", paranoid" : ""}`;
        outcomes[`reader, ${kind}`] = await codeOf(openEngine({ ...settings, mode, paranoidOpen, readOnly: true }));
        outcomes[`writer, ${kind}`] = await codeOf(openEngine({ ...settings, mode, paranoidOpen }));
      }
    }
    expect(outcomes).toEqual({
      ...{ "writer, strict": writerRefuses, "writer, recover": writerRefuses, "writer, salvage": "opened" },
      ...{ "reader, strict": writerRefuses, "reader, recover": "opened", "reader, salvage": "opened" },
      ...{ "writer, strict, paranoid": refused, "writer, recover, paranoid": refused },
      ...{ "reader, strict, paranoid": refused, "reader, recover, paranoid": refused },
      ...{ "writer, salvage, paranoid": "opened", "reader, salvage, paranoid": "opened" },
    });
    const named = { file: `${table.tableNumber}.sst`, keysFrom: hexOf(table.smallest), keysUpTo: hexOf(table.largest) };
    await expect(openEngine({ ...settings, paranoidOpen: true })).rejects.toMatchObject({ context: named });
  });

  test.each(["readOnly", "salvage"])(
    "%s: everything else is read, by key and by range, and it is told",
    async (how) => {
      const { directory, table } = await filled();
      const code = losses[loss]!(directory, pathOf(table)); // one of the names
      const settings = { ...options, directory, paranoidOpen: how === "salvage" };
      const engine = await openEngine(
        how === "readOnly" ? { ...settings, readOnly: true } : { ...settings, mode: "salvage" },
      );
      const context = {
        file: `${table.tableNumber}.sst`,
        keysFrom: hexOf(table.smallest),
        keysUpTo: hexOf(table.largest),
      };
      expect(engine.stats().unreadable).toMatchObject([{ code, context }]);
      for (const key of keys) {
        if (isIn(table, key)) expect(() => engine.get(bytes(key))).toThrow(expect.objectContaining({ code }));
        else expect(engine.get(bytes(key))).toEqual(bytes(`value of ${key} `.repeat(3)));
      }
      const before = keys.filter((key) => key < textOf(table.smallest));
      const found: string[] = [];
      using cursor = engine.cursor();
      expect(() => {
        for (cursor.start(); cursor.valid; cursor.next()) {
          found.push(textOf(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd)));
        }
      }).toThrow(expect.objectContaining({ code, context: expect.objectContaining(context) as unknown }));
      expect(found).toEqual(before);
      const behind = contentOf({ cursor: () => engine.cursor({ gt: table.largest }) });
      expect(behind.map((each) => each.split("=")[0])).toEqual(keys.filter((key) => key > textOf(table.largest)));
      const { problems } = await engine.verify();
      expect(problems.map((problem) => [problem.code, problem.context.file])).toEqual([[code, context.file]]);
      await engine.close();
    },
  );
});

const hexOf = (key: Uint8Array): string => Buffer.from(key).toString("hex");

test("salvage writes on, compacts around the table, removes nothing, and makes no backup without it", async () => {
  const { directory, table } = await filled();
  directory.writeFile("tables/99.sst", bytes("named by an edit that is lost, perhaps"));
  const whole = directory.readFile(pathOf(table));
  directory.remove(pathOf(table));
  const named = { code: "LSM_MISSING_TABLE", context: { file: `${table.tableNumber}.sst` } };
  const engine = await openEngine({ ...options, mode: "salvage", directory });
  expect(engine.openReport).toMatchObject({ unreadable: [named], orphans: ["99.sst"] });
  expect(directory.exists("tables/99.sst")).toBe(true);
  expect(engine.stats().writer.compactions.unreadableTables).toEqual([table.tableNumber]); // and is not tried
  const inside = textOf(table.smallest);
  await engine.put(bytes(inside), bytes("newer"));
  await engine.delete(bytes("key 10"));
  await engine.flush();
  expect(engine.get(bytes(inside))).toEqual(bytes("newer"));
  await expect(engine.compactRange()).rejects.toMatchObject(named);
  await expect(engine.compactRange(table.smallest, table.smallest)).rejects.toMatchObject(named);
  for (const link of [true, false]) {
    const target = new Directory(new MemoryFs());
    await expect(engine.backup(target, { link })).rejects.toMatchObject(named);
    await expect(openEngine({ ...options, directory: target })).rejects.toMatchObject({
      code: "LSM_UNFINISHED_BACKUP",
    });
  }
  await engine.close();
  await expect(openEngine({ ...options, directory })).rejects.toMatchObject(named);
  directory.writeFile(pathOf(table), whole);
  const healed = await openEngine({ ...options, directory });
  expect(contentOf(healed)[0]).toBe(`key 11=${"value of key 11 ".repeat(3)}`);
  expect(contentOf(healed)).toHaveLength(keys.length - 1);
  expect(healed.get(bytes(inside))).toEqual(bytes("newer"));
  await healed.close();
});

test("a linked backup names the table that is missing", async () => {
  const root = new Directory(new MemoryFs());
  for (const name of ["source", "target"]) root.makeDirectory(name);
  const engine = await openEngine({ ...options, directory: root.directory("source") });
  await engine.put(bytes("a"), bytes("1"));
  await engine.flush();
  root.remove("source/tables/1.sst");
  const named = { code: "LSM_MISSING_TABLE", context: { file: "1.sst", keysFrom: "61", keysUpTo: "61" } };
  await expect(engine.backup(root.directory("target"))).rejects.toMatchObject(named);
  await engine.close();
});

test("a delete above the table stays as long as that is named, in flushes and where level 0 is merged into itself", async () => {
  const { directory, table } = await filled();
  const whole = directory.readFile(pathOf(table));
  directory.remove(pathOf(table));
  const engine = await openEngine({ ...options, mode: "salvage", directory });
  const inside = keys.filter((key) => isIn(table, key));
  for (const key of inside.slice(0, 6)) {
    await engine.delete(bytes(key));
    await engine.flush();
    await engine.idle();
  }
  const { compactions } = engine.stats().writer;
  expect(compactions).toMatchObject({ entriesDropped: 0, unreadableTables: [table.tableNumber] });
  expect(compactions.merges).toBeGreaterThan(0);
  await engine.close();
  directory.writeFile(pathOf(table), whole);
  const healed = await openEngine({ ...options, directory });
  await healed.compactRange();
  expect(contentOf(healed).map((each) => each.split("=")[0])).toEqual(
    keys.filter((key) => !inside.slice(0, 6).includes(key)),
  );
  await healed.close();
});

test("clearing everything ends what is missing", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...options, directory });
  await engine.put(bytes("a"), bytes("1"));
  await engine.flush();
  await engine.close();
  directory.remove("tables/1.sst");
  const salvaged = await openEngine({ ...options, mode: "salvage", directory });
  await expect(salvaged.compactRange()).rejects.toMatchObject({ code: "LSM_MISSING_TABLE" });
  await salvaged.clear();
  await salvaged.close();
  const again = await openEngine({ ...options, directory });
  expect([contentOf(again), again.openReport.unreadable]).toEqual([[], []]);
  await again.close();
});

test("a reader that a writer has outrun takes no table for missing", async () => {
  const fs = new MemoryFs();
  await filled(fs);
  const beside = new FaultFs(fs, "open:*.sst n2 ENOENT");
  const reader = await openEngine({ ...options, directory: new Directory(beside), readOnly: true });
  expect(reader.stats().unreadable).toEqual([]);
  expect(contentOf(reader)).toHaveLength(keys.length);
  await reader.close();
  expect(beside.openHandles).toEqual([]);
  const crowded = new FaultFs(fs, "open:*.sst n2 EMFILE sticky");
  const failed = openEngine({ ...options, directory: new Directory(crowded), readOnly: true });
  await expect(failed).rejects.toMatchObject({ code: "LSM_READ_FAILED", cause: { code: "FS_TOO_MANY_OPEN_FILES" } });
  expect(crowded.openHandles).toEqual([]);
});

test("LsmLevel tells what its open found, and reads on in salvage", async () => {
  const { directory, table } = await filled();
  directory.remove(pathOf(table));
  const db = new LsmLevel({ directory });
  expect(db.openReport).toBeUndefined();
  const cause = { code: "LEVEL_CORRUPTION", cause: { code: "LSM_MISSING_TABLE" } };
  await expect(db.open()).rejects.toMatchObject({ code: "LEVEL_DATABASE_NOT_OPEN", cause });
  await db.open({ mode: "salvage" });
  expect(db.openReport?.unreadable).toMatchObject([{ context: { file: `${table.tableNumber}.sst` } }]);
  await expect(db.get(textOf(table.smallest))).rejects.toMatchObject(cause);
  expect(await db.get("key 10")).toBe("value of key 10 ".repeat(3));
  expect(await db.keys({ gt: textOf(table.largest), limit: 1 }).all()).toHaveLength(1);
  await db.close();
  expect(db.openReport).toBeUndefined();
  const reader = new LsmLevel({ directory, readOnly: true });
  await reader.open();
  expect(reader.openReport).toBeUndefined();
  expect(reader.stats().unreadable).toHaveLength(1);
  await reader.close();
});

interface Loss {
  readonly path: string;
  readonly file: Uint8Array;
}

test("nothing that salvage does brings back what was deleted, hides the hole, or costs anything once the tables are back", async () => {
  const key = fc.integer({ min: 0, max: 30 }).map((at) => `k${String(at).padStart(2, "0")}`);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constantFrom("put", "delete"), key }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constantFrom("flush", "idle", "compact", "reopen"), key }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("clear"), key }) },
  );
  let holes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      async (before, chosen, behind) => {
        const directory = new Directory(new MemoryFs());
        const settings = { ...small, writeBufferBytes: 1200, tableBytes: 300, directory };
        const model = new Map<string, string>();
        let engine: Engine = await openEngine(settings);
        const take = async (steps: typeof before, more: Partial<EngineOptions>): Promise<void> => {
          for (const [at, { what, key: name }] of steps.entries()) {
            if (what === "put") {
              model.set(name, `${at} ${"x".repeat(60)}`);
              await engine.put(bytes(name), bytes(model.get(name)!));
            } else if (what === "delete") {
              model.delete(name);
              await engine.delete(bytes(name));
            } else if (what === "clear") {
              model.clear();
              await engine.clear();
            } else if (what === "flush") await engine.flush();
            else if (what === "idle") await engine.idle();
            else if (what === "compact") {
              await engine.compactRange().catch((error: unknown) => {
                expect(error).toMatchObject({ code: "LSM_MISSING_TABLE" });
              });
            } else {
              await engine.close();
              engine = await openEngine({ ...settings, ...more, readOnly: false });
            }
            if (what !== "put" && what !== "delete") demandTrue();
          }
          demandTrue();
        };
        const demandTrue = (): void => {
          const gone = tablesOf(directory).filter((table) => !directory.exists(pathOf(table)));
          for (let at = 0; at <= 30; at++) {
            const name = `k${String(at).padStart(2, "0")}`;
            try {
              expect(engine.get(bytes(name))).toEqual(model.has(name) ? bytes(model.get(name)!) : undefined);
            } catch (error) {
              if (!(error instanceof LsmError)) throw error;
              expect(error.code).toBe("LSM_MISSING_TABLE");
              expect(gone.some((table) => isIn(table, name))).toBe(true);
              holes += 1;
            }
          }
        };
        await take(before, {});
        await engine.flush();
        await engine.close();
        const tables = tablesOf(directory);
        const lost = new Map<string, Loss>();
        for (const at of chosen) {
          const path = pathOf(tables[at % Math.max(1, tables.length)] ?? { tableNumber: 0 });
          if (!directory.exists(path)) continue;
          lost.set(path, { path, file: directory.readFile(path) });
          directory.remove(path);
        }
        engine = await openEngine({ ...settings, mode: "salvage" });
        expect(engine.openReport.unreadable).toHaveLength(lost.size);
        demandTrue();
        await take(behind, { mode: "salvage" });
        await engine.close();
        const named = new Set(tablesOf(directory).map(pathOf));
        for (const { path, file } of lost.values()) if (named.has(path)) directory.writeFile(path, file);
        engine = await openEngine(settings);
        expect(contentOf(engine)).toEqual([...model].map(([name, value]) => `${name}=${value}`).toSorted());
        expect((await engine.verify()).problems).toEqual([]);
        await engine.close();
      },
    ),
    { numRuns: process.env["LSM_LONG"] === "1" ? 1000 : 15 },
  );
  expect(holes).toBeGreaterThan(10);
});
