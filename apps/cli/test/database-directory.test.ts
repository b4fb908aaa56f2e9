// Databases in a directory: what dump and verify say of their tables, their manifest and their log, and that damage of any kind is told with its file, its table and its keys.
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDirectory } from "@holdfast/fs-seam";
import { encodeClear, encodeVersionEdit, WriteBatch, type EditChange } from "@holdfast/lsm-tree/format";
import { openWal } from "@holdfast/wal";
import { runCommandLine } from "../src/command-line.js";
import { DatabaseTables } from "../src/inspect/database-tables.js";
import type { Folder } from "../src/inspect/file-format.js";
import { inspectPath, openPath } from "../src/inspect/host-tree.js";
import { isDamage } from "../src/inspect/line.js";
import { capturedIo } from "./captured-io.js";
import { demandTiling, inspected, type JsonLine } from "./inspected.js";
import { flipped } from "./small-log.js";
import { bytesOf, hexText, keyOf, openSmallDatabase, smallDatabase } from "./small-database.js";
import { scratch } from "./scratch.js";

async function database(): Promise<string> {
  const path = join(scratch(), "db");
  await smallDatabase(path);
  return path;
}

const read = (...path: readonly string[]): Uint8Array => Uint8Array.from(readFileSync(join(...path)));
/** The last one: what is appended to a log that was closed gets a segment of its own. */
const segmentIn = (path: string): string =>
  readdirSync(path)
    .toSorted()
    .findLast((name) => name.endsWith(".seg")) ?? "";
const ofKind = (lines: readonly JsonLine[], kind: string): JsonLine[] => lines.filter((line) => line.kind === kind);

/** What is not sound: `file kind code`, and the keys. */
async function findings(path: string): Promise<string[]> {
  const { lines } = await inspected("verify", path);
  const damage = lines.filter(({ kind }) => !["sound", "auxiliary"].includes(kind));
  return damage.map(({ file, kind, code, keysFrom, keysAfter, keysUpTo }) => {
    const after = keysAfter === undefined ? "" : ` above ${textOf(keysAfter)}`;
    const from = keysFrom === undefined ? "" : ` from ${textOf(keysFrom)}`;
    const upTo = keysUpTo === undefined ? "" : ` up to ${textOf(keysUpTo)}`;
    return `${file} ${kind} ${String(code)}${from}${after}${upTo}`;
  });
}

const textOf = (hex: unknown): string => Buffer.from(String(hex), "hex").toString();

test("a database that was closed is sound, and every byte of it is accounted for", async () => {
  const path = await database();
  const { code, lines } = await inspected("verify", path);
  expect(code).toBe(0);
  expect(lines.map(({ file, kind }) => [file.replace(/\d{20}-.{8}\.seg/, "SEGMENT"), kind])).toEqual([
    ["manifest/SEGMENT", "sound"],
    ["tables/1.sst", "sound"],
    ["tables/2.sst", "sound"],
    ["wal/SEGMENT", "sound"],
  ]);
  for (const line of lines) demandTiling([line], read(path, line.file).length);
  expect(lines.map(({ tables, entries, deletes }) => [tables, entries, deletes])).toEqual([
    [2, 65, 5],
    [undefined, 40, 0],
    [undefined, 25, 5],
    [undefined, undefined, undefined],
  ]);
});

test("a table is dumped with every entry, in order, in the block that it is in", async () => {
  const { code, lines } = await inspected("dump", join(await database(), "tables/2.sst"));
  expect(code).toBe(0);
  const entries = ofKind(lines, "table-entry");
  expect(entries.map(({ key, operation, value }) => [textOf(key), operation, value && textOf(value)])).toEqual([
    ...[0, 1, 2, 3, 4].map((at) => [keyOf(at), "delete", null]),
    ...Array.from({ length: 20 }, (_, at) => [keyOf(at + 40), "put", `value of ${at + 40}`]),
  ]);
  expect(entries.map(({ seqno }) => Number(seqno))).toEqual(Array.from({ length: 25 }, (_, at) => at + 41));
  const blocks = ofKind(lines, "table-block");
  expect(blocks.length).toBeGreaterThan(2);
  for (const { offset, entries: count, keysUpTo } of blocks) {
    const inside = entries.filter((entry) => entry.offset === offset);
    expect(inside.length).toBe(count);
    expect(
      Buffer.compare(Buffer.from(String(inside.at(-1)?.["key"])), Buffer.from(String(keysUpTo))),
    ).toBeLessThanOrEqual(0);
  }
  const [properties] = ofKind(lines, "table-properties");
  expect(properties).toMatchObject({
    entries: 25,
    deletes: 5,
    minSeqno: "41",
    maxSeqno: "65",
    smallest: hexText(keyOf(0)),
  });
});

test("a manifest is dumped edit by edit, and with what they lead to", async () => {
  const { lines } = await inspected("dump", join(await database(), "manifest"));
  const changes = ofKind(lines, "manifest-change");
  expect(
    changes.filter(({ change }) => change === "add-table").map(({ id, table, level }) => [id, table, level]),
  ).toEqual([
    ["2", 1, 0],
    ["3", 2, 0],
  ]);
  expect(ofKind(lines, "manifest-edit").map(({ id }) => id)).toEqual(["1", "2", "3"]);
  expect(ofKind(lines, "manifest-state")).toEqual([
    expect.objectContaining({ tables: 2, entries: 65, lastSeqno: "65", flushedLsn: "65", levels: 7 }),
  ]);
  expect(
    ofKind(lines, "live-table").map(({ table, smallest, largest }) => [table, textOf(smallest), textOf(largest)]),
  ).toEqual([
    [2, keyOf(0), keyOf(59)],
    [1, keyOf(0), keyOf(39)],
  ]);
});

test("a log is dumped batch by batch, with the operations of each, and whether a table has them", async () => {
  const path = await database();
  const { lines } = await inspected("dump", join(path, "wal"));
  const pending = ofKind(lines, "log-batch").filter(({ inTables }) => inTables === false);
  expect(pending.map(({ operations }) => operations).reduce((sum: number, count) => sum + Number(count), 0)).toBe(4);
  const ids = pending.map(({ id }) => id);
  const operations = ofKind(lines, "log-operation").filter(({ id }) => ids.includes(id));
  expect(
    operations.map(({ operation, key, value, seqno }) => [operation, textOf(key), value && textOf(value), seqno]),
  ).toEqual([
    ["put", "late:1", "one", "66"],
    ["delete", keyOf(41), null, "67"],
    ["put", "late:2", "two", "68"],
    ["put", "late:3", "three", "69"],
  ]);
  expect(ofKind(lines, "log-batch").length).toBe(65 + ids.length);
});

describe("damage to a table names its keys", () => {
  test("of a block: the others are read, whichever it is", async () => {
    const path = await database();
    const file = join(path, "tables/1.sst");
    const whole = read(file);
    const { lines } = await inspected("dump", file);
    const blocks = ofKind(lines, "table-block");
    expect(blocks.length).toBeGreaterThan(3);
    for (const [at, { offset, length, entries, keysAfter, keysUpTo }] of blocks.entries()) {
      writeFileSync(file, flipped(whole, offset + length - 20));
      const found = await inspected("verify", path);
      expect(found.code).toBe(1);
      const [damage] = found.lines.filter(({ kind }) => kind === "corrupt");
      expect(damage).toMatchObject({ file: "tables/1.sst", offset, length, code: "LSM_CORRUPT", keysUpTo });
      expect(damage?.["keysAfter"]).toBe(keysAfter);
      expect(damage?.["reason"]).toContain(`block ${at} of table 1 of level 0`);
      demandTiling(
        found.lines.filter((line) => line.file === "tables/1.sst"),
        whole.length,
      );
      const dumped = await inspected("dump", file);
      expect(ofKind(dumped.lines, "table-entry").length).toBe(40 - Number(entries));
    }
  });

  test.each([
    ["table-filter", "LSM_CORRUPT"],
    ["table-index", "LSM_CORRUPT"],
    ["table-properties", "LSM_CORRUPT"],
    ["table-trailer", "LSM_CORRUPT"],
    ["segment-header", "LSM_CORRUPT"],
  ])("of its %s", async (part, code) => {
    const path = await database();
    const file = join(path, "tables/2.sst");
    const [{ offset } = { offset: -1 }] = ofKind((await inspected("dump", file)).lines, part);
    writeFileSync(file, flipped(read(file), offset + 40));
    const keys = part === "table-filter" ? "" : ` from ${keyOf(0)} up to ${keyOf(59)}`; // reads go on without a filter
    expect(await findings(path)).toEqual([`tables/2.sst corrupt ${code}${keys}`]);
    const io = capturedIo();
    expect(await runCommandLine(["verify", path], io)).toBe(1);
    expect(io.out()).toMatch(/^corrupt +tables\/2\.sst .*: (the filter of )?table 2 of level 0/m);
  });

  test("that was cut off, or emptied", async () => {
    const path = await database();
    for (const bytes of [700, 64, 20, 0]) {
      truncateSync(join(path, "tables/2.sst"), bytes);
      expect(await findings(path)).toEqual([`tables/2.sst corrupt LSM_CORRUPT from ${keyOf(0)} up to ${keyOf(59)}`]);
    }
  });

  test("that is not there, or none of them is", async () => {
    const path = await database();
    rmSync(join(path, "tables/2.sst"));
    const second = `tables/2.sst corrupt LSM_MISSING_TABLE from ${keyOf(0)} up to ${keyOf(59)}`;
    expect(await findings(path)).toEqual([second]);
    expect(await findings(join(path, "tables"))).toEqual([second.replace("tables/", "")]);
    rmSync(join(path, "tables"), { recursive: true });
    const first = `tables/1.sst corrupt LSM_MISSING_TABLE from ${keyOf(0)} up to ${keyOf(39)}`;
    expect((await findings(path)).sort()).toEqual([first, second]);
    expect((await inspected("verify", path)).code).toBe(1);
  });

  test("that is of another database, or another table: what is in it is told all the same", async () => {
    const [path, other] = [await database(), await database()];
    cpSync(join(other, "tables/2.sst"), join(path, "tables/2.sst"));
    const keys = `from ${keyOf(0)} up to ${keyOf(59)}`;
    expect(await findings(path)).toEqual([`tables/2.sst corrupt LSM_WRONG_TABLE ${keys}`]);
    const { lines } = await inspected("dump", join(path, "tables/2.sst"));
    expect(ofKind(lines, "damage")[0]?.["reason"]).toContain("another database");
    expect(ofKind(lines, "table-entry").length).toBe(25);
    cpSync(join(path, "tables/1.sst"), join(path, "tables/2.sst"));
    expect((await findings(path))[0]).toMatch(/^tables\/2\.sst corrupt LSM_/);
  });
});

test("a table outside of a database is judged alone, and by its name", async () => {
  const path = await database();
  const home = scratch();
  cpSync(join(path, "tables/1.sst"), join(home, "1.sst"));
  expect(await findings(home)).toEqual([]);
  expect((await inspected("verify", join(home, "1.sst"))).code).toBe(0);
  renameSync(join(home, "1.sst"), join(home, "7.sst"));
  expect(await findings(home)).toEqual(["7.sst corrupt INSPECT_MISNAMED"]);
  renameSync(join(home, "7.sst"), join(home, "saved"));
  expect(await findings(home)).toEqual([]);
});

test("a table that no edit names is passed over, whatever it holds", async () => {
  const path = await database();
  writeFileSync(join(path, "tables/3.sst"), read(path, "tables/1.sst").subarray(0, 300));
  const { code, lines } = await inspected("verify", path);
  expect(code).toBe(0);
  expect(lines.filter(({ kind }) => kind === "auxiliary").map(({ file, length }) => [file, length])).toEqual([
    ["tables/3.sst", 300],
  ]);
});

describe("a manifest", () => {
  test("without a complete snapshot, or that is gone, is missed where there are data", async () => {
    const path = await database();
    const segment = join(path, "manifest", segmentIn(join(path, "manifest")));
    truncateSync(segment, 64);
    expect(await findings(path)).toContain("manifest corrupt LSM_CORRUPT");
    rmSync(join(path, "manifest"), { recursive: true });
    expect(await findings(path)).toEqual(["manifest corrupt LSM_CORRUPT"]);
    rmSync(join(path, "tables"), { recursive: true });
    expect(await findings(path)).toEqual(["manifest corrupt LSM_CORRUPT"]);
  });

  test("that was never finished, of a database without data, is not missed", async () => {
    const path = join(scratch(), "db");
    await (await openSmallDatabase(path)).close();
    expect(await findings(path)).toEqual([]);
    truncateSync(join(path, "manifest", segmentIn(join(path, "manifest"))), 64);
    expect(await findings(path)).toEqual([]);
  });

  test("that is cut off lacks what its last edit has: the log does not go on from there", async () => {
    const path = join(scratch(), "db");
    const engine = await openSmallDatabase(path, { writeBufferBytes: 2048 });
    for (let at = 0; at < 200; at++) await engine.put(bytesOf(keyOf(at)), bytesOf("x".repeat(40)));
    await engine.flush();
    await engine.close();
    expect(await findings(path)).toEqual([]);
    const name = segmentIn(join(path, "manifest"));
    const frames = ofKind((await inspected("dump", join(path, "manifest"))).lines, "frame");
    const { offset = 0, length = 0 } = frames.find(({ lsn }) => lsn === "2") ?? {};
    truncateSync(join(path, "manifest", name), offset + length);
    const found = await findings(path);
    expect(found).toContain("wal corrupt LSM_CORRUPT");
    // What was compacted since is gone.
    for (const each of found) {
      expect(each).toMatch(/^(wal corrupt LSM_CORRUPT$|tables\/\d\.sst corrupt LSM_MISSING_TABLE )/);
    }
    const { lines } = await inspected("verify", path);
    expect(lines.find(({ file }) => file === "wal")?.["reason"]).toMatch(
      /the log has records \d+ to 200, and tables have all up to \d+/,
    );
  });

  test.each<[string, readonly EditChange[], string]>([
    ["removes a table that is not there", [{ kind: "deleteTable", level: 0, tableNumber: 77 }], "77"],
    [
      "moves a watermark back",
      [{ kind: "watermarks", nextFileNumber: 1, lastSeqno: 0, flushedLsn: 0 }],
      "nextFileNumber",
    ],
  ])("with an edit that %s is damaged there", async (_, changes, why) => {
    const path = await database();
    const marks: EditChange = { kind: "watermarks", nextFileNumber: 9, lastSeqno: 65, flushedLsn: 65 };
    const edit = changes[0]?.kind === "watermarks" ? changes : [marks, ...changes];
    await appendTo(join(path, "manifest"), 5, encodeVersionEdit(edit));
    const { code, lines } = await inspected("verify", path);
    const [damage] = lines.filter(({ kind }) => kind === "corrupt");
    expect(damage).toMatchObject({ file: `manifest/${segmentIn(join(path, "manifest"))}`, code: "LSM_CORRUPT" });
    expect(damage?.["reason"]).toMatch(/^edit \d+, at \d+: /);
    expect(damage?.["reason"]).toContain(why);
    expect(code).toBe(1);
  });

  test("with a change that a later version writes cannot be judged", async () => {
    const path = await database();
    await appendTo(join(path, "manifest"), 5, Uint8Array.of(200, 0));
    const found = await inspected("verify", path);
    expect([found.code, await findings(path)]).toEqual([
      2,
      [`manifest/${segmentIn(join(path, "manifest"))} unreadable LSM_UNSUPPORTED`],
    ]);
  });
});

test("behind a manifest that is not whole, a table that it does not name is judged all the same", async () => {
  const path = await database();
  writeFileSync(join(path, "tables/9.sst"), read(path, "tables/1.sst").subarray(0, 300));
  expect(await findings(path)).toEqual([]);
  const marks: EditChange = { kind: "watermarks", nextFileNumber: 9, lastSeqno: 65, flushedLsn: 65 };
  await appendTo(
    join(path, "manifest"),
    5,
    encodeVersionEdit([marks, { kind: "deleteTable", level: 3, tableNumber: 1 }]),
  );
  expect(await findings(path)).toEqual([
    `manifest/${segmentIn(join(path, "manifest"))} corrupt LSM_CORRUPT`,
    "tables/9.sst corrupt LSM_CORRUPT",
  ]);
});

describe("a log", () => {
  test.each<[string, () => Uint8Array, string, number]>([
    ["whose seqnos do not follow", () => encodeClear(69), "corrupt LSM_CORRUPT", 1],
    ["with a record that is none", () => Uint8Array.of(1, 0, 0), "corrupt LSM_CORRUPT", 1],
    ["of a later version", () => Uint8Array.of(9, ...new Uint8Array(20)), "unreadable LSM_UNSUPPORTED", 2],
  ])("%s is damaged there", async (_, record, what, code) => {
    const path = await database();
    await appendTo(join(path, "wal"), 4, record());
    expect(await findings(path)).toEqual([`wal/${segmentIn(join(path, "wal"))} ${what}`]);
    expect((await inspected("verify", path)).code).toBe(code);
  });

  test("whose records are older than what is in tables is damaged there", async () => {
    const path = await database();
    const marks: EditChange = { kind: "watermarks", nextFileNumber: 3, lastSeqno: 100, flushedLsn: 65 };
    await appendTo(join(path, "manifest"), 5, encodeVersionEdit([marks]));
    expect(await findings(path)).toContain(`wal/${segmentIn(join(path, "wal"))} corrupt LSM_CORRUPT`);
    const { lines } = await inspected("verify", path);
    const reason = lines.find(({ kind }) => kind === "corrupt")?.["reason"];
    expect(reason).toMatch(/^record 66, at \d+: it has seqno 66, and what is before it goes up to 100$/);
  });

  test("that goes on is sound, with a clear and a range", async () => {
    const path = await database();
    const batch = new WriteBatch();
    batch.deleteRange(bytesOf("a"), bytesOf("b"));
    batch.deleteRange(bytesOf("x"), undefined);
    await appendTo(join(path, "wal"), 4, encodeClear(70));
    await appendTo(join(path, "wal"), 4, batch.finish(71));
    const { code, lines } = await inspected("dump", path);
    expect(code).toBe(0);
    expect(ofKind(lines, "log-clear")).toEqual([expect.objectContaining({ baseSeqno: "70", inTables: false })]);
    const ranges = ofKind(lines, "log-operation").filter(({ operation }) => operation === "delete-range");
    expect(ranges.map(({ key, value }) => [key, value])).toEqual([
      [hexText("a"), hexText("b")],
      [hexText("x"), null],
    ]);
  });
});

async function appendTo(path: string, content: number, record: Uint8Array): Promise<void> {
  const log = await openWal({ directory: openDirectory(path), content });
  await log.appendDurable(record);
  await log.close();
}

describe("beside a writer", () => {
  test("nothing is locked, and nothing changes", async () => {
    const path = join(scratch(), "db");
    await smallDatabase(path);
    await using engine = await openSmallDatabase(path);
    await engine.put(bytesOf("more"), bytesOf("1"), { rung: "data" });
    const before = snapshotOf(path);
    const { lines } = await inspected("verify", path);
    expect(lines.filter(({ kind }) => kind === "corrupt" || kind === "unreadable")).toEqual([]);
    expect(snapshotOf(path)).toEqual(before);
    await engine.put(bytesOf("more"), bytesOf("2"));
  });

  test("tables that it removes meanwhile are not missed", async () => {
    const path = join(scratch(), "db");
    await smallDatabase(path);
    await using engine = await openSmallDatabase(path);
    const told: string[] = [];
    for (const { file, lines } of inspectPath(path)) {
      for (const line of lines) {
        if (isDamage(line) && line.fields.verdict !== "torn") told.push(`${file}: ${line.fields.reason}`);
      }
      if (file === "tables/1.sst") await engine.clear();
    }
    expect(readdirSync(join(path, "tables"))).toEqual([]);
    expect(told).toEqual([]);
  });
});

test("a table that came, or came and went, since the names were listed is not missed", async () => {
  const path = join(scratch(), "db");
  await using engine = await openSmallDatabase(path);
  const list = (): DatabaseTables => new DatabaseTables(openPath(path).folder.directory?.("tables") as Folder);
  const before = list();
  await engine.put(bytesOf("a"), bytesOf("1"));
  await engine.flush();
  expect(before.placeOf(1).kind).toBe("named");
  expect(before.missing()).toEqual([]);
  await engine.clear();
  expect(before.missing()).toEqual([]);
  await engine.put(bytesOf("b"), bytesOf("1"));
  await engine.flush();
  rmSync(join(path, "tables/2.sst"));
  expect(list().missing()).toEqual([expect.objectContaining({ tableNumber: 2, level: 0 })]);
});

function snapshotOf(path: string): Record<string, string> {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    entries.map((entry) => [join(entry.parentPath, entry.name), read(entry.parentPath, entry.name).toString()]),
  );
}

test("directories that are called alike are none of a database", async () => {
  const path = scratch();
  for (const name of ["manifest", "tables", "wal"]) mkdirSync(join(path, name));
  writeFileSync(join(path, "tables/notes.sst"), "foreign");
  writeFileSync(join(path, "manifest/app.json"), "{}");
  const { code, lines } = await inspected("verify", path);
  expect([code, lines.map(({ file, kind }) => [file, kind])]).toEqual([
    0,
    [
      ["manifest/app.json", "foreign"],
      ["tables/notes.sst", "foreign"],
    ],
  ]);
});
