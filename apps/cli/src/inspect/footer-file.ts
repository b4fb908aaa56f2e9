import type { ByteSource } from "@holdfast/segment-codec";
import { readSdx3 } from "@holdfast/sidx-footer/sdx3";
import { fbatFormat } from "./fbat-file.js";
import { FbatFooter } from "./fbat-footer.js";
import type { InspectedFile } from "./file-format.js";
import { isFbatFooter } from "./footer-magic.js";
import type { Line } from "./line.js";
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
  if (whole.kind === "unusable" && !whole.checksumHolds && whole.claimedFramesEnd !== undefined) {
    const lines = bareLines(source, whole.claimedFramesEnd);
    if (lines !== undefined) {
      yield* lines;
      return;
    }
  }
  yield* fbatFormat.lines(file);
}

/** The lines about a file that is a footer of batpak from its first byte; undefined when it is not. */
function bareLines(source: ByteSource, framesEnd: number): Iterable<Line> | undefined {
  const sizeBytes = framesEnd + source.sizeBytes;
  if (!Number.isSafeInteger(sizeBytes)) return undefined;
  const behindFrames: ByteSource = {
    sizeBytes,
    readAt: (target, offset) => source.readAt(target, offset - framesEnd),
  };
  const outcome = readSdx3(behindFrames);
  if (outcome.kind !== "sdx3" && outcome.kind !== "sdx2") return undefined;
  const footer = new FbatFooter(behindFrames);
  footer.passDamage(0, framesEnd);
  return shifted(footer.lines(framesEnd, "corrupt"), framesEnd, outcome.kind === "sdx3");
}

function* shifted(lines: Iterable<Line>, by: number, covered: boolean): Generator<Line, void, undefined> {
  for (const line of lines) {
    const fields = line.kind === "footer" ? { ...line.fields, sound: covered } : line.fields;
    yield { ...line, offset: line.offset - by, fields };
  }
}
