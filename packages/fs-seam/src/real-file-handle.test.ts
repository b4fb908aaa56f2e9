import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openFile, readAll, shortWrites } from "../test/support/real-file-scene.js";
import {
  bytesOf,
  callsThatFail,
  failureOf,
  platformError,
  rejectionOf,
  scratchDirectory,
} from "../test/support/real-scene.js";
import { nodeCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";
import { maxInterruptions } from "./real-retry.js";

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
