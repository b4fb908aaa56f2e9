// The defects of the list in packages/lsm-tree/test/known-defects.md, each put in on purpose. The test by its number is the one that has to
// notice; the engine stands on two logs, so some of them are put into those. S7 and S12 are in `lsm-compaction-mutations.mjs`.
import { area, lsmArea, tests } from "./area.mjs";

const usual = [tests.lsmDefects];
const options = [tests.lsmOptions];
const walOf = (entries) => area("packages/lsm-tree defects", usual, entries, "packages/wal");

export const lsmDefectMutations = [
  ...lsmArea("packages/lsm-tree defects", usual, [
    {
      what: "S1: an edit carries the whole level",
      file: "manifest-log.ts",
      find: "      ...changes,\n    ];",
      put: '      ...changes,\n      { kind: "note", text: "x".repeat(33 * this.#state.version.tableCount) },\n    ];',
    },
    {
      what: "S1: an edit has at most 64 KiB",
      file: "manifest-log.ts",
      find: "const MAX_EDIT_BYTES = 0x1000_0000;",
      put: "const MAX_EDIT_BYTES = 0x1_0000;",
    },
    {
      what: "S2: the names of the logs are not durable",
      file: "recovery.ts",
      find: "await makeDirectoriesDurably(directory, name);",
      put: "directory.makeDirectories(name);",
    },
    {
      what: "S4: the name of a table is not durable before its edit",
      file: "flush.ts",
      find: "    await slices.wait(tree.tables.syncNames());",
    },
    {
      what: "S13: compactions know seven levels",
      file: "compaction/level-targets.ts",
      find: "for (let level = 1; level < version.levels.length; level++) {",
      put: "for (let level = 1; level < 7; level++) {",
    },
    {
      what: "S14: the operations of a batch share a seqno",
      file: "batch-application.ts",
      find: "memtable.addKept(kind, seqno,",
      put: "memtable.addKept(kind, baseSeqno,",
    },
    {
      what: "S17: outputs of a compaction whose edit is in doubt are removed",
      file: "compaction/compactor.ts",
      find: "    if (!(await slices.wait(host.install(result.changes)))) {",
      put: `    const installed = host.install(result.changes).catch((error: unknown) => {
      for (const { tableNumber } of result.added) host.tables.remove(tableNumber);
      throw error;
    });
    if (!(await slices.wait(installed))) {`,
    },
    {
      what: "S17: inputs of a compaction go before its edit is durable",
      file: "edit-install.ts",
      find: "    let state: ManifestState | undefined;\n    try {",
      put: "    let state: ManifestState | undefined;\n    tree.versions.retire(removedBy(edit.changes(manifest.state) ?? []));\n    tree.versions.show(manifest.state.version.apply(edit.changes(manifest.state) ?? []));\n    try {",
    },
    {
      what: "S18: a manifest that has no room to be written anew ends the database",
      file: "manifest-log.ts",
      find: "if (!isOutOfSpace(error)) this.#fail(error); // the next edit says so",
      put: "this.#fail(error);",
    },
    {
      what: "S22: a snapshot that was released is read at",
      file: "readable-engine.ts",
      find: 'if (snapshot.released) throw new LsmError("LSM_SNAPSHOT_RELEASED", "the snapshot was released");',
    },
    {
      what: "S22: what a snapshot sees is compacted away",
      file: "engine-maintenance.ts",
      find: "snapshots: () => tree.snapshots.seqnos(),",
      put: "snapshots: () => [],",
    },
  ]),
  ...lsmArea(
    "packages/lsm-tree defects",
    [tests.lsmFilter],
    [
      {
        what: "S11: a filter has a word for each bit",
        file: "bloom-filter.ts",
        find: "Math.ceil((count * bitsPerKey) / (LINE_BYTES * 8))",
        put: "Math.ceil((count * bitsPerKey) / LINE_BYTES)",
      },
      {
        what: "S19: a filter may fail for some keys",
        file: "bloom-filter.ts",
        find: "  const view = new DataView(payload.buffer);\n  view.setUint8(0, TYPE_BLOCKED_BLOOM);",
        put: '  if (count % 56 === 55) throw new Error("no solution");\n  const view = new DataView(payload.buffer);\n  view.setUint8(0, TYPE_BLOCKED_BLOOM);',
      },
    ],
  ),
  ...lsmArea("packages/lsm-tree defects", options, [
    {
      what: "S15: maxOpenTables does nothing",
      file: "engine-tables.ts",
      find: "...{ maxOpenTables, blockBytes, filterBitsPerKey },",
      put: "...{ blockBytes, filterBitsPerKey },",
    },
    {
      what: "S15: filterBitsPerKey does nothing",
      file: "engine-tables.ts",
      find: "...{ maxOpenTables, blockBytes, filterBitsPerKey },",
      put: "...{ maxOpenTables, blockBytes },",
    },
    {
      what: "S15: blockBytes does nothing",
      file: "engine-tables.ts",
      find: "...{ maxOpenTables, blockBytes, filterBitsPerKey },",
      put: "...{ maxOpenTables, filterBitsPerKey },",
    },
    {
      what: "S15: cacheBytes does nothing",
      file: "engine-tables.ts",
      find: "new S3FifoCache({ maxBytes: cacheBytes })",
      put: "new S3FifoCache({ maxBytes: 0 })",
    },
    {
      what: "S15: codec does nothing",
      file: "engine-tables.ts",
      find: "...(codec === undefined ? {} : { codec }),",
    },
    {
      what: "S15: codecs does nothing",
      file: "engine-tables.ts",
      find: "...(codecs === undefined ? {} : { codecs }),",
      tests: [tests.lsmEngineDamage],
    },
    {
      what: "S15: paranoidOpen does nothing",
      file: "recovery.ts",
      find: "    if (!paranoidOpen) return problems;",
      put: "    return problems;",
      tests: [tests.lsmEngineDamage],
    },
    {
      what: "S15: tableBytes does nothing",
      file: "engine-maintenance.ts",
      find: "{ targetTableBytes: tableBytes, unreadable: parts.unreadable },",
      put: "{ targetTableBytes: 8_000_000, unreadable: parts.unreadable },",
    },
    {
      what: "S15: clock does nothing",
      file: "engine-tables.ts",
      find: "hashKey, now: clock }",
      put: "hashKey }",
    },
  ]),
  ...walOf([
    {
      what: "S3, S21: a torn end stays in front of what is written next",
      file: "recovery.ts",
      find: "copy.write();",
      put: "copy.write(); if (tail.dropped.length > 0) { staged.handle.append(new Uint8Array(24).fill(7)); copy.writtenBytes += 24; }",
    },
    {
      what: "S6, S20: the end of a log moves on although a write was cut short",
      file: "log-writer.ts",
      find: "throw spaceFailure(error, open.segment.file);",
      put: "open.writtenBytes += 64; throw spaceFailure(error, open.segment.file);",
    },
  ]),
];

/** What histories of everything have to notice, whatever other tests do: sequences, drops, barriers and pins. */
export const lsmModelMutations = lsmArea(
  "lsm engine model",
  [tests.lsmModel],
  [
    {
      what: "a write that the system should have stays in the process",
      file: "write-path.ts",
      find: "return isWritten ? this.#log.appendWritten([record]) : this.#log.append(record);",
      put: "return this.#log.append(record);",
    },
    {
      what: "law 45a: the log is not durable up to what an edit says is in tables",
      file: "edit-install.ts",
      find: "    await this.#syncLog(log, flushedLsn);",
    },
    {
      what: "the last seqno of what is in tables is not kept",
      file: "recovery.ts",
      find: "...{ hashKey: database.hashKey, tables: files, version, lastSeqno, flushedLsn },",
      put: "...{ hashKey: database.hashKey, tables: files, version, lastSeqno: 0, flushedLsn },",
    },
    {
      what: "a number is given again that the files of an unfinished job have",
      file: "recovery.ts",
      find: "this.#nextFileNumber = Math.max(state.nextFileNumber, greatest + 1);",
      put: "this.#nextFileNumber = state.nextFileNumber;",
    },
    {
      what: "a compaction drops deletes of what lies deeper",
      file: "compaction/older-tables.ts",
      find: "if (compareBytes(smallest, 0, smallest.length, keyBytes, keyStart, keyEnd) <= 0) return true;",
    },
    {
      what: "a flush drops what a snapshot sees",
      file: "flush.ts",
      find: "snapshots: tree.snapshots.seqnos(),",
      put: "snapshots: [],",
    },
    {
      what: "a clear is not carried out again by an open",
      file: "recovery.ts",
      find: "          tree.clear(record.lsn, Version.empty(state.database.levelCount));",
      put: "          tree.publish(record.lsn, 0, 1);",
    },
    {
      what: "a clear owes the manifest nothing",
      file: "edit-install.ts",
      find: "    this.#owed = clear;",
    },
    {
      what: "tables that nobody reads stay",
      file: "version-set.ts",
      find: "    this.#pins.delete(version);\n    this.#sweep();",
      put: "    this.#pins.delete(version);",
    },
    {
      what: "of several sealed memtables the newest is flushed first",
      file: "engine-maintenance.ts",
      find: "    const [sealed] = tree.sealed;",
      put: "    const sealed = tree.sealed.at(-1);",
    },
    {
      what: "an edit is not durable when it counts",
      file: "manifest-log.ts",
      find: "    await this.#barrier();\n    this.#state = next;",
      put: "    this.#state = next;",
    },
  ],
);
