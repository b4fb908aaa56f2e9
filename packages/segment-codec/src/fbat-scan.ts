import type { ByteSource } from "./byte-source.js";
import type { FbatFrame } from "./fbat-batch.js";
import type { FbatEventView } from "./fbat-event-view.js";
import { walkFbatSegment, type FbatScanOptions, type FbatWalk } from "./fbat-walk.js";
import { checkKeys } from "./option-check.js";

/** What a whole segment of batpak holds. */
export interface FbatScan extends Omit<FbatWalk, "frameCount"> {
  /** All sound frames up to the end, in file order. On `corrupt` they are for salvage only. */
  readonly frames: readonly FbatFrame[];
}

/**
 * What {@link walkFbatSegment} says, with all frames in an array: in memory that grows with the segment.
 *
 * @param source - borrowed until the call returns; what is handed out owns its memory.
 */
export function scanFbatSegment(source: ByteSource | Uint8Array, options: FbatScanOptions = {}): FbatScan {
  checkKeys(options, ["newest", "footer"], "scanFbatSegment");
  const frames: FbatFrame[] = [];
  const onFrame = (frame: FbatFrame<FbatEventView>): void => {
    frames.push({ ...frame, event: frame.event.toEvent() });
  };
  const { header, end } = walkFbatSegment(source, { ...options, onFrame });
  return { header, frames, end };
}
