// Every damaged variant of the recorded segment: verify notices, says where, and dump still prints every frame that is sound.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scanFbatSegment } from "@holdfast/segment-codec/fbat";
import { readSdx3Segment } from "@holdfast/sidx-footer/sdx3";
import { describe, expect, test } from "vitest";
import { goldenBytes, manifest, mutate, type GoldenMutant } from "./golden-stores.js";
import { demandTiling, inspected, type JsonLine } from "./inspected.js";
import { scratch } from "./scratch.js";

const { mutants, base } = manifest.corrupt.a;

// What is a whole segment to every reader: nothing in it says that it was ever another one. Each with the reason.
const sound = new Map([
  ["a:cut-S", "the footer is gone, and a segment need not have one"],
  ["a:cut-last", "the last frame is gone, whole"],
  ["a:cut-frames-start", "all frames are gone, whole"],
  ["a:frm-kind-0005", "an event of another kind, with checksums made good again"],
  ["a:frm-begin-count-3", "a batch that never committed"],
  ["a:seq-no-commit", "a batch that never committed"],
  ["a:seq-no-begin", "a commit marker alone, which readers pass over"],
  ["a:seq-begin-twice", "a batch that never committed, and one that did"],
  ["a:seq-item-missing", "a batch that never committed"],
  ["a:seq-batch-at-end", "a batch that never committed"],
  ["a:lie-seq", "global sequences that go back, as a compaction leaves them; sequencesAscend says so"],
  ["a:lie-seq-duplicate", "the same"],
  ["a:ft-genuine-sdx2", "the footer of 0.8, which the frames confirm"],
]);

// What a later version may have written, for all that anybody can tell: no checksum covers the version.
const unreadable = new Set(["a:hdr-version-2", "a:ft-magic-SDX4"]);

function put(mutant: GoldenMutant, follower: boolean): string {
  const directory = join(scratch(), "store");
  mkdirSync(directory);
  writeFileSync(join(directory, "000001.fbat"), mutate(mutant));
  if (follower) writeFileSync(join(directory, "000002.fbat"), goldenBytes("corrupt/a-000002-footered.fbat"));
  return directory;
}

function ofFirst(lines: readonly JsonLine[]): readonly JsonLine[] {
  return lines.filter(({ file }) => file === "000001.fbat");
}

describe.each([true, false])("newest %s", (newest) => {
  test.each(mutants.map((mutant) => [mutant.id, mutant] as const))("%s", async (id, mutant) => {
    const directory = put(mutant, !newest);
    const bytes = mutate(mutant);
    const verified = await inspected("verify", directory);
    const regions = ofFirst(verified.lines);
    demandTiling(regions, bytes.length);
    expect(verified.code).toBe(sound.has(id) ? 0 : unreadable.has(id) ? 2 : 1);
    const bad = regions.filter(({ kind }) => kind !== "sound");
    expect(bad.every(({ code, reason }) => /^(CODEC|SIDX|INSPECT)_/.test(String(code)) && reason !== "")).toBe(true);
    if (!newest) expect(bad.filter(({ kind }) => kind === "torn")).toEqual([]); // only the newest may end so

    const dumped = await inspected("dump", directory);
    expect(dumped.code).toBe(verified.code);
    const lines = ofFirst(dumped.lines);
    const damages = lines.filter(({ kind }) => kind === "damage");
    expect(damages.map(({ offset, length, verdict, code }) => ({ offset, length, kind: verdict, code }))).toEqual(
      bad.map(({ offset, length, kind, code }) => ({ offset, length, kind, code })),
    );
  });
});

/** What the packages say about the same bytes; the command walks in windows and goes on behind damage, they do not. */
test.each(mutants.map((mutant) => [mutant.id, mutant] as const))(
  "%s: the libraries find the same",
  async (id, mutant) => {
    const bytes = mutate(mutant);
    const directory = put(mutant, false);
    const { lines } = await inspected("dump", directory);
    const printed = lines.filter(({ kind }) => /^(event|batch-)/.test(kind));
    if (/^a:(hdr-(?!id)|cut-(fs-1|8|4|0)$)/.test(id)) {
      expect(() => scanFbatSegment(bytes)).toThrow(expect.objectContaining({ name: "CodecError" })); // where the command looks for frames, and finds all there are
      expect(printed).toHaveLength(id.startsWith("a:hdr") ? 8 : 0);
      return;
    }
    const segment = readSdx3Segment(bytes, { newest: true });
    const counted = new Set(segment.events.map(({ frame }) => frame.offset));
    const upTo = segment.end.endOffset;
    const frames = segment.frames.map(({ offset, length, role }) => {
      const committed = role === "event" ? counted.has(offset) : expect.any(Boolean);
      return {
        offset,
        length,
        kind: role,
        committed: segment.end.kind === "corrupt" ? expect.any(Boolean) : committed,
      };
    });
    expect(
      printed
        .filter(({ offset }) => offset < upTo)
        .map(({ offset, length, kind, committed }) => ({ offset, length, kind, committed })),
    ).toEqual(frames);
    const whole = segment.end.kind === "clean" && ["absent", "confirmed"].includes(segment.footer.kind);
    const seenHere = /^a:(frm-event-hash|frm-prev-hash|frm-payload-rehashed-crc|hdr-id-mismatch|seq-dup-frame)$/.test(
      id,
    );
    expect(lines.every(({ kind }) => kind !== "damage")).toBe(whole && !seenHere);
  },
);

test.each([
  ["a:hdr-magic", [[0, 57, "corrupt", "CODEC_NOT_A_SEGMENT"]]],
  ["a:hdr-version-2", [[0, 57, "unreadable", "CODEC_UNSUPPORTED_VERSION"]]],
  ["a:hdr-id-mismatch", [[0, 57, "corrupt", "INSPECT_MISNAMED"]]],
  ["a:crc-mid", [[1627, 482, "corrupt", "CODEC_MID_STREAM_CORRUPTION"]]],
  ["a:crc-last", [[3790, 501, "corrupt", "CODEC_CHECKSUM_MISMATCH"]]],
  ["a:nofooter-crc-last", [[3790, 501, "torn", "CODEC_CHECKSUM_MISMATCH"]]],
  ["a:nofooter-len-last-max", [[3790, 501, "torn", "CODEC_LENGTH_OUT_OF_RANGE"]]],
  ["a:cut-last+7", [[3790, 7, "torn", "CODEC_TRUNCATED"]]],
  ["a:add-nofooter-8-zero", [[4291, 8, "torn", "CODEC_MALFORMED_ENVELOPE"]]],
  ["a:ft-crc", [[4291, 1051, "torn", "SIDX_CHECKSUM_MISMATCH"]]],
  ["a:ft-magic-SDX4", [[4291, 1051, "unreadable", "SIDX_UNSUPPORTED_VERSION"]]],
  ["a:lie-last-entry-dropped", [[4291, 889, "corrupt", "SIDX_FOREIGN"]]],
  ["a:frm-event-hash", [[3790, 478, "corrupt", "INSPECT_HASH_MISMATCH"]]],
  ["a:frm-payload-rehashed-crc", [[3790, 501, "corrupt", "INSPECT_HASH_MISMATCH"]]],
  ["a:frm-entity-slash", [[1151, 471, "corrupt", "CODEC_MALFORMED_ENVELOPE"]]],
  ["a:frm-begin-count-0", [[2109, 346, "corrupt", "CODEC_MALFORMED_BATCH"]]],
  ["a:cut-0", [[0, 0, "torn", "CODEC_TRUNCATED"]]],
  ["a:cut-fs-1", [[0, 56, "torn", "CODEC_TRUNCATED"]]],
] as const)("%s is found at %j", async (name, expected) => {
  const mutant = mutants.find(({ id }) => id === name);
  if (mutant === undefined) throw new Error("no such variant");
  const { lines } = await inspected("verify", put(mutant, false));
  const bad = lines.filter(({ kind }) => kind !== "sound");
  expect(bad.map(({ offset, length, kind, code }) => [offset, length, kind, code])).toEqual(expected);
});

test.each([
  ["a:lie-seq-duplicate", false],
  ["a:lie-seq", false],
  ["a:hdr-id-mismatch", true],
  ["a:seq-no-begin", undefined],
] as const)("%s: sequences ascend: %s", async (name, ascend) => {
  const mutant = mutants.find(({ id }) => id === name);
  if (mutant === undefined) throw new Error("no such variant");
  const { lines } = await inspected("dump", put(mutant, false));
  expect(lines.find(({ kind }) => kind === "footer")?.["sequencesAscend"]).toBe(ascend);
});

test("several damages are all found, and the frames between them printed", async () => {
  const bytes = goldenBytes(base);
  for (const offset of [57, 1627, 2455]) bytes[offset + 20] = (bytes[offset + 20] ?? 0) ^ 1;
  const directory = scratch();
  writeFileSync(join(directory, "000001.fbat"), bytes);
  const { code, lines } = await inspected("dump", directory);
  expect(code).toBe(1);
  expect(lines.map(({ kind, offset }) => `${kind} ${offset}`).slice(0, 12)).toEqual([
    ...["segment-header 0", "damage 57", "event 1151", "damage 1627", "batch-begin 2109", "damage 2455"],
    ...["event 2937", "batch-commit 3444", "event 3790", "footer 4291", "footer-entry 4350", "footer-entry 4512"],
  ]);
  // The rows of frames that are gone say what was lost, and do not speak against the footer.
  expect(lines.find(({ kind }) => kind === "footer")).toMatchObject({ sound: true, entryCount: 6 });
});

test("a segment that has lost its beginning, or all its frames, still has its footer", async () => {
  const bytes = goldenBytes(base);
  bytes.fill(0xee, 0, 1151);
  const directory = scratch();
  writeFileSync(join(directory, "000001.fbat"), bytes);
  const { lines } = await inspected("dump", directory);
  expect(lines.map(({ kind, offset }) => `${kind} ${offset}`).slice(0, 3)).toEqual([
    ...["damage 0", "event 1151", "event 1627"],
  ]);
  expect(lines.find(({ kind }) => kind === "footer")).toMatchObject({ sound: true });

  bytes.fill(0xee, 0, 4291);
  writeFileSync(join(directory, "000001.fbat"), bytes);
  const lost = await inspected("dump", directory);
  expect(lost.lines.map(({ kind }) => kind)).toEqual([
    ...["damage", "footer", "footer-entry", "footer-entry", "footer-entry"],
    ...["footer-entry", "footer-entry", "footer-entry"],
  ]);
  expect(lost.lines[0]).toMatchObject({ offset: 0, length: 4291 });
});

describe("an item whose batch is not known behind damage", () => {
  // A batch that was given up, and one that committed, both from the store's only segment.
  const committedBehind = async (bytes: Uint8Array, offset: number): Promise<readonly unknown[]> => {
    const directory = scratch();
    writeFileSync(join(directory, "000001.fbat"), bytes);
    const { lines } = await inspected("dump", directory);
    return lines.filter(({ kind, offset: at }) => kind === "event" && at > offset).map(({ committed }) => committed);
  };
  const markersOf = (store: string): readonly (readonly [number, number, number, ...unknown[]])[] =>
    manifest.cases.find(({ id }) => id === store)?.segments[0]?.markers ?? [];

  test("does not count when the marker that was lost opened a batch that was given up", async () => {
    const [[offset] = [0]] = markersOf("batch-abort-items");
    const bytes = goldenBytes("batch-abort-items/000001.fbat");
    bytes[offset + 50] = (bytes[offset + 50] ?? 0) ^ 1;
    const found = await committedBehind(bytes, offset);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((committed) => committed === false)).toBe(true);
  });

  test("a:frm-begin-count-0: does not count, because that marker opens no batch; what follows the commit marker does", async () => {
    const mutant = mutants.find(({ id }) => id === "a:frm-begin-count-0");
    if (mutant === undefined) throw new Error("no such variant");
    expect(await committedBehind(mutate(mutant), 2109)).toEqual([false, false, true]);
  });

  test("counts where a footer under a checksum lists it", async () => {
    const bytes = goldenBytes(base);
    bytes[2109 + 50] = (bytes[2109 + 50] ?? 0) ^ 1;
    expect(await committedBehind(bytes, 2109)).toEqual([true, true, true]);
    expect(await committedBehind(bytes.subarray(0, 4291), 2109)).toEqual([false, false, true]);
  });
});
