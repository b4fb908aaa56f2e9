import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { scene } from "../test/support/real-fs-scene.js";
import { failureOf, platformError } from "../test/support/real-scene.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";
import type { RealRetry } from "./real-retry.js";

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
