// What a verification finds in a log, segmented or in one file, that it goes on behind damage, and that it changes nothing.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type Wal } from "../src/index.js";
import { openRecordLog } from "../src/record-log-entry.js";
import {
  verifyLog,
  verifyRecordLog,
  type LogFinding,
  type VerifyLogOptions,
  type VerifyProgress,
  type VerifyReport,
} from "../src/verify-entry.js";
import { bytesOf, copyOf, small } from "./log-law.js";

type Tree = ReturnType<MemoryFs["snapshot"]>;

const record = (lsn: number): Uint8Array => bytesOf(`record ${lsn}`.padEnd(40, "."));

/** Three records to a segment, then a batch of two in a segment of its own; closed. */
async function closedLog(
  options: { readonly checkpoints?: readonly number[]; readonly durable?: boolean } = {},
): Promise<Directory> {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small, segmentBytes: 320 });
  for (let lsn = 1; lsn <= 9; lsn += 1) {
    log.append(record(lsn));
    if (options.durable === true) await log.sync(); // so that the next header states it
  }
  log.appendBatch([record(10), record(11)]);
  for (const lsn of options.checkpoints ?? []) await log.checkpoint(bytesOf(`state ${lsn}`), { lsn });
  await log.close();
  return directory;
}

function segmentsOf(directory: Directory): string[] {
  return directory.list().flatMap(({ name }) => (name.endsWith(".seg") ? [name] : []));
}

function flip(directory: Directory, file: string, offset: number): void {
  const bytes = directory.readFile(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
  directory.writeFile(file, bytes);
}

function treeOf(directory: Directory): Tree {
  return (directory.fs as MemoryFs).snapshot();
}

/** Codes, files and offsets of what was found. */
function places(findings: readonly LogFinding[]): unknown[] {
  return findings.map(({ code, file, offset, lsn }) => ({ code, file, offset, lsn }));
}

const checkpointFile = (lsn: number): string => `${String(lsn).padStart(20, "0")}.ckpt`;

describe("a segmented log", () => {
  test("that is sound: everything is counted, and nothing touched", async () => {
    const directory = await closedLog({ checkpoints: [5, 9] });
    const fs = new FaultFs(directory.fs);
    const writes = fs.plan.arm("write,append,truncate,allocate,rename,remove,makeDirectory,sync,syncNames:* EIO");
    expect(await verifyLog({ directory: new Directory(fs) })).toEqual({
      firstLsn: 1,
      lastLsn: 11,
      provenLsn: 11,
      records: 11,
      payloadBytes: 11 * 40,
      segmentCount: 4,
      checkpointCount: 2,
      dropped: [],
      findings: [],
    });
    expect(writes.seen).toBe(0);
    expect(fs.openHandles).toEqual([]);
  });

  test.each([{ durable: true }, { durable: false }])(
    "that is damaged in several segments, %j: each is told, and what lies behind is looked at",
    async ({ durable }) => {
      const directory = await closedLog({ durable });
      const [first, second, third] = segmentsOf(directory) as [string, string, string];
      flip(directory, first, 64 + 72 + 40); // in the payload of record 2
      flip(directory, second, 64 + 8); // in the frame header of record 4
      const { findings, records, lastLsn } = await verifyLog({ directory });
      const found = [
        { code: "WAL_CORRUPT", file: first, offset: 64 + 72, lsn: 2 },
        { code: "WAL_CORRUPT", file: second, offset: 64, lsn: 4 },
      ];
      expect(places(findings)).toEqual(found);
      // Where only the close has stated anything as durable, the log ends with the first damage.
      expect([records, lastLsn]).toEqual([1 + 5, durable ? 11 : 1]);
      directory.remove(third);
      const again = await verifyLog({ directory });
      expect(places(again.findings)).toEqual(found);
      expect(again.records).toBe(1 + 2);
    },
  );

  test.each([{ durable: true }, { durable: false }])(
    "that has lost a segment in between, %j, and is otherwise sound",
    async ({ durable }) => {
      const directory = await closedLog({ durable });
      const [, second, third] = segmentsOf(directory) as [string, string, string];
      directory.remove(third);
      const { findings, records } = await verifyLog({ directory });
      expect(places(findings)).toEqual([{ code: "WAL_CORRUPT", file: second, offset: 64 + 3 * 72, lsn: 7 }]);
      expect(records).toBe(8);
    },
  );

  test("in which a segment has lost its header: where it is, and what is missing for it", async () => {
    const directory = await closedLog({ durable: true });
    const [first, second] = segmentsOf(directory) as [string, string];
    flip(directory, second, 20);
    const { findings, records } = await verifyLog({ directory });
    expect(places(findings)).toEqual([
      { code: "WAL_CORRUPT", file: first, offset: 64 + 3 * 72, lsn: 4 },
      { code: "WAL_CORRUPT", file: second, offset: 0, lsn: undefined },
    ]);
    expect(records).toBe(8);
  });

  test("whose tail is damaged behind what is stated as durable", async () => {
    const directory = await closedLog();
    const last = segmentsOf(directory).at(-1) as string;
    flip(directory, last, 64 + 32 + 10);
    const { findings, lastLsn, provenLsn } = await verifyLog({ directory });
    expect(places(findings)).toEqual([{ code: "WAL_CORRUPT", file: last, offset: 64, lsn: 10 }]);
    expect([lastLsn, provenLsn]).toEqual([9, 11]);
  });

  test("whose tail is torn as a crash leaves it: no damage, but said", async () => {
    const directory = await closedLog();
    const last = segmentsOf(directory).at(-1) as string;
    directory.writeFile(last, directory.readFile(last).subarray(0, 64 + 50));
    const report = await verifyLog({ directory });
    expect(report).toMatchObject({ lastLsn: 9, records: 9, findings: [] });
    expect(report.dropped).toMatchObject([{ file: last, offset: 64, bytes: 50 }]);
  });

  test("whose checkpoints are damaged, each in its own way", async () => {
    const directory = await closedLog({ checkpoints: [5, 9] });
    const sound = treeOf(directory);
    const stranger = new MemoryFs();
    stranger.nonce(); // another identity
    const theirs = await openWal({ directory: new Directory(stranger), ...small });
    theirs.append(record(1));
    await theirs.checkpoint(bytesOf("state 9"), { lsn: 1 });
    const found = async (edit: (copy: Directory) => void): Promise<unknown[]> => {
      const copy = copyOf(sound);
      edit(copy);
      return places((await verifyLog({ directory: copy })).findings);
    };
    const file = checkpointFile(5);
    const finding = (code: string, offset: number): unknown => ({ code, file, offset, lsn: 5 });
    expect(await found((copy) => flip(copy, file, 20))).toEqual([finding("WAL_CORRUPT", 0)]);
    expect(await found((copy) => flip(copy, file, 64 + 33))).toEqual([finding("WAL_CORRUPT", 64)]);
    const longer = (copy: Directory): void => copy.writeFile(file, Uint8Array.of(...copy.readFile(file), 0, 0, 0, 1));
    expect(await found(longer)).toEqual([finding("WAL_CORRUPT", 64 + 40)]);
    expect(await found((copy) => copy.writeFile(file, copy.readFile(checkpointFile(9))))).toEqual([
      finding("WAL_CORRUPT", 0),
    ]);
    const foreign = new Directory(stranger).readFile(checkpointFile(1));
    expect(await found((copy) => copy.writeFile(file, foreign))).toEqual([finding("WAL_FOREIGN_SEGMENT", 0)]);
    await theirs.close();
  });

  test("that no checkpoint leads into any more", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...small, keepCheckpoints: 1 });
    for (let lsn = 1; lsn <= 9; lsn += 1) log.append(record(lsn));
    await log.publish(bytesOf("state"), { lsn: 7 });
    const verify = (): Promise<VerifyReport> => verifyLog({ directory, durableLsn: log.durableLsn });
    expect((await verify()).findings).toEqual([]);
    const [gone, first] = log.segments();
    directory.remove(gone?.file as string); // no call of the log would
    const firstLsn = first?.baseLsn as number;
    expect(firstLsn).toBeGreaterThan(8);
    const { findings, checkpointCount } = await verify();
    expect(places(findings)).toMatchObject([{ code: "WAL_CHECKPOINT_MISSING", lsn: firstLsn }]);
    expect(checkpointCount).toBe(1);
    flip(directory, checkpointFile(7), 100);
    expect(places((await verify()).findings)).toEqual([
      { code: "WAL_CORRUPT", file: checkpointFile(7), offset: 64, lsn: 7 },
      { code: "WAL_CHECKPOINT_MISSING", file: undefined, offset: undefined, lsn: firstLsn },
    ]);
    directory.remove(checkpointFile(7)); // who prunes without checkpoints keeps the state elsewhere
    expect((await verify()).findings).toEqual([]);
    await log.close();
  });

  test("of which not even the headers make a log: one finding; where there is none: an error", async () => {
    const directory = await closedLog({ checkpoints: [5] });
    const [first, second] = segmentsOf(directory) as [string, string];
    const moved = copyOf(treeOf(directory));
    moved.rename(first, second.replace(/^0+2/, "00000000000000000077"));
    expect(await verifyLog({ directory: moved })).toMatchObject({
      records: 0,
      findings: [{ code: "WAL_FOREIGN_SEGMENT" }],
    });
    const orphaned = copyOf(treeOf(directory));
    for (const name of segmentsOf(orphaned)) orphaned.remove(name);
    expect(places((await verifyLog({ directory: orphaned })).findings)).toEqual([
      { code: "WAL_CORRUPT", file: checkpointFile(5), offset: undefined, lsn: 5 },
    ]);
    expect(() => openWalReader({ directory: orphaned })).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
    await expect(verifyLog({ directory: new Directory(new MemoryFs()) })).rejects.toMatchObject({
      code: "WAL_NOT_FOUND",
    });
  });

  test("every flipped byte of a closed log is a finding, or bytes that are said to be cut off", async () => {
    const tree = treeOf(await closedLog({ checkpoints: [5] }));
    const files = copyOf(tree).list();
    let flips = 0;
    for (const { name } of files) {
      const { size } = copyOf(tree).stat(name);
      for (let offset = 0; offset < size; offset += 1) {
        const copy = copyOf(tree);
        flip(copy, name, offset);
        const { findings, dropped } = await verifyLog({ directory: copy });
        if (findings.length + dropped.length === 0) expect.fail(`${name} at ${offset}: nothing found`);
        flips += 1;
      }
    }
    expect(flips).toBeGreaterThan(1000);
  });

  test("that is open: what its handle knows to be durable has to be there", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...small, segmentBytes: 4096 });
    for (let lsn = 1; lsn <= 3; lsn += 1) await log.appendDurable(record(lsn));
    log.append(record(4)); // waits in the buffer, and is nobody's business
    const { durableLsn } = log;
    expect(await verifyLog({ directory, durableLsn })).toMatchObject({ lastLsn: 3, provenLsn: 3, findings: [] });
    const file = segmentsOf(directory)[0] as string;
    directory.writeFile(file, directory.readFile(file).subarray(0, 64 + 2 * 72));
    expect(await verifyLog({ directory })).toMatchObject({ lastLsn: 2, findings: [] });
    const { findings, lastLsn, provenLsn } = await verifyLog({ directory, durableLsn });
    expect(places(findings)).toEqual([{ code: "WAL_CORRUPT", file, offset: 64 + 2 * 72, lsn: 3 }]);
    expect([lastLsn, provenLsn]).toEqual([2, 3]);
    log.write();
    await log.close();
    expect(places((await verifyLog({ directory, durableLsn: log.durableLsn })).findings)).toEqual(places(findings));
  });

  test("is not sound for somebody who was told of more than it has, and for whoever was told of less", async () => {
    const directory = await closedLog();
    const last = segmentsOf(directory).at(-1) as string;
    for (const durableLsn of [0, 3, 11]) {
      expect(await verifyLog({ directory, durableLsn })).toMatchObject({ provenLsn: 11, records: 11, findings: [] });
    }
    const { findings, records, lastLsn, provenLsn } = await verifyLog({ directory, durableLsn: 12 });
    expect(findings).toMatchObject([{ code: "WAL_CORRUPT", file: last, lsn: 12 }]);
    expect([records, lastLsn, provenLsn]).toEqual([11, 11, 12]);
  });

  test("that a reader has open is looked at to its end, and not to the reader's last look", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...small });
    log.append(record(1));
    await log.sync();
    const reader = openWalReader({ directory });
    for (let lsn = 2; lsn <= 5; lsn += 1) log.append(record(lsn));
    log.write();
    expect(await verifyLog({ directory })).toMatchObject({ lastLsn: 5, records: 5, findings: [] });
    expect(reader.lastLsn).toBe(1);
    reader.close();
    await log.close();
  });
});

/** A log of a few megabytes, and a fault-counting view of it. */
async function largeLog(): Promise<{ log: Wal; fs: FaultFs }> {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const log = await openWal({ directory, segmentBytes: 1024 * 1024, preallocateBytes: 0, prepareSegments: false });
  for (let lsn = 1; lsn <= 3000; lsn += 1) log.append(new Uint8Array(1000));
  await log.sync();
  return { log, fs };
}

describe("the work", () => {
  test("gives the event loop its turns, and says how far it is", async () => {
    const { log, fs } = await largeLog();
    let turns = 0;
    const seen: VerifyProgress[] = [];
    await verifyLog({
      directory: new Directory(fs),
      turn: async () => void (turns += 1),
      onProgress: (progress) => void seen.push(progress),
    });
    // Every slice has at most 256 KiB and the record that goes beyond.
    expect(turns).toBeGreaterThanOrEqual(3000 / 263);
    expect(seen.at(-1)).toEqual({ lsn: 3000, lastLsn: 3000 });
    expect(seen.length).toBeGreaterThanOrEqual(3000 / 263);
    let before = 0;
    for (const { lsn } of seen) {
      expect(lsn - before).toBeLessThanOrEqual(263);
      before = lsn;
    }
    await log.close();
  });

  test("gives the event loop its turns among records without bytes, too", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, preallocateBytes: 0, prepareSegments: false });
    for (let lsn = 1; lsn <= 20_000; lsn += 1) log.append(new Uint8Array());
    log.write();
    const seen: number[] = [];
    await verifyLog({ directory, onProgress: ({ lsn }) => void seen.push(lsn) });
    expect(seen.length).toBeGreaterThan(4);
    await log.close();
  });

  test("ends with the signal, or with what onProgress throws, and leaves nothing open", async () => {
    const { log, fs } = await largeLog();
    const directory = new Directory(fs);
    const open = fs.openHandles.length;
    const stop = new AbortController();
    const onProgress = ({ lsn }: VerifyProgress): void => void (lsn > 1000 && stop.abort());
    const aborting = verifyLog({ directory, signal: stop.signal, onProgress });
    await expect(aborting).rejects.toMatchObject({ code: "WAL_ABORTED" });
    await expect(verifyLog({ directory, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "WAL_ABORTED" });
    const own = new Error("of the caller");
    const failing = (): never => {
      throw own;
    };
    await expect(verifyLog({ directory, onProgress: failing })).rejects.toBe(own);
    const unable = async (): Promise<void> => {
      throw own;
    };
    await expect(verifyLog({ directory, turn: unable })).rejects.toBe(own);
    expect(fs.openHandles.length).toBe(open);
    await log.close();
  });

  test("takes for no damage what a writer prunes, closes and begins anew meanwhile", async () => {
    const directory = new Directory(new MemoryFs());
    const options = { directory, segmentBytes: 300 * 1024, preallocateBytes: 0, prepareSegments: false, mergeBytes: 0 };
    let log = await openWal(options);
    for (let lsn = 1; lsn <= 3000; lsn += 1) log.append(new Uint8Array(1000));
    await log.sync();
    let turns = 0;
    const turn = async (): Promise<void> => {
      turns += 1;
      if (turns % 3 === 0) await log.publish(bytesOf("state"), { lsn: Math.min(turns * 100, 2500) });
      if (turns % 4 !== 0) return;
      await log.close();
      log = await openWal(options);
      for (let count = 0; count < 5; count += 1) log.append(new Uint8Array(1000));
      log.write();
    };
    for (let round = 0; round < 3; round += 1) {
      const { findings, records } = await verifyLog({ directory, turn });
      expect(findings).toEqual([]);
      expect(records).toBeGreaterThan(500);
    }
    expect(log.firstLsn).toBeGreaterThan(1000);
    await log.close();
  });

  test("fails where a file cannot be read, rather than say that it is sound", async () => {
    const { log, fs } = await largeLog();
    fs.plan.arm("read:*.seg n9 EIO");
    await expect(verifyLog({ directory: new Directory(fs) })).rejects.toMatchObject({ code: "FS_IO" });
    await log.close();
  });

  test.each([
    { onProgress: 5 },
    { signal: {} },
    { turn: "soon" },
    { directory: "/tmp" },
    { durableLsn: -1 },
    { durableLsn: 1.5 },
    { durableLsn: "3" },
    { durableLsn: Number.NaN },
    { maxRecordBytes: 5 },
    { name: "events" },
  ])("options %j are refused by name", async (wrong) => {
    // Wrong on purpose: callers of plain JavaScript have no compiler.
    const options = { directory: await closedLog(), ...wrong } as unknown as VerifyLogOptions;
    await expect(verifyLog(options)).rejects.toMatchObject({
      code: "WAL_INVALID_OPTION",
      context: { option: Object.keys(wrong)[0] },
    });
  });
});

describe("a record log", () => {
  const name = "events";
  const plain = { name, bufferBytes: 256, preallocateBytes: 0 };

  /** Two sections, the second with a batch; closed. */
  async function closedRecordLog(): Promise<Directory> {
    const directory = new Directory(new MemoryFs());
    const first = await openRecordLog({ directory, ...plain });
    for (let lsn = 1; lsn <= 3; lsn += 1) first.append(record(lsn));
    await first.close();
    const second = await openRecordLog({ directory, ...plain });
    second.appendBatch([record(4), record(5)]);
    await second.close();
    return directory;
  }

  test("that is sound: everything is counted, and nothing touched", async () => {
    const directory = await closedRecordLog();
    const bytes = directory.readFile(name);
    expect(await verifyRecordLog({ directory, name })).toEqual({
      firstLsn: 1,
      lastLsn: 5,
      provenLsn: 5,
      records: 5,
      payloadBytes: 5 * 40,
      segmentCount: 2,
      checkpointCount: 0,
      dropped: [],
      findings: [],
    });
    expect(directory.readFile(name)).toEqual(bytes);
  });

  test("every flipped byte is a finding, or bytes that are said to be cut off", async () => {
    const directory = await closedRecordLog();
    const tree = treeOf(directory);
    const unnoticed: number[] = [];
    for (let offset = 0; offset < directory.stat(name).size; offset += 1) {
      const copy = copyOf(tree);
      flip(copy, name, offset);
      const { findings, dropped } = await verifyRecordLog({ directory: copy, name });
      if (findings.length + dropped.length === 0) unnoticed.push(offset);
    }
    expect(unnoticed).toEqual([]);
  });

  test("that is damaged says where; that is torn says what would be cut off", async () => {
    const directory = await closedRecordLog();
    const torn = copyOf(treeOf(directory));
    torn.writeFile(name, directory.readFile(name).subarray(0, 160 + 40));
    expect(await verifyRecordLog({ directory: torn, name })).toMatchObject({
      lastLsn: 0,
      findings: [],
      dropped: [{ file: name, offset: 160, bytes: 40 }],
    });
    flip(directory, name, 160 + 72 + 50);
    expect(places((await verifyRecordLog({ directory, name })).findings)).toEqual([
      { code: "WAL_CORRUPT", file: name, offset: 160 + 72, lsn: 2 },
    ]);
    flip(directory, name, 5);
    expect(await verifyRecordLog({ directory, name })).toMatchObject({
      records: 0,
      findings: [{ code: "WAL_CORRUPT", file: name, offset: 0 }],
    });
    await expect(verifyRecordLog({ directory, name: "others" })).rejects.toMatchObject({ code: "WAL_NOT_FOUND" });
    await expect(verifyRecordLog({ directory, name: "a/b" })).rejects.toMatchObject({ code: "WAL_INVALID_OPTION" });
  });

  test("that is open: what its handle knows to be durable has to be there", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openRecordLog({ directory, ...plain });
    for (let lsn = 1; lsn <= 3; lsn += 1) await log.appendDurable(record(lsn));
    const { durableLsn } = log;
    const sound = await verifyRecordLog({ directory, name, durableLsn });
    expect(sound).toMatchObject({ lastLsn: 3, records: 3, findings: [] });
    directory.writeFile(name, directory.readFile(name).subarray(0, 160 + 2 * 72));
    expect(await verifyRecordLog({ directory, name })).toMatchObject({ lastLsn: 2, findings: [] });
    const { findings, lastLsn, provenLsn } = await verifyRecordLog({ directory, name, durableLsn });
    expect(places(findings)).toEqual([{ code: "WAL_CORRUPT", file: name, offset: 160 + 2 * 72, lsn: 3 }]);
    expect([lastLsn, provenLsn]).toEqual([2, 3]);
    await log.close();
  });

  test("the work gives the event loop its turns and ends with the signal", async () => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const log = await openRecordLog({ directory, name });
    for (let lsn = 1; lsn <= 3000; lsn += 1) log.append(new Uint8Array(1000));
    await log.sync();
    const open = fs.openHandles.length;
    let turns = 0;
    const seen: number[] = [];
    const turn = async (): Promise<void> => void (turns += 1);
    const onProgress = ({ lsn }: VerifyProgress): void => void seen.push(lsn);
    await verifyRecordLog({ directory, name, turn, onProgress });
    // Twice over the file, 256 KiB at a time.
    expect(turns).toBeGreaterThanOrEqual((2 * 3000) / 263);
    expect(seen.at(-1)).toBe(3000);
    expect(seen.length).toBeGreaterThanOrEqual(3000 / 263);
    const stop = new AbortController();
    const place = { directory, name };
    const aborting = verifyRecordLog({ ...place, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(aborting).rejects.toMatchObject({ code: "WAL_ABORTED" });
    const stopped = verifyRecordLog({ ...place, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: "WAL_ABORTED" });
    expect(fs.openHandles.length).toBe(open);
    await log.close();
  });
});
