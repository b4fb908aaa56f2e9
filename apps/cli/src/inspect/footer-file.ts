import type { ByteSource } from "@holdfast/segment-codec";
import { findFbatFrame } from "@holdfast/segment-codec/fbat";
import { readSdx3, type Sdx3Outcome } from "@holdfast/sidx-footer/sdx3";
import { fbatFormat } from "./fbat-file.js";
import { FbatFooter } from "./fbat-footer.js";
import type { InspectedFile } from "./file-format.js";
import { isFbatFooter } from "./footer-magic.js";
import { damage, type Line } from "./line.js";
import { loneFooterLines } from "./segment-footer.js";

/**
 * Files that are known by their end alone: a footer that is kept by itself, and a segment that has lost its beginning. Frames of
 * such a footer are not there, so `sound` is its checksum, and what no checksum covers is a claim.
 */

/** Everything in a file that ends in the magic of a footer. */
export function* footerFileLines(file: InspectedFile, magic: string): Generator<Line, void, undefined> {
  const { source } = file;
  if (!isFbatFooter(magic)) {
    const reason = "the file ends in a footer, and does not begin with the header of a segment";
    yield* loneFooterLines(source, "CODEC_NOT_A_SEGMENT", reason);
    return;
  }
  const whole = readSdx3(source);
  // Places in a footer are those of its segment. What makes no sense here may make sense with the frames put back before it.
  if (whole.kind === "unusable" && !whole.checksumHolds) {
    const bare = whole.claimedFramesEnd === undefined ? undefined : behindFrames(source, whole.claimedFramesEnd);
    const outcome = bare === undefined ? whole : readSdx3(bare.source);
    if (bare !== undefined && (outcome.kind === "sdx3" || outcome.kind === "sdx2")) {
      yield* bareLines(bare, outcome.kind === "sdx3");
      return;
    }
    if (findFbatFrame(source, 0, source.sizeBytes) === -1) {
      yield* uselessLines(source, outcome.kind === "unusable" ? outcome : whole);
      return;
    }
  }
  yield* fbatFormat.lines(file);
}

/** A footer, and the frames that it says it had before it, which nobody reads. */
interface BareFooter {
  readonly source: ByteSource;
  readonly framesEnd: number;
}

/** Undefined when no file can be so long. */
function behindFrames(source: ByteSource, framesEnd: number): BareFooter | undefined {
  const sizeBytes = framesEnd + source.sizeBytes;
  if (!Number.isSafeInteger(sizeBytes)) return undefined;
  const readAt = (target: Uint8Array, offset: number): number => source.readAt(target, offset - framesEnd);
  return { source: { sizeBytes, readAt }, framesEnd };
}

/** The lines about a file that is a footer of batpak from its first byte. */
function bareLines({ source, framesEnd }: BareFooter, covered: boolean): Iterable<Line> {
  const footer = new FbatFooter(source);
  footer.passDamage(0, framesEnd);
  return shifted(footer.lines(framesEnd, "corrupt"), framesEnd, covered);
}

/** A footer that is no use, and not one frame: nothing says that there ever was more than a footer. */
function* uselessLines({ sizeBytes }: ByteSource, unusable: UnusableFooter): Generator<Line, void, undefined> {
  const { format, error, claimedRowCount } = unusable;
  yield damage("corrupt", { offset: 0, endOffset: sizeBytes }, error.code, `a footer alone, and ${error.message}`);
  const fields = { format, entryCount: claimedRowCount, sound: false };
  yield { kind: "footer", offset: 0, length: sizeBytes, fields };
}

type UnusableFooter = Extract<Sdx3Outcome, { readonly kind: "unusable" }>;

function* shifted(lines: Iterable<Line>, by: number, covered: boolean): Generator<Line, void, undefined> {
  for (const line of lines) {
    const fields = line.kind === "footer" ? { ...line.fields, sound: covered } : line.fields;
    yield { ...line, offset: line.offset - by, fields };
  }
}
