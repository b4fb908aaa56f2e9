// Laws 2, 3, 6, 8, 9, 10 and 13 for whole tables, against the list of entries itself.
import { scanSegment, readSegmentHeader, sourceOf } from "@holdfast/segment-codec";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  brotliCodec,
  deflateCodec,
  lz4Codec,
  TableBuilder,
  tableFrameKinds,
  verifyTable,
  type BlockCache,
  type TableReader,
} from "../src/format-entry.js";
import type { TableBuilderOptions } from "../src/format-entry.js";
import {
  backward,
  bytesOf,
  compareEntries,
  crowdedKeys,
  entryOf,
  forward,
  isSame,
  keys,
  lowerBound,
  sorted,
  versionAt,
  viewOf,
  writes,
  type Entry,
} from "./support/entries.js";
import { buildTable, hashOf, identity, openTable } from "./support/tables.js";

/** Settings so small that a few entries make many blocks. */
const settings: fc.Arbitrary<Partial<TableBuilderOptions>> = fc.record({
  blockBytes: fc.constantFrom(1, 40, 100, 4096),
  restartInterval: fc.constantFrom(1, 2, 16, 255),
  codec: fc.constantFrom(null, lz4Codec, deflateCodec, brotliCodec),
  filterBitsPerKey: fc.constantFrom(0, 1, 10),
  bufferBytes: fc.constantFrom(1, 300, 0x4_0000),
  nonce: fc.nat(),
});

const anyEntries = fc.oneof(
  sorted(),
  writes(80, crowdedKeys).map((entries) => entries.toSorted(compareEntries)),
);

function seqnosOf(entries: readonly Entry[]): { minSeqno: number; maxSeqno: number } {
  const seqnos = entries.map(({ seqno }) => seqno);
  return seqnos.length === 0
    ? { minSeqno: 0, maxSeqno: 0 }
    : { minSeqno: Math.min(...seqnos), maxSeqno: Math.max(...seqnos) };
}

test("law 3: what was added comes back, forward and backward, and the table verifies", () => {
  fc.assert(
    fc.property(sorted(), settings, (entries, options) => {
      const { bytes, summary } = buildTable(entries, options);
      const table = openTable(bytes, { bytes: summary.bytes, chain: summary.chain });
      expect(bytes).toHaveLength(summary.bytes);
      expect(forward(table.cursor())).toEqual(entries);
      expect(backward(table.cursor())).toEqual(entries.toReversed());
      verifyTable(table);
    }),
    { numRuns: 150 },
  );
});

test("law 9: properties and columns of the index say what is there", () => {
  fc.assert(
    fc.property(sorted(), settings, (entries, options) => {
      const origin = { firstLsn: 5, lastLsn: 9, level: 3, createdMs: 1_700_000_000_000 };
      const { bytes, summary } = buildTable(entries, { ...options, ...origin });
      const table = openTable(bytes);
      const sum = (of: (entry: Entry) => number): number => entries.reduce((total, entry) => total + of(entry), 0);
      expect(table.properties).toEqual({
        ...origin,
        ...seqnosOf(entries),
        entryCount: entries.length,
        deleteCount: sum(({ value }) => (value === undefined ? 1 : 0)),
        keyBytes: sum(({ key }) => key.length),
        valueBytes: sum(({ value }) => value?.length ?? 0),
        rawDataBytes: table.properties.rawDataBytes,
        smallest: entries[0]?.key ?? new Uint8Array(),
        largest: entries.at(-1)?.key ?? new Uint8Array(),
      });
      expect(summary.properties).toEqual(table.properties);
      let from = 0;
      for (let block = 0; block < table.index.blockCount; block++) {
        const part = entries.slice(from, from + table.index.entryCounts[block]!);
        expect({ minSeqno: table.index.minSeqnos[block], maxSeqno: table.index.maxSeqnos[block] }).toEqual(
          seqnosOf(part),
        );
        from += part.length;
      }
      expect(from).toBe(entries.length);
    }),
    { numRuns: 100 },
  );
});

test("law 8: separators part the blocks, and every version is found at every snapshot", () => {
  fc.assert(
    fc.property(anyEntries, settings, keys, (entries, options, stranger) => {
      const table = openTable(buildTable(entries, options).bytes);
      let from = 0;
      for (let block = 0; block < table.index.blockCount; block++) {
        from += table.index.entryCounts[block]!;
        const separator = table.index.separator(block);
        const last = entries[from - 1]!.key;
        const next = entries[from]?.key;
        expect(Buffer.compare(last, separator)).toBeLessThanOrEqual(0);
        if (next === undefined || Buffer.compare(last, next) === 0) expect(separator).toEqual(last);
        else expect(Buffer.compare(separator, next)).toBe(-1);
      }
      for (const key of [stranger, ...entries.map((entry) => entry.key)]) {
        for (const seqno of [0, 3, 75, 300_000, ...entries.map((entry) => entry.seqno)]) {
          const found = table.find(key, hashOf(key), seqno);
          expect(found === undefined ? undefined : entryOf(found)).toEqual(versionAt(entries, key, seqno));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test("every place is found, and from there both neighbours", () => {
  fc.assert(
    fc.property(anyEntries, settings, keys, (entries, options, stranger) => {
      const cursor = openTable(buildTable(entries, options).bytes).cursor();
      const targets = [...entries, ...[-1, 4, Number.MAX_SAFE_INTEGER].map((seqno) => ({ key: stranger, seqno }))];
      for (const { key, seqno } of targets) {
        const at = lowerBound(entries, key, seqno);
        cursor.seek(key, seqno);
        expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at]);
        if (cursor.valid) cursor.next();
        expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at + 1]);
        cursor.seekBefore(key, seqno);
        expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at - 1]);
        if (cursor.valid) cursor.prev();
        expect(cursor.valid ? entryOf(cursor) : undefined).toEqual(entries[at - 2]);
      }
    }),
    { numRuns: 80 },
  );
});

test("a table is a segment like any other: a scan goes through it without its index", () => {
  fc.assert(
    fc.property(sorted(), settings, (entries, options) => {
      const { bytes, summary } = buildTable(entries, options);
      const kinds: number[] = [];
      let last = 0;
      const { end, nextLsn } = scanSegment(bytes, readSegmentHeader(sourceOf(bytes)), {
        onFrame(frame) {
          kinds.push(frame.kind);
          last = frame.chain >>> 0;
        },
      });
      expect(end.kind).toBe("clean");
      expect(nextLsn).toBe(entries.length + 1); // frames of data take an LSN for each entry
      expect(last).toBe(summary.chain);
      expect(kinds.slice(-3)).toEqual([tableFrameKinds.index, tableFrameKinds.properties, tableFrameKinds.trailer]);
    }),
    { numRuns: 50 },
  );
});

test("law 2: an entry that is not behind the one before is refused, and changes nothing", () => {
  fc.assert(
    fc.property(
      sorted().filter((entries) => entries.length > 1),
      fc.nat(),
      (entries, place) => {
        const at = 1 + (place % (entries.length - 1));
        const swapped = entries.with(at, entries[at - 1]!).with(at - 1, entries[at]!);
        const outOfOrder = expect.objectContaining({ code: "LSM_OUT_OF_ORDER" });
        expect(() => buildTable(swapped)).toThrow(outOfOrder);
        expect(() => buildTable([...entries, entries.at(-1)!])).toThrow(outOfOrder);
      },
    ),
  );
});

test("law 13: a cache that forgets at random gives the same answers as none", () => {
  fc.assert(
    fc.property(sorted(), sorted(), fc.infiniteStream(fc.boolean()), (one, other, forgets) => {
      const kept = new Map<string, Uint8Array>();
      const cache: BlockCache = {
        get: (table, block) => kept.get(`${table}/${block}`),
        put(table, block, bytes) {
          if (forgets.next().value === true) kept.clear();
          kept.set(`${table}/${block}`, bytes);
        },
      };
      const tables = [one, other].map((entries, at) => {
        const tableNumber = at + 1;
        const { bytes } = buildTable(entries, { tableNumber, blockBytes: 40 });
        return { entries, table: openTable(bytes, { tableNumber, cache }) };
      });
      for (const { entries, table } of [...tables, ...tables]) {
        for (const { key, seqno } of entries) {
          expect(table.find(key, hashOf(key), seqno)?.seqno).toBe(versionAt(entries, key, seqno)?.seqno);
        }
        expect(forward(table.cursor())).toEqual(entries);
      }
    }),
    { numRuns: 30 },
  );
});

test("a hit in the cache is the block, and scans that ask for it leave the cache alone", () => {
  const entries = Array.from({ length: 50 }, (_, at) => ({
    key: bytesOf(`k${at + 10}`),
    seqno: at + 1,
    value: bytesOf("v"),
  }));
  const kept = new Map<number, Uint8Array>();
  let hits = 0;
  const cache: BlockCache = {
    get(_, block) {
      if (kept.has(block)) hits += 1;
      return kept.get(block);
    },
    put: (_, block, bytes) => void kept.set(block, bytes),
  };
  const table = openTable(buildTable(entries, { blockBytes: 100 }).bytes, { cache });
  forward(table.cursor({ fillCache: false }));
  expect(kept.size).toBe(0);
  forward(table.cursor());
  expect([kept.size, hits]).toEqual([table.index.blockCount, 0]);
  expect(forward(table.cursor())).toEqual(entries);
  expect(hits).toBe(table.index.blockCount);
});

test("a table without entries", () => {
  const table = openTable(buildTable([]).bytes);
  verifyTable(table);
  expect(forward(table.cursor())).toEqual([]);
  expect(backward(table.cursor())).toEqual([]);
  expect(table.find(bytesOf("a"), hashOf(bytesOf("a")), 9)).toBeUndefined();
  const cursor = table.cursor();
  cursor.seek(bytesOf("a"), 9);
  expect(cursor.valid).toBe(false);
  cursor.seekBefore(bytesOf("a"), 9);
  expect(cursor.valid).toBe(false);
});

/** Counts how often blocks are read. */
function counting(bytes: Uint8Array): { table: TableReader; reads: () => number } {
  let reads = 0;
  const table = openTable(bytes, {
    cache: {
      get: () => undefined,
      put: () => void (reads += 1),
    },
  });
  return { table, reads: () => reads };
}

test("versions of one key over many blocks: those that are too new are not read", () => {
  const key = bytesOf("counter");
  const entries = Array.from({ length: 300 }, (_, at) => ({ key, seqno: 300 - at, value: bytesOf("0123456789") }));
  const { table, reads } = counting(
    buildTable([...entries, { key: bytesOf("d"), seqno: 1, value: undefined }], { blockBytes: 100 }).bytes,
  );
  expect(table.index.blockCount).toBeGreaterThan(30);
  expect(table.find(key, hashOf(key), 4)?.seqno).toBe(4);
  expect(reads()).toBeLessThanOrEqual(2);
});

test("versions of one key in two blocks, the first of which has something older of another key", () => {
  const entries = [
    { key: bytesOf("a"), seqno: 1, value: bytesOf("v") },
    { key: bytesOf("k"), seqno: 7, value: bytesOf("v") },
    { key: bytesOf("k"), seqno: 2, value: bytesOf("v") },
  ];
  const table = openTable(buildTable(entries, { blockBytes: 30 }).bytes);
  expect([...table.index.entryCounts]).toEqual([2, 1]);
  expect(table.find(bytesOf("k"), hashOf(bytesOf("k")), 2)?.seqno).toBe(2);
  expect(table.find(bytesOf("k"), hashOf(bytesOf("k")), 1)).toBeUndefined();
});

test("a key that the filter denies costs no read, one between blocks costs one", () => {
  const entries = Array.from({ length: 500 }, (_, at) => ({
    key: bytesOf(`key:${at * 2 + 1000}`),
    seqno: at + 1,
    value: bytesOf("v"),
  }));
  const { table, reads } = counting(buildTable(entries, { filterBitsPerKey: 20 }).bytes);
  for (let at = 0; at < 500; at++) {
    const missing = bytesOf(`key:${at * 2 + 1001}`);
    expect(table.find(missing, hashOf(missing), 999)).toBeUndefined();
  }
  expect(reads()).toBeLessThan(20);
});

test("without a filter a key costs one block, and one that is outside of the table costs none", () => {
  const entries = ["pre:abcxyz", "pre:abd", "pre:k"].map((name, at) => ({
    key: bytesOf(name),
    seqno: at + 1,
    value: bytesOf("v"),
  }));
  const { table, reads } = counting(buildTable(entries, { blockBytes: 1, filterBitsPerKey: 0 }).bytes);
  const costs = (name: string): number => {
    expect(table.find(bytesOf("pre:k"), hashOf(bytesOf("pre:k")), 9)?.seqno).toBe(3); // turns to the last block
    const before = reads();
    expect(table.find(bytesOf(name), hashOf(bytesOf(name)), 9)).toBeUndefined();
    return reads() - before;
  };
  expect(costs("pre:abcxz")).toBe(1); // behind the only key of the first block, up to its separator
  expect(costs("pre:l")).toBe(0);
  expect(costs("q")).toBe(0);
  expect(costs("prf")).toBe(0);
  expect(costs("pr")).toBe(1); // before all keys: the first block might have it
});

test("a filter that was built with another hash key is asked with its own", () => {
  const entries = Array.from({ length: 100 }, (_, at) => ({
    key: bytesOf(`k${at + 100}`),
    seqno: at + 1,
    value: undefined,
  }));
  const table = openTable(buildTable(entries, { hashKey: { low: 77, high: 78 } }).bytes);
  for (const { key, seqno } of entries) expect(table.find(key, hashOf(key), seqno)?.seqno).toBe(seqno);
  verifyTable(table);
});

test("blocks are compressed where that saves an eighth, and stored as they are where it does not", () => {
  const codecOf = (zeros: number): number[] => {
    let state = 1;
    const noise = (): number => (state = Math.imul(state, 0x0019_660d) + 0x3c6e_f35f) >>> 24;
    const entries = Array.from({ length: 80 }, (_, at) => ({
      key: bytesOf(`${at + 10}`),
      seqno: at + 1,
      value: Uint8Array.from({ length: 100 }, (_, place) => (place < zeros ? 0 : noise())),
    }));
    const flags: number[] = [];
    const { bytes } = buildTable(entries);
    scanSegment(bytes, readSegmentHeader(sourceOf(bytes)), {
      onFrame: (frame) => void (frame.kind === tableFrameKinds.data && flags.push(frame.flags)),
    });
    return [...new Set(flags)];
  };
  expect(codecOf(0)).toEqual([0]);
  expect(codecOf(12)).toEqual([0]); // a twentieth
  expect(codecOf(40)).toEqual([lz4Codec.id]);
});

test("large values get blocks of their own, and end blocks in front of them", () => {
  const value = new Uint8Array(10_000).fill(5);
  const entries = ["a", "b", "c", "d"].map((name, at) => ({
    key: bytesOf(name),
    seqno: at + 1,
    value: at === 2 ? value : bytesOf("v"),
  }));
  const table = openTable(buildTable(entries).bytes);
  expect([...table.index.entryCounts]).toEqual([2, 1, 1]);
  expect(forward(table.cursor())).toEqual(entries);
});

test("keys beyond the limits of the columns in memory: long ones, and all with the same beginning", () => {
  const long = new Uint8Array(65_535).fill(0x61);
  const entries = [long.subarray(0, 65_000), long, Uint8Array.from([...long.subarray(0, 3), 0x62])].map((key, at) => ({
    key,
    seqno: at + 1,
    value: bytesOf("v"),
  }));
  const table = openTable(buildTable(entries, { blockBytes: 1 }).bytes);
  expect(isSame(forward(table.cursor()), entries)).toBe(true);
  for (const { key, seqno } of entries) expect(table.find(key, hashOf(key), 9)?.seqno).toBe(seqno);
  for (const key of [bytesOf("a"), bytesOf("aaa"), bytesOf("aab\0"), bytesOf("b"), bytesOf("\0"), new Uint8Array()]) {
    const cursor = table.cursor();
    cursor.seek(key, 9);
    const expected = entries[lowerBound(entries, key, 9)];
    expect(isSame(cursor.valid ? [entryOf(cursor)] : [], expected === undefined ? [] : [expected])).toBe(true);
  }
});

test("estimatedBytes tells where tables end, and endsWith where they may", () => {
  let written = 0;
  const builder = new TableBuilder({
    ...identity,
    nonce: 1,
    codec: null,
    write: (bytes) => void (written += bytes.length),
  });
  expect(builder.endsWith(bytesOf("k1000"), 0, 5)).toBe(false);
  for (let at = 0; at < 2000; at++) {
    const key = bytesOf(`k${Math.floor(at / 2) + 1000}`);
    builder.add(viewOf({ key, seqno: 4000 - at, value: new Uint8Array(50) }));
    expect(builder.endsWith(key, 0, key.length)).toBe(true);
    expect(builder.endsWith(key, 0, key.length - 1)).toBe(false);
    expect(builder.entryCount).toBe(at + 1);
  }
  const { estimatedBytes } = builder;
  const { bytes } = builder.finish();
  expect(bytes).toBe(written);
  expect(Math.abs(bytes - estimatedBytes) / bytes).toBeLessThan(0.05); // what is missing is filter and index
});
