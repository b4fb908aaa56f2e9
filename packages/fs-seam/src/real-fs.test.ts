import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import {
  bytesOf,
  callsThatFail,
  descriptorCount,
  failureOf,
  platformError,
  rejectionOf,
  scratchDirectory,
} from "../test/support/real-scene.js";
import { FsError } from "./fs-error.js";
import type { OpenFileOptions } from "./file-handle.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";
import type { RealFsOptions } from "./real-options.js";
import type { RealRetry } from "./real-retry.js";
import type { StoreFs } from "./store-fs.js";

/** A root with `/file` ("old"), `/dir/inner` ("in"), `/empty`, and the symlinks `/link` to file and `/linked` to dir. */
function scene(options: Partial<RealFsOptions> = {}): { root: string; fs: RealFs } {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "old");
  mkdirSync(`${root}/dir`);
  writeFileSync(`${root}/dir/inner`, "in");
  mkdirSync(`${root}/empty`);
  symlinkSync("file", `${root}/link`);
  symlinkSync("dir", `${root}/linked`);
  return { root, fs: new RealFs({ root, ...options }) };
}

/** Everything below a directory, as text: to show that nothing changed. */
function treeOf(root: string): string {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const stat = lstatSync(`${root}/${name}`);
      return `${name} ${stat.isFile() ? readFileSync(`${root}/${name}`, "latin1") : stat.mode.toString(8)} ${stat.nlink}`;
    })
    .join("\n");
}

/** Every operation of the seam that takes a path, applied to one. */
function operationsOn(fs: StoreFs, path: string): Record<string, () => unknown> {
  return {
    open: () => fs.open(path, { mode: "read" }),
    "open to write": () => fs.open(path, { mode: "write", create: "if-missing", truncate: true }),
    "open to append": () => fs.open(path, { mode: "append", create: "if-missing" }),
    create: () => fs.open(path, { mode: "write", create: "exclusive" }),
    stat: () => fs.stat(path),
    list: () => fs.list(path),
    makeDirectory: () => fs.makeDirectory(path),
    removeDirectory: () => fs.removeDirectory(path),
    "rename from": () => fs.rename(path, "/new"),
    "rename to": () => fs.rename("/file", path),
    "link from": () => fs.link(path, "/new"),
    "link to": () => fs.link("/file", path),
    "reflink from": () => fs.reflink(path, "/new"),
    "reflink to": () => fs.reflink("/file", path),
    remove: () => fs.remove(path),
    syncNames: () => fs.syncNamesBlocking(path),
  };
}

async function streamed(fs: StoreFs, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const batch of fs.listStream(path)) names.push(...batch.map(({ name }) => name));
  return names;
}

describe("the root", () => {
  test("is canonical, and a symlink to it is the same file system", () => {
    const { root, fs } = scene();
    expect(fs.root).toBe(root);
    const other = new RealFs({ root: `${root}/linked` });
    expect(other.root).toBe(`${root}/dir`);
    expect(new RealFs({ root: `${root}/dir/../dir` }).namespaceId).toBe(other.namespaceId);
    expect(fs.namespaceId).not.toBe(other.namespaceId);
    expect(new RealFs({ root, readOnly: true }).namespaceId).toBe(fs.namespaceId);
  });

  test("must be an existing directory", () => {
    const { root } = scene();
    expect(failureOf(() => new RealFs({ root: `${root}/none` })).code).toBe("FS_NOT_FOUND");
    expect(failureOf(() => new RealFs({ root: `${root}/file` })).code).toBe("FS_NOT_A_DIRECTORY");
    expect(failureOf(() => new RealFs({ root: `${root}/file/below` })).code).toBe("FS_NOT_A_DIRECTORY");
  });

  test.each([
    undefined,
    null,
    {},
    { root: "" },
    { root: 1 },
    { root: "a\0b" },
    { root: "/", readOnly: "yes" },
    { root: "/", readonly: true },
  ])("bad options: %j", (options) => {
    expect(failureOf(() => new RealFs(options as unknown as RealFsOptions)).code).toBe("FS_INVALID_ARGUMENT");
  });

  test("can be the root of the host", () => {
    const { root } = scene();
    const fs = new RealFs({ root: "/" });
    expect(fs.stat(root).kind).toBe("directory");
    expect(fs.stat(`${root}/file`).size).toBe(3);
    expect(fs.stat("/").kind).toBe("directory");
  });

  test("itself can be listed, described and synced, and nothing else", async () => {
    const { root, fs } = scene();
    expect(fs.stat("/").kind).toBe("directory");
    expect(fs.list("/")).toHaveLength(5);
    await fs.syncNames("/");
    fs.syncNamesBlocking("/");
    const before = treeOf(root);
    expect(failureOf(() => fs.removeDirectory("/")).code).toBe("FS_BUSY");
    expect(failureOf(() => fs.rename("/", "/new")).code).toBe("FS_BUSY");
    expect(failureOf(() => fs.rename("/dir", "/")).code).toBe("FS_BUSY");
    expect(failureOf(() => fs.makeDirectory("/")).code).toBe("FS_ALREADY_EXISTS");
    expect(failureOf(() => fs.remove("/")).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.link("/", "/new")).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.link("/file", "/")).code).toBe("FS_ALREADY_EXISTS");
    expect(failureOf(() => fs.open("/", { mode: "read" })).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.open("/", { mode: "write" })).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.open("/", { mode: "write", create: "exclusive" })).code).toBe("FS_ALREADY_EXISTS");
    const empty = new RealFs({ root: `${root}/empty` });
    expect(failureOf(() => empty.removeDirectory("/")).code).toBe("FS_BUSY");
    expect(treeOf(root)).toBe(before);
  });
});

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

describe("open", () => {
  test("creates, truncates and refuses as asked", () => {
    const { root, fs } = scene();
    expect(failureOf(() => fs.open("/none", { mode: "write" }))).toMatchObject({
      code: "FS_NOT_FOUND",
      errno: "ENOENT",
      operation: "open",
      path: "/none",
    });
    expect(failureOf(() => fs.open("/file", { mode: "write", create: "exclusive" })).code).toBe("FS_ALREADY_EXISTS");
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
    fs.open("/file", { mode: "write", create: "if-missing" }).close();
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
    fs.open("/file", { mode: "write", truncate: true }).close();
    expect(readFileSync(`${root}/file`, "latin1")).toBe("");
    fs.open("/fresh", { mode: "append", create: "if-missing" }).close();
    expect(fs.stat("/fresh")).toMatchObject({ kind: "file", size: 0, links: 1 });
  });

  test.each([
    undefined,
    {},
    { mode: "rw" },
    { mode: "read", create: "if-missing" },
    { mode: "append", truncate: true },
    { mode: "write", create: "maybe" },
    { mode: "write", exclusive: true },
  ])("bad options: %j", (options) => {
    const { fs } = scene();
    const bad = options as unknown as OpenFileOptions;
    expect(failureOf(() => fs.open("/file", bad)).code).toBe("FS_INVALID_ARGUMENT");
  });

  test("directories, pipes, sockets and devices are refused, without waiting for anyone", async () => {
    const { root, fs } = scene();
    execFileSync("sh", ["-c", `mkfifo ${root}/pipe`]);
    const server = createServer().listen(`${root}/socket`);
    await new Promise((resolve) => server.once("listening", resolve));
    const devices = new RealFs({ root: "/dev" });
    const before = descriptorCount();
    for (const mode of ["read", "write", "append"] as const) {
      expect(failureOf(() => fs.open("/dir", { mode })).code).toBe("FS_IS_A_DIRECTORY");
      expect(failureOf(() => fs.open("/pipe", { mode })).code).toBe("FS_UNSUPPORTED");
      expect(failureOf(() => fs.open("/socket", { mode })).code).toBe("FS_UNSUPPORTED");
      expect(failureOf(() => devices.open("/null", { mode })).code).toBe("FS_UNSUPPORTED");
    }
    expect(failureOf(() => fs.link("/pipe", "/new")).code).toBe("FS_UNSUPPORTED");
    expect(failureOf(() => fs.reflink("/pipe", "/new")).code).toBe("FS_UNSUPPORTED");
    expect(fs.stat("/pipe").kind).toBe("other");
    expect(descriptorCount()).toBe(before);
    server.close();
  });

  test.each(["EMFILE", "ENFILE"])("%s leaves everything as before", (errno) => {
    const { root, fs } = scene({
      calls: {
        open: () => {
          throw platformError(errno);
        },
      },
    });
    const before = treeOf(root);
    const descriptors = descriptorCount();
    expect(failureOf(() => fs.open("/new", { mode: "write", create: "exclusive" }))).toMatchObject({
      code: "FS_TOO_MANY_OPEN_FILES",
      errno,
    });
    expect(failureOf(() => fs.syncNamesBlocking("/")).code).toBe("FS_TOO_MANY_OPEN_FILES");
    expect(treeOf(root)).toBe(before);
    expect(descriptorCount()).toBe(descriptors);
  });

  test("a failed look at the opened file gives the descriptor back", () => {
    const before = descriptorCount();
    const { fs } = scene({ calls: callsThatFail((name) => (name === "fileStat" ? "EIO" : undefined)) });
    expect(failureOf(() => fs.open("/file", { mode: "read" })).code).toBe("FS_IO");
    expect(descriptorCount()).toBe(before);
    const broken = scene({
      calls: callsThatFail((name) => (name === "fileStat" || name === "close" ? "EIO" : undefined)),
    });
    const failure = failureOf(() => broken.fs.open("/file", { mode: "read" }));
    expect(failure.operation).toBe("open");
    expect(failure).toHaveProperty("cleanupFailure.operation", "close");
    expect(descriptorCount()).toBe(before);
  });
});

describe("listing", () => {
  test("is sorted by UTF-16 code unit", async () => {
    const { root, fs } = scene();
    const names = ["b", "a", "B", "10", "9", "z", "ä", "🪢", "\uff5e"];
    mkdirSync(`${root}/many`);
    for (const name of names) writeFileSync(`${root}/many/${name}`, "");
    const listed = fs.list("/many").map(({ name }) => name);
    expect(listed).toEqual(names.toSorted());
    expect(listed.indexOf("🪢")).toBeLessThan(listed.indexOf("\uff5e"));
    expect((await streamed(fs, "/many")).toSorted()).toEqual(names.toSorted());
    expect(fs.list("/")).toContainEqual({ name: "dir", kind: "directory" });
    expect(fs.list("/empty")).toEqual([]);
  });

  test("of a file or of nothing fails, and not as an empty directory", async () => {
    const { fs } = scene();
    expect(failureOf(() => fs.list("/file")).code).toBe("FS_NOT_A_DIRECTORY");
    expect(failureOf(() => fs.list("/none")).code).toBe("FS_NOT_FOUND");
    expect((await rejectionOf(streamed(fs, "/file"))).code).toBe("FS_NOT_A_DIRECTORY");
    expect((await rejectionOf(streamed(fs, "/none"))).code).toBe("FS_NOT_FOUND");
  });

  test("comes in batches, and gives its descriptor back however it ends", async () => {
    const { root, fs } = scene();
    mkdirSync(`${root}/many`);
    for (let index = 0; index < 600; index += 1) writeFileSync(`${root}/many/${index}`, "");
    const before = descriptorCount();
    const sizes: number[] = [];
    const seen = new Set<string>();
    for await (const batch of fs.listStream("/many")) {
      sizes.push(batch.length);
      for (const { name } of batch) seen.add(name);
    }
    expect(sizes).toEqual([256, 256, 88]);
    expect(seen.size).toBe(600);
    for await (const batch of fs.listStream("/many")) {
      expect(batch).toHaveLength(256);
      expect(descriptorCount()).toBe(before + 1);
      break;
    }
    fs.listStream("/many"); // never iterated, never opened
    expect(descriptorCount()).toBe(before);
  });

  test("refuses a name that is not UTF-8, instead of listing another", async () => {
    const { root, fs } = scene();
    writeFileSync(Buffer.concat([Buffer.from(`${root}/empty/`), Buffer.from([0x61, 0xff])]), "");
    const before = descriptorCount();
    expect(failureOf(() => fs.list("/empty"))).toMatchObject({ code: "FS_INVALID_PATH", operation: "list" });
    expect((await rejectionOf(streamed(fs, "/empty"))).code).toBe("FS_INVALID_PATH");
    expect(descriptorCount()).toBe(before);
  });

  test("failures of the platform are typed", async () => {
    const { fs } = scene({
      calls: {
        list: () => {
          throw platformError("EACCES");
        },
        openEntries: () => ({ read: () => Promise.reject(platformError("EIO")), close: () => Promise.resolve() }),
      },
    });
    expect(failureOf(() => fs.list("/"))).toMatchObject({ code: "FS_PERMISSION_DENIED", operation: "list", path: "/" });
    expect(await rejectionOf(streamed(fs, "/"))).toMatchObject({ code: "FS_IO", operation: "list" });
  });
});

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

describe("the names barrier", () => {
  test("is an fsync of the directory, and gives its descriptor back", async () => {
    const synced: string[] = [];
    const record = (fd: number): void => void synced.push(realpathSync(`/proc/self/fd/${fd}`));
    const { root, fs } = scene({
      calls: {
        fsync: (fd) => record(fd),
        fsyncAsync: (fd, done) => {
          record(fd);
          setImmediate(done, null);
        },
      },
    });
    const before = descriptorCount();
    await fs.syncNames("/dir");
    fs.syncNamesBlocking("/");
    expect(synced).toEqual([`${root}/dir`, root]);
    expect(descriptorCount()).toBe(before);
    expect(failureOf(() => fs.syncNamesBlocking("/file")).code).toBe("FS_NOT_A_DIRECTORY");
    expect((await rejectionOf(fs.syncNames("/none"))).code).toBe("FS_NOT_FOUND");
  });

  test.each(["syncNames", "syncNamesBlocking"] as const)("%s that failed poisons the directory", async (kind) => {
    let asked = 0;
    const fail = (): never => {
      asked += 1;
      throw platformError("EIO");
    };
    const { fs } = scene({
      calls: {
        fsync: fail,
        fsyncAsync: (_fd, done) => void ((asked += 1) && setImmediate(done, platformError("EIO"))),
      },
    });
    const before = descriptorCount();
    const first = await rejectionOf((async () => fs[kind]("/dir"))());
    expect(first).toMatchObject({ code: "FS_IO", operation: "syncNames", path: "/dir" });
    fs.rename("/dir", "/moved"); // it is the directory that is poisoned, not its name
    expect(failureOf(() => fs.syncNamesBlocking("/moved"))).toMatchObject({ code: "FS_POISONED", cause: first });
    expect(await rejectionOf(fs.syncNames("/moved"))).toMatchObject({ code: "FS_POISONED", cause: first });
    expect(asked).toBe(1);
    expect(failureOf(() => fs.syncNamesBlocking("/empty")).code).toBe("FS_IO"); // another directory is asked
    expect(descriptorCount()).toBe(before);
  });

  test("a failing close is not lost", async () => {
    const { fs } = scene({ calls: callsThatFail((name) => (name === "close" ? "EIO" : undefined)) });
    const before = descriptorCount();
    expect(failureOf(() => fs.syncNamesBlocking("/"))).toMatchObject({ code: "FS_IO", operation: "close" });
    expect(await rejectionOf(fs.syncNames("/"))).toMatchObject({ code: "FS_IO", operation: "close" });
    expect(descriptorCount()).toBe(before);
  });
});

describe("read-only", () => {
  test("every change is refused, every look is not", async () => {
    const { root, fs: writable } = scene();
    const fs = new RealFs({ root, readOnly: true });
    const before = treeOf(root);
    expect(fs.readOnly).toBe(true);
    expect(writable.readOnly).toBe(false);
    const looks = new Set(["open", "stat", "list", "syncNames"]);
    for (const path of ["/file", "/dir", "/new", "/link"]) {
      for (const [name, run] of Object.entries(operationsOn(fs, path))) {
        if (!looks.has(name)) expect(failureOf(run), `${name} ${path}`).toMatchObject({ code: "FS_READ_ONLY" });
      }
    }
    const handle = fs.open("/file", { mode: "read" });
    expect(handle.readAt(new Uint8Array(3), 0)).toBe(3);
    await handle.sync("data");
    handle.close();
    expect(fs.stat("/dir").kind).toBe("directory");
    expect(fs.list("/")).toHaveLength(5);
    await fs.syncNames("/");
    expect(treeOf(root)).toBe(before);
  });
});

describe("Windows, as far as it can be played here", () => {
  function windows(
    failures: number,
    errno: string,
  ): { fs: RealFs; root: string; waits: number[]; retries: RealRetry[] } {
    const waits: number[] = [];
    const retries: RealRetry[] = [];
    let left = failures;
    const calls: Partial<RealCalls> = {
      sleep: (milliseconds) => void waits.push(milliseconds),
      rename: (from, to) => {
        left -= 1;
        if (left >= 0) throw platformError(errno);
        nodeCalls.rename(from, to);
      },
      fsync: () => {
        throw new Error("Windows has no names barrier");
      },
    };
    const made = scene({ platform: "win32", calls, onRetry: (retry) => retries.push(retry) });
    return { ...made, waits, retries };
  }

  test.each(["EPERM", "EACCES", "EBUSY"])("a rename that meets %s is tried again, ever more slowly", (errno) => {
    const { fs, root, waits, retries } = windows(3, errno);
    fs.rename("/file", "/moved");
    expect(readFileSync(`${root}/moved`, "latin1")).toBe("old");
    expect(waits).toEqual([1, 2, 4]);
    expect(retries).toEqual([1, 2, 3].map((attempt) => ({ operation: "rename", path: "/file", errno, attempt })));
  });

  test("and not for ever, and not for other reasons", () => {
    const stubborn = windows(99, "EBUSY");
    const failure = failureOf(() => stubborn.fs.rename("/file", "/moved"));
    expect(failure).toMatchObject({ code: "FS_BUSY", errno: "EBUSY", destination: "/moved" });
    expect(stubborn.waits).toHaveLength(10);
    const other = windows(99, "ENOENT");
    expect(failureOf(() => other.fs.rename("/file", "/moved")).code).toBe("FS_NOT_FOUND");
    expect(other.waits).toEqual([]);
  });

  test("elsewhere nothing is tried again", () => {
    const waits: number[] = [];
    const { fs } = scene({
      calls: {
        sleep: (milliseconds) => void waits.push(milliseconds),
        rename: () => {
          throw platformError("EBUSY");
        },
      },
    });
    expect(failureOf(() => fs.rename("/file", "/moved")).code).toBe("FS_BUSY");
    expect(waits).toEqual([]);
  });

  test("there is no names barrier, and a symlink is refused by a look before the open", async () => {
    const { fs } = windows(0, "EBUSY");
    expect(fs.capabilities()).toMatchObject({ namesBarrier: "rename-only", symlinkRefusal: "check-then-open" });
    await fs.syncNames("/dir");
    fs.syncNamesBlocking("/dir");
    expect(failureOf(() => fs.syncNamesBlocking("/file")).code).toBe("FS_NOT_A_DIRECTORY");
    const seen: string[] = [];
    const watching = new RealFs({
      root: fs.root,
      platform: "win32",
      calls: { open: (path, flags, mode) => (seen.push(path), nodeCalls.open(path, flags, mode)) },
    });
    expect(failureOf(() => watching.open("/link", { mode: "read" })).code).toBe("FS_SYMLINK_REFUSED");
    expect(seen).toEqual([]);
    watching.open("/new", { mode: "write", create: "if-missing" }).close();
  });

  test("the waiting really waits", () => {
    const start = process.hrtime.bigint();
    nodeCalls.sleep(5);
    expect(process.hrtime.bigint() - start).toBeGreaterThanOrEqual(4_000_000n);
  });
});

test("capabilities", () => {
  expect(scene().fs.capabilities()).toEqual({
    namesBarrier: "fsync",
    persistent: true,
    hardLinks: true,
    reflink: "try",
    punch: false,
    allocate: "zero-fill",
    symlinkRefusal: "atomic",
    lockEvidence: "process-start-time",
  });
});

test("space is what an unprivileged writer can use, in bytes", () => {
  const { fs, root } = scene();
  const { totalBytes, availableBytes } = fs.space();
  expect(Number.isSafeInteger(totalBytes)).toBe(true);
  expect(availableBytes).toBeGreaterThan(0);
  expect(availableBytes).toBeLessThanOrEqual(totalBytes);
  const huge = { bsize: 4096n, blocks: 2n ** 60n, bavail: 7n };
  const bounded = new RealFs({ root, calls: { space: () => huge } });
  expect(bounded.space()).toEqual({ totalBytes: Number.MAX_SAFE_INTEGER, availableBytes: 28_672 });
});

test("nonces are 16 hexadecimal digits and do not repeat", () => {
  const { fs } = scene();
  const nonces = Array.from({ length: 100 }, () => fs.nonce());
  expect(new Set(nonces).size).toBe(100);
  for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{16}$/);
});

test("stat counts bytes, names and storage", () => {
  const { root, fs } = scene();
  const handle = fs.open("/sparse", { mode: "write", create: "exclusive" });
  handle.writeAt(bytesOf("x"), 10_000_000);
  handle.close();
  const { kind, size, links, allocatedBytes } = fs.stat("/sparse");
  expect({ kind, size, links }).toEqual({ kind: "file", size: 10_000_001, links: 1 });
  expect(allocatedBytes).toBe(statSync(`${root}/sparse`).blocks * 512);
  expect(allocatedBytes).toBeLessThan(1_000_000);
});

test("interrupted calls are made again, whatever they are", () => {
  const retries: RealRetry[] = [];
  let last = "";
  const calls = callsThatFail((name, count) => {
    const again = last === `${name} ${count - 1}`; // every call fails once, then works
    last = again ? "" : `${name} ${count}`;
    return again || name === "close" || name === "fsync" ? undefined : "EINTR";
  });
  const { root, fs } = scene({ calls, onRetry: (retry) => retries.push(retry) });
  fs.makeDirectory("/sub");
  fs.rename("/file", "/sub/file");
  fs.link("/sub/file", "/again");
  fs.remove("/again");
  fs.removeDirectory("/empty");
  fs.open("/sub/file", { mode: "read" }).close();
  fs.syncNamesBlocking("/sub");
  expect(fs.list("/sub")).toEqual([{ name: "file", kind: "file" }]);
  expect(fs.space().totalBytes).toBeGreaterThan(0);
  expect(existsSync(`${root}/sub/file`)).toBe(true);
  expect(new Set(retries.map(({ operation }) => operation)).size).toBeGreaterThanOrEqual(8);
});
