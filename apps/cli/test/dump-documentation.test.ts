// docs/dump.md is the contract of `--json`: nothing is printed that it does not name, and it names nothing that is not printed.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDirectory } from "@holdfast/fs-seam";
import { encodeClear, encodeVersionEdit } from "@holdfast/lsm-tree/format";
import { openWal } from "@holdfast/wal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { companyStore } from "./company-store.js";
import { goldenPath, manifest, mutate } from "./golden-stores.js";
import { inspected, type JsonLine } from "./inspected.js";
import { flipped, segmentsOf, smallLog, smallRecordLog } from "./small-log.js";
import { sealedSegment } from "./sealed-segment.js";
import { smallDatabase } from "./small-database.js";
import { smallStore } from "./small-store.js";
import { smallSegment } from "./small-segment.js";

const durabilityPath = fileURLToPath(new URL("../../../packages/wal/test/golden/durability", import.meta.url));
const text = readFileSync(new URL("../../../docs/dump.md", import.meta.url), "utf8");

interface Section {
  readonly rows: readonly (readonly string[])[];
}

function section(heading: string): Section {
  const body = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  const lines = body.split("\n").filter((line) => line.startsWith("| ") || line.startsWith("||"));
  return { rows: lines.map((line) => line.split("|").map((cell) => cell.trim())).map((cells) => cells.slice(1, -1)) };
}

const namesIn = (cell = ""): string[] => [...cell.matchAll(/`(\w[\w-]*)`/g)].map(([, name]) => name ?? "");

/** Fields by kind; a row without a kind goes on with the one above. */
function documented(heading: string): ReadonlyMap<string, ReadonlySet<string>> {
  const kinds = new Map<string, Set<string>>();
  let kind = "";
  for (const [first = "", second = ""] of section(heading).rows) {
    kind = namesIn(first)[0] ?? kind;
    const fields = kinds.get(kind) ?? new Set<string>();
    kinds.set(kind, new Set([...fields, ...namesIn(second)]));
  }
  kinds.delete(""); // the heading of the table
  return kinds;
}

const printed = { dump: new Map<string, Set<string>>(), verify: new Map<string, Set<string>>() };
const codes = new Set<string>();
const common = ["file", "offset", "length", "kind"];

function note(command: "dump" | "verify", lines: readonly JsonLine[]): void {
  for (const line of lines) {
    const fields = Object.keys(line);
    expect(fields.slice(0, 4)).toEqual(common);
    const known = printed[command].get(line.kind) ?? new Set<string>();
    for (const field of fields.slice(4)) known.add(field);
    printed[command].set(line.kind, known);
    if (typeof line["code"] === "string") codes.add(line["code"]);
  }
}

const directory = mkdtempSync(join(tmpdir(), "holdfast-cli-test-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** One file of everything: formats, footers, and all damage that is recorded. */
beforeAll(async () => {
  for (const [at, mutant] of manifest.corrupt.a.mutants.entries()) {
    mkdirSync(join(directory, String(at)));
    writeFileSync(join(directory, String(at), "000001.fbat"), mutate(mutant));
  }
  const cut = smallSegment([Uint8Array.of(1)], { synced: true });
  const whole = smallSegment([Uint8Array.of(1), Uint8Array.of(2)], { synced: true });
  const next = { segmentId: 8, epoch: 4, baseLsn: 1002, durableLsn: 1001, previousChain: cut.chain };
  mkdirSync(join(directory, "log"));
  writeFileSync(join(directory, "log/7"), whole.bytes);
  writeFileSync(join(directory, "log/8"), smallSegment([], next).bytes);
  writeFileSync(join(directory, "sealed"), sealedSegment().bytes);
  writeFileSync(join(directory, "torn"), whole.bytes.subarray(0, -1));
  writeFileSync(join(directory, "foreign"), "foreign");
  symlinkSync("nowhere", join(directory, "link.fbat"));
  const log = await smallLog();
  const [first = "", second = ""] = segmentsOf(log);
  const stranger = "00000000000000000099-12345678.seg";
  mkdirSync(join(directory, "wal/aside"), { recursive: true });
  for (const [name, bytes] of Object.entries(log)) {
    const found = name.endsWith("8.ckpt") ? flipped(bytes, 80) : bytes;
    if (name !== second) writeFileSync(join(directory, "wal", name), found);
  }
  writeFileSync(join(directory, "wal/aside", first), flipped(log[first] ?? new Uint8Array(), 80));
  writeFileSync(join(directory, "wal", stranger), smallSegment([], { segmentId: 99 }).bytes);
  writeFileSync(join(directory, "wal/.~1"), "");
  writeFileSync(join(directory, "events"), await smallRecordLog());
  const store = Object.entries(await smallStore());
  mkdirSync(join(directory, "store"));
  for (const [name, bytes] of store) writeFileSync(join(directory, "store", name), bytes);
  await storeWithAll(join(directory, "company"));
  await databases(join(directory, "databases"));
  for (const command of ["dump", "verify"] as const) {
    for (const path of [directory, goldenPath("."), durabilityPath]) {
      note(command, (await inspected(command, path)).lines);
    }
  }
});

/** A store with all the files that one keeps, and one whose own are damaged or of the first. */
async function storeWithAll(home: string): Promise<void> {
  const [store, other] = [join(home, "store"), join(home, "other")];
  mkdirSync(store, { recursive: true });
  mkdirSync(other);
  await companyStore(store, 12, true);
  const row = await companyStore(other, 3);
  const position = "cursors/mailer/position";
  for (const name of ["stranger", "torn"]) {
    mkdirSync(join(store, "cursors", name));
    const bytes = Uint8Array.from(readFileSync(join(other, position)));
    writeFileSync(join(store, "cursors", name, "position"), name === "torn" ? flipped(bytes, 70) : bytes);
  }
  writeFileSync(join(other, position), readFileSync(join(store, position)));
  writeFileSync(join(other, "rows", row), new Uint8Array(500));
  truncateSync(join(other, "index.accelerator"), 300);
  writeFileSync(join(other, "UNFINISHED-BACKUP"), "");
}

/** A database with records of every kind, one with a table of another and one missing, and one with every other damage. */
async function databases(home: string): Promise<void> {
  const [whole, other, later] = ["whole", "other", "later"].map((name) => join(home, name)) as [string, string, string];
  mkdirSync(home);
  for (const path of [whole, other, later]) await smallDatabase(path);
  const pointer = { kind: "compactPointer", level: 0, key: Uint8Array.of(1) } as const;
  const marks = { kind: "watermarks", nextFileNumber: 3, lastSeqno: 65, flushedLsn: 65 } as const;
  const gone = { kind: "deleteTable", level: 0, tableNumber: 1 } as const;
  await appendTo(join(whole, "wal"), 4, encodeClear(70));
  await appendTo(join(whole, "manifest"), 5, encodeVersionEdit([marks, gone, pointer]));
  copyFileSync(join(whole, "tables/2.sst"), join(other, "tables/2.sst"));
  rmSync(join(other, "tables/1.sst"));
  await appendTo(join(other, "wal"), 4, Uint8Array.of(9));
  const table = Uint8Array.from(readFileSync(join(later, "tables/1.sst")));
  writeFileSync(join(later, "tables/1.sst"), flipped(table, 250)); // its second block
  writeFileSync(join(later, "tables/2.sst"), new Uint8Array(912));
}

async function appendTo(path: string, content: number, record: Uint8Array): Promise<void> {
  const log = await openWal({ directory: openDirectory(path), content });
  await log.appendDurable(record);
  await log.close();
}

describe.each([
  ["dump", "Lines of `dump`"],
  ["verify", "Lines of `verify`"],
] as const)("%s", (command, heading) => {
  test("prints the kinds that are documented, and those alone", () => {
    expect([...printed[command].keys()].sort()).toEqual([...documented(heading).keys()].sort());
  });

  test("prints no field that is not documented for its kind", () => {
    for (const [kind, fields] of printed[command]) {
      const known = documented(heading).get(kind) ?? new Set();
      expect({ kind, unknown: [...fields].filter((field) => !known.has(field)) }).toEqual({ kind, unknown: [] });
    }
  });
});

test("every code that was found is explained", () => {
  const explained = new Set(section("Codes").rows.flatMap(([first]) => namesIn(first)));
  expect(codes.size).toBeGreaterThan(12);
  expect([...codes].filter((code) => !explained.has(code))).toEqual([]);
});
