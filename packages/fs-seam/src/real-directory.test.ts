import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bytesOf, descriptorCount, failureOf, scratchDirectory } from "../test/support/real-scene.js";
import { openDirectory } from "./real-directory.js";

test("opens an existing directory, and files in it", () => {
  const root = scratchDirectory();
  const directory = openDirectory(root);
  directory.writeFile("file", bytesOf("text"));
  expect(readFileSync(`${root}/file`, "latin1")).toBe("text");
  expect(directory.path).toBe("/");
});

test("creates what is missing only when asked", () => {
  const root = scratchDirectory();
  const before = descriptorCount();
  expect(failureOf(() => openDirectory(`${root}/a/b`)).code).toBe("FS_NOT_FOUND");
  expect(existsSync(`${root}/a`)).toBe(false);
  expect(failureOf(() => openDirectory(`${root}/a/b`, { create: true, readOnly: true })).code).toBe("FS_NOT_FOUND");
  const directory = openDirectory(`${root}/a/b`, { create: true });
  directory.writeFile("file", bytesOf("text"));
  expect(openDirectory(`${root}/a/b`, { create: true }).readFile("file")).toEqual(bytesOf("text"));
  expect(openDirectory("/", { create: true }).path).toBe("/");
  expect(descriptorCount()).toBe(before);
});

test("follows symlinks on the way to the root, once", () => {
  const root = scratchDirectory();
  mkdirSync(`${root}/real`);
  symlinkSync("real", `${root}/alias`);
  openDirectory(`${root}/alias`).writeFile("file", bytesOf("text"));
  expect(existsSync(`${root}/real/file`)).toBe(true);
});

test("refuses what is no directory, bad paths and unknown options", () => {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "");
  for (const create of [false, true]) {
    expect(failureOf(() => openDirectory(`${root}/file`, { create })).code).toBe("FS_NOT_A_DIRECTORY");
    expect(failureOf(() => openDirectory(`${root}/file/below`, { create })).code).toBe("FS_NOT_A_DIRECTORY");
    for (const bad of ["", "a\0b", undefined, 5]) {
      expect(failureOf(() => openDirectory(bad as string, { create })).code).toBe("FS_INVALID_ARGUMENT");
    }
  }
  expect(failureOf(() => openDirectory(root, { crate: true } as object)).code).toBe("FS_INVALID_ARGUMENT");
});

test("can be read-only", () => {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "text");
  const directory = openDirectory(root, { readOnly: true });
  expect(directory.readFile("file")).toEqual(bytesOf("text"));
  expect(failureOf(() => directory.remove("file")).code).toBe("FS_READ_ONLY");
});

test("a link to nothing is in the way", () => {
  const root = scratchDirectory();
  symlinkSync("nowhere", `${root}/dangling`);
  expect(failureOf(() => openDirectory(`${root}/dangling`, { create: true })).code).toBe("FS_ALREADY_EXISTS");
  expect(failureOf(() => openDirectory(`${root}/dangling/a`, { create: true })).code).toBe("FS_ALREADY_EXISTS");
});

test.runIf(process.platform === "linux")("where nothing can be made, as in /proc, that is said at once", () => {
  for (const path of ["/proc/holdfast", "/proc/holdfast/a/b", "/proc/self/holdfast/a"]) {
    const program = `
      import { openDirectory } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
      try {
        openDirectory(${JSON.stringify(path)}, { create: true });
      } catch (error) {
        console.log(error.name, error.code);
      }
    `;
    // In a process of its own: what never returns can be ended there.
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 });
    expect(said.toString().trim()).toBe("FsError FS_NOT_FOUND");
  }
  expect(failureOf(() => openDirectory("/proc").makeDirectories("holdfast/a")).code).toBe("FS_NOT_FOUND");
});
