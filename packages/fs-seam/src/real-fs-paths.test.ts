import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { operationsOn, scene, streamed, treeOf } from "../test/support/real-fs-scene.js";
import { descriptorCount, failureOf, rejectionOf, scratchDirectory } from "../test/support/real-scene.js";

describe("paths", () => {
  const long = "n".repeat(256);
  const bad: readonly (readonly [string, string, string])[] = [
    ["empty", "", "FS_INVALID_PATH"],
    ["relative", "file", "FS_INVALID_PATH"],
    ["dot dot", "/../file", "FS_INVALID_PATH"],
    ["dot dot below", "/dir/../file", "FS_INVALID_PATH"],
    ["dot dot behind", "/dir/..", "FS_INVALID_PATH"],
    ["dot", "/./file", "FS_INVALID_PATH"],
    ["two slashes", "//file", "FS_INVALID_PATH"],
    ["a slash behind", "/dir/", "FS_INVALID_PATH"],
    ["NUL", "/fi\0le", "FS_INVALID_PATH"],
    ["a control character", "/fi\nle", "FS_INVALID_PATH"],
    ["a backslash", "/dir\\inner", "FS_INVALID_PATH"],
    ["a drive", "/C:/file", "FS_INVALID_PATH"],
    ["not in normal form C", "/e\u0301", "FS_INVALID_PATH"],
    ["a lone surrogate", "/\ud800", "FS_INVALID_PATH"],
    ["a device name", "/dir/NUL", "FS_INVALID_PATH"],
    ["a device name with an ending", "/com1.txt", "FS_INVALID_PATH"],
    ["a dot behind", "/file.", "FS_INVALID_PATH"],
    ["a space behind", "/file ", "FS_INVALID_PATH"],
    ["a long name", `/${long}`, "FS_NAME_TOO_LONG"],
    ["a long name of few characters", `/${"ä".repeat(128)}`, "FS_NAME_TOO_LONG"],
    ["a long path", `/${"n".repeat(99)}`.repeat(42), "FS_NAME_TOO_LONG"],
    ["a number", 5 as unknown as string, "FS_INVALID_PATH"],
  ];

  test.each(bad)("%s: refused by every operation, and nothing changes", async (_what, path, code) => {
    const { root, fs } = scene();
    const before = treeOf(root);
    const descriptors = descriptorCount();
    for (const [name, run] of Object.entries(operationsOn(fs, path))) {
      expect(failureOf(run), name).toMatchObject({ code });
    }
    expect((await rejectionOf(fs.syncNames(path))).code).toBe(code);
    expect((await rejectionOf(streamed(fs, path))).code).toBe(code);
    expect(treeOf(root)).toBe(before);
    expect(descriptorCount()).toBe(descriptors);
  });

  test("the longest name works, and so does any script", () => {
    const { fs } = scene();
    for (const name of [long.slice(1), "ä".repeat(127), "名前", "🪢"]) {
      fs.open(`/${name}`, { mode: "write", create: "exclusive" }).close();
      expect(fs.list("/").map((entry) => entry.name)).toContain(name);
      fs.remove(`/${name}`);
    }
  });

  test("a symlinked parent is refused by every operation, and nothing changes behind it", async () => {
    const { root, fs } = scene();
    mkdirSync(`${root}/dir/deep`);
    writeFileSync(`${root}/dir/deep/file`, "x");
    const before = treeOf(root);
    for (const path of ["/linked/inner", "/linked/new", "/linked/deep/file"]) {
      for (const [name, run] of Object.entries(operationsOn(fs, path))) {
        expect(failureOf(run), `${name} ${path}`).toMatchObject({
          code: "FS_SYMLINK_REFUSED",
          path: expect.any(String),
        });
      }
      expect((await rejectionOf(fs.syncNames(path))).code).toBe("FS_SYMLINK_REFUSED");
      expect((await rejectionOf(streamed(fs, path))).code).toBe("FS_SYMLINK_REFUSED");
    }
    expect(treeOf(root)).toBe(before);
  });

  test("a symlink out of the root is refused too", () => {
    const { root, fs } = scene();
    const outside = scratchDirectory();
    writeFileSync(`${outside}/secret`, "s");
    symlinkSync(outside, `${root}/out`);
    symlinkSync(`${outside}/secret`, `${root}/leaf`);
    expect(failureOf(() => fs.open("/out/secret", { mode: "read" })).code).toBe("FS_SYMLINK_REFUSED");
    expect(failureOf(() => fs.open("/leaf", { mode: "write", truncate: true })).code).toBe("FS_SYMLINK_REFUSED");
    expect(readFileSync(`${outside}/secret`, "latin1")).toBe("s");
  });

  test("a symlink leaf is never followed", async () => {
    const { root, fs } = scene();
    const before = treeOf(root);
    for (const mode of ["read", "write", "append"] as const) {
      expect(failureOf(() => fs.open("/link", { mode })).code).toBe("FS_SYMLINK_REFUSED");
    }
    symlinkSync("nowhere", `${root}/dangling`);
    expect(failureOf(() => fs.open("/dangling", { mode: "write", create: "if-missing" })).code).toBe(
      "FS_SYMLINK_REFUSED",
    );
    expect(failureOf(() => fs.open("/dangling", { mode: "write", create: "exclusive" })).code).toBe(
      "FS_ALREADY_EXISTS",
    );
    expect(existsSync(`${root}/nowhere`)).toBe(false);
    fs.remove("/dangling");
    expect(fs.stat("/link").kind).toBe("symlink");
    expect(fs.list("/").find(({ name }) => name === "link")?.kind).toBe("symlink");
    for (const run of [
      () => fs.list("/linked"),
      () => fs.syncNamesBlocking("/linked"),
      () => fs.link("/link", "/new"),
      () => fs.reflink("/link", "/new"),
    ]) {
      expect(failureOf(run).code).toBe("FS_SYMLINK_REFUSED");
    }
    expect((await rejectionOf(fs.syncNames("/linked"))).code).toBe("FS_SYMLINK_REFUSED");
    expect((await rejectionOf(streamed(fs, "/linked"))).code).toBe("FS_SYMLINK_REFUSED");
    expect(failureOf(() => fs.removeDirectory("/linked")).code).toBe("FS_NOT_A_DIRECTORY");
    expect(treeOf(root)).toBe(before);
    fs.rename("/link", "/moved");
    expect(lstatSync(`${root}/moved`).isSymbolicLink()).toBe(true);
    fs.remove("/moved");
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
  });

  test("a file in the place of a parent, or no parent at all", () => {
    const { root, fs } = scene();
    const before = treeOf(root);
    for (const [name, run] of Object.entries(operationsOn(fs, "/file/below"))) {
      expect(failureOf(run), name).toMatchObject({ code: "FS_NOT_A_DIRECTORY" });
    }
    for (const [name, run] of Object.entries(operationsOn(fs, "/none/below"))) {
      expect(failureOf(run), name).toMatchObject({ code: "FS_NOT_FOUND" });
    }
    expect(treeOf(root)).toBe(before);
  });
});
