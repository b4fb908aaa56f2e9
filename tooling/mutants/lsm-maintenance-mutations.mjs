// Backups, verification, readers and statistics of a database: every barrier, every refusal, and what must not be closed too early.
import { lsmArea, tests } from "./area.mjs";

export const lsmMaintenanceMutations = lsmArea(
  "lsm backup",
  [tests.lsmBackup, tests.lsmBackupCrash],
  [
    {
      what: "no name says that a backup is unfinished",
      file: "backup.ts",
      find: "this.#markUnfinished();\n    await",
      put: "await",
    },
    {
      what: "the name that says unfinished is not durable before the others",
      file: "backup.ts",
      find: "await target.syncNames(); // before any other name, ",
      put: "// ",
    },
    {
      what: "an earlier manifest may outlive its tables",
      file: "backup.ts",
      find: "await target.syncNames(); // before the tables that it names go",
    },
    {
      what: "the names of tables are not durable before the manifest",
      file: "backup.ts",
      find: "await target.syncNames(TABLES_DIRECTORY);",
    },
    {
      what: "copied tables are not durable before the manifest",
      file: "backup.ts",
      find: 'await this.#slices.wait(writer.sync("data"));',
    },
    {
      what: "the manifest comes before the tables",
      file: "backup.ts",
      find: "await this.#takeTables();\n    await target.syncNames(TABLES_DIRECTORY);\n    await this.#writeManifest();",
      put: "await this.#writeManifest(); await this.#takeTables(); await target.syncNames(TABLES_DIRECTORY);",
    },
    {
      what: "the name that says unfinished goes, and may come back",
      file: "backup.ts",
      find: "await removeDurably(target, UNFINISHED_BACKUP);",
      put: "target.remove(UNFINISHED_BACKUP);",
    },
    {
      what: "the copy says that a log is in its tables",
      file: "backup.ts",
      find: "this.#state = { ...state, flushedLsn: 0 };",
      put: "this.#state = state;",
    },
    {
      what: "copied bytes are not looked at",
      file: "backup.ts",
      find: "if (isLinked) return;",
      put: "return;",
    },
    {
      what: "a target that holds something is taken",
      file: "backup.ts",
      find: "    refuseOthers(target);",
    },
    {
      what: "what is in memory is left out",
      file: "engine.ts",
      in: "async backup(",
      find: "await slices.wait(this.flush());",
    },
    {
      what: "what was cleared a moment ago is copied",
      file: "engine.ts",
      in: "async backup(",
      find: "await slices.wait(installer.settleClear());",
    },
    {
      what: "tables may go while they are copied",
      file: "engine.ts",
      in: "async backup(",
      find: "const pin = tree.versions.pin(state.version);",
      put: "const pin = tree.versions.pin(tree.version); pin.release();",
    },
    {
      what: "an unfinished backup is opened",
      file: "database-files.ts",
      find: "refuseUnfinished(directory);",
    },
    {
      what: "a close does not end a backup",
      file: "long-calls.ts",
      find: 'this.#stop.abort(new LsmError("LSM_CLOSED", "the database was closed"));',
    },
    {
      what: "a snapshot of a reader sees what a refresh has brought",
      file: "engine-reader.ts",
      find: "((snapshot && this.#snapshots.get(snapshot)) ?? this.#moment).tree",
      put: "this.#moment.tree",
      tests: [tests.lsmReader],
    },
    {
      what: "a refresh closes what is still read",
      file: "engine-reader.ts",
      find: "tree.versions.isPinned || tree.snapshots.count > 0",
      put: "false",
      tests: [tests.lsmReader],
    },
    {
      what: "a refresh closes nothing",
      file: "engine-reader.ts",
      find: "this.#closeUnread();",
      tests: [tests.lsmReader],
    },
    {
      what: "a reader that is closed keeps files of moments that it has passed",
      file: "engine-reader.ts",
      find: "for (const { pins } of [this.#moment, ...this.#earlier]) for (const pin of pins) pin.release();",
      tests: [tests.lsmReader],
    },
    {
      what: "a manifest may say less than was written",
      file: "database-verification.ts",
      find: "if (found[field] >= state[field]) continue;",
      put: "if (found[field] >= 0) continue;",
      tests: [tests.lsmVerification],
    },
  ],
);
