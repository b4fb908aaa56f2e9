import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Part } from "../suite.js";
import type { AsyncContestant } from "../workload.js";
import { classic, keyOf, load, newLevel, ours, shuffled, valueOf } from "./lsm-level-peers.js";
import type { LevelKind } from "./lsm-level-peers.js";
import { levelRows } from "./lsm-level-rows.js";
import { inDirectory } from "./store-workloads.js";

/** How long a database takes to open: closed cleanly, and as the end of its process leaves it. */
export const lsmLevelOpenPart: Part = {
  name: "level-open",
  measure: ({ quick }) =>
    inDirectory(async (root) => {
      const count = quick ? 20_000 : 200_000;
      const rounds = quick ? 2 : 5;
      const clean = { ours: await closed(ours, root, count), classic: await closed(classic, root, count) };
      const killed = { ours: await copied(ours, root, count), classic: await copied(classic, root, count) };
      return [
        ...(await levelRows(
          { id: "level/open", workload: `open with ${count} keys, closed cleanly`, bar: 0.5, of: "time", rounds },
          { ours: opens(ours, root, clean.ours), classic: opens(classic, root, clean.classic) },
        )),
        ...(await levelRows(
          {
            id: "level/open-killed",
            workload: `open with ${count} keys after a kill, 6 MB of writes in the log alone`,
            note: "files copied while the database was open stand for a kill: the system keeps what was written",
            bar: 1,
            of: "time",
            rounds,
          },
          { ours: opens(ours, root, killed.ours), classic: opens(classic, root, killed.classic) },
        )),
      ];
    }),
};

async function closed(kind: LevelKind, root: string, count: number): Promise<string> {
  const { level, path } = await newLevel(kind, root);
  await load(level, shuffled(count));
  await level.close();
  return path;
}

/**
 * The files of a database that is open, with writes since its tables were written: as many as fit the write buffers of both, so that neither is in the
 * middle of writing a table.
 */
async function copied(kind: LevelKind, root: string, count: number): Promise<string> {
  const { level, path } = await newLevel(kind, root);
  await load(level, shuffled(count));
  await level.close();
  await level.open();
  for (let number = 0; number < 45_000; number += 1) {
    const written = level.put(keyOf(number * 2), valueOf(number));
    if (number % 100 === 99) await written;
  }
  const copy = mkdtempSync(join(root, "killed-"));
  copyFiles(path, copy);
  await level.close();
  return copy;
}

/** Each turn opens a copy of its own, since opening writes. */
function opens(kind: LevelKind, root: string, from: string): AsyncContestant {
  return {
    name: kind.name,
    operations: 1,
    async prepare() {
      const path = mkdtempSync(join(root, "copy-"));
      copyFiles(from, path);
      let level: Awaited<ReturnType<LevelKind["open"]>> | undefined;
      return {
        async run() {
          level = await kind.open(path);
          if ((await level.get(keyOf(0))) === undefined) throw new Error("lost");
        },
        async dispose() {
          await level?.close();
          rmSync(path, { recursive: true });
        },
      };
    },
  };
}

/** Without the lock, which is of a process that lives. */
function copyFiles(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (source) => !source.endsWith("LOCK") });
}
