// Files of format 2, whole, cut anywhere, with any bit flipped, and among the segments they belong to.
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, crc32 } from "@holdfast/segment-codec";
import { describe, expect, test } from "vitest";
import type { Folder } from "../src/inspect/file-format.js";
import {
  alone,
  folderOf,
  identity,
  linesOf,
  payloadTexts,
  regionTexts,
  regionsOfBytes,
  smallSegment,
} from "./small-segment.js";

const payloads = ["", "00ff", "0102030405060708", "aa".repeat(40)].map((hex) =>
  Uint8Array.from(Buffer.from(hex, "hex")),
);
const unsynced = smallSegment(payloads);
const synced = smallSegment(payloads, { synced: true });
const end = unsynced.bytes.length;

test("a whole segment: its header and every frame, field by field", () => {
  const lines = linesOf(synced.bytes);
  expect(lines[0]).toEqual({
    kind: "segment-header",
    offset: 0,
    length: 64,
    fields: {
      ...{ format: "HFSG", version: 2, segment: 7n, logId: identity.logId, nonce: 0x1234_5678, epoch: 3, content: 1 },
      ...{ baseLsn: 1001n, durableLsn: 1000n, previousChain: 0xdead_beef, hash: "none" },
    },
  });
  const { boundaries } = synced;
  expect(lines.slice(1)).toEqual(
    payloads.map((payload, at) => ({
      kind: "frame",
      offset: boundaries[at],
      length: (boundaries[at + 1] ?? 0) - (boundaries[at] ?? 0),
      fields: {
        ...{ frameKind: "record", flags: 5, lsn: BigInt(1001 + at), span: 1, durableLsn: BigInt(1000 + at) },
        chain: expect.any(Number),
        payload,
      },
    })),
  );
  expect(lines.at(-1)?.fields["chain"]).toBe(synced.chain);
  expect(regionTexts(regionsOfBytes(synced.bytes))).toEqual([`sound 0..${end}`]);
});

test("a kind that only its owner knows is a number", () => {
  const kinds = [1, 2, 3, 16, 65_535].map((kind) => {
    const { bytes } = smallSegment([new Uint8Array(3)], { kind });
    return linesOf(bytes).at(-1)?.fields["frameKind"];
  });
  expect(kinds).toEqual(["record", "batch", "watermark", 16, 65_535]);
});

test("cut anywhere: whole frames stay, and the rest is torn at its offset", () => {
  for (let size = 1; size < end; size++) {
    const bytes = unsynced.bytes.slice(0, size);
    const whole = unsynced.boundaries.filter((boundary) => boundary <= size);
    const last = whole.at(-1) ?? 0;
    const sound = last === 0 ? [] : [`sound 0..${last}`];
    const code = size < SEGMENT_HEADER_BYTES ? "CODEC_TRUNCATED" : "CODEC_TORN_TAIL";
    const torn = last === size ? [] : [`torn ${last}..${size} ${code}`];
    expect(regionTexts(regionsOfBytes(bytes))).toEqual([...sound, ...torn]);
    expect(payloadTexts(linesOf(bytes))).toHaveLength(Math.max(0, whole.length - 1));
  }
});

test("any bit flipped: never sound, and never a frame that nobody wrote", () => {
  const written = payloadTexts(linesOf(synced.bytes));
  for (let bit = 0; bit < end * 8; bit++) {
    const bytes = synced.bytes.slice();
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const regions = regionsOfBytes(bytes);
    expect(regions.some(({ kind }) => kind === "corrupt" || kind === "torn" || kind === "unreadable")).toBe(true);
    expect(regions.reduce((at, { offset, length }) => (offset === at ? at + length : Number.NaN), 0)).toBe(end);
    const found = payloadTexts(linesOf(bytes));
    expect(found).toEqual(written.slice(0, found.length));
  }
});

describe("damage by what was known durable", () => {
  const damaged = ({ bytes }: { readonly bytes: Uint8Array }): Uint8Array => {
    const copy = bytes.slice();
    const at = (unsynced.boundaries[1] ?? 0) + FRAME_HEADER_BYTES;
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const place = unsynced.boundaries[1] ?? 0;

  test("of a frame that a later one states as durable is corruption", () => {
    const lines = linesOf(damaged(synced));
    expect(regionTexts(regionsOfBytes(damaged(synced)))).toEqual([
      `sound 0..${place}`,
      `corrupt ${place}..${end} CODEC_DURABLE_DATA_MISSING`,
    ]);
    expect(lines.at(-1)?.fields["reason"]).toBe(
      "durable up to LSN 1003, and no frame (bad-chain) here; 3 sound frame headers lie behind, up to LSN 1004",
    );
  });

  test("of a frame that nothing states as durable is a torn tail", () => {
    expect(regionTexts(regionsOfBytes(damaged(unsynced)))).toEqual([
      `sound 0..${place}`,
      `torn ${place}..${end} CODEC_TORN_TAIL`,
    ]);
  });

  test("zeros behind the frames are torn, and said to be zeros", () => {
    const bytes = new Uint8Array(end + 4096);
    bytes.set(unsynced.bytes);
    const lines = linesOf(bytes);
    expect(lines.at(-1)).toMatchObject({ kind: "damage", offset: end, length: 4096, fields: { verdict: "torn" } });
    expect(lines.at(-1)?.fields["reason"]).toContain("zeros");
  });
});

describe("the header", () => {
  test("with a damaged magic is still known, and so are its frames", () => {
    const bytes = synced.bytes.slice();
    bytes.set(Buffer.from("XXXX"));
    expect(payloadTexts(linesOf(bytes))).toHaveLength(4);
    expect(regionTexts(regionsOfBytes(bytes))).toEqual(["corrupt 0..64 CODEC_NOT_A_SEGMENT", `sound 64..${end}`]);
  });

  test("of a later version is unreadable, because it is sound", () => {
    const bytes = synced.bytes.slice();
    bytes[4] = 3;
    new DataView(bytes.buffer).setUint32(60, crc32(bytes, 0, 60), true);
    expect(regionTexts(regionsOfBytes(bytes))).toEqual([`unreadable 0..${end} CODEC_UNSUPPORTED_VERSION`]);
  });

  test("with a damaged field costs the whole file, because the frames depend on it", () => {
    const bytes = synced.bytes.slice();
    bytes[20] = 0;
    expect(regionTexts(regionsOfBytes(bytes))).toEqual([`corrupt 0..${end} CODEC_CHECKSUM_MISMATCH`]);
  });
});

describe("among the segments of its log", () => {
  const among = (...files: readonly Uint8Array[]): Folder =>
    folderOf(Object.fromEntries(files.map((bytes, at) => [`segment-${at}`, bytes])));
  const cut = smallSegment(payloads.slice(0, 2));
  const boundary = cut.bytes.length;
  const start = { segmentId: 8, epoch: 4, baseLsn: 1003, durableLsn: 1002, previousChain: cut.chain };

  test("what a later segment has taken over is dead, and no damage", () => {
    const next = smallSegment([], start);
    const lines = linesOf(unsynced.bytes, "segment", among(unsynced.bytes, next.bytes));
    expect(payloadTexts(lines)).toHaveLength(2);
    expect(lines.at(-1)).toEqual({
      ...{ kind: "dead", offset: boundary, length: end - boundary, fields: { continuedBy: 8n } },
    });
    const regions = regionsOfBytes(unsynced.bytes, "segment", among(unsynced.bytes, next.bytes));
    expect(regions).toEqual([
      {
        ...{ kind: "sound", offset: 0, length: end },
        fields: { format: "HFSG", frameCount: 2, deadBytes: end - boundary },
      },
    ]);
  });

  test("a header that states more as durable than is there proves the loss, at the end of a file cut between frames", () => {
    const next = smallSegment([], { ...start, baseLsn: 1005, durableLsn: 1004 });
    expect(regionTexts(regionsOfBytes(cut.bytes, "segment", among(cut.bytes, next.bytes)))).toEqual([
      `sound 0..${boundary}`,
      `corrupt ${boundary}..${boundary} CODEC_DURABLE_DATA_MISSING`,
    ]);
    expect(regionTexts(regionsOfBytes(cut.bytes, "segment", alone))).toEqual([`sound 0..${boundary}`]);
  });

  test("files of other formats, and of nothing, say nothing", () => {
    const folder = among(new Uint8Array(), new Uint8Array(200), Uint8Array.from(Buffer.from("FBAT")));
    expect(regionTexts(regionsOfBytes(unsynced.bytes, "segment", folder))).toEqual([`sound 0..${end}`]);
  });
});
