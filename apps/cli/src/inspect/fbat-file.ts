import { CodecError, readExactly, type ByteSource } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { decodeFbatHeader, type FbatEvent, type FbatHeader, type FbatTornReason } from "@holdfast/segment-codec/fbat";
import { FbatBatches } from "./fbat-batches.js";
import { FbatFrameReader, findFrame } from "./fbat-frame-reader.js";
import { frameLine } from "./fbat-lines.js";
import { fbatNumber, isNewestFbat } from "./fbat-name.js";
import type { FileFormat, InspectedFile } from "./file-format.js";
import { damage, type Damage, type Line } from "./line.js";

/**
 * Segments of batpak: docs/formats/fbat.md. A reader of the format refuses a segment at its first damage; an inspection goes on
 * behind it, so that all of it is seen at once.
 */

const preambleBytes = 8;
const maxHeaderBytes = 65_536;

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

  *lines(file) {
    const { source } = file;
    const header = readHeader(source);
    if ("framesStart" in header) {
      yield* headerLines(file, header);
      yield* frameLines(file, header.framesStart);
      return;
    }
    const first = findFrame(source, 0, source.sizeBytes);
    const endOffset = first === -1 ? source.sizeBytes : first;
    yield damage("corrupt", { offset: 0, endOffset }, header.code, header.message);
    if (first !== -1) yield* frameLines(file, first);
  },
};

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
  const fields = { format: "FBAT", version: 1, segment: segmentId, createdNs };
  yield { kind: "segment-header", offset: 0, length: framesStart, fields };
}

function* frameLines(file: InspectedFile, start: number): Generator<Line> {
  const { source } = file;
  const limit = source.sizeBytes;
  const frames = new FbatFrameReader(source);
  const ahead = new FbatFrameReader(source);
  const batches = new FbatBatches((offset) => ahead.read(offset, limit));
  let searches = 0;
  for (let at = start; at < limit;) {
    const read = frames.read(at, limit);
    if (read.kind === "stop") {
      batches.drop();
      const next = searches++ < maxSearches ? findFrame(source, at + 1, limit) : -1;
      if (next === -1) {
        yield tail(file, at, read.reason, searches > maxSearches);
        return;
      }
      const reason = `no frame (${read.reason}), and a sound one follows at ${next}`;
      yield damage("corrupt", { offset: at, endOffset: next }, "CODEC_MID_STREAM_CORRUPTION", reason);
      at = next;
      continue;
    }
    const { endOffset } = read;
    if (read.kind === "malformed") {
      batches.drop();
      yield damage("corrupt", { offset: at, endOffset }, read.code, read.reason);
    } else {
      const { event } = read;
      const committed = batches.take(event, endOffset);
      if (!isContentSound(event)) yield contentDamage(at, endOffset);
      yield frameLine(at, endOffset - at, event, committed);
    }
    at = endOffset;
  }
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

/** What lies behind the last sound frame. */
function tail(file: InspectedFile, offset: number, stop: FbatTornReason, unsearched: boolean): Damage {
  const range = { offset, endOffset: file.source.sizeBytes };
  if (unsearched) {
    const reason = `no frame (${stop}); after ${maxSearches} damaged places, what follows is not looked through`;
    return damage("corrupt", range, "CODEC_MID_STREAM_CORRUPTION", reason);
  }
  const newest = isNewestFbat(file.name, file.folder);
  const where = newest ? "the end of the newest segment" : "the end, and the segment is not the newest";
  return damage(newest ? "torn" : "corrupt", range, codeOf(stop), `no frame (${stop}) from here to ${where}`);
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
