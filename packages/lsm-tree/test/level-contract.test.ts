import { isDeepStrictEqual } from "node:util";
import { Directory, FsError } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { WalError } from "@holdfast/wal";
import { AbstractLevel, AbstractSnapshot } from "abstract-level";
import { describe, expect, it } from "vitest";
import { openEngine } from "../src/engine.js";
import type { EngineOptions } from "../src/engine-options.js";
import { LevelError, levelErrorCodes, levelErrorOf } from "../src/level-error.js";
import { LsmError } from "../src/lsm-error.js";
import type { LsmIteratorOptions } from "../src/level-options.js";
import { LsmLevel } from "../src/lsm-level.js";
import { ModelLevel } from "./support/model-engine.js";

async function opened(options: object = {}): Promise<ModelLevel> {
  const db = new ModelLevel(options);
  await db.open();
  return db;
}

const bytes = (size: number, fill: number): Buffer => Buffer.alloc(size, fill);
const asBuffers = { keyEncoding: "buffer", valueEncoding: "buffer" } as const;

describe("law 64: what goes in is borrowed for the call alone", () => {
  it("in put, del and both batches", async () => {
    const db = await opened();
    const key = Buffer.from("key");
    const value = bytes(5000, 1);
    const pending = [
      db.put<Buffer, Buffer>(key, value, asBuffers),
      db.batch<Buffer, Buffer>([{ type: "put", key: Buffer.concat([key, key]), value }], asBuffers),
      db
        .batch()
        .put<Buffer, Buffer>(Buffer.concat([key, key, key]), value, asBuffers)
        .write(),
    ];
    key.fill(0);
    value.fill(0);
    await Promise.all(pending);
    expect(await db.getMany<string, Buffer>(["key", "keykey", "keykeykey"], { valueEncoding: "buffer" })).toEqual([
      bytes(5000, 1),
      bytes(5000, 1),
      bytes(5000, 1),
    ]);
    const gone = Buffer.from("keykey");
    const deleted = db.del<Buffer>(gone, asBuffers);
    gone.fill(0);
    await deleted;
    expect(await db.hasMany(["key", "keykey", "keykeykey"])).toEqual([true, false, true]);
    await db.close();
  });
});

describe("law 63: what comes out is the caller's", () => {
  it.each([3, 100, 5000])("values and keys of %i bytes, from every read", async (size) => {
    const db = await opened();
    const keys = [1, 2, 3].map((fill) => bytes(size, fill));
    for (const key of keys) await db.put<Buffer, Buffer>(key, bytes(size, (key[0] ?? 0) + 10), asBuffers);
    const [first = bytes(0, 0)] = keys;
    for (const encoding of ["buffer", "view"] as const) {
      const encodings = { keyEncoding: encoding, valueEncoding: encoding };
      const found: (Uint8Array | undefined)[] = [
        await db.get<Uint8Array, Uint8Array>(first, encodings),
        db.getSync<Uint8Array, Uint8Array>(first, encodings),
        ...(await db.getMany<Uint8Array, Uint8Array>(keys, encodings)),
        ...(await db.iterator<Uint8Array, Uint8Array>(encodings).all()).flat(),
        ...(await db.keys<Uint8Array>(encodings).nextv(10)),
        ...(await db.values<Uint8Array, Uint8Array>(encodings).nextv(10)),
      ];
      const before = found.map((item) => Buffer.from(item ?? []));
      for (const [at, item] of found.entries()) {
        expect(Object.getPrototypeOf(item)).toBe(encoding === "buffer" ? Buffer.prototype : Uint8Array.prototype);
        item?.fill(0xff);
        const others = found.slice(at + 1).map((other) => Buffer.from(other ?? []));
        expect(isDeepStrictEqual(others, before.slice(at + 1))).toBe(true); // no two share bytes
      }
      const entries = await db.iterator<Buffer, Buffer>(asBuffers).all();
      expect(entries).toEqual(keys.map((key) => [key, bytes(size, (key[0] ?? 0) + 10)]));
    }
    await db.close();
  });

  it("and reads of an iterator share nothing with earlier ones", async () => {
    const db = await opened();
    const keys = Array.from({ length: 600 }, (_, at) => String(at).padStart(4, "0"));
    await db.batch(keys.map((key) => ({ type: "put", key, value: key.repeat(30) })));
    const iterator = db.iterator<Buffer, Buffer>(asBuffers);
    const found: [Buffer, Buffer][] = [];
    for (let more = await iterator.nextv(70); more.length > 0; more = await iterator.nextv(70)) found.push(...more);
    expect(found.map(([key, value]) => [String(key), String(value)])).toEqual(keys.map((key) => [key, key.repeat(30)]));
    await db.close();
  });
});

describe("text", () => {
  const texts = [
    "",
    "a",
    "ä",
    "日本",
    "😀",
    "\uFEFFa",
    "x".repeat(300),
    "é".repeat(6000),
    "😀".repeat(20_000),
    "\0",
    "a\0b",
  ];

  it("of any kind and length comes back, from every read", async () => {
    const db = await opened();
    for (const text of texts) await db.put(`key ${text.slice(0, 100)}`, text);
    for (const text of texts) {
      const key = `key ${text.slice(0, 100)}`;
      expect(await db.get(key)).toBe(text);
      expect(db.getSync(key)).toBe(text);
      expect(await db.has(key)).toBe(true);
    }
    const byBytes = texts
      .map((text) => [`key ${text.slice(0, 100)}`, text] as const)
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await db.iterator().all()).toEqual(byBytes);
    expect(await db.values().nextv(100)).toEqual(byBytes.map(([, text]) => text));
    await db.close();
  });

  it("is decoded entry by entry where bytes are no text", async () => {
    const db = await opened();
    // Two halves of one character, in entries that follow one another.
    const values = [Buffer.of(0x61, 0xe2), Buffer.of(0x82, 0xac, 0x62), Buffer.of(0xff), Buffer.of(0x63)];
    for (const [at, value] of values.entries()) {
      await db.put<string, Buffer>(`${at}`, value, { valueEncoding: "buffer" });
    }
    expect(await db.values().all()).toEqual(values.map(String));
    await db.close();
  });
});

const put = { type: "put", key: "a", value: "1" } as const;

describe("how long a write lasts", () => {
  const rows: readonly [options: object, rung: string][] = [
    [{}, "default"],
    [{ sync: false }, "default"],
    [{ sync: true }, "data"],
    [{ rung: "memory" }, "memory"],
    [{ rung: "os" }, "os"],
    [{ rung: "data" }, "data"],
    [{ rung: "full" }, "full"],
    [{ sync: true, rung: "full" }, "full"],
    [{ sync: true, rung: "data" }, "data"],
    [{ sync: false, rung: "os" }, "os"],
  ];

  it.each(rows)("is told with %j", async (options, rung) => {
    const db = await opened();
    await db.put("a", "1", options);
    await db.del("a", options);
    await db.batch([{ type: "put", key: "a", value: "1" }], options);
    await db.batch().put("a", "1").write(options);
    await db.clear(options);
    expect(db.disk.rungs).toEqual(Array.from({ length: 5 }, () => rung));
    await db.close();
  });

  it.each([
    [{ sync: true, rung: "os" }, TypeError, /sync: true contradicts rung: "os"/],
    [{ sync: false, rung: "data" }, TypeError, /sync: false contradicts rung: "data"/],
    [{ rung: "disk" }, RangeError, /rung must be one of memory, os, data, full, not disk/],
    [{ sync: "yes" }, TypeError, /sync must be a boolean, not yes/],
  ])("is refused with %j", async (options, errorClass, message) => {
    const db = await opened();
    const wrong = options as object;
    for (const write of [db.put("a", "1", wrong), db.del("a", wrong), db.batch().del("a").write(wrong)]) {
      const error = await write.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(errorClass);
      expect((error as Error).message).toMatch(message);
    }
    expect(db.disk.rungs).toEqual([]);
    await db.close();
  });
});

describe("options of single calls", () => {
  it.each([
    ["rnug", "rung"],
    ["rungs", "rung"],
    ["Sync", "sync"],
    ["fillcache", "fillCache"],
    ["snapshots", "snapshot"],
    ["valueEncodng", "valueEncoding"],
  ])("that are misspelled are refused: %s for %s", async (name, meant) => {
    const db = await opened();
    const wrong: object = { [name]: "data" };
    const message = `unknown option ${name}; did you mean ${meant}?`;
    const calls = [
      ...[() => db.put("a", "1", wrong), () => db.del("a", wrong), () => db.clear(wrong), () => db.batch([put], wrong)],
      ...[() => db.batch().del("a").write(wrong), () => db.get("a", wrong), () => db.getMany(["a"], wrong)],
      ...[() => db.has("a", wrong), () => db.hasMany(["a"], wrong), () => db.sublevel("sub").put("a", "1", wrong)],
      async () => void db.getSync("a", wrong),
      async () => void db.iterator(wrong),
      async () => void db.batch().put("a", "1", wrong),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(new TypeError(message));
    expect(db.disk.rungs).toEqual([]);
    await db.close();
  });

  it("are looked at in every call, unless nobody can have changed them", async () => {
    const db = await opened();
    await db.put("a", "1");
    const before = db.snapshot();
    await db.put("a", "2");
    const plain = Object.freeze({ keyEncoding: "utf8", valueEncoding: "utf8" });
    const options: { keyEncoding: "utf8"; valueEncoding: "utf8"; snapshot?: typeof before; fillcache?: boolean } = {
      ...{ keyEncoding: "utf8", valueEncoding: "utf8" },
    };
    const past = Object.freeze({ ...plain, snapshot: before });
    for (let round = 0; round < 2; round++) {
      expect([db.getSync("a"), db.getSync("a", plain), db.getSync("a", options)]).toEqual(["2", "2", "2"]);
      expect([db.getSync("a", past), db.getSync("a", past)]).toEqual(["1", "1"]);
    }
    options.snapshot = before;
    expect(db.getSync("a", options)).toBe("1");
    delete options.snapshot;
    expect(db.getSync("a", options)).toBe("2");
    options.fillcache = true;
    expect(() => db.getSync("a", options)).toThrow("did you mean fillCache");
    await db.close();
  });

  it("that nobody knows are let through, for hooks that read them", async () => {
    const db = await opened();
    await db.put("a", "1", { userland: 1, r: 2 } as object);
    expect(await db.get("a", { userland: 1, k: 2 } as object)).toBe("1");
    await db.close();
  });

  it("are of the whole batch where they say how long it lasts", async () => {
    const db = await opened();
    const message = /is an option of the batch, not of one operation in it/;
    await expect(db.batch([{ ...put, sync: true } as never])).rejects.toThrow(new RegExp(`sync ${message.source}`));
    await expect(db.batch([{ ...put, rung: "data" } as never])).rejects.toThrow(new RegExp(`rung ${message.source}`));
    const chained = db.batch();
    expect(() => chained.put("a", "1", { sync: true } as object)).toThrow(message);
    expect(() => chained.del("a", { rung: "full" } as object)).toThrow(message);
    await chained.write();
    expect(await db.keys().all()).toEqual([]);
    await db.close();
  });

  it("have no signal where nothing stops for it", async () => {
    const db = await opened();
    await db.put("a", "1");
    const stopped: object = { signal: AbortSignal.abort() };
    const message = "signal is an option of iterators, clear, compactRange, backup and verify only";
    const calls = [() => db.get("a", stopped), () => db.del("a", stopped), () => db.put("b", "1", stopped)];
    for (const call of calls) await expect(call()).rejects.toThrow(new TypeError(message));
    expect(await db.keys().all()).toEqual(["a"]);
    await db.close();
  });
});

it("leaves nothing of a batch that was refused to the next one", async () => {
  const db = await opened();
  const tooLong = "x".repeat(70_000);
  await expect(
    db.batch([
      { type: "put", key: "a", value: "1" },
      { type: "put", key: tooLong, value: "1" },
    ]),
  ).rejects.toThrow(/bytes of the key/);
  await db.batch([{ type: "put", key: "b", value: "2" }]);
  await db.batch([{ type: "put", key: "c", value: "3".repeat(2_000_000) }]);
  await db.batch([{ type: "del", key: "b" }]);
  expect(await db.keys().all()).toEqual(["c"]);
  const chained = db.batch().put("d", "4").clear().put("e", "5").del("c");
  expect(() => chained.put(tooLong, "1")).toThrow(/bytes of the key/);
  await chained.write();
  expect(await db.keys().all()).toEqual(["e"]);
  await db.close();
});

describe("failures of the engine", () => {
  const rows: readonly [cause: Error, code: string | undefined][] = [
    [new LsmError("LSM_CORRUPT", "damaged"), "LEVEL_CORRUPTION"],
    [new LsmError("LSM_WRONG_TABLE", "of another"), "LEVEL_CORRUPTION"],
    [new LsmError("LSM_NOT_A_TABLE", "something else"), "LEVEL_CORRUPTION"],
    [new LsmError("LSM_OUT_OF_ORDER", "not ascending"), "LEVEL_CORRUPTION"],
    [new LsmError("LSM_MISSING_TABLE", "gone"), "LEVEL_CORRUPTION"],
    [new LsmError("LSM_READ_FAILED", "no bytes"), "LEVEL_IO_ERROR"],
    [new LsmError("LSM_WRITE_FAILED", "no table"), "LEVEL_IO_ERROR"],
    [new LsmError("LSM_POISONED", "no more"), "LEVEL_IO_ERROR"],
    [new LsmError("LSM_NO_SPACE", "full"), "LEVEL_IO_ERROR"],
    [new LsmError("LSM_LOCKED", "elsewhere"), "LEVEL_LOCKED"],
    [new LsmError("LSM_READ_ONLY", "for reading"), "LEVEL_READONLY"],
    [new LsmError("LSM_NOT_FOUND", "none"), "LEVEL_NOT_FOUND"],
    [new LsmError("LSM_EXISTS", "there"), "LEVEL_EXISTS"],
    [new LsmError("LSM_CLOSED", "closed"), "LEVEL_DATABASE_NOT_OPEN"],
    [new LsmError("LSM_ABORTED", "stopped"), "LEVEL_ABORTED"],
    [new LsmError("LSM_SNAPSHOT_RELEASED", "closed"), "LEVEL_SNAPSHOT_NOT_OPEN"],
    [new LsmError("LSM_UNSUPPORTED", "later"), "LEVEL_NOT_SUPPORTED"],
    [new LsmError("LSM_UNSUPPORTED_CODEC", "no codec"), "LEVEL_NOT_SUPPORTED"],
    [new WalError("WAL_CORRUPT", "damaged"), "LEVEL_CORRUPTION"],
    [new WalError("WAL_POISONED", "no more"), "LEVEL_IO_ERROR"],
    [new WalError("WAL_CLOSED", "closed"), "LEVEL_DATABASE_NOT_OPEN"],
    [new WalError("WAL_ABORTED", "stopped"), "LEVEL_ABORTED"],
    [new WalError("WAL_NOT_FOUND", "no log"), "LEVEL_NOT_FOUND"],
    [fsError("FS_IO"), "LEVEL_IO_ERROR"],
    [fsError("FS_NO_SPACE"), "LEVEL_IO_ERROR"],
    [fsError("FS_LOCKED"), "LEVEL_LOCKED"],
    [fsError("FS_READ_ONLY"), "LEVEL_READONLY"],
    [new RangeError("wrong"), undefined],
    [new LevelError("LEVEL_EXISTS"), undefined],
  ];

  it.each(rows)("%s is %s", (cause, code) => {
    const error = levelErrorOf(cause);
    if (code === undefined) expect(error).toBe(cause);
    else expect(error).toMatchObject({ code, cause });
    expect((error as Error).message).not.toBe("");
  });

  it("have the code from every method, and the engine's error as cause", async () => {
    const db = await opened();
    await db.put("a", "1");
    const cause = new LsmError("LSM_CORRUPT", "a block is damaged", { file: "tables/1.sst" });
    db.disk.fail = () => {
      throw cause;
    };
    const failed = { code: "LEVEL_CORRUPTION", cause };
    await expect(db.get("a")).rejects.toMatchObject(failed);
    await expect(db.put("a", "1")).rejects.toMatchObject(failed);
    await expect(db.batch([{ type: "del", key: "a" }])).rejects.toMatchObject(failed);
    await expect(db.batch().del("a").write()).rejects.toMatchObject(failed);
    await expect(db.compactRange("a", "b")).rejects.toMatchObject(failed);
    expect(() => db.getSync("a")).toThrow(expect.objectContaining(failed));
    expect(() => db.iterator()).toThrow(expect.objectContaining(failed));
    db.disk.fail = () => {};
    expect(await db.get("a")).toBe("1");
    await db.close();
  });

  it("end a database that cannot be closed, unless it is for want of room", async () => {
    const db = await opened();
    const notClosed = { code: "LEVEL_DATABASE_NOT_CLOSED" };
    const failing = (cause: Error) => (call: string) => {
      if (call === "close") throw cause;
    };
    db.disk.fail = failing(new LsmError("LSM_NO_SPACE", "full"));
    await expect(db.close()).rejects.toMatchObject({ ...notClosed, cause: { code: "LEVEL_IO_ERROR" } });
    await db.put("a", "1");
    expect(await db.get("a")).toBe("1");
    db.disk.fail = failing(new LsmError("LSM_POISONED", "a barrier failed"));
    await expect(db.close()).rejects.toMatchObject({ ...notClosed, cause: { code: "LEVEL_IO_ERROR" } });
    await expect(db.get("a")).rejects.toMatchObject({ code: "LEVEL_DATABASE_NOT_OPEN" });
    await db.close();
    expect(db.status).toBe("closed");
  });

  it("are told by codes that are all listed", () => {
    expect(levelErrorCodes).toContain("LEVEL_EXISTS");
    for (const code of levelErrorCodes) expect(new LevelError(code).message).not.toBe("");
  });
});

function fsError(code: "FS_IO" | "FS_NO_SPACE" | "FS_LOCKED" | "FS_READ_ONLY"): FsError {
  return new FsError(code, "failed", { operation: "read", path: "/a" });
}

describe("reads at a snapshot", () => {
  it("see what there was, whatever is written meanwhile, from a sublevel too", async () => {
    const db = await opened();
    const sub = db.sublevel("sub");
    await sub.put("a", "1");
    const snapshot = sub.snapshot();
    const iterator = sub.iterator();
    const pending = [sub.put("a", "2"), sub.put("b", "2"), db.put("a", "root")];
    const late = sub.get("a", { snapshot });
    await Promise.all(pending);
    expect(await late).toBe("1");
    expect(sub.getSync("a", { snapshot })).toBe("1");
    expect(await sub.getMany(["a", "b"], { snapshot })).toEqual(["1", undefined]);
    expect(await sub.hasMany(["a", "b"], { snapshot })).toEqual([true, false]);
    expect(await iterator.all()).toEqual([["a", "1"]]);
    const options: LsmIteratorOptions<string, string> = { snapshot, fillCache: true };
    expect(await sub.iterator(options).all()).toEqual([["a", "1"]]);
    await sub.clear({ snapshot });
    expect(await sub.keys().all()).toEqual(["b"]);
    await snapshot.close();
    expect(db.disk.openSnapshots).toBe(0);
    await db.close();
  });

  it("refuse a snapshot of another database", async () => {
    const db = await opened();
    const other = await opened();
    await expect(db.get("a", { snapshot: other.snapshot() })).rejects.toThrow(/snapshot must be one of this database/);
    const foreign = new (AbstractSnapshot as unknown as new (options: object) => AbstractSnapshot)({ owner: db });
    expect(() => db.iterator({ snapshot: foreign })).toThrow(/snapshot must be one of this database/);
    await Promise.all([db.close(), other.close()]);
  });
});

describe("the constructor", () => {
  it("wants a path or a directory", () => {
    expect(() => new LsmLevel("")).toThrow(/location must be a path, or options.directory a Directory/);
    expect(() => new LsmLevel({} as never)).toThrow(TypeError);
    const directory = new Directory(new MemoryFs());
    expect(new LsmLevel({ directory }).location).toBe("");
    expect(new LsmLevel("name", { directory }).location).toBe("name");
    expect(new LsmLevel({ directory }).supports.permanence).toBe(false);
    expect(new LsmLevel("/somewhere").supports).toMatchObject({ permanence: true, getSync: true, has: true });
  });

  it.each([
    [[], /options must be an object/],
    [["/somewhere", null], /options must be an object/],
    [[{ directory: "/tmp" }], /directory must be a Directory/],
    [["/somewhere", { codec: "lz4" }], /codec must be a BlockCodec/],
    [["/somewhere", { codec: {} }], /codec must be a BlockCodec/],
    [["/somewhere", { codecs: 5 }], /codecs must be made with new BlockCodecs/],
  ] as [unknown[], RegExp][])("refuses %j by name", async (given, message) => {
    const refused = (make: () => unknown): void => {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(message);
    };
    refused(() => new LsmLevel(...(given as [string])));
    const [, options] = given;
    if (typeof options !== "object" || options === null) return;
    const opening = openEngine({ directory: new Directory(new MemoryFs()), ...options });
    await expect(opening).rejects.toThrow(message);
  });

  it("is followed by methods that refuse what is no signal", async () => {
    const db = await opened();
    const wrong = { signal: 5 } as never;
    await expect(db.compactRange("a", "b", wrong)).rejects.toThrow(new TypeError("signal must be an AbortSignal"));
    await db.close();
  });

  it.each(["blockRestartInterval", "multithreading"])("says of classic-level's %s that there is none here", (name) => {
    expect(() => new LsmLevel("/somewhere", { [name]: 1 })).toThrow(
      `${name} is an option of classic-level; here there is none`,
    );
  });

  /** What an open hands to the engine, whose own tests say what these do. */
  const engineOptionsOf = async (made: object, opened: object = {}): Promise<object> => {
    let options: object = {};
    class Listening extends LsmLevel {
      protected override openEngine(given: EngineOptions): ReturnType<typeof openEngine> {
        const { directory: _same, createIfMissing: _create, errorIfExists: _exists, ...others } = given;
        options = others;
        return super.openEngine(given) as ReturnType<typeof openEngine>;
      }
    }
    const db = new Listening({ directory: new Directory(new MemoryFs()), ...made });
    await db.open(opened);
    await db.close();
    return options;
  };

  it.each([
    ["cacheSize", "cacheBytes"],
    ["writeBufferSize", "writeBufferBytes"],
    ["blockSize", "blockBytes"],
    ["maxFileSize", "tableBytes"],
    ["maxOpenFiles", "maxOpenTables"],
  ])("takes classic-level's %s for %s, by itself", async (name, ours) => {
    expect(await engineOptionsOf({ [name]: 4321 })).toEqual({ [ours]: 4321 });
    expect(await engineOptionsOf({ [name]: 4321 }, { [name]: 54_321 })).toEqual({ [ours]: 54_321 });
    expect(() => new LsmLevel("/somewhere", { [name]: 1, [ours]: 1 })).toThrow(`${name} and ${ours} are one option`);
    await expect(engineOptionsOf({ [name]: "1" })).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining(ours) as unknown }) as unknown,
    });
  });

  it("takes classic-level's compression for a codec or none", async () => {
    expect(await engineOptionsOf({ compression: false })).toEqual({ codec: null });
    expect(await engineOptionsOf({ compression: true })).toEqual({ codec: undefined });
    expect(await engineOptionsOf({ compression: false }, { compression: true })).toEqual({ codec: undefined });
    expect(() => new LsmLevel("/somewhere", { compression: 0 } as never)).toThrow("compression must be a boolean");
    expect(() => new LsmLevel("/somewhere", { compression: true, codec: null })).toThrow(TypeError);
  });
});

describe("options of others", () => {
  it.each([
    ["cacheByte", "cacheBytes"],
    ["writebufferBytes", "writeBufferBytes"],
    ["createIfMising", "createIfMissing"],
    ["valueEncodng", "valueEncoding"],
    ["readonly", "readOnly"],
  ])("%s is refused: %s was meant", async (name, meant) => {
    const message = `unknown option ${name}; did you mean ${meant}?`;
    expect(() => new LsmLevel("/somewhere", { [name]: 1 })).toThrow(message);
    const failed = { code: "LEVEL_DATABASE_NOT_OPEN", cause: expect.objectContaining({ message }) as unknown };
    await expect(new ModelLevel().open({ [name]: 1 })).rejects.toMatchObject(failed);
  });

  it("are let through, for hooks that read them", async () => {
    const db = new ModelLevel({ userland: 1 } as object);
    const seen: unknown[] = [];
    db.hooks.postopen.add(async (options) => void seen.push(options));
    await db.open({ ours: 2 } as object);
    expect(seen).toEqual([{ createIfMissing: true, errorIfExists: false, userland: 1, ours: 2 }]);
    await db.close();
  });
});

describe("what only some databases have", () => {
  it("measures a range, opening or open", async () => {
    const db = new ModelLevel({});
    expect(await db.approximateSize("a", "z")).toBe(0);
    await db.put("b", "12345");
    expect(await db.approximateSize("a", "z")).toBe(6);
    expect(await db.approximateSize("61", "62", { keyEncoding: "hex" })).toBe(0);
    await expect(db.approximateSize("a", undefined as never)).rejects.toThrow(/end must be a key/);
    await db.close();
    await expect(db.approximateSize("a", "z")).rejects.toMatchObject({ code: "LEVEL_DATABASE_NOT_OPEN" });
  });

  it("compacts a range, opening or open", async () => {
    const db = new ModelLevel({});
    await db.compactRange("a", "b");
    await db.compactRange("62", "63", { keyEncoding: "hex" });
    expect(db.disk.compacted).toEqual([
      ["a", "b"],
      ["b", "c"],
    ]);
    await expect(db.compactRange("a", "b", { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
    await expect(db.compactRange(undefined as never, "b")).rejects.toThrow(/start must be a key/);
    await db.close();
    await expect(db.compactRange("a", "b")).rejects.toMatchObject({ code: "LEVEL_DATABASE_NOT_OPEN" });
  });

  it("reads at once when it is open, and not before", async () => {
    const db = new ModelLevel({ valueEncoding: "json" }) as ModelLevel<string, unknown>;
    expect(() => db.getSync("a")).toThrow(expect.objectContaining({ code: "LEVEL_DATABASE_NOT_OPEN" }));
    await db.put("a", { b: 1 });
    expect(db.getSync("a")).toEqual({ b: 1 });
    await db.close();
    expect(() => db.getSync("a")).toThrow(expect.objectContaining({ code: "LEVEL_DATABASE_NOT_OPEN" }));
  });
});

it("is a database like any other for whoever takes one", async () => {
  const db = new ModelLevel<string, number>({ valueEncoding: "json" });
  const general = db as unknown as AbstractLevel<string | Buffer | Uint8Array, string, number>;
  expect(general).toBeInstanceOf(AbstractLevel);
  const written: unknown[] = [];
  db.on("write", (operations: unknown[]) => written.push(...operations));
  db.hooks.prewrite.add((operation: { type: string; key: string }, batch: { add(operation: object): void }) => {
    if (operation.key === "a") batch.add({ type: "put", key: "by the hook", value: 2 });
  });
  await general.put("a", 1);
  expect(await general.iterator().all()).toEqual([
    ["a", 1],
    ["by the hook", 2],
  ]);
  expect(written).toHaveLength(2);
  await general.close();
});
