// What wal-mutations.mjs does not have of the log: barriers of directories, bounds, the order of steps, what failures and closing
// tell those who wait, and what a reader does where a writer comes between its calls.
import { tests, walArea } from "./area.mjs";

const usual = [
  tests.walLifecycle,
  tests.walSteps,
  tests.walCheckpointBounds,
  tests.walUnknown,
  tests.walCommit,
  tests.walWeaknesses,
  tests.walCheckpoint,
  tests.walCheckpointCrash,
  tests.walRefusals,
  tests.walLaws,
  tests.walDamage,
  tests.walBarriers,
  tests.walCalls,
];
const beside = [tests.walInterleaving];

export const walStepMutations = walArea("wal-steps", usual, [
  // --- group-commit.ts ---
  {
    what: "segments that nobody syncs keep their handles",
    file: "group-commit.ts",
    find: 'if (!this.#inFlight) this.syncBlocking("data");',
  },
  {
    what: "full is served as data when somebody asked for data before",
    file: "group-commit.ts",
    find: 'if (rung === "full") round.rung = "full";',
  },
  {
    what: "full syncs only what data has not",
    file: "group-commit.ts",
    find: 'return parts.filter(({ open, bytes }) => rung === "full" || open.syncedBytes < bytes);',
    put: "return parts.filter(({ open, bytes }) => rung.length === 0 || open.syncedBytes < bytes);",
  },
  {
    what: "a barrier of rung data counts as one of rung full",
    file: "group-commit.ts",
    find: 'if (rung === "full") this.#fullLsn = Math.max(this.#fullLsn, lsn);',
    put: "this.#fullLsn = Math.max(this.#fullLsn, lsn);",
  },
  {
    what: "a segment is closed before its end is covered",
    file: "group-commit.ts",
    find: "if (!open.sealed || open.syncedBytes !== open.writtenBytes) continue;",
    put: "if (!open.sealed) continue;",
  },
  {
    what: "the next barrier is tried although the log has failed",
    file: "group-commit.ts",
    in: "fail(error: unknown): void {",
    find: "this.#next = undefined;",
  },
  {
    what: "a barrier that is asked for is not under way",
    file: "group-commit.ts",
    find: "return this.#inFlight || this.#next !== undefined;",
    put: "return this.#inFlight;",
  },
  {
    what: "a barrier that is under way is not",
    file: "group-commit.ts",
    find: "return this.#inFlight || this.#next !== undefined;",
    put: "return this.#next !== undefined;",
  },
  {
    what: "who asks in the turn of the first barrier waits for the second",
    file: "group-commit.ts",
    find: "await Promise.resolve(); // whoever asks in the same turn of the program shares the first barrier",
  },
  // --- log-writer.ts ---
  {
    what: "once old, every record gets a segment",
    file: "log-writer.ts",
    in: "rotate(): void {",
    find: "this.#openedAt = this.#options.now();",
  },
  {
    what: "a segment is old only behind its age",
    file: "log-writer.ts",
    find: "now() - this.#openedAt >= maxSegmentAgeMs;",
    put: "now() - this.#openedAt > maxSegmentAgeMs;",
  },
  {
    what: "a segment is never filled to its last byte",
    file: "log-writer.ts",
    find: "const isFull = this.#active.writtenBytes + this.#filled + bytes > this.#options.segmentBytes;",
    put: "const isFull = this.#active.writtenBytes + this.#filled + bytes >= this.#options.segmentBytes;",
  },
  {
    what: "a quota that is used up ends the log",
    file: "space-failure.ts",
    find: 'if (!isFsError(error, "FS_NO_SPACE") && !isFsError(error, "FS_QUOTA_EXCEEDED")) return error;',
    put: 'if (!isFsError(error, "FS_NO_SPACE")) return error;',
  },
  {
    what: "a segment that is finished stays open",
    file: "log-writer.ts",
    in: "finish(open: OpenSegment): void {",
    find: "open.handle.close();",
  },
  {
    what: "what is written is told to nobody",
    file: "log-writer.ts",
    find: "this.written.advance(this.lastLsn);",
  },
  // --- recovery.ts ---
  {
    what: "an open's segment continues from nowhere",
    file: "recovery.ts",
    find: "previousChain: place.chain,",
    put: "previousChain: 0,",
  },
  {
    what: "an epoch is not counted",
    file: "recovery.ts",
    find: "segment.header.epoch)) + 1,",
    put: "segment.header.epoch)),",
  },
  {
    what: "the number of a segment that has no header is given once more",
    file: "segment-survey.ts",
    find: "lastSegmentId = Math.max(lastSegmentId, parsed.segmentId);",
    put: "lastSegmentId = sound.at(-1)?.header.segmentId ?? 0;",
  },
  {
    what: "a segment that begins where the new one does stays",
    file: "recovery.ts",
    find: "const kept = live.filter(({ header }) => header.baseLsn < baseLsn);",
    put: "const kept = live.filter(({ header }) => header.baseLsn <= baseLsn);",
  },
  {
    what: "a checkpoint of what salvage has lost stays",
    file: "recovery.ts",
    find: 'mode === "salvage" && lsn > tail.lastLsn)',
    put: 'mode === "salvage" && lsn > tail.lastLsn + 1e9)',
  },
  {
    what: "a checkpoint ahead of its log goes in every mode",
    file: "recovery.ts",
    find: 'mode === "salvage" && lsn > tail.lastLsn)',
    put: 'mode !== "strict" && lsn > tail.lastLsn - 1)',
  },
  {
    what: "a segment that could not be begun leaves its temporary file",
    file: "recovery.ts",
    in: "async function createLog(",
    find: "staged.discard();",
  },
  {
    what: "a copy that cannot be finished leaves its temporary file",
    file: "recovery.ts",
    find: "staged.discard(); return undefined;",
    put: "return undefined;",
  },
  {
    what: "a log with a damaged sealed segment cannot be opened",
    file: "recovery.ts",
    find: "(await writeFrom(-1))",
    put: "undefined",
  },
  {
    what: "the directory for what is cut off is not durable",
    file: "recovery.ts",
    find: "await directory.syncNames(); const aside = directory.directory(ASIDE);",
    put: "const aside = directory.directory(ASIDE);",
  },
  {
    what: "what is kept aside is not durable before it is gone",
    file: "recovery.ts",
    find: 'const handle = directory.open(kept, { mode: "write" }); try { await handle.sync("full");',
    put: 'const handle = directory.open(kept, { mode: "write" }); try {',
  },
  {
    what: "a name of what is kept aside is not durable before the other is gone",
    file: "recovery.ts",
    find: "await aside.syncNames();",
  },
  {
    what: "nothing is kept aside where there are no links",
    file: "recovery.ts",
    find: "if (isFsError(error, ...noLinks)) directory.writeFile(kept, directory.readFile(file)); else",
  },
  {
    what: "what is cut off is kept aside only when the log goes on without it",
    file: "recovery.ts",
    find: 'await keepAside(directory, replacement.aside, options.maxAsideFiles); await staged.publish({ rung: "full" });',
    put: 'await staged.publish({ rung: "full" }); await keepAside(directory, replacement.aside, options.maxAsideFiles);',
  },
  {
    what: "what a crash left half-kept aside stays there",
    file: "recovery.ts",
    find: "aside.sweepTemps();",
  },
  {
    what: "what is kept aside piles up",
    file: "recovery.ts",
    find: "for (const name of there.slice(0, Math.max(0, there.length - maxAsideFiles))) aside.remove(name);",
  },
  // --- switch-point.ts ---
  {
    what: "an open goes on from behind a record that is not proven",
    file: "switch-point.ts",
    find: "if (cursor.nextLsn > keepLsn + 1) break;",
    tests: [tests.walSteps],
  },
  // --- tail-scan.ts ---
  {
    what: "one lost record is no damage",
    file: "tail-scan.ts",
    find: "if (durableLsn >= nextLsn) {",
    put: "if (durableLsn > nextLsn) {",
  },
  {
    what: "what frames state is not heard",
    file: "tail-scan.ts",
    find: "proven = Math.max(proven, scan.durableLsn);",
  },
  {
    what: "a frame that no encoder writes is a tear",
    file: "tail-scan.ts",
    find: 'if (end.kind !== "corrupt") return undefined;',
    put: "if (end.endOffset > 0) return undefined;",
    tests: [tests.walUnknown],
  },
  {
    what: "a look begins behind a record that is not proven",
    file: "tail-scan.ts",
    find: "header.baseLsn <= proven + 1) ?? first;",
    put: "header.baseLsn <= proven + 2) ?? first;",
  },
  {
    what: "what was replaced is evidence of what is cut off",
    file: "tail-scan.ts",
    find: "if (header.segmentId <= after) continue;",
  },
  {
    what: "a file without a header is damage, whatever it holds",
    file: "tail-scan.ts",
    find: "if (count === headersFrom(directory, file, seed, next.header.baseLsn)) continue;",
  },
  {
    what: "a record log takes the name of a segmented log's lock",
    file: "record-log-options.ts",
    find: 'if (name === "LOCK" || name === "aside") refuse("name", "is that of a file of a segmented log");',
  },
  // --- observation.ts ---
  {
    what: "the promise of an observer is left to itself",
    file: "observation.ts",
    find: "heard.catch((error: unknown) => this.#giveUp(error));",
    put: "heard.catch(() => {});",
    tests: [tests.walObservation],
  },
  // --- segment-survey.ts ---
  {
    what: "a segment of a later version is a torn one",
    file: "segment-survey.ts",
    find: 'case "unsupported":',
    put: 'case "unsupported": if (file.length > 0) return "foreign";',
    tests: [tests.walUnknown],
  },
  {
    what: "a header that no encoder writes is a torn one",
    file: "segment-survey.ts",
    find: 'case "malformed":',
    put: 'case "malformed": if (file.length > 0) return "foreign";',
    tests: [tests.walUnknown],
  },
  // --- wal.ts ---
  {
    what: "pruning takes one record too many",
    file: "wal.ts",
    find: "> this.#prunable(lsn) + 1) return false;",
    put: "> this.#prunable(lsn) + 2) return false;",
  },
  {
    what: "several segments go with one barrier",
    file: "wal.ts",
    find: "removed += 1; try { await this.#directory.syncNames();",
    put: "removed += 1; try { if (!isDue()) await this.#directory.syncNames();",
  },
  {
    what: "checkpoints are written beside each other",
    file: "wal.ts",
    find: "const writing = this.#checkpointing.then(",
    put: "const writing = Promise.resolve().then(",
  },
  // --- segment-survey.ts ---
  {
    what: "a number that leaves none above it is taken",
    file: "segment-survey.ts",
    find: "const MAX_SEGMENT_ID = 2 ** 52;",
    put: "const MAX_SEGMENT_ID = Number.MAX_SAFE_INTEGER;",
  },
  {
    what: "a long record is an error of the codec to who opens",
    file: "tail-scan.ts",
    find: "throw readFailure(error, segment);",
    put: "throw error;",
  },
  {
    what: "a long record is an error of the codec to who reads",
    file: "segment-survey.ts",
    find: "throw readFailure(error, segment);",
    put: "throw error;",
  },
  // --- open-log.ts ---
  {
    what: "every reading needs room",
    file: "open-log.ts",
    find: "if (to > this.writtenLsn) this.write();",
    put: "this.write();",
  },
  {
    what: "a log that is given up is written",
    file: "open-log.ts",
    find: "=== undefined && !discard) {",
    put: "=== undefined) {",
  },
  {
    what: "an interval without room is the last one",
    file: "policy-barriers.ts",
    find: "if (!isCancelled) arm();",
  },
  {
    what: "appends that found no room are forgotten",
    file: "policy-barriers.ts",
    find: "unsyncedAppends += unsynced;",
  },
  {
    what: "a rung that is none reaches the file system",
    file: "call-arguments.ts",
    find: 'checkChoice("rung", rung, barrierRungs);',
  },
  {
    what: "a misspelled end of following is another one",
    file: "open-log.ts",
    find: 'checkChoice("until", until, ["written", "durable"]);',
  },
  {
    what: "a promise is leave to prune",
    file: "wal.ts",
    find: "as unknown) === true;",
    put: "as unknown) !== false;",
  },
  {
    what: "a barrier that fails with an error of no file system is tried again",
    file: "open-log.ts",
    find: "onFailure: this.#fail,",
    put: "onFailure: (error) => void this.failed(error),",
  },
  {
    what: "a failed log is synced by its close",
    file: "open-log.ts",
    in: "async #close(discard: boolean): Promise<void> {",
    find: "if (this.#failure === undefined && !discard) {",
    put: "if (!discard) {",
  },
  {
    what: "a failed log keeps its policy",
    file: "open-log.ts",
    in: "readonly #fail = (error: unknown): void => {",
    find: "this.#unasked?.cancel();",
  },
  {
    what: "who follows what is written hears nothing of a failure",
    file: "open-log.ts",
    in: "readonly #fail = (error: unknown): void => {",
    find: "this.writer.written.fail(error);",
  },
  {
    what: "who waits for an LSN hears nothing of a close",
    file: "open-log.ts",
    in: "async #release(): Promise<void> {",
    find: "this.commit.fail(closed);",
  },
  {
    what: "who follows what is written hears nothing of a close",
    file: "open-log.ts",
    in: "async #release(): Promise<void> {",
    find: "this.writer.written.fail(closed);",
  },
  {
    what: "a blocking barrier runs beside another",
    file: "open-log.ts",
    find: 'if (this.commit.isBusy) throw new WalError("WAL_BUSY", "a barrier is under way; await it instead");',
  },
  {
    what: "a batch takes what is no bytes",
    file: "call-arguments.ts",
    find: "for (const record of records) checkRecord(record);",
  },
  {
    what: "a record of rung os stays in memory",
    file: "open-log.ts",
    find: 'if (rung === "os") this.write();',
    put: 'if (rung === "os") return lsn;',
  },
  {
    what: "who follows reads on behind the signal",
    file: "record-stream.ts",
    find: "if (signal?.aborted === true) return;",
    tests: [tests.walOpening],
  },
  {
    what: "who follows leaves files open",
    file: "record-stream.ts",
    in: "export function* batchesUntil(",
    find: "cursor.close();",
    tests: [tests.walOpening],
  },
  {
    what: "who follows what is durable sees what is not",
    file: "open-log.ts",
    find: "to: watermark.lsn })();",
    put: "to: this.lastLsn })();",
  },
  // --- readers ---
  {
    what: "the last records begin with one that was pruned",
    file: "record-stream.ts",
    find: "return { from: Math.max(firstLsn, lastLsn - count + 1) };",
    put: "return { from: Math.max(1, lastLsn - count + 1) };",
  },
  {
    what: "the last records are one too many",
    file: "record-stream.ts",
    find: "return { from: Math.max(firstLsn, lastLsn - count + 1) };",
    put: "return { from: Math.max(firstLsn, lastLsn - count) };",
  },
  {
    what: "the last records may be none",
    file: "record-stream.ts",
    in: "export function lastOf(",
    find: 'checkLsn("count", count, 0);',
  },
  {
    what: "records of a batch are read behind the last that was asked for",
    file: "record-cursor.ts",
    find: "if (this.lsn >= this.#from) return this.lsn <= this.#lastLsn;",
    put: "if (this.lsn >= this.#from) return true;",
  },
  {
    what: "a reader beside a rotation keeps the old file open",
    file: "frame-walk.ts",
    find: "this.#source.close(); this.#source = source;",
    put: "this.#source = source;",
  },
  {
    what: "a look that a removal came between fails",
    file: "log-view.ts",
    find: 'if (!isFsError(error, "FS_NOT_FOUND") || attempt === MAX_ATTEMPTS) throw error;',
    put: "throw error;",
    tests: beside,
  },
  {
    what: "a reader does not look again when a segment is gone between two calls",
    file: "wal-reader.ts",
    find: "if (!isReplaced(error)) throw error;",
    put: "throw error;",
    tests: beside,
  },
  {
    what: "a reader stands still where an open wrote once more what it had seen",
    file: "wal-reader.ts",
    find: "if (!isAtLastSegment) this.#lookAgain();",
    tests: beside,
  },
  {
    what: "a reader is not told that the log has become shorter",
    file: "wal-reader.ts",
    find: "if (view.tail.end.nextLsn < this.#end.nextLsn) {",
    put: "if (view.tail.end.nextLsn < 0) {",
  },
  // --- checkpoint-files.ts ---
  {
    what: "a checkpoint under another name is evidence",
    file: "checkpoint-files.ts",
    find: "outcome.header.durableLsn === named.lsn &&",
  },
  {
    what: "a checkpoint under another name is used",
    file: "checkpoint-files.ts",
    find: "if (outcome.lsn !== lsn) return `it holds LSN ${outcome.lsn}`;",
  },
  {
    what: "a directory is a checkpoint",
    file: "checkpoint-files.ts",
    find: 'if (kind === "file" && lsn !== undefined)',
    put: "if (kind.length > 0 && lsn !== undefined)",
  },
  {
    what: "a checkpoint at the point in time is passed over",
    file: "checkpoint-files.ts",
    find: "lsn > upTo ? undefined",
    put: "lsn >= upTo ? undefined",
  },
  {
    what: "a checkpoint of the last record is passed over",
    file: "checkpoint-files.ts",
    find: "if (lsn > lastLsn) return",
    put: "if (lsn >= lastLsn) return",
  },
  {
    what: "a checkpoint is used although one record behind it is gone",
    file: "checkpoint-files.ts",
    find: "return lsn < firstLsn - 1 ?",
    put: "return lsn < firstLsn - 2 ?",
  },
  {
    what: "a checkpoint that could not be written leaves its temporary file",
    file: "checkpoint-files.ts",
    in: "export async function writeCheckpoint(",
    find: "staged.discard();",
  },
  // --- what a prune keeps for checkpoints ---
  {
    what: "a prune passes the oldest checkpoint that is kept",
    file: "wal.ts",
    find: "let bound = Math.min(lsn, this.#keptLsn);",
    put: "let bound = lsn;",
    tests: [tests.walCheckpointBounds],
  },
  {
    what: "a prune does not hear of a checkpoint",
    file: "wal.ts",
    find: "this.#keptLsn = undefined;",
    tests: [tests.walCheckpointBounds],
  },
  // --- what is asked of a batch ---
  {
    what: "batches without a byte are waited for",
    file: "record-stream.ts",
    find: "maxBatchBytes >= 1",
    put: "maxBatchBytes >= 0",
  },
  {
    what: "who follows a log is not asked from where",
    file: "open-log.ts",
    find: 'checkLsn("from", from, 1);',
  },
  {
    what: "who polls a log is not asked from where",
    file: "log-polling.ts",
    find: "checkRange(from, from);",
  },
  {
    what: "a batch of empty records has no end",
    file: "record-stream.ts",
    find: "bytes += 32 + cursor.end - cursor.start",
    put: "bytes += cursor.end - cursor.start",
    tests: [tests.walOpening],
  },
  {
    what: "who waits for what is written waits for a barrier",
    file: "open-log.ts",
    find: "return this.#reached(this.writer.written, lsn, options);",
    put: "return this.#reached(this.commit.durable, lsn, options);",
  },
  {
    what: "a reader refuses where a checkpoint was replaced a moment ago",
    file: "wal-reader.ts",
    find: 'const isOutrun = isFsError(error, "FS_NOT_FOUND") || this.refresh() > lastLsn;',
    put: "const isOutrun = this.refresh() > lastLsn;",
    tests: [tests.walCheckpointBounds],
  },
  {
    what: "a reader looks for a checkpoint where the log ended when it was opened",
    file: "wal-reader.ts",
    in: "latestCheckpoint(",
    find: "const lastLsn = this.refresh();",
    put: "const { lastLsn } = this;",
    tests: [tests.walCheckpointBounds],
  },
  {
    what: "a reader that follows what is durable is given what is not",
    file: "wal-reader.ts",
    find: "cursor: (next) => this.#cursor({ from: next, to: seenLsn() })(),",
    put: "cursor: (next) => this.#cursor({ from: next })(),",
    tests: [tests.walOpening],
  },
  {
    what: "a reader does not hear of what becomes durable",
    file: "wal-reader.ts",
    find: "this.#durableLsn = Math.max(this.#durableLsn, walk.cursor.durableLsn);",
    tests: [tests.walOpening],
  },
  {
    what: "a reader does not hear of what an open has proven",
    file: "wal-reader.ts",
    find: "this.#durableLsn = Math.max(this.#durableLsn, view.tail.durableLsn);",
    tests: [tests.walOpening],
  },
  {
    what: "a reader takes nothing for durable that was there when it was opened",
    file: "wal-reader.ts",
    find: "this.#durableLsn = view.tail.durableLsn;",
    put: "this.#durableLsn = 0;",
    tests: [tests.walOpening],
  },
  // --- followers ---
  {
    what: "a follower that waits does not hold up pruning",
    file: "open-log.ts",
    find: "this.reading.add(follower); // also while it waits",
    tests: [tests.walOpening],
  },
  {
    what: "a process that only follows ends by itself",
    file: "wal-options.ts",
    in: "function timer(",
    find: "const timeout = setTimeout(action, delayMs);",
    put: "const timeout = setTimeout(action, delayMs).unref();",
    tests: [tests.walProcesses],
  },
  // --- what a full disk refused ---
  {
    what: "the first frame of a segment is not taken back",
    file: "log-writer.ts",
    find: "else this.#encoder = new FrameEncoder(this.#active.segment.header);",
    tests: [tests.walWritten],
  },
  {
    what: "a part of a frame stays where zeros may pass for the rest",
    file: "log-writer.ts",
    find: "if (isHarmless(error)) this.#cutAhead(this.#active);",
    tests: [tests.walWritten],
  },
  {
    what: "zeros that were cut off count as there",
    file: "log-writer.ts",
    find: "open.handle.truncate(open.writtenBytes); open.allocatedBytes = open.writtenBytes;",
    put: "open.handle.truncate(open.writtenBytes);",
    tests: [tests.walWritten],
  },
  // --- checkpoints of use ---
  {
    what: "a checkpoint is written that nobody can go on from",
    file: "wal.ts",
    find: "if (lsn < firstLsn - 1) throw prunedFailure(lsn + 1, firstLsn);",
    tests: [tests.walCheckpointBounds],
  },
  {
    what: "a checkpoint right before the first record is of no use",
    file: "wal.ts",
    find: "if (lsn < firstLsn - 1) throw prunedFailure(lsn + 1, firstLsn);",
    put: "if (lsn < firstLsn) throw prunedFailure(lsn + 1, firstLsn);",
    tests: [tests.walCheckpointBounds],
  },
  {
    what: "what a checkpoint needs is pruned while it is written",
    file: "wal.ts",
    find: "this.reading.add(needed);",
    tests: [tests.walCheckpointBounds],
  },
  {
    what: "a checkpoint holds up pruning for ever",
    file: "wal.ts",
    find: "this.reading.delete(needed);",
    tests: [tests.walCheckpointBounds],
  },
  // --- looks of a reader ---
  {
    what: "a reader reads every header at every look",
    file: "wal-reader.ts",
    find: "surveySegments(this.#directory, this.#live.slice(0, -1))",
    put: "surveySegments(this.#directory)",
    tests: [tests.walTailReads],
  },
  {
    what: "a reader takes the segment that is written to as it was",
    file: "wal-reader.ts",
    find: "this.#live.slice(0, -1)",
    put: "this.#live",
    tests: [tests.walTailReads],
  },
  {
    what: "what is not of a sync policy's kind passes for it",
    file: "wal-options.ts",
    find: 'checkKeys(policy, ["kind", ...policyKeys[policy.kind]]);',
    tests: [tests.walRefusals],
  },
]);

/** Steps that no test can notice to be missing, each with the reason. */
export const walEquivalent = walArea("equivalent", usual, [
  {
    what: "an open states nothing of what it recovered",
    file: "log-writer.ts",
    find: "this.#encoder.durableLsn = this.lastLsn; // recovery has synced all of it",
    reason:
      "the encoder that recovery hands over states it already, with its header or with the last frame that was copied; where a log has " +
      "only a header that states less, there are no records that could be missing",
  },
  {
    what: "the zeros of a prepared segment are not synced",
    file: "next-segment.ts",
    find: 'await handle.sync("full");',
    reason: "the first barrier over the segment covers its length and its zeros as well: only that one takes longer",
  },
]);
