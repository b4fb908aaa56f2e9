import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Directory, openDirectory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { afterAll, describe, expect, test } from "vitest";
import { cacheCaseIds, cacheConformance, runCacheConformance, type CacheSubject } from "../src/cache-conformance.js";
import { resolveTarget } from "../src/projection-target.js";
import { directoryCache, memoryCache, type CacheBounds, type ProjectionCache } from "../src/projections-entry.js";
import { ledgerOf } from "./sample-projection.js";

const undecidedOf = (verdicts: Awaited<ReturnType<typeof runCacheConformance>>): string[] =>
  verdicts.filter(({ kind }) => kind === "undecided").map(({ id }) => id);

describe("memoryCache", () => {
  const verdicts = cacheConformance(
    { describe, test },
    { name: "memory", make: memoryCache, makeBounded: memoryCache },
  );

  test("is volatile, and everything else is decided", () => {
    expect(memoryCache().isVolatile).toBe(true);
    expect(verdicts().map(({ id }) => id)).toEqual(cacheCaseIds);
    expect(undecidedOf(verdicts())).toEqual(["rows-outlive-the-process"]);
  });

  test("lets go of what was used least recently", () => {
    const cache = memoryCache({ maxRows: 3 });
    for (const key of ["a", "b", "c"]) cache.put(key, Uint8Array.of(1));
    cache.get("a");
    cache.put("d", Uint8Array.of(1));
    expect(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined)).toEqual(["a", "c", "d"]);
  });
});

/** Directories by the caches over them. */
const places = new Map<ProjectionCache, Directory>();

function over(directory: Directory, bounds?: CacheBounds): ProjectionCache {
  const cache = directoryCache(directory, bounds);
  places.set(cache, directory);
  return cache;
}

const inMemory: CacheSubject = {
  name: "directory in memory",
  make: () => over(new Directory(new MemoryFs())),
  makeBounded: (bounds) => over(new Directory(new MemoryFs()), bounds),
  reopen: (cache) => over(places.get(cache)!),
};

describe("directoryCache", () => {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-cache-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const fresh = (): Directory => openDirectory(mkdtempSync(join(scratch, "c-")));
  const suites = [
    inMemory,
    {
      name: "directory on the disk",
      make: () => over(fresh()),
      makeBounded: (bounds: Required<CacheBounds>) => over(fresh(), bounds),
      reopen: (cache: ProjectionCache) => over(places.get(cache)!),
    },
  ].map((subject) => cacheConformance({ describe, test }, subject));

  test("decides everything, and is not volatile", () => {
    for (const verdicts of suites) {
      expect(verdicts().map(({ id }) => id)).toEqual(cacheCaseIds);
      expect(undecidedOf(verdicts())).toEqual([]);
    }
    expect(over(new Directory(new MemoryFs())).isVolatile).toBe(false);
  });

  test("takes in what earlier runs left, sweeps temporary files, and leaves other files alone", () => {
    const directory = new Directory(new MemoryFs());
    const first = directoryCache(directory);
    for (const key of ["a", "b", "c", "d"]) first.put(key, new Uint8Array(10));
    directory.writeFile("notes.txt", Uint8Array.of(1));
    directory.makeDirectory(`${"0".repeat(64)}.row`);
    directory.writeFile(".~left-over", Uint8Array.of(1));
    const second = directoryCache(directory, { maxRows: 2 });
    expect(["a", "b", "c", "d"].every((key) => second.get(key) !== undefined)).toBe(true);
    second.put("e", new Uint8Array(10));
    const names = directory.fs.list("/").map(({ name }) => name);
    expect(names.filter((name) => /^[0-9a-f]{64}\.row$/.test(name) && !name.startsWith("0000"))).toHaveLength(2);
    expect(names).toContain("notes.txt");
    expect(names).not.toContain(".~left-over");
    expect(second.get("e")).toEqual(new Uint8Array(10));
    second.clear();
    expect(directory.list().map(({ name }) => name)).toEqual([`${"0".repeat(64)}.row`, "notes.txt"]);
  });

  test("calls the file of a row as docs/formats/store.md has it", () => {
    const golden = JSON.parse(readFileSync(new URL("golden/projection-row.json", import.meta.url), "utf8")) as {
      readonly [field in "key" | "file" | "row" | "identity"]: string;
    };
    const directory = new Directory(new MemoryFs());
    directoryCache(directory).put(golden.key, Buffer.from(golden.row, "hex"));
    expect(directory.list()).toEqual([{ name: golden.file, kind: "file" }]);
    expect(Buffer.from(directory.readFile(golden.file)).toString("hex")).toBe(golden.row);
    const { identity } = resolveTarget(ledgerOf(3), { entity: "order:7 \u00e9", lane: 2 });
    expect(identity).toBe(golden.identity);
  });

  test("lets go of what was used least recently", () => {
    const cache = directoryCache(new Directory(new MemoryFs()), { maxRows: 3 });
    for (const key of ["a", "b", "c"]) cache.put(key, Uint8Array.of(1));
    cache.get("a");
    cache.put("d", Uint8Array.of(1));
    expect(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined)).toEqual(["a", "c", "d"]);
  });

  test("clears what earlier runs left, and files of others stay", () => {
    const directory = new Directory(new MemoryFs());
    directoryCache(directory).put("a", Uint8Array.of(1));
    directory.writeFile("mine", Uint8Array.of(2));
    const next = directoryCache(directory);
    next.clear(); // before anything was put
    expect(directory.list()).toEqual([{ name: "mine", kind: "file" }]);
    expect(next.get("a")).toBeUndefined();
  });

  test("does not read a file that is larger than any of its rows", () => {
    const directory = new Directory(new MemoryFs());
    const cache = directoryCache(directory, { maxBytes: 100 });
    cache.put("a", new Uint8Array(100));
    for (const { name } of directory.list()) directory.writeFile(name, new Uint8Array(101));
    expect(directory.list()).toHaveLength(1);
    expect(cache.get("a")).toBeUndefined();
  });

  test("keeps the old row when a new one cannot be written", () => {
    const fs = new FaultFs(new MemoryFs());
    const cache = directoryCache(new Directory(fs));
    cache.put("a", Uint8Array.of(1));
    for (const rule of [
      "write,append:* n1 ENOSPC",
      "open:* n1 ENOSPC",
      "rename:* n1 EIO",
      "write,append:* n1 torn 1 EIO",
    ]) {
      fs.plan.arm(rule);
      expect(() => cache.put("a", Uint8Array.of(2, 3, 4)), rule).toThrow(expect.objectContaining({ name: "FsError" }));
      expect(fs.plan.fired, rule).toBeGreaterThan(0);
      expect(cache.get("a"), rule).toEqual(Uint8Array.of(1));
      expect(fs.list("/"), rule).toHaveLength(1);
    }
    expect(fs.openHandles).toEqual([]);
  });
});

describe("the suite notices a cache that", () => {
  /** A cache in memory with something wrong. */
  function broken(change: (sound: ProjectionCache) => Partial<ProjectionCache>): CacheSubject {
    const make = (bounds?: CacheBounds): ProjectionCache => {
      const sound = memoryCache(bounds);
      const plain: ProjectionCache = {
        isVolatile: true,
        get: (key) => sound.get(key),
        put: (key, row) => sound.put(key, row),
        delete: (key) => sound.delete(key),
        clear: () => sound.clear(),
      };
      return { ...plain, ...change(sound) };
    };
    return { name: "broken", make: () => make(), makeBounded: make };
  }

  const shared = new Map<string, Uint8Array>();

  test.each<[string, string, (sound: ProjectionCache) => Partial<ProjectionCache>]>([
    [
      "knows keys by lower case",
      "keys-are-apart",
      (sound) => ({ put: (key, row) => sound.put(key.toLowerCase(), row) }),
    ],
    ["normalises keys", "keys-are-apart", (sound) => ({ get: (key) => sound.get(key.normalize()) })],
    [
      "cuts keys",
      "keys-are-apart",
      (sound) => ({
        put: (key, row) => sound.put(key.slice(0, 4999), row),
        get: (key) => sound.get(key.slice(0, 4999)),
      }),
    ],
    [
      "keeps the first row",
      "the-last-row-is-got",
      (sound) => ({ put: (key, row) => sound.get(key) !== undefined || sound.put(key, row) }),
    ],
    [
      "keeps no empty row",
      "the-last-row-is-got",
      (sound) => ({ put: (key, row) => row.length > 0 && sound.put(key, row) }),
    ],
    [
      "keeps the caller's bytes",
      "bytes-are-not-shared",
      () => ({ put: (key, row) => shared.set(key, row).has(key), get: (key) => shared.get(key)?.slice() }),
    ],
    [
      "lends its own bytes",
      "bytes-are-not-shared",
      () => ({ put: (key, row) => shared.set(key, row.slice()).has(key), get: (key) => shared.get(key) }),
    ],
    ["deletes nothing", "delete-forgets-one", () => ({ delete: () => true })],
    [
      "deletes everything",
      "delete-forgets-one",
      (sound) => ({
        delete: (key) => {
          const had = sound.get(key) !== undefined;
          sound.clear();
          return had;
        },
      }),
    ],
    ["clears nothing", "clear-forgets-all", () => ({ clear: () => {} })],
    [
      "has rows of its own",
      "nothing-put-nothing-got",
      (sound) => ({ get: (key) => sound.get(key) ?? new Uint8Array() }),
    ],
    [
      "has no bound",
      "rows-are-bounded",
      () => {
        const all = memoryCache();
        return { put: (key, row) => all.put(key, row), get: (key) => all.get(key) };
      },
    ],
    [
      "says that it keeps everything",
      "too-large-is-not-kept",
      (sound) => ({ put: (key, row) => sound.put(key, row) || true }),
    ],
    [
      "keeps the row before one that is too large",
      "too-large-is-not-kept",
      (sound) => ({ put: (key, row) => row.length <= 100 && sound.put(key, row) }),
    ],
  ])("%s", async (_, id, change) => {
    shared.clear();
    const verdicts = await runCacheConformance(broken(change));
    const violations = verdicts.filter(({ kind }) => kind === "violation");
    expect(violations.map((verdict) => verdict.id)).toContain(id);
  });

  test("loses rows with the process, or keeps what was deleted", async () => {
    const losing: CacheSubject = { ...inMemory, reopen: () => over(new Directory(new MemoryFs())) };
    const keeping: CacheSubject = {
      ...inMemory,
      make: () => {
        const cache = over(new Directory(new MemoryFs()));
        const lazy = {
          isVolatile: false,
          get: (key: string) => cache.get(key),
          put: (key: string, row: Uint8Array) => cache.put(key, row),
          delete: () => true,
          clear: () => {},
        };
        places.set(lazy, places.get(cache)!);
        return lazy;
      },
    };
    for (const subject of [losing, keeping]) {
      const verdicts = await runCacheConformance(subject);
      expect(verdicts).toContainEqual(expect.objectContaining({ id: "rows-outlive-the-process", kind: "violation" }));
    }
  });
});

test.each<[string, object]>([
  ["maxRows", { maxRows: 0 }],
  ["maxBytes", { maxBytes: 1.5 }],
  ["maxRow", { maxRow: 1 }],
])("a cache names %s", (field, bounds) => {
  const refused = expect.objectContaining({ code: "STORE_INVALID_OPTION", context: { field } });
  expect(() => memoryCache(bounds)).toThrow(refused);
  expect(() => directoryCache(new Directory(new MemoryFs()), bounds)).toThrow(refused);
});
