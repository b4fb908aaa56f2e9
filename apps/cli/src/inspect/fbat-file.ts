import { CodecError, readExactly, type ByteSource } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import {
  decodeFbatHeader,
  fbatKinds,
  findFbatFrame,
  type FbatEvent,
  type FbatFrame,
  type FbatHeader,
  type FbatTornReason,
} from "@holdfast/segment-codec/fbat";
import { FbatBatches } from "./fbat-batches.js";
import { FbatFooter } from "./fbat-footer.js";
import { FbatFrameReader } from "./fbat-frame-reader.js";
import { frameLine } from "./fbat-lines.js";
import { fbatNumber, fbatRival, isNewestFbat } from "./fbat-name.js";
import { FbatOrder } from "./fbat-order.js";
import type { FileFormat, InspectedFile } from "./file-format.js";
import { damage, type Damage, type DamageVerdict, type Line } from "./line.js";
import { holdsOnlyZeros } from "./zeros.js";

/**
 * Segments of batpak: docs/formats/fbat.md. A reader of the format refuses a segment at its first damage; an inspection goes on
 * behind it, so that all of it is seen at once.
 */

const preambleBytes = 8;
const maxHeaderBytes = 65_536;

/** What is shorter has no room for a header, which takes 40 bytes, and a batch marker, whose keys alone take 200. */
const maxHeadBytes = 200;

/** The search for what follows a damaged place is linear, and made so often at most: a file cannot make it quadratic. */
const maxSearches = 16;

export const fbatFormat: FileFormat = {
  recognise(head, name) {
    // By its name; or by two of the three things that a segment begins with: the magic, a small length, the first key of the
    // header. Other files of the same program begin with four letters more.
    if (name.endsWith(".fbat")) return true;
    const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1");
    const magic = text.startsWith("FBAT");
    const small = text.startsWith("\u0000\u0000", 4);
    const keyed = text.startsWith("\u0084\u00a7version", preambleBytes);
    if (text.length < preambleBytes) return text !== "" && "FBAT\u0000\u0000".startsWith(text.slice(0, 6));
    return Number(magic) + Number(small) + Number(keyed) > 1;
  },

  isHeader(head) {
    try {
      decodeFbatHeader(head);
      return true;
    } catch (error) {
      if (error instanceof CodecError) return false;
      throw error;
    }
  },

  *lines(file) {
    const { source } = file;
    const header = readHeader(source);
    const footer = new FbatFooter(source);
    if ("framesStart" in header) {
      yield* headerLines(file, header);
      yield* frameLines(file, footer, header.framesStart);
      return;
    }
    const first = findFbatFrame(source, 0, footer.limit);
    const endOffset = first === -1 ? footer.limit : first;
    yield damage(verdictOnHeader(file, header), { offset: 0, endOffset }, header.code, header.message);
    footer.passDamage(0, endOffset);
    yield* frameLines(file, footer, endOffset, endOffset > maxHeadBytes);
  },
};

/** A new segment that a crash has cut short is empty, ends inside its header, or is space that was set aside; nothing else is. */
function verdictOnHeader({ name, folder, source }: InspectedFile, { code }: CodecError): DamageVerdict {
  if (code === "CODEC_UNSUPPORTED_VERSION") return "unreadable"; // under no checksum: a later version, or damage
  const cut = code === "CODEC_TRUNCATED" || holdsOnlyZeros(source);
  return cut && isNewestFbat(name, folder) ? "torn" : "corrupt";
}

const probedBytes = 0x10_0000;

/**
 * True when a file begins in zeros, as a sector that was lost does, and an event of batpak lies in its first MiB. The beginnings
 * of other files are not searched: an archive may hold whole segments and is none.
 */
export function isFbatBehindZeros(source: ByteSource, head: Uint8Array): boolean {
  if (head.some((byte) => byte !== 0)) return false;
  const limit = Math.min(source.sizeBytes, probedBytes);
  const found = findFbatFrame(source, 0, limit);
  return found !== -1 && new FbatFrameReader(source).read(found, limit).kind === "event";
}

function readHeader(source: ByteSource): (FbatHeader & { readonly framesStart: number }) | CodecError {
  const head = new Uint8Array(Math.min(source.sizeBytes, preambleBytes + maxHeaderBytes));
  readExactly(source, head, 0);
  try {
    return decodeFbatHeader(head);
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
}

function* headerLines(file: InspectedFile, header: FbatHeader & { readonly framesStart: number }): Generator<Line> {
  const { createdNs, segmentId, framesStart } = header;
  const number = fbatNumber(file.name);
  if (number !== undefined && number !== segmentId) {
    const reason = `the header is that of segment ${segmentId}, the file's name says ${number}`;
    yield damage("corrupt", { offset: 0, endOffset: framesStart }, "INSPECT_MISNAMED", reason);
  }
  const rival = fbatRival(file.name, file.folder);
  if (rival !== undefined) {
    const reason = `"${rival}" beside it has the number of the same segment`;
    yield damage("corrupt", { offset: 0, endOffset: framesStart }, "INSPECT_AMBIGUOUS", reason);
  }
  const fields = { format: "FBAT", version: 1, segment: segmentId, createdNs };
  yield { kind: "segment-header", offset: 0, length: framesStart, fields };
}

/** @param lost - there may have been frames before the first. */
function* frameLines(file: InspectedFile, footer: FbatFooter, start: number, lost = false): Generator<Line> {
  const { source } = file;
  const { limit } = footer;
  if (limit < start) {
    const reason = `the footer says that frames end at ${limit}, before the first can begin`;
    yield damage("corrupt", { offset: start, endOffset: source.sizeBytes }, "CODEC_LENGTH_OUT_OF_RANGE", reason);
    return;
  }
  const frames = new FbatFrameReader(source);
  const ahead = new FbatFrameReader(source);
  const batches = new FbatBatches((offset) => ahead.read(offset, limit));
  const order = new FbatOrder();
  if (lost) batches.passDamage();
  let searches = 0;
  let at = start;
  while (at < limit) {
    const read = frames.read(at, limit);
    if (read.kind === "stop") {
      batches.passDamage();
      const next = searches++ < maxSearches ? findFbatFrame(source, at + 1, limit) : -1;
      if (next === -1) {
        yield* tailLines(file, footer, at, explain(read.reason, searches > maxSearches));
        return;
      }
      const reason = `no frame (${read.reason}), and a sound one follows at ${next}`;
      yield damage("corrupt", { offset: at, endOffset: next }, "CODEC_MID_STREAM_CORRUPTION", reason);
      footer.passDamage(at, next);
      at = next;
      continue;
    }
    const { endOffset } = read;
    if (read.kind === "malformed") {
      batches.passDamage();
      footer.passDamage(at, endOffset);
      yield damage("corrupt", { offset: at, endOffset }, read.code, read.reason);
    } else {
      const { event } = read;
      const committed = batches.take(event, endOffset);
      const frame = { offset: at, length: endOffset - at, event, role: roleOf(event), committed };
      const counts = footer.take(frame);
      if (!isContentSound(event)) yield contentDamage(at, endOffset);
      const disorder = counts && frame.role === "event" ? order.take(event) : undefined;
      if (disorder !== undefined) yield damage("corrupt", { offset: at, endOffset }, disorder.code, disorder.reason);
      yield frameLine(at, endOffset - at, event, counts);
    }
    at = endOffset;
  }
  if (footer.vouched) yield* footer.lines(limit, "corrupt");
}

function roleOf({ kind }: FbatEvent): FbatFrame["role"] {
  if (kind === fbatKinds.batchBegin) return "batch-begin";
  return kind === fbatKinds.batchCommit ? "batch-commit" : "event";
}

/** Every file of the reference carries the hash of each content twice; a checksum made good again does not make them good. */
function isContentSound({ chain, content, contentHash }: FbatEvent): boolean {
  if (chain === undefined) return true; // a batch marker
  const hash = Buffer.from(blake3.hash(content));
  return hash.equals(contentHash) && hash.equals(chain.eventHash);
}

function contentDamage(offset: number, endOffset: number): Damage {
  const reason = "the payload does not have the hash that the event states";
  return damage("corrupt", { offset, endOffset }, "INSPECT_HASH_MISMATCH", reason);
}

/** Why a walk ended before it should. */
interface Stop {
  readonly code: string;
  readonly reason: string;
  /** False when nobody knows whether sound frames follow. */
  readonly searched: boolean;
}

/** What lies behind the last sound frame, footer included. */
function* tailLines(file: InspectedFile, footer: FbatFooter, offset: number, stop: Stop): Generator<Line> {
  const { limit, vouched, present } = footer;
  const newest = isNewestFbat(file.name, file.folder);
  if (present && !vouched && stop.searched) {
    // A footer that no checksum vouches for begins where the frames end, or is no use.
    yield* footer.lines(offset, newest ? "torn" : "corrupt");
    return;
  }
  const torn = newest && !vouched && stop.searched;
  const why = vouched
    ? "the footer"
    : newest
      ? "the end of the newest segment"
      : "the end, and a newer segment follows";
  const range = { offset, endOffset: limit };
  yield damage(torn ? "torn" : "corrupt", range, stop.code, `${stop.reason} from here to ${why}`);
  footer.passDamage(offset, limit);
  if (vouched) yield* footer.lines(limit, "corrupt");
}

function explain(stop: FbatTornReason, unsearched: boolean): Stop {
  if (!unsearched) return { code: codeOf(stop), reason: `no frame (${stop})`, searched: true };
  const reason = `no frame (${stop}); after ${maxSearches} damaged places, nothing more is looked for`;
  return { code: "CODEC_MID_STREAM_CORRUPTION", reason, searched: false };
}

function codeOf(stop: FbatTornReason): string {
  switch (stop) {
    case "short-header":
    case "short-payload":
      return "CODEC_TRUNCATED";
    case "too-long":
      return "CODEC_LENGTH_OUT_OF_RANGE";
    case "bad-checksum":
      return "CODEC_CHECKSUM_MISMATCH";
    case "empty-frame":
      return "CODEC_MALFORMED_ENVELOPE";
  }
}
