import { describe, expect, test } from "vitest";
import { CrashFs } from "./crash-fs.js";
import { isFsError } from "./fs-error.js";
import { isMediaHandle } from "./media-faults.js";
import { MemoryFs } from "./memory-fs.js";

/** What holds for promise operations of every in-memory backend; the order of those of SimFs is in `sim-fs-operations.test.ts`. */

const one = Uint8Array.of(1);

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return isFsError(error) ? error.code : String(error);
  }
  return "done";
}

describe("promise operations in flight", () => {
  test("a blocking barrier is refused while a promise barrier of the same handle is in flight", async () => {
    const fs = new MemoryFs();
    using handle = fs.open("/a", { mode: "append", create: "exclusive" });
    using other = fs.open("/a", { mode: "append" });
    const barrier = handle.sync("data");
    expect(() => handle.syncBlocking("data")).toThrow(expect.objectContaining({ code: "FS_BUSY" }));
    other.syncBlocking("data");
    await barrier;
    handle.syncBlocking("data");
  });

  test("a barrier behind one that fails is poisoned, and covers nothing", async () => {
    const fs = new CrashFs();
    const handle = fs.open("/a", { mode: "append", create: "exclusive" });
    handle.append(one);
    const codes: Promise<string>[] = [];
    for (const rung of ["data", "full"] as const) {
      if (isMediaHandle(handle)) handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
      codes.push(codeOf(handle.sync(rung)));
    }
    expect(await Promise.all(codes)).toEqual(["FS_IO", "FS_POISONED"]);
    expect(fs.trace().records.filter(({ kind }) => kind === "barrier")).toHaveLength(1);
  });

  test("a file without a name lives until the last operation on it has settled", async () => {
    const fs = new MemoryFs({ maxOpenHandles: 1 });
    const handle = fs.open("/a", { mode: "append", create: "exclusive" });
    handle.append(one);
    const target = new Uint8Array(2);
    const read = handle.readAtAsync(target, 0);
    const barrier = handle.sync("data");
    fs.remove("/a");
    handle.close();
    expect(() => fs.open("/b", { mode: "append", create: "exclusive" })).toThrow(
      expect.objectContaining({ code: "FS_TOO_MANY_OPEN_FILES" }),
    );
    expect(await read).toBe(1);
    expect(target[0]).toBe(1);
    await barrier;
    fs.open("/b", { mode: "append", create: "exclusive" }).close();
    handle.close();
    expect(() => handle.stat()).toThrow(expect.objectContaining({ code: "FS_CLOSED" }));
  });

  test("a close that fails after all fails the operation it waited for", async () => {
    const fs = new MemoryFs({ capacityBytes: 4096, spacePolicy: "at-close" });
    const handle = fs.open("/a", { mode: "append", create: "exclusive" });
    handle.append(new Uint8Array(5000));
    const code = codeOf(handle.sync("data"));
    handle.close();
    expect(await code).toBe("FS_NO_SPACE");
  });

  test("a read that is in flight at a crash fails, and leaves the buffer alone", async () => {
    const fs = new CrashFs();
    const handle = fs.open("/a", { mode: "append", create: "exclusive" });
    handle.append(one);
    const target = new Uint8Array(1);
    const code = codeOf(handle.readAtAsync(target, 0));
    fs.crash("best");
    expect(await code).toBe("FS_CRASHED");
    expect(target[0]).toBe(0);
  });

  test("a crash reports no barrier as unhandled that its dead program never came to await", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const fs = new CrashFs();
      const handle = fs.open("/a", { mode: "append", create: "exclusive" });
      const [awaited] = [handle.sync("data"), handle.sync("data"), fs.syncNames("/")];
      fs.crash();
      expect(await codeOf(awaited ?? Promise.resolve())).toBe("FS_CRASHED");
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  test("after a failed names barrier both forms are poisoned", async () => {
    const fs = new CrashFs();
    fs.media.armNamesFault("/", { kind: "failedSync", errno: "EIO", lost: "all" });
    expect(await codeOf(fs.syncNames("/"))).toBe("FS_IO");
    expect(await codeOf(fs.syncNames("/"))).toBe("FS_POISONED");
    expect(() => fs.syncNamesBlocking("/")).toThrow(expect.objectContaining({ code: "FS_POISONED" }));
  });
});
