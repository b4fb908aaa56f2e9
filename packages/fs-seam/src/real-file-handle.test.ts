import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  bytesOf,
  callsThatFail,
  descriptorCount,
  failureOf,
  platformError,
  rejectionOf,
  scratchDirectory,
  textOf,
} from "../test/support/real-scene.js";
import type { FileHandle, OpenFileOptions } from "./file-handle.js";
import { nodeCalls, type RealCalls, type SyncDone } from "./real-calls.js";
import { RealFs } from "./real-fs.js";
import { maxInterruptions, type RealRetry } from "./real-retry.js";

function openFile(
  options: OpenFileOptions,
  calls: Partial<RealCalls> = {},
  content = "0123456789",
): { root: string; host: string; handle: FileHandle; retries: RealRetry[] } {
  const root = scratchDirectory();
  const host = `${root}/file`;
  writeFileSync(host, content);
  const retries: RealRetry[] = [];
  const handle = new RealFs({ root, calls, onRetry: (retry) => retries.push(retry) }).open("/file", options);
  return { root, host, handle, retries };
}

function readAll(handle: FileHandle, length = 64): string {
  const target = new Uint8Array(length);
  return textOf(target.subarray(0, handle.readAt(target, 0)));
}

describe("reading", () => {
  test("fills the target, or reads up to the end of the file", async () => {
    const { handle } = openFile({ mode: "read" });
    const target = new Uint8Array(4);
    expect(handle.readAt(target, 2)).toBe(4);
    expect(textOf(target)).toBe("2345");
    expect(handle.readAt(target, 8)).toBe(2);
    expect(handle.readAt(target, 10)).toBe(0);
    expect(handle.readAt(target, Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(handle.readAt(new Uint8Array(0), 3)).toBe(0);
    expect(await handle.readAtAsync(target, 6)).toBe(4);
    expect(textOf(target)).toBe("6789");
    expect(await handle.readAtAsync(target, 9)).toBe(1);
    handle.close();
  });

  test("asks again after a short count, until the target is full", async () => {
    const lengths: number[] = [];
    const { handle } = openFile(
      { mode: "read" },
      {
        read: (fd, target, at, length, offset) => {
          lengths.push(length);
          return nodeCalls.read(fd, target, at, Math.min(length, 3), offset);
        },
        readAsync: (fd, target, at, length, offset, done) =>
          nodeCalls.readAsync(fd, target, at, Math.min(length, 3), offset, done),
      },
    );
    expect(readAll(handle, 8)).toBe("01234567");
    expect(lengths).toEqual([8, 5, 2]);
    const target = new Uint8Array(20);
    expect(await handle.readAtAsync(target, 1)).toBe(9);
    expect(textOf(target.subarray(0, 9))).toBe("123456789");
    handle.close();
  });

  test("never asks for more than 1 GiB at once", () => {
    const asked: { length: number; at: number; offset: number }[] = [];
    const { handle } = openFile(
      { mode: "read" },
      {
        read: (_fd, _target, at, length, offset) => {
          asked.push({ at, length, offset });
          return length;
        },
      },
    );
    expect(handle.readAt(new Uint8Array(2 ** 30 + 5), 7)).toBe(2 ** 30 + 5);
    expect(asked).toEqual([
      { at: 0, length: 2 ** 30, offset: 7 },
      { at: 2 ** 30, length: 5, offset: 2 ** 30 + 7 },
    ]);
    handle.close();
  });

  test("a failure says how many bytes came before it", async () => {
    let calls = 0;
    const { handle } = openFile(
      { mode: "read" },
      {
        read: (fd, target, at, _length, offset) => {
          calls += 1;
          if (calls === 2) throw platformError("EIO");
          return nodeCalls.read(fd, target, at, 3, offset);
        },
        readAsync: (_fd, _target, _at, _length, _offset, done) => done(platformError("EIO"), 0),
      },
    );
    const target = new Uint8Array(10);
    expect(failureOf(() => handle.readAt(target, 0))).toMatchObject({
      code: "FS_IO",
      errno: "EIO",
      operation: "read",
      path: "/file",
      offset: 0,
      transferred: 3,
    });
    expect(await rejectionOf(handle.readAtAsync(target, 0))).toMatchObject({ code: "FS_IO", transferred: 0 });
    handle.close();
  });
});

describe("writing", () => {
  test("at an offset, with a gap that reads as zeros, and at the end", () => {
    const { handle, host } = openFile({ mode: "write" });
    handle.writeAt(bytesOf("AB"), 1);
    handle.writeAt(bytesOf("Z"), 12);
    handle.writeAt(new Uint8Array(0), 40);
    expect(readFileSync(host, "latin1")).toBe("0AB3456789\0\0Z");
    handle.close();

    const appended = openFile({ mode: "append" });
    appended.handle.append(bytesOf("abc"));
    execFileSync("sh", ["-c", `printf other >> ${appended.host}`]);
    appended.handle.append(bytesOf("def"));
    expect(readFileSync(appended.host, "latin1")).toBe("0123456789abcotherdef");
    expect(readAll(appended.handle)).toBe("0123456789abcotherdef");
    appended.handle.close();
  });

  test("reaches beyond 2 GiB", () => {
    const { handle } = openFile({ mode: "write" });
    const offset = 3 * 2 ** 30 + 1;
    handle.writeAt(bytesOf("far"), offset);
    const target = new Uint8Array(8);
    expect(handle.readAt(target, offset)).toBe(3);
    expect(textOf(target.subarray(0, 3))).toBe("far");
    expect(handle.stat().size).toBe(offset + 3);
    handle.truncate(0);
    handle.close();
  });

  test("goes on after a short count, at the right offset", () => {
    const short = { write: shortWrites(3) };
    const positioned = openFile({ mode: "write" }, short);
    positioned.handle.writeAt(bytesOf("abcdefgh"), 1);
    expect(readFileSync(positioned.host, "latin1")).toBe("0abcdefgh9");
    positioned.handle.close();

    const appended = openFile({ mode: "append" }, short);
    appended.handle.append(bytesOf("abcdefgh"));
    expect(readFileSync(appended.host, "latin1")).toBe("0123456789abcdefgh");
    appended.handle.close();
  });

  test("never hands over more than 1 GiB at once", () => {
    const asked: number[] = [];
    const { handle } = openFile(
      { mode: "append" },
      {
        write: (_fd, _bytes, _at, length) => {
          asked.push(length);
          return length;
        },
      },
    );
    handle.append(new Uint8Array(2 ** 30 + 5));
    expect(asked).toEqual([2 ** 30, 5]);
    handle.close();
  });

  test("a platform that accepts nothing and gives no reason ends in an error, not in a loop", () => {
    let calls = 0;
    const write: RealCalls["write"] = (fd, bytes, at, length, offset) => {
      calls += 1;
      return calls % 2 === 1 ? nodeCalls.write(fd, bytes, at, Math.min(4, length), offset) : 0;
    };
    const positioned = openFile({ mode: "write" }, { write });
    const failure = failureOf(() => positioned.handle.writeAt(bytesOf("abcdefgh"), 0));
    expect(failure).toMatchObject({ code: "FS_IO", operation: "write", transferred: 4, offset: 0 });
    positioned.handle.close();
    const appended = openFile({ mode: "append" }, { write: () => 0 });
    expect(failureOf(() => appended.handle.append(bytesOf("a")))).toMatchObject({ code: "FS_IO", transferred: 0 });
    appended.handle.close();
  });

  test.each([
    ["ENOSPC", "FS_NO_SPACE"],
    ["EDQUOT", "FS_QUOTA_EXCEEDED"],
    ["EFBIG", "FS_FILE_TOO_LARGE"],
    ["EIO", "FS_IO"],
    ["EROFS", "FS_READ_ONLY"],
    ["EAGAIN", "FS_BUSY"],
    ["EBADF", "FS_CLOSED"],
  ])("%s becomes %s and says how many bytes were accepted", (errno, code) => {
    let calls = 0;
    const write: RealCalls["write"] = (fd, bytes, at, _length, offset) => {
      calls += 1;
      if (calls > 1) throw platformError(errno);
      return nodeCalls.write(fd, bytes, at, 2, offset);
    };
    const { handle, host } = openFile({ mode: "write" }, { write });
    const failure = failureOf(() => handle.writeAt(bytesOf("abcd"), 4));
    expect(failure).toMatchObject({ code, errno, operation: "write", path: "/file", offset: 4, transferred: 2 });
    expect(failure.cause).toBeInstanceOf(Error);
    expect(readFileSync(host, "latin1")).toBe("0123ab6789");
    handle.close();
  });
});

function shortWrites(most: number): RealCalls["write"] {
  return (fd, bytes, at, length, offset) => nodeCalls.write(fd, bytes, at, Math.min(length, most), offset);
}

/** Fails with EINTR this many times before every call that works. */
function interrupted<Values extends unknown[], Result>(
  times: number,
  call: (...values: Values) => Result,
): (...values: Values) => Result {
  let left = times;
  return (...values) => {
    if (left > 0) {
      left -= 1;
      throw platformError("EINTR");
    }
    left = times;
    return call(...values);
  };
}

describe("signals", () => {
  test("an interrupted call is made again", async () => {
    const { handle, host, retries } = openFile(
      { mode: "write" },
      {
        read: interrupted(2, nodeCalls.read),
        write: interrupted(2, shortWrites(3)),
        truncate: interrupted(2, nodeCalls.truncate),
        fileStat: interrupted(2, nodeCalls.fileStat),
        open: interrupted(1, nodeCalls.open),
      },
    );
    handle.writeAt(bytesOf("abcdef"), 0);
    expect(readAll(handle)).toBe("abcdef6789");
    handle.truncate(4);
    expect(handle.stat().size).toBe(4);
    expect(readFileSync(host, "latin1")).toBe("abcd");
    expect(new Set(retries.map(({ operation }) => operation))).toEqual(
      new Set(["open", "write", "read", "truncate", "stat"]),
    );
    expect(retries.every(({ errno, attempt }) => errno === "EINTR" && attempt >= 1)).toBe(true);
    handle.close();

    let failures = 1;
    const asynchronous = openFile(
      { mode: "read" },
      {
        readAsync: (fd, target, at, length, offset, done) => {
          failures -= 1;
          if (failures === 0) done(platformError("EINTR"), 0);
          else nodeCalls.readAsync(fd, target, at, length, offset, done);
        },
      },
    );
    expect(await asynchronous.handle.readAtAsync(new Uint8Array(4), 0)).toBe(4);
    asynchronous.handle.close();
  });

  test("a call that is interrupted for ever ends in FS_INTERRUPTED", () => {
    const always = (): never => {
      throw platformError("EINTR");
    };
    const { handle, retries } = openFile({ mode: "append" }, { write: always, read: always, truncate: always });
    expect(failureOf(() => handle.append(bytesOf("a")))).toMatchObject({ code: "FS_INTERRUPTED", transferred: 0 });
    expect(retries.length).toBeGreaterThanOrEqual(maxInterruptions);
    expect(retries.length).toBeLessThanOrEqual(maxInterruptions + 1);
    expect(failureOf(() => handle.readAt(new Uint8Array(1), 0)).code).toBe("FS_INTERRUPTED");
    expect(failureOf(() => handle.truncate(0)).code).toBe("FS_INTERRUPTED");
    handle.close();
  });
});

const badNumbers = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0.5];

describe("bad arguments", () => {
  test.each(badNumbers)("the offset or length %d is refused and changes nothing", async (bad) => {
    const { handle, host } = openFile({ mode: "write" });
    const bytes = bytesOf("xy");
    for (const call of [
      () => handle.readAt(bytes, bad),
      () => handle.writeAt(bytes, bad),
      () => handle.truncate(bad),
      () => handle.allocate(bad, 1),
      () => handle.allocate(0, bad),
      () => handle.punch(bad, 1),
      () => handle.punch(0, bad),
    ]) {
      expect(failureOf(call)).toMatchObject({ code: "FS_INVALID_ARGUMENT", path: "/file" });
    }
    expect(await rejectionOf(handle.readAtAsync(bytes, bad))).toMatchObject({ code: "FS_INVALID_ARGUMENT" });
    expect(readFileSync(host, "latin1")).toBe("0123456789");
    handle.close();
  });

  test("a range that ends behind 2^53-1 is too large to write", () => {
    const { handle } = openFile({ mode: "write" });
    const end = Number.MAX_SAFE_INTEGER;
    expect(failureOf(() => handle.writeAt(bytesOf("xy"), end - 1)).code).toBe("FS_FILE_TOO_LARGE");
    expect(failureOf(() => handle.allocate(end, 1)).code).toBe("FS_FILE_TOO_LARGE");
    expect(handle.readAt(new Uint8Array(2), end - 1)).toBe(0);
    handle.close();
  });

  test("what is no Uint8Array is refused", async () => {
    const { handle } = openFile({ mode: "write" });
    for (const bad of ["text", [1, 2], new Uint16Array(2), undefined, null] as unknown as Uint8Array[]) {
      expect(failureOf(() => handle.readAt(bad, 0)).code).toBe("FS_INVALID_ARGUMENT");
      expect(failureOf(() => handle.writeAt(bad, 0)).code).toBe("FS_INVALID_ARGUMENT");
      expect((await rejectionOf(handle.readAtAsync(bad, 0))).code).toBe("FS_INVALID_ARGUMENT");
    }
    handle.close();
    const { handle: appending } = openFile({ mode: "append" });
    expect(failureOf(() => appending.append("text" as unknown as Uint8Array)).code).toBe("FS_INVALID_ARGUMENT");
    appending.close();
  });

  test("a handle does only what its mode allows", async () => {
    const bytes = bytesOf("x");
    const reading = openFile({ mode: "read" }).handle;
    for (const call of [
      () => reading.writeAt(bytes, 0),
      () => reading.append(bytes),
      () => reading.truncate(0),
      () => reading.allocate(0, 1),
      () => reading.punch(0, 1),
    ]) {
      expect(failureOf(call).code).toBe("FS_INVALID_ARGUMENT");
    }
    await reading.sync("data");
    reading.close();
    const writing = openFile({ mode: "write" }).handle;
    expect(failureOf(() => writing.append(bytes)).code).toBe("FS_INVALID_ARGUMENT");
    expect(failureOf(() => writing.punch(0, 1)).code).toBe("FS_UNSUPPORTED");
    writing.close();
    const appending = openFile({ mode: "append" }).handle;
    for (const call of [
      () => appending.writeAt(bytes, 0),
      () => appending.allocate(0, 1),
      () => appending.punch(0, 1),
    ]) {
      expect(failureOf(call).code).toBe("FS_INVALID_ARGUMENT");
    }
    appending.truncate(3);
    expect(appending.stat().size).toBe(3);
    appending.close();
  });

  test("an unknown rung is refused by both kinds of barrier", async () => {
    const { handle } = openFile({ mode: "write" });
    expect((await rejectionOf(handle.sync("os" as "data"))).code).toBe("FS_INVALID_ARGUMENT");
    expect(failureOf(() => handle.syncBlocking("all" as "data")).code).toBe("FS_INVALID_ARGUMENT");
    handle.close();
  });
});

describe("allocate", () => {
  test("grows a file by zeros and keeps what is there", () => {
    const { handle, host } = openFile({ mode: "write" });
    handle.allocate(2, 5);
    handle.allocate(40, 0);
    expect(readFileSync(host, "latin1")).toBe("0123456789");
    handle.allocate(4, 10);
    expect(readFileSync(host, "latin1")).toBe(`0123456789${"\0".repeat(4)}`);
    handle.allocate(20, 3_000_000);
    const { size, allocatedBytes } = handle.stat();
    expect(size).toBe(3_000_020);
    expect(allocatedBytes).toBeGreaterThanOrEqual(3_000_000);
    handle.close();
  });

  test("puts the old length back when the disk is full", () => {
    let writes = 0;
    const { handle, host } = openFile(
      { mode: "write" },
      {
        write: (fd, bytes, at, length, offset) => {
          writes += 1;
          if (writes === 3) throw platformError("ENOSPC");
          return nodeCalls.write(fd, bytes, at, length, offset);
        },
      },
    );
    expect(failureOf(() => handle.allocate(0, 10_000_000))).toMatchObject({
      code: "FS_NO_SPACE",
      operation: "allocate",
    });
    expect(readFileSync(host, "latin1")).toBe("0123456789");
    handle.close();
  });
});

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

test("a handle is bound to the file, not to its name", () => {
  const root = scratchDirectory();
  const fs = new RealFs({ root });
  const handle = fs.open("/one", { mode: "append", create: "exclusive" });
  fs.rename("/one", "/two");
  handle.append(bytesOf("renamed "));
  expect(readFileSync(`${root}/two`, "latin1")).toBe("renamed ");
  fs.remove("/two");
  handle.append(bytesOf("unlinked"));
  expect(readAll(handle)).toBe("renamed unlinked");
  expect(handle.stat().links).toBe(0);
  handle.close();
});

test("a file cut by another process reads short, not wrong", () => {
  const { handle, host } = openFile({ mode: "read" });
  truncateSync(host, 3);
  expect(readAll(handle)).toBe("012");
  handle.close();
});

test("a child process does not inherit descriptors", () => {
  const { handle, root } = openFile({ mode: "write" });
  const listing = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "latin1" });
  expect(listing).toContain("->");
  expect(listing).not.toContain(root);
  handle.close();
});

test("every method can fail at the platform, and says so in our words", async () => {
  const broken = new Set<string>();
  const calls = callsThatFail((name) => (broken.has(name) ? "EIO" : undefined));
  const { handle } = openFile({ mode: "write" }, calls);
  for (const name of ["read", "write", "truncate", "fileStat", "readAsync"]) broken.add(name);
  expect(failureOf(() => handle.readAt(new Uint8Array(1), 0))).toMatchObject({ code: "FS_IO", operation: "read" });
  expect(failureOf(() => handle.writeAt(bytesOf("x"), 0))).toMatchObject({ code: "FS_IO", operation: "write" });
  expect(failureOf(() => handle.truncate(1))).toMatchObject({ code: "FS_IO", operation: "truncate", offset: 1 });
  expect(failureOf(() => handle.stat())).toMatchObject({ code: "FS_IO", operation: "stat" });
  expect(failureOf(() => handle.allocate(0, 99))).toMatchObject({ code: "FS_IO", operation: "allocate" });
  expect(await rejectionOf(handle.readAtAsync(new Uint8Array(1), 0))).toMatchObject({ code: "FS_IO" });
  handle.close();
});
