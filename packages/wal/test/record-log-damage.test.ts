// Damage to a record log that was synced: whatever is flipped, cut, zeroed or put in, what is read is what was written, or an
// error. A log that is shorter without a word is the one outcome that may not be.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crc32, encodeSegmentHeader, readSegmentHeader, sourceOf } from "@holdfast/segment-codec";
import { beforeAll, describe, expect, test } from "vitest";
import { openWal } from "../src/index.js";
import { openRecordLogReader, WalError, type RecoveryMode } from "../src/record-log-entry.js";
import { bytesOf, listed, textsOf } from "./log-law.js";
import { copyOf, name, open, plain } from "./record-log-law.js";

type Tree = ReturnType<MemoryFs["snapshot"]>;

const history = Array.from({ length: 7 }, (_, index) => `record ${index} `.padEnd(30 + index, "."));
const everything = listed(history);

/** Three sections with records: two of runs that closed, and the last as `leave` leaves it. */
async function made(leave: "closed" | "killed", fs: MemoryFs = new MemoryFs()): Promise<Tree> {
  const directory = new Directory(fs);
  for (const part of [history.slice(0, 3), history.slice(3, 5)]) {
    const log = await open(directory);
    for (const record of part) await log.appendDurable(bytesOf(record));
    await log.close();
  }
  const last = await open(directory);
  for (const record of history.slice(5)) await last.appendDurable(bytesOf(record));
  if (leave === "closed") await last.close();
  return fs.snapshot();
}

/** What an open and a full read give: the records, or the code of the error. A reader has to say the same. */
async function outcome(directory: Directory, mode: RecoveryMode = "recover"): Promise<string[] | string> {
  const seen = codeOr(() => textsOf(openRecordLogReader({ directory, name })));
  const log = await open(directory, { ...plain, mode }).catch((error: unknown) => {
    if (error instanceof WalError) return error.code;
    throw error;
  });
  if (typeof log === "string") {
    if (mode === "recover") expect(seen).toBe(log);
    return log;
  }
  const records = textsOf(log);
  await log.close();
  if (mode === "recover") expect(seen).toEqual(records);
  return records;
}

function codeOr<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof WalError) return error.code;
    throw error;
  }
}

function damaged(tree: Tree, edit: (bytes: Uint8Array) => Uint8Array | void): Directory {
  const directory = copyOf(tree);
  const bytes = directory.readFile(name);
  directory.writeFile(name, edit(bytes) ?? bytes);
  return directory;
}

describe("closed", () => {
  let tree: Tree;
  let length: number;
  beforeAll(async () => {
    tree = await made("closed");
    ({ length } = copyOf(tree).readFile(name));
  });

  test("a flipped bit anywhere is noticed, or changes nothing", async () => {
    let unnoticed = 0;
    for (let offset = 0; offset < length; offset += 1) {
      for (const bit of [1 << ((offset * 5) % 8), 1 << ((offset * 3 + 1) % 8)]) {
        const directory = damaged(tree, (bytes) => void (bytes[offset] = (bytes[offset] as number) ^ bit));
        const found = await outcome(directory);
        if (typeof found === "string") expect(found, `bit ${bit} at ${offset}`).toBe("WAL_CORRUPT");
        else {
          unnoticed += 1;
          expect(found, `bit ${bit} at ${offset}`).toEqual(everything);
        }
      }
    }
    // Only the statement at the very end may go: 96 bytes that all records do without.
    expect(unnoticed).toBeLessThanOrEqual(2 * 96);
  });

  test.each([64, 160])(
    "zeros in place of any %i bytes are noticed, or the closing statement was among them",
    async (size) => {
      for (let offset = 0; offset < length; offset += 8) {
        const end = Math.min(length, offset + size);
        const found = await outcome(damaged(tree, (bytes) => void bytes.fill(0, offset, end)));
        if (typeof found === "string") continue;
        expect(found, `zeros at ${offset}`).toEqual(everything.slice(0, found.length));
        if (end <= length - 96) expect(found.length, `zeros at ${offset}`).toBe(history.length);
        else expect(found.length, `zeros at ${offset}`).toBeGreaterThanOrEqual(5); // what the last header states
      }
    },
  );

  test("a log cut at any byte is a prefix, and goes on from there", async () => {
    for (let size = 64; size < length; size += 1) {
      const directory = damaged(tree, (bytes) => bytes.slice(0, size));
      const found = await outcome(directory);
      expect(found, `cut to ${size}`).toEqual(everything.slice(0, found.length));
      const log = await open(directory);
      await log.appendDurable(bytesOf("more"));
      await log.close();
      expect((await outcome(directory)).length).toBe(found.length + 1);
    }
    for (let size = 0; size < 64; size += 1) {
      expect(await outcome(damaged(tree, (bytes) => bytes.slice(0, size)))).toBe("WAL_CORRUPT");
    }
  });

  test("a damaged record is refused and nothing is touched; salvage keeps what it cuts off", async () => {
    const directory = damaged(tree, (bytes) => void bytes.fill(0xff, 300, 340));
    const bytes = directory.readFile(name);
    for (const mode of ["recover", "strict"] as const) {
      expect(await outcome(directory, mode)).toBe("WAL_CORRUPT");
      expect(directory.readFile(name)).toEqual(bytes);
    }
    const found = await outcome(directory, "salvage");
    expect(found).toEqual(everything.slice(0, 2));
    const aside = directory.list().filter((entry) => entry.name.startsWith(`${name}.aside-`));
    expect(aside.length).toBe(1);
    expect(aside[0]?.name).toMatch(/[.]aside-0{19}4-/); // a number that no section had, those that were cut off included
    const kept = directory.readFile((aside[0] as { name: string }).name);
    expect(kept).toEqual(bytes.subarray(bytes.length - kept.length));
    const log = await open(directory);
    expect(await log.appendDurable(bytesOf("on"))).toBe(3);
    await log.close();
    expect(await outcome(directory)).toEqual([...everything.slice(0, 2), "3:on"]);
  });

  test("a segment of another log, and a file of something else", async () => {
    const header = (baseLsn: number): Uint8Array => {
      const bytes = new Uint8Array(64);
      const logId = new Uint8Array(16).fill(7);
      const rest = { nonce: 1, epoch: 1, content: 1, previousChain: 0, hash: "none" } as const;
      encodeSegmentHeader({ logId, segmentId: 1, baseLsn, durableLsn: 0, ...rest }, bytes);
      return bytes;
    };
    expect(await outcome(damaged(tree, () => header(5)))).toBe("WAL_FOREIGN_SEGMENT");
    expect(await outcome(damaged(tree, () => bytesOf("hello ".repeat(40))))).toBe("WAL_CORRUPT");
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, prepareSegments: false });
    await log.appendDurable(bytesOf("of a segmented log"));
    await log.close();
    const segment = directory.list().find((entry) => entry.name.endsWith(".seg"))?.name as string; // it has one
    directory.rename(segment, name);
    expect(await outcome(directory)).toBe("WAL_FOREIGN_SEGMENT");
  });

  test("a header of a later version, at the beginning and further on", async () => {
    const bytes = copyOf(tree).readFile(name);
    const view = new DataView(bytes.buffer);
    const offsets = [...bytes.keys()].filter((at) => at % 8 === 0 && view.getUint32(at) === 0x48_46_53_47);
    expect(offsets.length).toBe(9); // three headers, each three times
    for (const offset of [0, offsets[3] as number]) {
      const directory = damaged(tree, (copy) => {
        copy[offset + 4] = 9;
        new DataView(copy.buffer).setUint32(offset + 60, crc32(copy.subarray(offset, offset + 60)), true);
      });
      expect(await outcome(directory)).toBe("WAL_UNSUPPORTED");
    }
  });
});

test("a killed log: damage loses at most the last record, of which nothing says that it was durable", async () => {
  const tree = await made("killed");
  const { length } = copyOf(tree).readFile(name);
  for (let offset = 0; offset < length; offset += 1) {
    const found = await outcome(damaged(tree, (bytes) => void (bytes[offset] = (bytes[offset] as number) ^ 0x10)));
    if (typeof found === "string") expect(found).toBe("WAL_CORRUPT");
    else expect(found, `at ${offset}`).toEqual(everything.slice(0, Math.max(found.length, history.length - 1)));
  }
});

test("what an open has made durable is stated: damage to it is no torn tail", async () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const log = await open(directory);
  for (const record of history) log.append(bytesOf(record));
  log.write();
  const killed = copyOf(fs.snapshot());
  const second = await open(killed); // proves all of it, and is killed in turn
  expect(second.report).toMatchObject({ provenLsn: 0, lastLsn: 7, rewrittenRecords: 7 });
  const tree = (killed.fs as MemoryFs).snapshot();
  const { length } = copyOf(tree).readFile(name);
  for (let offset = 160; offset < length - 160; offset += 7) {
    const found = await outcome(damaged(tree, (bytes) => void (bytes[offset] = (bytes[offset] as number) ^ 0x10)));
    expect(found, `at ${offset}`).toBe("WAL_CORRUPT");
  }
});

/** The file of `records`, closed, and offset and end of the frame of its last record, whose padding is at least a byte. */
async function oneRun(records: readonly string[]): Promise<{ tree: Tree; begin: number; end: number }> {
  const fs = new MemoryFs();
  const log = await open(new Directory(fs));
  for (const record of records.slice(0, -1)) await log.appendDurable(bytesOf(record));
  const begin = log.stats().writtenBytes;
  await log.appendDurable(bytesOf(records.at(-1) as string));
  const end = log.stats().writtenBytes;
  return { tree: fs.snapshot(), begin, end };
}

test("a frame under a sound checksum that no encoder writes is damage, not a torn tail", async () => {
  const { tree, begin, end } = await oneRun(["a", "b"]);
  const directory = damaged(tree, (bytes) => {
    bytes[end - 1] = 1; // in the padding
    const view = new DataView(bytes.buffer);
    const before = view.getUint32(begin - 40, true); // chain of the frame of "a"
    view.setUint32(begin, crc32(bytes, begin + 28, end, before), true);
  });
  expect(await outcome(directory)).toBe("WAL_CORRUPT");
  expect(await outcome(directory, "salvage")).toEqual(["1:a"]);
});

test("one lost record is enough, and nothing but zeros is no tail", async () => {
  const { tree, begin, end } = await oneRun(["a", "b"]);
  const before = copyOf(tree).readFile(name);
  expect(await outcome(damaged(tree, (bytes) => void bytes.fill(0xee, begin - 36, begin - 20)))).toBe("WAL_CORRUPT");
  const padded = damaged(tree, (bytes) => Uint8Array.from([...bytes, ...new Uint8Array(100)]));
  const log = await open(padded, { ...plain, mode: "strict" });
  expect(log.report).toMatchObject({ dropped: [], asideFiles: [], lastLsn: 2, provenLsn: 1, rewrittenRecords: 1 });
  expect(padded.stat(name).size).toBe(end + 160);
  expect(padded.readFile(name).subarray(0, end)).toEqual(before);
  await log.close();
});

test("headers of other logs, and of sections that were cut off before, say nothing in a torn tail", async () => {
  const { tree } = await oneRun(["a"]);
  const directory = copyOf(tree);
  const own = directory.readFile(name);
  const header = (fields: { readonly segmentId: number; readonly logId?: Uint8Array }): Uint8Array => {
    const bytes = new Uint8Array(64);
    const rest = {
      nonce: 1,
      epoch: 9,
      content: 1,
      previousChain: 1,
      hash: "none",
      baseLsn: 99,
      durableLsn: 98,
    } as const;
    encodeSegmentHeader({ logId: own.slice(16, 32), ...fields, ...rest }, bytes);
    return bytes;
  };
  const withTail = (tail: Uint8Array): Directory =>
    damaged(tree, (bytes) => Uint8Array.from([...bytes, 1, ...new Uint8Array(7), ...tail]));
  expect(await outcome(withTail(header({ segmentId: 2 })))).toBe("WAL_CORRUPT");
  expect(await outcome(withTail(header({ segmentId: 1 })))).toEqual(["1:a"]);
  expect(await outcome(withTail(header({ segmentId: Number.MAX_SAFE_INTEGER })))).toEqual(["1:a"]);
  expect(await outcome(withTail(header({ segmentId: 2, logId: new Uint8Array(16) })))).toEqual(["1:a"]);
  // At the very place of the next section, but from somewhere else.
  expect(
    await outcome(
      damaged(tree, (bytes) => Uint8Array.from([...bytes, ...header({ segmentId: 2, logId: new Uint8Array(16) })])),
    ),
  ).toEqual(["1:a"]);
});

test("a section that lost its first frame in a crash is gone on from", async () => {
  const fs = new MemoryFs();
  const log = await open(new Directory(fs));
  await log.appendDurable(bytesOf("a"));
  await log.close();
  const tree = fs.snapshot();
  const directory = copyOf(tree);
  const size = directory.stat(name).size;
  await open(directory); // killed, and of its section only the header is left
  const torn = copyOf((directory.fs as MemoryFs).snapshot());
  torn.writeFile(name, torn.readFile(name).subarray(0, size + 64));
  const chains: number[] = [];
  for (let run = 0; run < 2; run += 1) {
    const next = await open(torn);
    await next.appendDurable(bytesOf(`run ${run}`));
    await next.close();
    chains.push(readSegmentHeader(sourceOf(torn.readFile(name).subarray(size + run * 64))).previousChain);
  }
  expect(chains[0]).toBe(chains[1]); // the section without frames hands on the chain that it continues from
  expect(await outcome(torn)).toEqual(listed(["a", "run 0", "run 1"]));
});

test("a tail longer than what follows is cut off for good", async () => {
  const { tree, end } = await oneRun(["a", "b"]);
  const directory = damaged(tree, (bytes) => Uint8Array.from([...bytes, ...bytesOf("torn".repeat(500))]));
  const log = await open(directory);
  expect(directory.stat(name).size).toBe(end + 160);
  await log.appendDurable(bytesOf("c"));
  await log.close();
  const next = await open(directory, { ...plain, mode: "strict" });
  expect(next.report).toMatchObject({ dropped: [], lastLsn: 3, provenLsn: 3 });
  await next.close();
});

test("of the files kept aside, so many stay, and mode strict refuses a torn tail", async () => {
  const directory = copyOf(await made("closed"));
  const strangers = ["another", `${name}2`].map((each) => `${each}.aside-${"1".padStart(20, "0")}-00000000`);
  for (const each of strangers) directory.writeFile(each, bytesOf("not ours"));
  for (let round = 0; round < 5; round += 1) {
    directory.writeFile(name, Uint8Array.from([...directory.readFile(name), ...bytesOf(`torn ${round}`)]));
    expect(await outcome(directory, "strict")).toBe("WAL_TORN");
    const log = await open(directory, { ...plain, maxAsideFiles: round === 4 ? 0 : 2 });
    expect(log.report.dropped).toMatchObject([{ bytes: 6, file: name }]);
    expect(log.report.asideFiles.length).toBe(round === 4 ? 0 : 1);
    await log.appendDurable(bytesOf("x"));
    await log.close();
  }
  for (const each of strangers) expect(directory.exists(each)).toBe(true);
  const aside = directory.list().filter((entry) => entry.name.startsWith(`${name}.aside-`));
  expect(aside.map((entry) => new TextDecoder().decode(directory.readFile(entry.name)))).toEqual(["torn 2", "torn 3"]);
});
