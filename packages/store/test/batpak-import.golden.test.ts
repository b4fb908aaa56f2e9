// Stores that batpak wrote, imported: the events are those that the reference itself reads back, in its order.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { importBatpak, type BatpakImportReport } from "../src/batpak-entry.js";
import { region } from "../src/region.js";
import { openStore } from "../src/open-store.js";
import type { Store } from "../src/store.js";
import type { StoredEvent } from "../src/stored-event.js";

const home = new URL("../../segment-codec/test/golden/batpak/", import.meta.url);
/** What lies beside the segments. */
const besides = new URL("golden/batpak/", import.meta.url);

interface Reading {
  /** Number in the store, and index into `events`. */
  readonly rows?: readonly (readonly [number, number])[];
}

interface Case {
  readonly id: string;
  readonly events: readonly (readonly unknown[])[];
  readonly segments: readonly { readonly never_visible: readonly number[] }[];
  readonly read: Readonly<Record<"rebuild" | "artifact" | "frames", Reading | undefined>>;
}

interface Mutant {
  readonly id: string;
  readonly edits: readonly { readonly at: number; readonly del: number; readonly ins: string }[];
  /** What the reference reads: number, index into the ids, and the kind when it is another than before. */
  readonly result: { readonly alone: { readonly rows?: readonly (readonly [number, number, number?])[] } };
}

const manifest = JSON.parse(readFileSync(new URL("manifest.json", home), "utf8")) as {
  readonly event_columns: readonly string[];
  readonly cases: readonly Case[];
  readonly corrupt: {
    readonly a: {
      readonly base: string;
      readonly mutants: readonly Mutant[];
      /** Where the footer begins. */
      readonly layout: { readonly string_table_offset: number };
      /** Ids. */
      readonly events: readonly string[];
    };
  };
}; // recorded
const column = (name: string): number => manifest.event_columns.indexOf(name);

/** A copy, so that a test may change it. */
function sourceOf(id: string): Directory {
  const directory = new Directory(new MemoryFs());
  for (const place of [home, besides]) {
    const folder = new URL(`${id}/`, place);
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) directory.writeFile(name, readFileSync(new URL(name, folder)));
  }
  return directory;
}

const openEmpty = (directory = new Directory(new MemoryFs())): Promise<Store> =>
  openStore({ directory, events: [], preallocateBytes: 0, prepareSegments: false });

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const facts = (event: StoredEvent): Readonly<Record<string, unknown>> =>
  event.metadata["batpak"] as Readonly<Record<string, unknown>>;

/** What is compared of an event: where it is, what it is, what it was. */
function imported(event: StoredEvent): unknown {
  const { entity, scope, lane, kind, version } = event;
  const payload = event.status === "unknown" ? hex(event.payload) : event.status;
  return {
    id: facts(event)["id"],
    entity,
    scope,
    lane,
    kind,
    version,
    payload,
    time: String(facts(event)["timestampUs"]),
  };
}

/** The same of an event as the reference gave it. A long content is known by its length and its beginning. */
function recorded(row: readonly unknown[]): unknown {
  const content = row[column("content")] as string | { readonly bytes: number; readonly first32: string };
  return {
    id: row[column("event_id")],
    entity: row[column("entity")],
    scope: row[column("scope")],
    lane: row[column("lane")],
    kind: row[column("kind")],
    version: row[column("payload_version")] ?? 0,
    payload:
      typeof content === "string"
        ? content
        : expect.stringMatching(new RegExp(`^${content.first32}.{${content.bytes * 2 - 64}}$`)),
    time: row[column("timestamp_us")],
  };
}

const isOfProgram = (kind: number): boolean => kind >= 0x1000 && !(kind >= 0xd000 && kind <= 0xdfff);

/**
 * What the reference shows, by its numbers, without what is its own. As its index has it, where it left one: numbers that it makes anew from
 * footers mix after a compaction, two events with one number.
 */
function expected({ events, read }: Case): unknown[] {
  const { rows = [] } = read.artifact ?? read.rebuild ?? {};
  return [...rows]
    .sort(([one], [other]) => one - other)
    .map(([, index]) => events[index] ?? [])
    .filter((row) => isOfProgram(row[column("kind")] as number))
    .map(recorded);
}

const all = (store: Store): StoredEvent[] => [...store.events(region())];
const states = (store: Store): unknown[] =>
  all(store).map((event) => {
    const { id, sequence, revision, correlation, causation } = event;
    return [id, sequence, revision, correlation, causation, imported(event)];
  });

const run = (
  id: string,
  store: Store,
  options: Partial<Parameters<typeof importBatpak>[0]> = {},
): Promise<BatpakImportReport> =>
  importBatpak({ source: sourceOf(id), store, namespace: id, encrypted: "raw", ...options });

describe("every recorded store", () => {
  test.each(manifest.cases.map((each) => [each.id, each] as const))("%s", async (id, each) => {
    await using store = await openEmpty();
    const report = await run(id, store);
    expect(all(store).map(imported)).toEqual(expected(each));
    expect({ imported: report.imported, known: report.known, damage: report.damage }).toEqual({
      imported: expected(each).length,
      known: 0,
      damage: [],
    });
    expect((await store.verify()).kind).toBe("intact");

    // Twice is once.
    const before = states(store);
    const again = await run(id, store);
    expect({ imported: again.imported, known: again.known, skipped: again.skipped }).toEqual({
      imported: 0,
      known: report.imported,
      skipped: report.skipped,
    });
    expect(states(store)).toEqual(before);
  });
});

describe("what batpak keeps", () => {
  test("cause and correlation lead to the imported events, and to what is no event as they did", async () => {
    await using store = await openEmpty();
    await run("causation", store);
    const events = all(store);
    const byOriginal = new Map(events.map((event) => [facts(event)["id"], event.id]));
    const plain = (id: string): string => id.replaceAll("-", "");
    let [led, kept] = [0, 0];
    for (const { id, correlation, causation, ...event } of events) {
      const was = event.metadata["batpak"] as Readonly<Record<string, string | undefined>>;
      const follow = (original: string): string => plain(byOriginal.get(original) ?? original);
      if (was["correlation"] === undefined) expect(correlation).toBe(id);
      else expect(plain(correlation)).toBe(follow(was["correlation"]));
      const cause = was["causation"];
      if (cause === undefined || /^0+$/.test(cause)) expect(causation).toBe(undefined);
      else if (cause !== was["id"]) expect(plain(causation ?? "")).toBe(follow(cause));
      if (byOriginal.has(cause)) led += 1;
      else if (causation !== undefined) kept += 1;
    }
    expect(led).toBeGreaterThan(0);
    expect(kept).toBeGreaterThan(0);
  });

  test("a batch is one commit", async () => {
    const directory = new Directory(new MemoryFs());
    const source = sourceOf("batch");
    await using store = await openEmpty(directory);
    const seen: number[] = [];
    await importBatpak({ source, store, namespace: "batch", onProgress: ({ events }) => seen.push(events) });
    const steps = seen.map((events, at) => events - (seen[at - 1] ?? 0));
    const sizes = steps.filter((step) => step > 1);
    expect(sizes.length).toBeGreaterThan(1); // the store has three batches, one of a single event or more
    expect(seen.at(-1)).toBe(11); // as many as the reference reads
  });

  test("what is its own is counted and left out", async () => {
    await using store = await openEmpty();
    expect((await run("reopen", store)).skipped.lifecycle).toBeGreaterThan(3);
    expect((await run("compact-tombstone", store)).skipped.tombstones).toBeGreaterThan(3);
    expect((await run("denial", store)).skipped.reserved).toBe(1);
    expect((await run("fence-cancelled", store)).skipped.hidden).toBe(3);
    expect((await run("batch-abort-items", store)).skipped.uncommitted).toBe(3);
  });

  test("extensions, flags and positions are in the metadata", async () => {
    await using store = await openEmpty();
    await run("lanes", store);
    expect(all(store).some((event) => (facts(event)["depth"] as number) > 0)).toBe(true);
    await run("flags", store);
    expect(all(store).map((event) => facts(event)["flags"])).toContain(255);
    await run("extensions", store);
    const found = all(store).find((event) => facts(event)["extensions"] !== undefined);
    expect(Object.values(facts(found as StoredEvent)["extensions"] as object)[0]).toBeInstanceOf(Uint8Array);
  });
});

describe("encrypted payloads", () => {
  test("are refused by name before anything is written", async () => {
    await using store = await openEmpty();
    const refusal = { code: "STORE_UNSUPPORTED", context: { file: "000001.fbat", field: "encrypted" } };
    await expect(run("enc-entity", store, { encrypted: "refuse" })).rejects.toMatchObject(refusal);
    expect(store.lastSequence).toBe(0);
  });

  test("are left out, or carried as they are, when that is asked for", async () => {
    await using store = await openEmpty();
    const skipped = await run("enc-entity", store, { encrypted: "skip" });
    const ciphertexts = skipped.skipped.encrypted;
    expect(ciphertexts).toBeGreaterThan(3);
    const raw = await run("enc-entity", store, { encrypted: "raw" });
    expect([raw.ciphertexts, raw.imported, raw.known]).toEqual([ciphertexts, ciphertexts, skipped.imported]);
    const [event] = all(store).filter((each) => facts(each)["encryption"] !== undefined);
    expect((facts(event as StoredEvent)["encryption"] as { nonce: Uint8Array }).nonce.length).toBe(24);
  });
});

describe("damage", () => {
  const base = (mutant: Pick<Mutant, "edits">): Directory => {
    const bytes = [...readFileSync(new URL(manifest.corrupt.a.base, home))];
    for (const { at, del, ins } of [...mutant.edits].sort((one, other) => other.at - one.at)) {
      bytes.splice(at, del, ...Buffer.from(ins, "hex"));
    }
    const directory = new Directory(new MemoryFs());
    directory.writeFile("000001.fbat", Uint8Array.from(bytes));
    return directory;
  };
  const { mutants, layout, events: ids } = manifest.corrupt.a;

  test("of every recorded kind is refused with file and offset and nothing written, or read as the reference reads it", async () => {
    await using sound = await openEmpty();
    await importBatpak({ source: base({ edits: [] }), store: sound, namespace: "a" });
    const whole = all(sound).map(imported);
    const wholeIds = all(sound).map((event) => facts(event)["id"]);
    let refused = 0;
    for (const mutant of mutants) {
      await using store = await openEmpty();
      const options = { source: base(mutant), store, namespace: "a" };
      const outcome = await importBatpak(options).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) {
        // A change under a checksum made good again is for the reference to say what it is, too; it reads whatever we do.
        const { rows } = mutant.result.alone;
        const found = all(store).map((event) => facts(event)["id"]);
        if (mutant.edits.every(({ at }) => at >= layout.string_table_offset)) {
          // Damage to the footer, which the reference loses events by: frames are the truth, and they are whole.
          expect({ mutant: mutant.id, found }).toEqual({ mutant: mutant.id, found: wholeIds });
          continue;
        }
        if (rows === undefined) {
          // A last frame without its checksum, or half a header: a tail, to us, because a crash leaves that as well.
          const { tornBytes } = outcome as BatpakImportReport;
          const isTold = tornBytes > 0 || options.source.readFile("000001.fbat").length === 0;
          expect({ mutant: mutant.id, isTold }).toEqual({ mutant: mutant.id, isTold: true });
          expect(found).toEqual(wholeIds.slice(0, found.length));
          continue;
        }
        const shown = rows.filter(([, index, kind]) =>
          kind === undefined ? wholeIds.includes(ids[index]) : isOfProgram(kind),
        );
        expect({ mutant: mutant.id, found }).toEqual({
          mutant: mutant.id,
          found: shown.map(([, index]) => ids[index]),
        });
        continue;
      }
      expect(outcome).toMatchObject({ code: "STORE_CORRUPT", context: { file: "000001.fbat" } });
      expect(store.lastSequence).toBe(0);
      refused += 1;
      const { damage } = await importBatpak({ ...options, damage: "skip" });
      expect(damage.length).toBeGreaterThan(0);
      const found = all(store).map((event) => JSON.stringify(imported(event)));
      const known = new Set(whole.map((event) => JSON.stringify(event)));
      expect(found.filter((event) => !known.has(event))).toEqual([]);
    }
    expect(refused).toBeGreaterThan(20);
    expect(refused).toBeLessThan(mutants.length);
  });

  test.each([
    ["two files with one number", "1.fbat", "STORE_CORRUPT"],
    ["a compaction that was cut short", "compaction.pending.json", "STORE_UNSUPPORTED"],
  ])("%s is refused", async (_, name, code) => {
    await using store = await openEmpty();
    const source = sourceOf("single");
    source.writeFile(name, source.readFile("000001.fbat"));
    await expect(run("single", store, { source })).rejects.toMatchObject({ code, context: { file: name } });
  });

  test.each([
    ["a flipped bit", 13, 1, "STORE_CORRUPT"],
    ["a later version", 6, 1, "STORE_UNSUPPORTED"],
    ["another beginning", 0, 1, "STORE_CORRUPT"],
  ])("hidden ranges with %s are refused", async (_, at, bit, code) => {
    await using store = await openEmpty();
    const source = sourceOf("fence-cancelled");
    const bytes = source.readFile("visibility_ranges.fbv");
    bytes[at] = (bytes[at] ?? 0) ^ bit;
    source.writeFile("visibility_ranges.fbv", bytes);
    const refusal = { code, context: { file: "visibility_ranges.fbv" } };
    await expect(run("fence-cancelled", store, { source })).rejects.toMatchObject(refusal);
    expect(store.lastSequence).toBe(0);
  });
});

test("another source under the same name is refused, and two names are two sources", async () => {
  await using store = await openEmpty();
  const source = sourceOf("single");
  await importBatpak({ source, store, namespace: "shop" });
  const count = store.lastSequence;
  await importBatpak({ source, store, namespace: "other shop" });
  expect(store.lastSequence).toBe(2 * count);
});

test.each([
  ["namespace", { namespace: "" }],
  ["namespace", { namespace: undefined }],
  ["damage", { damage: "ignore" }],
  ["encrypted", { encrypted: true }],
  ["nemespace", { nemespace: "x" }],
  ["source", { source: {} }],
  ["store", { store: {} }],
])("a wrong %s is refused by name", async (field, wrong) => {
  await using store = await openEmpty();
  const options = { source: sourceOf("single"), store, namespace: "x", ...wrong } as Parameters<typeof importBatpak>[0];
  await expect(importBatpak(options)).rejects.toMatchObject({ code: "STORE_INVALID_OPTION", context: { field } });
});

/** What a process leaves that is killed: all that it has handed to the system. */
function killed(directory: Directory): Directory {
  const left = new Directory(new MemoryFs());
  for (const { name, kind } of directory.list()) {
    if (kind === "file" && name !== "LOCK") left.writeFile(name, directory.readFile(name));
  }
  return left;
}

test("an import that ends anywhere, by its signal or by a kill, and is run again, is one import", async () => {
  await using whole = await openEmpty();
  await run("rotate", whole);
  await run("batch", whole);
  const names = ["rotate", "batch"];
  const count = 22; // events of both, as the reference reads them
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(count), fc.boolean()), { maxLength: 4 }), async (ends) => {
      let directory = new Directory(new MemoryFs());
      for (const [after, isClosed] of ends) {
        const store = await openEmpty(directory);
        const ending = new AbortController();
        let events = 0;
        const onProgress = (): void => {
          events += 1;
          if (events > after) ending.abort();
        };
        try {
          for (const name of names) await run(name, store, { signal: ending.signal, onProgress });
        } catch (error) {
          expect(error).toMatchObject({ code: "STORE_ABORTED" });
        }
        if (isClosed) await store.close();
        else directory = killed(directory);
      }
      await using store = await openEmpty(directory);
      for (const name of names) await run(name, store);
      expect(all(store).map(imported)).toEqual(all(whole).map(imported));
      expect(all(store).map(({ id }) => id)).toEqual(all(whole).map(({ id }) => id));
      expect((await store.verify()).kind).toBe("intact");
    }),
    { numRuns: 25 },
  );
});
