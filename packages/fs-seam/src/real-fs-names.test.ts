import { existsSync, linkSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { scene, treeOf } from "../test/support/real-fs-scene.js";
import { bytesOf, failureOf, platformError } from "../test/support/real-scene.js";
import { FsError } from "./fs-error.js";

describe("directories", () => {
  test("are made and removed one at a time", () => {
    const { root, fs } = scene();
    fs.makeDirectory("/dir/sub");
    expect(statSync(`${root}/dir/sub`).isDirectory()).toBe(true);
    for (const path of ["/dir/sub", "/file", "/link"]) {
      expect(failureOf(() => fs.makeDirectory(path)).code).toBe("FS_ALREADY_EXISTS");
    }
    expect(failureOf(() => fs.removeDirectory("/dir")).code).toBe("FS_DIRECTORY_NOT_EMPTY");
    expect(failureOf(() => fs.removeDirectory("/file")).code).toBe("FS_NOT_A_DIRECTORY");
    expect(failureOf(() => fs.removeDirectory("/none")).code).toBe("FS_NOT_FOUND");
    fs.removeDirectory("/dir/sub");
    expect(existsSync(`${root}/dir/sub`)).toBe(false);
  });

  test("that are not empty are so by any name the platform has for it", () => {
    const notEmpty = (): never => {
      throw platformError("EEXIST");
    };
    const { fs } = scene({ calls: { removeDirectory: notEmpty, rename: notEmpty } });
    expect(failureOf(() => fs.removeDirectory("/dir")).code).toBe("FS_DIRECTORY_NOT_EMPTY");
    expect(failureOf(() => fs.rename("/empty", "/dir")).code).toBe("FS_DIRECTORY_NOT_EMPTY");
  });
});

describe("rename", () => {
  test("replaces a file, and moves between directories", () => {
    const { root, fs } = scene();
    fs.rename("/file", "/dir/inner");
    expect(readFileSync(`${root}/dir/inner`, "latin1")).toBe("old");
    expect(existsSync(`${root}/file`)).toBe(false);
    fs.rename("/dir", "/empty");
    expect(readFileSync(`${root}/empty/inner`, "latin1")).toBe("old");
  });

  test("onto itself does nothing, unless there is nothing", () => {
    const { root, fs } = scene();
    const before = treeOf(root);
    fs.rename("/file", "/file");
    fs.rename("/dir", "/dir");
    expect(treeOf(root)).toBe(before);
    expect(failureOf(() => fs.rename("/none", "/none")).code).toBe("FS_NOT_FOUND");
  });

  test("of one name of a file onto another leaves both", () => {
    const { root, fs } = scene();
    linkSync(`${root}/file`, `${root}/other`);
    fs.rename("/file", "/other");
    expect(statSync(`${root}/file`).ino).toBe(statSync(`${root}/other`).ino);
    expect(fs.stat("/file").links).toBe(2);
  });

  test.each([
    ["/file", "/empty", "FS_IS_A_DIRECTORY"],
    ["/file", "/dir", "FS_IS_A_DIRECTORY"],
    ["/dir", "/file", "FS_NOT_A_DIRECTORY"],
    ["/empty", "/dir", "FS_DIRECTORY_NOT_EMPTY"],
    ["/dir", "/dir/below", "FS_INVALID_ARGUMENT"],
    ["/none", "/file", "FS_NOT_FOUND"],
    ["/file", "/none/below", "FS_NOT_FOUND"],
    ["/file", "/file/below", "FS_NOT_A_DIRECTORY"],
  ])("%s onto %s is %s, and the source is intact", (from, to, code) => {
    const { root, fs } = scene();
    const before = treeOf(root);
    expect(failureOf(() => fs.rename(from, to))).toMatchObject({ code, operation: "rename" });
    expect(treeOf(root)).toBe(before);
  });

  test("names both paths in its error", () => {
    const { fs } = scene();
    expect(failureOf(() => fs.rename("/none", "/other"))).toMatchObject({ path: "/none", destination: "/other" });
  });
});

describe("link", () => {
  test("is another name of the same file", () => {
    const { root, fs } = scene();
    fs.link("/file", "/dir/other");
    expect(fs.stat("/file").links).toBe(2);
    const handle = fs.open("/dir/other", { mode: "write" });
    handle.writeAt(bytesOf("new"), 0);
    handle.close();
    expect(readFileSync(`${root}/file`, "latin1")).toBe("new");
    fs.remove("/file");
    expect(fs.stat("/dir/other").links).toBe(1);
  });

  test.each([
    ["/file", "/dir/inner", "FS_ALREADY_EXISTS"],
    ["/file", "/file", "FS_ALREADY_EXISTS"],
    ["/file", "/empty", "FS_ALREADY_EXISTS"],
    ["/file", "/link", "FS_ALREADY_EXISTS"],
    ["/none", "/new", "FS_NOT_FOUND"],
    ["/dir", "/new", "FS_IS_A_DIRECTORY"],
    ["/file", "/none/below", "FS_NOT_FOUND"],
  ])("%s to %s is %s, and nothing changes", (from, to, code) => {
    const { root, fs } = scene();
    const before = treeOf(root);
    expect(failureOf(() => fs.link(from, to)).code).toBe(code);
    expect(treeOf(root)).toBe(before);
  });

  test.each([
    ["EXDEV", "FS_CROSS_DEVICE"],
    ["EMLINK", "FS_TOO_MANY_LINKS"],
    ["EPERM", "FS_PERMISSION_DENIED"],
    ["ENOSYS", "FS_UNSUPPORTED"],
    ["EBUSY", "FS_BUSY"],
    ["ENOSPC", "FS_NO_SPACE"],
  ])("%s becomes %s", (errno, code) => {
    const { fs } = scene({
      calls: {
        link: () => {
          throw platformError(errno);
        },
      },
    });
    expect(failureOf(() => fs.link("/file", "/new"))).toMatchObject({ code, errno, destination: "/new" });
  });
});

describe("remove", () => {
  test("a file, and nothing but a file", () => {
    const { root, fs } = scene();
    fs.remove("/file");
    expect(existsSync(`${root}/file`)).toBe(false);
    expect(failureOf(() => fs.remove("/file")).code).toBe("FS_NOT_FOUND");
    expect(failureOf(() => fs.remove("/empty")).code).toBe("FS_IS_A_DIRECTORY");
    expect(existsSync(`${root}/empty`)).toBe(true);
  });

  test("tells a directory from a lack of permission where the platform says EPERM to both", () => {
    const { fs } = scene({
      calls: {
        unlink: () => {
          throw platformError("EPERM");
        },
      },
    });
    expect(failureOf(() => fs.remove("/dir")).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.remove("/file")).code).toBe("FS_PERMISSION_DENIED");
  });
});

describe("reflink", () => {
  test("shares storage, or leaves no trace", () => {
    const { root, fs } = scene();
    const before = treeOf(root);
    try {
      fs.reflink("/file", "/clone");
      expect(readFileSync(`${root}/clone`, "latin1")).toBe("old"); // btrfs, xfs
    } catch (error) {
      expect(error).toBeInstanceOf(FsError);
      expect(error).toMatchObject({ code: "FS_UNSUPPORTED", operation: "copy", destination: "/clone" });
      expect(treeOf(root)).toBe(before);
    }
    expect(failureOf(() => fs.reflink("/file", "/dir/inner")).code).toBe("FS_ALREADY_EXISTS");
    expect(failureOf(() => fs.reflink("/dir", "/new")).code).toBe("FS_IS_A_DIRECTORY");
    expect(readFileSync(`${root}/dir/inner`, "latin1")).toBe("in");
  });

  test.each([
    ["ENOTSUP", "FS_UNSUPPORTED"],
    ["EOPNOTSUPP", "FS_UNSUPPORTED"],
    ["ENOTTY", "FS_UNSUPPORTED"],
    ["EINVAL", "FS_UNSUPPORTED"],
    ["EXDEV", "FS_CROSS_DEVICE"],
    ["ENOSPC", "FS_NO_SPACE"],
    ["EIO", "FS_IO"],
  ])("%s becomes %s", (errno, code) => {
    const { fs } = scene({
      calls: {
        clone: () => {
          throw platformError(errno);
        },
      },
    });
    expect(failureOf(() => fs.reflink("/file", "/new"))).toMatchObject({ code, errno });
  });
});
