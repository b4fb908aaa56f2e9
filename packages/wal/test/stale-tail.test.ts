// What a disk may hold behind the end of a log: sectors of earlier generations of its own segments, of other logs, or of a copy of
// this very log that went another way, frames and headers whole. None of it becomes a record, and nothing before it is lost.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader } from "../src/index.js";
import { openRecordLog, openRecordLogReader } from "../src/record-log-entry.js";
import { bytesOf, listed, small, textsOf } from "./log-law.js";

const SECTOR_BYTES = 512;
const history = Array.from({ length: 7 }, (_, index) => `record ${index} `.padEnd(30 + index, "."));

/** One way to keep a log, for a test that writes behind its end. */
interface Kind {
  readonly lock: string;
  readonly open: (
    directory: Directory,
    mode?: "strict" | "recover",
  ) => ReturnType<typeof openWal | typeof openRecordLog>;
  readonly reader: (directory: Directory) => Pick<ReturnType<typeof openWalReader>, "read">;
  /** Files that hold frames, the one that the log ends in last. */
  readonly files: (directory: Directory) => string[];
}

const kinds: Readonly<Record<string, Kind>> = {
  "a log": {
    lock: "LOCK",
    open: (directory, mode = "recover") => openWal({ directory, ...small, segmentBytes: 320, mode }),
    reader: (directory) => openWalReader({ directory }),
    files: (directory) =>
      directory
        .list()
        .map(({ name }) => name)
        .filter((name) => name.endsWith(".seg")),
  },
  "a record log": {
    lock: "log.lock",
    open: (directory, mode = "recover") => openRecordLog({ directory, name: "log", preallocateBytes: 0, mode }),
    reader: (directory) => openRecordLogReader({ directory, name: "log" }),
    files: () => ["log"],
  },
};

type Tree = ReturnType<MemoryFs["snapshot"]>;

function copyOf(tree: Tree, { lock }: Kind): Directory {
  const directory = new Directory(new MemoryFs({ image: tree }));
  directory.removeIfPresent(lock);
  return directory;
}

/** A copy in which nobody has it open, after `run`s that were killed; each appends so many records and syncs. */
async function grown(kind: Kind, tree: Tree, runs: readonly number[], text: readonly string[]): Promise<Tree> {
  let image = tree;
  for (const count of runs) {
    const directory = copyOf(image, kind);
    const log = await kind.open(directory);
    for (let more = 0; more < count; more += 1) await log.appendDurable(bytesOf(text[log.lastLsn] as string));
    image = (directory.fs as MemoryFs).snapshot();
  }
  return copyTree(image, kind);
}

function copyTree(tree: Tree, kind: Kind): Tree {
  return (copyOf(tree, kind).fs as MemoryFs).snapshot();
}

/** Every piece of a sector's length that may lie there, whole frames at its beginning or not. */
function* pieces(kind: Kind, tree: Tree): Generator<Uint8Array> {
  const directory = copyOf(tree, kind);
  for (const file of kind.files(directory)) {
    const bytes = directory.readFile(file);
    for (let from = 0; from < bytes.length; from += 8) {
      const piece = new Uint8Array(SECTOR_BYTES);
      piece.set(bytes.subarray(from, from + SECTOR_BYTES));
      yield piece;
    }
  }
}

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  const empty = new MemoryFs().snapshot();

  test("sectors of its own past, of other logs and of a copy that went another way are cut off", async () => {
    const young = await grown(kind, empty, [3], history);
    const tree = await grown(kind, young, [2, 2], history);
    const elsewhere = new MemoryFs();
    elsewhere.nonce(); // names and ids are drawn from these: another log, then
    const stale = [
      tree,
      young,
      await grown(kind, elsewhere.snapshot(), [4, 3], history),
      await grown(kind, young, [2, 3], [...history.slice(0, 3), "B", "C", "D", "E", "F"]),
    ];
    const wanted = listed(history);
    expect(textsOf(kind.reader(copyOf(tree, kind)))).toEqual(wanted);
    let tried = 0;
    for (const piece of stale.flatMap((each) => [...pieces(kind, each)])) {
      const directory = copyOf(tree, kind);
      const file = kind.files(directory).at(-1) as string;
      const bytes = directory.readFile(file);
      directory.writeFile(file, Uint8Array.from([...bytes, ...piece]));
      const what = `piece ${tried}`;
      expect(textsOf(kind.reader(directory)), what).toEqual(wanted);
      const log = await kind.open(directory);
      expect(textsOf(log), what).toEqual(wanted);
      expect(await log.appendDurable(bytesOf("after")), what).toBe(8);
      await log.close();
      const again = await kind.open(directory, "strict");
      expect(textsOf(again), what).toEqual([...wanted, "8:after"]);
      await again.close();
      tried += 1;
    }
    expect(tried).toBeGreaterThan(200);
  });
});
