import { describe, expect, test } from "vitest";
import { openFile } from "../test/support/real-file-scene.js";
import { bytesOf, descriptorCount, failureOf, platformError, rejectionOf } from "../test/support/real-scene.js";
import { nodeCalls, type RealCalls, type SyncDone } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

describe("after close", () => {
  test("everything says FS_CLOSED, and closing again does nothing", async () => {
    const before = descriptorCount();
    const { handle } = openFile({ mode: "write" });
    const appending = openFile({ mode: "append" }).handle;
    expect(descriptorCount()).toBe(before + 2);
    handle.close();
    appending[Symbol.dispose]();
    expect(descriptorCount()).toBe(before);
    handle.close();
    const bytes = new Uint8Array(1);
    for (const call of [
      () => handle.readAt(bytes, 0),
      () => handle.writeAt(bytes, 0),
      () => handle.writeAt(bytes, -1),
      () => appending.append(bytes),
      () => handle.truncate(0),
      () => handle.allocate(0, 1),
      () => handle.punch(0, 1),
      () => handle.stat(),
      () => handle.syncBlocking("data"),
    ]) {
      expect(failureOf(call).code).toBe("FS_CLOSED");
    }
    expect((await rejectionOf(handle.sync("full"))).code).toBe("FS_CLOSED");
    expect((await rejectionOf(handle.readAtAsync(bytes, 0))).code).toBe("FS_CLOSED");
  });

  test("a failing close is told once, and the descriptor is gone all the same", () => {
    const before = descriptorCount();
    let closes = 0;
    const { handle } = openFile(
      { mode: "write" },
      {
        close: (fd) => {
          closes += 1;
          nodeCalls.close(fd);
          throw platformError(closes === 1 ? "ENOSPC" : "EBADF");
        },
      },
    );
    expect(failureOf(() => handle.close())).toMatchObject({ code: "FS_NO_SPACE", operation: "close", path: "/file" });
    handle.close();
    expect(closes).toBe(1);
    expect(descriptorCount()).toBe(before);
  });

  test("a promise under way keeps the descriptor until it settles", async () => {
    const before = descriptorCount();
    const waiting: SyncDone[] = [];
    const { handle, root } = openFile({ mode: "write" }, { fdatasyncAsync: (_fd, done) => void waiting.push(done) });
    const barrier = handle.sync("data");
    const queued = handle.sync("data");
    handle.close();
    expect(failureOf(() => handle.writeAt(bytesOf("x"), 0)).code).toBe("FS_CLOSED");
    // Were the descriptor free, this open would get its number, and the barrier would end up on the wrong file.
    const stranger = new RealFs({ root }).open("/stranger", { mode: "write", create: "exclusive" });
    expect(descriptorCount()).toBe(before + 2);
    waiting.shift()?.(null);
    await barrier;
    await new Promise(setImmediate);
    expect(descriptorCount()).toBe(before + 2);
    waiting.shift()?.(null);
    await queued;
    expect(descriptorCount()).toBe(before + 1);
    stranger.close();
  });

  test("the failure of a close that had to wait is the failure of the promise", async () => {
    const close: RealCalls["close"] = (fd) => {
      nodeCalls.close(fd);
      throw platformError("EIO");
    };
    const one = openFile({ mode: "read" }, { close }).handle;
    const read = one.readAtAsync(new Uint8Array(4), 0);
    one.close();
    expect(await rejectionOf(read)).toMatchObject({ code: "FS_IO", operation: "close" });

    const two = openFile(
      { mode: "write" },
      { close, fsyncAsync: (_fd, done) => setImmediate(done, platformError("EIO")) },
    );
    const barrier = two.handle.sync("full");
    two.handle.close();
    const failure = await rejectionOf(barrier);
    expect(failure).toMatchObject({ code: "FS_IO", operation: "sync" });
    expect(failure).toHaveProperty("cleanupFailure.operation", "close");
  });
});
