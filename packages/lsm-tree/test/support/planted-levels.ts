// A database with tables on every level, as years of writing leave one, made by hand.
import type { Directory } from "@holdfast/fs-seam";
import { resolveEngineOptions, type EngineSettings } from "../../src/engine-options.js";
import { tableStoreOf } from "../../src/engine-tables.js";
import { entryKinds } from "../../src/internal-key.js";
import { ManifestLog, MANIFEST_DIRECTORY } from "../../src/manifest-log.js";
import type { DatabaseIdentity, EditChange } from "../../src/version-edit.js";
import { Version } from "../../src/version.js";
import type { ModelState } from "./history-model.js";

const LEVELS = 7;

const database: DatabaseIdentity = {
  formatVersion: 1,
  databaseId: new Uint8Array(16).fill(9),
  comparator: 1,
  hashKey: { low: 1, high: 2 },
  levelCount: LEVELS,
};

/**
 * Writes levels 6 to 0, from the oldest to the newest, each with some of the keys: every third entry is a delete, so that old values lie below most
 * of them.
 *
 * @param keys - in hex, in order.
 * @returns what the database shows.
 */
export async function plantLevels(
  directory: Directory,
  settings: EngineSettings,
  keys: readonly string[],
): Promise<ModelState> {
  const turn = (): Promise<void> => Promise.resolve();
  const options = resolveEngineOptions({
    ...settings,
    directory,
    clock: () => 0,
    turn,
    random: (target) => target.fill(5),
  });
  for (const name of ["tables", "manifest"]) directory.makeDirectory(name);
  const files = tableStoreOf(options, database);
  const content = new Map<string, string>();
  const changes: EditChange[] = [];
  let seqno = 0;
  let tableNumber = 0;
  for (let level = LEVELS - 1; level >= 0; level--) {
    // The deeper a level, the more tables; two keys apart, so that each has a part of what lies below it.
    const chosen = keys.filter((_, at) => at % (LEVELS - level) !== 1);
    const tables = Math.max(1, level - 2);
    for (let part = 0; part < tables; part++) {
      const table = files.create((tableNumber += 1), { level });
      const from = Math.floor((chosen.length * part) / tables);
      for (const key of chosen.slice(from, Math.floor((chosen.length * (part + 1)) / tables))) {
        seqno += 1;
        const isDelete = (seqno + level) % 3 === 0;
        const value = isDelete ? "" : `planted ${seqno}`;
        if (isDelete) content.delete(key);
        else content.set(key, value);
        const keyBytes = Buffer.from(key, "hex");
        const valueBytes = Buffer.from(value);
        table.builder.add({
          ...{ keyBytes, keyStart: 0, keyEnd: keyBytes.length, valueBytes, valueStart: 0, valueEnd: valueBytes.length },
          ...{ seqno, kind: isDelete ? entryKinds.delete : entryKinds.put },
        });
      }
      changes.push({ kind: "addTable", table: await table.finish() });
    }
  }
  await files.syncNames();
  files.close();
  for (const name of ["tables", "manifest"]) directory.syncNamesBlocking(name);
  directory.syncNamesBlocking("");
  const version = Version.empty(LEVELS).apply(changes);
  const manifest = await ManifestLog.open(
    { directory: directory.directory(MANIFEST_DIRECTORY), mode: "recover", manifestBytes: 100_000, turn },
    { database, version, nextFileNumber: tableNumber + 1, lastSeqno: seqno, flushedLsn: 0, compactPointers: new Map() },
  );
  await manifest.close();
  return { seqno, content };
}
