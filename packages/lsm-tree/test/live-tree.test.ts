// Whose memory a memtable's is once it was flushed: that of the next one, unless somebody still reads it.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openEngine } from "../src/engine.js";
import type { EngineCursor } from "../src/engine-contract.js";
import { LiveTree, type SealedMemtable } from "../src/live-tree.js";
import { Version } from "../src/version.js";
import { tableFiles } from "./support/table-directory.js";
import { hashKeyOfTests } from "./support/tables.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const version = Version.empty(2);

function newTree(): LiveTree {
  return new LiveTree({
    ...{ hashKey: hashKeyOfTests, tables: tableFiles(), version, lastSeqno: 0, flushedLsn: 0 },
    writeBufferBytes: 1_000_000,
  });
}

/** Fills the active memtable with one entry and seals it. */
function sealed(tree: LiveTree, text: string): SealedMemtable {
  tree.active.put(bytes(text), bytes(text), tree.visibleSeqno + 1);
  tree.publish(tree.lastLsn + 1, text.length, 1);
  return tree.seal()!; // it has an entry
}

test("what was flushed is emptied for the next writes", () => {
  const tree = newTree();
  const first = sealed(tree, "first");
  const second = sealed(tree, "second");
  const beside = tree.active;
  tree.installFlush(first, version);
  expect(tree.active).toBe(beside); // nobody takes it before there is need
  sealed(tree, "third");
  expect(tree.active).toBe(first.memtable);
  expect([tree.active.entryCount, tree.active.maxSeqno]).toEqual([0, 0]);
  expect(tree.view.find(bytes("first"), 10)).toBeUndefined();
  expect(tree.view.find(bytes("second"), 10)).toMatchObject({ seqno: 2 });
  expect(second.memtable.entryCount).toBe(1);
});

test("what a cursor stands in is nobody else's, also when the cursor is closed at last", () => {
  const tree = newTree();
  tree.active.put(bytes("key"), bytes("value"), 1);
  tree.publish(1, 8, 1);
  const cursors = [tree.view.cursor(1), tree.view.cursor(1)];
  const flushed = tree.seal()!; // it has an entry
  cursors[0]?.close();
  sealed(tree, "beside");
  tree.installFlush(flushed, version);
  sealed(tree, "another");
  expect(tree.active).not.toBe(flushed.memtable);
  const [, cursor] = cursors;
  cursor?.start();
  expect(cursor?.keyBytes.subarray(cursor.keyStart, cursor.keyEnd)).toEqual(bytes("key"));
  cursor?.close();
  sealed(tree, "one more");
  expect(tree.active).not.toBe(flushed.memtable);
});

test("memory is kept while there is much to write, and no longer", () => {
  for (const [bytesBeside, isKept] of [
    [250_000, true],
    [200_000, false],
  ] as const) {
    const tree = newTree();
    const [first, second] = [sealed(tree, "first"), sealed(tree, "second")];
    tree.installFlush(first, version); // another one waits
    tree.active.put(bytes("third"), new Uint8Array(bytesBeside), tree.visibleSeqno + 1);
    tree.publish(tree.lastLsn + 1, bytesBeside, 1);
    tree.installFlush(second, version);
    tree.seal();
    expect(tree.active === first.memtable).toBe(isKept);
    expect(second.memtable.entryCount).toBe(isKept ? 0 : 1); // given up as it is
  }
});

test("cursors see what they saw, whatever is written into the memory of what was flushed beside them", async () => {
  await using engine = await openEngine({ directory: new Directory(new MemoryFs()), writeBufferBytes: 65_536 });
  const value = (round: number): Uint8Array => new Uint8Array(40_000).fill(round);
  const cursors: { readonly round: number; readonly cursor: EngineCursor }[] = [];
  for (let round = 1; round <= 12; round++) {
    for (const key of ["a", "b", "c"]) await engine.put(bytes(`${key}${round}`), value(round));
    if (round % 3 === 0) cursors.push({ round, cursor: engine.cursor({ gte: bytes("a") }) });
    const found = engine.find(bytes(`b${round}`));
    expect(found?.valueBytes[found.valueStart]).toBe(round);
  }
  for (const { round, cursor } of cursors) {
    const seen: string[] = [];
    for (cursor.start(); cursor.valid; cursor.next()) {
      const key = Buffer.from(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd)).toString();
      seen.push(key);
      expect(cursor.valueBytes[cursor.valueStart]).toBe(Number(key.slice(1)));
    }
    expect(seen).toHaveLength(3 * round);
    cursor.close();
  }
});
