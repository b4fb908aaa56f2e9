// Negative space of whole tables: whatever happens to the file, a reader gives the entries that were written or a coded error, in
// bounded time and memory. And what a table says when it is not the one that was wanted.
import { encodeSegmentHeader, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { expect, test } from "vitest";
import {
  BlockBuilder,
  deflateCodec,
  lz4Codec,
  TableBuilder,
  TableReader,
  verifyTable,
  walkTable,
  type BlockCodec,
} from "../src/format-entry.js";
import { TableIndex, TableIndexBuilder } from "../src/sstable/table-index.js";
import { decodeTableProperties, encodeTableProperties } from "../src/sstable/table-properties.js";
import { LsmError, lsmErrorCodes } from "../src/lsm-error.js";
import { bytesOf, entryOf, forward, hexOf, isSame, viewOf, type Entry } from "./support/entries.js";
import { reseal } from "./support/reseal.js";
import { buildTable, databaseId, hashOf, identity, openTable } from "./support/tables.js";

const entries: readonly Entry[] = Array.from({ length: 14 }, (_, at) => ({
  key: bytesOf(`!sub!user:${at + 10}`),
  seqno: 100 - at,
  value: at % 5 === 0 ? undefined : bytesOf(`value ${at} `.repeat(3)),
}));
const { bytes: whole, summary } = buildTable(entries, { blockBytes: 100 });
const filterOfWhole = openTable(whole).file.filter;
const plain = buildTable(entries, { blockBytes: 100, codec: null }).bytes;

/** Reads everything that can be read; what comes out has to be what was written, or a coded error that names the table. */
function readAll(bytes: Uint8Array): "read" | LsmError {
  try {
    const table = openTable(bytes);
    const key = bytesOf("!sub!user:14");
    const found = table.find(key, hashOf(key), 999);
    expect(found === undefined ? undefined : entryOf(found)).toEqual(entries[4]);
    expect(isSame(forward(table.cursor()), entries)).toBe(true);
    return "read";
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    expect(lsmErrorCodes).toContain(error.code);
    expect(error.context.tableNumber).toBe(7);
    expect(error.context.offset).toBeLessThanOrEqual(bytes.length);
    return error;
  }
}

test.each([
  ["compressed", whole],
  ["stored", plain],
])("law 7: no flipped bit changes what is read (%s)", (_, bytes) => {
  const { filter } = openTable(bytes).file;
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[at] = flipped[at]! ^ (1 << bit);
      const outcome = readAll(flipped);
      // The filter alone may be damaged and everything be read; that is law 12.
      const isFilter = filter !== undefined && at >= filter.offset && at < filter.offset + filter.bytes;
      expect(outcome === "read").toBe(isFilter);
    }
  }
});

test("cut at every byte, or longer: refused when it is opened", () => {
  for (let end = 0; end < whole.length; end++) expect(readAll(whole.slice(0, end))).toBeInstanceOf(LsmError);
  expect(readAll(Uint8Array.from([...whole, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeInstanceOf(LsmError);
});

test("law 5: a sector of zeros is never data", () => {
  for (const size of [64, 512, 4096]) {
    for (let at = 0; at < whole.length; at += size) {
      const outcome = readAll(whole.slice().fill(0, at, at + size));
      // Inside the filter they cost nothing but the filter, which is law 12.
      const isFilter =
        filterOfWhole !== undefined &&
        at >= filterOfWhole.offset &&
        at + size <= filterOfWhole.offset + filterOfWhole.bytes;
      expect(outcome === "read").toBe(isFilter);
    }
  }
});

test("law 12: a damaged filter is not used, and the table is read without it", () => {
  const filter = filterOfWhole;
  if (filter === undefined) throw new Error("the sample has a filter");
  for (let at = filter.offset; at < filter.offset + filter.bytes; at++) {
    const damaged = whole.slice();
    damaged[at] = damaged[at]! ^ 0x10;
    const table = openTable(damaged);
    for (const { key, seqno } of entries) expect(table.find(key, hashOf(key), seqno)?.seqno).toBe(seqno);
    expect(table.find(bytesOf("nobody"), hashOf(bytesOf("nobody")), 999)).toBeUndefined();
    expect(table.filterError?.code).toBe("LSM_CORRUPT");
    expect(() => verifyTable(table)).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
  }
});

test("one damaged block is one error with its keys, and everything else stays readable", () => {
  const sound = openTable(whole);
  const block = 2;
  const damaged = whole.slice();
  damaged[sound.index.offsets[block]! + 40]! ^= 1;
  const table = openTable(damaged, { file: "tables/7.sst" });
  const [after, upTo] = [sound.index.separator(block - 1), sound.index.separator(block)];
  let refused = 0;
  for (const { key, seqno } of entries) {
    const isInside = Buffer.compare(key, after) > 0 && Buffer.compare(key, upTo) <= 0;
    if (!isInside) {
      expect(table.find(key, hashOf(key), seqno)?.seqno).toBe(seqno);
      continue;
    }
    refused += 1;
    const context = { file: "tables/7.sst", tableNumber: 7, block, keysAfter: hexOf(after), keysUpTo: hexOf(upTo) };
    expect(() => table.find(key, hashOf(key), seqno)).toThrow(
      expect.objectContaining({ code: "LSM_CORRUPT", context: expect.objectContaining(context) }),
    );
  }
  expect(refused).toBeGreaterThan(0);
  const cursor = table.cursor();
  cursor.seek(upTo, -1);
  expect(cursor.valid).toBe(true); // behind the damage
});

test("blocks that changed places are refused", () => {
  const { index } = openTable(plain);
  const same = [...index.frameBytes.keys()].filter((at) => index.frameBytes[at] === index.frameBytes[1]);
  const [a, b] = same;
  if (a === undefined || b === undefined) throw new Error("the sample has two frames of one size");
  const swapped = plain.slice();
  const size = index.frameBytes[a]!;
  swapped.set(plain.subarray(index.offsets[b], index.offsets[b]! + size), index.offsets[a]);
  swapped.set(plain.subarray(index.offsets[a], index.offsets[a]! + size), index.offsets[b]);
  expect(readAll(swapped)).toMatchObject({ code: "LSM_CORRUPT" });
});

test("another table, of this database or of another, is told from damage", () => {
  const wrong = expect.objectContaining({ code: "LSM_WRONG_TABLE" });
  expect(() => openTable(whole, { tableNumber: 8 })).toThrow(wrong);
  expect(() => openTable(whole, { databaseId: new Uint8Array(16) })).toThrow(wrong);
  expect(() => openTable(whole, { chain: summary.chain ^ 1 })).toThrow(wrong);
  expect(() => openTable(whole, { bytes: summary.bytes + 8 })).toThrow(
    expect.objectContaining({ code: "LSM_CORRUPT" }),
  );
  // The same number written twice: each file is sound, and only one is the one of the manifest.
  const second = buildTable(entries, { blockBytes: 100, nonce: 1 });
  expect(() => openTable(second.bytes, { chain: summary.chain })).toThrow(wrong);
});

test("files of other kinds and of later versions are told from damage", () => {
  const code = (bytes: Uint8Array): unknown => (readAll(bytes) as LsmError).code; // none of these can be read
  expect(code(new Uint8Array(500))).toBe("LSM_NOT_A_TABLE");
  expect(code(bytesOf("PK".repeat(300)))).toBe("LSM_NOT_A_TABLE");
  const log = whole.slice();
  const start = { baseLsn: 1, durableLsn: 0, previousChain: 0, hash: "none" } as const;
  encodeSegmentHeader({ logId: databaseId, segmentId: 7, nonce: 1, epoch: 0, content: 2, ...start }, log);
  expect(code(log)).toBe("LSM_NOT_A_TABLE");
});

/** A codec that says it is another one. */
function disguised(id: number): BlockCodec {
  return { ...lz4Codec, id };
}

test("a codec that is not here concerns the block, not the table", () => {
  const mixed = buildTable(entries, { blockBytes: 100, codec: disguised(40) }).bytes;
  const table = openTable(mixed);
  expect(table.properties.entryCount).toBe(entries.length);
  const { key, seqno } = entries[0]!;
  expect(() => table.find(key, hashOf(key), seqno)).toThrow(
    expect.objectContaining({
      code: "LSM_UNSUPPORTED_CODEC",
      context: expect.objectContaining({ block: 0, tableNumber: 7 }),
    }),
  );
});

test("a block that claims more than it may is refused before its memory is taken", () => {
  const claimOf = (codec: BlockCodec, claimed: number): Uint8Array =>
    reseal(buildTable(entries, { blockBytes: 100, codec }).bytes, (payload, frame) => {
      if (frame === 0) new DataView(payload.buffer, payload.byteOffset).setUint32(0, claimed, true);
    });
  expect(readAll(claimOf(deflateCodec, 0x410_0001))).toMatchObject({
    message: expect.stringContaining("claims 68157441 bytes"),
  });
  for (const claimed of [0, 1, 15, 0x410_0000, 0x410_0001, 0xffff_ffff]) {
    const bytes = claimOf(lz4Codec, claimed);
    const before = process.memoryUsage().arrayBuffers;
    const table = openTable(bytes);
    const { key, seqno } = entries[0]!;
    expect(() => table.find(key, hashOf(key), seqno)).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(0x100_0000);
  }
});

const KIND = 8;
const FLAGS = 10;
const SPAN = 12;
const last = openTable(plain).index.blockCount + 3;
test.each([
  ["a block of another kind", 0, KIND, 34, "LSM_CORRUPT"],
  ["a block with another number of entries", 0, SPAN, 9, "LSM_CORRUPT"],
  ["a block with flags of later versions", 0, FLAGS, 0x100, "LSM_UNSUPPORTED"],
  ["an index of another kind", last - 2, KIND, 33, "LSM_CORRUPT"],
  ["an index that is compressed", last - 2, FLAGS, 1, "LSM_CORRUPT"],
  ["properties that count as entries", last - 1, SPAN, 1, "LSM_CORRUPT"],
  ["a trailer of another kind", last, KIND, 41, "LSM_CORRUPT"],
  ["a trailer with flags", last, FLAGS, 1, "LSM_CORRUPT"],
] as const)("forged headers under good checksums: %s", (_, frame, field, value, code) => {
  const forged = reseal(plain, (_payload, index, header) => {
    if (index === frame) header.setUint16(field, value, true);
  });
  expect(readAll(forged)).toMatchObject({ code });
});

test("an index is refused whose separators descend, whose blocks have no entries, or which has more than it says", () => {
  const payloadOf = (separators: readonly string[], entryCount = 1): Uint8Array => {
    const builder = new TableIndexBuilder();
    for (const each of separators) {
      builder.add(bytesOf(each), { frameBytes: 64, chain: 1, entryCount, minSeqno: 1, maxSeqno: 2 });
    }
    return Uint8Array.from(builder.finish());
  };
  const corrupt = expect.objectContaining({ code: "LSM_CORRUPT" });
  expect(new TableIndex(payloadOf(["a", "b", "b"]), 64).blockCount).toBe(3);
  expect(() => new TableIndex(payloadOf(["b", "a"]), 64)).toThrow(corrupt);
  expect(() => new TableIndex(payloadOf(["ab", "a"]), 64)).toThrow(corrupt);
  expect(() => new TableIndex(payloadOf(["a"], 0), 64)).toThrow(corrupt);
  const fewer = payloadOf(["a", "b"]);
  fewer[0] = 1;
  expect(() => new TableIndex(fewer, 64)).toThrow(corrupt);
  const endless = payloadOf(["a"]);
  endless.set([255, 255, 255, 255]);
  expect(() => new TableIndex(endless, 64)).toThrow(corrupt);
});

test("verification notices order, and a filter that is none, under good checksums", () => {
  const [a, b, c, d] = ["k1", "k2", "k3", "k4"].map((name): Entry => ({
    key: bytesOf(name),
    seqno: 5,
    value: bytesOf("v"),
  }));
  const { bytes } = buildTable([a!, b!, c!, d!], { codec: null });
  verifyTable(openTable(bytes));
  const builder = new BlockBuilder(16);
  for (const entry of [a!, c!, b!, d!]) builder.add(viewOf(entry));
  const swapped = builder.bytes.slice(0, builder.finish());
  const forged = reseal(bytes, (payload, frame) => {
    if (frame === 0) payload.set(swapped);
  });
  expect(() => verifyTable(openTable(forged))).toThrow("has entries out of order");
  const denied = reseal(bytes, (payload, frame) => {
    if (frame === 1) payload[0] = 9;
  });
  expect(() => verifyTable(openTable(denied))).toThrow("type of a filter is 9");
  const denying = reseal(bytes, (payload, frame) => {
    if (frame === 1) payload.fill(0, 20);
  });
  expect(() => verifyTable(openTable(denying))).toThrow("has a key that the filter denies");
});

test("properties come once each, in the order of their tags, and all that are needed", () => {
  const payload = Uint8Array.from(encodeTableProperties(summary.properties));
  expect(decodeTableProperties(payload)).toEqual(summary.properties);
  const corrupt = expect.objectContaining({ code: "LSM_CORRUPT" });
  expect(() => decodeTableProperties(Uint8Array.from([...payload, ...payload]))).toThrow(corrupt);
  expect(() => decodeTableProperties(Uint8Array.from([...payload, ...payload.slice(-4)]))).toThrow(corrupt);
  for (let end = 0; end < payload.length; end++) {
    expect(() => decodeTableProperties(payload.slice(0, end))).toThrow(corrupt);
  }
  expect(decodeTableProperties(Uint8Array.from([...payload, 99, 0, 1, 7]))).toEqual(summary.properties);
});

test("a block that is sound, and not the one that the index vouches for", () => {
  const { bytes } = buildTable([entries[0]!], { codec: null });
  const chain = openTable(bytes).index.chains[0]!;
  const forged = reseal(bytes, (payload, frame) => {
    if (frame !== 2) return; // behind the block and the filter
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let at = 0; at + 4 <= payload.length; at++) {
      if (view.getUint32(at, true) === chain) view.setUint32(at, chain ^ 1, true);
    }
  });
  const { key, seqno } = entries[0]!;
  const find = (file: Uint8Array): unknown => openTable(file).find(key, hashOf(key), seqno)?.seqno;
  expect(find(bytes)).toBe(seqno);
  expect(() => find(forged)).toThrow("is not the one of the index");
});

test.each([
  ["properties", 0],
  ["the index", 16],
  ["the filter", 32],
])("a trailer that says %s are 2 GiB costs an error, not their memory", (_, at) => {
  const forged = reseal(whole, (payload, frame) => {
    const { blockCount } = openTable(whole).index;
    if (frame === blockCount + 3) new DataView(payload.buffer, payload.byteOffset).setUint32(at + 8, 0x7fff_fff8, true);
  });
  expect(readAll(forged)).toMatchObject({ message: "a table has sections that do not follow one another" });
});

test("a section that is smaller than a frame", () => {
  // Found by bad-input.fault.test.ts: a filter of no bytes, right in front of the index.
  const table = openTable(plain);
  const forged = reseal(plain, (payload, frame) => {
    if (frame !== last) return;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    view.setUint32(32, table.file.index.offset, true);
    view.setUint32(40, 0, true);
  });
  expect(readAll(forged)).toMatchObject({ code: "LSM_CORRUPT" }); // blocks do not end there
  const empty = reseal(buildTable([]).bytes, (payload, frame) => {
    if (frame === 2) payload.set([64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 32);
  });
  const opened = openTable(empty);
  expect(opened.find(bytesOf("a"), 1, 1)).toBeUndefined();
  expect(opened.filterError?.code).toBe("LSM_CORRUPT");
});

test("a trailer of a later version is told from damage", () => {
  const later = reseal(plain, (payload, frame) => {
    if (frame === last) payload[52] = 2;
  });
  expect(readAll(later)).toMatchObject({ code: "LSM_UNSUPPORTED", context: { field: "version", actual: 2 } });
});

test("properties that have to be known are refused, others are passed by", () => {
  const tagged = (high: number): Uint8Array =>
    reseal(plain, (payload, frame) => {
      // The last property, of tag 13, becomes one that nobody knows.
      if (frame === last - 1) payload[payload.length - 3] = high;
    });
  expect(readAll(tagged(0x80))).toMatchObject({ code: "LSM_UNSUPPORTED" });
  expect(readAll(tagged(0x7f))).toMatchObject({ code: "LSM_CORRUPT", context: { field: "properties" } }); // and the known one is missing
});

test("forged blocks under good checksums: verification tells each by name", () => {
  const table = openTable(plain);
  let judged = 0;
  for (let frame = 0; frame < table.index.blockCount; frame++) {
    for (let at = 0; at < 60; at++) {
      for (const byte of [0, 1, 0x7f, 0xff]) {
        const bytes = reseal(plain, (payload, index) => {
          if (index === frame && at < payload.length) payload[at] = byte;
        });
        if (Buffer.compare(bytes, plain) === 0) continue;
        judged += 1;
        try {
          const forged = openTable(bytes);
          verifyTable(forged);
          // What verifies is a table that somebody could have built: as many entries, in order.
          const found = forward(forged.cursor());
          expect(found).toHaveLength(entries.length);
          expect(Buffer.compare(buildTable(found, { blockBytes: 100, codec: null }).bytes, bytes)).toBe(0);
        } catch (error) {
          if (!(error instanceof LsmError)) throw error;
          expect(["LSM_CORRUPT", "LSM_UNSUPPORTED"]).toContain(error.code);
        }
      }
    }
  }
  expect(judged).toBeGreaterThan(500);
});

test("forged index, properties and trailer under good checksums are refused, or tell the truth", () => {
  const frames = openTable(plain).index.blockCount;
  for (let frame = frames; frame < frames + 4; frame++) {
    for (let at = 0; at < 160; at++) {
      for (const byte of [0, 1, 2, 0x7f, 0x80, 0xff]) {
        const bytes = reseal(plain, (payload, index) => {
          if (index === frame && at < payload.length) payload[at] = byte;
        });
        if (Buffer.compare(bytes, plain) === 0) continue;
        try {
          const forged = openTable(bytes);
          verifyTable(forged);
          expect(isSame(forward(forged.cursor()), entries)).toBe(true);
        } catch (error) {
          if (!(error instanceof LsmError)) throw error;
          expect(["LSM_CORRUPT", "LSM_UNSUPPORTED"]).toContain(error.code);
        }
      }
    }
  }
});

test("what the source throws is passed on, and a source that gives too little is told", () => {
  const failing = new Error("EIO");
  const source = (fails: (offset: number) => boolean): ByteSource => ({
    sizeBytes: whole.length,
    readAt(target, offset) {
      if (fails(offset)) throw failing;
      return sourceOf(whole).readAt(target, offset);
    },
  });
  for (const place of [0, whole.length - 88]) {
    expect(
      () =>
        new TableReader(
          source((offset) => offset === place),
          identity,
        ),
    ).toThrow(failing);
  }
  let isBroken = false;
  const table = new TableReader(
    source(() => isBroken),
    identity,
  );
  const { key, seqno } = entries[9]!;
  isBroken = true;
  expect(() => table.find(key, hashOf(key), seqno)).toThrow(failing);
  isBroken = false;
  expect(table.find(key, hashOf(key), seqno)?.seqno).toBe(seqno); // a failed read leaves nothing behind
  expect(table.filterError).toBeUndefined();
  const short: ByteSource = { sizeBytes: whole.length, readAt: (target) => target.length - 1 };
  expect(() => new TableReader(short, identity)).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
});

test("wrong options are refused by name", () => {
  const build = (options: object) => () => buildTable(entries, options);
  expect(build({ blockBytes: 0 })).toThrow("blockBytes must be a whole number from 1 to 1048576");
  expect(build({ restartInterval: 256 })).toThrow("restartInterval");
  expect(build({ filterBitsPerKey: -1 })).toThrow("filterBitsPerKey must be from 0 to 100");
  expect(build({ filterBitsPerKey: Number.NaN })).toThrow("filterBitsPerKey");
  expect(build({ lastLsn: 1, firstLsn: 2 })).toThrow("lastLsn");
  expect(build({ level: -1 })).toThrow("level");
  expect(build({ nonce: -1 })).toThrow("nonce");
  expect(build({ tableNumber: 0 })).toThrow("segmentId");
  expect(build({ databaseId: new Uint8Array(3) })).toThrow("logId must have 16 bytes");
  expect(build({ codec: { ...lz4Codec, id: 64 } })).toThrow("id of the codec");
  expect(build({ blockSize: 5 })).toThrow('TableBuilder: unknown option "blockSize"');
  expect(() => new TableBuilder({ ...identity, nonce: 1, write: 5 as never })).toThrow("write must be a function");
  expect(() => openTable(whole, { tableNumber: 0 })).toThrow("tableNumber");
  expect(() => openTable(whole, { databaseId: new Uint8Array(15) })).toThrow("databaseId must have 16 bytes");
  expect(() => openTable(whole, { codec: lz4Codec } as never)).toThrow('TableReader: unknown option "codec"');
});

test("entries outside the bounds are refused and leave the builder as it was", () => {
  const parts: Uint8Array[] = [];
  const builder = new TableBuilder({ ...identity, nonce: 4711, write: (bytes) => void parts.push(bytes.slice()) });
  const key = bytesOf("k");
  const good = {
    keyBytes: key,
    keyStart: 0,
    keyEnd: 1,
    seqno: 1,
    kind: 1,
    valueBytes: key,
    valueStart: 0,
    valueEnd: 1,
  };
  builder.add(good);
  const wrong = [
    { ...good, keyEnd: 65_537 },
    { ...good, valueEnd: 0x400_0001 },
    { ...good, seqno: -1 },
    { ...good, seqno: 2 ** 53 },
    { ...good, kind: 0 },
    { ...good, kind: 3 },
    { ...good, kind: 2 }, // a delete with a value
  ];
  for (const entry of wrong) expect(() => builder.add(entry)).toThrow(RangeError);
  expect(builder.finish().properties.entryCount).toBe(1);
  expect(Buffer.concat(parts)).toEqual(Buffer.from(buildTable([{ key, seqno: 1, value: key }]).bytes));
});

test("a walk goes on behind damage, tells each once, and holds what follows against what is still known", () => {
  const sound = [...walkTable(openTable(whole))];
  const blockCount = sound.filter(({ kind }) => kind === "block").length;
  expect(blockCount).toBeGreaterThan(3);
  expect(sound.map(({ problem }) => problem)).toEqual(sound.map(() => undefined));
  // One behind the other, from the header to the end of the file.
  expect(sound.map(({ offset }) => offset)).toEqual([
    64,
    ...sound.slice(0, -1).map((part) => part.offset + part.bytes),
  ]);
  expect(sound.at(-1)!.offset + sound.at(-1)!.bytes).toBe(whole.length);
  for (const chosen of [[0], [1, 3], [blockCount - 1], [2, blockCount], [0, 1, 2]]) {
    const damaged = whole.slice();
    for (const at of chosen) damaged[sound[at]!.offset + 40]! ^= 1;
    const found = [...walkTable(openTable(damaged))];
    expect(found.flatMap(({ problem }, at) => (problem === undefined ? [] : [at]))).toEqual(chosen);
    const contents = found.filter(({ kind, content }) => kind === "block" && content !== undefined);
    expect(contents.length).toBe(blockCount - chosen.filter((at) => at < blockCount).length);
  }
});

test("a walk tells where the chain of sections does not go on from what is before it", () => {
  const kinds = [...walkTable(openTable(whole))].map(({ kind }) => kind);
  const { offset, bytes } = filterOfWhole!;
  // Another filter, sound behind the last block: the index is sound too, behind the chain that the trailer states.
  const resealed = reseal(whole, (payload, frame) => {
    if (kinds[frame] === "filter") payload.fill(0xff, 20); // it denies nothing
  });
  const forged = whole.slice();
  forged.set(resealed.subarray(offset, offset + bytes), offset);
  const found = [...walkTable(openTable(forged))].filter(({ problem }) => problem !== undefined);
  expect(found.map(({ kind, problem }) => [kind, problem!.code])).toEqual([["index", "LSM_CORRUPT"]]);
  expect(() => verifyTable(openTable(forged))).toThrow("has a damaged frame");
});
