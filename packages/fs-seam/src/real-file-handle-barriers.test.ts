import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openFile, readAll } from "../test/support/real-file-scene.js";
import { bytesOf, failureOf, platformError, rejectionOf } from "../test/support/real-scene.js";
import { nodeCalls, type SyncDone } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

describe("barriers", () => {
  test("data is fdatasync, full is fsync, of the descriptor that wrote", async () => {
    const made: string[] = [];
    const opened: number[] = [];
    const { handle } = openFile(
      { mode: "write" },
      {
        open: (path, flags, mode) => {
          const fd = nodeCalls.open(path, flags, mode);
          opened.push(fd);
          return fd;
        },
        fdatasync: (fd) => void made.push(`fdatasync ${fd}`),
        fsync: (fd) => void made.push(`fsync ${fd}`),
        fdatasyncAsync: (fd, done) => {
          made.push(`fdatasyncAsync ${fd}`);
          done(null);
        },
        fsyncAsync: (fd, done) => {
          made.push(`fsyncAsync ${fd}`);
          done(null);
        },
      },
    );
    handle.syncBlocking("data");
    handle.syncBlocking("full");
    await handle.sync("data");
    await handle.sync("full");
    const [fd] = opened;
    expect(made).toEqual([`fdatasync ${fd}`, `fsync ${fd}`, `fdatasyncAsync ${fd}`, `fsyncAsync ${fd}`]);
    handle.close();
  });

  test("the platform is asked within the call", async () => {
    let asked = 0;
    const { handle } = openFile(
      { mode: "write" },
      {
        fsyncAsync: (_fd, done) => {
          asked += 1;
          setImmediate(done, null);
        },
      },
    );
    const barrier = handle.sync("full");
    expect(asked).toBe(1);
    await barrier;
    handle.close();
  });

  test("one barrier at a time, in the order of the calls", async () => {
    const waiting: SyncDone[] = [];
    const hold = (_fd: number, done: SyncDone): void => void waiting.push(done);
    const { handle } = openFile({ mode: "write" }, { fdatasyncAsync: hold, fsyncAsync: hold });
    const settled: number[] = [];
    const barriers = (["data", "full", "data"] as const).map((rung, index) =>
      handle.sync(rung).then(() => settled.push(index)),
    );
    expect(waiting).toHaveLength(1);
    expect(failureOf(() => handle.syncBlocking("data")).code).toBe("FS_BUSY");
    for (const barrier of barriers) {
      expect(waiting).toHaveLength(1);
      waiting.shift()?.(null);
      await barrier;
    }
    expect(settled).toEqual([0, 1, 2]);
    handle.syncBlocking("data"); // free again at once
    handle.close();
  });

  test.each(["EIO", "ENOSPC", "EINTR"])(
    "%s poisons the handle, and the platform is never asked again",
    async (errno) => {
      let asked = 0;
      const fail = (): never => {
        asked += 1;
        throw platformError(errno);
      };
      const { handle, host } = openFile({ mode: "append" }, { fdatasync: fail, fsync: fail, fdatasyncAsync: fail });
      handle.append(bytesOf("lost"));
      const first = failureOf(() => handle.syncBlocking("data"));
      expect(first).toMatchObject({ operation: "sync", errno, path: "/file" });
      for (const call of [
        () => handle.append(bytesOf("x")),
        () => handle.truncate(0),
        () => handle.allocate(0, 1),
        () => handle.syncBlocking("data"),
        () => handle.syncBlocking("full"),
      ]) {
        expect(failureOf(call)).toMatchObject({ code: "FS_POISONED", cause: first });
      }
      expect(await rejectionOf(handle.sync("data"))).toMatchObject({ code: "FS_POISONED", cause: first });
      expect(asked).toBe(1);
      expect(readAll(handle)).toBe("0123456789lost");
      expect(handle.stat().size).toBe(14);
      handle.close();
      expect(readFileSync(host, "latin1")).toBe("0123456789lost");
    },
  );

  test("a barrier that waits behind a failed one fails without asking the platform", async () => {
    let asked = 0;
    const { handle } = openFile(
      { mode: "write" },
      {
        fdatasyncAsync: (_fd, done) => {
          asked += 1;
          setImmediate(done, asked === 1 ? platformError("EIO") : null);
        },
      },
    );
    const [one, two] = await Promise.all([rejectionOf(handle.sync("data")), rejectionOf(handle.sync("data"))]);
    expect(one).toMatchObject({ code: "FS_IO", errno: "EIO" });
    expect(two).toMatchObject({ code: "FS_POISONED", cause: one });
    expect(asked).toBe(1);
    expect(failureOf(() => handle.writeAt(bytesOf("x"), 0)).code).toBe("FS_POISONED");
    handle.close();
  });

  test("another handle of the file is not poisoned with it", async () => {
    const { root, handle } = openFile(
      { mode: "write" },
      {
        fsync: () => {
          throw platformError("EIO");
        },
      },
    );
    expect(failureOf(() => handle.syncBlocking("full")).code).toBe("FS_IO");
    const other = new RealFs({ root }).open("/file", { mode: "write" });
    other.writeAt(bytesOf("x"), 0);
    await other.sync("full");
    other.close();
    handle.close();
  });
});
