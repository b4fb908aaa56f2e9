import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openFile, readAll, shortWrites } from "../test/support/real-file-scene.js";
import { bytesOf, failureOf, platformError, rejectionOf, textOf } from "../test/support/real-scene.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";

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
