// LZ4 against lz4-napi, which is the Rust crate lz4_flex, and against what the reference program has compressed.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { compressSync, uncompressSync } from "lz4-napi";
import { expect, test } from "vitest";
import { decodeLz4 } from "../src/lz4-decoder.js";
import { Lz4Encoder } from "../src/lz4-encoder.js";
import { LsmError } from "../src/lsm-error.js";

const encoder = new Lz4Encoder();

/** Bytes that compress here and there: pieces of noise, runs, and pieces that were there before. */
const inputs: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((noise) => () => noise),
      fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 400 })).map(
        ([byte, length]) =>
          () =>
            new Uint8Array(length).fill(byte),
      ),
      fc.tuple(fc.nat({ max: 70_000 }), fc.nat({ max: 300 })).map(
        ([back, length]) =>
          (soFar: readonly number[]) =>
            Uint8Array.from(soFar.slice(Math.max(0, soFar.length - back)).slice(0, length)),
      ),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => {
    const bytes: number[] = [];
    for (const piece of pieces) bytes.push(...piece(bytes));
    return Uint8Array.from(bytes);
  });

function encode(bytes: Uint8Array, room = bytes.length + Math.ceil(bytes.length / 255) + 16): Uint8Array | undefined {
  const target = new Uint8Array(room + 8).fill(0xee);
  const end = encoder.encode(bytes, 0, bytes.length, target, 3, 3 + room);
  expect(Buffer.from(target.subarray(3 + room)).toString("hex")).toBe("ee".repeat(5)); // nothing behind the limit
  return end < 0 ? undefined : target.slice(3, end);
}

function decode(block: Uint8Array, size: number): Uint8Array {
  const target = new Uint8Array(size);
  decodeLz4(block, 0, block.length, target);
  return target;
}

/** lz4-napi puts the size in front of the block, as a u32. */
function withSize(block: Uint8Array, size: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(size);
  return Buffer.concat([prefix, block]);
}

test("what is compressed comes back, here and in lz4-napi", () => {
  fc.assert(
    fc.property(inputs, (bytes) => {
      const block = encode(bytes);
      if (block === undefined) throw new Error("there was room for the worst case");
      expect(decode(block, bytes.length)).toEqual(bytes);
      expect(Uint8Array.from(uncompressSync(withSize(block, bytes.length)))).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test("what lz4-napi compresses comes back here", () => {
  fc.assert(
    fc.property(inputs, (bytes) => {
      const block = compressSync(Buffer.from(bytes)).subarray(4);
      expect(decode(block, bytes.length)).toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

test("where there is no room the answer is no, and with exactly as much it is not", () => {
  fc.assert(
    fc.property(inputs, fc.nat({ max: 40 }), (bytes, less) => {
      const block = encode(bytes);
      if (block === undefined) throw new Error("there was room for the worst case");
      expect(encode(bytes, block.length)).toEqual(block);
      if (block.length > less + 1) expect(encode(bytes, block.length - less - 1)).toBeUndefined();
    }),
  );
});

test("what lies further back than an offset holds is not referred to", () => {
  const piece = Uint8Array.from({ length: 40 }, (_, at) => (at * 7919) % 251);
  for (const gap of [65_535 - 40, 65_536 - 40, 65_537 - 40, 70_000, 140_000]) {
    const bytes = Uint8Array.from([...piece, ...new Uint8Array(gap), ...piece, 1, 2, 3, 4, 5]);
    const block = encode(bytes) ?? new Uint8Array();
    expect(Buffer.compare(decode(block, bytes.length), bytes)).toBe(0);
    expect(Buffer.compare(uncompressSync(withSize(block, bytes.length)), bytes)).toBe(0);
  }
});

test("matches end where decoders that copy too much want them to", () => {
  // Five literals at the end at least, and no match that begins in the last twelve bytes.
  for (let size = 0; size < 40; size++) {
    const block = encode(new Uint8Array(size).fill(7));
    const token = block?.at(0) ?? 0;
    if (size < 13) expect(token).toBe(Math.min(size, 15) << 4);
    else expect(Buffer.from(block?.subarray(-5) ?? []).toString("hex")).toBe("07".repeat(5));
  }
});

interface Golden {
  readonly vectors: readonly {
    readonly name: string;
    readonly block: string;
    readonly raw: string;
    readonly repeat: number;
  }[];
}
const golden = JSON.parse(readFileSync(new URL("golden/lz4.json", import.meta.url), "utf8")) as Golden; // recorded

test.each(golden.vectors)("the reference program: $name", ({ block, raw, repeat }) => {
  const expected = Buffer.concat(Array.from({ length: repeat }, () => Buffer.from(raw, "hex")));
  const bytes = Uint8Array.from(Buffer.from(block, "hex"));
  expect(Buffer.from(decode(bytes, expected.length)).toString("hex")).toBe(expected.toString("hex"));
});

test("damaged blocks are refused by name, or decode to as many bytes as asked", () => {
  fc.assert(
    fc.property(inputs, fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 4000 }), (bytes, place, byte, size) => {
      const block = encode(bytes) ?? new Uint8Array();
      const damaged = block.slice(0, 1 + (place % (block.length + 1)));
      damaged[place % damaged.length] = byte;
      try {
        expect(decode(damaged, size)).toHaveLength(size);
      } catch (error) {
        if (!(error instanceof LsmError)) throw error;
        expect(error.code).toBe("LSM_CORRUPT");
        expect(error.context.offset).toBeLessThanOrEqual(damaged.length);
      }
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ["nothing", [], 0],
  ["a match before the beginning", [0x14, 1, 2, 0, 0x50, 1, 2, 3, 4, 5], 14],
  ["an offset of 0", [0x14, 1, 0, 0, 0x50, 1, 2, 3, 4, 5], 14],
  ["a match beyond the size", [0x1f, 1, 1, 0, 200, 0x50, 1, 2, 3, 4, 5], 30],
  ["a length without an end", [0xf0, 255, 255, 255], 4000],
  ["literals beyond the end", [0x50, 1, 2], 5],
  ["half an offset", [0x10, 1, 1], 6],
  ["bytes that are missing", [0x20, 1, 2], 3],
  ["bytes too many", [0x20, 1, 2], 1],
])("refused: %s", (_, block, size) => {
  expect(() => decode(Uint8Array.from(block), size)).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
});

test("views of one buffer are told apart by where they begin and by how long they are, on either side", () => {
  const shared = Uint8Array.from({ length: 800 }, (_, at) => (at < 400 ? at % 7 : (at * at) % 251));
  const room = new Uint8Array(4000);
  const own = new Lz4Encoder();
  for (const [from, to, at] of [
    [0, 200, 0],
    [400, 600, 0], // as long, elsewhere
    [400, 800, 0], // from there, longer
    [400, 800, 1000], // the same, into a place of the same length elsewhere
    [0, 400, 1000],
  ] as const) {
    const source = shared.subarray(from, to);
    const target = room.subarray(at, at + 1000);
    const end = own.encode(source, 0, source.length, target, 0, target.length);
    expect(decode(target.slice(0, end), source.length)).toEqual(source);
  }
  const longer = room.subarray(1000, 3000); // from where the last one was, with more room: the literals need it
  const noise = Uint8Array.from(createHash("shake256", { outputLength: 1500 }).update("noise").digest());
  const end = own.encode(noise, 0, noise.length, longer, 0, longer.length);
  expect(end).toBeGreaterThan(1000);
  expect(decode(longer.slice(0, end), noise.length)).toEqual(noise);
});

test("a large source and target are not kept in memory by whoever has compressed them", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const own = new Lz4Encoder();
  const refs = ((): WeakRef<ArrayBuffer>[] => {
    const source = new Uint8Array(3 * 1024 * 1024);
    const target = new Uint8Array(2 * 1024 * 1024);
    own.encode(source, 0, source.length, target, 0, target.length);
    return [new WeakRef(source.buffer), new WeakRef(target.buffer)];
  })();
  await new Promise((resolve) => setImmediate(resolve)); // a reference that was just made holds until the end of its turn
  collect();
  expect(refs.map((ref) => ref.deref()?.byteLength)).toEqual([undefined, undefined]);
  expect(own.encode(new Uint8Array(9), 0, 9, new Uint8Array(20), 0, 20)).toBeGreaterThan(0); // it is still there
});
