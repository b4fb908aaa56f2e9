// The checks of `holdfast dump`, `verify` and `stats` on databases of lsm-tree. A mistake here calls a database sound that does not open, or damaged
// while somebody writes to it.
import { area, tests } from "./area.mjs";

const files = [tests.cliDatabase, tests.cliDatabaseStats];

export const cliDatabaseMutations = area(
  "cli-database",
  files,
  [
    {
      what: "a table is judged by itself, whatever the manifest says",
      file: "inspect/table-file.ts",
      find: 'if (place.kind !== "named") return undefined;',
      put: 'if (place.kind !== "named" || place.table.bytes > 0) return undefined;',
    },
    {
      what: "a table under another name counts",
      file: "inspect/table-file.ts",
      find: 'place.kind === "unknown" && tableNumber !== undefined && tableNumber !== alone.tableNumber',
      put: "tableNumber === 0",
    },
    {
      what: "damage of a part of a table is not told",
      file: "inspect/table-file.ts",
      find: "if (problem !== undefined) {",
      put: "if (problem === null) {",
    },
    {
      what: "a table that is refused is not told of",
      file: "inspect/table-file.ts",
      find: "if (named instanceof LsmError) {",
      put: "if (named === null) {",
    },
    {
      what: "a table is an orphan although the manifest is not whole",
      file: "inspect/database-tables.ts",
      find: 'fault === undefined ? "orphan" : "unknown"',
      put: '"orphan"',
    },
    {
      what: "a table that was removed meanwhile is missed",
      file: "inspect/database-tables.ts",
      find: "isAbsent(table) && named.has(table.tableNumber)",
      put: "isAbsent(table)",
    },
    {
      what: "a table that was created meanwhile is missed",
      file: "inspect/database-tables.ts",
      find: "isAbsent(table) && named.has(table.tableNumber)",
      put: "named.has(table.tableNumber)",
    },
    {
      what: "no table is ever missing",
      file: "inspect/database-findings.ts",
      find: 'if (folder.name === tablesDirectory) yield* missingTables(folder, "");',
    },
    {
      what: "a directory of tables is not missed",
      file: "inspect/database-findings.ts",
      find: "yield* missingTables(empty, `${tablesDirectory}/`);",
    },
    {
      what: "data without a manifest are sound",
      file: "inspect/database-findings.ts",
      find: "if (!holdsData(folder)) return;",
      put: "return;",
    },
    {
      what: "a manifest is missed where there is nothing",
      file: "inspect/database-findings.ts",
      find: "if (!holdsData(folder)) return;",
    },
    {
      what: "a gap between tables and log is not told",
      file: "inspect/database-findings.ts",
      find: "lastLsn >= flushedLsn && firstLsn <= flushedLsn + 1",
      put: "lastLsn >= 0",
    },
    {
      what: "what the writer removes is unreadable",
      file: "inspect/host-tree.ts",
      find: 'error.code === "CLI_FILE_NOT_FOUND" && isOfDatabase(name, folder)',
      put: 'error.code === "CLI_USAGE"',
    },
    {
      what: "edits are not held against one another",
      file: "inspect/manifest-history.ts",
      find: "if (!this.#isBroken) this.#fold.add(changes);",
    },
    {
      what: "batches are not held against those before them",
      file: "inspect/batch-history.ts",
      find: "if (baseSeqno <= before) {",
      put: "if (baseSeqno < 0) {",
    },
    {
      what: "batches behind the tables are not held against the manifest",
      file: "inspect/batch-history.ts",
      find: "this.#inTables(lsn) ? 0 : (this.#state?.lastSeqno ?? 0)",
      put: "0",
    },
    {
      what: "records before the one that is asked for are taken",
      file: "inspect/log-walk.ts",
      find: "if (lsn === next) {",
      put: "if (lsn >= 0) {",
    },
    {
      what: "stats count what is in tables as pending",
      file: "log/database-stats.ts",
      find: "Math.max(flushedLsn + 1, log.firstLsn)",
      put: "log.firstLsn",
    },
    {
      what: "stats take a table of any size",
      file: "log/database-stats.ts",
      find: 'place.kind === "named" && place.table.bytes !== fileBytes',
      put: 'place.kind === "named" && fileBytes < 0',
    },
  ],
  "apps/cli",
);
