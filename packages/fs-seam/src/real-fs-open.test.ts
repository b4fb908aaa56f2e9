import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { scene, treeOf } from "../test/support/real-fs-scene.js";
import { callsThatFail, descriptorCount, failureOf, platformError } from "../test/support/real-scene.js";
import type { OpenFileOptions } from "./file-handle.js";
import { RealFs } from "./real-fs.js";

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
