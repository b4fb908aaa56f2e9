// Footers and accelerators that are damaged, forged, stale or of somebody else: the same answers as from the frames, and the report says what
// was not used. Some of it is what another event store was found to get wrong, by the numbers of its list.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crc32, encodeSegmentHeader, inspectSegmentHeader, SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { formatSegmentFileName } from "@holdfast/wal/files";
import { beforeAll, describe, expect, test } from "vitest";
import { openStoreReader, type IndexReport } from "../src/index.js";
import { ACCELERATOR_FILE, BLOCK_HEADER_BYTES, HEADER_BYTES } from "../src/accelerator-layout.js";
import { determined, events, openSample, Paid, Placed } from "./sample-store.js";
import {
  copyOf,
  footerStart,
  forgeFooter,
  readAll,
  segmentFiles,
  withoutAccelerator,
  withoutFooters,
} from "./support/index-sources.js";

/** Seven events, two of them of one commit, in four segments; the last of them has been closed. */
async function fill(options: Parameters<typeof openSample>[1] = {}, memory = new MemoryFs()): Promise<Directory> {
  const directory = new Directory(memory);
  const store = await openSample(directory, { segmentBytes: 430, acceleratorEvents: 1, ...options });
  store.append({ entity: "order:1", scope: "shop" }, Placed, { amount: 1 });
  store.append({ entity: "order:2", lane: 7 }, Paid, { by: "a" }, { key: "k" });
  store.commit((commit) => {
    const cause = commit.append("order:1", Placed, { amount: 2 });
    commit.append("customer:1", Paid, { by: "b" }, { causation: cause });
  });
  for (const amount of [3, 4, 5]) store.append("order:1", Placed, { amount });
  await store.close();
  return directory;
}

let sound: Directory;
let expected: string;
let files: readonly string[];

function read(directory: Directory): { readonly read: string; readonly report: IndexReport } {
  const reader = openStoreReader({ directory, events });
  try {
    return { read: readAll(reader, reader.lastSequence), report: reader.indexedFrom };
  } finally {
    reader.close();
  }
}

beforeAll(async () => {
  sound = await fill();
  files = segmentFiles(sound);
  expected = read(withoutFooters(withoutAccelerator(sound), () => true)).read;
});

test("what the others are compared with uses all there is", () => {
  expect(files.length).toBe(4);
  const { read: found, report } = read(sound);
  expect(found).toBe(expected);
  expect(report).toEqual({
    accelerator: { segments: 3, events: 6 },
    footers: { segments: 1, events: 1 },
    frames: { segments: 0, events: 0 },
    unused: [],
  });
});

describe("an accelerator", () => {
  function withAccelerator(change: (bytes: Uint8Array) => Uint8Array): Directory {
    const copy = copyOf(sound);
    copy.writeFile(ACCELERATOR_FILE, change(copy.readFile(ACCELERATOR_FILE)));
    return copy;
  }

  function expectMiss(directory: Directory, what: string): void {
    const { read: found, report } = read(directory);
    expect(found, what).toBe(expected);
    expect(report.accelerator, what).toEqual({ segments: 0, events: 0 });
    expect(report.footers, what).toEqual({ segments: 4, events: 7 });
    expect(report.unused, what).toEqual([{ file: ACCELERATOR_FILE, why: expect.any(String) as string }]);
  }

  test("with any byte flipped is a miss", () => {
    const { length } = sound.readFile(ACCELERATOR_FILE);
    for (let at = 0; at < length; at += 1) {
      const bit = 1 << (at % 8);
      expectMiss(
        withAccelerator((bytes) => bytes.with(at, (bytes[at] as number) ^ bit)),
        `byte ${at}`,
      );
    }
  });

  test("that is cut off anywhere, or goes on, is a miss", () => {
    const { length } = sound.readFile(ACCELERATOR_FILE);
    for (let end = 0; end < length; end += 1) {
      expectMiss(
        withAccelerator((bytes) => bytes.subarray(0, end)),
        `cut at ${end}`,
      );
    }
    expectMiss(
      withAccelerator((bytes) => Buffer.concat([bytes, new Uint8Array(8)])),
      "longer",
    );
  });

  test("with a count that no file of its size has costs one look at it, whatever its checksums", () => {
    for (const offset of [24, 32, 36, 40, 44]) {
      const forged = withAccelerator((bytes) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        view.setUint32(offset, 0xfffffff0, true);
        view.setUint32(60, crc32(bytes, 0, 60), true);
        return bytes;
      });
      expectMiss(forged, `count at ${offset}`);
      expect(read(forged).report.unused[0]?.why).toBe("its header is damaged"); // no block was looked for
    }
  });

  test("whose blocks have changed places, each sound in itself, is a miss", () => {
    const blocks = withAccelerator((bytes) => {
      const parts = [bytes.subarray(0, HEADER_BYTES)];
      for (let at = HEADER_BYTES; at < bytes.length;) {
        const length = BLOCK_HEADER_BYTES + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true);
        parts.push(bytes.subarray(at, at + length));
        at += length;
      }
      const [entities, scopes] = [parts[2], parts[3]] as [Uint8Array, Uint8Array]; // there are six blocks
      return Buffer.concat([...parts.slice(0, 2), scopes, entities, ...parts.slice(4)]);
    });
    expectMiss(blocks, "names of the other kind");
  });

  test("of another store is a miss, although its segments have the same numbers and sizes", async () => {
    const memory = new MemoryFs();
    memory.nonce(); // so that the store that follows has another id
    const other = await fill({}, memory);
    const copy = copyOf(sound);
    copy.writeFile(ACCELERATOR_FILE, other.readFile(ACCELERATOR_FILE));
    expectMiss(copy, "of another store");
    expect(read(copy).report.unused[0]?.why).toBe("it is of another store");
  });

  test("counts for the segments before the first that is not as it was", () => {
    for (const [place, file] of files.slice(0, 3).entries()) {
      // Written again under its name, its frames as before, but of another size: what a compaction does.
      const copy = copyOf(sound);
      forgeFooter(copy, file, (entries) => entries.map((entry) => ({ ...entry, hash: new Uint8Array(32).fill(1) })));
      expect(copy.readFile(file).length).not.toBe(sound.readFile(file).length);
      const { read: found, report } = read(copy);
      expect(found).toBe(expected);
      expect(report.accelerator.segments).toBe(place);
      expect(report.accelerator.segments + report.footers.segments).toBe(4);
      expect(report.unused).toHaveLength(place === 0 ? 1 : 0);
    }
  });

  test("of before is used as far as it goes, and what came since is read behind it", async () => {
    const copy = copyOf(sound);
    const store = await openSample(copy, { ...determined(1), segmentBytes: 430, acceleratorEvents: Infinity });
    expect(store.openReport.indexedFrom.accelerator).toEqual({ segments: 3, events: 6 });
    for (let amount = 0; amount < 9; amount += 1) store.append("order:9", Placed, { amount });
    await store.close();
    const { read: found, report } = read(copy);
    expect(report.accelerator).toEqual({ segments: 3, events: 6 });
    expect(report.footers.events).toBe(10);
    expect(found).toBe(read(withoutFooters(withoutAccelerator(copy), () => true)).read);
  });

  test("that cannot be read is a miss, and a writer says so as well", async () => {
    const fs = new FaultFs(copyOf(sound).fs);
    fs.plan.arm(`open:*${ACCELERATOR_FILE} EACCES`);
    expectMiss(new Directory(fs), "no permission");
    const store = await openSample(new Directory(fs), determined(1));
    expect(store.openReport.indexedFrom.unused).toEqual([
      { file: ACCELERATOR_FILE, why: expect.stringContaining("EACCES") as string },
    ]);
    expect(readAll(store, 7)).toBe(expected);
    await store.close();
  });

  test("that cannot be written is said in the counters, and nothing else is the matter", async () => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    fs.plan.arm("append:*accelerator* ENOSPC");
    const store = await openSample(directory, { segmentBytes: 430, acceleratorEvents: 1 });
    for (let amount = 0; amount < 9; amount += 1) store.append("order:1", Placed, { amount });
    await store.sync();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.stats().accelerators).toEqual({
      written: 0,
      problem: expect.objectContaining({ code: "FS_NO_SPACE" }) as unknown,
    });
    expect(store.health.kind).toBe("ok");
    await store.close();
    expect(directory.list().filter(({ name }) => name.includes("accelerator"))).toEqual([]);
    expect(read(directory).report.footers.events).toBe(9);
  });

  test("is none where none is wanted", async () => {
    const directory = await fill({ acceleratorEvents: Infinity });
    expect(directory.exists(ACCELERATOR_FILE)).toBe(false);
    expect(read(directory).report.footers).toEqual({ segments: 4, events: 7 });
  });

  test("is written in the background when enough has come, by a law that keeps the sum small", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory, { segmentBytes: 430, acceleratorEvents: 8 });
    const written: number[] = [];
    for (let amount = 0; amount < 200; amount += 1) {
      store.append("order:1", Placed, { amount });
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (store.stats().accelerators.written > written.length) written.push(amount + 1);
    }
    expect(written[0]).toBeLessThan(15);
    for (const [place, count] of written.slice(1).entries()) {
      expect(count).toBeGreaterThan((written[place] as number) * 1.3);
    }
    expect(written.length).toBeGreaterThan(4);
    await store.close();
    const { read: found, report } = read(directory);
    expect(report.accelerator.events).toBeGreaterThan(170);
    expect(found).toBe(read(withoutFooters(withoutAccelerator(directory), () => true)).read);
  });
});

describe("a footer", () => {
  test("with any byte flipped, or cut off anywhere, changes nothing that is read", () => {
    const base = withoutAccelerator(sound);
    let refused = 0;
    for (const file of files.slice(1)) {
      const bytes = base.readFile(file);
      const start = footerStart(base, file) as number; // every one of them has one
      for (let at = start; at < bytes.length; at += 1) {
        const copy = copyOf(base);
        copy.writeFile(file, bytes.with(at, (bytes[at] as number) ^ (1 << (at % 8))));
        const { read: found, report } = read(copy);
        expect(found, `${file}, byte ${at}`).toBe(expected);
        expect(report.footers.segments + report.frames.segments).toBe(4);
        refused += report.frames.segments;
        copy.writeFile(file, bytes.subarray(0, at));
        const cut = read(copy);
        expect(cut.read, `${file}, cut at ${at}`).toBe(expected);
        expect(cut.report.frames.segments).toBe(1);
      }
    }
    // Of its bytes some are not looked at: the header of its frame, and indexes of its own.
    expect(refused).toBeGreaterThan(500);
  });

  /** Forges the footer of the second segment, which has a commit of two events, and demands that its frames are read instead. */
  function demandFrames(
    ...forgery: Parameters<typeof forgeFooter> extends [unknown, unknown, ...infer Rest] ? Rest : never
  ): string {
    const copy = withoutAccelerator(sound);
    forgeFooter(copy, files[1] as string, ...forgery);
    const { read: found, report } = read(copy);
    expect(found).toBe(expected);
    expect(report.frames.segments).toBe(1);
    expect(report.footers.segments).toBe(3);
    expect(report.unused).toEqual([{ file: files[1], why: expect.any(String) as string }]);
    return report.unused[0]?.why ?? "";
  }

  test("that was forged without a change is taken: what the others have is their change", () => {
    const copy = withoutAccelerator(sound);
    forgeFooter(copy, files[1] as string, (entries) => entries);
    expect(read(copy)).toMatchObject({ read: expected, report: { footers: { segments: 4 }, unused: [] } });
  });

  test("D-31: rows that are missing, at either end or all of them, hide no event", () => {
    expect(demandFrames((entries) => entries.slice(1))).toBe("it lists 1 events of 2");
    expect(demandFrames((entries) => entries.slice(0, -1))).toBe("it lists 1 events of 2");
    expect(demandFrames(() => [])).toBe("it lists 0 events of 2");
  });

  test("D-31: the number of rows is under a checksum", () => {
    const copy = withoutAccelerator(sound);
    const file = files[1] as string;
    const bytes = copy.readFile(file);
    copy.writeFile(file, bytes.with(bytes.length - 24, 1));
    expect(read(copy)).toMatchObject({ read: expected, report: { frames: { segments: 1, events: 2 } } });
  });

  test("D-25: rows whose sequences are not those of the segment, one behind the other, are not used", () => {
    expect(demandFrames((entries) => entries.map((entry) => ({ ...entry, sequence: entry.sequence + 1 })))).toContain(
      "sequence",
    );
    expect(
      demandFrames((entries) => entries.map((entry, place) => ({ ...entry, sequence: entry.sequence + 2 * place }))),
    ).toContain("sequence");
  });

  test("D-33: rows of which a part is wrong are not used in part", () => {
    const last = (
      change: (entry: {
        kind: number;
        revision: number;
        timestampUs: number;
        frameOffset: number;
        entity: string;
      }) => object,
    ) =>
      demandFrames((entries) => {
        const entry = entries.at(-1);
        if (entry !== undefined) Object.assign(entry, change(entry));
        return entries;
      });
    expect(last(() => ({ kind: 0 }))).toContain("kind");
    expect(last(({ revision }) => ({ revision: revision + 1 }))).toContain("revision");
    expect(last(() => ({ timestampUs: 1 }))).toContain("time");
    expect(last(({ frameOffset }) => ({ frameOffset: frameOffset + 4, frameLength: 8 }))).toContain("frame offset");
    expect(last(() => ({ entity: "a\u0000" }))).toBe("a name is none");
    expect(last(() => ({ scope: "\u0007" }))).toBe("a name is none");
    expect(last(() => ({ entity: "order:1" }))).toContain("revision");
  });

  test("D-33: a row whose frame would begin in front of the first one is not used", () => {
    const why = demandFrames((entries) => {
      // The builder refuses such an offset, so it is shown the one that is due, and another when it writes that down.
      let looks = 0;
      const get = (): number => ((looks += 1) === 1 ? SEGMENT_HEADER_BYTES : SEGMENT_HEADER_BYTES - 8);
      Object.defineProperty(entries[0], "frameOffset", { get });
      return entries;
    });
    expect(why).toContain("the frame offset 56");
  });

  test("D-28: a commit in one segment has no part in the next, whichever of the two has a footer", () => {
    for (let chosen = 0; chosen < 16; chosen += 1) {
      const copy = withoutFooters(withoutAccelerator(sound), (place) => (chosen & (1 << place)) !== 0);
      const { read: found, report } = read(copy);
      expect(found, `footers missing: ${chosen.toString(2)}`).toBe(expected);
      const missing = files.filter((_, place) => (chosen & (1 << place)) !== 0);
      expect(report.frames.segments).toBe(missing.length);
      // The last segment is the one that was written to: that it has none is nothing to tell.
      const told = missing.filter((file) => file !== files.at(-1));
      expect(report.unused).toEqual(told.map((file) => ({ file, why: "absent" })));
    }
  });

  test("D-36: a footer of another format, or one without a checksum, is passed by and the frames are read", () => {
    for (const magic of ["SDX2", "SDX3", "SDX5", "SDX9", "\0\0\0\0", "????"]) {
      const copy = withoutAccelerator(sound);
      for (const file of files) {
        const bytes = copy.readFile(file);
        bytes.set(new TextEncoder().encode(magic), bytes.length - 4);
        copy.writeFile(file, bytes);
      }
      const { read: found, report } = read(copy);
      expect(found, magic).toBe(expected);
      expect(report.frames, magic).toEqual({ segments: 4, events: 7 });
    }
  });

  test("of other frames is not used: another chain, another segment, other bytes that it covers", () => {
    expect(demandFrames((entries) => entries, { chain: 1 })).toContain("chain");
    expect(demandFrames((entries) => entries, { segmentCrc: 1 })).toContain("belongs elsewhere");
    expect(demandFrames((entries) => entries, { coveredBytes: 2 ** 40 })).toContain("belongs elsewhere");
  });

  test("that is longer than a record may be is neither written nor read", async () => {
    const directory = withoutAccelerator(await fill({ maxRecordBytes: 400 }));
    expect(segmentFiles(directory).map((file) => footerStart(directory, file))).toEqual(Array(4).fill(undefined));
    expect(read(directory)).toMatchObject({ report: { frames: { segments: 4, events: 7 } } });
    const last = withoutFooters(withoutAccelerator(sound), (place) => place === 3);
    const short = openStoreReader({ directory: last, events, maxRecordBytes: 400 });
    expect(short.indexedFrom.frames.events).toBe(7);
    expect(short.indexedFrom.unused[0]?.why).toMatch(/^a footer of \d+ bytes is above maxRecordBytes$/);
    short.close();
  });
});

test("a header that claims more events than there are bytes for costs no room for them", () => {
  const copy = withoutAccelerator(sound);
  const outcome = inspectSegmentHeader(copy.readFile(files.at(-1) ?? ""));
  if (outcome.kind !== "segment") throw new Error("a sound store ends in a sound segment");
  const { crc: _crc, frameSeed: _seed, ...last } = outcome.header;
  const claimed = { ...last, segmentId: last.segmentId + 1, baseLsn: 2 ** 40, durableLsn: 2 ** 40 - 1 };
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  encodeSegmentHeader(claimed, bytes);
  copy.writeFile(formatSegmentFileName(claimed), bytes);
  expect(() => read(copy)).toThrow(expect.objectContaining({ code: "WAL_CORRUPT" }));
});

test("D-37: a close syncs the frames before it writes the footer, and syncs again behind it", async () => {
  const fs = new FaultFs(new MemoryFs());
  const calls: string[] = [];
  const store = await openSample(new Directory(fs), { segmentBytes: 100_000 });
  store.append("order:1", Placed, { amount: 1 });
  fs.plan.arm({
    operations: ["write", "sync"],
    path: "*.seg",
    action: { kind: "error", errno: "EIO" },
    predicate: ({ operation }) => {
      calls.push(operation);
      return false;
    },
  });
  await store.close();
  expect(calls).toEqual(["sync", "write", "sync"]);
});
