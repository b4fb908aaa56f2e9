// Damaged tables, blocks, filters, records, edits and compressed bytes: a few seconds' worth here; the long run is
//
//   HOLDFAST_BAD_INPUT_CASES=1000000 HOLDFAST_BAD_INPUT_SEED=7 npx vitest run test/bad-input.fault.test.ts
import { badInputRuns, damage, pick, type BadInputCase, type Draw } from "@holdfast-tooling/config/bad-input";
import type { ByteSource } from "@holdfast/segment-codec";
import { expect, test } from "vitest";
import {
  BlockBuilder,
  BlockCodecs,
  BlockCursor,
  BloomFilter,
  decodeVersionEdit,
  encodeBloomFilter,
  encodeVersionEdit,
  LogRecordCursor,
  lz4Codec,
  TableReader,
  verifyTable,
  WriteBatch,
} from "../src/format-entry.js";
import { LsmError } from "../src/lsm-error.js";
import { BlockShape, checkBlockShape } from "../src/sstable/block-shape.js";
import { backward, bytesOf, forward, isSame, viewOf, type Entry } from "./support/entries.js";
import { reseal } from "./support/reseal.js";
import { buildTable, hashOf, identity } from "./support/tables.js";

/** Runs what may be refused; whatever goes wrong has a code. */
function coded(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
  }
}

const histories = [0, 1, 5, 60].map((count): Entry[] =>
  Array.from({ length: count }, (_, at) => ({
    key: bytesOf(`!sub!user:${Math.floor(at / 2) + 10}`),
    seqno: 1000 - at * 3,
    value: at % 4 === 1 ? undefined : bytesOf(`value ${at} `.repeat(at % 5)),
  })),
);
const tables = histories.flatMap((entries) =>
  [lz4Codec, null].map((codec) => ({ entries, bytes: buildTable(entries, { blockBytes: 200, codec }).bytes })),
);
const blocks = histories.slice(1).map((entries) => {
  const builder = new BlockBuilder(4);
  for (const entry of entries) builder.add(viewOf(entry));
  return builder.bytes.slice(0, builder.finish());
});
const hashes = Int32Array.from({ length: 200 }, (_, at) => hashOf(bytesOf(`k${at}`)));
const filters = [1, 200].map((count) =>
  encodeBloomFilter(hashes, count, { bitsPerKey: 10, hashKey: identity.hashKey }),
);
const records = histories.slice(1).map((entries) => {
  const batch = new WriteBatch();
  for (const { key, value } of entries) {
    if (value === undefined) batch.deleteRange(key, undefined);
    else batch.put(key, value);
  }
  return Uint8Array.from(batch.finish(77));
});
const edits = [3, 40].map((count) =>
  encodeVersionEdit(
    Array.from({ length: count }, (_, at) => ({
      kind: "deleteTable" as const,
      level: at % 7,
      tableNumber: at * 9000 + 1,
    })),
  ),
);
const compressed = blocks.map((block) => {
  const target = new Uint8Array(block.length * 2 + 16);
  return target.slice(0, lz4Codec.encode(block, 0, block.length, target, 0, target.length));
});
const codecs = new BlockCodecs();

/** Bytes as a file of which nobody may ask for more than it has. */
function bounded(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    readAt(target, offset) {
      if (offset < 0 || offset + target.length > bytes.length) {
        throw new Error(`${target.length} bytes were asked for at ${offset}`);
      }
      target.set(bytes.subarray(offset, offset + target.length));
      return target.length;
    },
  };
}

/** Everything that can be asked of a table; under checksums that were not forged, what comes out is what was written. */
function askTable(bytes: Uint8Array, written: readonly Entry[] | undefined, draw: Draw): void {
  coded(() => {
    const table = new TableReader(bounded(bytes), identity);
    const key = pick(histories.flat(), draw).key;
    coded(() => table.find(key, hashOf(key), draw(2000)));
    coded(() => {
      const found = forward(table.cursor());
      if (written !== undefined && !isSame(found, written)) throw new Error("entries that nobody wrote");
    });
    coded(() => void backward(table.cursor()));
    coded(() => verifyTable(table));
  });
}

const decoders: Readonly<Record<string, BadInputCase>> = {
  table(draw) {
    const { entries, bytes } = pick(tables, draw);
    const damaged = damage(
      bytes,
      tables.map((each) => each.bytes),
      draw,
    );
    // What passes all checksums is a table that somebody wrote: this one, or the one that a piece came from.
    const known = tables.find((each) => Buffer.compare(each.bytes.subarray(-88), damaged.subarray(-88)) === 0);
    askTable(damaged, known?.entries ?? entries, draw);
  },
  "table under good checksums"(draw) {
    const { bytes } = pick(tables, draw);
    const target = draw(12);
    const forged = reseal(bytes, (payload, frame) => {
      if (frame === target && payload.length > 0) {
        payload.set(damage(payload, [payload], draw).subarray(0, payload.length));
      }
    });
    askTable(forged, undefined, draw);
  },
  block(draw) {
    const block = damage(pick(blocks, draw), blocks, draw);
    coded(() => {
      checkBlockShape(block, new BlockShape());
      const cursor = new BlockCursor();
      cursor.load(block);
      coded(() => void forward(cursor));
      coded(() => void backward(cursor));
      coded(() => cursor.seek(bytesOf("!sub!user:20"), draw(2000)));
      coded(() => cursor.seekBefore(bytesOf("!sub!user:2"), draw(2000)));
    });
  },
  filter: (draw) =>
    coded(() => void new BloomFilter(damage(pick(filters, draw), filters, draw)).mayContain(draw(0x7fff_ffff))),
  "log record"(draw) {
    const cursor = new LogRecordCursor();
    coded(() => cursor.load(damage(pick(records, draw), records, draw)));
    let left = cursor.operationCount + 1;
    while (cursor.next()) if (--left === 0) throw new Error("more operations than there are");
  },
  "manifest edit": (draw) => coded(() => void decodeVersionEdit(damage(pick(edits, draw), edits, draw))),
  lz4(draw) {
    const bytes = damage(pick(compressed, draw), compressed, draw);
    coded(() => void codecs.decode(1, bytes, 0, bytes.length, draw(5000)));
  },
};

test.each(badInputRuns(decoders, 4000))(
  "%s: any damage gives an answer or a coded error",
  { timeout: 3_600_000 },
  (_, run) => {
    expect(run()).toBeGreaterThan(0);
  },
);
