import type { CacheBounds, ProjectionCache } from "./projection-cache.js";

/** What every cache of projections owes whoever reads and writes rows. */

/** A cache, and what the suite may do to it besides calling it. Every control that is left out leaves cases undecided. */
export interface CacheSubject {
  /** Stands in reports. */
  readonly name: string;
  /** A fresh, empty cache that keeps a few rows of some 100 KiB at least. */
  make(): ProjectionCache | Promise<ProjectionCache>;
  /** A fresh, empty cache with these bounds. */
  makeBounded?(bounds: Required<CacheBounds>): ProjectionCache | Promise<ProjectionCache>;
  /** A second cache over what the first one has kept, as after the end of its process. Only where rows outlive that. */
  reopen?(cache: ProjectionCache): ProjectionCache | Promise<ProjectionCache>;
  /** Called once for each that was made. */
  dispose?(cache: ProjectionCache): void | Promise<void>;
}

/** One obligation of a cache. */
export interface CacheCase {
  /** Stable: reports and issues refer to it. */
  readonly id: string;
  /** What must hold, as a sentence. */
  readonly obligation: string;
  readonly run: (trial: CacheTrial) => Promise<void>;
}

/** A cache broke an obligation. */
export class ConformanceViolation extends Error {
  override readonly name: string = "ConformanceViolation";
}

/** Thrown inside a case that cannot be decided on this subject. */
export class Undecided extends Error {
  override readonly name: string = "Undecided";
}

/** The caches of one case. */
export class CacheTrial {
  readonly #subject: CacheSubject;
  readonly #made: ProjectionCache[] = [];

  constructor(subject: CacheSubject) {
    this.#subject = subject;
  }

  async make(): Promise<ProjectionCache> {
    return this.#kept(await this.#subject.make());
  }

  async makeBounded(bounds: Required<CacheBounds>): Promise<ProjectionCache> {
    const made = await this.#subject.makeBounded?.(bounds);
    if (made === undefined) throw new Undecided("there is no makeBounded");
    return this.#kept(made);
  }

  async reopen(cache: ProjectionCache): Promise<ProjectionCache> {
    if (cache.isVolatile) throw new Undecided("rows end with the process");
    const reopened = await this.#subject.reopen?.(cache);
    if (reopened === undefined) throw new Undecided("there is no reopen");
    return this.#kept(reopened);
  }

  async end(): Promise<void> {
    for (const cache of this.#made.splice(0)) await this.#subject.dispose?.(cache);
  }

  #kept(cache: ProjectionCache): ProjectionCache {
    this.#made.push(cache);
    return cache;
  }
}

function claim(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ConformanceViolation(what);
}

function rowOf(byte: number, length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => byte + index * 7);
}

function claimRow(cache: ProjectionCache, key: string, expected: Uint8Array | undefined): void {
  const found = cache.get(key);
  const isSame = found?.length === expected?.length && (found ?? []).every((byte, index) => byte === expected?.[index]);
  const told = (row: Uint8Array | undefined): string => (row === undefined ? "none" : `${row.length} bytes`);
  claim(
    isSame,
    `the row of ${JSON.stringify(key.slice(0, 80))}: expected ${told(expected)}, found another: ${told(found)}`,
  );
}

/** Texts that are easily taken for one another, or for something else than text. */
const keys: readonly string[] = [
  "a",
  "A",
  "a ",
  " a",
  "a/b",
  "a\\b",
  "../a",
  ".",
  "..",
  "",
  "CON",
  "__proto__",
  "constructor",
  "\u00e9",
  "e\u0301",
  "\u{1f600}",
  "a\u0000b",
  "a\nb",
  'a:b*?"<>|',
  "k".repeat(5000),
  `${"k".repeat(4999)}l`,
];

export const cacheCases: readonly CacheCase[] = [
  {
    id: "nothing-put-nothing-got",
    obligation: "A key that nothing was put under has no row, and nothing to delete.",
    async run(trial) {
      const cache = await trial.make();
      for (const key of keys) claimRow(cache, key, undefined);
      claim(!cache.delete("a"), "delete said that there was a row");
      cache.clear();
    },
  },
  {
    id: "the-last-row-is-got",
    obligation: "A row that was kept is got, byte for byte, and a later one takes its place, longer or shorter.",
    async run(trial) {
      const cache = await trial.make();
      for (const length of [10, 100_000, 1, 0, 4096]) {
        claim(cache.put("a", rowOf(length, length)), `a row of ${length} bytes was not kept`);
        claimRow(cache, "a", rowOf(length, length));
        claimRow(cache, "a", rowOf(length, length));
      }
    },
  },
  {
    id: "keys-are-apart",
    obligation: "Any text is a key, and no two are one.",
    async run(trial) {
      const cache = await trial.make();
      for (const [index, key] of keys.entries()) cache.put(key, rowOf(index, 20 + index));
      for (const [index, key] of keys.entries()) claimRow(cache, key, rowOf(index, 20 + index));
    },
  },
  {
    id: "bytes-are-not-shared",
    obligation: "What becomes of a buffer after it was put, or after it was got, changes no row.",
    async run(trial) {
      const cache = await trial.make();
      const put = rowOf(1, 50);
      cache.put("a", put.subarray(10, 40));
      put.fill(0);
      const got = cache.get("a");
      claimRow(cache, "a", rowOf(1, 50).slice(10, 40));
      got?.fill(0);
      claimRow(cache, "a", rowOf(1, 50).slice(10, 40));
    },
  },
  {
    id: "delete-forgets-one",
    obligation: "A row that was deleted is gone, and no other one is.",
    async run(trial) {
      const cache = await trial.make();
      for (const key of ["a", "b"]) cache.put(key, rowOf(1, 30));
      claim(cache.delete("a"), "delete said that there was no row");
      claim(!cache.delete("a"), "delete said twice that there was a row");
      claimRow(cache, "a", undefined);
      claimRow(cache, "b", rowOf(1, 30));
      cache.put("a", rowOf(2, 30));
      claimRow(cache, "a", rowOf(2, 30));
    },
  },
  {
    id: "clear-forgets-all",
    obligation: "After clear there is no row, and rows can be put again.",
    async run(trial) {
      const cache = await trial.make();
      for (const key of keys) cache.put(key, rowOf(3, 30));
      cache.clear();
      for (const key of keys) claimRow(cache, key, undefined);
      cache.put("a", rowOf(4, 30));
      claimRow(cache, "a", rowOf(4, 30));
    },
  },
  {
    id: "rows-are-bounded",
    obligation: "There are never more rows than the bound, nor more bytes, and the row that was put last is there.",
    async run(trial) {
      for (const bounds of [
        { maxRows: 3, maxBytes: 1_000_000 },
        { maxRows: 1000, maxBytes: 300 },
      ]) {
        const cache = await trial.makeBounded(bounds);
        const put: string[] = [];
        for (let index = 0; index < 12; index += 1) {
          const key = `key ${index}`;
          claim(cache.put(key, rowOf(index, 90)), "a row within the bounds was not kept");
          claimRow(cache, key, rowOf(index, 90));
          put.push(key);
          const rows = put.filter((each) => cache.get(each) !== undefined).length;
          claim(rows <= bounds.maxRows, `there are ${rows} rows, with a bound of ${bounds.maxRows}`);
          claim(rows * 90 <= bounds.maxBytes, `there are ${rows * 90} bytes, with a bound of ${bounds.maxBytes}`);
        }
      }
    },
  },
  {
    id: "too-large-is-not-kept",
    obligation: "A row that alone is larger than the bound is not kept, which put says, and the older row is gone.",
    async run(trial) {
      const cache = await trial.makeBounded({ maxRows: 10, maxBytes: 100 });
      claim(cache.put("a", rowOf(1, 100)), "a row as large as the bound was not kept");
      claim(!cache.put("a", rowOf(2, 101)), "put said that a row beyond the bound was kept");
      claimRow(cache, "a", undefined);
      claim(cache.put("a", rowOf(3, 10)), "a row within the bounds was not kept");
      claimRow(cache, "a", rowOf(3, 10));
    },
  },
  {
    id: "rows-outlive-the-process",
    obligation: "A cache that is not volatile has its rows in the next run, within its bounds, and can go on.",
    async run(trial) {
      const first = await trial.make();
      for (const [index, key] of keys.entries()) first.put(key, rowOf(index, 40));
      first.delete("A");
      const second = await trial.reopen(first);
      claimRow(second, "A", undefined);
      for (const [index, key] of keys.entries()) if (key !== "A") claimRow(second, key, rowOf(index, 40));
      second.put("a", rowOf(9, 10));
      claimRow(second, "a", rowOf(9, 10));
      second.clear();
      for (const key of keys) claimRow(second, key, undefined);
    },
  },
];
