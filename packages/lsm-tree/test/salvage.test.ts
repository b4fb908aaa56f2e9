// What `mode: "salvage"` makes of a log and a manifest that are damaged or lost: what is left is opened, what is lost is named, nothing is removed, and the
// next open is an ordinary one. LSM_LONG=1 crashes inside the opens behind a crash, too.
import { crashMatrix } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal, openWalReader } from "@holdfast/wal";
import { describe, expect, test } from "vitest";
import { openEngine, type EngineOptions } from "../src/index.js";
import { readManifest } from "../src/manifest-log.js";
import { bytes, contentOf, small } from "./engine-law.js";

const options: Omit<EngineOptions, "directory" | "readOnly"> = { ...small, writeBufferBytes: 100_000 };
const isLong = process.env["LSM_LONG"] === "1";
const inTables = ["k0=v0", "k1=v1", "k2=v2"];

/** A database that was closed with everything in tables: one for each of its keys. */
async function filled(directory = new Directory(new MemoryFs())): Promise<Directory> {
  const engine = await openEngine({ ...options, manifestBytes: 100_000, directory });
  for (const each of inTables) {
    const [key = "", value = ""] = each.split("=");
    await engine.put(bytes(key), bytes(value));
    await engine.flush();
  }
  await engine.idle();
  await engine.close();
  return directory;
}

const segmentsOf = (directory: Directory, name: string): string[] =>
  directory
    .list(name)
    .map((entry) => `${name}/${entry.name}`)
    .filter((path) => path.endsWith(".seg"));

const flip = (directory: Directory, path: string, offset: number): void => {
  const whole = directory.readFile(path);
  whole[offset]! ^= 1;
  directory.writeFile(path, whole);
};

const codeOf = (opening: Promise<{ close(): Promise<void> }>): Promise<unknown> =>
  opening.then(
    async (opened) => {
      await opened.close();
      return "opened";
    },
    (error: unknown) => (error as { code: unknown }).code,
  );

/** Each way in which the log of a database may be lost, with what is kept of it. */
const losses: Readonly<Record<string, (directory: Directory) => void>> = {
  "whose segments are gone": (directory) => {
    for (const path of segmentsOf(directory, "wal")) directory.remove(path);
  },
  "whose directory is gone": (directory) => directory.removeTree("wal"),
  "whose segments are empty": (directory) => {
    for (const path of segmentsOf(directory, "wal")) directory.writeFile(path, new Uint8Array());
  },
  "whose segments are cut within their headers": (directory) => {
    for (const path of segmentsOf(directory, "wal")) {
      directory.writeFile(path, directory.readFile(path).subarray(0, 10));
    }
  },
  "whose headers are damaged": (directory) => {
    for (const path of segmentsOf(directory, "wal")) flip(directory, path, 20);
  },
};

describe.each(Object.keys(losses))("a log %s", (loss) => {
  test("is refused by name, and salvage goes on from the tables", async () => {
    const directory = await filled();
    losses[loss]!(directory); // one of the names
    const kept = directory.exists("wal") ? segmentsOf(directory, "wal").map((path) => directory.readFile(path)) : [];
    for (const mode of ["strict", "recover"] as const) {
      for (const readOnly of [false, true]) {
        const refused = await openEngine({ ...options, directory, mode, readOnly }).catch((error: unknown) => error);
        expect(refused).toMatchObject({ code: "LSM_CORRUPT", context: { file: expect.stringMatching(/^wal/) } });
      }
    }
    const reader = await openEngine({ ...options, directory, mode: "salvage", readOnly: true });
    expect(contentOf(reader)).toEqual(inTables);
    expect(reader.stats().unreadable).toMatchObject([lossOf("wal")]);
    await reader.close();

    const salvaged = await openEngine({ ...options, directory, mode: "salvage" });
    expect(contentOf(salvaged)).toEqual(inTables);
    expect(salvaged.openReport.unreadable).toMatchObject([lossOf("wal")]);
    await salvaged.put(bytes("k9"), bytes("behind"), { rung: "data" });
    await salvaged.close();

    using log = openWalReader({ directory: directory.directory("wal") });
    expect(log.firstLsn).toBe(inTables.length + 1); // no LSN that tables have is given again
    for (const bytesOfSegment of kept.filter(({ length }) => length > 0)) {
      const aside = directory.list("").filter(({ name }) => name.startsWith("wal-aside-"));
      const files = aside.flatMap(({ name }) => segmentsOf(directory, name)).map((path) => directory.readFile(path));
      expect(files).toContainEqual(bytesOfSegment);
    }
    const again = await openEngine({ ...options, directory });
    expect(contentOf(again)).toEqual([...inTables, "k9=behind"]);
    expect(again.openReport.unreadable).toEqual([]);
    expect((await again.verify()).problems).toEqual([]);
    await again.close();
  });
});

test("C20: every crash within a salvage leaves the damaged log or the one that takes its place, and the damaged one under one of its names", async () => {
  let damaged: Uint8Array = new Uint8Array();
  const report = await crashMatrix({
    name: "salvage of a log",
    setup: async (directory) => {
      await filled(directory);
      const [path = ""] = segmentsOf(directory, "wal");
      flip(directory, path, 20);
      await syncAll(directory, path);
      damaged = directory.readFile(path);
    },
    workload: async (directory, run) => {
      const engine = await openEngine({ ...options, directory, mode: "salvage" });
      await engine.put(bytes("k9"), bytes("behind"), { rung: "data" });
      run.ack("durable");
      await engine.close();
    },
    recover: async (directory) => {
      const first = await codeOf(openEngine({ ...options, directory }));
      const engine = await openEngine({ ...options, directory, mode: first === "opened" ? "recover" : "salvage" });
      const content = contentOf(engine).filter((each) => !each.startsWith("k8")); // of a recovery that was cut off
      await engine.put(bytes("k8"), bytes("later"), { rung: "data" });
      await engine.close();
      const again = await openEngine({ ...options, directory });
      const after = contentOf(again);
      await again.close();
      const places = directory
        .list("")
        .flatMap(({ name }) => (name.startsWith("wal") ? segmentsOf(directory, name) : []));
      const isKept = places.some((path) => Buffer.compare(directory.readFile(path), damaged) === 0);
      return { first, content, after, isKept };
    },
    check: ({ first, content, after, isKept }, { acks }) => {
      const isThere = content.includes("k9=behind");
      if (acks.length > 0) expect([first, isThere]).toEqual(["opened", true]);
      expect(["opened", "LSM_CORRUPT"]).toContain(first);
      expect(content).toEqual(isThere ? [...inTables, "k9=behind"] : inTables);
      expect(after).toEqual([...inTables, "k8=later", ...(isThere ? ["k9=behind"] : [])]);
      expect(isKept).toBe(true);
    },
    strategy: { kind: "levels", level: 1 },
    nested: isLong ? 1 : 0,
    nestedStrategy: { kind: "levels", level: 0 },
    rememberReads: true,
    personalities: ["posix"],
  });
  expect(report.recoveries).toBeGreaterThan(30);
});

test("damage between records of the log: salvage has those before it, for writing and for reading, and says so", async () => {
  const directory = await filled();
  const engine = await openEngine({ ...options, directory });
  for (const key of ["k5", "k6", "k7"]) await engine.put(bytes(key), bytes("in the log"), { rung: "data" });
  await engine.close();
  const placeOf = (each: string): number => Buffer.from(directory.readFile(each)).indexOf("k6");
  const [path = ""] = segmentsOf(directory, "wal").filter((each) => placeOf(each) > 0);
  flip(directory, path, placeOf(path));
  const settings = { ...options, directory };
  expect(await codeOf(openEngine({ ...settings, readOnly: true }))).toBe("LSM_CORRUPT");
  expect(await codeOf(openEngine(settings))).toBe("LSM_CORRUPT");
  const left = [...inTables, "k5=in the log"];
  const reader = await openEngine({ ...settings, mode: "salvage", readOnly: true });
  expect(contentOf(reader)).toEqual(left);
  expect(reader.stats().unreadable).toMatchObject([lossOf("wal")]);
  await reader.close();
  const writer = await openEngine({ ...settings, mode: "salvage" });
  expect(contentOf(writer)).toEqual(left);
  expect(writer.openReport.unreadable).toMatchObject([lossOf("wal")]);
  await writer.close();
  const again = await openEngine(settings);
  expect(contentOf(again)).toEqual(left);
  await again.close();
});

test("damage of the manifest: salvage has the tables of the edits before it, and removes none of the others", async () => {
  const sound = await filled();
  const [path = ""] = segmentsOf(sound, "manifest");
  const image = (sound.fs as MemoryFs).snapshot();
  const met = new Set<number>();
  for (let offset = 64; offset < sound.stat(path).size; offset += 3) {
    const directory = new Directory(new MemoryFs({ image }));
    flip(directory, path, offset);
    const settings = { ...options, directory };
    const asUsual = await codeOf(openEngine({ ...settings, directory: new Directory(copyOf(directory)) }));
    const opening = openEngine({ ...settings, mode: "salvage", readOnly: true });
    if (readManifest(directory.directory("manifest"), () => {}) === undefined) {
      await expect(opening).rejects.toMatchObject({ code: "LSM_CORRUPT", context: { file: "manifest" } });
      await expect(openEngine({ ...settings, mode: "salvage" })).rejects.toMatchObject({ code: "LSM_CORRUPT" });
      continue;
    }
    const reader = await opening;
    const seen = contentOf(reader);
    const lost = reader.stats().unreadable;
    await reader.close();
    expect(seen).toEqual(inTables.slice(0, seen.length));
    const writer = await openEngine({ ...settings, mode: "salvage" });
    expect(contentOf(writer)).toEqual(seen);
    if (asUsual !== "opened") {
      met.add(seen.length);
      expect(lost[0]).toMatchObject(lossOf("manifest"));
      expect(writer.openReport.unreadable[0]).toMatchObject(lossOf("manifest"));
    }
    await writer.put(bytes("k9"), bytes("behind"), { rung: "data" });
    await writer.close();
    expect(directory.list("tables").map(({ name }) => name)).toEqual(sound.list("tables").map(({ name }) => name));
    const again = await openEngine({ ...settings, orphans: "keep" });
    expect(contentOf(again)).toEqual([...seen, "k9=behind"]);
    await again.close();
  }
  expect([...met].toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
});

test("records that are missing between tables and log: salvage says which, and later opens do not wait for them", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...options, directory });
  await engine.put(bytes("k0"), bytes("v0"));
  await engine.close();
  const first = await openEngine({ ...options, directory });
  await first.flush();
  await first.close();
  const old = segmentsOf(directory, "manifest").map((path) => ({ path, bytes: directory.readFile(path) }));
  const second = await openEngine({ ...options, directory });
  await second.put(bytes("k1"), bytes("v1"));
  await second.flush();
  await second.close();
  const third = await openEngine({ ...options, directory });
  await third.put(bytes("k2"), bytes("v2"), { rung: "data" });
  await third.close();
  // An old manifest, as of a backup by hand.
  for (const path of segmentsOf(directory, "manifest")) directory.remove(path);
  for (const { path, bytes: whole } of old) directory.writeFile(path, whole);
  const settings = { ...options, directory };
  for (const readOnly of [false, true]) {
    expect(await codeOf(openEngine({ ...settings, readOnly }))).toBe("LSM_CORRUPT");
  }
  const missing = { code: "LSM_CORRUPT", context: { file: "wal", expected: 1 } };
  const reader = await openEngine({ ...settings, mode: "salvage", readOnly: true });
  expect(contentOf(reader)).toEqual(["k0=v0", "k2=v2"]);
  expect(reader.stats().unreadable).toMatchObject([missing]);
  await reader.close();
  const salvaged = await openEngine({ ...settings, mode: "salvage" });
  expect(contentOf(salvaged)).toEqual(["k0=v0", "k2=v2"]);
  expect(salvaged.openReport.unreadable).toMatchObject([missing]);
  await salvaged.close();
  const again = await openEngine(settings);
  expect(contentOf(again)).toEqual(["k0=v0", "k2=v2"]);
  await again.close();
});

test("what is of another log is no loss: salvage sets nothing aside for it", async () => {
  const directory = await filled();
  const elsewhere = new Directory(new MemoryFs());
  elsewhere.makeDirectory("wal");
  const other = await openWal({ directory: elsewhere.directory("wal"), content: 4 });
  await other.close();
  for (const path of segmentsOf(elsewhere, "wal")) directory.writeFile(path, elsewhere.readFile(path));
  await expect(openEngine({ ...options, directory, mode: "salvage" })).rejects.toMatchObject({ code: "LSM_CORRUPT" });
  expect(directory.exists("wal-aside-1")).toBe(false);
});

test("a reader of a database that was created a moment ago needs no log", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...options, directory });
  await engine.close();
  directory.removeTree("wal");
  const reader = await openEngine({ ...options, directory, readOnly: true });
  expect(contentOf(reader)).toEqual([]);
  await reader.close();
});

/** For `toMatchObject`: that a file of this directory is lost. */
function lossOf(name: string): object {
  return { code: "LSM_CORRUPT", context: { file: expect.stringMatching(`^${name}`) as unknown } };
}

function copyOf(directory: Directory): MemoryFs {
  return new MemoryFs({ image: (directory.fs as MemoryFs).snapshot() });
}

async function syncAll(directory: Directory, path: string): Promise<void> {
  const handle = directory.open(path, { mode: "write" });
  try {
    await handle.sync("full");
  } finally {
    handle.close();
  }
}
