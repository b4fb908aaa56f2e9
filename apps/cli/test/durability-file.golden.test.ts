// Files of durability, as the reference wrote them, whole and damaged: data of packages/wal, read in place. What the command says
// is held against the library, which is held against the reference there.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openDirectory } from "@holdfast/fs-seam";
import {
  decodeDurabilityCheckpoint,
  readDurabilityLog,
  verifyDurabilityLog,
  walkRecordLog,
} from "@holdfast/wal/durability";
import { describe, expect, test } from "vitest";
import { demandTiling, inspected } from "./inspected.js";
import { findings } from "./small-log.js";
import { linesOf } from "./small-segment.js";

const home = fileURLToPath(new URL("../../../packages/wal/test/golden/durability/", import.meta.url));

interface Case {
  readonly case: string;
  readonly format: string;
  readonly files: Readonly<Record<string, { readonly size: number }>>;
}

const { cases } = JSON.parse(readFileSync(`${home}manifest.json`, "utf8")) as { cases: readonly Case[] };
const filesOf = (name: string): Record<string, Uint8Array> => {
  const { files } = cases.find((each) => each.case === name) as Case; // it is one of them
  const segments = Object.keys(files).filter((file) => file.startsWith("wal/"));
  return Object.fromEntries(segments.map((file) => [file.replace("wal/", ""), bytesOf(name, file)]));
};
const bytesOf = (name: string, file: string): Uint8Array => new Uint8Array(readFileSync(`${home}${name}/${file}`));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const logs = cases.filter(({ files }) => Object.keys(files).some((file) => file.startsWith("wal/wal_")));
const recordLogs = cases.filter(({ files }) => Object.keys(files).some((file) => file.endsWith("log.bin")));
const checkpoints = cases.flatMap((each) =>
  Object.keys(each.files)
    .filter((file) => file.endsWith(".chk"))
    .map((file) => [each.case, file] as const),
);

test("there are as many as the reference has recorded", () => {
  expect([logs.length > 50, recordLogs.length > 20, checkpoints.length > 20]).toEqual([true, true, true]);
});

describe("logs", () => {
  test.each(logs.map((each) => each.case))("%s: verify says no less than the library", async (name) => {
    const { code, lines } = await inspected("verify", `${home}${name}/wal`);
    const directory = openDirectory(`${home}${name}`);
    let verdict: string;
    try {
      verdict = verifyDurabilityLog({ directory }).end.kind;
    } catch {
      verdict = "corrupt";
    }
    const unsound = lines
      .filter(({ kind }) => ["corrupt", "torn", "unreadable"].includes(kind))
      .map(({ kind }) => kind);
    if (name === "wal-dir-foreign-files") {
      // A number above 2^64-1 is no segment to the reference; here a file that is called like its neighbours is missed.
      expect([verdict, unsound]).toEqual(["clean", ["corrupt"]]);
      return;
    }
    if (verdict === "clean") expect(unsound).toEqual([]);
    else if (verdict === "corrupt") expect(unsound.some((kind) => kind !== "torn")).toBe(true);
    else expect(new Set(unsound)).toEqual(new Set(["torn"]));
    expect(code === 0).toBe(verdict === "clean");
    for (const file of new Set(lines.map((line) => line.file))) {
      const regions = lines.filter((line) => line.file === file);
      demandTiling(regions, bytesOf(name, `wal/${file}`).length);
    }
  });

  test.each(logs.map((each) => each.case))("%s: dump prints the entries that the library reads", async (name) => {
    const directory = openDirectory(`${home}${name}`);
    let wanted: (readonly [string, string])[] = [];
    try {
      wanted = [...readDurabilityLog({ directory })].map(
        ({ entryId, payload }) => [String(entryId), hex(payload)] as const,
      );
    } catch {
      return; // what comes before damage is told by the lines of each file
    }
    const { lines } = await inspected("dump", `${home}${name}/wal`);
    expect(lines.filter(({ kind }) => kind === "entry").map(({ id, payload }) => [id, payload])).toEqual(wanted);
  });

  const [one, two, three] = Object.values(filesOf("pub-crash-before-truncate")) as [Uint8Array, Uint8Array, Uint8Array];

  test("a segment that is gone is told of by the next one, one under another name by itself", () => {
    expect(findings({ "wal_1.log": one, "wal_2.log": two, "wal_3.log": three })).toEqual([]);
    expect(findings({ "wal_1.log": one, "wal_3.log": three })).toEqual([
      "wal_3.log corrupt 0..0 INSPECT_SEGMENT_MISSING",
    ]);
    expect(findings({ "wal_1.log": one, "wal_2.log": three })).toEqual([
      `wal_2.log corrupt 0..${three.length} WAL_FOREIGN_SEGMENT`,
    ]);
    expect(findings({ "wal_1.log": one, "wal_02.log": two })).toEqual(["wal_02.log corrupt 0..0 INSPECT_MISNAMED"]);
  });

  test("a segment that does not go on where the one before it ends", () => {
    const wrong = three.slice();
    wrong[8] = 99;
    const found = findings({ "wal_2.log": two, "wal_3.log": wrong });
    expect(found[0]).toBe("wal_3.log corrupt 0..24 WAL_CORRUPT");
    expect(linesOf(two, "wal_2.log").filter(({ kind }) => kind === "entry")).toHaveLength(2);
  });

  test("zeros are padding before another segment, and a tail in the last", () => {
    const padded = new Uint8Array(one.length + 64);
    padded.set(one);
    expect(findings({ "wal_1.log": padded, "wal_2.log": two })).toEqual([]);
    expect(findings({ "wal_1.log": padded })).toEqual([`wal_1.log torn ${one.length}..${padded.length} WAL_TORN`]);
  });

  test("its lock is passed over, and so is a whole file that a tail was cut off", () => {
    expect(findings({ "wal_1.log": one, ".lock": new Uint8Array(), "wal_1.log.cut-at-44": one.slice(0, -3) })).toEqual([
      ".lock auxiliary 0..0",
      expect.stringMatching(/^wal_1\.log\.cut-at-44 aside \d+\.\.\d+$/),
    ]);
  });
});

describe("record logs", () => {
  test.each(recordLogs.map((each) => each.case))("%s", (name) => {
    const bytes = bytesOf(name, "log.bin");
    const wanted: string[] = [];
    const { end } = walkRecordLog(bytes, { onRecord: ({ payload }) => wanted.push(hex(payload)) });
    const lines = linesOf(bytes, "log.bin");
    if (lines[0]?.kind === "foreign") {
      expect([bytes.length < 4 || end.kind === "corrupt", wanted]).toEqual([true, []]);
      return;
    }
    expect(
      lines.filter(({ kind }) => kind === "record").map(({ fields }) => hex(fields["payload"] as Uint8Array)),
    ).toEqual(wanted);
    const kinds = findings({ "log.bin": bytes }).map((text) => text.split(" ")[1]);
    const verdict = end.kind === "corrupt" ? expect.stringMatching(/corrupt|unreadable/) : "torn";
    expect(kinds).toEqual(end.kind === "clean" ? [] : [verdict]);
  });
});

describe("checkpoints", () => {
  test.each(checkpoints)("%s/%s", (name, file) => {
    const bytes = bytesOf(name, file);
    const line = linesOf(bytes, "c.chk").find(({ kind }) => kind === "checkpoint");
    try {
      const { lastAppliedId, payload } = decodeDurabilityCheckpoint(bytes);
      expect(line?.fields).toMatchObject({
        format: "VCKP",
        lastAppliedId: BigInt(lastAppliedId),
        payload,
        sound: true,
      });
      expect(findings({ "c.chk": bytes })).toEqual([]);
    } catch {
      expect(line?.fields["sound"] ?? false).toBe(false);
      expect(findings({ "c.chk": bytes })[0]).toMatch(/^c\.chk (corrupt|foreign) /);
    }
  });
});

test.each([
  ["ck-abc", "c.chk"],
  ["ck2-abc", "c.chk"],
  ["rl-three", "log.bin"],
])("%s: a byte of the beginning that is damaged, whatever it has become, makes no foreign file of it", (name, file) => {
  const bytes = bytesOf(name, file);
  for (let at = 0; at < 8; at++) {
    for (const value of [0, 0xff, (bytes[at] ?? 0) ^ 0x55]) {
      const damaged = bytes.with(at, value);
      if (damaged[at] === bytes[at]) continue;
      const found = findings({ [file]: damaged });
      expect({ at, value, ours: found.length > 0 && !found.some(isForeign) }).toEqual({ at, value, ours: true });
    }
  }
  const other = bytes.slice();
  other.set(Buffer.from("QQQQ", "latin1"));
  expect(findings({ [file]: other }).every(isForeign)).toBe(true);
});

const isForeign = (text: string): boolean => text.includes(" foreign ");
