import { atomicReplace, stageFile, type Directory } from "@holdfast/fs-seam";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loneContext } from "../../test/captured-io.js";
import { scratch } from "../../test/scratch.js";
import { atomicReplaceStep } from "./atomic-replace-step.js";
import type { Save } from "./explore-save.js";
import { saveLikeTutorials } from "./naive-save-step.js";
import { makeDocument, sampleDocument } from "./tour-document.js";

const safety = "atomic-replace-never-loses-the-document";

test("atomicReplace saves, leaves nothing else, and loses the document nowhere", async () => {
  const directory = scratch();
  const context = loneContext(directory, sampleDocument());
  const [saves, safe, ...more] = await atomicReplaceStep().run(context);
  expect(more).toEqual([]);
  expect(saves).toMatchObject({ name: "atomic-replace-saves", ok: true });
  expect(readdirSync(join(directory, "atomic-replace"))).toEqual(["document"]);
  const saved = readFileSync(join(directory, "atomic-replace", "document"));
  expect(Buffer.compare(saved, context.document.after)).toBe(0);
  expect(safe).toMatchObject({ name: safety, ok: true, details: { failure: null } });
  expect(safe?.details["judged"]).toContain("posix");
  expect(safe?.details["judged"]).not.toContain("strict");
  expect(safe?.details["personalities"]).toMatchObject([
    { personality: "posix", states: 20, lost: 0, forgotten: 0, old: 18, new: 2, exhaustive: true },
    { personality: "strict" },
    { personality: "ext4-ordered", lost: 0, forgotten: 0, exhaustive: true },
    { personality: "ext4-noauto", lost: 0, forgotten: 0, exhaustive: true },
    { personality: "xfs", lost: 0, forgotten: 0, exhaustive: true },
    { personality: "btrfs", lost: 0, forgotten: 0, exhaustive: true },
  ]);
  expect(safe?.details.says).toMatch(
    /in none of \d+ explored crash states \(posix, ext4-ordered, ext4-noauto, xfs, btrfs\)/,
  );
});

test("what is shown and not judged is said", async () => {
  const context = loneContext(scratch());
  await atomicReplaceStep().run(context);
  expect(context.story.join("\n")).toMatch(/strict: a hardening mode .*\n.*shown and not judged/);
});

test.each([0, 5, 4096, 200_000])("a document of %i bytes is safe too", async (size) => {
  const document = makeDocument(new Uint8Array(size).fill(0x61));
  const claims = await atomicReplaceStep().run(loneContext(scratch(), document));
  expect(claims.map(({ ok }) => ok)).toEqual([true, true]);
});

/** Each breaks the promise in its own way; all of them work while the power stays on. */
const lossy: readonly (readonly [string, Save, RegExp])[] = [
  ["no sync at all", saveLikeTutorials, /breaks its promise in [\d,]+ of/],
  [
    "rung os",
    (directory, path, content) => atomicReplace(directory, path, content, { rung: "os" }),
    /breaks its promise/,
  ],
  ["no sync of the file", withoutFileSync, /breaks its promise/],
  ["no sync of the names: the save is forgotten", withoutNamesSync, /breaks its promise/],
  ["the sync behind the rename", syncAfterRename, /breaks its promise/],
  ["a sync of an empty file", syncBeforeWrite, /breaks its promise/],
  ["removed and then renamed", removeFirst, /breaks its promise/],
  ["written in place", inPlace, /breaks its promise/],
];

describe("a lossy replacement makes the claim fail", () => {
  test.each(lossy)("%s", async (_, save, says) => {
    const context = loneContext(scratch());
    const [saves, safe] = await atomicReplaceStep(save).run(context);
    expect(saves?.ok).toBe(true);
    expect(safe).toMatchObject({ name: safety, ok: false });
    expect(safe?.details.says).toMatch(says);
    expect(safe?.details["failure"]).toContain("a promise was broken");
    expect(context.story.join("\n")).toContain("a promise was broken");
  });

  test("one that does nothing proves nothing", async () => {
    const [saves, safe] = await atomicReplaceStep(() => {}).run(loneContext(scratch()));
    expect(saves).toMatchObject({ ok: false, details: { says: expect.stringContaining("does not read back") } });
    expect(safe?.ok).toBe(false);
  });

  test("one that leaves files behind is not clean", async () => {
    const [saves] = await atomicReplaceStep(async (directory, path, content) => {
      await atomicReplace(directory, path, content, { rung: "full" });
      stageFile(directory, path).handle.close(); // never published, never discarded
    }).run(loneContext(scratch()));
    expect(saves).toMatchObject({ ok: false, details: { says: expect.stringContaining("left 1 other file") } });
  });
});

function write(directory: Directory, path: string, content: Uint8Array, sync: boolean): void {
  const handle = directory.open(path, { mode: "write", create: "if-missing", truncate: true });
  handle.writeAt(content, 0);
  if (sync) handle.syncBlocking("full");
  handle.close();
}

function withoutFileSync(directory: Directory, path: string, content: Uint8Array): void {
  write(directory, ".~temporary", content, false);
  directory.rename(".~temporary", path);
  directory.syncNamesBlocking();
}

function withoutNamesSync(directory: Directory, path: string, content: Uint8Array): void {
  write(directory, ".~temporary", content, true);
  directory.rename(".~temporary", path);
}

function syncAfterRename(directory: Directory, path: string, content: Uint8Array): void {
  write(directory, ".~temporary", content, false);
  directory.rename(".~temporary", path);
  const handle = directory.open(path, { mode: "write" });
  handle.syncBlocking("full");
  handle.close();
  directory.syncNamesBlocking();
}

function syncBeforeWrite(directory: Directory, path: string, content: Uint8Array): void {
  const handle = directory.open(".~temporary", { mode: "write", create: "exclusive" });
  handle.syncBlocking("full");
  handle.writeAt(content, 0);
  handle.close();
  directory.rename(".~temporary", path);
  directory.syncNamesBlocking();
}

function removeFirst(directory: Directory, path: string, content: Uint8Array): void {
  write(directory, ".~temporary", content, true);
  directory.removeIfPresent(path);
  directory.rename(".~temporary", path);
  directory.syncNamesBlocking();
}

function inPlace(directory: Directory, path: string, content: Uint8Array): void {
  write(directory, path, content, true);
  directory.syncNamesBlocking();
}
