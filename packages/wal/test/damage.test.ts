// Damage to a log that was synced: whatever is flipped, cut, zeroed, lost or put in, what is read is what was written, or an
// error. A log that is shorter without a word is the one outcome that may not be.
//
// WAL_LONG=1 flips all eight bits of every byte, one after the other; by default one of them.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { beforeAll, describe, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type RecoveryMode } from "../src/index.js";
import { bytesOf, copyOf, listed, small, textsOf } from "./log-law.js";

const history = Array.from({ length: 7 }, (_, index) => `record ${index} `.padEnd(30 + index, "."));
const everything = listed(history);
const isLong = process.env["WAL_LONG"] === "1";
type Tree = ReturnType<MemoryFs["snapshot"]>;

/** Three segments, closed: the last one ends with a watermark. */
async function closedLog(fs: MemoryFs = new MemoryFs()): Promise<Tree> {
  const log = await openWal({ directory: new Directory(fs), ...small, segmentBytes: 320 });
  for (const record of history) await log.appendDurable(bytesOf(record));
  await log.close();
  return fs.snapshot();
}

/** The same after an open that gathers everything in one segment, and was killed before it appended anything. */
async function mergedLog(): Promise<Tree> {
  const directory = copyOf(await closedLog());
  await openWal({ directory, ...small, mergeBytes: 4096 });
  return (directory.fs as MemoryFs).snapshot();
}

function segmentsOf(directory: Directory): string[] {
  return directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".seg"));
}

/** What an open and a full read give: the records, or the code of the error. */
async function outcome(directory: Directory, mode: RecoveryMode = "recover"): Promise<string[] | string> {
  try {
    const log = await openWal({ directory, ...small, mode });
    try {
      return textsOf(log);
    } finally {
      await log.close();
    }
  } catch (error) {
    if (error instanceof WalError) return error.code;
    throw error;
  }
}

/** Applies `damage` to a copy and returns what can be read then, everything or a part of it, or undefined for an error. */
async function readDamaged(tree: Tree, damage: (directory: Directory) => void): Promise<string[] | undefined> {
  const directory = copyOf(tree);
  damage(directory);
  const found = await outcome(directory);
  return typeof found === "string" ? undefined : found;
}

function change(directory: Directory, file: string, edit: (bytes: Uint8Array) => Uint8Array | void): void {
  const bytes = directory.readFile(file);
  directory.writeFile(file, edit(bytes) ?? bytes);
}

function flip(directory: Directory, file: string, offset: number, bit: number): void {
  change(directory, file, (bytes) => void (bytes[offset] = (bytes[offset] as number) ^ bit));
}

/** The bits to flip of the byte at an offset. */
function bitsAt(offset: number): number[] {
  return isLong ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << ((offset * 5) % 8)];
}

describe.each([
  ["closed", () => closedLog(), 3],
  ["merged and killed", mergedLog, 1],
])("%s", (_, make, segments) => {
  let tree: Tree;
  let files: string[];
  beforeAll(async () => {
    tree = await make();
    files = segmentsOf(copyOf(tree));
    expect(files.length).toBe(segments);
  });

  test("a flipped bit anywhere is noticed, or changes nothing", async () => {
    let noticed = 0;
    let total = 0;
    for (const file of files) {
      const { length } = copyOf(tree).readFile(file);
      for (let offset = 0; offset < length; offset += 1) {
        for (const bit of bitsAt(offset)) {
          total += 1;
          const found = await readDamaged(tree, (directory) => flip(directory, file, offset, bit));
          if (found === undefined) noticed += 1;
          else expect(found, `bit ${bit} of ${file} at ${offset}`).toEqual(everything);
        }
      }
    }
    // Only the watermark at the very end may go unnoticed: 32 bytes that all records do without.
    expect(total - noticed).toBeLessThanOrEqual(32 * bitsAt(0).length);
  });

  // What this cannot see (docs/formats/segment.md): a log whose end is gone, file and all, is a shorter log, and one whose beginning
  // is gone is one that was pruned. Nothing else may be missing without an error, and nothing in between.
  test("a file cut at any byte is noticed, unless the end or the beginning of the log went whole", async () => {
    for (const file of files) {
      const { length } = copyOf(tree).readFile(file);
      for (let size = 0; size < length; size += 1) {
        const found = await readDamaged(tree, (directory) =>
          change(directory, file, (bytes) => (directory.remove(file), bytes.slice(0, size))),
        );
        const what = `${file} cut to ${size}`;
        if (found === undefined) continue;
        if (file === files.at(-1)) expect(found, what).toEqual(everything.slice(0, found.length));
        else expect([file, size < 96, found], what).toEqual([files[0], true, everything.slice(-found.length)]);
      }
    }
  });

  test("zeros and stale bytes in place of any 64 bytes are noticed, or take what only the last barrier covered", async () => {
    const other = copyOf(tree).readFile(files[0] as string);
    for (const file of files) {
      const { length } = copyOf(tree).readFile(file);
      for (let offset = 0; offset < length; offset += 8) {
        const end = Math.min(length, offset + 64);
        const zeros = (bytes: Uint8Array): void => void bytes.fill(0, offset, end);
        const stale = (bytes: Uint8Array): void => bytes.set(other.subarray(8, 8 + end - offset), offset);
        for (const edit of [zeros, stale]) {
          const found = await readDamaged(tree, (directory) => change(directory, file, edit));
          if (found === undefined) continue;
          const what = `${edit.name} in ${file} at ${offset}`;
          const isLast = file === files.at(-1) && end > length - 64;
          expect(found, what).toEqual(
            everything.slice(0, isLast ? Math.max(found.length, history.length - 1) : history.length),
          );
        }
      }
    }
  });

  test("a segment without header is refused, nothing of it is touched, and salvage keeps it aside", async () => {
    for (const file of files) {
      const directory = copyOf(tree);
      change(directory, file, (bytes) => void bytes.fill(0, 0, 64));
      const bytes = directory.readFile(file);
      for (const mode of ["recover", "strict"] as const) {
        expect(await outcome(directory, mode)).toBe("WAL_CORRUPT");
        expect(directory.readFile(file)).toEqual(bytes);
      }
      if (files.length === 1) continue; // nothing is left to salvage
      const salvaged = await outcome(directory, "salvage");
      if (file === files[0]) expect(salvaged).toEqual(everything.slice(everything.length - salvaged.length));
      expect(directory.readFile(`aside/${file}`)).toEqual(bytes);
    }
  });
});

test("of a log that was synced and not closed, a flipped bit takes the last barrier's records at most", async () => {
  const fs = new MemoryFs();
  const log = await openWal({ directory: new Directory(fs), ...small, segmentBytes: 320 });
  for (const record of history.slice(0, 5)) await log.appendDurable(bytesOf(record));
  for (const record of history.slice(5)) log.append(bytesOf(record));
  await log.sync();
  const tree = fs.snapshot();
  for (const file of segmentsOf(copyOf(tree))) {
    const { length } = copyOf(tree).readFile(file);
    for (let offset = 0; offset < length; offset += 1) {
      for (const bit of bitsAt(offset)) {
        const found = await readDamaged(tree, (directory) => flip(directory, file, offset, bit));
        if (found === undefined) continue;
        // What nothing behind it states, and nothing else: two records in one barrier.
        const whole = everything.slice(0, Math.max(found.length, 5));
        expect(found, `bit ${bit} of ${file} at ${offset}`).toEqual(whole);
      }
    }
  }
});

describe("files that somebody moved", () => {
  let tree: Tree;
  let files: string[];
  beforeAll(async () => {
    tree = await closedLog();
    files = segmentsOf(copyOf(tree));
  });

  test.each([0, 1, 2])("segment %i is gone", async (index) => {
    const found = await readDamaged(tree, (directory) => directory.remove(files[index] as string));
    // The first: a log that was pruned. The last: a shorter log. Both are what they say they are, and nothing is missing inside.
    expect(found).toEqual([everything.slice(3), undefined, everything.slice(0, 6)][index]);
  });

  test("a damaged segment is not gathered with others: it stays where it is, whole, for whoever reads it", async () => {
    const directory = copyOf(tree);
    const [first] = files as [string];
    change(directory, first, (bytes) => void (bytes[120] = (bytes[120] as number) ^ 1));
    const bytes = directory.readFile(first);
    const log = await openWal({ directory, ...small, mergeBytes: 65536 });
    expect(log.lastLsn).toBe(7);
    expect(() => textsOf(log)).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
    expect(directory.readFile(first)).toEqual(bytes);
    await log.close();
  });

  test("a segment of another log", async () => {
    const directory = copyOf(tree);
    const elsewhere = new MemoryFs();
    elsewhere.nonce(); // names and ids are drawn from these: another log, then
    const stranger = copyOf(await closedLog(elsewhere));
    const file = segmentsOf(stranger)[2] as string;
    directory.writeFile(file, stranger.readFile(file));
    expect(await outcome(directory)).toBe("WAL_FOREIGN_SEGMENT");
    expect(await outcome(directory, "salvage")).toBe("WAL_FOREIGN_SEGMENT");
  });

  // Two copies of a log that went their own ways: ids, LSNs and every checksum fit, and only the chain tells.
  test("a segment of a copy that took another way is not followed, by an open or by a reader", async () => {
    const common = copyOf(tree);
    const grown = async (names: readonly string[], segmentBytes: number): Promise<Directory> => {
      const directory = copyOf((common.fs as MemoryFs).snapshot());
      const log = await openWal({ directory, ...small, segmentBytes });
      for (const name of names) log.append(bytesOf(name.padEnd(30, ".")));
      log.write();
      return copyOf((directory.fs as MemoryFs).snapshot());
    };
    const here = await grown(["a", "b", "c"], 4096);
    const there = await grown(["A", "B", "C", "D"], 128);
    const theirs = segmentsOf(there).find((file) => file.startsWith("6".padStart(20, "0"))) as string;
    const wanted = [
      ...everything,
      ...listed(
        ["a", "b", "c"].map((name) => name.padEnd(30, ".")),
        1,
      ),
    ].map((each, index) => each.replace(/^\d+/, String(index + 1)));
    const reader = openWalReader({ directory: here });
    expect(textsOf(reader)).toEqual(wanted);
    here.writeFile(theirs, there.readFile(theirs));
    reader.refresh();
    expect(textsOf(reader)).toEqual(wanted);
    expect(textsOf(openWalReader({ directory: here }))).toEqual(wanted);
    expect(await outcome(here)).toEqual(wanted);
  });

  test("a segment under another number or nonce", async () => {
    for (const name of ["00000000000000000009-00000000.seg", (files[1] as string).replace(/-.*/, "-00000000.seg")]) {
      const directory = copyOf(tree);
      directory.rename(files[1] as string, name);
      expect(await outcome(directory)).toBe("WAL_FOREIGN_SEGMENT");
    }
  });

  test("a directory under the name of a segment", async () => {
    const directory = copyOf(tree);
    directory.makeDirectory("00000000000000000009-00000000.seg");
    expect(await outcome(directory)).toBe("WAL_FOREIGN_SEGMENT");
  });

  test("names that only look like a segment's are nobody's business", async () => {
    const directory = copyOf(tree);
    for (const name of ["wal_+2", "3-0.seg", "00000000000000000000-00000000.seg"]) {
      directory.writeFile(name, bytesOf("?"));
    }
    expect(await outcome(directory)).toEqual(everything);
    expect(directory.list().filter(({ name }) => directory.readFile(name).length === 1).length).toBe(3);
  });
});

test("behind damage in a sealed segment, reading goes on with the next one, as the README says", async () => {
  const directory = new Directory(new MemoryFs());
  const written = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= 20; lsn += 1) written.append(bytesOf(`record ${lsn}`.padEnd(40, ".")));
  const [first] = written.segments();
  await written.close();
  const bytes = directory.readFile(first?.file as string);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  directory.writeFile(first?.file as string, bytes);
  const log = await openWal({ directory, ...small, mode: "salvage" });
  let damage: WalError | undefined;
  try {
    for (const each of log.read()) expect(each.lsn).toBe(0); // the first record is the damaged one
  } catch (error) {
    damage = error as WalError;
  }
  expect(damage?.code).toBe("WAL_CORRUPT");
  expect(damage?.context.lsn).toBe(1);
  const next = log.segments().find(({ baseLsn }) => baseLsn > 1);
  const rest = [...log.read({ from: next?.baseLsn as number })].map(({ lsn }) => lsn);
  expect(rest.at(0)).toBe(next?.baseLsn);
  expect(rest.at(-1)).toBe(20);
  await log.close();
});
