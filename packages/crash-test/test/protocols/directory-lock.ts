import { acquireDirectoryLock, atomicReplaceBlocking, Directory, isFsError } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import type { WorkloadRun } from "../../src/index.js";
import { bytesOf, textOf } from "./content.js";
import { defineProtocol, demand, type Protocol } from "./protocol.js";

type Mutant = "removed-by-non-owner" | "written-without-lock";

const readCounter = (directory: Directory): number => Number(textOf(directory.readFile("counter")));

function writeCounter(directory: Directory, value: number): void {
  atomicReplaceBlocking(directory, "counter", bytesOf(String(value)), { rung: "data" });
}

/** The same disk as another process sees it: locks of this process are not known there. */
const anotherProcess = (directory: Directory): Directory => new Directory(new FaultFs(directory.fs), directory.path);

/** Long enough for the system to write back what is pending. The acknowledgement lets the power fail just before. */
function timePasses(run: WorkloadRun): void {
  run.ack("some time");
  run.fs.writeback();
}

/** Adds one under the lock; false when somebody else holds it. */
function increment(directory: Directory): boolean {
  try {
    using _lock = acquireDirectoryLock(directory);
    writeCounter(directory, readCounter(directory) + 1);
    return true;
  } catch (error) {
    if (!isFsError(error, "FS_LOCKED")) throw error;
    return false;
  }
}

/**
 * The owner of the lock is taken for dead, a second process takes over, and in the middle of its work the first one's
 * shutdown handler wakes up and gives its lock back. A third process must not get in.
 */
export const directoryLock: Protocol = defineProtocol<number, Mutant>(
  "directory lock",
  {
    "removed-by-non-owner": "a late release removes the lock file without looking whose it is",
    "written-without-lock": "the third process writes although it was refused",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("counter", bytesOf("0")),
    workload(directory, run) {
      const zombie = acquireDirectoryLock(directory);
      timePasses(run);
      run.fs.processCrash();

      const second = anotherProcess(directory);
      const lock = acquireDirectoryLock(second);
      const seen = readCounter(second);
      timePasses(run);
      if (mutant === "removed-by-non-owner") directory.removeIfPresent("LOCK");
      else zombie.release();

      const third = anotherProcess(directory);
      let done = increment(third);
      if (mutant === "written-without-lock" && !done) {
        writeCounter(third, readCounter(third) + 1);
        done = true;
      }
      if (done) run.ack("third");
      writeCounter(second, seen + 1);
      run.ack("second");
      lock.release();
      if (!done && increment(third)) run.ack("third");
    },
    recover(directory) {
      using _lock = acquireDirectoryLock(directory); // whoever held it is dead
      directory.sweepTemps();
      return readCounter(directory);
    },
    check(counter, { acks }) {
      const done = acks.filter(({ label }) => label !== "some time").length;
      demand(counter >= done, `${done} increments are acknowledged, the counter is at ${counter}`);
    },
  }),
  1,
);
