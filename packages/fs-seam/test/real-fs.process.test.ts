// RealFs against limits that only another process can be given.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { scratchDirectory } from "./support/real-scene.js";
import { SeamChild } from "./support/seam-child.js";
import { transpiledSource } from "./support/transpiled-source.js";

const entry = transpiledSource();

test("a process that may open no more files is told so, and nothing has changed", { timeout: 300_000 }, async () => {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "x");
  const child = await SeamChild.start(entry, root, { descriptors: 64 });
  const { ok } = await child.ask("exhaustDescriptors");
  expect(ok).toMatchObject({
    code: "FS_TOO_MANY_OPEN_FILES",
    exclusive: "FS_TOO_MANY_OPEN_FILES",
    names: "FS_TOO_MANY_OPEN_FILES",
    fresh: false,
  });
  expect((ok as { opened: number }).opened).toBeGreaterThan(10);
  expect(readdirSync(root)).toEqual(["file"]);
});

// Root may read everything, so the child gives up being root; who is not root already is somebody else.
test(
  "openDirectory passes over a parent it may not read, when there is nothing to create",
  { timeout: 300_000 },
  async () => {
    const root = scratchDirectory();
    for (const path of [root, dirname(entry)]) chmodSync(path, 0o755);
    mkdirSync(`${root}/closed/open`, { recursive: true });
    chmodSync(`${root}/closed`, 0o333);
    chmodSync(`${root}/closed/open`, 0o777);
    const child = await SeamChild.start(entry, root, { uid: process.getuid?.() === 0 ? 65_534 : undefined });
    expect(await child.ask("createBelowClosed", { path: "closed/open" })).toEqual({ ok: "/" });
    expect((await child.ask("createBelowClosed", { path: "closed/new" })).code).toBe("FS_PERMISSION_DENIED");
    chmodSync(`${root}/closed`, 0o755);
  },
);
