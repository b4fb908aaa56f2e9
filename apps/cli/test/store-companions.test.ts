// The files that a store keeps beside its events: what dump, verify and stats say of them, whole and damaged.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openDirectory } from "@holdfast/fs-seam";
import { crc32 } from "@holdfast/segment-codec";
import { region } from "@holdfast/store";
import { sha256 } from "@holdfast/store/format";
import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";
import { demandTiling, inspected, type JsonLine } from "./inspected.js";
import { companyStore } from "./company-store.js";
import { scratch } from "./scratch.js";
import { flipped } from "./small-log.js";

// Twelve events of one stream in segments of two, an accelerator of the sealed ones, a cursor that is four events behind, and a row.

let path = "";
let rowName = "";
const accelerator = "index.accelerator";
const position = "cursors/mailer/position";

beforeEach(async () => {
  path = scratch();
  rowName = await companyStore(path);
});

const bytesOf = (file: string): Uint8Array => Uint8Array.from(readFileSync(join(path, file)));
const rewrite = (file: string, bytes: Uint8Array): void => writeFileSync(join(path, file), bytes);
const of = (lines: readonly JsonLine[], file: string): JsonLine[] => lines.filter((line) => line.file === file);
const segments = (): string[] =>
  readdirSync(path)
    .filter((name) => name.endsWith(".seg"))
    .sort();

/** The file with other bytes in it, under a checksum that is right. */
function resealed(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  const changed = bytes.with(at, byte);
  const end = changed.length - 4;
  new DataView(changed.buffer).setUint32(end, crc32(changed, 0, end), true);
  return changed;
}

async function stats(): Promise<{ code: number; stats: Record<string, unknown> }> {
  const io = capturedIo();
  const code = await runCommandLine(["stats", path, "--json"], io);
  return { code, stats: JSON.parse(io.out() || "{}") as Record<string, unknown> };
}

test("dump prints all of them", async () => {
  const { code, lines } = await inspected("dump", path);
  expect(code).toBe(0);
  const count = segments().length;
  const [head, ...blocks] = of(lines, accelerator);
  expect(head).toMatchObject({ kind: "accelerator", format: "HFINDEX1", streams: 1, entities: 1, scopes: 1 });
  expect(head).toMatchObject({ segments: count - 1, usedSegments: count - 1, reason: null });
  const held = blocks.filter(({ kind }) => kind === "accelerator-block").map(({ holds }) => holds);
  expect(held).toEqual(["segments", "entities", "scopes", "streams", "events", "ids"]);
  const told = blocks.filter(({ kind }) => kind === "accelerated-segment");
  expect(told.map(({ fileBytes }) => Number(fileBytes))).toEqual(
    segments()
      .slice(0, -1)
      .map((name) => bytesOf(name).length),
  );

  const events = lines.filter(({ kind }) => kind === "store-event");
  const regionHash = Buffer.from(sha256.hash(new TextEncoder().encode(region({}).identity))).toString("hex");
  expect(of(lines, position)).toMatchObject([
    { kind: "cursor", name: "mailer", version: 1, sequence: "8", lag: "4", eventHash: events[7]?.["hash"], regionHash },
  ]);
  expect(of(lines, `rows/${rowName}`)).toMatchObject([
    { kind: "projection-row", sequence: "12", revision: "11", complete: true, data: { count: 12 } },
  ]);
});

test("verify finds them sound, explains every byte, and says how far they count", async () => {
  const { code, lines } = await inspected("verify", path);
  expect(code).toBe(0);
  for (const file of [accelerator, position, `rows/${rowName}`]) demandTiling(of(lines, file), bytesOf(file).length);
  const count = segments().length - 1;
  expect(of(lines, accelerator)).toMatchObject([
    { kind: "sound", format: "HFINDEX1", segments: count, usedSegments: count },
  ]);
  expect(of(lines, position)).toMatchObject([{ kind: "sound", format: "HFCURSOR", sequence: "8", lag: "4" }]);
  expect(of(lines, `rows/${rowName}`)).toMatchObject([{ kind: "sound", format: "HFPR", sequence: "12" }]);
  const [first = ""] = segments();
  expect(of(lines, first)).toMatchObject([{ kind: "sound", entryCount: 2 }]);
  const io = capturedIo();
  await runCommandLine(["verify", path], io);
  expect(io.out()).toContain(`an accelerator that counts for ${count} of its ${count} segments\n`);
  expect(io.out()).toContain("acknowledged up to event 8, 4 behind\n");
  expect(io.out()).toMatch(/\d frames, a footer of 2\n/);
});

test("each is judged by itself as it is in its directory", async () => {
  const all = await inspected("verify", path);
  for (const file of [accelerator, position, `rows/${rowName}`]) {
    const { code, lines } = await inspected("verify", join(path, file));
    expect(code).toBe(0);
    expect(lines.map((line) => ({ ...line, file }))).toEqual(of(all.lines, file));
  }
});

test("stats says where an open finds the index, and how far the cursors are", async () => {
  const count = segments().length;
  expect(await stats()).toMatchObject({
    code: 0,
    stats: {
      accelerator: { state: "used", usedSegments: count - 1, reason: null },
      index: { accelerator: count - 1, footers: 1, frames: 0 },
      cursors: [{ name: "mailer", sequence: 8, lag: 4, reason: null }],
    },
  });
  const io = capturedIo();
  await runCommandLine(["stats", path], io);
  expect(io.out()).toMatch(/^accelerator +used$/m);
  expect(io.out()).toMatch(/^mailer +8 +4$/m);
});

test("without an accelerator, what stats says is that", async () => {
  rmSync(join(path, accelerator));
  expect(await stats()).toMatchObject({
    code: 0,
    stats: { accelerator: { state: "absent" }, index: { accelerator: 0, footers: segments().length, frames: 0 } },
  });
});

test("the footer of a sealed segment is printed and checked, and a damaged one counts for nothing", async () => {
  const names = segments();
  const { lines } = await inspected("dump", path);
  const footers = lines.filter(({ kind }) => kind === "footer");
  expect(footers.map(({ file, entryCount, sound }) => [file, entryCount, sound])).toEqual(
    names.map((name) => [name, 2, true]),
  );
  expect(lines.some(({ kind }) => kind === "dead")).toBe(false);
  const [first = ""] = names;
  const at = footers[0]?.offset ?? 0;
  rewrite(first, flipped(bytesOf(first), at + 8));
  const found = await inspected("dump", join(path, first));
  expect(found.lines.map(({ kind }) => kind)).not.toContain("footer");
  expect(found.lines.at(-1)).toMatchObject({ kind: "dead" });
});

describe("an accelerator", () => {
  test("of other segments is sound, and counts for those before them", async () => {
    const bytes = bytesOf(accelerator);
    const other = scratch();
    await companyStore(other, 3);
    const [, , third = ""] = segments();
    // Another store's: whole, and of no use.
    rewrite(accelerator, Uint8Array.from(readFileSync(join(other, accelerator))));
    expect((await inspected("verify", path)).lines.find(({ file }) => file === accelerator)).toMatchObject({
      kind: "sound",
      usedSegments: 0,
      reason: "it is of another store",
    });
    expect(await stats()).toMatchObject({ code: 0, stats: { accelerator: { state: "stale", usedSegments: 0 } } });
    // A segment that has become longer is another one.
    rewrite(accelerator, bytes);
    rewrite(third, Uint8Array.from([...bytesOf(third), 0, 0, 0, 0, 0, 0, 0, 0]));
    const line = (await inspected("dump", join(path, accelerator))).lines[0];
    expect(line).toMatchObject({ usedSegments: 2, reason: expect.stringContaining("others") as unknown });
  });

  test("that is damaged anywhere is told with its place, and counts for nothing", async () => {
    const bytes = bytesOf(accelerator);
    for (const at of [0, 30, 62, 70, 100, bytes.length - 1]) {
      rewrite(accelerator, flipped(bytes, at));
      const { code, lines } = await inspected("verify", path);
      expect(code).toBe(1);
      const found = of(lines, accelerator);
      demandTiling(found, bytes.length);
      const last = found.at(-1);
      expect(last).toMatchObject({ kind: "corrupt", code: "STORE_CORRUPT" });
      expect(last?.offset).toBeLessThanOrEqual(Math.max(at, 60));
      expect(bytesOf(accelerator)).toEqual(flipped(bytes, at));
    }
    expect(await stats()).toMatchObject({ code: 1, stats: { accelerator: { state: "refused", usedSegments: 0 } } });
  });
});

describe("a cursor", () => {
  test.each([
    ["a bit", (bytes: Uint8Array) => flipped(bytes, 66), "STORE_CURSOR_CORRUPT", "corrupt"],
    ["its magic", (bytes: Uint8Array) => flipped(bytes, 0), "STORE_CURSOR_CORRUPT", "corrupt"],
    ["its end", (bytes: Uint8Array) => bytes.subarray(0, -1), "STORE_CURSOR_CORRUPT", "corrupt"],
    ["everything", (bytes: Uint8Array) => new Uint8Array(bytes.length), "STORE_CURSOR_CORRUPT", "corrupt"],
    ["its version", (bytes: Uint8Array) => resealed(bytes, 8, 2), "STORE_UNSUPPORTED", "unreadable"],
    ["its name", (bytes: Uint8Array) => resealed(bytes, 104, 110), "INSPECT_MISNAMED", "corrupt"],
    ["its log", (bytes: Uint8Array) => resealed(bytes, 16, 255), "INSPECT_OTHER_LOG", "corrupt"],
    ["its event", (bytes: Uint8Array) => resealed(bytes, 72, 255), "STORE_CURSOR_MISMATCH", "corrupt"],
    ["its sequence", (bytes: Uint8Array) => resealed(bytes, 64, 13), "STORE_CURSOR_MISMATCH", "corrupt"],
  ])("of which %s is another is told", async (_, change, code, kind) => {
    const bytes = change(bytesOf(position));
    rewrite(position, bytes);
    const { code: exit, lines } = await inspected("verify", path);
    expect(of(lines, position)).toMatchObject([{ kind, code, offset: 0, length: bytes.length }]);
    expect(exit).toBe(kind === "corrupt" ? 1 : 2);
    const found = await stats();
    expect(found.code).toBe(1);
    expect(found.stats["cursors"]).toMatchObject([{ name: "mailer", sequence: null, lag: null }]);
    expect(found.stats["damage"]).toEqual([expect.stringContaining(`${position}: ${code}`)]);
  });

  test("is kept elsewhere without a store to be held against", async () => {
    const elsewhere = scratch();
    mkdirSync(join(elsewhere, "cursors/mailer"), { recursive: true });
    writeFileSync(join(elsewhere, position), bytesOf(position));
    const { code, lines } = await inspected("verify", elsewhere);
    expect([code, lines]).toMatchObject([0, [{ kind: "sound", sequence: "8", lag: null }]]);
  });

  test("is no file of another program that is called position", async () => {
    mkdirSync(join(path, "chess"));
    writeFileSync(join(path, "chess/position"), "e4");
    const { code, lines } = await inspected("verify", path);
    expect([code, of(lines, "chess/position")]).toMatchObject([0, [{ kind: "foreign" }]]);
  });
});

describe("a row of a projection", () => {
  test.each([
    ["of zeros", (bytes: Uint8Array) => new Uint8Array(bytes.length), "torn", "STORE_CORRUPT"],
    ["that is cut off", (bytes: Uint8Array) => bytes.subarray(0, 100), "torn", "STORE_CORRUPT"],
    ["that is empty", () => new Uint8Array(), "torn", "STORE_CORRUPT"],
  ])("%s is what a power loss leaves", async (_, change, kind, code) => {
    const file = `rows/${rowName}`;
    const bytes = change(bytesOf(file));
    rewrite(file, bytes);
    const { code: exit, lines } = await inspected("verify", path);
    expect(of(lines, file)).toMatchObject([{ kind, code, offset: 0, length: bytes.length }]);
    expect(exit).toBe(1);
  });

  test.each([
    ["of a later version", 4, 2, "unreadable", "STORE_UNSUPPORTED", 2],
    ["of no event", 24, 0, "corrupt", "STORE_CORRUPT", 1],
    ["of another key", 8, 255, "corrupt", "INSPECT_MISNAMED", 1],
  ] as const)("%s under a digest that holds is told", async (_, at, byte, kind, code, exit) => {
    const file = `rows/${rowName}`;
    const body = bytesOf(file).with(at, byte).subarray(0, -32);
    rewrite(file, Uint8Array.from(Buffer.concat([body, sha256.hash(body)])));
    const found = await inspected("verify", path);
    expect(of(found.lines, file)).toMatchObject([{ kind, code }]);
    expect(found.code).toBe(exit);
  });
});

describe("a backup that was not finished", () => {
  beforeEach(() => {
    const [first = ""] = segments();
    rewrite("UNFINISHED-BACKUP", bytesOf(first).subarray(0, -20));
    rmSync(join(path, first));
  });

  test("is told by its name, with what is in it", async () => {
    const { code, lines } = await inspected("dump", path);
    expect(code).toBe(1);
    const kinds = of(lines, "UNFINISHED-BACKUP").map(({ kind }) => kind);
    expect(kinds.slice(0, 3)).toEqual(["damage", "segment-header", "frame"]);
    const verified = await inspected("verify", path);
    expect(verified.code).toBe(1);
    expect(of(verified.lines, "UNFINISHED-BACKUP")).toMatchObject([
      { kind: "torn", code: "STORE_UNFINISHED", offset: 0 },
    ]);
  });

  test.each([["stats"], ["tail"]])("%s refuses it", async (command) => {
    const io = capturedIo();
    expect(await runCommandLine([command, path], io)).toBe(2);
    expect(io.err()).toContain("UNFINISHED-BACKUP");
  });

  test("is that without a beginning, too", async () => {
    rewrite("UNFINISHED-BACKUP", new Uint8Array());
    expect(of((await inspected("verify", path)).lines, "UNFINISHED-BACKUP")).toMatchObject([
      { code: "STORE_UNFINISHED" },
    ]);
  });
});

test("what retention has taken is counted", async () => {
  const retained = scratch();
  await companyStore(retained, 12, true);
  path = retained;
  const { lines } = await inspected("verify", path);
  const dropped = lines.reduce((sum, line) => sum + ((line["dropped"] as number | undefined) ?? 0), 0);
  expect(dropped).toBe(4);
  expect(await stats()).toMatchObject({ stats: { dropped: 4 } });
  expect(openDirectory(path).exists("cursors/mailer/position")).toBe(true);
});
