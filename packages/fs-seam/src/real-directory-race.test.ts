// Another process makes the same directories at the same moment: each level is taken as it is, whoever made it.
import * as fs from "node:fs";
import { expect, test, vi } from "vitest";
import { scratchDirectory } from "../test/support/real-scene.js";
import { openDirectory } from "./real-directory.js";

vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof fs>();
  return {
    ...original,
    // The other one is always a little faster.
    mkdirSync: (path: string): void => {
      original.mkdirSync(path);
      original.mkdirSync(path);
    },
  };
});

test("each level that is there by now is no failure", () => {
  const root = scratchDirectory();
  expect(openDirectory(`${root}/a/b/c`, { create: true }).list()).toEqual([]);
  expect(() => fs.mkdirSync(`${root}/d`)).toThrow("EEXIST");
});
