import {
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameBytes,
  sourceOf,
  type SegmentIdentity,
} from "@holdfast/segment-codec";
import type { Folder } from "../src/inspect/file-format.js";
import { fileLines } from "../src/inspect/file-lines.js";
import { hexOf } from "../src/inspect/line-json.js";
import type { Line } from "../src/inspect/line.js";
import { regionsOf, type Region } from "../src/inspect/regions.js";

// Segments of format 2 in memory, and what an inspection says of them.

export const identity: SegmentIdentity = {
  logId: Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at),
  segmentId: 7,
  nonce: 0x1234_5678,
  epoch: 3,
  content: 1,
  baseLsn: 1001,
  durableLsn: 1000,
  previousChain: 0xdead_beef,
  hash: "none",
};

export interface SmallSegment {
  readonly bytes: Uint8Array;
  /** Where each frame begins, and where the last one ends. */
  readonly boundaries: readonly number[];
  readonly chain: number;
  readonly nextLsn: number;
}

interface SegmentSettings {
  readonly synced?: boolean;
  readonly kind?: number;
  readonly span?: number;
}

/** One record a payload; each frame states those before it as durable when `synced`. */
export function smallSegment(
  payloads: readonly Uint8Array[],
  { synced = false, kind = 1, span = 1, ...changes }: Partial<SegmentIdentity> & SegmentSettings = {},
): SmallSegment {
  const size = payloads.reduce((sum, payload) => sum + frameBytes(payload.length), SEGMENT_HEADER_BYTES);
  const bytes = new Uint8Array(size);
  const encoder = new FrameEncoder(encodeSegmentHeader({ ...identity, ...changes }, bytes));
  const boundaries = [SEGMENT_HEADER_BYTES];
  for (const payload of payloads) {
    if (synced) encoder.durableLsn = encoder.nextLsn - 1;
    boundaries.push(encoder.append(bytes, boundaries.at(-1) ?? 0, payload, { kind, flags: 5, span }));
  }
  return { bytes, boundaries, chain: encoder.chain, nextLsn: encoder.nextLsn };
}

export const alone: Folder = { name: "", siblings: [] };

/** A directory in memory. */
export function folderOf(files: Readonly<Record<string, Uint8Array>>, name = ""): Folder {
  const siblings = Object.entries(files).map(([file, bytes]) => ({
    name: file,
    head: () => bytes.subarray(0, 160),
    open: () => ({ ...sourceOf(bytes), close: () => {} }),
  }));
  return { name, siblings };
}

/** The lines about bytes in memory; payloads are copied, because they are lent only. */
export function linesOf(bytes: Uint8Array, name = "segment", folder: Folder = alone): Line[] {
  return [...copies(fileLines(name, sourceOf(bytes), folder))];
}

function* copies(lines: Iterable<Line>): Generator<Line> {
  for (const line of lines) {
    const { payload } = line.fields;
    yield payload instanceof Uint8Array ? { ...line, fields: { ...line.fields, payload: payload.slice() } } : line;
  }
}

export function regionsOfBytes(bytes: Uint8Array, name = "segment", folder: Folder = alone): Region[] {
  return [...regionsOf(fileLines(name, sourceOf(bytes), folder))];
}

/** `kind from..to code`, short enough to compare. */
export function regionTexts(regions: readonly Region[]): string[] {
  return regions.map(({ kind, offset, length, fields }) => {
    return `${kind} ${offset}..${offset + length}${"code" in fields ? ` ${fields.code}` : ""}`;
  });
}

export function payloadTexts(lines: readonly Line[]): string[] {
  return lines.filter(({ kind }) => kind === "frame").map(({ fields }) => hexOf(fields["payload"] as Uint8Array));
}
