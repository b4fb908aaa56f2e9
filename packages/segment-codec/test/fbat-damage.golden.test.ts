// Damaged variants of one segment with what the reference made of them, alone (the newest) and before another segment.
import { createHash, createPrivateKey, createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { blake3 } from "../src/blake3.js";
import { CodecError } from "../src/index.js";
import {
  decodeFbatFrame,
  decodeFbatHeader,
  encodeFbatFrame,
  encodeFbatHeader,
  fbatEncryptionCover,
  fbatReceiptCover,
  decodeFbatEvent,
  scanFbatSegment,
  verifyFbatChain,
  type FbatScan,
} from "../src/fbat-entry.js";
import { fromHex, goldenBytes, hex, manifest, type GoldenMutant, type GoldenResult } from "./support/batpak.js";

const { base, mutants, layout } = manifest.corrupt.a;
const original = goldenBytes(base);

function mutate({ edits }: GoldenMutant): Uint8Array {
  const bytes = [...original];
  const fromTheEnd = [...edits].sort((one, other) => other.at - one.at);
  for (const { at, del, ins } of fromTheEnd) bytes.splice(at, del, ...fromHex(ins));
  return Uint8Array.from(bytes);
}

/** The footer as a reader of footers would report it: its offset, and whether its checksum holds. */
function footerOf(
  bytes: Uint8Array,
  trusted: boolean,
): { readonly offset: number; readonly trusted: boolean } | undefined {
  const magic = Buffer.from(bytes.subarray(-4)).toString("latin1");
  if (bytes.length < 16 || (magic !== "SDX3" && magic !== "SDX2")) return undefined;
  const offset = new DataView(bytes.buffer).getBigUint64(bytes.length - 16, true);
  return { offset: Math.min(Number(offset), Number.MAX_SAFE_INTEGER), trusted };
}

type Outcome = { readonly verdict: "clean" | "torn" | "refused"; readonly rows: number; readonly scan?: FbatScan };

function judge(mutant: GoldenMutant, newest: boolean): Outcome {
  const bytes = mutate(mutant);
  const footer = footerOf(bytes, mutant.sidx[0]);
  try {
    const scan = scanFbatSegment(bytes, { newest, ...(footer === undefined ? {} : { footer }) });
    const rows = scan.frames.filter(({ role, committed }) => role === "event" && committed).length;
    return { verdict: scan.end.kind === "corrupt" ? "refused" : scan.end.kind, rows, scan };
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return { verdict: "refused", rows: 0 };
  }
}

function resultOf({ result }: GoldenMutant, newest: boolean): GoldenResult {
  const found = newest ? result.alone : result.before_footerless;
  if (typeof found === "string") throw new Error(`no result: ${found}`);
  return found;
}

// Footers damaged or rewritten so that no checksum vouches for where the frames end.
const footerUntrusted = /^a:(ft-(crc|entry-\w+|table|S-.*|magic-SDX2)|add-second-footer)$/;
// Damage that the reference does not look at as long as a footer stands behind it.
const hiddenByFooter = /^a:(len|crc|payload)-(first|mid|last)/;
const headerHidden = /^a:hdr-(?!id-mismatch)/;
const cutInHeader = /^a:(cut-last\+7|cut-S\+7|add-nofooter-7-zero)$/;
const notCanonical = /^a:frm-(trailing-byte|unknown-key)$/;
// Whole frames with a bad checksum, or zeros, at the very end of the newest segment: legal after a crash, and later versions
// of the reference recover them too.
const laterLaw = /^a:(nofooter-(crc|payload)-last|ft-crc-and-last-payload|add-nofooter-(8|4096)-zero)$/;

test("the variants are those that were recorded", () => {
  expect(mutants).toHaveLength(106);
  for (const mutant of mutants) expect(createHash("sha256").update(mutate(mutant)).digest("hex")).toBe(mutant.sha256);
});

describe.each([true, false])("newest %s", (newest) => {
  test.each(mutants.map((mutant) => [mutant.id, mutant] as const))("%s", (id, mutant) => {
    const { verdict, rows, scan } = judge(mutant, newest);
    const { rows: listed } = resultOf(mutant, newest);
    const theirs = listed?.filter(([, index]) => index < 6).length;
    if (theirs === undefined && verdict !== "refused") {
      expect(newest && verdict === "torn" && laterLaw.test(id)).toBe(true);
    } else if (theirs !== undefined && verdict !== "refused") {
      expect(rows).toBeGreaterThanOrEqual(theirs); // never fewer in silence
    } else if (theirs !== undefined) {
      const stricter = headerHidden.test(id) || hiddenByFooter.test(id) || notCanonical.test(id);
      const sealed = footerUntrusted.test(id) || cutInHeader.test(id);
      const silentStop = /^a:nofooter-len-(first|mid)-max$/.test(id);
      expect(stricter || (newest ? silentStop : sealed)).toBe(true);
    }
    // Whatever is handed out is a frame of the bytes, whole.
    for (const { offset, length } of scan?.frames ?? []) {
      expect(decodeFbatFrame(mutate(mutant), offset)).toMatchObject({ kind: "frame", endOffset: offset + length });
    }
  });
});

test.each([
  ["a:nofooter-crc-mid", "CODEC_MID_STREAM_CORRUPTION"],
  ["a:nofooter-len-first-max", "CODEC_MID_STREAM_CORRUPTION"],
  ["a:crc-last", "CODEC_CHECKSUM_MISMATCH"],
  ["a:len-last-plus1", "CODEC_TRUNCATED"],
  ["a:len-last-max", "CODEC_LENGTH_OUT_OF_RANGE"],
  ["a:frm-begin-count-0", "CODEC_MALFORMED_BATCH"],
  ["a:frm-nil-chain", "CODEC_MALFORMED_ENVELOPE"],
  ["a:frm-entity-slash", "CODEC_MALFORMED_ENVELOPE"],
])("%s is %s", (name, code) => {
  const mutant = mutants.find(({ id }) => id === name);
  if (mutant === undefined) throw new Error("the variant is missing");
  expect(judge(mutant, true).scan?.end).toMatchObject({ kind: "corrupt", code });
});

test.each([
  ["a:frm-begin-count-3", 4],
  ["a:seq-no-commit", 3],
  ["a:seq-no-begin", 6],
  ["a:seq-begin-twice", 6],
  ["a:seq-item-missing", 4],
  ["a:seq-batch-at-end", 3],
])("%s leaves %i committed events, as the reference has it", (name, rows) => {
  const mutant = mutants.find(({ id }) => id === name);
  if (mutant === undefined) throw new Error("the variant is missing");
  expect(resultOf(mutant, true).rows).toHaveLength(rows);
  expect(judge(mutant, true).rows).toBe(rows);
});

test("zeros behind the last frame are no empty frame", () => {
  const mutant = mutants.find(({ id }) => id === "a:add-nofooter-8-zero");
  if (mutant === undefined) throw new Error("the variant is missing");
  expect(judge(mutant, true).scan?.end).toMatchObject({ kind: "torn", reason: "empty-frame", tornBytes: 8 });
});

test("a footer that claims more than there is leaves its claim as evidence", () => {
  const mutant = mutants.find(({ id }) => id === "a:ft-crc-and-last-payload");
  if (mutant === undefined) throw new Error("the variant is missing");
  expect(judge(mutant, true).scan?.end).toMatchObject({ kind: "torn", claimedOffset: layout.string_table_offset });
});

test("hashes see what checksums that were made good again do not", () => {
  const findings = (name: string) => {
    const mutant = mutants.find(({ id }) => id === `a:${name}`);
    if (mutant === undefined) throw new Error("the variant is missing");
    const events = judge(mutant, true).scan?.frames.map(({ event }) => event) ?? [];
    return verifyFbatChain(events, blake3).map(({ kind, index }) => `${kind} ${index}`);
  };
  expect(findings("cut-S")).toEqual([]);
  expect(findings("frm-event-hash")).toEqual(["content-mismatch 7"]);
  expect(findings("frm-prev-hash")).toEqual(["broken-link 7"]);
  expect(findings("frm-payload-rehashed-crc")).toEqual(["content-mismatch 7"]);
});

describe("chains, covers and pure functions", () => {
  test("every store's content hashes to what its frames say, and streams are whole where nothing was taken out", () => {
    for (const { id, segments } of manifest.cases) {
      const events = segments.flatMap(({ file }) =>
        scanFbatSegment(goldenBytes(`${id}/${file}`), { newest: true }).frames.filter((frame) => frame.committed),
      );
      const found = verifyFbatChain(
        events.map(({ event }) => event),
        blake3,
      );
      // Retention takes predecessors out, and a failed batch's items precede what went on without them.
      if (/^compact-|^batch-fail/.test(id)) expect(found.every(({ kind }) => kind !== "content-mismatch")).toBe(true);
      else expect({ id, found }).toEqual({ id, found: [] });
    }
  });

  test("signed receipts: the signature of each is over its cover", () => {
    const golden = manifest.cases.find(({ id }) => id === "receipts-signed");
    const frames = scanFbatSegment(goldenBytes("receipts-signed/000001.fbat"), { newest: true }).frames;
    const keys = new Map(
      ["11", "22"].map((byte) => {
        const seed = byte.repeat(32); // recorded as writer.signing_seeds
        const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex");
        const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
        return [hex(blake3.hash(Uint8Array.from(key.export({ format: "der", type: "spki" }).subarray(-32)))), key];
      }),
    );
    const receipts = golden?.receipts ?? [];
    expect(receipts).toHaveLength(4);
    for (const [eventId, sequence, , offset, keyId, signature] of receipts) {
      const event = frames.find((frame) => frame.offset === offset)?.event;
      const key = keys.get(String(keyId));
      if (event === undefined || key === undefined) throw new Error("no such frame or key");
      expect(hex(event.eventId)).toBe(eventId);
      const cover = fbatReceiptCover(event, BigInt(Number(sequence)), blake3);
      expect(verify(null, cover, key, fromHex(String(signature)))).toBe(true);
    }
  });

  // Worked out by hand from the reference's rules: spec §3.9.4, §4 and §8.3.
  const v1 =
    "84a56576656e7483a66865616465728aa86576656e745f6964c41000112233445566778899aabbccddeeffae636f7272656c6174696f6e5f6964c41000112233445566778899aabbccddeeffac636175736174696f6e5f6964c0ac74696d657374616d705f7573cf00060a2418202240a8706f736974696f6e85a777616c6c5f6d73cf0000018bcfe5687ba7636f756e74657200a5646570746800a46c616e6500a873657175656e636500ac7061796c6f61645f73697a6504aa6576656e745f6b696e64cdf001a5666c61677300ac636f6e74656e745f68617368dc00207bcce2ccf6ccba1acc9eccbb6454ccbacce81c36ccb2ccf3416e4fccfe75cc827066ccecccc0cc856478cca8ccc75a7faf7061796c6f61645f76657273696f6e00a77061796c6f616494cc81cca16e01aa686173685f636861696e82a9707265765f68617368dc00200000000000000000000000000000000000000000000000000000000000000000aa6576656e745f68617368dc00207bcce2ccf6ccba1acc9eccbb6454ccbacce81c36ccb2ccf3416e4fccfe75cc827066ccecccc0cc856478cca8ccc75a7fa6656e74697479a165a573636f7065a173b2726563656970745f657874656e73696f6e7380";

  test("the covers of the first vector", () => {
    const event = decodeFbatEvent(fromHex(v1));
    expect(hex(encodeFbatFrame(fromHex(v1)).subarray(0, 8))).toBe("000001ca1f97ccc7");
    expect(hex(fbatReceiptCover(event, 0n, blake3))).toBe(
      "a594e4be052ccb490150869c09e0e33f18f3a4616ed904fb508ec9eb855d03ff",
    );
    expect(hex(fbatEncryptionCover(event))).toBe("010100000065010000007301f000112233445566778899aabbccddeeff");
  });

  test("segment headers of the vectors", () => {
    const h1 =
      "464241540000003184a776657273696f6e01a5666c61677300aa637265617465645f6e73cf17979cfe362a0000aa7365676d656e745f696401";
    const h2 = "464241540000002b84a776657273696f6e01a5666c61677300aa637265617465645f6e73ffaa7365676d656e745f6964cd012c";
    expect(hex(encodeFbatHeader({ createdNs: 1_700_000_000_000_000_000n, segmentId: 1n }))).toBe(h1);
    expect(hex(encodeFbatHeader({ createdNs: -1n, segmentId: 300n }))).toBe(h2);
    for (const createdNs of [
      -(2n ** 63n),
      -(2n ** 31n) - 1n,
      -(2n ** 31n),
      -129n,
      -128n,
      -33n,
      -32n,
      0n,
      127n,
      128n,
      2n ** 32n,
      2n ** 63n - 1n,
    ]) {
      const header = { createdNs, segmentId: 2n ** 64n - 1n };
      expect(decodeFbatHeader(encodeFbatHeader(header))).toMatchObject(header);
    }
    expect(() => encodeFbatHeader({ createdNs: 2n ** 63n, segmentId: 1n })).toThrow("createdNs");
    expect(() => encodeFbatHeader({ createdNs: 0n, segmentId: -1n })).toThrow("segmentId");
  });

  test.each(manifest.frame_decode)("frame %s", (text, { consumed, payload, debug }) => {
    const outcome = decodeFbatFrame(fromHex(text));
    if (consumed !== undefined) expect(outcome).toEqual({ kind: "frame", payloadStart: 8, endOffset: consumed });
    else expect(outcome.kind).toBe(kindOf(debug ?? "", text));
    if (consumed !== undefined) expect(text.slice(16, 2 * consumed)).toBe(payload);
  });

  test.each(manifest.segment_header_decode)("header map %s", (text, { ok }) => {
    const map = fromHex(text);
    const file = Uint8Array.from([0x46, 0x42, 0x41, 0x54, 0, 0, 0, map.length, ...map]);
    const read = (): unknown => decodeFbatHeader(file);
    // Of what the reference reads, only what it writes is read here.
    const canonical = ok === true && text.startsWith("84a776657273696f6e01") && map.length < 50;
    if (canonical) expect(read()).toMatchObject({ framesStart: file.length });
    else expect(read).toThrow(expect.objectContaining({ name: "CodecError" }));
  });
});

function kindOf(debug: string, text: string): string {
  if (debug === "TooShort") return "short-header";
  if (debug.startsWith("CrcMismatch")) return "bad-checksum";
  return Number.parseInt(text.slice(0, 8), 16) > 0x1000_0000 ? "too-long" : "short-payload"; // bounded first here
}
