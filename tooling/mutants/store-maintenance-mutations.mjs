// Retention and backups of a store: what may be taken away and what not, what is durable before the next step, what is found again
// while files are replaced, and what a copy is held against. A mistake here loses payloads that were kept, keeps those that had to go,
// or calls something a backup that is none.
import { storeArea, tests } from "./area.mjs";

const retention = storeArea(
  "store retention",
  [
    tests.storeCompaction,
    tests.storeRetentionBounds,
    tests.storeRewrittenFooter,
    tests.storeBeside,
    tests.storeMaintenanceDefects,
    tests.storeMaintenance,
    tests.storeRetentionCrash,
  ],
  [
    // --- compaction.ts ---
    {
      what: "events are found no more where their segment was written again",
      file: "compaction.ts",
      find: "for (const [at, offset] of offsets.entries()) index.columns.moveFrame(baseLsn - 1 + at, offset);",
      put: "void [index, baseLsn, offsets];",
    },
    {
      what: "each event is where the one before it was",
      file: "compaction.ts",
      find: "index.columns.moveFrame(baseLsn - 1 + at, offset)",
      put: "index.columns.moveFrame(Math.max(0, baseLsn - 2 + at), offset)",
    },
    { what: "a file that was replaced is read on", file: "compaction.ts", find: "places.forget(segmentId);" },
    { what: "nobody hears of new places", file: "compaction.ts", find: "index.segments.noteRewritten();" },
    { what: "dead bytes stay", file: "compaction.ts", find: "if (hasDeadBytes) return true;" },
    {
      what: "a payload that is gone is asked for again",
      file: "compaction.ts",
      find: "record.isDropped || ",
    },
    {
      what: "events behind the last one to be looked at are looked at",
      file: "compaction.ts",
      find: "lsn > this.#through || ",
    },
    {
      what: "the last event to be looked at is not",
      file: "compaction.ts",
      find: "lsn > this.#through || ",
      put: "lsn >= this.#through || ",
    },
    {
      what: "what is kept goes, and what goes is kept",
      file: "compaction.ts",
      find: "|| this.#keeps(retentionRow(record, lsn))",
      put: "|| !this.#keeps(retentionRow(record, lsn))",
    },
    { what: "nothing is durable before it is looked at", file: "compaction.ts", find: "await store.sync();" },
    {
      what: "the segment that is written to is looked at",
      file: "compaction.ts",
      find: "return isSealed && baseLsn",
      put: "return baseLsn",
    },
    {
      what: "a segment that is not durable is written again",
      file: "compaction.ts",
      find: " && lastLsn <= log.durableLsn",
    },
    {
      what: "the accelerator outlives the segments it tells of",
      file: "compaction.ts",
      find: "this.#release ??= await accelerator.drop();",
      put: "void accelerator;",
    },
    { what: "no accelerator is ever written again", file: "compaction.ts", find: "this.#release?.();" },
    {
      what: "two of them work on the files at once",
      file: "maintenance-lock.ts",
      find: 'if (busy.has(parts)) throw new StoreError("STORE_BUSY", "a compaction or a backup of this store is under way");',
    },
    { what: "work that is over is under way", file: "maintenance-lock.ts", find: "busy.delete(parts);" },
    {
      what: "a segment is written again for too little",
      file: "compaction.ts",
      find: "dropped.size > 0 && savedBytes >= minSavedBytes",
      put: "dropped.size > 0 && savedBytes >= minSavedBytes - 1",
    },
    {
      what: "a segment that loses nothing is written again",
      file: "compaction.ts",
      find: "dropped.size > 0 && savedBytes",
      put: "savedBytes",
    },
    {
      what: "in the place of a payload is the hash of its envelope, too",
      file: "compaction.ts",
      find: "bytes.subarray(record.envelopeEnd, end)",
      put: "bytes.subarray(start, end)",
    },
    {
      what: "anything but false keeps",
      file: "compaction.ts",
      find: 'if (typeof isKept === "boolean") return isKept;',
      put: "return isKept !== false;",
    },
    { what: "a signal does not end a compaction", file: "compaction.ts", find: "refuseAborted(this.#options.signal);" },
    { what: "a store that has failed is worked on", file: "compaction.ts", find: "this.#parts.log.check();" },
    {
      what: "the active segment stays so",
      file: "compaction.ts",
      find: "if (options.rotate === true) beginSegment(parts.log);",
    },
    {
      what: "any option of a compaction passes",
      file: "compaction.ts",
      find: 'checkOptions(options, keys, "a compaction");',
    },
    {
      what: "payloads that could not go are none",
      file: "compaction.ts",
      find: "report.postponedPayloads += decision.dropped.size;",
      put: "void report;",
    },
    // --- rewritten-footer.ts ---
    {
      what: "a new footer tells of payloads that are gone",
      file: "rewritten-footer.ts",
      find: "row.flags |= eventFlags.dropped;",
    },
    {
      what: "a new footer has all events of a commit in the place of the first",
      file: "rewritten-footer.ts",
      find: "batchIndex: one - at",
      put: "batchIndex: 0 * at",
    },
    {
      what: "a frame of a new footer is as long as with the payloads that are gone",
      file: "rewritten-footer.ts",
      find: "row.recordBytes = record.envelopeEnd - record.start + DROPPED_BYTES;",
      put: "void DROPPED_BYTES;",
      tests: [tests.storeFooterRows],
    },
    {
      what: "each event of a commit has a frame of its own in a new footer",
      file: "rewritten-footer.ts",
      find: "while (end < this.#rows.length && offsets[end] === offset) end += 1;",
      put: "end += 1;",
    },
    {
      what: "a new footer names the entity of the event behind",
      file: "rewritten-footer.ts",
      find: "streams.entityOf(columns.streamOf(sequence - 1))",
      put: "streams.entityOf(columns.streamOf(Math.max(0, sequence - 2)))",
    },
    {
      what: "a new footer names the scope of another event",
      file: "rewritten-footer.ts",
      find: "columns.scopeOf(sequence - 1)",
      put: "columns.scopeOf(Math.max(0, sequence - 2))",
    },
    // --- footer-row.ts ---
    {
      what: "a frame of one event is as long as one of many, and the other way round",
      file: "footer-row.ts",
      find: "rows.length === 1 ? 0 : 4",
      put: "rows.length === 1 ? 4 : 0",
      tests: [tests.storeFooterRows],
    },
    // --- what follows files that are replaced ---
    { what: "an event that has moved is not looked for", file: "event-lookup.ts", find: "this.#relocate(sequence);" },
    {
      what: "a verification beside retention calls what moved damage",
      file: "store-reader.ts",
      find: 'if (report.kind === "intact" || !this.#isMoved(report.fault)) return report;',
      put: "return report;",
    },
    {
      what: "a reader reads on in files that were replaced",
      file: "store-reader.ts",
      find: "this.#places.forgetReplaced();",
    },
    {
      what: "a record that is damaged is never one that moved",
      file: "moved-places.ts",
      find: '"WAL_CORRUPT", ',
      put: "",
    },
    { what: "a segment that is gone has not moved", file: "moved-places.ts", find: '"WAL_SEGMENT_GONE", ', put: "" },
    {
      what: "payloads that are gone are not counted",
      file: "verification.ts",
      find: "if (record.isDropped) droppedPayloads += 1;",
    },
  ],
);

const backups = storeArea(
  "store backup",
  [tests.storeBackup, tests.storeMaintenanceDefects, tests.storeBackupCrash],
  [
    // --- backup.ts ---
    {
      what: "an unfinished name is not durable before the rest is cleared",
      file: "backup.ts",
      in: "async run(",
      find: 'await handle.sync("full");',
    },
    {
      what: "names of an earlier attempt may outlive its end",
      file: "backup.ts",
      find: "clear(target); await target.syncNames();",
      put: "clear(target);",
    },
    { what: "nothing of an earlier attempt is cleared", file: "backup.ts", find: "clear(target);" },
    { what: "the first segment keeps bytes of an earlier attempt", file: "backup.ts", find: "handle.truncate(0);" },
    {
      what: "a backup is done before its name is durable",
      file: "backup.ts",
      find: "target.rename(UNFINISHED_BACKUP, first.file); await target.syncNames();",
      put: "target.rename(UNFINISHED_BACKUP, first.file);",
    },
    {
      what: "the first segment has its name before the others are there",
      file: "backup.ts",
      find: "for (const segment of others) {",
      put: "target.rename(UNFINISHED_BACKUP, first.file); target.rename(first.file, first.file); for (const segment of others) {",
    },
    {
      what: "a copy is read back before it is durable, and stays so",
      file: "backup.ts",
      in: "async #copyInto(",
      find: 'await handle.sync("full");',
    },
    {
      what: "a copy has a name before it is durable",
      file: "backup.ts",
      find: 'await staged.publish({ rung: "full" });',
      put: 'await staged.publish({ rung: "os" });',
    },
    {
      what: "a backup holds what came while it was made",
      file: "backup.ts",
      find: "lastLsn: isLast ? Math.min(segment.lastLsn, this.#sequence) : segment.lastLsn",
      put: "lastLsn: segment.lastLsn",
    },
    {
      what: "the last segment of a backup is followed by another",
      file: "backup.ts",
      find: "isFollowed: !isLast",
      put: "isFollowed: true",
    },
    {
      what: "no segment of a backup is followed",
      file: "backup.ts",
      find: "isFollowed: !isLast",
      put: "isFollowed: false",
    },
    {
      what: "segments that hold nothing durable are copied",
      file: "backup.ts",
      find: "all.filter(({ baseLsn }) => baseLsn <= Math.max(1, sequence))",
      put: "all.filter(({ baseLsn }) => baseLsn >= 1)",
    },
    {
      what: "the last segment is left out",
      file: "backup.ts",
      find: "baseLsn <= Math.max(1, sequence)",
      put: "baseLsn < Math.max(2, sequence)",
    },
    {
      what: "a backup is of what may be lost",
      file: "backup.ts",
      find: "const sequence = await store.sync();",
      put: "const sequence = store.lastSequence;",
    },
    {
      what: "a copy is not read back",
      file: "backup.ts",
      find: "if (fault === undefined) return",
      put: "if (fault !== null) return",
    },
    { what: "a store is backed up into itself", file: "backup.ts", find: "refuseOwn(parts.directory, target);" },
    {
      what: "a store is backed up into a directory of its own",
      file: "backup.ts",
      find: ' && !target.path.startsWith(own.path === "/" ? "/" : `${own.path}/`)',
    },
    {
      what: "a directory called like the store's and more is in it",
      file: "backup.ts",
      find: 'own.path === "/" ? "/" : `${own.path}/`',
      put: "own.path",
    },
    { what: "a backup is made over anything", file: "backup.ts", find: "refuseForeign(target, this.logId);" },
    { what: "files of others are no hindrance", file: "backup.ts", find: "other !== undefined || (", put: "(" },
    {
      what: "a store that is there is no hindrance",
      file: "backup.ts",
      find: "|| (segments.length > 0 && !isUnfinished)",
    },
    {
      what: "an unfinished backup of another store is begun again as one of this",
      file: "backup.ts",
      find: "if (!isUnfinished || isOwn(target, logId, segments.length === 0)) return;",
      put: "return;",
    },
    {
      what: "an unfinished backup of nobody with segments is anybody's",
      file: "backup.ts",
      find: "return mayBeBlank && (",
      put: "return (",
    },
    {
      what: "two backups into one directory",
      file: "backup.ts",
      find: 'const lock = acquireDirectoryLock(target, { name: "LOCK" });',
      put: "const lock = { release(): void {} };",
    },
    { what: "a backup keeps its lock", file: "backup.ts", find: "lock.release();" },
    { what: "a digest is of nothing", file: "backup.ts", find: "digest.update(bytes);" },
    { what: "a signal does not end a backup", file: "backup.ts", find: "refuseAborted(signal);" },
    {
      what: "an unfinished backup is a store",
      file: "unfinished-backup.ts",
      find: "if (directory?.exists?.(UNFINISHED_BACKUP) !== true) return;",
      put: "if (directory !== null) return;",
    },
    // --- backup-verification.ts ---
    {
      what: "bytes behind a file are no change",
      file: "backup-verification.ts",
      find: "if (handle.stat().size !== expected.bytes) return false;",
    },
    {
      what: "any content is that of the report",
      file: "backup-verification.ts",
      find: 'return digest.digest("hex") === expected.sha256;',
      put: "return true;",
    },
    {
      what: "only the first piece of a file is read",
      file: "backup-verification.ts",
      find: "offset += count;",
      put: "offset += expected.bytes;",
    },
    {
      what: "a segment more is none",
      file: "backup-verification.ts",
      find: ".filter((file) => !known.has(file))",
      put: '.filter((file) => file === "")',
    },
    {
      what: "an unfinished backup may be intact",
      file: "backup-verification.ts",
      find: 'if (directory.exists(UNFINISHED_BACKUP)) findings.push({ kind: "unfinished", file: UNFINISHED_BACKUP });',
    },
    {
      what: "a file that is missing is there",
      file: "backup-verification.ts",
      find: 'if (!there.has(file)) findings.push({ kind: "missing", file }); else if',
      put: "if (!there.has(file)) void file; else if",
    },
    {
      what: "a signal does not end the verification of a backup",
      file: "backup-verification.ts",
      find: "refuseAborted(signal);",
    },
    { what: "a file that was verified stays open", file: "backup-verification.ts", find: "handle.close();" },
  ],
);

export const storeMaintenanceMutations = [...retention, ...backups];
