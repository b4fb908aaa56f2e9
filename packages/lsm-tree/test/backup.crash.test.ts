// A backup at every crash point: nothing, a target that is refused, or the whole of it; no manifest that names a table which is not there; and the source is what it
// was. LSM_LONG=1 makes more subsets of what is pending.
import { crashMatrix, type CrashMatrixOptions } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { checkTables, findTables } from "../src/database-files.js";
import { LsmError, openEngine, type Engine } from "../src/index.js";
import { MANIFEST_DIRECTORY, readManifest } from "../src/manifest-log.js";
import { UNFINISHED_BACKUP } from "../src/unfinished-backup.js";
import { bytes, contentOf, small } from "./engine-law.js";

const isLong = process.env["LSM_LONG"] === "1";

interface Found {
  readonly kind: "nothing" | "unfinished" | "whole";
  readonly content: readonly string[];
}

async function fill(directory: Directory): Promise<Engine> {
  const engine = await openEngine({ ...small, directory });
  for (const at of [1, 2]) {
    await engine.put(bytes(`a${at}`), bytes("x".repeat(40)));
    await engine.flush();
  }
  await engine.put(bytes("c"), bytes("in the log"));
  await engine.idle();
  return engine;
}

/** What somebody finds who wants to use the target. */
async function look(target: Directory): Promise<Found> {
  // S5: whatever else there is, a manifest names no table that is not there.
  if (target.exists(MANIFEST_DIRECTORY)) {
    const state = readManifest(target.directory(MANIFEST_DIRECTORY));
    if (state !== undefined) checkTables(state.version, findTables(target));
  }
  try {
    await using copy = await openEngine({ ...small, directory: target, readOnly: true });
    expect((await copy.verify()).problems).toEqual([]);
    return { kind: "whole", content: contentOf(copy) };
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    if (error.code === "LSM_NOT_FOUND") return { kind: "nothing", content: [] };
    if (error.code !== "LSM_UNFINISHED_BACKUP") throw error;
  }
  const opened = openEngine({ ...small, directory: target });
  await expect(opened).rejects.toMatchObject({ code: "LSM_UNFINISHED_BACKUP" });
  return { kind: "unfinished", content: [] };
}

test.each([
  ["linked", true],
  ["copied", false],
] as const)("law 58, S5: a backup whose tables are %s, cut off anywhere, and the next one", async (name, isLinked) => {
  const outside = new Directory(new MemoryFs());
  const source = await fill(outside);
  const expected = contentOf(source);
  const kinds = new Set<Found["kind"]>();
  const sourceIn = async (directory: Directory): Promise<Engine> =>
    isLinked ? openEngine({ ...small, directory: directory.directory("source") }) : source;
  const matrix: CrashMatrixOptions<Found> = {
    name: `a backup that is ${name}`,
    setup: async (directory) => {
      directory.makeDirectory("target");
      directory.makeDirectory("source");
      await directory.syncNames();
      if (isLinked) await (await fill(directory.directory("source"))).close();
    },
    workload: async (directory, run) => {
      const engine = await sourceIn(directory);
      run.ack("began", 0);
      const { tables, linkedTables } = await engine.backup(directory.directory("target"));
      expect(linkedTables).toBe(isLinked ? tables : 0);
      run.ack("done", tables);
    },
    recover: async (directory) => {
      const target = directory.directory("target");
      const found = await look(target);
      const engine = await sourceIn(directory);
      expect(contentOf(engine)).toEqual(expected);
      if (found.kind !== "whole") {
        await engine.backup(target); // into what the crash has left
        expect(await look(target)).toEqual({ kind: "whole", content: expected });
      }
      if (isLinked) await engine.close();
      return found;
    },
    check: (found, { acks }) => {
      kinds.add(found.kind);
      if (acks.some(({ label }) => label === "done")) expect(found.kind).toBe("whole");
      if (found.kind === "whole") expect(found.content).toEqual(expected);
    },
    maxRecoveries: 1_000_000,
  };
  // Once with many disks; once with crashes inside the next backup. Where tables are linked the source is opened and closed by each recovery, which
  // is no part of the law and takes most of the time.
  const wide = await crashMatrix({
    ...matrix,
    strategy: isLong ? { kind: "exhaustive", limit: 256 } : { kind: "levels", level: isLinked ? 1 : 2 },
    nested: 0,
    rememberReads: isLinked,
  });
  const deep = await crashMatrix({
    ...matrix,
    strategy: { kind: "levels", level: isLong ? 1 : 0 },
    nestedStrategy: { kind: "levels", level: isLong ? 1 : 0 },
    nested: 1,
    ...(isLinked && !isLong ? { personalities: ["posix"] } : {}),
  });
  expect([wide, deep].map(({ recoveries }) => recoveries > 40)).toEqual([true, true]);
  expect([...kinds].toSorted()).toEqual(["nothing", "unfinished", "whole"]);
  await source.close();
});

test("S5: an unfinished backup that is taken away leaves no manifest behind its tables", async () => {
  const source = await fill(new Directory(new MemoryFs()));
  const kinds = new Set<Found["kind"]>();
  await crashMatrix<Found>({
    name: "a backup over an unfinished one",
    setup: async (directory) => {
      await source.backup(directory);
      // As a crash leaves it behind the manifest and before the last step.
      directory.writeFile(UNFINISHED_BACKUP, new Uint8Array());
      await directory.syncNames();
    },
    workload: async (directory, run) => {
      run.ack("began", 0);
      await source.backup(directory);
    },
    recover: look,
    check: ({ kind }) => void kinds.add(kind),
    strategy: isLong ? { kind: "exhaustive", limit: 4096 } : { kind: "levels", level: 2 },
    nested: 0,
    rememberReads: true,
  });
  expect([...kinds].toSorted()).toEqual(["unfinished", "whole"]);
  await source.close();
});
