import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EngineSnapshot, RangeOptions, WriteRung } from "../src/engine-contract.js";
import { openEngine, type Engine } from "../src/engine.js";
import { WriteBatch } from "../src/write-batch.js";

/** The specification: a sorted map, and copies of it as snapshots. */
type Model = ReadonlyMap<string, string>;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array): string => new TextDecoder().decode(found);

const key = fc.constantFrom("", "a", "ab", "b", "ba", "c", "\u{ff}", "d");
const value = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constant("v".repeat(300)) },
);
const rung = fc.constantFrom<WriteRung>("memory", "os", "data", "full");
const write = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, value }),
  fc.record({ kind: fc.constant("delete" as const), key }),
);
const bounds = fc.record({ gt: key, gte: key, lt: key, lte: key, reverse: fc.boolean() }, { requiredKeys: [] });
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("turn" as const),
      writes: fc.array(write, { minLength: 1, maxLength: 5 }),
      rung,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("batch" as const),
      writes: fc.array(write, { minLength: 1, maxLength: 6 }),
      rung,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("flush" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("clear" as const), bounds, limit: fc.integer({ min: -1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clearAll" as const), isAwaited: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("snapshot" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), which: fc.nat(7) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("scan" as const), bounds }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer One> ? One : never;
type Write = typeof write extends fc.Arbitrary<infer One> ? One : never;

const order = (a: string, b: string): number => Buffer.compare(bytes(a), bytes(b));

/** What a range of a model shows. */
function rangeOf(
  model: Model,
  { gt, gte, lt, lte, reverse }: { [Bound in "gt" | "gte" | "lt" | "lte"]?: string } & { reverse?: boolean },
): [string, string][] {
  const found = [...model]
    .filter(([each]) => (gte !== undefined ? order(each, gte) >= 0 : gt === undefined || order(each, gt) > 0))
    .filter(([each]) => (lte !== undefined ? order(each, lte) <= 0 : lt === undefined || order(each, lt) < 0))
    .toSorted(([a], [b]) => order(a, b));
  return reverse === true ? found.toReversed() : found;
}

function encoded({ reverse, ...range }: { readonly [bound: string]: string | boolean | undefined }): RangeOptions {
  const pairs = Object.entries(range).map(([name, bound]) => [name, bytes(String(bound))]);
  return { ...Object.fromEntries(pairs), ...(reverse === undefined ? {} : { reverse: reverse === true }) };
}

function scan(engine: Engine, range: RangeOptions): [string, string][] {
  using cursor = engine.cursor(range);
  const found: [string, string][] = [];
  for (cursor.start(); cursor.valid; cursor.next()) {
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor;
    found.push([text(keyBytes.subarray(keyStart, keyEnd)), text(valueBytes.subarray(valueStart, valueEnd))]);
  }
  return found;
}

function apply(model: Map<string, string>, writes: readonly Write[]): void {
  for (const each of writes) {
    if (each.kind === "put") model.set(each.key, each.value);
    else model.delete(each.key);
  }
}

class History {
  readonly directory = new Directory(new MemoryFs());
  model = new Map<string, string>();
  snapshots: { snapshot: EngineSnapshot; model: Model }[] = [];
  #engine: Engine | undefined;
  readonly settings: { readonly writeBufferBytes: number; readonly manifestBytes: number };

  constructor(settings: { readonly writeBufferBytes: number; readonly manifestBytes: number }) {
    this.settings = settings;
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("not open");
    return this.#engine;
  }

  async open(): Promise<void> {
    this.#engine = await openEngine({
      directory: this.directory,
      random: (target) => target.fill(7),
      ...this.settings,
    });
  }

  async run(step: Command): Promise<void> {
    const { engine, model } = this;
    switch (step.kind) {
      case "turn": {
        const written = step.writes.map((each) =>
          each.kind === "put"
            ? engine.put(bytes(each.key), bytes(each.value), { rung: step.rung })
            : engine.delete(bytes(each.key), { rung: step.rung }),
        );
        await Promise.all(written);
        apply(model, step.writes);
        return;
      }
      case "batch": {
        const batch = new WriteBatch();
        for (const each of step.writes) {
          if (each.kind === "put") batch.put(bytes(each.key), bytes(each.value));
          else batch.delete(bytes(each.key));
        }
        const written = engine.write(batch, { rung: step.rung });
        batch.reset(); // borrowed until the call has returned, and no longer
        await written;
        apply(model, step.writes);
        return;
      }
      case "flush":
        await engine.flush();
        return;
      case "clear": {
        await engine.clear({ ...encoded(step.bounds), limit: step.limit });
        const gone = rangeOf(model, step.bounds);
        for (const [each] of step.limit < 0 ? gone : gone.slice(0, step.limit)) model.delete(each);
        return;
      }
      case "clearAll": {
        const cleared = engine.clear();
        const isAtOnce = this.snapshots.length === 0;
        if (isAtOnce) expect(scan(engine, {})).toEqual([]);
        if (step.isAwaited || !isAtOnce) await cleared;
        const before = engine.put(bytes("b"), bytes("behind the clear"));
        await Promise.all([cleared, before]);
        model.clear();
        model.set("b", "behind the clear");
        return;
      }
      case "snapshot":
        if (this.snapshots.length < 8) this.snapshots.push({ snapshot: engine.snapshot(), model: new Map(model) });
        return;
      case "release":
        for (const { snapshot } of this.snapshots.splice(step.which, 1)) snapshot.release();
        return;
      case "scan": {
        expect(scan(engine, encoded(step.bounds))).toEqual(rangeOf(model, step.bounds));
        for (const { snapshot, model: then } of this.snapshots) {
          expect(scan(engine, { ...encoded(step.bounds), snapshot })).toEqual(rangeOf(then, step.bounds));
        }
        return;
      }
      case "reopen":
        this.snapshots = [];
        await engine.close();
        await this.open();
    }
  }

  check(): void {
    const { engine, model } = this;
    expect(scan(engine, {})).toEqual(rangeOf(model, {}));
    for (const each of ["", "a", "ab", "b", "ba", "c", "\u{ff}", "d", "none"]) {
      const found = engine.get(bytes(each));
      expect(found && text(found)).toBe(model.get(each));
      for (const { snapshot, model: then } of this.snapshots) {
        const old = engine.get(bytes(each), { snapshot });
        expect(old && text(old)).toBe(then.get(each));
      }
    }
  }
}

test("laws 15 to 18, 21, 23, 28, 43: any history shows what a sorted map does, now and at every snapshot", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 30, size: "max" }),
      fc.constantFrom(1, 400, 2000, 1_000_000),
      fc.constantFrom(1, 600, 1_000_000),
      async (commands, writeBufferBytes, manifestBytes) => {
        const history = new History({ writeBufferBytes, manifestBytes });
        await history.open();
        for (const each of commands) {
          await history.run(each);
          history.check();
        }
        for (const { snapshot } of history.snapshots.splice(0)) snapshot.release();
        await history.engine.flush();
        await history.engine.idle();
        // Law 28: what is on the disk is what the version names, once nobody reads anything else.
        const files = history.directory.list("tables").map(({ name }) => name);
        await history.engine.close();
        await history.open();
        expect(history.engine.openReport.orphans).toEqual([]);
        expect(files).toHaveLength(history.engine.openReport.tables);
        history.check();
        await history.engine.close();
      },
    ),
    { numRuns: Number(process.env.HOLDFAST_LSM_HISTORIES ?? 100) },
  );
});
