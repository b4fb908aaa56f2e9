// Cached is replayed: whatever is appended, however often a store is opened again, killed, or restored from before, whatever becomes of
// the files of a cache, and whatever another store has written there.
//
// FC_NUM_RUNS=2000 npx vitest run test/projections.property.test.ts
import { atomicReplaceBlocking, Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { region, type Store } from "../src/index.js";
import {
  defineProjection,
  directoryCache,
  memoryCache,
  Projector,
  type Projection,
  type ProjectionTarget,
} from "../src/projections-entry.js";
import { ledgerOf, type Ledger } from "./sample-projection.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";

type Step =
  | { readonly do: "append"; readonly entity: string; readonly amount: number }
  | { readonly do: "sync" | "reopen" | "crash" | "save" | "restore" | "copy-rows" | "clear" }
  | {
      readonly do: "project";
      readonly target: number;
      readonly version: number;
      readonly past: number | undefined;
      readonly until: "visible" | "durable";
      readonly snapshotEvery: number;
      readonly isAsync: boolean;
    }
  | { readonly do: "damage"; readonly file: number; readonly at: number; readonly byte: number; readonly how: string };

const targets: readonly ProjectionTarget[] = [
  "a",
  "b",
  { entity: "a", lane: 0, scope: "s" },
  region(),
  region({ kinds: [Placed] }),
  region({ entityPrefix: "a" }),
  region({ entity: "b", fromSequence: 3 }),
];

/** Of two versions, the second with another meaning of the same state. */
const projections: readonly Projection<Ledger, Sample>[] = [
  ledgerOf(1),
  defineProjection({
    name: "ledger",
    version: 2,
    events: [Placed, Paid],
    initial: (): Ledger => ({ total: -1, payers: [], seen: [] }),
    apply: (state, event) => ({ ...state, seen: [...state.seen, event.revision] }),
  }),
];

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      entity: fc.constantFrom("a", "b", "ab"),
      amount: fc.nat(9),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("project" as const),
      target: fc.constantFrom(0, 0, 0, 3, 3, ...targets.keys()),
      version: fc.constantFrom(0, 0, 0, 1),
      past: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.nat(12)),
      until: fc.constantFrom("visible" as const, "durable" as const),
      snapshotEvery: fc.constantFrom(1, 1, 3),
      isAsync: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("damage" as const),
      file: fc.nat(),
      at: fc.nat(),
      byte: fc.integer({ min: 1, max: 255 }),
      how: fc.constantFrom("flip", "cut", "zero", "swap", "empty"),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc
        .constantFrom("sync", "reopen", "crash", "save", "restore", "copy-rows", "clear")
        .map((name) => name as "sync"),
    }),
  },
);

/** What a step of damage does to the files of a cache. */
function damage(rows: Directory, { file, at, byte, how }: Extract<Step, { readonly do: "damage" }>): void {
  const names = rows.list().map(({ name }) => name);
  const name = names[file % names.length];
  if (name === undefined) return;
  const bytes = rows.readFile(name);
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  if (how === "flip" && bytes.length > 0) bytes[place] = bytes[place]! ^ byte;
  const other = names[(file + 1) % names.length] ?? name;
  if (how === "swap") rows.writeFile(other, bytes);
  else if (how === "empty") rows.writeFile(name, new Uint8Array());
  else rows.writeFile(name, how === "cut" ? bytes.subarray(0, place) : how === "zero" ? bytes.fill(0, place) : bytes);
}

/** The files of a directory, taken and put back. */
function filesOf(directory: Directory): ReadonlyMap<string, Uint8Array> {
  return new Map(directory.list().map(({ name }) => [name, directory.readFile(name)]));
}

/** Makes of a directory what it was, as whoever restores a backup does: it survives the next power loss. */
function putBack(directory: Directory, files: ReadonlyMap<string, Uint8Array>): void {
  for (const { name } of directory.list()) directory.remove(name);
  for (const [name, bytes] of files) {
    if (name !== "LOCK") atomicReplaceBlocking(directory, name, bytes, { rung: "full" });
  }
  directory.syncNamesBlocking();
}

/** What a projection gives, by the law: every event in the order of reading, one after the other. */
function foldOf<State>(
  store: Store<Sample>,
  { initial, fold }: Projection<State, Sample>,
  target: ProjectionTarget,
  last: number,
): { readonly state: State; readonly sequence: number } {
  let [state, sequence] = [initial(), 0];
  const isRegion = typeof target === "object" && "identity" in target;
  for (const event of isRegion ? store.events(target) : store.stream(target)) {
    if (event.sequence > last) break;
    [state, sequence] = [fold(state, event), event.sequence];
  }
  return { state, sequence };
}

/** Rows that another program of the same shape has left, in a store of its own that began as this one did. */
async function rowsOfAnother(): Promise<ReadonlyMap<string, Uint8Array>> {
  const store = await openSample(new Directory(new MemoryFs()), determined(77));
  for (const amount of [9, 8, 7]) store.append("a", Placed, { amount });
  store.append("b", Paid, { by: "stranger" });
  await store.sync();
  const rows = new Directory(new MemoryFs());
  const projector = new Projector(store, { cache: directoryCache(rows), snapshotEvery: 1 });
  for (const projection of projections) for (const target of targets) projector.project(projection, target);
  await store.close();
  return filesOf(rows);
}

interface Tally {
  readonly hits: number;
  readonly whys: ReadonlySet<string>;
}

async function play(
  steps: readonly Step[],
  isVolatile: boolean,
  strange: ReadonlyMap<string, Uint8Array>,
): Promise<Tally> {
  const fs = new CrashFs();
  const place = (name: string): Directory => new Directory(fs, `/${name}`);
  for (const name of ["/store", "/rows"]) fs.makeDirectory(name);
  fs.syncNamesBlocking("/");
  let run = 0;
  const open = (): Promise<Store<Sample>> => openSample(place("store"), determined((run += 1)));
  let store = await open();
  let cache = isVolatile ? memoryCache() : directoryCache(place("rows"));
  let saved = new Map<string, Uint8Array>() as ReadonlyMap<string, Uint8Array>;
  let hits = 0;
  const whys = new Set<string>();
  for (const each of steps) {
    switch (each.do) {
      case "append":
        if (each.amount % 3 === 0) store.append(each.entity, Paid, { by: String(each.amount) });
        else store.append(each.entity, Placed, { amount: each.amount });
        break;
      case "sync":
        await store.sync();
        break;
      case "save":
        await store.close();
        saved = filesOf(place("store"));
        store = await open();
        break;
      case "restore":
        await store.close();
        if (saved.size > 0) putBack(place("store"), saved);
        store = await open();
        break;
      case "reopen":
        await store.close();
        store = await open();
        if (!isVolatile) cache = directoryCache(place("rows"));
        break;
      case "crash": {
        // The worst for a cache: its rows have reached the disk, and what was not synced of the store has not.
        const rows = filesOf(place("rows"));
        fs.crash();
        putBack(place("rows"), rows);
        store = await open();
        if (!isVolatile) cache = directoryCache(place("rows"));
        break;
      }
      case "copy-rows":
        for (const [name, bytes] of strange) place("rows").writeFile(name, bytes);
        break;
      case "clear":
        cache.clear();
        break;
      case "damage":
        damage(place("rows"), each);
        break;
      case "project": {
        const projector = new Projector(store, { cache, snapshotEvery: each.snapshotEvery });
        const [projection, target] = [projections[each.version]!, targets[each.target]!];
        const options = { until: each.until, ...(each.past === undefined ? {} : { atSequence: each.past }) };
        const bound = Math.min(each.past ?? Infinity, each.until === "durable" ? store.watermarks.durable : Infinity);
        const expected = foldOf(store, projection, target, bound);
        const { state, sequence, anchor, reading, writing } = each.isAsync
          ? await projector.projectAsync(projection, target, options)
          : projector.project(projection, target, options);
        expect({ state, sequence }).toEqual(expected);
        expect(anchor).toEqual(store.anchor(sequence));
        expect(writing.kind).not.toBe("failed");
        if (writing.kind === "written" && !isVolatile) {
          expect(writing.sequence).toBeLessThanOrEqual(store.watermarks.durable);
        }
        if (reading.kind === "hit") hits += 1;
        if (reading.kind === "miss") whys.add(reading.why);
        break;
      }
    }
  }
  await store.close();
  return { hits, whys };
}

test.each([
  ["of files", false, ["absent", "ahead", "damaged", "foreign", "history"]],
  ["in memory", true, ["absent", "ahead", "history"]],
] as const)("cached is replayed, by a cache %s", async (_, isVolatile, expected) => {
  const strange = await rowsOfAnother();
  const seen = new Set<string>();
  let hits = 0;
  const numRuns = Number(process.env["FC_NUM_RUNS"] ?? 100);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: "max" }), async (steps) => {
      const tally = await play(steps, isVolatile, strange);
      hits += tally.hits;
      for (const why of tally.whys) seen.add(why);
    }),
    { numRuns },
  );
  // A property of caches that never hit, and were never wrong, would say nothing.
  expect(hits).toBeGreaterThan(numRuns / 2);
  if (numRuns >= 100) expect([...seen].toSorted()).toEqual(expected);
});
