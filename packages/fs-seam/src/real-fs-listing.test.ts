import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { scene, streamed } from "../test/support/real-fs-scene.js";
import { descriptorCount, failureOf, platformError, rejectionOf } from "../test/support/real-scene.js";

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
