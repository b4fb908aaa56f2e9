// The block cache: a hit is what was read, its bytes are bounded, and its policy is worth having.
import fc from "fast-check";
import { expect, test } from "vitest";
import { S3FifoCache } from "../src/block-cache.js";
import { layOut, layouts } from "./support/layout.js";
import { tableFiles } from "./support/table-directory.js";
import { bytesOf, entryOf, isSame, visibleAt, type Entry } from "./support/entries.js";

/** What a fresh read of a block gives. */
const contentOf = (table: number, block: number): Uint8Array =>
  bytesOf(`${table}/${block} `.repeat(1 + ((table * 7 + block) % 40)));

const operations = fc.array(
  fc.record({
    run: fc.constantFrom("read", "read", "read", "read", "forget"),
    table: fc.constantFrom(1, 2, 3, 2 ** 40),
    block: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 100 })),
  }),
  { maxLength: 300 },
);

test("law 13: a hit equals a fresh read, nothing of a forgotten table is found, and the bytes stay in bounds", () => {
  fc.assert(
    fc.property(operations, fc.constantFrom(0, 500, 1500, 4000, 100_000), (run, maxBytes) => {
      const cache = new S3FifoCache({ maxBytes });
      let hits = 0;
      let reads = 0;
      for (const { run: what, table, block } of run) {
        if (what === "forget") {
          cache.forget(table);
          for (let each = 0; each <= 100; each++) expect(cache.get(table, each)).toBeUndefined();
          reads += 101;
          continue;
        }
        const fresh = contentOf(table, block);
        const cached = cache.get(table, block);
        reads += 1;
        if (cached === undefined) cache.put(table, block, fresh);
        else {
          hits += 1;
          expect(Buffer.compare(cached, fresh)).toBe(0);
        }
        expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
      }
      expect([cache.hits, cache.misses]).toEqual([hits, reads - hits]);
    }),
  );
});

test("law 13: views that share a cache of a few blocks show what the histories say, from tables with the same keys", async () => {
  await fc.assert(
    fc.asyncProperty(layouts, layouts, fc.constantFrom(0, 1000, 4000, 1_000_000), async (one, other, maxBytes) => {
      const cache = new S3FifoCache({ maxBytes });
      using files = tableFiles({ blockBytes: 60, cache, maxOpenTables: 2 });
      const first = await layOut(one, files);
      const second = await layOut(other, files, 1000);
      for (let round = 0; round < 2; round++) {
        for (const [{ view }, { entries }] of [
          [first, one],
          [second, other],
        ] as const) {
          using cursor = view.cursor(Number.MAX_SAFE_INTEGER);
          const found: Entry[] = [];
          for (cursor.start(); cursor.valid; cursor.next()) found.push(entryOf(cursor));
          expect(isSame(found, visibleAt(entries, Number.MAX_SAFE_INTEGER))).toBe(true);
        }
      }
      expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
    }),
    { numRuns: 40 },
  );
});

/** 100 bytes and what an array takes beside them, 260, so that a hundred of them are all there is room for. */
const block = new Uint8Array(100);
const room = (): S3FifoCache => new S3FifoCache({ maxBytes: 26_000 });

function scan(cache: S3FifoCache, table: number, count: number): void {
  for (let at = 0; at < count; at++) if (cache.get(table, at) === undefined) cache.put(table, at, block);
}

const kept = (cache: S3FifoCache, table: number, count: number): number =>
  Array.from({ length: count }, (_, at) => cache.get(table, at)).filter((each) => each !== undefined).length;

test("what fits is kept, whatever it was used for", () => {
  const cache = room();
  scan(cache, 1, 100);
  expect(kept(cache, 1, 100)).toBe(100);
  expect(cache.bytes).toBe(26_000);
});

test("a scan passes by what was hit twice, and not what was never hit", () => {
  const cache = room();
  scan(cache, 1, 80);
  for (let round = 0; round < 2; round++) expect(kept(cache, 1, 40)).toBe(40);
  scan(cache, 2, 1000);
  expect(kept(cache, 1, 40)).toBe(40);
  expect(Array.from({ length: 40 }, (_, at) => cache.get(1, 40 + at)).every((each) => each === undefined)).toBe(true);
});

test("a block that is back while it is remembered is kept through the next scan, and one that is not remembered is not", () => {
  const cache = room();
  cache.put(1, 0, block);
  scan(cache, 2, 100);
  expect(cache.get(1, 0)).toBeUndefined();
  cache.put(1, 0, block);
  scan(cache, 3, 150);
  expect(cache.get(1, 0)).toBe(block);
  const later = room();
  later.put(1, 0, block);
  scan(later, 2, 300);
  later.put(1, 0, block);
  scan(later, 3, 150);
  expect(later.get(1, 0)).toBeUndefined();
});

/** The policy as the paper has it, with lists that are searched, oldest first. */
class PlainS3Fifo {
  small: Kept[] = [];
  main: Kept[] = [];
  ghost: Kept[] = [];
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  read(key: string, size: number): boolean {
    const found = [...this.small, ...this.main].find((each) => each.key === key);
    if (found !== undefined) {
      found.hits = Math.min(3, found.hits + 1);
      return true;
    }
    if (size > this.maxBytes / 4) return false;
    const wasGhost = this.ghost.some((each) => each.key === key);
    this.ghost = this.ghost.filter((each) => each.key !== key);
    while (sizeOf(this.small) + sizeOf(this.main) + size > this.maxBytes) this.evict();
    (wasGhost ? this.main : this.small).push({ key, size, hits: 0 });
    return false;
  }

  evict(): void {
    if (sizeOf(this.small) > this.maxBytes / 10) {
      const oldest = this.small.shift()!;
      if (oldest.hits > 1) this.main.push({ ...oldest, hits: 0 });
      else this.ghost.push(oldest);
      while (sizeOf(this.ghost) > this.maxBytes * 0.9) this.ghost.shift();
    } else {
      const oldest = this.main.shift()!;
      if (oldest.hits > 0) this.main.push({ ...oldest, hits: oldest.hits - 1 });
    }
  }

  forget(table: string): void {
    for (const queue of ["small", "main", "ghost"] as const) {
      this[queue] = this[queue].filter(({ key }) => !key.startsWith(`${table}/`));
    }
  }
}

interface Kept {
  readonly key: string;
  readonly size: number;
  hits: number;
}

const sizeOf = (queue: readonly Kept[]): number => queue.reduce((sum, { size }) => sum + size, 0);

test("it hits where the policy of the paper hits, and nowhere else", () => {
  const skewed = fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 15 }) }, { weight: 3, arbitrary: fc.nat({ max: 60 }) });
  const read = fc.record({
    table: fc.constantFrom(1, 2),
    block: skewed,
    forget: fc.nat({ max: 200 }).map((n) => n === 0),
  });
  fc.assert(
    fc.property(
      fc.array(read, { minLength: 100, maxLength: 500, size: "max" }),
      fc.constantFrom(1700, 4000, 9000),
      (reads, maxBytes) => {
        const cache = new S3FifoCache({ maxBytes });
        const model = new PlainS3Fifo(maxBytes);
        let agrees = true;
        for (const { table, block: at, forget } of reads) {
          if (forget) {
            cache.forget(table);
            model.forget(`${table}`);
          }
          const fresh = contentOf(table, at);
          const isHit = cache.get(table, at) !== undefined;
          if (!isHit) cache.put(table, at, fresh);
          // One expectation for a whole run: a failure is shrunk in seconds then.
          agrees &&= isHit === model.read(`${table}/${at}`, fresh.length + 160);
          agrees &&= cache.bytes === sizeOf(model.small) + sizeOf(model.main);
        }
        expect(agrees).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("what is kept already stays as it is", () => {
  const cache = room();
  cache.put(1, 0, block);
  cache.put(1, 0, block.slice());
  expect(cache.get(1, 0)).toBe(block);
  expect(cache.bytes).toBe(260);
});

test("a block of more than a quarter of the room is not kept, and evicts nothing", () => {
  const cache = room();
  scan(cache, 1, 100);
  cache.put(2, 0, new Uint8Array(26_000 / 4 - 159));
  expect([cache.get(2, 0), kept(cache, 1, 100)]).toEqual([undefined, 100]);
  cache.put(2, 0, new Uint8Array(26_000 / 4 - 160));
  expect(cache.get(2, 0)).toHaveLength(26_000 / 4 - 160);
});

test("forgetting frees the room of blocks and of what is remembered", () => {
  const cache = room();
  scan(cache, 1, 250);
  cache.forget(1);
  cache.forget(1);
  expect(cache.bytes).toBe(0);
  scan(cache, 1, 100);
  expect(kept(cache, 1, 100)).toBe(100);
});

/** A generator of numbers from 0 up to 1, always the same. */
function* noise(seed: number): Generator<number, never, undefined> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Ten thousand blocks, the k-th of them asked for as often as 1/k, and now and then a scan of blocks that nobody asks for again. */
function zipfWithScans(scans: boolean): number[] {
  const weights = Array.from({ length: 10_000 }, (_, at) => 1 / (at + 1));
  const sums: number[] = [];
  weights.reduce((sum, weight) => (sums.push(sum + weight), sum + weight), 0);
  const total = sums.at(-1)!;
  const trace: number[] = [];
  let fresh = 10_000;
  const random = noise(7);
  for (let at = 0; at < 60_000; at++) {
    if (scans && at % 3000 === 2999) for (let each = 0; each < 1000; each++) trace.push(fresh++);
    const wanted = random.next().value * total;
    let low = 0;
    for (let high = sums.length - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    trace.push(low);
  }
  return trace;
}

/** Hits of a cache of so many blocks that throws out the oldest, by when it came or by when it was last used. */
function hitsOf(trace: readonly number[], capacity: number, policy: "fifo" | "lru"): number {
  const kept = new Set<number>();
  let hits = 0;
  for (const each of trace) {
    const isHit = kept.has(each);
    if (isHit) hits += 1;
    if (isHit && policy === "fifo") continue;
    kept.delete(each);
    kept.add(each);
    if (kept.size > capacity) kept.delete(kept.values().next().value!);
  }
  return hits;
}

test.each([true, false])("it hits more often than FIFO and LRU on skewed reads, with scans: %s", (scans) => {
  const trace = zipfWithScans(scans);
  for (const capacity of [100, 500, 1000]) {
    const cache = new S3FifoCache({ maxBytes: capacity * 260 });
    for (const each of trace) if (cache.get(1, each) === undefined) cache.put(1, each, block);
    expect(cache.hits).toBeGreaterThan(hitsOf(trace, capacity, "fifo"));
    expect(cache.hits).toBeGreaterThan(hitsOf(trace, capacity, "lru"));
  }
});

test("wrong options are refused by name", () => {
  expect(() => new S3FifoCache({ maxBytes: -1 })).toThrow(/maxBytes/);
  expect(() => new S3FifoCache({ maxBytes: 1, bytes: 2 } as never)).toThrow(/bytes/);
});
