// Whose business the name of a database's directory is: whoever creates the database makes it durable first, and an open relies on that.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { expect, test, vi } from "vitest";
import { LsmLevel } from "../src/lsm-level.js";

vi.mock(import("@holdfast/fs-seam"), async (original) => {
  const seam = await original();
  return { ...seam, openDirectory: vi.fn<typeof seam.openDirectory>(seam.openDirectory) };
});

/** Whether an open of the path asked for its name to be made durable, which `openDirectory` does with `create`. */
async function makesNameDurable(path: string, options: object = {}): Promise<boolean> {
  vi.mocked(openDirectory).mockClear();
  const level = new LsmLevel(path, options);
  await level.open();
  await level.close();
  return vi.mocked(openDirectory).mock.calls.some(([, settings]) => settings?.create === true);
}

test("the name of a directory is made durable before there is a database in it, and not again by an open", async () => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-level-"));
  const path = join(root, "made", "here");
  expect(await makesNameDurable(path)).toBe(true);
  expect(await makesNameDurable(path)).toBe(false);
  expect(await makesNameDurable(path, { readOnly: true })).toBe(false);
  rmSync(path, { recursive: true });
  mkdirSync(path); // by somebody who may have died behind it
  expect(await makesNameDurable(path)).toBe(true);
  rmSync(root, { recursive: true });
});
