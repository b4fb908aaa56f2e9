// Whatever a cache does, a reading is what it is without one: each call of a cache over files fails in turn, disks are full, and codecs
// and schemas refuse.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { EventCodec, StandardSchema, Store } from "../src/index.js";
import {
  defineProjection,
  directoryCache,
  memoryCache,
  Projector,
  type Projection,
  type ProjectionCache,
} from "../src/projections-entry.js";
import { ledgerOf, type Ledger } from "./sample-projection.js";
import { openSample, Paid, Placed, type Sample } from "./sample-store.js";

const Ledgers = ledgerOf();

async function filled(): Promise<Store<Sample>> {
  const store = await openSample();
  for (let amount = 1; amount <= 5; amount += 1) store.append("a", Placed, { amount });
  await store.sync();
  return store;
}

describe("files of a cache", () => {
  test.each(["ENOSPC", "EIO"])(
    "the n-th call fails with %s: the state is the same, and the result tells",
    async (code) => {
      const store = await filled();
      let told = 0;
      for (let n = 1; ; n += 1) {
        const fs = new FaultFs(new MemoryFs());
        const rows = new Directory(fs);
        const projector = new Projector(store, { cache: directoryCache(rows, { maxRows: 1 }), snapshotEvery: 1 });
        projector.project(Ledgers, "a", { atRevision: 2 });
        fs.plan.arm(`open,stat,list,read,write,append,rename,remove:* n${n} ${code}`);
        for (const entity of ["a", "b", "a", "a"]) {
          const { state, reading, writing } = projector.project(Ledgers, entity);
          expect(state.total, `call ${n}`).toBe(entity === "a" ? 15 : 0);
          for (const use of [reading, writing]) {
            if (!("error" in use) || use.error === undefined) continue;
            expect(use.error).toMatchObject({ name: "FsError" });
            told += 1;
          }
        }
        expect(fs.openHandles, `call ${n}`).toEqual([]);
        const { misses, unwritten } = projector.stats();
        expect(misses.failed + unwritten, `call ${n}`).toBe(fs.plan.fired);
        if (fs.plan.fired === 0) break;
        // The fault is over, and so is what it did.
        projector.project(Ledgers, "a");
        expect(projector.project(Ledgers, "a").reading, `call ${n}`).toMatchObject({ kind: "hit" });
        expect(rows.list()).toHaveLength(1);
        if (fs.plan.fired === 0) break;
        expect(n).toBeLessThan(40);
      }
      expect(told).toBeGreaterThan(5);
      await store.close();
    },
  );

  test("a disk that stays full keeps the row that is there", async () => {
    const store = await filled();
    const fs = new FaultFs(new MemoryFs());
    const projector = new Projector(store, { cache: directoryCache(new Directory(fs)), snapshotEvery: 1 });
    projector.project(Ledgers, "a");
    fs.plan.arm("write,append,open:*.~* ENOSPC");
    for (let amount = 6; amount <= 8; amount += 1) {
      await store.durable(store.append("a", Placed, { amount }));
      expect(projector.project(Ledgers, "a")).toMatchObject({
        events: amount - 5,
        reading: { kind: "hit", sequence: 5 },
        writing: { kind: "failed", error: { code: "FS_NO_SPACE" } },
      });
    }
    expect(projector.stats()).toMatchObject({ hits: 3, written: 1, unwritten: 3 });
    await store.close();
  });
});

describe("caches of others", () => {
  test("that throw are missed, and told of", async () => {
    const store = await filled();
    const failing = (): never => {
      throw new RangeError("no cache today");
    };
    const cache: ProjectionCache = { isVolatile: true, get: failing, put: failing, delete: failing, clear: failing };
    const projector = new Projector(store, { cache, snapshotEvery: 1 });
    const expected = {
      state: { total: 15 },
      reading: { kind: "miss", why: "failed", error: new RangeError("no cache today") },
      writing: { kind: "failed", error: new RangeError("no cache today") },
    };
    expect(projector.project(Ledgers, "a")).toMatchObject(expected);
    expect(await projector.projectAsync(Ledgers, "a")).toMatchObject(expected);
    expect(() => projector.forget(Ledgers, "a")).toThrow(new RangeError("no cache today"));
    await store.close();
  });

  test("that are too small, and those that give anything at all", async () => {
    const store = await filled();
    const small = new Projector(store, { cache: memoryCache({ maxBytes: 10 }), snapshotEvery: 1 });
    expect(small.project(Ledgers, "a")).toMatchObject({ state: { total: 15 }, writing: { kind: "too-large" } });
    expect(small.stats()).toMatchObject({ written: 0, unwritten: 1 });
    for (const row of [new Uint8Array(), new Uint8Array(5000), Buffer.from("row"), [] as never, "text" as never]) {
      const cache = {
        ...memoryCache(),
        isVolatile: true,
        get: () => row,
        put: () => true,
        delete: () => true,
        clear: () => {},
      };
      const found = new Projector(store, { cache }).project(Ledgers, "a");
      expect(found).toMatchObject({ state: { total: 15 }, reading: { kind: "miss" } });
    }
    await store.close();
  });
});

describe("states of a row", () => {
  const plain: EventCodec = {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown,
  };

  function ledgerWith(codec: EventCodec, schema?: StandardSchema<unknown, Ledger>): Projection<Ledger, Sample> {
    return defineProjection({
      name: "ledger",
      version: 1,
      events: [Placed, Paid],
      initial: (): Ledger => ({ total: 0, payers: [], seen: [] }),
      apply: (state, event) => Ledgers.fold(state, event),
      codec,
      ...(schema && { schema }),
    });
  }

  async function read(codec: EventCodec, schema?: StandardSchema<unknown, Ledger>): Promise<unknown> {
    const store = await filled();
    const cache = memoryCache();
    new Projector(store, { cache, snapshotEvery: 1 }).project(ledgerWith(plain), "a");
    const projector = new Projector(store, { cache });
    const { state, reading } = projector.project(ledgerWith(codec, schema), "a");
    expect(state).toEqual({ total: 15, payers: [], seen: [1, 2, 3, 4, 5] });
    await store.close();
    return reading;
  }

  test("go by a codec", async () => {
    expect(await read(plain)).toEqual({ kind: "hit", sequence: 5 });
  });

  test("that another codec cannot decode are missed", async () => {
    const { codec } = Ledgers;
    expect(await read(codec)).toMatchObject({ kind: "miss", why: "state", error: { code: "CODEC_PAYLOAD_MALFORMED" } });
  });

  test("have to pass the schema", async () => {
    const shape = z.object({ total: z.number(), payers: z.array(z.string()), seen: z.array(z.number()) });
    expect(await read(plain, shape)).toEqual({ kind: "hit", sequence: 5 });
    const narrower = shape.extend({ total: z.number().max(10) });
    expect(await read(plain, narrower)).toMatchObject({
      kind: "miss",
      why: "state",
      error: new TypeError("total: Too big: expected number to be <=10"),
    });
    const slow = shape.refine(async () => true);
    expect(await read(plain, slow)).toMatchObject({
      why: "state",
      error: { message: expect.stringMatching(/waited for/) },
    });
  });

  test("that cannot be encoded leave no row", async () => {
    const store = await filled();
    const projection = defineProjection({
      name: "set",
      version: 1,
      initial: (): ReadonlySet<string> => new Set(),
      apply: (state, { entity }) => new Set([...state, entity]),
    });
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    expect(projector.project(projection, "a")).toMatchObject({
      state: new Set(["a"]),
      writing: { kind: "failed", error: { code: "CODEC_PAYLOAD_REFUSED" } },
    });
    await store.close();
  });

  test("are the caller's: changing one changes no row", async () => {
    const store = await filled();
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    const first = projector.project(Ledgers, "a").state as unknown as { total: number; seen: number[] };
    first.total = -1;
    first.seen.length = 0;
    const second = projector.project(Ledgers, "a").state as unknown as { seen: number[] };
    expect(second).toEqual({ total: 15, payers: [], seen: [1, 2, 3, 4, 5] });
    second.seen.length = 0;
    expect(projector.project(Ledgers, "a").state.seen).toHaveLength(5);
    await store.close();
  });
});
