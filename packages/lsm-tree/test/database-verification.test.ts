// Verifying a whole database: what is sound is called sound while it is written to, each damaged part is named, and the others are gone through.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openEngine, type Engine } from "../src/index.js";
import { bytes, small } from "./engine-law.js";

async function filled(directory: Directory): Promise<Engine> {
  const engine = await openEngine({ ...small, directory });
  for (let at = 0; at < 12; at++) await engine.put(bytes(`key ${at}`), bytes(`value ${at}`));
  await engine.flush();
  for (let at = 0; at < 3; at++) await engine.put(bytes(`late ${at}`), bytes("x"), { rung: "data" });
  await engine.idle();
  return engine;
}

/** Flips a bit of a file, in the midst of what is written. */
function damage(directory: Directory, file: string, offset: number): void {
  const content = directory.readFile(file);
  content[offset] = content[offset]! ^ 8;
  const handle = directory.open(file, { mode: "write" });
  handle.writeAt(content, 0);
  handle.close();
}

const segmentOf = (directory: Directory, name: string): string =>
  `${name}/${directory.list(name).find((each) => each.name.endsWith(".seg"))?.name ?? "none"}`;

test("a sound database is sound, beside its writer and its readers, and while it is written to", async () => {
  const directory = new Directory(new MemoryFs());
  await using engine = await filled(directory);
  const { tables, tableBytes } = engine.stats();
  const told: number[] = [];
  const report = await engine.verify({ onProgress: ({ bytes: done }) => told.push(done) });
  expect(report).toMatchObject({ tableCount: tables, bytes: tableBytes, problems: [] });
  expect(report.logRecords).toBeGreaterThan(2);
  expect(report.manifestRecords).toBeGreaterThan(1);
  expect(told.at(-1)).toBe(tableBytes);
  await using reader = await openEngine({ ...small, directory, readOnly: true });
  expect((await reader.verify()).problems).toEqual([]);
  const verifying = engine.verify();
  for (let at = 0; at < 60; at++) await engine.put(bytes(`more ${at}`), bytes("y".repeat(30)));
  await engine.clear();
  expect((await verifying).problems).toEqual([]);
});

describe("damage", () => {
  test("of a table, the log and the manifest is told for each, and nothing is thrown", async () => {
    const directory = new Directory(new MemoryFs());
    await using engine = await filled(directory);
    const [table = "none"] = directory.list("tables").map(({ name }) => name);
    damage(directory, `tables/${table}`, 100);
    damage(directory, segmentOf(directory, "wal"), 110);
    damage(directory, segmentOf(directory, "manifest"), 110);
    const { problems } = await engine.verify();
    expect(problems.map(({ code, context: { file } }) => [code, file])).toEqual([
      ["LSM_CORRUPT", segmentOf(directory, "wal")],
      ["LSM_CORRUPT", segmentOf(directory, "manifest")],
      ["LSM_CORRUPT", table],
    ]);
  });

  test("of what is missing", async () => {
    const directory = new Directory(new MemoryFs());
    await using engine = await filled(directory);
    const tables = directory.list("tables").map(({ name }) => name);
    directory.remove(`tables/${tables[0] ?? "none"}`);
    for (const name of ["wal", "manifest"]) {
      for (const { name: file } of directory.list(name)) directory.remove(`${name}/${file}`);
    }
    const { problems, tableCount } = await engine.verify();
    expect(tableCount).toBe(tables.length);
    expect(problems.map(({ context: { file } }) => file)).toEqual(["wal", "manifest", tables[0]]);
  });

  test("of a manifest that says less than was written to it", async () => {
    const directory = new Directory(new MemoryFs());
    await using engine = await openEngine({ ...small, directory, manifestBytes: 1_000_000 });
    await engine.put(bytes("a"), bytes("1"));
    await engine.flush();
    const file = segmentOf(directory, "manifest");
    const before = directory.readFile(file);
    await engine.put(bytes("b"), bytes("1"));
    await engine.flush();
    directory.writeFile(file, before);
    const { problems } = await engine.verify();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: "LSM_CORRUPT", context: { file: "manifest", field: "nextFileNumber" } });
  });
});

test("it ends with its signal, with a close, and with what a listener throws; and options are checked", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await filled(directory);
  await expect(engine.verify({ signals: 1 } as never)).rejects.toThrow(/signals/);
  await expect(engine.verify({ signal: 1 as never })).rejects.toThrow(/signal must/);
  const aborted = { code: "LSM_ABORTED", cause: "enough" };
  await expect(engine.verify({ signal: AbortSignal.abort("enough") })).rejects.toMatchObject(aborted);
  const throwing = (): void => {
    throw new RangeError("mine");
  };
  await expect(engine.verify({ onProgress: throwing })).rejects.toThrow("mine");
  const verifying = engine.verify();
  const closing = engine.close();
  await expect(verifying).rejects.toMatchObject({ code: "LSM_ABORTED", cause: { code: "LSM_CLOSED" } });
  await closing;
  await expect(engine.verify()).rejects.toMatchObject({ code: "LSM_CLOSED" });
});
