import { realpathSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { scene } from "../test/support/real-fs-scene.js";
import { callsThatFail, descriptorCount, failureOf, platformError, rejectionOf } from "../test/support/real-scene.js";

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
