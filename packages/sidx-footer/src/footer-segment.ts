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
import { readSdx3, type Sdx3Outcome } from "./sdx3-reader.js";
import type { SidxError } from "./sidx-error.js";

/** An event of a segment that its readers may see. Its frame is checked; the footer adds its number or nothing. */
export interface SegmentEvent {
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

export interface Sdx3Segment {
  readonly header: FbatHeader & { readonly framesStart: number };
  /** Every sound frame up to the end, batch markers and what never committed included. */
  readonly frames: readonly FbatFrame[];
  /** The events that count, in file order. On an end that is neither clean nor torn they are for salvage only. */
  readonly events: readonly SegmentEvent[];
  readonly end: SegmentEnd;
  readonly footer: FooterReport;
}

export interface Sdx3SegmentOptions {
  /** The newest segment of its directory may end in a torn tail; an older one may not. Default false. */
  readonly newest?: boolean;
}

/**
 * Reads a whole batpak segment, frames and footer. Frames are the truth: all of them are checked whatever the footer says, and
 * where the two disagree the footer is dropped and `footer.error` says why. Without a footer that its checksum or its frames
 * vouch for, the rules of {@link scanFbatSegment} for the tail apply.
 *
 * @param bytes - the segment, borrowed until the call returns; what is handed out owns its memory.
 * @throws `CodecError` when the segment's header is none; about anything else there is an outcome.
 */
export function readSdx3Segment(bytes: Uint8Array, options: Sdx3SegmentOptions = {}): Sdx3Segment {
  checkKeys(options, ["newest"], "readSdx3Segment");
  const { newest = false } = options;
  const found = readSdx3(bytes, { maxFooterBytes: Number.MAX_SAFE_INTEGER }); // the bytes are in memory already
  switch (found.kind) {
    case "absent":
      return framesOnly(scanFbatSegment(bytes, { newest }), { kind: "absent" });
    case "unusable":
      return found.checksumHolds ? readFooted(bytes, newest, found) : readUnvouched(bytes, newest, found);
    case "unsupported":
      return readUnsupported(bytes, found);
    case "sdx3":
    case "sdx2":
      return readFooted(bytes, newest, found);
  }
}

/** Frames that reach the very end leave no room for a footer: the last of them only ends in bytes that look like one. */
function endsInFrames({ end }: FbatScan, bytes: Uint8Array): boolean {
  return end.kind === "clean" && end.endOffset === bytes.length;
}

function framesOnly(scan: FbatScan, footer: FooterReport): Sdx3Segment {
  const committed = scan.frames.filter(({ role, committed }) => role === "event" && committed);
  return { ...scan, events: committed.map((frame) => ({ frame, globalSequence: undefined })), footer };
}

type Unusable = Extract<Sdx3Outcome, { readonly kind: "unusable" }>;

/** What a later version keeps behind its frames nobody here knows, so nothing of it is called torn, damaged or absent. */
function readUnsupported(
  bytes: Uint8Array,
  found: Extract<Sdx3Outcome, { readonly kind: "unsupported" }>,
): Sdx3Segment {
  const scan = scanFbatSegment(bytes);
  if (endsInFrames(scan, bytes)) return framesOnly(scan, { kind: "absent" });
  const { version, error } = found;
  const read = framesOnly(scan, { kind: "unsupported", version, error });
  return { ...read, end: { kind: "unsupported", endOffset: scan.end.endOffset, version } };
}

/** Without a checksum that holds, the claim of a footer is evidence for the verdict on the tail, and nothing else. */
function readUnvouched(
  bytes: Uint8Array,
  newest: boolean,
  { format, error, claimedFramesEnd = bytes.length }: Pick<Unusable, "format" | "error" | "claimedFramesEnd">,
): Sdx3Segment {
  const scan = scanFbatSegment(bytes, { newest, footer: { offset: claimedFramesEnd, trusted: false } });
  return framesOnly(scan, endsInFrames(scan, bytes) ? { kind: "absent" } : { kind: "dropped", format, error });
}

function readFooted(bytes: Uint8Array, newest: boolean, found: ReadFooter | Unusable): Sdx3Segment {
  const format = found.kind === "unusable" ? found.format : found.kind === "sdx3" ? "SDX3" : "SDX2";
  const claimedFramesEnd = (found.kind === "unusable" ? found.claimedFramesEnd : found.framesEnd) ?? bytes.length;
  // The frames have to reach exactly to the footer. That is what the checksum of an SDX3 footer vouches for, even where its rows
  // are wrong; of an SDX2 footer it is a guess until its rows are confirmed.
  const scan = scanFbatSegment(bytes, { newest, footer: { offset: claimedFramesEnd, trusted: true } });
  const confirmation = found.kind === "unusable" ? found : confirmFooter(found, scan);
  if (confirmation.kind === "confirmed") {
    const { events, sequencesAscend } = confirmation;
    return { ...scan, events, footer: { kind: "confirmed", format, sequencesAscend } };
  }
  const { error } = confirmation;
  if (format === "SDX2") return readUnvouched(bytes, newest, { format, error, claimedFramesEnd });
  return framesOnly(scan, { kind: "dropped", format, error });
}
