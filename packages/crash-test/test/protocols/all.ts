import { atomicReplaceByHand } from "./atomic-replace.js";
import { checkpointPrune } from "./checkpoint-prune.js";
import { cleanMarker } from "./clean-marker.js";
import { committedLength } from "./committed-length.js";
import { crossDirectoryMove, linkAndRemove } from "./cross-directory-move.js";
import { directoryLock } from "./directory-lock.js";
import { durableRemoval } from "./durable-removal.js";
import { exclusiveLink } from "./exclusive-link.js";
import { failedSync } from "./failed-sync.js";
import { libraryDirectories, libraryPublish, libraryRemoval, libraryReplace } from "./library.js";
import { logAppend } from "./log-append.js";
import { logRepair } from "./log-repair.js";
import { manifestCommit } from "./manifest-commit.js";
import { nestedDirectories } from "./nested-directories.js";
import { preallocatedLog } from "./preallocated-log.js";
import { processCrashRecovery } from "./process-crash.js";
import type { Protocol } from "./protocol.js";
import { recycledLog } from "./recycled-log.js";
import { redoJournal } from "./redo-journal.js";
import { segmentRotation } from "./segment-rotation.js";
import { superblock } from "./superblock.js";
import { twoWriters } from "./two-writers.js";

/** Every protocol, in the order of the table in the README. */
export const protocols: readonly Protocol[] = [
  atomicReplaceByHand,
  nestedDirectories,
  logAppend,
  logRepair,
  segmentRotation,
  checkpointPrune,
  redoJournal,
  superblock,
  exclusiveLink,
  manifestCommit,
  preallocatedLog,
  recycledLog,
  committedLength,
  durableRemoval,
  crossDirectoryMove,
  linkAndRemove,
  processCrashRecovery,
  failedSync,
  twoWriters,
  directoryLock,
  cleanMarker,
  libraryReplace,
  libraryPublish,
  libraryRemoval,
  libraryDirectories,
];
