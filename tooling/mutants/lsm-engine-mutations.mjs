// The engine: every barrier between a write and its acknowledgement, and every order of two steps that a crash may come between.
import { lsmArea, tests } from "./area.mjs";

const crash = [tests.lsmEngineCrash];
const histories = [tests.lsmEngineHistories];

export const lsmEngineMutations = [
  ...lsmArea("lsm engine barriers", crash, [
    {
      what: "the log is not durable up to what an edit says is in tables",
      file: "edit-install.ts",
      find: "    await this.#syncLog(log, flushedLsn);",
    },
    {
      what: "the name of a flushed table is not durable",
      file: "flush.ts",
      find: "    await slices.wait(tree.tables.syncNames());",
    },
    {
      what: "an edit is not durable when it counts",
      file: "manifest-log.ts",
      find: "    await this.#barrier();\n    this.#state = next;",
      put: "    this.#state = next;",
    },
    {
      what: "the segments before a snapshot go before it is durable",
      file: "manifest-log.ts",
      find: "    await this.#barrier();\n    this.#isSnapshotOpen = false;",
      put: "    this.#isSnapshotOpen = false;",
    },
    {
      what: "the names of what a compaction has written are not durable",
      file: "compaction/job.ts",
      find: "    await slices.wait(tables.syncNames());",
    },
    {
      what: "tables are not durable",
      file: "table-creation.ts",
      find: '      await this.#handle.sync("data");',
    },
    {
      what: "tables go before the edit that removes them",
      file: "edit-install.ts",
      find: "    try {\n      state = await manifest.append(",
      put: `    const gone = edit.changes(manifest.state) ?? [];
    tree.versions.show(manifest.state.version.apply(gone));
    tree.versions.retire(removedBy(gone));
    try {
      state = await manifest.append(`,
    },
    {
      what: "a table whose barrier has failed is named",
      file: "table-creation.ts",
      in: "async finish()",
      find: "      throw this.#spaceFailure(error);",
    },
    {
      what: "a table that a flush has given up stays",
      file: "flush.ts",
      find: "    table?.abandon();\n    throw ofSpace(error);",
      put: "    throw ofSpace(error);",
    },
    {
      what: "outputs that a compaction has given up stay",
      file: "compaction/job.ts",
      find: "    merge.outputs.abandon();\n    throw error;",
      put: "    throw error;",
    },
    {
      what: "what no edit names stays when it is opened",
      file: "recovery.ts",
      find: 'if (orphans === "keep" || mode === "salvage") return names;',
      put: "return names;",
    },
    {
      what: "the names of the directories are not durable",
      file: "recovery.ts",
      find: "await makeDirectoriesDurably(directory, name);",
      put: "directory.makeDirectories(name);",
    },
    {
      what: "a write that waits for a barrier resolves without one",
      file: "write-path.ts",
      find: "    this.#log.sync(group.barrier).then(",
      put: "    Promise.resolve().then(",
    },
  ]),
  ...lsmArea("lsm engine order", histories, [
    {
      what: "a job that a clear has ended installs what it made",
      file: "engine-maintenance.ts",
      find: "            if (epoch !== this.#epoch) return undefined;",
      tests: [tests.lsmEngineRecovery],
    },
    {
      what: "a clear is not owed to the manifest",
      file: "edit-install.ts",
      find: "    this.#owed = clear;",
    },
    {
      what: "tables go although somebody reads them",
      file: "version-set.ts",
      find: "[this.#current, ...this.#pins.keys()]",
      put: "[this.#current]",
      tests: [tests.lsmEngineRecovery],
    },
    {
      what: "a flush drops what a snapshot sees",
      file: "flush.ts",
      find: "snapshots: tree.snapshots.seqnos(),",
      put: "snapshots: [],",
    },
    {
      what: "a flush drops a delete of what tables have",
      file: "flush.ts",
      find: "mayHaveOlder: (entry) => mayHold(version, entry),",
      put: "mayHaveOlder: () => false,",
    },
    {
      what: "records that are in tables are replayed",
      file: "recovery.ts",
      find: "log.read({ from: state.flushedLsn + 1 })",
      put: "log.read()",
    },
    {
      what: "a write that resolves is not before readers",
      file: "live-tree.ts",
      find: "    this.#visibleSeqno += operationCount;",
    },
    {
      what: "a batch is lent for longer than the call",
      file: "write-batch.ts",
      find: "    this.#bytes.set(other.#bytes.subarray(LOG_RECORD_HEADER_BYTES, other.#at), this.#at);",
    },
  ]),
  ...lsmArea(
    "lsm engine refusals",
    [tests.lsmEngineFaults, tests.lsmEngine],
    [
      {
        what: "a failed barrier of the log ends nothing",
        file: "write-path.ts",
        find: "    this.#hooks.onFailure(error);\n    return poisonedBy(error);",
        put: "    return poisonedBy(error);",
        tests: [tests.lsmEngine],
      },
      {
        what: "an edit that follows a cut-off snapshot needs no other one",
        file: "manifest-log.ts",
        find: "      manifest.#isSnapshotOpen = fold.hasOpenSnapshot || fold.state === undefined;",
        tests: [tests.lsmManifest],
      },
      {
        what: "a close leaves its edits to the next open, however many there are",
        file: "manifest-log.ts",
        find: "this.#editBytes > this.#segmentBytes",
        put: "false",
        tests: [tests.lsmManifest],
      },
      {
        what: "edits before a snapshot count behind an open",
        file: "manifest-log.ts",
        find: "[last, editBytes] = [begun, 0];",
        put: "last = begun;",
        tests: [tests.lsmManifest],
      },
      {
        what: "edits of an earlier session count for nothing",
        file: "manifest-log.ts",
        find: "      manifest.#editBytes = editBytes;\n",
        tests: [tests.lsmManifest],
      },
      {
        what: "what a crash has left before a snapshot stays",
        file: "manifest-log.ts",
        find: "else await manifest.#prune(snapshotLsn - 1);",
        put: "else ;",
        tests: [tests.lsmManifest],
      },
      {
        what: "what is closed is read",
        file: "engine.ts",
        find: "    if (this.#isOver) throw",
        put: "    if (false) throw",
        tests: [tests.lsmEngine],
      },
      {
        what: "a write is refused before anything else has had a turn",
        file: "write-path.ts",
        find: "void this.#hooks.turn().then(() => group.refuse(error));",
        put: "group.refuse(error);",
        tests: [tests.lsmWritePath],
      },
      {
        what: "a flush does not say that its own writes have ended the database",
        file: "engine.ts",
        find: "    this.#checkSound(); // what has been flushed is",
        put: "    // what has been flushed is",
        tests: [tests.lsmEngine],
      },
      {
        what: "a flush that is carried out beside a close fails",
        file: "engine.ts",
        find: "    this.#checkSound(); // what has been flushed is",
        put: "    this.#checkWritable(); // what has been flushed is",
        tests: [tests.lsmEngine],
      },
      {
        what: "a range clear that finds nothing makes no barrier",
        file: "range-clear.ts",
        find: "  await engine.write(batch, { rung }); // what it covers is",
        put: "  if (batch.operationCount > 0) await engine.write(batch, { rung }); // what it covers is",
        tests: [tests.lsmLiveness],
      },
      {
        what: "a barrier of a call that writes nothing is of the lower rung",
        file: "write-path.ts",
        find: 'else if (rung !== "memory") await this.#log.sync(rung);',
        put: 'else if (rung !== "memory") await this.#log.sync("data");',
        tests: [tests.lsmLiveness],
      },
      {
        what: "a range clear reads in one go",
        file: "range-clear.ts",
        find: "    if (slices.spend(cursor.valueEnd - cursor.valueStart)) await slices.pause();",
        tests: [tests.lsmLiveness],
      },
      {
        what: "batches of a range clear are of any size",
        file: "range-clear.ts",
        find: " || batch.recordBytes >= CLEAR_BATCH_BYTES",
        tests: [tests.lsmLiveness],
      },
      {
        what: "the lock is not given back",
        file: "engine.ts",
        find: "    lock.release();",
      },
    ],
  ),
];
