import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { atomicReplace } from "../src/atomic-replace.js";
import { CrashFs } from "../src/crash-fs.js";
import { Directory, tempPrefix } from "../src/directory.js";
import { acquireDirectoryLock } from "../src/directory-lock.js";
import { everyNthFault, type FaultOutcome } from "../src/fault-sweep.js";
import { FsError } from "../src/fs-error.js";
import { makeDirectoriesDurably } from "../src/make-directories-durably.js";
import { MemoryFs } from "../src/memory-fs.js";
import { stageFile } from "../src/publish.js";
import { RealFs } from "../src/real-fs.js";
import { removeDurably } from "../src/remove-durably.js";
import type { StoreFs } from "../src/store-fs.js";

// Goal: whichever call fails, and however, the caller gets a typed error or full success, no handle stays open, and what
// was there is whole. Method: fail the first, the second, ... call of every protocol until a run passes untouched.

const text = (content: string): Uint8Array => Uint8Array.from(Buffer.from(content));
const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

const backends: readonly (readonly [string, () => StoreFs])[] = [
  ["memory", () => prepared(new MemoryFs())],
  ["crash", () => prepared(new CrashFs())],
  [
    "real",
    () => {
      const root = mkdtempSync(join(tmpdir(), "holdfast-nth-"));
      roots.push(root);
      return prepared(new RealFs({ root }));
    },
  ],
];

function prepared(fs: StoreFs): StoreFs {
  const directory = new Directory(fs);
  directory.writeFile("doc", text("old"));
  directory.writeFile("gone", text("to be removed"));
  return fs;
}

let runs = 0;

/** Everything that orders disk operations, in one program. */
async function program(fs: StoreFs): Promise<void> {
  const directory = new Directory(fs);
  runs += 1;
  // A lock that could not be released stays held in this process, and a later root may get the inode of a removed one.
  const lock = acquireDirectoryLock(directory, { name: `LOCK-${runs}` });
  try {
    await makeDirectoriesDurably(directory, "deep/er");
    await atomicReplace(directory, "doc", [text("ne"), text("w")], { rung: "full" });
    const staged = stageFile(directory, "deep/er/published");
    try {
      staged.handle.append(text("published"));
    } catch (error) {
      staged.discard();
      throw error;
    }
    await staged.publish({ rung: "data" });
    await removeDurably(directory, "gone");
  } finally {
    lock.release();
  }
}

function content(directory: Directory, path: string): string | undefined {
  return directory.exists(path) ? Buffer.from(directory.readFile(path)).toString() : undefined;
}

function judge({ n, struck, error, leaked, inner }: FaultOutcome): void {
  const story = `call ${n}, ${struck?.operation ?? "none"} ${struck?.path ?? ""}`;
  expect(leaked, story).toEqual([]);
  const directory = new Directory(inner);
  expect(["old", "new"], story).toContain(content(directory, "doc"));
  expect([undefined, "published"], story).toContain(content(directory, "deep/er/published"));
  expect([undefined, "to be removed"], story).toContain(content(directory, "gone"));
  if (struck === undefined || error === undefined) {
    expect(error, story).toBeUndefined();
    expect(content(directory, "doc"), story).toBe("new");
    expect(content(directory, "deep/er/published"), story).toBe("published");
    expect(content(directory, "gone"), story).toBeUndefined();
    return;
  }
  expect(error, story).toBeInstanceOf(FsError);
  // An error that says so, and only such a one, comes after the new content became visible.
  if (error instanceof FsError && error.visible === true) expect(content(directory, "doc"), story).toBe("new");
}

const errnos = ["EIO", "ENOSPC", "EDQUOT", "EMFILE"];
const cases = backends.flatMap(([name, make]) => errnos.map((errno) => [name, errno, make] as const));

test.each(cases)(
  "%s: every call of every protocol fails once with %s",
  { timeout: 300_000 },
  async (_name, errno, make) => {
    const report = await everyNthFault({ make, fault: errno, run: program, check: judge });
    expect(report.faults).toBeGreaterThan(30);
  },
);

test.each(backends)(
  "%s: the device dies at every call, and nothing after it works",
  { timeout: 300_000 },
  async (_name, make) => {
    const report = await everyNthFault({
      make,
      fault: "EIO",
      repeat: "onwards",
      run: program,
      check: (outcome) => {
        const directory = new Directory(outcome.inner);
        expect(["old", "new"]).toContain(content(directory, "doc"));
        if (outcome.struck !== undefined) expect(outcome.error).toBeInstanceOf(FsError);
      },
    });
    expect(report.faults).toBeGreaterThan(20);
  },
);

test.each(backends)("%s: every write lands in part and then fails", { timeout: 300_000 }, async (_name, make) => {
  const fault = { kind: "torn", bytes: 1, errno: "ENOSPC" } as const;
  const report = await everyNthFault({ make, operations: ["write", "append"], fault, run: program, check: judge });
  expect(report.faults).toBeGreaterThanOrEqual(4);
});

test("a failed replace leaves no temporary file behind", async () => {
  const make = backends[2]?.[1];
  if (make === undefined) throw new Error("no real backend");
  await everyNthFault({
    make,
    operations: ["write", "append", "sync", "rename"],
    fault: "ENOSPC",
    run: (fs) => atomicReplace(new Directory(fs), "doc", text("new"), { rung: "full" }),
    check: () => {
      const root = roots.at(-1);
      if (root === undefined) throw new Error("no root");
      expect(readdirSync(root).filter((name) => name.startsWith(tempPrefix))).toEqual([]);
    },
  });
});
