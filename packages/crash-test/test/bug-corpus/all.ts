import type { Bug, CorpusProgram } from "./bug.js";
import { failingCheckpoint, twoHandles, failingSave, failingRotation } from "./failing-barrier.js";
import { lsmManifest, failingEdit, linkedCheckpoint } from "./lsm-manifest.js";
import { wideSnapshot, parityStripes, threeCopies, movedChunks } from "./many-effects.js";
import { mergeSegments, segmentFooter, numberedCheckpoints } from "./merge-and-footer.js";
import { mailDelivery, namedBackup, sectorLog, emptiedLog, unreadFlag } from "./personality-bound.js";
import { jsonFile, jsonLines, amountLine, leftoverTemp, resumableUpload, bootLock } from "./published-packages.js";
import { logAndCheckpoint, deferredDeposit, pageAndDelta, batchWithCommit } from "./redo-log.js";
import { rollbackJournal } from "./rollback-journal.js";
import { compactingLog, flushAtStart, dirtyFlag, interruptedSwap, mirroredBlock } from "./second-crash.js";
import { sessions, batchAndNextSession, eventsAndCursor, tablesByNumber } from "./sessions.js";
import {
  settingsAndSignature,
  objectsAndHead,
  valuesAndIndex,
  sourceAndCopy,
  counterAndReceipt,
  linkedBackup,
  spoolAndName,
} from "./several-files.js";
import { writeAheadLog, pruning, ringLog } from "./write-ahead-log.js";

/** Every program, in the order of the table in the README beside this file. */
export const corpus: readonly CorpusProgram[] = [
  settingsAndSignature,
  objectsAndHead,
  valuesAndIndex,
  sourceAndCopy,
  counterAndReceipt,
  linkedBackup,
  spoolAndName,
  rollbackJournal,
  logAndCheckpoint,
  deferredDeposit,
  pageAndDelta,
  batchWithCommit,
  sessions,
  batchAndNextSession,
  eventsAndCursor,
  tablesByNumber,
  writeAheadLog,
  pruning,
  ringLog,
  lsmManifest,
  failingEdit,
  linkedCheckpoint,
  mergeSegments,
  segmentFooter,
  numberedCheckpoints,
  failingCheckpoint,
  twoHandles,
  failingSave,
  failingRotation,
  compactingLog,
  flushAtStart,
  dirtyFlag,
  interruptedSwap,
  mirroredBlock,
  jsonFile,
  jsonLines,
  amountLine,
  leftoverTemp,
  resumableUpload,
  bootLock,
  mailDelivery,
  namedBackup,
  sectorLog,
  emptiedLog,
  unreadFlag,
  wideSnapshot,
  parityStripes,
  threeCopies,
  movedChunks,
];

export const bugs: readonly Bug[] = corpus.flatMap((program) => program.bugs);
