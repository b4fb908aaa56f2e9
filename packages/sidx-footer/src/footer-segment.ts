import type { ByteSource } from "@holdfast/segment-codec";
import {
  scanFbatSegment,
  type FbatFrame,
  type FbatHeader,
  type FbatScan,
  type FbatScanEnd,
} from "@holdfast/segment-codec/fbat";
import { confirmFooter, type ReadFooter } from "./footer-confirmation.js";
import { checkKeys } from "./option-check.js";
import type { Sdx3Format } from "./sdx3-layout.js";
import { readSdx3, type Sdx3Outcome, type Sdx3ReadOptions } from "./sdx3-reader.js";
import type { SidxError } from "./sidx-error.js";

/** An event of a segment that its readers may see. Its frame is checked; the footer adds its number or nothing. */
export interface SegmentEvent {
  /** The frame that holds it. */
  readonly frame: FbatFrame;
  /** Number of the event in its store, where a footer says so under a checksum. */
  readonly globalSequence: bigint | undefined;
}

/** What the footer of a segment was good for. */
export type FooterReport =
  | { readonly kind: "absent" }
  /** It lists exactly the events of the frames. */
  | { readonly kind: "confirmed"; readonly format: Sdx3Format; readonly sequencesAscend: boolean }
  /** It was of no use, and the frames were followed without it. */
  | { readonly kind: "dropped"; readonly format: Sdx3Format; readonly error: SidxError }
  | { readonly kind: "unsupported"; readonly version: number; readonly error: SidxError };

/** Why reading a segment stopped: as a scan does, or because what follows the frames is of a later version. */
export type SegmentEnd =
  | FbatScanEnd
  | { readonly kind: "unsupported"; readonly endOffset: number; readonly version: number };

/** A segment of batpak, and what became of its footer. */
export interface Sdx3Segment {
  /** With the place of the first frame. */
  readonly header: FbatHeader & { readonly framesStart: number };
  /** Every sound frame up to the end, batch markers and what never committed included. */
  readonly frames: readonly FbatFrame[];
  /** The events that count, in file order. On an end that is neither clean nor torn they are for salvage only. */
  readonly events: readonly SegmentEvent[];
  /** Why the frames end. */
  readonly end: SegmentEnd;
  /** Whether the footer agrees with the frames. */
  readonly footer: FooterReport;
}

/** What is known of a segment before it is read. */
export interface Sdx3SegmentOptions extends Sdx3ReadOptions {
  /** The newest segment of its directory may end in a torn tail; an older one may not. Default false. */
  readonly newest?: boolean;
}

/**
 * Reads a whole batpak segment, frames and footer. Frames are the truth: all of them are checked whatever the footer says, and
 * where the two disagree the footer is dropped and `footer.error` says why. Without a footer that its checksum or its frames
 * vouch for, the rules of {@link scanFbatSegment} for the tail apply.
 *
 * @param source - the segment, borrowed until the call returns; what is handed out owns its memory: all its events.
 * @throws `CodecError` when the segment's header is none, and `CODEC_SHORT_SOURCE`; {@link SidxError} `SIDX_TOO_LARGE` when the
 * footer is above `maxFooterBytes`; what the source throws. About anything else there is an outcome.
 */
export function readSdx3Segment(source: Segment, options: Sdx3SegmentOptions = {}): Sdx3Segment {
  checkKeys(options, ["newest", "maxFooterBytes"], "readSdx3Segment");
  const { newest = false, ...readOptions } = options;
  const found = readSdx3(source, readOptions);
  switch (found.kind) {
    case "absent":
      return framesOnly(scanFbatSegment(source, { newest }), { kind: "absent" });
    case "unusable":
      return found.checksumHolds ? readFooted(source, newest, found) : readUnvouched(source, newest, found);
    case "unsupported":
      return readUnsupported(source, found);
    case "sdx3":
    case "sdx2":
      return readFooted(source, newest, found);
  }
}

type Segment = ByteSource | Uint8Array;

function sizeOf(source: Segment): number {
  return source instanceof Uint8Array ? source.length : source.sizeBytes;
}

/** Frames that reach the very end leave no room for a footer: the last of them only ends in bytes that look like one. */
function endsInFrames({ end }: FbatScan, source: Segment): boolean {
  return end.kind === "clean" && end.endOffset === sizeOf(source);
}

function framesOnly(scan: FbatScan, footer: FooterReport): Sdx3Segment {
  const committed = scan.frames.filter(({ role, committed }) => role === "event" && committed);
  return { ...scan, events: committed.map((frame) => ({ frame, globalSequence: undefined })), footer };
}

type Unusable = Extract<Sdx3Outcome, { readonly kind: "unusable" }>;

/** What a later version keeps behind its frames nobody here knows, so nothing of it is called torn, damaged or absent. */
function readUnsupported(source: Segment, found: Extract<Sdx3Outcome, { readonly kind: "unsupported" }>): Sdx3Segment {
  const scan = scanFbatSegment(source);
  if (endsInFrames(scan, source)) return framesOnly(scan, { kind: "absent" });
  const { version, error } = found;
  const read = framesOnly(scan, { kind: "unsupported", version, error });
  return { ...read, end: { kind: "unsupported", endOffset: scan.end.endOffset, version } };
}

/** Without a checksum that holds, the claim of a footer is evidence for the verdict on the tail, and nothing else. */
function readUnvouched(
  source: Segment,
  newest: boolean,
  { format, error, claimedFramesEnd = sizeOf(source) }: Pick<Unusable, "format" | "error" | "claimedFramesEnd">,
): Sdx3Segment {
  const scan = scanFbatSegment(source, { newest, footer: { offset: claimedFramesEnd, trusted: false } });
  if (endsInFrames(scan, source)) return framesOnly(scan, { kind: "absent" });
  if (error.code === "SIDX_TOO_LARGE") throw error; // nothing is wrong with the bytes, so no verdict on them may come of it
  return framesOnly(scan, { kind: "dropped", format, error });
}

function readFooted(source: Segment, newest: boolean, found: ReadFooter | Unusable): Sdx3Segment {
  const format = found.kind === "unusable" ? found.format : found.kind === "sdx3" ? "SDX3" : "SDX2";
  const claimedFramesEnd = (found.kind === "unusable" ? found.claimedFramesEnd : found.framesEnd) ?? sizeOf(source);
  // The frames have to reach exactly to the footer. That is what the checksum of an SDX3 footer vouches for, even where its rows
  // are wrong; of an SDX2 footer it is a guess until its rows are confirmed.
  const scan = scanFbatSegment(source, { newest, footer: { offset: claimedFramesEnd, trusted: true } });
  const confirmation = found.kind === "unusable" ? found : confirmFooter(found, scan);
  if (confirmation.kind === "confirmed") {
    const { events, sequencesAscend } = confirmation;
    return { ...scan, events, footer: { kind: "confirmed", format, sequencesAscend } };
  }
  const { error } = confirmation;
  if (format === "SDX2") return readUnvouched(source, newest, { format, error, claimedFramesEnd });
  return framesOnly(scan, { kind: "dropped", format, error });
}
