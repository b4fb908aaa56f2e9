// A database in numbers, whole and damaged.
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";
import { bytesOf, hexText, keyOf, openSmallDatabase, smallDatabase } from "./small-database.js";
import { scratch } from "./scratch.js";

interface Stats {
  readonly code: number;
  readonly stats: Record<string, unknown>;
  readonly err: string;
}

async function statsOf(path: string): Promise<Stats> {
  const io = capturedIo();
  const code = await runCommandLine(["stats", path, "--json"], io);
  return { code, stats: io.out() === "" ? {} : (JSON.parse(io.out()) as Record<string, unknown>), err: io.err() };
}

async function database(): Promise<string> {
  const path = join(scratch(), "db");
  await smallDatabase(path);
  return path;
}

const sizeOf = (...path: readonly string[]): number => statSync(join(...path)).size;

test("counts tables by level, entries, and what is in no table", async () => {
  const path = await database();
  const [one, two] = [sizeOf(path, "tables/1.sst"), sizeOf(path, "tables/2.sst")];
  const { code, stats } = await statsOf(path);
  expect(code).toBe(0);
  expect(stats).toMatchObject({
    kind: "database-stats",
    formatVersion: 1,
    levelCount: 7,
    ...{ tables: 2, fileBytes: one + two, entries: 65, deletes: 5 },
    levels: [{ level: 0, tables: 2, fileBytes: one + two, entries: 65, deletes: 5 }],
    watermarks: { nextFileNumber: 3, lastSeqno: "65", flushedLsn: "65" },
    log: { segments: 1, pendingOperations: 4, pendingClears: 0, firstLsn: "1" },
    ...{ orphans: [], missing: [], damage: [] },
  });
  const log = stats["log"] as Record<string, unknown>;
  expect(Number(log["lastLsn"])).toBe(65 + Number(log["pendingRecords"]));
  expect(log["fileBytes"]).toBe(sizeOf(path, "wal", readdirSync(join(path, "wal"))[0] ?? ""));
  expect(stats["databaseId"]).toMatch(/^[0-9a-f]{32}$/);
});

test("beside a writer, with a clear that no edit has yet", async () => {
  const path = join(scratch(), "db");
  await using engine = await openSmallDatabase(path);
  await engine.put(bytesOf("a"), bytesOf("1"));
  const { code, stats } = await statsOf(path);
  expect([code, stats["tables"], (stats["log"] as Record<string, unknown>)["pendingOperations"]]).toEqual([0, 0, 1]);
});

test("every field is documented", async () => {
  const text = readFileSync(new URL("../../../docs/dump.md", import.meta.url), "utf8");
  const table = text.split("\nand of a database:\n")[1]?.split("\n## ")[0] ?? "";
  const documented = new Set([...table.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const path = await database();
  rmSync(join(path, "tables/2.sst"));
  copyFileSync(join(path, "tables/1.sst"), join(path, "tables/9.sst"));
  const { stats } = await statsOf(path);
  const inner = [stats["log"], stats["watermarks"]] as object[];
  for (const name of ["levels", "orphans", "missing"]) {
    const list = stats[name] as object[];
    expect(list.length).toBeGreaterThan(0);
    inner.push(...list);
  }
  const names = [stats, ...inner].flatMap((each) => Object.keys(each));
  expect(names.filter((name) => !documented.has(name))).toEqual([]);
});

test("people get the same numbers", async () => {
  const io = capturedIo();
  expect(await runCommandLine(["stats", await database()], io)).toBe(0);
  expect(io.out()).toMatch(/^tables +2, [\d,]+ bytes\nentries +65, 5 of them deletes\n/m);
  expect(io.out()).toMatch(/^not in tables +\d records, 4 operations$/m);
  expect(io.out()).toMatch(/^level +tables +bytes +entries +deletes\n0 +2 +[\d,]+ +65 +5$/m);
});

test("tables that are missing, cut off, or left over are told with their file and keys", async () => {
  const path = await database();
  copyFileSync(join(path, "tables/2.sst"), join(path, "tables/9.sst"));
  truncateSync(join(path, "tables/1.sst"), 300);
  rmSync(join(path, "tables/2.sst"));
  const { code, stats } = await statsOf(path);
  expect(code).toBe(1);
  expect(stats["orphans"]).toEqual([{ file: "tables/9.sst", fileBytes: sizeOf(path, "tables/9.sst") }]);
  expect(stats["missing"]).toEqual([
    { file: "tables/2.sst", level: 0, keysFrom: hexText(keyOf(0)), keysUpTo: hexText(keyOf(59)) },
  ]);
  expect(stats["damage"]).toEqual([
    expect.stringMatching(
      /^tables\/2\.sst: table 2 of level 0, keys from "user:000" up to "user:059": .*it is not there$/,
    ),
    expect.stringMatching(/^tables\/1\.sst: it has 300 bytes, and the manifest says \d+$/),
  ]);
  rmSync(join(path, "tables"), { recursive: true });
  expect((await statsOf(path)).stats["missing"]).toHaveLength(2);
});

test("a log that is damaged, gone, or holds what is none", async () => {
  const path = await database();
  const segment = join(path, "wal", readdirSync(join(path, "wal"))[0] ?? "");
  truncateSync(segment, sizeOf(segment) - 400);
  expect(await statsOf(path)).toMatchObject({ code: 1, stats: { damage: [expect.stringMatching(/^wal: /)] } });
  rmSync(join(path, "wal"), { recursive: true });
  const { code, stats } = await statsOf(path);
  expect(code).toBe(1);
  expect(stats["damage"]).toEqual([expect.stringContaining("tables have all up to 65: some are missing")]);
});

test("without a complete snapshot there are no numbers", async () => {
  const path = await database();
  truncateSync(join(path, "manifest", readdirSync(join(path, "manifest"))[0] ?? ""), 64);
  expect(await statsOf(path)).toMatchObject({ code: 2, err: expect.stringContaining("without a complete snapshot") });
});

test("a directory with one of that name alone is no database", async () => {
  const path = scratch();
  mkdirSync(join(path, "manifest"));
  expect(await statsOf(path)).toMatchObject({ code: 2, err: expect.stringContaining("holds no segment of a log") });
});
