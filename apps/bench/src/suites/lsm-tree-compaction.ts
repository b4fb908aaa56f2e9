import {
  DropRules,
  lz4Codec,
  MergeIterator,
  TableBuilder,
  type BlockCodec,
  type TableReader,
} from "@holdfast/lsm-tree/format";
import { crc32 } from "@holdfast/segment-codec";
import { compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";
import { entriesOf, hashKeyOfBench, tableOf } from "./lsm-tree-entries.js";

/** What the loop of a compaction does with each entry, against copying the bytes of its inputs and checking them: the least that rewriting costs. */
export const lsmCompactionPart: Part = {
  name: "compaction",
  measure({ quick }): Row[] {
    const count = quick ? 30_000 : 200_000;
    const rounds = { rounds: quick ? 3 : 7 };
    const entries = entriesOf(count);
    const rows = [
      { id: "compaction/lz4", codec: lz4Codec, workload: "merge four tables and write them again, LZ4" },
      { id: "compaction/stored", codec: null, workload: "merge four tables and write them again, stored" },
    ];
    return rows.map(({ id, codec, workload }) => {
      const inputs = [0, 1, 2, 3].map((part) =>
        tableOf(
          entries.filter((_, at) => at % 4 === part),
          { codec },
        ),
      );
      const contestants = [rewriting(inputs, codec, count), copying(inputs, count)];
      const [ours, other] = interleave(contestants, rounds);
      return compare({ id, workload }, ours!, other!, { of: "time" });
    });
  },
};

/** As at the bottom of a tree, where every entry is asked for and gets seqno 0; here it keeps its own, which costs the same. */
function rewriting(inputs: readonly TableReader[], codec: BlockCodec | null, count: number): Contestant {
  const run = (): void => {
    let bytes = 0;
    const builder = new TableBuilder({
      ...{ databaseId: new Uint8Array(16), tableNumber: 9, nonce: 9, hashKey: hashKeyOfBench, codec },
      write: (chunk) => void (bytes += chunk.length),
    });
    const rules = new DropRules({ snapshots: [], mayHaveOlder: () => false, zeroSeqnos: true });
    const merged = new MergeIterator(
      inputs.map((table) => table.cursor({ fillCache: false })),
      "forward",
    );
    for (merged.start(); merged.current !== undefined; merged.next()) {
      if (rules.judge(merged.current) !== "drop") builder.add(merged.current);
    }
    const { properties } = builder.finish();
    if (properties.entryCount !== count || bytes === 0) throw new Error(`${properties.entryCount} entries`);
  };
  return { name: "rewriting", operations: count, prepare: () => ({ run }) };
}

/** Blocks of 4 KiB are read, checked, copied behind one another and checked again. */
function copying(inputs: readonly TableReader[], count: number): Contestant {
  const block = new Uint8Array(4096);
  const output = new Uint8Array(0x4_0000);
  const run = (): void => {
    let at = 0;
    let sum = 0;
    for (const { file } of inputs) {
      for (let offset = 0; offset < file.sizeBytes; offset += block.length) {
        const read = file.source.readAt(block, offset);
        sum ^= crc32(block, 0, read);
        if (at + read > output.length) at = 0;
        output.set(block.subarray(0, read), at);
        sum ^= crc32(output, at, at + read);
        at += read;
      }
    }
    if (sum !== 0) throw new Error("a copy differs");
  };
  return { name: "copying", operations: count, prepare: () => ({ run }) };
}
