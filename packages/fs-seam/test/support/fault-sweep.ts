import { writeFileSync } from "node:fs";
import { Directory } from "../../src/directory.js";
import type { FsError } from "../../src/fs-error.js";
import { isFsError } from "../../src/fs-error.js";
import { RealFs } from "../../src/real-fs.js";
import { callsThatFail, descriptorCount, scratchDirectory, type CallName } from "./real-scene.js";

/** The errors a disk or a process runs into. */
export const sweptErrnos = ["ENOSPC", "EDQUOT", "EIO", "EMFILE"] as const;

export interface SweepRun<Result> {
  readonly root: string;
  readonly directory: Directory;
  /** Which call failed, "" when none did. */
  readonly failedCall: CallName | "";
  /** What the operation threw, undefined when it succeeded. */
  readonly error: FsError | undefined;
  readonly result: Result | undefined;
}

/**
 * Goal: nothing that fails inside an operation escapes untyped, leaks a descriptor, or leaves a state nobody documented.
 * Method: on a fresh directory each time, let the n-th platform call of the operation fail (`once`), or that and every
 * later one (`for-ever`), for n = 1, 2, ... until a run meets no failure; judge each by `check`.
 */
export async function sweepFaults<Result>(
  errno: string,
  extent: "once" | "for-ever",
  operation: (directory: Directory) => Result | Promise<Result>,
  check: (run: SweepRun<Result>) => void,
  prepare: (root: string) => void = () => undefined,
): Promise<number> {
  for (let nth = 1; nth < 200; nth += 1) {
    const root = scratchDirectory();
    writeFileSync(`${root}/file`, "old");
    prepare(root);
    let armed = false;
    let count = 0;
    let failedCall: CallName | "" = "";
    const calls = callsThatFail((name) => {
      if (!armed) return undefined;
      count += 1;
      if (extent === "once" ? count !== nth : count < nth) return undefined;
      failedCall ||= name;
      return errno;
    });
    const directory = new Directory(new RealFs({ root, calls }));
    const descriptors = descriptorCount();
    armed = true;
    let error: FsError | undefined;
    let result: Result | undefined;
    try {
      result = await operation(directory);
    } catch (failure) {
      if (!isFsError(failure)) throw failure;
      error = failure;
    }
    armed = false;
    if (descriptorCount() !== descriptors) {
      throw new Error(`call ${nth} (${failedCall}) with ${errno}: a descriptor leaked`);
    }
    check({ root, directory, failedCall, error, result });
    if (failedCall === "") {
      if (error !== undefined) throw error;
      return nth - 1;
    }
  }
  throw new Error("the operation never came to an end");
}
