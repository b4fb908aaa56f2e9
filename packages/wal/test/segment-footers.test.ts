// Footers: where they are, what they are told, what goes wrong with one, and that no record depends on any.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { encodeSegmentHeader, FrameCursor, FrameEncoder, frameKinds } from "@holdfast/segment-codec";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type LogSegment, type Wal, type WalOptions } from "../src/index.js";
import { openRecordWalk, PlaceReader, SegmentFooters, type FooterOf, type SealedSegment } from "../src/places-entry.js";
import { demandTruth, footerAt, footerOf, footers } from "./footers.js";
import { formatSegmentFileName } from "../src/segment-file-name.js";
import { bytesOf, copyOf, listed, readInEveryMode, small, textOf, textsOf } from "./log-law.js";

/** A frame of 32 and a record of 40 bytes. */
const record = (name: string): string => name.padEnd(40, ".");
const names = ["a", "b", "c", "d", "e"].map(record);
/** Two records a segment. */
const options: Partial<WalOptions> = { ...small, segmentBytes: 208, footers };

async function logOf(more: Partial<WalOptions> = {}): Promise<{ readonly log: Wal; readonly directory: Directory }> {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...options, ...more });
  for (const each of names) log.append(bytesOf(each));
  return { log, directory };
}

function kindsIn(directory: Directory, { file, header }: LogSegment): { kinds: number[]; stop: string | undefined } {
  const kinds: number[] = [];
  const cursor = new FrameCursor(directory.readFile(file), header);
  while (cursor.next()) kinds.push(cursor.kind);
  return { kinds, stop: cursor.stop };
}

function imageOf(directory: Directory): ReturnType<MemoryFs["snapshot"]> {
  return (directory.fs as MemoryFs).snapshot();
}

describe("a footer", () => {
  test("is the last frame of every segment that takes no more records, and nothing is behind it", async () => {
    const told: SealedSegment[] = [];
    const own = new SegmentFooters((sealed) => {
      told.push(sealed);
      return footerOf(sealed);
    });
    const { log, directory } = await logOf({ preallocateBytes: 4096, footers: own });
    expect(own).toMatchObject({ written: 2, leftOut: 0, problem: undefined });
    await log.sync();
    const segments = log.segments();
    await log.close();
    const [record1, footer] = [frameKinds.record, frameKinds.footer];
    expect(segments.map((each) => kindsIn(directory, each))).toEqual([
      { kinds: [record1, record1, footer], stop: "end" },
      { kinds: [record1, record1, footer], stop: "end" },
      { kinds: [record1, footer], stop: "end" },
    ]);
    for (const [index, segment] of segments.entries()) {
      const { file, segmentId, header, baseLsn, lastLsn } = segment;
      const coveredBytes = 64 + 72 * (lastLsn - baseLsn + 1);
      expect(told[index]).toEqual({
        file,
        segmentId,
        header,
        baseLsn,
        lastLsn,
        coveredBytes,
        segmentCrc: header.crc,
        chain: segment.endChain,
        reserveBytes: 32,
        maxBytes: 16 * 1024 * 1024,
      });
      expect(footerAt(directory, file)).toMatchObject({ chain: segment.endChain, coveredBytes, lastLsn });
    }
    expect(segments.map(({ endChain }) => endChain).slice(0, 2)).toEqual(
      segments.slice(1).map(({ header }) => header.previousChain),
    );
  });

  test("ends its file, however much space lay ahead", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...options, segmentBytes: 512, bufferBytes: 4096, preallocateBytes: 4096 });
    const sizes = (): number[] => log.segments().map(({ file }) => directory.stat(file).size);
    log.append(bytesOf(record("a")));
    log.write();
    expect(sizes()).toEqual([512]);
    log.append(bytesOf("b".padEnd(400, "."))); // does not fit, and begins the next one, as does what follows
    log.append(bytesOf(record("c")));
    await log.sync();
    expect(sizes()).toEqual([64 + 72 + 72, 64 + 432 + 72, 512]);
    const segments = log.segments();
    await log.close();
    expect(sizes()).toEqual([64 + 72 + 72, 64 + 432 + 72, 64 + 72 + 72]);
    for (const { file, endChain } of segments) expect(footerAt(directory, file)?.chain).toBe(endChain);
  });

  test("is durable behind a close, with what it states", async () => {
    const disk = new CrashFs();
    const directory = new Directory(disk);
    const log = await openWal({ directory, ...options });
    log.append(bytesOf(record("a")));
    const { file, endChain } = log.segments().at(-1) as LogSegment; // there is one
    await log.close();
    disk.crash("worst");
    const after = new Directory(disk);
    expect(footerAt(after, file)?.chain).toBe(endChain);
    const again = await openWal({ directory: after, ...options });
    expect(again.report).toMatchObject({ lastLsn: 1, provenLsn: 1, rewrittenRecords: 0 });
    await again.close();
  });

  test("states at a close what is durable, in place of a watermark: nothing is written again", async () => {
    const { log, directory } = await logOf();
    await log.close();
    const again = await openWal({ directory, ...options });
    expect(again.report).toMatchObject({ provenLsn: 5, rewrittenRecords: 0, dropped: [] });
    expect(textsOf(again)).toEqual(listed(names));
    const segments = again.segments();
    await again.close();
    expect(segments).toHaveLength(4); // the one of the second open holds none
    for (const segment of segments.slice(0, 3)) {
      const footer = footerAt(directory, segment.file);
      if (footer === undefined) throw new Error(`${segment.file} has no footer`);
      expect(footer.chain).toBe(segment.endChain);
      demandTruth(directory, segment, footer);
    }
    expect(kindsIn(directory, segments[3] as LogSegment).kinds).toEqual([]);
  });

  test("is no record to anybody: readers, places, walks, pruning", async () => {
    const { log, directory } = await logOf();
    log.write();
    const walk = openRecordWalk({ directory, segments: log.segments() });
    const found: string[] = [];
    using places = new PlaceReader({ log, directory });
    while (walk.next()) {
      places.load(walk.segmentId, 64, walk.lsn);
      expect(places.view()).toEqual(walk.view());
      found.push(textOf(walk.view()));
    }
    walk.close();
    expect(found).toEqual(names);
    const beside = openWalReader({ directory });
    expect(textsOf(beside)).toEqual(listed(names));
    log.append(bytesOf("late"));
    log.write();
    expect(beside.refresh()).toBe(6);
    expect(await log.prune(4)).toBe(2);
    await log.close();
    expect(beside.refresh()).toBe(6);
    expect(textsOf(beside)).toEqual(listed([...names, "late"], 5));
    expect(beside.segments().at(-1)?.endChain).toBe(footerAt(directory, beside.segments().at(-1)?.file ?? "")?.chain);
    expect(await readInEveryMode(imageOf(directory), options)).toEqual(listed([...names, "late"], 5));
  });

  test("is gone when an open gathers its segment's records into another one", async () => {
    const { log, directory } = await logOf();
    await log.close();
    const again = await openWal({ directory, ...options, mergeBytes: 4096, segmentBytes: 4096 });
    expect(again.segments()).toHaveLength(1);
    expect(kindsIn(directory, again.segments()[0] as LogSegment).kinds).not.toContain(frameKinds.footer); // there is one
    expect(textsOf(again)).toEqual(listed(names));
    await again.close();
  });
});

describe("behind the watermark that ends what an open has written again", () => {
  /** Records that no barrier has covered, of a process that is no more. */
  async function killed(count: number): Promise<Directory> {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...options, segmentBytes: 4096 });
    for (const each of names.slice(0, count)) log.append(bytesOf(each));
    log.write();
    const left = copyOf(imageOf(directory));
    await log.close();
    return left;
  }

  /** Of every segment with records, whether its footer counts; what each is about is looked at. */
  function counting(directory: Directory, segments: readonly LogSegment[]): boolean[] {
    return segments
      .filter(({ baseLsn, lastLsn }) => lastLsn >= baseLsn)
      .map((segment) => {
        const footer = footerAt(directory, segment.file);
        if (footer?.chain !== segment.endChain) return false;
        demandTruth(directory, segment, footer);
        return true;
      });
  }

  test("a footer counts in every later open, and to a reader, although nothing was appended between", async () => {
    const directory = await killed(3);
    const early = openWalReader({ directory });
    let log = await openWal({ directory, ...options });
    expect(log.report).toMatchObject({ rewrittenRecords: 3, segmentCount: 1 });
    const between = openWalReader({ directory });
    const [written] = log.segments() as [LogSegment];
    await log.close();
    const { record: one, watermark, footer } = frameKinds;
    expect(kindsIn(directory, written)).toEqual({ kinds: [one, one, one, watermark, footer], stop: "end" });
    for (const reader of [early, between, openWalReader({ directory })]) {
      expect(reader.refresh()).toBe(3);
      expect(counting(directory, reader.segments())).toEqual([true]);
    }
    for (let run = 0; run < 2; run += 1) {
      log = await openWal({ directory, ...options });
      expect(log.report).toMatchObject({ rewrittenRecords: 0, segmentCount: 2, dropped: [] });
      expect(counting(directory, log.segments())).toEqual([true]);
      await log.close();
    }
    log = await openWal({ directory, ...options });
    log.append(bytesOf(names[3] as string));
    await log.close();
    log = await openWal({ directory, ...options });
    expect(counting(directory, log.segments())).toEqual([true, true]);
    await log.close();
    expect(await readInEveryMode(imageOf(directory), options)).toEqual(listed(names.slice(0, 4)));
  });

  test("a footer counts in every later open of a log whose small segments became one", async () => {
    const { log: first, directory } = await logOf({ segmentBytes: 208 });
    await first.close();
    const merging: Partial<WalOptions> = { ...options, mergeBytes: 4096, segmentBytes: 4096 };
    for (let run = 0; run < 3; run += 1) {
      const log = await openWal({ directory, ...merging });
      expect(log.report).toMatchObject({ rewrittenRecords: run === 0 ? 5 : 0, segmentCount: run === 0 ? 1 : 2 });
      expect(counting(directory, log.segments())).toEqual([run > 0]);
      await log.close();
    }
    expect(counting(directory, openWalReader({ directory }).segments())).toEqual([true]);
    expect(await readInEveryMode(imageOf(directory), merging)).toEqual(listed(names));
  });

  test("a footer counts where the segment behind it is written again as well", async () => {
    const directory = await killed(3);
    const log = await openWal({ directory, ...options });
    log.append(bytesOf(names[3] as string)); // does not fit
    log.write();
    const left = copyOf(imageOf(directory));
    await log.close();
    const again = await openWal({ directory: left, ...options });
    expect(again.report).toMatchObject({ provenLsn: 3, rewrittenRecords: 1, segmentCount: 2 });
    expect(counting(left, again.segments().slice(0, 1))).toEqual([true]);
    await again.close();
    expect(counting(left, openWalReader({ directory: left }).segments())).toEqual([true, true]);
    expect(await readInEveryMode(imageOf(left), options)).toEqual(listed(names.slice(0, 4)));
  });

  test("a footer that a crash has torn leads nowhere, and the open goes on from before the watermark", async () => {
    const directory = await killed(3);
    const log = await openWal({ directory, ...options });
    const [{ file }] = log.segments() as [LogSegment];
    await log.close();
    const bytes = directory.readFile(file);
    directory.writeFile(file, bytes.subarray(0, bytes.length - 8));
    const again = await openWal({ directory, ...options });
    const frames = new FrameCursor(bytes, (again.segments()[0] as LogSegment).header);
    for (let count = 0; count < 3; count += 1) frames.next();
    expect(again.segments()[1]?.header.previousChain).toBe(frames.chain);
    await again.close();
  });

  test("a footer of a segment without a record leads nowhere: nobody goes on from a segment that will be replaced", async () => {
    const { log, directory } = await logOf({ segmentBytes: 4096 });
    await log.sync();
    const [before] = log.segments() as [LogSegment];
    const left = copyOf(imageOf(directory));
    await log.close();
    const { logId, epoch, content, hash } = before.header;
    const place = { segmentId: 2, nonce: 7, baseLsn: 6, durableLsn: 5, previousChain: before.endChain };
    const bytes = new Uint8Array(128);
    const encoder = new FrameEncoder(encodeSegmentHeader({ logId, epoch, content, hash, ...place }, bytes));
    const behind = encoder.append(bytes, 64, new Uint8Array(), { kind: frameKinds.watermark, flags: 0, span: 0 });
    encoder.append(bytes, behind, new Uint8Array(), { kind: frameKinds.footer, flags: 0, span: 0 });
    left.writeFile(formatSegmentFileName(place), bytes);
    const again = await openWal({ directory: left, ...options });
    expect(again.segments()[1]?.header.previousChain).toBe(before.endChain);
    await again.close();
    expect(await readInEveryMode(imageOf(left), options)).toEqual(listed(names));
  });
});

describe("no record depends on it", () => {
  test("whatever byte of one is flipped, or how many of its bytes are left", async () => {
    const { log, directory } = await logOf();
    const segments = log.segments();
    await log.close();
    for (const [index, { file, lastLsn, baseLsn }] of segments.entries()) {
      const sound = directory.readFile(file);
      const start = 64 + 72 * (lastLsn - baseLsn + 1);
      for (let at = start; at < sound.length; at += 1) {
        for (const bytes of [sound.with(at, (sound[at] as number) ^ 4), sound.subarray(0, at)]) {
          const copy = copyOf(imageOf(directory));
          copy.writeFile(file, bytes);
          expect(await readInEveryMode((copy.fs as MemoryFs).snapshot(), options)).toEqual(listed(names));
          expect(footerAt(copy, file)).toBeUndefined();
          const reader = openWalReader({ directory: copy });
          const isLast = index === segments.length - 1;
          expect(reader.report.dropped.length, `byte ${at}`).toBe(isLast && bytes.length > start ? 1 : 0);
        }
      }
    }
  });

  test("damage to the last record is known as such behind a closing footer, even one that is damaged itself", async () => {
    const { log, directory } = await logOf();
    const { file } = log.segments()[2] as LogSegment; // two records each
    await log.close();
    const sound = directory.readFile(file);
    for (const flipped of [[70], [70, 64 + 72 + 40]]) {
      directory.writeFile(
        file,
        sound.map((byte, index) => (flipped.includes(index) ? byte ^ 1 : byte)),
      );
      await expect(openWal({ directory, ...options })).rejects.toMatchObject({
        code: "WAL_CORRUPT",
        context: { file, offset: 64, lsn: 5, durableLsn: 5 },
      });
    }
  });
});

describe("a footer that cannot be made", () => {
  const wrong: readonly [string, () => unknown, RegExp][] = [
    [
      "throws",
      (): never => {
        throw new Error("no index");
      },
      /no index/,
    ],
    ["is no bytes", () => "text", /Uint8Array|payloadBytes/],
    ["has no room for its header", () => new Uint8Array(24), /payloadBytes/],
    ["does not end at a multiple of 8", () => new Uint8Array(32 + 41), /ends at 73/],
    ["is above maxRecordBytes", () => new Uint8Array(32 + 104), /104 bytes is above maxRecordBytes/],
  ];
  test.each(wrong)("because it %s leaves a segment without one, and says why", async (_, make, why) => {
    const own = new SegmentFooters(make as FooterOf);
    const { log, directory } = await logOf({ footers: own, maxRecordBytes: 96 });
    await log.close();
    expect(own).toMatchObject({ written: 0, leftOut: 3 });
    expect(String(own.problem)).toMatch(why);
    for (const segment of log.segments()) expect(kindsIn(directory, segment).kinds).not.toContain(frameKinds.footer);
    const again = await openWal({ directory, ...options });
    expect(again.report).toMatchObject({ provenLsn: 5, rewrittenRecords: 0, dropped: [] });
    expect(textsOf(again)).toEqual(listed(names));
    await again.close();
  });

  test("because the disk is full leaves nothing of it, and the log goes on", async () => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const directory = new Directory(fs);
    const own = new SegmentFooters(footerOf);
    const log = await openWal({ directory, ...options, footers: own });
    for (const each of names.slice(0, 2)) log.append(bytesOf(each));
    // Writes of the rotation: the buffer, the next segment's header, the footer.
    fs.plan.arm("write:*.seg n3 torn 9 ENOSPC");
    log.append(bytesOf(names[2] as string));
    expect(own).toMatchObject({ written: 0, leftOut: 1, problem: { code: "FS_NO_SPACE" } });
    const [first] = log.segments();
    expect(directory.stat(first?.file as string).size).toBe(208); // there are two
    for (const each of names.slice(3)) log.append(bytesOf(each));
    await log.close();
    expect(own).toMatchObject({ written: 2, leftOut: 1 });
    expect(await readInEveryMode(memory.snapshot(), options)).toEqual(listed(names));
  });

  test("because the disk fails ends the log, and loses nothing", async () => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const log = await openWal({ directory: new Directory(fs), ...options });
    for (const each of names.slice(0, 2)) log.append(bytesOf(each));
    await log.sync();
    fs.plan.arm("write:*.seg n2 EIO");
    expect(() => log.append(bytesOf(names[2] as string))).toThrowError(expect.objectContaining({ code: "FS_IO" }));
    expect(() => log.append(bytesOf("x"))).toThrowError(expect.objectContaining({ code: "WAL_POISONED" }));
    await log.close();
    expect(await readInEveryMode(memory.snapshot(), options)).toEqual(listed(names.slice(0, 2)));
  });
});

test("a maker that calls the log changes nothing about the segment it makes a footer for", async () => {
  const directory = new Directory(new MemoryFs());
  let isCalling = false;
  const log: Wal = await openWal({
    directory,
    ...options,
    footers: new SegmentFooters((sealed) => {
      if (!isCalling && log.lastLsn === 2) {
        isCalling = true;
        log.append(bytesOf(record("inside")));
        log.syncBlocking();
      }
      return footerOf(sealed);
    }),
  });
  for (const each of names.slice(0, 3)) log.append(bytesOf(each));
  const segments = log.segments();
  await log.close();
  expect(isCalling).toBe(true);
  const [first, second, third] = names;
  expect(await readInEveryMode(imageOf(directory), options)).toEqual(
    listed([first as string, second as string, record("inside"), third as string]),
  );
  for (const { file, endChain } of segments.slice(0, 1)) expect(footerAt(directory, file)?.chain).toBe(endChain);
});

describe("the hash of a log", () => {
  test("is that of its creation, in every segment of every open", async () => {
    const { log, directory } = await logOf({ hash: "blake3-256" });
    await log.close();
    for (const more of [{}, { hash: "blake3-256" as const }, { mergeBytes: 4096 }]) {
      const again = await openWal({ directory, ...options, ...more });
      again.append(bytesOf(record("more")));
      again.append(bytesOf(record("more")));
      expect(new Set(again.segments().map(({ header }) => header.hash))).toEqual(new Set(["blake3-256"]));
      await again.close();
    }
    expect(openWalReader({ directory }).segments()[0]?.header.hash).toBe("blake3-256");
    for (const hash of ["none", "sha256"] as const) {
      const names = directory.list();
      await expect(openWal({ directory, ...options, hash })).rejects.toMatchObject({
        code: "WAL_INVALID_OPTION",
        context: { option: "hash", expected: "blake3-256", actual: hash },
      });
      expect(directory.list()).toEqual(names);
    }
  });

  test("is none unless somebody says otherwise, and one that is known", async () => {
    const { log, directory } = await logOf();
    expect(log.segments()[0]?.header.hash).toBe("none");
    await log.close();
    await expect(openWal({ directory, hash: "md5" as "none" })).rejects.toMatchObject({
      code: "WAL_INVALID_OPTION",
      context: { option: "hash" },
    });
    await expect(openWal({ directory, footers: {} as SegmentFooters })).rejects.toMatchObject({
      code: "WAL_INVALID_OPTION",
      context: { option: "footers" },
    });
    expect(() => new SegmentFooters(1 as unknown as FooterOf)).toThrow(TypeError);
  });
});

test("nothing but prune and publish removes a record", async () => {
  const directory = new Directory(new MemoryFs());
  const appended: string[] = [];
  for (let run = 1; run <= 6; run += 1) {
    const log = await openWal({ directory, ...options, mergeBytes: 60 * run, keepCheckpoints: 1 });
    expect(log.firstLsn).toBe(1);
    expect(textsOf(log)).toEqual(listed(appended));
    for (const each of names.slice(0, run)) {
      log.append(bytesOf(each));
      appended.push(each);
    }
    await log.checkpoint(bytesOf("state"));
    await log.close();
  }
  const log = await openWal({ directory, ...options, mode: "salvage" });
  expect(textsOf(log)).toEqual(listed(appended));
  await log.close();
});
