// Vectors by hand, every refusal by name, and what no forged number may cost.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { FbatStreams, encodeFbatHeader } from "@holdfast/segment-codec/fbat";
import {
  SidxError,
  encodeSdx2,
  encodeSdx3,
  readSdx3,
  readSdx3Segment,
  type Sdx3Outcome,
  type Sdx3Row,
} from "../src/sdx3-entry.js";
import { fromHex, hex } from "./support/batpak.js";
import { buildFbatSegment, withFooter } from "./support/fbat-segment.js";

// Worked out from the reference's rules and opened by it: the footer of a segment with two events.
const id1 = "00112233445566778899aabbccddeeff";
const id2 = "00000000000000000000000000000102";
const hash1 = "7be2f6ba1a9ebb6454bae81c36b2f3416e4ffe75827066ecc0856478a8c75a7f";
const hash2 = "a1c5aa6e36d00f35a425ed78c1c188e242c42ec96bd130ccfff5af335f57ae14";
const zeros = (bytes: number): string => "00".repeat(bytes);
const framesEnd = 1045;
const rows: readonly Sdx3Row[] = [
  {
    ...{ entity: "e", scope: "s", kind: 0xf001, lane: 0, depth: 0 },
    eventId: fromHex(id1),
    correlationId: fromHex(id1),
    causationId: undefined,
    wallMs: 1_700_000_000_123n,
    clock: 0,
    previousHash: new Uint8Array(32),
    eventHash: fromHex(hash1),
    frameOffset: 57,
    frameLength: 466,
    globalSequence: 0n,
  },
  {
    ...{ entity: "e", scope: "s", kind: 0xf001, lane: 0, depth: 0 },
    eventId: fromHex(id2),
    correlationId: fromHex(id1),
    causationId: fromHex(id1),
    wallMs: 1_700_000_000_200n,
    clock: 1,
    previousHash: fromHex(hash1),
    eventHash: fromHex(hash2),
    frameOffset: 523,
    frameLength: 522,
    globalSequence: 1n,
  },
];
const vector =
  "92a165a173" +
  `ffeeddccbbaa99887766554433221100000000000100000001f07b68e5cf8b010000${zeros(12)}${zeros(32)}${hash1}` +
  `3900000000000000d20100000000000000000000ffeeddccbbaa99887766554433221100${zeros(16)}` +
  `02010000${zeros(12)}000000000100000001f0c868e5cf8b01000001000000${zeros(8)}${hash1}${hash2}` +
  "0b020000000000000a0200000100000000000000ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100" +
  "4194b08a15040000000000000200000053445833";

function fileOf(footer: Uint8Array, at = framesEnd): Uint8Array {
  const file = new Uint8Array(at + footer.length);
  file.set(footer, at);
  return file;
}

const sound = fileOf(fromHex(vector));

test("the vector is written and read", () => {
  expect(hex(encodeSdx3(rows, framesEnd))).toBe(vector);
  const outcome = readSdx3(sound);
  expect(outcome).toMatchObject({ kind: "sdx3", framesEnd, names: ["e", "s"] });
  expect(outcome.kind === "sdx3" && [...outcome.rows]).toEqual(rows);
});

test("the whole segment of the vector is written, and read with its numbers", () => {
  const streams = new FbatStreams(blake3);
  const shared = { entity: "e", scope: "s", kind: 0xf001 };
  const frames = Buffer.concat([
    encodeFbatHeader({ createdNs: 1_700_000_000_000_000_000n, segmentId: 1n }),
    streams.append({
      ...shared,
      eventId: fromHex(id1),
      timestampUs: 1_700_000_000_123_456n,
      content: fromHex("81a16e01"),
    }).bytes,
    streams.append({
      ...shared,
      eventId: fromHex(id2),
      correlationId: fromHex(id1),
      causationId: fromHex(id1),
      timestampUs: 1_700_000_000_200_000n,
      flags: 9,
      payloadVersion: 2,
      content: fromHex("81a16ecd0100"),
      extensions: new Map([
        ["a.z", new Uint8Array()],
        ["b.k", fromHex("007f80ff")],
      ]),
    }).bytes,
  ]);
  const segment = Buffer.concat([frames, encodeSdx3(rows, frames.length)]);
  expect(createHash("sha256").update(segment).digest("hex")).toBe(
    "93a6a540829d60c707477b0dbdfc2daf3af0194724fc6f66529683902dd43e02", // recorded with the reference's reading of it
  );
  const { events, footer } = readSdx3Segment(segment);
  expect(footer.kind).toBe("confirmed");
  expect(events.map(({ frame, globalSequence }) => [frame.offset, globalSequence])).toEqual([
    [57, 0n],
    [523, 1n],
  ]);
});

test("a footer without rows is 21 bytes long, one byte of which is the table of no names", () => {
  const footer = encodeSdx3([], 57);
  expect(hex(footer)).toBe("90c97c0d2239000000000000000000000053445833");
  expect(readSdx3(fileOf(footer, 57))).toMatchObject({ kind: "sdx3", framesEnd: 57, names: [], rows: { length: 0 } });
});

test("an SDX2 footer has no checksum, and its rows are claims", () => {
  const footer = encodeSdx2(rows, framesEnd);
  expect(hex(footer)).toBe(vector.replace("4194b08a1504", "1504").replace(/33$/, "32"));
  const outcome = readSdx3(fileOf(footer));
  expect(outcome.kind === "sdx2" && [...outcome.claims]).toEqual(rows.map((claim) => ({ claim })));
});

test("no checksum vouches for an SDX2 footer", () => {
  const footer = encodeSdx2(rows, framesEnd);
  footer[0] = 0x91;
  expect(readSdx3(fileOf(footer))).toMatchObject({ kind: "unusable", format: "SDX2", checksumHolds: false });
});

test("every bit counts", () => {
  for (let bit = 0; bit < vector.length * 4; bit++) {
    const file = sound.slice();
    const at = framesEnd + (bit >> 3);
    file[at] = (file[at] ?? 0) ^ (1 << (bit & 7));
    expect([bit, readSdx3(file).kind]).not.toEqual([bit, "sdx3"]);
    expect([bit, readSdx3(file).kind]).not.toEqual([bit, "sdx2"]);
  }
});

test("cut anywhere, it is no footer", () => {
  for (let size = 0; size < sound.length; size++) expect(readSdx3(sound.subarray(0, size))).toEqual({ kind: "absent" });
});

/** The vector with `put` in place of the number of `width` bytes that lies `back` bytes before its end. */
function forge(back: number, width: 4 | 8, put: bigint): Uint8Array {
  const file = sound.slice();
  const view = new DataView(file.buffer);
  if (width === 4) view.setUint32(file.length - back, Number(put), true);
  else view.setBigUint64(file.length - back, put, true);
  return file;
}

describe("forged numbers", () => {
  test("every count but the true one is refused, and none costs memory", () => {
    const counts = [0, 1, 3, 4, 7, 26_512_142, 26_512_144, 0x7fff_ffff, 0xffff_ffff];
    for (const count of counts) {
      const outcome = readSdx3(forge(8, 4, BigInt(count)));
      const code = count < 2 ? "SIDX_MALFORMED" : "SIDX_OUT_OF_BOUNDS";
      expect(outcome).toMatchObject({ kind: "unusable", checksumHolds: true, claimedRowCount: count, error: { code } });
    }
  });

  test("every place but the true one is refused", () => {
    for (let at = 0n; at < BigInt(sound.length) + 20n; at++) {
      const outcome = readSdx3(forge(16, 8, at));
      expect([at, outcome.kind]).toEqual([at, at === BigInt(framesEnd) ? "sdx3" : "unusable"]);
    }
    for (const at of [2n ** 31n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(readSdx3(forge(16, 8, at))).toMatchObject({
        kind: "unusable",
        checksumHolds: false,
        claimedFramesEnd: at < 2n ** 53n ? Number(at) : undefined,
        error: { code: "SIDX_OUT_OF_BOUNDS", context: { field: "framesEnd" } },
      });
    }
  });

  test("sixteen bytes that claim 2^32-1 rows cost one error", () => {
    for (const letters of ["53445833", "53445832"]) {
      for (const place of [zeros(8), "ffffffffffffffff", "0800000000000000"]) {
        const outcome = readSdx3(fromHex(`${place}ffffffff${letters}`));
        expect(outcome).toMatchObject({ kind: "unusable", error: { code: "SIDX_OUT_OF_BOUNDS" } });
      }
    }
  });

  test("a source that claims a petabyte is asked for no more than the option allows", () => {
    const sizeBytes = 2 ** 50;
    const asked: number[] = [];
    const source = {
      sizeBytes,
      readAt: (target: Uint8Array, offset: number): number => {
        asked.push(target.length);
        if (offset === sizeBytes - 16) target.set(fromHex("0800000000000000ffffffff53445833"));
        return target.length;
      },
    };
    expect(readSdx3(source)).toMatchObject({
      kind: "unusable",
      error: { code: "SIDX_TOO_LARGE", context: { offset: 8, expected: 2 ** 30, actual: sizeBytes - 8 } },
    });
    expect(asked).toEqual([16]);
  });

  test("the option is a bound, inclusive", () => {
    const size = vector.length / 2;
    expect(readSdx3(sound, { maxFooterBytes: size }).kind).toBe("sdx3");
    expect(readSdx3(sound, { maxFooterBytes: size - 1 })).toMatchObject({ error: { code: "SIDX_TOO_LARGE" } });
    // No verdict on a segment may come of a bound: the newest one would look torn.
    const segment = withFooter(buildFbatSegment([{ append: event }]));
    const tooLarge = expect.objectContaining({ code: "SIDX_TOO_LARGE" });
    expect(() => readSdx3Segment(segment, { newest: true, maxFooterBytes: 100 })).toThrow(tooLarge);
    const extensions = new Map([["app.z", fromHex(`09${zeros(11)}53445833`)]]);
    const { frames } = buildFbatSegment([{ append: event }, { append: { ...event, extensions } }]);
    expect(readSdx3Segment(frames, { maxFooterBytes: 16 }).footer).toEqual({ kind: "absent" });
  });
});

const event = {
  ...{ entity: "e", scope: "s", kind: 0x1000, timestampUs: 5n, content: new Uint8Array(3) },
  eventId: new Uint8Array(16).fill(9),
};

test.each([
  ["SDX4", 4],
  ["SDX5", 5],
  ["SDX9", 9],
])("%s is of a later version, and not damage", (letters, version) => {
  const file = sound.slice();
  file.set(new TextEncoder().encode(letters), file.length - 4);
  const outcome = readSdx3(file);
  expect(outcome).toMatchObject({ kind: "unsupported", version, error: { code: "SIDX_UNSUPPORTED_VERSION" } });
  const segment = buildFbatSegment([{ append: event }]);
  const later = withFooter(segment);
  later.set(new TextEncoder().encode(letters), later.length - 4);
  for (const newest of [true, false]) {
    const found = readSdx3Segment(later, { newest });
    expect(found).toMatchObject({
      end: { kind: "unsupported", version, endOffset: segment.frames.length },
      footer: { kind: "unsupported", version },
    });
    expect(found.events).toHaveLength(1);
  }
});

test.each(["SIDX", "SDX1", "SDX:", "sdx3", "3XDS", "TDX3", "SEX3", "SDY3"])("%s is nothing of the kind", (letters) => {
  const file = sound.slice();
  file.set(new TextEncoder().encode(letters), file.length - 4);
  expect(readSdx3(file)).toEqual({ kind: "absent" });
});

/** The vector with text changed and its checksum made good. */
function remade(from: string, to: string): Sdx3Outcome {
  expect(vector.split(from).length).toBeGreaterThan(1);
  const changed = fromHex(vector.replace(from, to));
  const view = new DataView(changed.buffer);
  view.setUint32(changed.length - 20, crc32(changed.subarray(0, -20)), true);
  return readSdx3(fileOf(changed));
}

/** The checksum by its definition, bit by bit. */
function crc32(bytes: Uint8Array): number {
  let register = 0xffff_ffff;
  for (const byte of bytes) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit++) register = (register >>> 1) ^ (register & 1 ? 0xedb8_8320 : 0);
  }
  return ~register >>> 0;
}

test("made good without a change, the vector is sound", () => {
  expect(remade("92a165a173", "92a165a173").kind).toBe("sdx3");
});

test.each([
  ["a name that no store may hold", "92a165a173", "92a165a12f", { field: "names", offset: framesEnd + 3 }],
  ["a name that is there twice", "92a165a173", "92a165a165", { field: "names", offset: framesEnd }],
  ["names in another spelling", "92a165a173", "92a3616263", { field: "names" }],
  ["a name that no row needs", "92a165a173", "93a165a173a174", { field: "names", expected: 2, actual: 3 }],
  ["a row that needs a name that is not there", "92a165a173", "91a165", { field: "names", entry: 0 }],
  ["an entity out of turn", "110000000000010000", "110001000000010000", { field: "entity", entry: 0 }],
  ["a scope out of turn", "110000000000010000", "110000000000020000", { field: "scope", entry: 0 }],
  ["a second row out of turn", "000000000100000001f0c8", "000000000300000001f0c8", { field: "scope", entry: 1 }],
  ["a begin marker", "0100000001f07b", "0100000006007b", { field: "kind", entry: 0 }],
  ["a commit marker", "0100000001f0c8", "010000000700c8", { field: "kind", entry: 1 }],
  ["a frame in the magic of the file", "3900000000000000", "0700000000000000", { field: "frameOffset", entry: 0 }],
  ["a frame that no file can hold", "3900000000000000", "3900000000002000", { field: "frameOffset", entry: 0 }],
  ["a frame in the one before", "0b02000000000000", "0a02000000000000", { field: "frameOffset", entry: 1 }],
  ["an empty frame", "000000d2010000", "00000008000000", { field: "frameLength", entry: 0 }],
  ["a frame above 256 MiB", "000000d2010000", "00000009000010", { field: "frameLength", entry: 0 }],
  ["a frame beyond the frames", "0000000a020000", "0000000b020000", { field: "frameLength", entry: 1 }],
])("%s is refused under a good checksum", (_, from, to, context) => {
  const outcome = remade(from, to);
  expect(outcome).toMatchObject({ kind: "unusable", checksumHolds: true, error: { code: "SIDX_MALFORMED", context } });
  if (outcome.kind === "unusable") expect(outcome.error).toBeInstanceOf(SidxError);
});

test("what no writer writes is not written", () => {
  const [first, second] = rows;
  if (first === undefined || second === undefined) throw new Error("there are two rows");
  const refused: readonly (readonly [Partial<Record<keyof Sdx3Row, unknown>>, RegExp])[] = [
    [{ eventId: new Uint8Array(15) }, /rows\[1\]\.eventId must have 16 bytes/],
    [{ eventId: "id" }, /rows\[1\]\.eventId must be a Uint8Array/],
    [{ correlationId: new Uint8Array(17) }, /rows\[1\]\.correlationId/],
    [{ causationId: new Uint8Array(3) }, /rows\[1\]\.causationId/],
    [{ previousHash: new Uint8Array(31) }, /rows\[1\]\.previousHash must have 32 bytes/],
    [{ eventHash: new Uint8Array(33) }, /rows\[1\]\.eventHash/],
    [{ kind: 0x1_0000 }, /rows\[1\]\.kind/],
    [{ kind: 6 }, /rows\[1\]\.kind is that of a batch marker/],
    [{ kind: 7 }, /rows\[1\]\.kind is that of a batch marker/],
    [{ clock: -1 }, /rows\[1\]\.clock/],
    [{ lane: 2 ** 32 }, /rows\[1\]\.lane/],
    [{ depth: 0.5 }, /rows\[1\]\.depth/],
    [{ wallMs: 2n ** 64n }, /rows\[1\]\.wallMs/],
    [{ wallMs: 5 }, /rows\[1\]\.wallMs/],
    [{ globalSequence: -1n }, /rows\[1\]\.globalSequence/],
    [{ frameOffset: 522 }, /rows\[1\]\.frameOffset/],
    [{ frameOffset: 2 ** 53 }, /rows\[1\]\.frameOffset/],
    [{ frameLength: 8 }, /rows\[1\]\.frameLength/],
    [{ frameLength: 523 }, /rows\[1\]\.frameLength/],
    [{ entity: "../up" }, /may be named/],
    [{ scope: "" }, /may be named/],
  ];
  for (const [change, message] of refused) {
    // A row as plain JavaScript may hand it over.
    const row = { ...second, ...change } as Sdx3Row;
    expect(() => encodeSdx3([first, row], framesEnd)).toThrow(message);
    expect(() => encodeSdx2([first, row], framesEnd)).toThrow(message);
  }
  const longest = { ...first, frameLength: 8 + 2 ** 28 };
  expect(encodeSdx3([longest], 2 ** 30).length).toBeGreaterThan(162);
  expect(() => encodeSdx3([{ ...longest, frameLength: 9 + 2 ** 28 }], 2 ** 30)).toThrow(/rows\[0\]\.frameLength/);
  for (const end of [7, -1, 0.5, 2 ** 53]) expect(() => encodeSdx3([], end)).toThrow(/framesEnd/);
});

test("wrong arguments are named", () => {
  expect(() => readSdx3(sound, { maxFooterByte: 5 } as object)).toThrow(/readSdx3: unknown option "maxFooterByte"/);
  expect(() => readSdx3Segment(sound, { newst: true } as object)).toThrow(/readSdx3Segment: unknown option "newst"/);
  for (const bound of [15, -1, 0.5]) expect(() => readSdx3(sound, { maxFooterBytes: bound })).toThrow(/maxFooterBytes/);
  expect(() => readSdx3({ sizeBytes: -1, readAt: () => 0 })).toThrow(/sizeBytes/);
});

test("a source that gives less than it promised is an error of its own", () => {
  expect(() => readSdx3({ sizeBytes: 100, readAt: () => 3 })).toThrow(
    expect.objectContaining({ code: "CODEC_SHORT_SOURCE" }),
  );
});

test("what is handed out owns its memory", () => {
  const file = sound.slice();
  const outcome = readSdx3(file);
  file.fill(0);
  if (outcome.kind !== "sdx3") throw new Error(outcome.kind);
  expect([...outcome.rows]).toEqual(rows);
  outcome.rows.at(0).eventHash.fill(0xff);
  outcome.rows.at(0).eventId.fill(0xff);
  expect(outcome.rows.at(0)).toEqual(rows[0]);
});

test("more names than two for each row are refused at their head, before they take memory", () => {
  const outcome = remade("92a165a173", "95a165a173a174a175a176");
  if (outcome.kind !== "unusable") throw new Error("a footer with names that no row needs is no use");
  expect(outcome.error.context).toEqual({ field: "names", offset: framesEnd }); // not counted against the rows, which comes later
  const four = remade("92a165a173", "94a165a173a174a175");
  expect(four).toMatchObject({ error: { context: { expected: 2, actual: 4 } } });
});
