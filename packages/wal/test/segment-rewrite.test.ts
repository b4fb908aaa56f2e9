// Segments written again while the log is open: what every kind of reader sees of it, and what is refused with everything as it was.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { FrameCursor, frameKinds } from "@holdfast/segment-codec";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type LogSegment, type Wal, type WalOptions } from "../src/index.js";
import { openRecordWalk, PlaceReader } from "../src/places-entry.js";
import {
  beginSegment,
  readSealed,
  rewriteSegment,
  type RewrittenSegment,
  type SegmentRewriteOptions,
} from "../src/rewrite-entry.js";
import { demandTruth, footerAt, footerOf, footers } from "./footers.js";
import { bytesOf, copyOf, listed, readInEveryMode, small, textOf, textsOf } from "./log-law.js";

/** A frame of 32 and a record of 40 bytes. */
const record = (name: string): string => name.padEnd(40, ".");
const names = ["a", "b", "c", "d", "e"].map(record);
/** Two records a segment. */
const options: Partial<WalOptions> = { ...small, segmentBytes: 208 };
const maxRecordBytes = 16 * 1024 * 1024;

async function logOf(fs = new MemoryFs(), more: Partial<WalOptions> = {}): Promise<{ log: Wal; directory: Directory }> {
  const directory = new Directory(fs);
  const log = await openWal({ directory, ...options, ...more });
  for (const each of names) log.append(bytesOf(each));
  await log.sync();
  return { log, directory };
}

type Rewriting = Partial<SegmentRewriteOptions> & Pick<SegmentRewriteOptions, "log" | "directory">;

/** Writes "short" in the place of the record with this LSN. */
function shorten(lsn: number, more: Rewriting): Promise<RewrittenSegment> {
  const { log } = more;
  const segment = log.segments().find(({ baseLsn, lastLsn }) => baseLsn <= lsn && lsn <= lastLsn) as LogSegment; // there is one
  return rewriteSegment({
    segmentId: segment.segmentId,
    maxRecordBytes,
    replace: (each) => (each === lsn ? bytesOf("short") : undefined),
    onSwap: () => {},
    pause: () => Promise.resolve(),
    ...more,
  });
}

const withShort = (...lsns: number[]): string[] =>
  listed(names.map((each, index) => (lsns.includes(index + 1) ? "short" : each)));

describe("a segment that was written again", () => {
  test("has the same LSNs, is smaller, and the log goes on behind it, whoever opens it", async () => {
    const { log, directory } = await logOf();
    const before = log.segments();
    const rewritten = await shorten(1, { log, directory });
    expect(textsOf(log)).toEqual(withShort(1));
    expect(rewritten).toMatchObject({ bytesBefore: 208, bytes: 64 + 40 + 72 + 40 });
    expect([...rewritten.offsets]).toEqual([64, 104]);
    const after = log.segments();
    expect(after.map(({ header, lastLsn, endChain }) => ({ header, lastLsn, endChain }))).toEqual(
      before.map(({ header, lastLsn, endChain }) => ({ header, lastLsn, endChain })),
    );
    expect(after.map(({ sizeBytes }) => sizeBytes)).toEqual([216, 208, 136]);
    expect(directory.stat(after[0]?.file ?? "").size).toBe(216);
    await shorten(4, { log, directory });
    const image = (directory.fs as MemoryFs).snapshot();
    await log.close();
    expect(await readInEveryMode(image, options)).toEqual(withShort(1, 4));
    // A merge of small segments takes their records, and not the frame that ends them.
    expect(await readInEveryMode(image, { ...options, segmentBytes: 4096, mergeBytes: 4096 })).toEqual(withShort(1, 4));
  });

  test("ends with one watermark behind which the chain is what it was, and with a footer about what is there", async () => {
    const { log, directory } = await logOf(new MemoryFs(), { footers });
    await shorten(2, { log, directory, footerOf });
    const [first] = log.segments() as [LogSegment];
    const footer = footerAt(directory, first.file);
    expect(footer).toMatchObject({ chain: first.endChain, lastLsn: 2, coveredBytes: 64 + 72 + 40 + 40 });
    demandTruth(directory, first, footer as NonNullable<typeof footer>);
    const cursor = new FrameCursor(directory.readFile(first.file), first.header);
    const seen: unknown[] = [];
    while (cursor.next()) seen.push([cursor.kind, cursor.span, cursor.durableLsn]);
    const { record: one, watermark, footer: last } = frameKinds;
    expect(seen).toEqual([
      [one, 1, 0],
      [one, 1, 1],
      [watermark, 0, 2],
      [last, 0, 2],
    ]);
    await log.close();
  });

  test("keeps its footer where all that follows it is written again by an open", async () => {
    const { log, directory } = await logOf(new MemoryFs(), { footers });
    await shorten(2, { log, directory, footerOf });
    const left = copyOf((directory.fs as MemoryFs).snapshot());
    await log.close();
    const again = await openWal({ directory: left, ...options, footers });
    expect(again.report).toMatchObject({ provenLsn: 2, rewrittenRecords: 3, segmentCount: 2 });
    const [first, second] = again.segments() as [LogSegment, LogSegment];
    expect(footerAt(left, first.file)?.chain).toBe(second.header.previousChain);
    expect(textsOf(again)).toEqual(withShort(2));
    await again.close();
    expect(await readInEveryMode((left.fs as MemoryFs).snapshot(), options)).toEqual(withShort(2));
  });

  test("can be written again, and a batch stays one frame", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...options, segmentBytes: 400 });
    log.appendBatch([bytesOf("first of three"), bytesOf("second"), bytesOf("")]);
    log.append(bytesOf("alone"));
    beginSegment(log);
    log.append(bytesOf("behind"));
    await log.sync();
    await shorten(2, { log, directory });
    const { offsets } = await shorten(4, { log, directory });
    expect([...offsets]).toEqual([64, 64, 64, 64 + 32 + 32]);
    const expected = listed(["first of three", "short", "", "short", "behind"]);
    expect(textsOf(log)).toEqual(expected);
    const image = (directory.fs as MemoryFs).snapshot();
    await log.close();
    expect(await readInEveryMode(image, options)).toEqual(expected);
  });

  test("loses what an open had written again to the next segment", async () => {
    const directory = new Directory(new MemoryFs());
    const killed = await openWal({ directory, ...options, segmentBytes: 4096 });
    killed.append(bytesOf("proven"));
    await killed.sync();
    killed.append(bytesOf("not proven")); // states the one before it as durable
    killed.write();
    const copy = copyOf((directory.fs as MemoryFs).snapshot());
    await killed.close();
    const next = await openWal({ directory: copy, ...options, segmentBytes: 4096 });
    beginSegment(next);
    const [first, second] = next.segments() as [LogSegment, LogSegment];
    const look = (segment: LogSegment): Promise<unknown> =>
      readSealed({ directory: copy, maxRecordBytes, segment, pause: () => Promise.resolve() }, () => {});
    expect(await look(first)).toEqual({ hasDeadBytes: true });
    expect(await look(second)).toEqual({ hasDeadBytes: false });
    await shorten(1, { log: next, directory: copy, replace: () => undefined });
    expect(Buffer.from(copy.readFile(first.file)).includes("not proven")).toBe(false);
    expect(await look(first)).toEqual({ hasDeadBytes: false });
    expect(textsOf(next)).toEqual(listed(["proven", "not proven"]));
    await next.close();
    // The watermark that a close leaves behind is nothing of the kind, and neither is a footer.
    const again = await openWal({ directory: copy, ...options, segmentBytes: 4096 });
    for (const segment of again.segments().slice(0, -1)) expect(await look(segment)).toEqual({ hasDeadBytes: false });
    await again.close();
  });
});

/** Bytes that no search for a frame begins in by chance, so many that readers remember places between them. */
const LARGE = 400 * 1024;
const large = { segmentBytes: 6 * LARGE, bufferBytes: 64 * 1024, maxRecordBytes: 2 ** 20 };

async function largeLog(): Promise<{ log: Wal; directory: Directory }> {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...options, ...large });
  for (let lsn = 1; lsn <= 8; lsn += 1) log.append(new Uint8Array(LARGE).fill(lsn));
  beginSegment(log);
  log.append(bytesOf("end"));
  await log.sync();
  return { log, directory };
}

/** Gives LSN and length of every record of the log. */
const shapeOf = (log: Pick<Wal, "read">, from = 1): string[] =>
  [...log.read({ from })].map(({ lsn, payload }) => `${lsn}:${payload.length}`);

describe("whoever reads meanwhile", () => {
  const shortShape = [5, ...Array.from({ length: 7 }, () => LARGE), 3].map((bytes, index) => `${index + 1}:${bytes}`);

  test("a cursor goes on in the old file, and the next one reads the new one from any LSN", async () => {
    const { log, directory } = await largeLog();
    const reading = log.read();
    reading.next();
    await shorten(1, { log, directory, maxRecordBytes: large.maxRecordBytes });
    expect([...reading].map(({ lsn }) => lsn)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    for (let from = 1; from <= 9; from += 1) expect(shapeOf(log, from)).toEqual(shortShape.slice(from - 1));
    await log.close();
  });

  test("a reader beside it that has seen the old file reads the new one from any LSN, and follows on", async () => {
    const { log, directory } = await largeLog();
    const beside = openWalReader({ directory, maxRecordBytes: large.maxRecordBytes });
    expect(shapeOf(beside)).toHaveLength(9); // remembers a place a megabyte
    const reading = beside.read({ from: 2 });
    reading.next();
    await shorten(1, { log, directory, maxRecordBytes: large.maxRecordBytes });
    expect([...reading].map(({ lsn }) => lsn)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    for (let from = 1; from <= 9; from += 1) expect(shapeOf(beside, from)).toEqual(shortShape.slice(from - 1));
    log.append(bytesOf("later"));
    log.write();
    expect(beside.refresh()).toBe(10);
    await log.close();
  });

  test("a reader whose last look ended in a segment that was then sealed and written again looks on", async () => {
    const { log, directory } = await logOf();
    const beside = openWalReader({ directory });
    expect(beside.lastLsn).toBe(5);
    log.append(bytesOf("f"));
    beginSegment(log);
    log.append(bytesOf("g"));
    await log.sync();
    await shorten(5, { log, directory, replace: () => bytesOf("") });
    expect(beside.refresh()).toBe(7);
    expect(textsOf(beside)).toEqual(listed([...names.slice(0, 4), "", "", "g"]));
    await log.close();
  });

  test("a reader whose places are all behind the end of the new file looks again, and so does its next look", async () => {
    const { log, directory } = await largeLog();
    const nothing = { maxRecordBytes: large.maxRecordBytes, replace: () => bytesOf("") };
    const beside = openWalReader({ directory, maxRecordBytes: large.maxRecordBytes });
    shapeOf(beside);
    log.append(new Uint8Array(LARGE));
    log.write();
    expect(beside.refresh()).toBe(10);
    beginSegment(log);
    log.append(bytesOf("last"));
    await log.sync();
    for (const lsn of [1, 6, 10]) await shorten(lsn, { log, directory, ...nothing });
    for (let from = 1; from <= 10; from += 1) expect(shapeOf(beside, from)[0]).toBe(`${from}:0`);
    expect(beside.refresh()).toBe(11);
    await log.close();
  });

  test("true damage stays damage", async () => {
    const { log, directory } = await largeLog();
    const [first] = log.segments() as [LogSegment];
    const beside = openWalReader({ directory, maxRecordBytes: large.maxRecordBytes });
    await log.close();
    const bytes = directory.readFile(first.file);
    bytes[64 + 32 + 100] = 0xff;
    directory.writeFile(first.file, bytes);
    expect(() => shapeOf(beside)).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
  });

  test("a reader of places has to be told, and then finds every record at its new place", async () => {
    const { log, directory } = await logOf();
    using places = new PlaceReader({ log, directory });
    const [first] = log.segments() as [LogSegment];
    places.load(first.segmentId, 64, 2);
    const old = places.read(first.segmentId, 64, 2); // waits while the file is replaced
    let told: RewrittenSegment | undefined;
    await shorten(1, {
      log,
      directory,
      onSwap: (rewritten) => {
        told = rewritten;
        places.forget(rewritten.segment.segmentId);
        places.load(first.segmentId, 64, 2);
        expect([places.offset, textOf(places.view())]).toEqual([104, names[1]]);
      },
    });
    expect(told?.segment.segmentId).toBe(first.segmentId);
    expect(textOf(await old)).toBe(names[1]);
    places.forget(77); // was never opened
    // Or it finds out by itself which files have lost their name, as a reader beside the writer has to.
    const [, second] = log.segments() as [LogSegment, LogSegment];
    places.load(second.segmentId, 64, 4);
    await shorten(3, { log, directory });
    places.load(second.segmentId, 64, 4);
    expect(places.offset).toBe(136);
    places.forgetReplaced();
    places.load(second.segmentId, 64, 4);
    expect(places.offset).toBe(104);
    await log.close();
  });

  test("a walk from a place of the old file is refused, and begins again at the segment", async () => {
    const { log, directory } = await logOf();
    const [first] = log.segments() as [LogSegment];
    const walk = openRecordWalk({ directory, segments: [first] });
    walk.next();
    walk.next();
    const behind = { segmentId: first.segmentId, offset: walk.offset, nextLsn: 2, chain: 0 };
    walk.close();
    await shorten(1, { log, directory });
    const again = openRecordWalk({ directory, segments: log.segments(), behind });
    expect(() => again.next()).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
    again.close();
    const beyond = { ...behind, offset: 4096 };
    expect(() => openRecordWalk({ directory, segments: log.segments(), behind: beyond })).toThrowError(
      expect.objectContaining({ code: "WAL_SEGMENT_GONE" }),
    );
    await log.close();
  });
});

describe("everything is as it was", () => {
  async function demandUntouched(log: Wal, directory: Directory, sizes: readonly number[]): Promise<void> {
    expect(directory.fs.list("/").filter(({ name }) => name.startsWith(".~"))).toEqual([]);
    expect(log.segments().map(({ file }) => directory.stat(file).size)).toEqual(sizes);
    expect(textsOf(log)).toEqual(listed(names));
    await log.close();
  }

  test("when the caller stops it, at every pause", async () => {
    const { log, directory } = await largeLog();
    const before = shapeOf(log);
    let pauses = 0;
    const count = (): Promise<void> => Promise.resolve(void (pauses += 1));
    await shorten(1, { log, directory, pause: count, replace: () => undefined });
    expect(pauses).toBeGreaterThan(5);
    for (let stopAt = 1; stopAt <= pauses; stopAt += 1) {
      let seen = 0;
      const pause = (): Promise<void> => {
        seen += 1;
        return seen === stopAt ? Promise.reject(new Error("enough")) : Promise.resolve();
      };
      await expect(shorten(1, { log, directory, pause, replace: () => undefined })).rejects.toThrow("enough");
      expect(shapeOf(log)).toEqual(before);
    }
    expect(directory.fs.list("/").filter(({ name }) => name.startsWith(".~"))).toEqual([]);
    await log.close();
  });

  test("when the log is closed, which waits for it to end", async () => {
    const { log, directory } = await logOf();
    const working = shorten(1, { log, directory, replace: () => undefined });
    const closing = log.close();
    await expect(working).rejects.toMatchObject({ code: "WAL_CLOSED" });
    await closing;
    await expect(shorten(1, { log, directory })).rejects.toMatchObject({ code: "WAL_CLOSED" });
    expect(directory.fs.list("/").filter(({ name }) => name.startsWith(".~"))).toEqual([]);
  });

  test("when the log is closed in its midst, at the next pause", async () => {
    const { log, directory } = await largeLog();
    let pauses = 0;
    let closing: Promise<void> | undefined;
    const pause = (): Promise<void> => {
      pauses += 1;
      closing ??= log.close();
      return Promise.resolve();
    };
    await expect(shorten(1, { log, directory, pause })).rejects.toMatchObject({ code: "WAL_CLOSED" });
    expect(pauses).toBe(1);
    await closing;
  });

  test("when the segment is written to, is not there, or is pruned meanwhile", async () => {
    const { log, directory } = await logOf(new MemoryFs(), { mayPrune: () => true });
    const last = log.segments().at(-1) as LogSegment;
    await expect(shorten(5, { log, directory })).rejects.toMatchObject({ code: "WAL_INVALID_OPTION" });
    await expect(shorten(1, { log, directory, segmentId: 99 })).rejects.toMatchObject({ code: "WAL_SEGMENT_GONE" });
    const working = shorten(1, { log, directory });
    expect(await log.prune(2)).toBe(1);
    await expect(working).rejects.toMatchObject({ code: "WAL_SEGMENT_GONE" });
    expect(textsOf(log)).toEqual(listed(names, 3));
    expect(log.segments().at(-1)).toEqual(last);
    await log.close();
  });

  test("when a frame of it is damaged: the offset is named", async () => {
    const { log, directory } = await logOf();
    const [first] = log.segments() as [LogSegment];
    const sound = directory.readFile(first.file);
    for (const at of [64, 64 + 40, 136 + 28, 136 + 40]) {
      const bytes = sound.slice();
      bytes[at] = (bytes[at] as number) ^ 1; // inside the file
      directory.writeFile(first.file, bytes);
      const offset = at < 136 ? 64 : 136;
      await expect(shorten(1, { log, directory })).rejects.toMatchObject({
        code: "WAL_CORRUPT",
        context: { file: first.file, segmentId: first.segmentId, offset },
      });
      expect(directory.readFile(first.file)).toEqual(bytes);
    }
    directory.writeFile(first.file, sound);
    await demandUntouched(log, directory, [208, 208, 136]);
  });

  test("when a batch would become too large to be read", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, ...options, maxRecordBytes: 64 });
    log.appendBatch([bytesOf("one"), bytesOf("two")]);
    beginSegment(log);
    await log.sync();
    const replace = (): Uint8Array => new Uint8Array(40);
    await expect(shorten(1, { log, directory, maxRecordBytes: 64, replace })).rejects.toMatchObject({
      code: "WAL_RECORD_TOO_LARGE",
      context: { lsn: 1, expected: 64, actual: 88 },
    });
    expect(textsOf(log)).toEqual(listed(["one", "two"]));
    await log.close();
  });

  test.each(["open", "append", "sync", "rename"])("when %s fails, with a full disk or otherwise", async (operation) => {
    for (const fault of ["ENOSPC", "EIO"]) {
      const memory = new MemoryFs();
      const fs = new FaultFs(memory);
      const { log, directory } = await logOf(fs as unknown as MemoryFs);
      fs.plan.arm(operation === "rename" ? `rename:* n1 ${fault}` : `${operation}:*.~* n1 ${fault}`);
      const failing = shorten(1, { log, directory });
      const isSpace = fault === "ENOSPC";
      await expect(failing).rejects.toMatchObject({ code: isSpace ? "WAL_NO_SPACE" : "FS_IO" });
      expect(fs.plan.fired).toBe(1);
      expect(log.failure).toBeUndefined();
      await demandUntouched(log, directory, [208, 208, 136]);
      expect(fs.openHandles).toEqual([]);
    }
  });
});

test("a names barrier that fails ends the log; the segment is replaced, and both are complete", async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const { log, directory } = await logOf(fs as unknown as MemoryFs);
  fs.plan.arm("syncNames:* n1 EIO");
  await expect(shorten(1, { log, directory })).rejects.toMatchObject({ code: "FS_IO" });
  expect(() => log.append(bytesOf("x"))).toThrowError(expect.objectContaining({ code: "WAL_POISONED" }));
  await log.close();
  expect(await readInEveryMode(memory.snapshot(), options)).toEqual(withShort(1));
});

test("a copy that reads otherwise than it was written does not get the name", async () => {
  const memory = new MemoryFs();
  const { log, directory } = await logOf(memory);
  const [first] = log.segments() as [LogSegment];
  const flip = (): void => {
    const staged = memory.list("/").find(({ name }) => name.startsWith(".~"));
    const handle = memory.open(`/${staged?.name}`, { mode: "write" });
    handle.writeAt(Uint8Array.of(0xff), 64 + 33);
    handle.close();
  };
  const original = memory.open.bind(memory);
  memory.open = (path, how) => {
    const handle = original(path, how);
    if (!path.includes(".~") || how.mode !== "append") return handle;
    const sync = handle.sync.bind(handle);
    handle.sync = async (rung) => {
      await sync(rung);
      flip();
    };
    return handle;
  };
  await expect(shorten(1, { log, directory })).rejects.toMatchObject({
    code: "WAL_CORRUPT",
    context: { file: first.file },
  });
  memory.open = original;
  expect(textsOf(log)).toEqual(listed(names));
  await log.close();
});

test("whatever records become of whatever, in whatever order: the log reads as it should from every mode", async () => {
  const lengths = fc.nat({ max: 90 });
  const entry = fc.oneof(
    lengths.map((one) => [one]),
    fc.array(lengths, { minLength: 2, maxLength: 4 }),
  );
  const edits = fc.array(fc.record({ at: fc.nat({ max: 40 }), bytes: lengths }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), edits, async (entries, changes) => {
      const directory = new Directory(new MemoryFs());
      const log = await openWal({ directory, ...options, footers });
      const texts: string[] = [];
      const text = (bytes: number, mark: string): string => mark.repeat(bytes);
      for (const entry_ of entries) {
        const own = entry_.map((bytes, index) => text(bytes, String.fromCharCode(97 + ((texts.length + index) % 26))));
        log.appendBatch(own.map(bytesOf));
        texts.push(...own);
      }
      beginSegment(log);
      log.append(bytesOf("end"));
      await log.sync();
      for (const { at, bytes } of changes) {
        const lsn = 1 + (at % texts.length);
        texts[lsn - 1] = text(bytes, "#");
        const replace = (each: number): Uint8Array | undefined =>
          each === lsn ? bytesOf(texts[lsn - 1] as string) : undefined;
        const { offsets, segment } = await shorten(lsn, { log, directory, replace, footerOf });
        using places = new PlaceReader({ log, directory });
        places.load(segment.segmentId, 64, lsn);
        expect(places.offset).toBe(offsets[lsn - segment.baseLsn]);
      }
      const expected = listed([...texts, "end"]);
      expect(textsOf(log)).toEqual(expected);
      const image = (directory.fs as MemoryFs).snapshot();
      await log.close();
      expect(await readInEveryMode(image, options)).toEqual(expected);
    }),
  );
});
