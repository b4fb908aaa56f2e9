// Directories of logs of ours: what verify says of each file in its place, and that it never says less than the log itself.
import { crc32, encodeSegmentHeader, frameSeedOf, type SegmentIdentity } from "@holdfast/segment-codec";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal } from "@holdfast/wal";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inspected } from "./inspected.js";
import { scratch } from "./scratch.js";
import { directoryOf, findings, flipped, segmentsOf, smallLog, textOf, type Files } from "./small-log.js";
import { identity, linesOf, folderOf, smallSegment } from "./small-segment.js";

const whole = await smallLog();
const names = segmentsOf(whole);
const [first = "", second = "", third = ""] = names;
const last = names.at(-1) ?? "";
const [eight, twelve] = ["00000000000000000008.ckpt", "00000000000000000012.ckpt"];

const without = (...gone: readonly string[]): Files =>
  Object.fromEntries(Object.entries(whole).filter(([name]) => !gone.includes(name)));
const withFile = (name: string, bytes: Uint8Array): Files => ({ ...whole, [name]: bytes });

function write(files: Files): string {
  const path = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

test("a whole log: every record with its number, every checkpoint, and nothing to find", async () => {
  expect(names.length).toBeGreaterThan(3);
  expect(findings(whole)).toEqual([]);
  const path = write(whole);
  expect((await inspected("verify", path)).code).toBe(0);
  const { code, lines } = await inspected("dump", path);
  expect(code).toBe(0);
  const records = lines.filter(({ kind }) => kind === "record");
  const wanted = Array.from({ length: 20 }, (_, at) => [String(at + 1), Buffer.from(textOf(at + 1)).toString("hex")]);
  expect(records.map(({ id, payload }) => [id, payload])).toEqual(wanted);
  for (const { file, offset, length, payload } of records) {
    expect(Buffer.from((whole[file] ?? new Uint8Array()).subarray(offset, offset + length)).toString("hex")).toBe(
      payload,
    );
  }
  expect(lines.filter(({ kind }) => kind === "checkpoint")).toMatchObject([
    {
      file: eight,
      format: "HFSG",
      lastAppliedId: "8",
      payload: Buffer.from("state of eight").toString("hex"),
      sound: true,
    },
    {
      file: twelve,
      format: "HFSG",
      lastAppliedId: "12",
      payload: Buffer.from("state of twelve").toString("hex"),
      sound: true,
    },
  ]);
});

describe("damage, and the file it is told of", () => {
  const size = (name: string): number => whole[name]?.length ?? 0;

  test.each<[string, () => Files, () => readonly string[]]>([
    [
      "a flipped bit in a sealed segment",
      () => withFile(second, flipped(whole[second] ?? new Uint8Array(), 100)),
      () => [`${second} corrupt 64..${size(second)} CODEC_DURABLE_DATA_MISSING`],
    ],
    [
      "a segment that is gone: the one before it ends too early",
      () => without(second),
      () => [`${first} corrupt ${size(first)}..${size(first)} CODEC_DURABLE_DATA_MISSING`],
    ],
    [
      "the last segment gone: a checkpoint, or the header of a later one, knows more",
      () => without(...names.slice(1)),
      () => [`${first} corrupt ${size(first)}..${size(first)} CODEC_DURABLE_DATA_MISSING`],
    ],
    [
      "a segment under another name",
      () => ({ ...without(second), [second.replace(/.{12}$/, "00000000.seg")]: whole[second] ?? new Uint8Array() }),
      () => [
        `${first} corrupt ${size(first)}..${size(first)} CODEC_DURABLE_DATA_MISSING`,
        `${second.replace(/.{12}$/, "00000000.seg")} corrupt 0..64 INSPECT_MISNAMED`,
      ],
    ],
    [
      "the header of a segment zeroed",
      () => withFile(second, (whole[second] ?? new Uint8Array()).slice().fill(0, 0, 64)),
      () => [
        `${first} corrupt ${size(first)}..${size(first)} CODEC_DURABLE_DATA_MISSING`,
        `${second} corrupt 0..${size(second)} CODEC_CHECKSUM_MISMATCH`,
      ],
    ],
    [
      "every header damaged",
      () => ({ [first]: flipped(whole[first] ?? new Uint8Array(), 20) }),
      () => [`${first} corrupt 0..${size(first)} CODEC_CHECKSUM_MISMATCH`],
    ],
    [
      "a tail cut inside its last frame but one",
      () => withFile(last, (whole[last] ?? new Uint8Array()).slice(0, -40)),
      () => [expect.stringMatching(new RegExp(`^${last} torn \\d+..\\d+ CODEC_TORN_TAIL$`))],
    ],
    [
      "a checkpoint with a damaged payload",
      () => withFile(twelve, flipped(whole[twelve] ?? new Uint8Array(), 99)),
      () => [`${twelve} corrupt 64..${size(twelve)} INSPECT_CHECKPOINT_DAMAGED`],
    ],
    [
      "a checkpoint with a damaged header",
      () => withFile(twelve, flipped(whole[twelve] ?? new Uint8Array(), 20)),
      () => [`${twelve} corrupt 0..${size(twelve)} CODEC_CHECKSUM_MISMATCH`],
    ],
    [
      "a checkpoint under the name of another",
      () => withFile(twelve, whole[eight] ?? new Uint8Array()),
      () => [`${twelve} corrupt 0..64 INSPECT_MISNAMED`],
    ],
    [
      "a checkpoint without its log",
      () => ({ [eight]: whole[eight] ?? new Uint8Array() }),
      () => [`${eight} corrupt 0..64 INSPECT_LOG_MISSING`],
    ],
    [
      "a checkpoint under a name beyond the end of the log, of which it says nothing",
      () => ({ ...whole, "00000000000000000099.ckpt": whole[twelve] ?? new Uint8Array() }),
      () => ["00000000000000000099.ckpt corrupt 0..64 INSPECT_MISNAMED"],
    ],
    ["records pruned that a checkpoint holds", () => without(first), () => []],
    [
      "records pruned that no checkpoint holds",
      () => {
        const files = without(first, second, third);
        return files;
      },
      () => [`${names[3]} corrupt 0..0 INSPECT_CHECKPOINT_MISSING`],
    ],
    [
      "records pruned, and the checkpoints damaged",
      () => ({
        ...without(first),
        [eight]: flipped(whole[eight] ?? new Uint8Array(), 99),
        [twelve]: flipped(whole[twelve] ?? new Uint8Array(), 99),
      }),
      () => [
        `${eight} corrupt 64..${size(eight)} INSPECT_CHECKPOINT_DAMAGED`,
        `${twelve} corrupt 64..${size(twelve)} INSPECT_CHECKPOINT_DAMAGED`,
        `${second} corrupt 0..0 INSPECT_CHECKPOINT_MISSING`,
      ],
    ],
  ])("%s", (_, files, wanted) => {
    expect(findings(files()).toSorted()).toEqual([...wanted()].toSorted());
  });

  test("a segment and a checkpoint of another log", async () => {
    const fs = new MemoryFs();
    fs.nonce(); // from here on it draws others
    const other = await smallLog(fs);
    const [stranger = ""] = segmentsOf(other);
    const files = {
      ...whole,
      [stranger]: other[stranger] ?? new Uint8Array(),
      [eight]: other[eight] ?? new Uint8Array(),
    };
    expect(findings(files).toSorted()).toEqual(
      [`${eight} corrupt 0..64 INSPECT_OTHER_LOG`, `${stranger} corrupt 0..64 INSPECT_OTHER_LOG`].toSorted(),
    );
  });
});

test("the log is the one that most segments are of, whatever comes first", async () => {
  const fs = new MemoryFs();
  fs.nonce();
  const other = await smallLog(fs);
  const [stranger = ""] = segmentsOf(other);
  const files = { ...without(first), [stranger]: other[stranger] ?? new Uint8Array() };
  expect(findings(files)).toEqual([`${stranger} corrupt 0..64 INSPECT_OTHER_LOG`]);
});

describe("segments in their places", () => {
  const log = { ...identity, nonce: 0xabcd_ef01, epoch: 1, baseLsn: 1, durableLsn: 0, previousChain: 0 };
  const nameOf = (segmentId: number): string => `${String(segmentId).padStart(20, "0")}-abcdef01.seg`;
  const segment = (changes: Partial<SegmentIdentity>, count = 2, synced = false): ReturnType<typeof smallSegment> =>
    smallSegment(
      Array.from({ length: count }, () => Uint8Array.of(7)),
      { ...log, ...changes, synced },
    );
  const one = segment({ segmentId: 1 });
  const size = one.bytes.length;

  test("one that a later one replaces is dead from its first frame on", () => {
    const files = { [nameOf(1)]: one.bytes, [nameOf(2)]: segment({ segmentId: 2, epoch: 2 }).bytes };
    expect(findings(files)).toEqual([]);
    const lines = linesOf(one.bytes, nameOf(1), folderOf(files));
    expect(lines.map(({ kind }) => kind)).toEqual(["segment-header", "dead"]);
    expect(lines[1]).toMatchObject({ offset: 64, length: size - 64, fields: { continuedBy: 2n } });
  });

  test("one that is gone on from in the middle is dead from there on", () => {
    const chain = smallSegment([Uint8Array.of(7)], { ...log, segmentId: 1 }).chain;
    const next = segment({ segmentId: 2, epoch: 2, baseLsn: 2, previousChain: chain });
    const files = { [nameOf(1)]: one.bytes, [nameOf(2)]: next.bytes };
    expect(findings(files)).toEqual([]);
    expect(linesOf(one.bytes, nameOf(1), folderOf(files)).map(({ kind, offset }) => [kind, offset])).toEqual([
      ["segment-header", 0],
      ["frame", 64],
      ["record", 96],
      ["dead", 104],
    ]);
  });

  test("one that nothing leads to is torn while nothing says that it was durable", () => {
    const far = segment({ segmentId: 2, epoch: 2, baseLsn: 9, durableLsn: 2 });
    const files = { [nameOf(1)]: one.bytes, [nameOf(2)]: far.bytes };
    expect(findings(files)).toEqual([`${nameOf(2)} torn 64..${far.bytes.length} INSPECT_UNREACHABLE`]);
    expect(linesOf(far.bytes, nameOf(2), folderOf(files)).filter(({ kind }) => kind === "record")).toHaveLength(2);
  });

  test("and corrupt when a frame of it says so", () => {
    const far = segment({ segmentId: 2, epoch: 2, baseLsn: 9, durableLsn: 2 }, 2, true);
    expect(findings({ [nameOf(1)]: one.bytes, [nameOf(2)]: far.bytes })).toEqual([
      `${nameOf(1)} corrupt ${size}..${size} CODEC_DURABLE_DATA_MISSING`,
      `${nameOf(2)} corrupt 64..${far.bytes.length} INSPECT_UNREACHABLE`,
    ]);
  });

  test("when its header says that all before it was durable, the hole is the damage, and a checkpoint may go on behind it", () => {
    const far = segment({ segmentId: 2, epoch: 2, baseLsn: 9, durableLsn: 8 });
    expect(findings({ [nameOf(1)]: one.bytes, [nameOf(2)]: far.bytes })).toEqual([
      `${nameOf(1)} corrupt ${size}..${size} CODEC_DURABLE_DATA_MISSING`,
    ]);
  });

  test("a frame of one that has lost its header says so as well", () => {
    const far = segment({ segmentId: 2, epoch: 2, baseLsn: 9, durableLsn: 2 }, 2, true).bytes.slice();
    far.fill(0, 0, 64);
    expect(findings({ [nameOf(1)]: one.bytes, [nameOf(2)]: far })).toEqual([
      `${nameOf(1)} corrupt ${size}..${size} CODEC_DURABLE_DATA_MISSING`,
      `${nameOf(2)} corrupt 0..${far.length} CODEC_CHECKSUM_MISMATCH`,
    ]);
  });

  test("without a header: made ready behind the end, and left over before it", () => {
    const ready = { [nameOf(1)]: one.bytes, [nameOf(2)]: new Uint8Array(4096) };
    expect(findings(ready)).toEqual([`${nameOf(2)} torn 0..4096 CODEC_NOT_A_SEGMENT`]);
    const lost = segment({ segmentId: 2, epoch: 2, baseLsn: 3, previousChain: one.chain }).bytes.slice();
    lost.fill(0, 0, 64);
    expect(findings({ [nameOf(1)]: one.bytes, [nameOf(2)]: lost })).toEqual([
      `${nameOf(2)} torn 0..${lost.length} CODEC_CHECKSUM_MISMATCH`,
    ]);
    // The next open went on from before it, so nothing in it counts.
    const next = segment({ segmentId: 3, epoch: 3, baseLsn: 3, previousChain: one.chain });
    expect(findings({ [nameOf(1)]: one.bytes, [nameOf(2)]: lost, [nameOf(3)]: next.bytes })).toEqual([]);
    expect(findings({ [nameOf(1)]: one.bytes, [nameOf(2)]: new Uint8Array(), [nameOf(3)]: next.bytes })).toEqual([]);
  });

  test("a later version is unreadable, a header that no encoder writes corrupt", () => {
    const later = one.bytes.slice();
    later[4] = 3;
    new DataView(later.buffer).setUint32(60, crc32(later, 0, 60), true);
    expect(findings({ [nameOf(1)]: later })).toEqual([`${nameOf(1)} unreadable 0..${size} CODEC_UNSUPPORTED_VERSION`]);
    const wrong = one.bytes.slice();
    wrong[7] = 0;
    new DataView(wrong.buffer).setUint32(60, crc32(wrong, 0, 60), true);
    expect(findings({ [nameOf(1)]: wrong })).toEqual([`${nameOf(1)} corrupt 0..${size} CODEC_MALFORMED_HEADER`]);
  });

  test.each([
    ["a length that runs past it", Uint8Array.of(9, 0, 0, 0, 1)],
    ["a record less than its frame takes", Uint8Array.of(0, 0, 0, 0)],
    ["a byte too many", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1)],
  ])("a batch with %s is damage under a sound checksum", (_, payload) => {
    const { bytes } = smallSegment([payload], { ...log, segmentId: 1, kind: 2, span: 2 });
    expect(findings({ [nameOf(1)]: bytes })).toEqual([
      `${nameOf(1)} corrupt 64..${bytes.length} INSPECT_MALFORMED_BATCH`,
    ]);
  });

  test("of two logs with as many segments, the one with the lowest number stays", () => {
    const other = segment({ segmentId: 2, logId: new Uint8Array(16).fill(9) });
    expect(findings({ [nameOf(2)]: other.bytes, [nameOf(1)]: one.bytes })).toEqual([
      `${nameOf(2)} corrupt 0..64 INSPECT_OTHER_LOG`,
    ]);
  });

  test("the seed of its frames comes from name and log", () => {
    const header = encodeSegmentHeader({ ...log, segmentId: 1 }, new Uint8Array(64));
    expect(header.frameSeed).toBe(frameSeedOf({ logId: log.logId, segmentId: 1, nonce: 0xabcd_ef01 }));
  });
});

describe("never less than the log itself", () => {
  const refusal = async (files: Files): Promise<unknown> => {
    try {
      const log = await openWal({ directory: directoryOf(files), mode: "strict", preallocateBytes: 0 });
      const count = [...log.read()].length;
      await log.close();
      return count > 0 ? undefined : "nothing is left";
    } catch (error) {
      return error;
    }
  };

  test("any byte of any file that is changed is damage", () => {
    for (const [name, bytes] of Object.entries(whole)) {
      for (let at = 0; at < bytes.length; at++) {
        const found = findings(withFile(name, flipped(bytes, at, 1 << (at % 8))));
        expect({ name, at, found: found.length > 0 }).toEqual({ name, at, found: true });
      }
    }
  });

  test("what is sound when it is cut anywhere, the log opens in mode strict", { timeout: 300_000 }, async () => {
    const sound: [string, number][] = [];
    for (const name of names) {
      const bytes = whole[name] ?? new Uint8Array();
      for (let size = 0; size < bytes.length; size += 4) {
        const files = withFile(name, bytes.slice(0, size));
        if (findings(files).length > 0) continue;
        sound.push([name, size]);
        expect({ name, size, refusal: await refusal(files) }).toEqual({ name, size, refusal: undefined });
      }
    }
    // A first segment without a header looks like one that was left over when a checkpoint holds what it held; and the last one may
    // be cut where nothing behind the cut says more.
    expect(sound.filter(([name, size]) => !(name === first && size < 64)).map(([name]) => name)).toEqual([last, last]);
  });

  test("and when any of its files is gone", async () => {
    const passed: string[] = [];
    for (const name of Object.keys(whole)) {
      const files = without(name);
      if (findings(files).length > 0) continue;
      passed.push(name);
      expect({ name, refusal: await refusal(files) }).toEqual({ name, refusal: undefined });
    }
    // A checkpoint is as good as another, the first segment is pruned as far as anybody can tell, and of the last one nothing says more.
    expect(passed.toSorted()).toEqual([first, last, eight, twelve].toSorted());
  });
});

describe("what lies beside a log", () => {
  test("locks and temporary files are passed over, and so is what was cut off and kept", async () => {
    const path = write(whole);
    writeFileSync(join(path, "LOCK"), '{"format":"holdfast-lock/1","nonce":"0"}\n');
    writeFileSync(join(path, ".~00000000000000000009.seg.1"), "half a segment");
    mkdirSync(join(path, "aside"));
    const damaged = flipped(whole[last] ?? new Uint8Array(), 100);
    writeFileSync(join(path, "aside", last), damaged);
    const { code, lines } = await inspected("verify", path);
    expect(code).toBe(0);
    const passed = lines.filter(({ kind }) => kind !== "sound");
    expect(passed.map(({ file, kind, offset, length }) => [file, kind, offset + length])).toEqual([
      [".~00000000000000000009.seg.1", "auxiliary", 14],
      ["LOCK", "auxiliary", 41],
      [`aside/${last}`, "aside", damaged.length],
    ]);
  });

  test("one segment alone is judged with what lies beside it", async () => {
    const path = write(without(second));
    expect((await inspected("verify", join(path, first))).code).toBe(1);
    expect((await inspected("verify", join(path, third))).code).toBe(0);
  });

  test.each(["symlink", "directory"])("a %s in the place of a segment is no segment: 2", async (kind) => {
    const path = write(without(second));
    if (kind === "symlink") symlinkSync(first, join(path, second));
    else mkdirSync(join(path, second));
    const { code, lines } = await inspected("verify", path);
    expect(code).toBe(2);
    expect(lines).toContainEqual(expect.objectContaining({ file: second, code: "CLI_FILE_NOT_REGULAR" }));
  });
});
