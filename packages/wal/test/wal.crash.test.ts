// Every crash window of the log, one short program each, every disk that a crash may leave, and crashes inside the recoveries
// from it. What was there before a program counts as durable, so that few effects are pending.
//
// WAL_LONG=1 makes every subset of what is pending wherever there are at most 4096, and crashes inside recovery at a higher level
// and on all file systems; takes some ten minutes.
import type { CrashStrategy } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { logMatrix, logWindows, type LogWindow } from "./log-windows.js";

const isLong = process.env["WAL_LONG"] === "1";

/** What the long run makes everywhere, and what is made of a window by default. */
function strategyOf({ isWide = false }: LogWindow): CrashStrategy {
  if (isLong) return { kind: "exhaustive", limit: 4096 };
  return isWide ? { kind: "levels", level: 2 } : { kind: "exhaustive", limit: 512 };
}

describe("the law holds at every crash point", () => {
  test.each(Object.entries(logWindows))("%s, and inside recovery from it", async (name, window) => {
    const report = await logMatrix(name, window, {
      strategy: strategyOf(window),
      nestedStrategy: { kind: "levels", level: isLong ? 3 : 1 },
      personalities: isLong ? ["posix", "ext4-ordered", "xfs", "btrfs"] : ["posix"],
    });
    expect(report.level).toBeGreaterThanOrEqual(window.isWide === true && !isLong ? 2 : 4);
    expect(report.recoveries).toBeGreaterThan(100);
  });

  test.each(Object.entries(logWindows))("%s, on the file systems of Linux", async (name, window) => {
    const report = await logMatrix(name, window, {
      strategy: strategyOf(window),
      personalities: ["ext4-ordered", "xfs", "btrfs"],
      nested: 0,
      minImages: 1,
    });
    expect(report.personalities.map(({ personality }) => personality)).toEqual(["ext4-ordered", "xfs", "btrfs"]);
  });
});
