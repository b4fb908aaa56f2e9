// Wrong arguments are named, and change nothing.
import { describe, expect, test } from "vitest";
import { crc32, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { Sdx4Builder, openSdx4, type Sdx4Entry } from "../src/index.js";
import { coverage, encode, errorOf, open, readAll } from "./support/sdx4-entries.js";
import { takeApart, viewOf } from "./support/sdx4-parts.js";
import { plainEntries, plainEntry, plainFooter, richEntries } from "./support/sdx4-samples.js";

const wrong = (value: unknown): never => value as never; // what only a caller without types can pass

describe("an entry", () => {
  const bad: readonly (readonly [keyof Sdx4Entry, unknown, RegExp])[] = [
    ...(["sequence", "frameOffset", "revision", "timestampUs"] as const).flatMap((name) => [
      [name, -1, new RegExp(name)] as const,
      [name, 2 ** 53, new RegExp(name)] as const,
      [name, 1.5, new RegExp(name)] as const,
      [name, undefined, new RegExp(name)] as const,
    ]),
    ...(["frameLength", "batchIndex", "lane", "depth"] as const).map(
      (name) => [name, 2 ** 32, new RegExp(`${name} must be a whole number from 0 to 4294967295`)] as const,
    ),
    ...(["kind", "flags"] as const).map(
      (name) => [name, 65_536, new RegExp(`${name} must be a whole number from 0 to 65535`)] as const,
    ),
    ["eventId", new Uint8Array(15), /eventId must have 16 bytes, not 15/],
    ["eventId", "id", /eventId must be a Uint8Array/],
    ["hash", new Uint8Array(31), /hash must have 32 bytes/],
    ["correlationId", new Uint8Array(17), /correlationId must have 16 bytes/],
    ["causationId", new Uint8Array(0), /causationId must have 16 bytes/],
    ["entity", "x".repeat(1025), /entity must have at most 1024 bytes of UTF-8, not 1025/],
    ["scope", "é".repeat(513), /scope must have at most 1024 bytes of UTF-8, not 1026/],
    ["entity", 7, /entity must be a string/],
    ["scope", "\ud800", /scope must not hold half a surrogate pair/],
  ];

  test.each(bad)("%s %s", (name, value, message) => {
    const builder = new Sdx4Builder();
    builder.add(plainEntry(0));
    const before = builder.encode(coverage);
    expect(() => builder.add({ ...plainEntry(1, { entity: "never seen" }), [name]: wrong(value) })).toThrow(message);
    expect(builder.entryCount).toBe(1);
    expect(Buffer.compare(builder.encode(coverage), before)).toBe(0);
  });

  test("sequences ascend, frames do not go back, and a frame ends below 2^53", () => {
    const builder = new Sdx4Builder();
    builder.add(plainEntry(3));
    expect(() => builder.add(plainEntry(4, { sequence: 106 }))).toThrow(/sequence must be a whole number from 107/);
    expect(() => builder.add(plainEntry(4, { frameOffset: 183 }))).toThrow(
      /frameOffset must be a whole number from 184/,
    );
    const far = { frameOffset: Number.MAX_SAFE_INTEGER - 39, frameLength: 40 };
    expect(() => builder.add(plainEntry(4, far))).toThrow(RangeError);
    builder.add(plainEntry(4, { ...far, frameLength: 39, sequence: Number.MAX_SAFE_INTEGER }));
    expect(() => builder.add(plainEntry(5, { ...far, sequence: Number.MAX_SAFE_INTEGER }))).toThrow(/sequence/);
    expect(builder.entryCount).toBe(2);
  });

  test("is copied: its bytes may be used again", () => {
    const [eventId, hash, correlationId, causationId] = [16, 32, 16, 16].map((size) => new Uint8Array(size).fill(size));
    const builder = new Sdx4Builder();
    builder.add(plainEntry(0, { eventId: eventId ?? wrong(0), hash, correlationId, causationId }));
    for (const bytes of [eventId, hash, correlationId, causationId]) bytes?.fill(0xff);
    const sixteen = new Uint8Array(16).fill(16);
    expect(open(builder.encode(coverage)).readEntry(0)).toMatchObject({
      ...{ eventId: sixteen, correlationId: sixteen, causationId: sixteen },
      hash: new Uint8Array(32).fill(32),
    });
  });

  test("of a later block keeps nothing of the entry that stood in its place", () => {
    const entries = [...richEntries, ...plainEntries(2048).slice(12)];
    expect(readAll(open(encode(entries)))).toEqual(entries);
    const first = { hash: new Uint8Array(32).fill(1), causationId: new Uint8Array(16).fill(2) };
    const last = { hash: new Uint8Array(32).fill(3), causationId: new Uint8Array(16).fill(4) };
    const changes = new Map([...[0, 1, 2, 3, 4].map((at) => [at, first] as const), [1029, last]]);
    const mixed = plainEntries(1030).map((_, at) => plainEntry(at, changes.get(at)));
    expect(readAll(open(encode(mixed)))).toEqual(mixed);
  });

  test.each([
    ["hash", { hash: new Uint8Array(32).fill(1) }, 32],
    ["correlation", { correlationId: new Uint8Array(16).fill(1) }, 16],
    ["cause", { causationId: new Uint8Array(16).fill(1) }, 16],
  ])("with a %s makes its own block longer, and no other", (_, change, width) => {
    const entries = plainEntries(2048).map((entry, at) => (at === 7 ? { ...entry, ...change } : entry));
    expect(encode(entries).length - encode(plainEntries(2048)).length).toBe(1024 * width);
  });

  test("whose correlation differs from the event id makes a block keep those of all", () => {
    const entries = plainEntries(6).map((entry, at) =>
      at === 3 ? { ...entry, correlationId: new Uint8Array(16).fill(9) } : entry,
    );
    expect(readAll(open(encode(entries)))).toEqual(entries);
  });
});

describe("options", () => {
  test("of the builder", () => {
    expect(() => new Sdx4Builder(wrong({ maxByte: 5 }))).toThrow('Sdx4Builder: unknown option "maxByte"');
    for (const maxBytes of [31, 2 ** 32, 1.5]) expect(() => new Sdx4Builder({ maxBytes })).toThrow(/^maxBytes must be/);
    expect(new Sdx4Builder({ maxBytes: 32 }).encode(coverage)).toHaveLength(32);
  });

  test("of encode", () => {
    const builder = new Sdx4Builder();
    builder.add(plainEntry(0));
    const encodeWith =
      (changes: object): (() => unknown) =>
      () =>
        builder.encode({ ...coverage, ...changes });
    expect(encodeWith({ covered: 1 })).toThrow('encode: unknown option "covered"');
    expect(encodeWith({ coveredBytes: 103 })).toThrow(/^coveredBytes must be a whole number from 104/);
    expect(encodeWith({ coveredBytes: 104 })).not.toThrow();
    for (const name of ["segmentCrc", "chain", "reserveBytes"]) {
      expect(encodeWith({ [name]: -1 })).toThrow(new RegExp(`^${name} must be a whole number from 0 to 4294967295`));
      expect(encodeWith({ [name]: 2 ** 32 })).toThrow(RangeError);
    }
    expect(encodeWith({ coveredBytes: undefined })).toThrow(RangeError);
  });

  test("a footer longer than it may be", () => {
    const { length } = plainFooter(100);
    const builder = (maxBytes: number): Sdx4Builder => {
      const made = new Sdx4Builder({ maxBytes });
      for (const entry of plainEntries(100)) made.add(entry);
      return made;
    };
    expect(builder(length).encode(coverage)).toHaveLength(length);
    const { code, context } = errorOf(() => builder(length - 1).encode(coverage));
    expect([code, context.expected, context.actual]).toEqual(["SIDX_TOO_LARGE", length - 1, length]);
  });

  test("of opening", () => {
    const bytes = plainFooter(1);
    expect(() => openSdx4(bytes, wrong({ tail: 1 }))).toThrow('openSdx4: unknown option "tail"');
    for (const tailBytes of [31, 2 ** 32, 0.5]) {
      expect(() => openSdx4(bytes, { tailBytes })).toThrow(/^tailBytes must be/);
    }
    for (const sizeBytes of [-1, 1.5, NaN, undefined]) {
      expect(() => openSdx4({ ...sourceOf(bytes), sizeBytes: wrong(sizeBytes) })).toThrow(/^sizeBytes must be/);
    }
  });

  test("of looking up", () => {
    const footer = open(plainFooter(3));
    expect(() => footer.findEventId(new Uint8Array(15))).toThrow(/^eventId must have 16 bytes/);
    for (const number of [-1, 1.5, 2 ** 53]) expect(() => footer.findSequence(number)).toThrow(/^sequence must be/);
    for (const ordinal of [-1, 3, 0.5]) {
      expect(() => footer.viewRows(ordinal)).toThrow(/^ordinal must be a whole number from 0 to 2/);
      expect(() => footer.valueOf("kind", ordinal)).toThrow(/^ordinal/);
      expect(() => footer.readEntry(ordinal)).toThrow(/^ordinal/);
    }
    for (const place of [-1, 5, 0.5]) {
      expect(() => footer.text(place)).toThrow(/^place must be a whole number from 0 to 4/);
      expect(() => footer.viewText(place)).toThrow(/^place must be a whole number from 0 to 4/);
    }
    expect(() => footer.findText(wrong(1))).toThrow(/^text must be a string/);
    expect(footer.findText("nobody")).toBe(-1);
    expect(() => footer.valueOf(wrong("kinds"), 0)).toThrow(/^column must be one of sequence, scope, .*, not kinds/);
    expect(() => footer.viewRows(0).viewBytes(wrong("id"))).toThrow(/^column must be one of eventId, hash, .*, not id/);
  });

  test("of selecting", () => {
    const footer = open(plainFooter(3));
    expect(() => footer.select(wrong({ entities: "x" }))).toThrow('select: unknown option "entities"');
    for (const name of ["fromSequence", "beforeSequence", "fromTimestampUs", "beforeTimestampUs", "kind", "lane"]) {
      expect(() => footer.select({ [name]: -1 })).toThrow(new RegExp(`^${name} must be a whole number`));
    }
    expect(() => footer.select({ entity: wrong(1) })).toThrow(TypeError);
    expect(footer.select({ fromTimestampUs: 0, beforeTimestampUs: 0 }).next()).toBe(false);
  });
});

describe("a source", () => {
  /** The bytes as a file, and how often and how much of it was read. */
  function counted(bytes: Uint8Array): ByteSource & { readonly reads: number[] } {
    const source = sourceOf(bytes);
    const reads: number[] = [];
    const readAt = (target: Uint8Array, offset: number): number => {
      reads.push(target.length);
      return source.readAt(target, offset);
    };
    return { sizeBytes: bytes.length, readAt, reads };
  }

  test("is read three times to open a footer of 20 000 entries and find one by id, twice by sequence", () => {
    const bytes = plainFooter(20_000);
    expect(bytes.length).toBeGreaterThan(3 * 128 * 1024);
    const source = counted(bytes);
    expect(openSdx4(source)?.entryCount).toBe(20_000);
    expect(source.reads.splice(0)).toEqual([128 * 1024]);
    const footer = openSdx4(source, { tailBytes: 4096 });
    expect(source.reads).toEqual([4096]);
    expect(footer?.findEventId(plainEntry(12_345).eventId)).toBe(12_345);
    expect(footer?.valueOf("frameOffset", 12_345)).toBe(64 + 40 * 12_345);
    expect(source.reads).toHaveLength(3);
    expect(footer?.findSequence(100 + 2 * 7777)).toBe(7777);
    expect(source.reads).toHaveLength(4);
    expect(Math.max(...source.reads.slice(1))).toBeLessThan(192 * 1024);
    const stranger = new Uint8Array(16);
    expect(footer?.findEventId(stranger)).toBe(-1);
    expect(source.reads.length).toBeLessThanOrEqual(6);
  });

  test("is not read for an event id whose key no block has", () => {
    const bytes = plainFooter(20_000);
    const firstKey = viewOf(takeApart(bytes).records[20]).getUint32(8, true); // behind 20 blocks of rows
    const words = new Uint32Array(4);
    while (crc32(new Uint8Array(words.buffer)) >= firstKey) words[0] = (words[0] ?? 0) + 1;
    const source = counted(bytes);
    expect(openSdx4(source, { tailBytes: 4096 })?.findEventId(new Uint8Array(words.buffer))).toBe(-1);
    expect(source.reads).toEqual([4096]);
  });

  test("is read once for a small footer, whatever is asked", () => {
    const source = counted(Buffer.concat([new Uint8Array(300), plainFooter(500)]));
    const footer = openSdx4(source);
    if (footer === undefined) throw new Error("there is a footer");
    expect(readAll(footer)).toEqual(plainEntries(500));
    expect(footer.findEventId(plainEntry(321).eventId)).toBe(321);
    footer.checkAll();
    expect(source.reads).toHaveLength(1);
  });

  test("is read twice where the root is longer than the tail, and the rest by blocks", () => {
    const source = counted(plainFooter(9000));
    const footer = openSdx4(source, { tailBytes: 32 });
    if (footer === undefined) throw new Error("there is a footer");
    expect(source.reads).toHaveLength(2);
    expect(readAll(footer)).toEqual(plainEntries(9000));
    footer.checkAll();
  });

  test("of which a selection reads only blocks whose zones admit a match", () => {
    const source = counted(plainFooter(20_000));
    const footer = openSdx4(source, { tailBytes: 4096 });
    const found = (filter: Parameters<NonNullable<typeof footer>["select"]>[0]): readonly [number, number] => {
      const [before, selection] = [source.reads.length, footer?.select(filter)];
      let count = 0;
      while (selection?.next() === true) count += 1;
      return [count, source.reads.length - before];
    };
    expect(found({})).toEqual([20_000, 0]);
    expect(found({ fromSequence: 100 + 2 * 5000, beforeSequence: 100 + 2 * 5010 })).toEqual([10, 1]);
    expect(
      found({ fromTimestampUs: 1_700_000_000_000_000 + 1020, beforeTimestampUs: 1_700_000_000_000_000 + 1030 }),
    ).toEqual([10, 2]);
    expect(found({ kind: 7 })).toEqual([0, 0]);
    expect(found({ lane: 9 })).toEqual([0, 0]);
  });

  test("that ends early, or fails, says so itself", () => {
    const bytes = plainFooter(9000);
    const short = { sizeBytes: bytes.length, readAt: (): number => 0 };
    expect(() => openSdx4(short)).toThrow(expect.objectContaining({ code: "CODEC_SHORT_SOURCE" }));
    const failure = new Error("the disk is gone");
    const source = counted(bytes);
    const footer = openSdx4(source, { tailBytes: 4096 });
    source.readAt = () => {
      throw failure;
    };
    expect(() => footer?.checkAll()).toThrow(failure);
  });
});
