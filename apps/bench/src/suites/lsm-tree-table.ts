import { lz4Codec, encodeBloomFilter, BloomFilter, BlockBuilder, MergeIterator } from "@holdfast/lsm-tree/format";
import { compressSync, uncompressSync } from "lz4-napi";
import { crc32 } from "@holdfast/segment-codec";
import { compare, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";
import { entriesOf, hashKeyOfBench, hashOf, keyOf, tableOf } from "./lsm-tree-entries.js";

/** What tables cost, each against the least that the same bytes cost anyway. */
export const lsmTablePart: Part = {
  name: "table",
  measure({ quick }): Row[] {
    const count = quick ? 30_000 : 200_000;
    const rounds = { rounds: quick ? 3 : 7 };
    const entries = entriesOf(count);
    const builder = new BlockBuilder(16);
    const copy = new Uint8Array(0x1_0000);
    const encode = interleave(
      [
        once("blocks and CRC", count, () => {
          for (const entry of entries) {
            builder.add(entry);
            if (builder.rawBytes < 4096) continue;
            crc32(builder.bytes, 0, builder.finish());
            builder.reset();
          }
          builder.reset();
        }),
        once("copies and CRC", count, () => {
          let at = 0;
          for (const { keyBytes, valueBytes } of entries) {
            copy.set(keyBytes, at);
            copy.set(valueBytes, at + 16);
            at += 116;
            if (at < 4096) continue;
            crc32(copy, 0, at);
            at = 0;
          }
        }),
      ],
      rounds,
    );
    const table = tableOf(entries, { codec: null });
    const cursor = table.cursor({ fillCache: false });
    const scan = interleave(
      [
        once("forward", count, () => {
          let seen = 0;
          for (cursor.first(); cursor.valid; cursor.next()) seen += cursor.valueEnd - cursor.valueStart;
          if (seen !== count * 100) throw new Error(`${seen} bytes of values`);
        }),
        once("reverse", count, () => {
          let seen = 0;
          for (cursor.last(); cursor.valid; cursor.prev()) seen += cursor.valueEnd - cursor.valueStart;
          if (seen !== count * 100) throw new Error(`${seen} bytes of values`);
        }),
      ],
      rounds,
    );
    const wanted = scatter(50_000, count);
    const keys = Array.from(wanted, (index) => keyOf(index * 2));
    const map = new Map(
      entries.map(({ keyBytes, valueBytes }) => [Buffer.from(keyBytes.buffer).toString("latin1"), valueBytes]),
    );
    const get = interleave(
      [
        once("table", keys.length, () => {
          for (const key of keys) if (table.find(key, hashOf(key), count) === undefined) throw new Error("lost");
        }),
        once("Map", keys.length, () => {
          for (const key of keys) {
            if (map.get(Buffer.from(key.buffer).toString("latin1")) === undefined) throw new Error("lost");
          }
        }),
      ],
      rounds,
    );
    const absent = Array.from(wanted, (index) => keyOf(index * 2 + 1));
    const [miss] = interleave(
      [
        once("table", absent.length, () =>
          absent.reduce((sum, key) => sum + (table.find(key, hashOf(key), count) === undefined ? 0 : 1), 0),
        ),
      ],
      rounds,
    );
    const parts = [0, 1, 2, 3].map((part) =>
      tableOf(
        entries.filter((_, at) => at % 4 === part),
        { codec: null },
      ),
    );
    const [merge] = interleave(
      [
        once("4 tables", count, () => {
          const merged = new MergeIterator(
            parts.map((each) => each.cursor({ fillCache: false })),
            "forward",
          );
          for (merged.start(); merged.current !== undefined; merged.next());
        }),
      ],
      rounds,
    );
    const built = interleave(
      [once("LZ4", count, () => tableOf(entries)), once("stored", count, () => tableOf(entries, { codec: null }))],
      rounds,
    );
    return [
      compare({ id: "table/encode", workload: "encode blocks of 4 KiB and their CRC" }, encode[0]!, encode[1]!, {
        of: "time",
      }),
      compare({ id: "table/scan", workload: "scan a resident table, CRC included" }, scan[0]!, scan[1]!, {
        of: "speed",
      }),
      compare({ id: "table/get", workload: "get from a resident table" }, get[0]!, get[1]!, { of: "time" }),
      { id: "table/miss", workload: "get of a key that is not there", ours: figureOf(miss!) },
      { id: "table/merge", workload: "merge four tables", ours: figureOf(merge!) },
      compare({ id: "table/build", workload: "build a table, filter and index included" }, built[0]!, built[1]!, {
        of: "time",
      }),
      ...filterRows(count, rounds),
      ...lz4Rows(quick, rounds),
    ];
  },
};

function filterRows(count: number, rounds: { readonly rounds: number }): Row[] {
  const hashes = Int32Array.from({ length: count }, (_, at) => hashOf(keyOf(at)));
  const others = Int32Array.from({ length: count }, (_, at) => hashOf(keyOf(at + count)));
  const policy = { bitsPerKey: 10, hashKey: hashKeyOfBench };
  const filter = new BloomFilter(encodeBloomFilter(hashes, count, policy));
  const set = new Set(hashes);
  const [build] = interleave([once("blocked Bloom", count, () => encodeBloomFilter(hashes, count, policy))], rounds);
  const probe = (name: string, asked: Int32Array, has: (hash: number) => boolean): Contestant =>
    once(name, count, () => {
      let found = 0;
      for (const hash of asked) if (has(hash)) found += 1;
      return found;
    });
  const hit = interleave(
    [probe("blocked Bloom", hashes, (hash) => filter.mayContain(hash)), probe("Set", hashes, (hash) => set.has(hash))],
    rounds,
  );
  const miss = interleave(
    [probe("blocked Bloom", others, (hash) => filter.mayContain(hash)), probe("Set", others, (hash) => set.has(hash))],
    rounds,
  );
  return [
    { id: "filter/build", workload: "build a filter from hashes", ours: figureOf(build!) },
    compare({ id: "filter/hit", workload: "ask for a key that is there" }, hit[0]!, hit[1]!, { of: "speed" }),
    compare({ id: "filter/miss", workload: "ask for a key that is not" }, miss[0]!, miss[1]!, { of: "speed" }),
  ];
}

function lz4Rows(quick: boolean, rounds: { readonly rounds: number }): Row[] {
  const builder = new BlockBuilder(16);
  for (const entry of entriesOf(36)) builder.add(entry);
  const raw = builder.bytes.slice(0, builder.finish());
  const target = new Uint8Array(raw.length * 2);
  const stored = target.slice(0, lz4Codec.encode(raw, 0, raw.length, target, 0, target.length));
  const native = compressSync(Buffer.from(raw));
  const out = new Uint8Array(raw.length);
  const times = quick ? 500 : 3000;
  const repeat = (name: string, run: () => unknown): Contestant =>
    once(name, times, () => {
      for (let left = times; left > 0; left--) run();
    });
  const source = Buffer.from(raw);
  const compress = interleave(
    [
      repeat("TypeScript", () => lz4Codec.encode(raw, 0, raw.length, target, 0, target.length)),
      repeat("lz4-napi", () => compressSync(source)),
    ],
    rounds,
  );
  const decompress = interleave(
    [
      repeat("TypeScript", () => lz4Codec.decode(stored, 0, stored.length, out)),
      repeat("lz4-napi", () => uncompressSync(native)),
    ],
    rounds,
  );
  const note = `a block of ${raw.length} bytes to ${stored.length} here, ${native.length - 4} there`;
  return [
    compare({ id: "lz4/compress", workload: "compress a block of 4 KiB", note }, compress[0]!, compress[1]!, {
      of: "speed",
    }),
    compare({ id: "lz4/decompress", workload: "decompress it" }, decompress[0]!, decompress[1]!, { of: "speed" }),
  ];
}

function once(name: string, operations: number, run: () => unknown): Contestant {
  return { name, operations, prepare: () => ({ run: () => void run() }) };
}
