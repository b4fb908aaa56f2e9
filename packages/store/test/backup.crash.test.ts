// A backup at every crash point of its target: none, one that is refused, or the whole one; and the source is never touched.
//
// STORE_LONG=1 makes every subset of what is pending inside the next backup as well.
import type { CrashMatrixOptions } from "@holdfast/crash-test";
import { Directory, isFsError } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { WalError } from "@holdfast/wal";
import { expect, test } from "vitest";
import { openStoreReader, StoreError, type Store } from "../src/index.js";
import { backup, verifyBackup, type BackupReport } from "../src/maintenance-entry.js";
import { determined, events, openSample, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";
import { explorationTimeoutMs, explore } from "./support/exploration.js";
import { filledStore } from "./support/retained-store.js";

const isLong = process.env["STORE_LONG"] === "1";

interface Found {
  readonly kind: "nothing" | "unfinished" | "whole";
  readonly events: readonly string[];
}

/** What somebody finds who wants to use the target; opening it for writing has to say the same. */
async function look(target: Directory): Promise<Found> {
  try {
    const beside = openStoreReader({ directory: target, events });
    const told = allTold(beside, beside.lastSequence);
    const verified = await beside.verify();
    if (verified.kind !== "intact") throw new Error(`does not verify: ${JSON.stringify(verified.fault)}`);
    beside.close();
    return { kind: "whole", events: told };
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return { kind: "nothing", events: [] };
    if (!isUnfinished(error)) throw error;
    const opened = await openSample(target, determined(3)).catch((refusal: unknown) => {
      if (!isUnfinished(refusal)) throw refusal;
    });
    if (opened !== undefined) throw new Error("was opened for writing", { cause: error });
    return { kind: "unfinished", events: [] };
  }
}

function isUnfinished(error: unknown): boolean {
  return error instanceof StoreError && error.code === "STORE_UNFINISHED";
}

async function recover(directory: Directory, source: Store<Sample>): Promise<Found> {
  let target: Directory;
  try {
    target = directory.directory("backup");
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return { kind: "nothing", events: [] };
    throw error;
  }
  const found = await look(target);
  if (found.kind === "whole") return found;
  const report = await backup(source, target); // into what the crash has left
  const verdict = await verifyBackup(target, report);
  const after = await look(target);
  if (verdict.kind !== "intact" || after.kind !== "whole") throw new Error("another backup did not make it whole");
  if (after.events.join() !== allTold(source, source.lastSequence).join()) throw new Error("it holds something else");
  return found;
}

test.for([
  ["one segment", 2],
  ["several", 7],
] as const)(
  "the law holds at every crash point of a backup of %s, and inside the next one",
  { timeout: explorationTimeoutMs },
  async ([name, count], context) => {
    const source = await filledStore(new Directory(new MemoryFs()), { count });
    const expected = allTold(source, source.lastSequence);
    const kinds = new Set<Found["kind"]>();
    const matrix: CrashMatrixOptions<Found> = {
      name: `a backup of ${name}`,
      setup: async (directory) => {
        directory.makeDirectory("backup");
        await directory.syncNames();
      },
      workload: async (directory, run) => {
        run.ack("began", 0);
        const made: BackupReport = await backup(source, directory.directory("backup"));
        run.ack("done", made.anchor.sequence);
      },
      recover: (directory) => recover(directory, source),
      check: (found, { acks }) => {
        kinds.add(found.kind);
        const isDone = acks.some(({ label }) => label === "done");
        if (isDone && found.kind !== "whole") throw new Error(`was done, and is ${found.kind}`);
        if (found.kind === "whole" && found.events.join() !== expected.join()) throw new Error("holds something else");
      },
      strategy: { kind: "exhaustive", limit: 4096 },
      nestedStrategy: isLong ? { kind: "exhaustive", limit: 4096 } : { kind: "levels", level: 1 },
    };
    const explored = await explore(matrix, context);
    expect(explored.recoveries).toBeGreaterThan(100);
    expect(explored.insideRecovery).toBeGreaterThan(100);
    expect([...kinds].toSorted()).toEqual(["nothing", "unfinished", "whole"]);
    await source.close();
  },
);
