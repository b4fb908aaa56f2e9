/**
 * Entry `@holdfast/fs-seam/crash`: a file system in memory that knows what a power loss may leave, and everything that
 * explores it.
 * @packageDocumentation
 */
export { readOnlyBase } from "./base-image.js";
export { fromOrigin } from "./call-origin.js";
export { crashChoiceVersion, parseCrashChoice, type CrashChoice, type Trace } from "./crash-choice.js";
export { CrashFs, type CrashFsOptions, type CrashReport } from "./crash-fs.js";
export {
  countImages,
  crashImages,
  pendingAt,
  replayCrash,
  type CrashImage,
  type CrashImagesOptions,
  type CrashPoint,
  type CrashStrategy,
} from "./crash-images.js";
export { IdealWalk, type CrashLevel } from "./crash-strategy.js";
export { unitsOf, type Unit } from "./crash-units.js";
export {
  isEffect,
  isName,
  type BarrierRecord,
  type Call,
  type DataEffect,
  type Effect,
  type LogRecord,
  type MarkRecord,
  type MediaRecord,
  type NameEffect,
  type SizeCause,
  type SizeEffect,
  type WritebackRecord,
} from "./effects.js";
export { type ByteRange, type FileDurability } from "./file-durability.js";
export { emptyImage, Image } from "./fs-state.js";
export { decodeImage, encodeImage, imageFormatVersion, listImage, materialize, type ImageEntry } from "./image-file.js";
export { imageHash } from "./image-hash.js";
export { btrfs, ext4NoAuto, ext4Ordered, xfs } from "./kernel-personalities.js";
export { personalities, personalityOf } from "./known-personalities.js";
export {
  posix,
  seedCrashFs,
  seedSimFs,
  strict,
  unwrittenUnder,
  type Personality,
  type PersonalityEvidence,
  type PersonalityRule,
  type Unwritten,
} from "./personality.js";
export type {
  DroppedSyncFault,
  FailedSyncAftermath,
  FailedSyncFault,
  HandleMediaFault,
  LostWriteFault,
  MediaControls,
  MediaFs,
  MediaHandle,
  MisdirectedWriteFault,
} from "./media-faults.js";
export {
  answerOf,
  meetingOf,
  metAtStart,
  questionKey,
  type Answer,
  type Observation,
  type Question,
} from "./observation.js";
export { ObservedFs } from "./observed-fs.js";
export { SlabAllocator } from "./slab-allocator.js";
export { runsOn, type MetRun, type RunOnDisks } from "./renumbered-run.js";
export { TooManyDisks, UndecidedSpace, type Split, type UndecidedDisk } from "./undecided-disks.js";
export { layerOf, type Moment, type UndecidedLayer } from "./undecided-layer.js";
