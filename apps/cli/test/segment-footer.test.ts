// Sealed segments: the footer in the last frame, beside the frames that it lists.
import { FRAME_HEADER_BYTES, FrameEncoder, encodeSegmentHeader, frameBytes, frameKinds } from "@holdfast/segment-codec";
import { Sdx4Builder, type Sdx4Entry } from "@holdfast/sidx-footer";
import { expect, test } from "vitest";
import { entryId as id, sealedSegment as sealed, type SealedChanges } from "./sealed-segment.js";
import { identity, linesOf, regionTexts, regionsOfBytes } from "./small-segment.js";

test("its footer and every entry, field by field", () => {
  const { bytes, footerFrame } = sealed();
  const lines = linesOf(bytes);
  expect(lines.map(({ kind }) => kind)).toEqual([
    ...["segment-header", "frame", "frame", "frame", "frame", "footer"],
    ...["footer-entry", "footer-entry", "footer-entry", "footer-entry"],
  ]);
  const place = { offset: footerFrame + FRAME_HEADER_BYTES, length: bytes.length - footerFrame - FRAME_HEADER_BYTES };
  const fields = { format: "SDX4", entryCount: 4, sound: true, coveredBytes: BigInt(footerFrame) };
  expect(lines[5]).toEqual({ kind: "footer", ...place, fields });
  expect(lines[9]).toEqual({
    kind: "footer-entry",
    ...place,
    fields: {
      ...{ frameOffset: BigInt(64 + 2 * frameBytes(10)), sequence: 2n ** 40n + 3n, eventId: id(3) },
      ...{ entity: "player:1", scope: "game", frameLength: frameBytes(10), batchIndex: 1, eventKind: 9 },
      ...{ lane: 1, depth: 2, revision: 3n, timestampUs: 1_700_000_000_000_003n, flags: 3 },
      ...{ correlation: id(3), causation: id(77), hash: null },
    },
  });
  expect(regionTexts(regionsOfBytes(bytes))).toEqual([`sound 0..${bytes.length}`]);
});

test.each<[string, SealedChanges, string]>([
  ["a frame that is not there", { entry: moved(8) }, "SIDX_FOREIGN"],
  ["a frame of another length", { entry: (entry) => ({ ...entry, frameLength: 40 }) }, "SIDX_FOREIGN"],
  [
    "a record that its frame does not have",
    { entry: (entry, at) => (at === 3 ? { ...entry, batchIndex: 2 } : entry) },
    "SIDX_FOREIGN",
  ],
  ["a record twice", { entry: (entry, at) => (at === 3 ? { ...entry, batchIndex: 0 } : entry) }, "SIDX_FOREIGN"],
  ["a frame again and again", { entry: ofFirstFrame }, "SIDX_FOREIGN"],
  [
    "records out of turn",
    { entry: (entry, at) => (at < 2 ? entry : { ...entry, batchIndex: 3 - at }) },
    "SIDX_FOREIGN",
  ],
  ["all records but the first", { without: [0] }, "SIDX_FOREIGN"],
  ["all records but one in the middle", { without: [1] }, "SIDX_FOREIGN"],
  ["half a batch", { without: [2] }, "SIDX_FOREIGN"],
  ["all records but the last", { without: [3] }, "SIDX_FOREIGN"],
  ["no record", { without: [0, 1, 2, 3] }, "SIDX_FOREIGN"],
  ["other frames, by its chain", { chain: 123 }, "SIDX_FOREIGN"],
  ["another segment", { segmentCrc: 1 }, "SIDX_FOREIGN"],
  ["nothing: no footer at all", { footer: () => new Uint8Array(64).fill(1) }, "SIDX_MALFORMED"],
  ["a damaged block", { footer: flipped(8) }, "SIDX_CHECKSUM_MISMATCH"],
  ["a damaged root", { footer: flipped(-40) }, "SIDX_CHECKSUM_MISMATCH"],
])("a footer of %s is corrupt, under sound checksums of its frame", (_, changes, code) => {
  const { bytes, footerFrame } = sealed(changes);
  expect(regionTexts(regionsOfBytes(bytes))).toEqual([
    `sound 0..${footerFrame}`,
    `corrupt ${footerFrame}..${bytes.length} ${code}`,
  ]);
  const lines = linesOf(bytes);
  expect(lines.filter(({ kind }) => kind === "frame")).toHaveLength(4); // frames are the truth, and all there
  expect(lines.filter(({ kind }) => kind === "footer-entry")).toEqual([]);
  expect(lines.filter(({ kind, fields }) => kind === "footer" && fields["sound"] !== false)).toEqual([]);
});

test("a footer that is no use is printed with what it claims", () => {
  const { bytes, footerFrame } = sealed({ footer: flipped(-40) });
  const place = { offset: footerFrame + FRAME_HEADER_BYTES, length: bytes.length - footerFrame - FRAME_HEADER_BYTES };
  const fields = { format: "SDX4", entryCount: 4, sound: false, coveredBytes: BigInt(footerFrame) };
  expect(linesOf(bytes).at(-1)).toEqual({ kind: "footer", ...place, fields });
  const none = sealed({ footer: () => new Uint8Array(64).fill(1) });
  expect(linesOf(none.bytes).at(-1)?.kind).toBe("frame");
});

test("every byte of a footer is looked at", () => {
  const { bytes, footerFrame } = sealed();
  const { length } = bytes.subarray(footerFrame + FRAME_HEADER_BYTES);
  for (let at = 0; at < length; at++) {
    const damaged = sealed({ footer: flipped(at) });
    const found = regionsOfBytes(damaged.bytes).filter(({ kind }) => kind !== "sound");
    // The digit of the magic, with a bit flipped, is that of a later version.
    const kind = at === length - 1 ? "unreadable" : "corrupt";
    expect({ at, found: found.map(({ kind, offset }) => ({ kind, offset })) }).toEqual({
      at,
      found: [{ kind, offset: footerFrame }],
    });
  }
});

/** Every entry is of the first frame. */
function ofFirstFrame(entry: Sdx4Entry): Sdx4Entry {
  return { ...entry, frameOffset: 64, frameLength: frameBytes(10), batchIndex: 0 };
}

test("frames of an owner's own kind may have entries and need not", () => {
  for (const without of [[], [0], [2], [3], [0, 1, 2, 3]]) {
    const { bytes } = sealed({ kind: 16, without });
    const footer = linesOf(bytes).find(({ kind }) => kind === "footer");
    expect(footer?.fields).toMatchObject({ sound: true, entryCount: 4 - without.length });
  }
  const { bytes } = sealed({ kind: 16, entry: ofFirstFrame });
  expect(linesOf(bytes).find(({ kind }) => kind === "footer")?.fields).toMatchObject({ sound: false });
});

test("a segment without frames has the chain that it continues from", () => {
  const empty = (chain: number): Uint8Array => {
    const buffer = new Uint8Array(0x1000);
    const header = encodeSegmentHeader(identity, buffer);
    const payload = new Sdx4Builder().encode({ coveredBytes: 64, segmentCrc: header.crc, chain });
    const end = new FrameEncoder(header).append(buffer, 64, payload, { kind: frameKinds.footer, flags: 0, span: 0 });
    return buffer.slice(0, end);
  };
  expect(regionTexts(regionsOfBytes(empty(identity.previousChain)))).toEqual([expect.stringMatching(/^sound 0/)]);
  expect(regionTexts(regionsOfBytes(empty(1))).at(-1)).toMatch(/^corrupt 64.*SIDX_FOREIGN$/);
});

/** The entry of the last frame lies elsewhere. */
function moved(bytes: number): (entry: Sdx4Entry, ordinal: number) => Sdx4Entry {
  return (entry, ordinal) =>
    ordinal < 2 ? entry : { ...entry, frameOffset: entry.frameOffset - bytes, frameLength: 40 };
}

function flipped(at: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return bytes;
  };
}

test("entries behind the last frame are of none", () => {
  const { bytes, footerFrame } = sealed({
    kind: 16,
    entry: (entry, ordinal) => (ordinal < 3 ? entry : { ...entry, frameOffset: 176, frameLength: 8 }),
  });
  expect(regionTexts(regionsOfBytes(bytes)).at(-1)).toBe(`corrupt ${footerFrame}..${bytes.length} SIDX_FOREIGN`);
});

test("a segment that a crash left without its footer, or with half of it, has none", () => {
  const { bytes, footerFrame } = sealed();
  expect(regionTexts(regionsOfBytes(bytes.slice(0, footerFrame)))).toEqual([`sound 0..${footerFrame}`]);
  const half = footerFrame + 100;
  const lines = linesOf(bytes.slice(0, half));
  expect(lines.filter(({ kind }) => kind.startsWith("footer"))).toEqual([]);
  expect(regionTexts(regionsOfBytes(bytes.slice(0, half)))).toEqual([
    `sound 0..${footerFrame}`,
    `torn ${footerFrame}..${half} CODEC_TORN_TAIL`,
  ]);
});

test("a payload that ends like a footer is none", () => {
  const { bytes, footerFrame } = sealed();
  const payload = bytes.slice(footerFrame + FRAME_HEADER_BYTES);
  const buffer = new Uint8Array(0x1_0000);
  const encoder = new FrameEncoder(encodeSegmentHeader(identity, buffer));
  const end = encoder.append(buffer, 64, payload, { kind: frameKinds.record, flags: 0, span: 1 });
  const lines = linesOf(buffer.slice(0, end));
  expect(lines.map(({ kind }) => kind)).toEqual(["segment-header", "frame"]);
});
