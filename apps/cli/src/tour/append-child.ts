import { writeSync } from "node:fs";
import { openDirectory, type Directory, type FileHandle } from "@holdfast/fs-seam";
import { encodeRecord, scanLog } from "./numbered-log.js";

/**
 * The program that the tour kills: `node append-child.js DIRECTORY SEED`. It appends records to `DIRECTORY/log` and syncs
 * each of them before it says so on stdout:
 *
 *     ack <number> <microseconds of append and sync>\n
 *
 * Order is everything here: the line may only be written when the barrier has returned. It ends by being killed, or when
 * nobody reads its acknowledgements any more.
 */

const stdout = 1;
const logName = "log";

const [path = "", seedText = ""] = process.argv.slice(2);
const seed = Number(seedText);
const directory = openDirectory(path);
const { handle, last } = openLog(directory);
for (let number = last + 1; ; number += 1) {
  const start = process.hrtime.bigint();
  handle.append(encodeRecord(number, seed));
  handle.syncBlocking("data");
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  acknowledge(`ack ${number} ${microseconds.toFixed(1)}\n`);
}

/** Opens the log behind its last complete record, and makes that state durable before anything is built on it. */
function openLog(directory: Directory): { readonly handle: FileHandle; readonly last: number } {
  if (!directory.exists(logName)) {
    directory.open(logName, { mode: "write", create: "exclusive" }).close();
    directory.syncNamesBlocking();
  }
  const { recordCount, endOffset, end } = scanLog(directory.readFile(logName), seed);
  if (end.kind === "corrupt") throw new Error(`the log is corrupt: ${end.why}`);
  if (end.kind === "torn") cut(directory, endOffset);
  return { handle: directory.open(logName, { mode: "append" }), last: recordCount };
}

function cut(directory: Directory, size: number): void {
  const handle = directory.open(logName, { mode: "write" });
  handle.truncate(size);
  handle.syncBlocking("full");
  handle.close();
}

/** A blocking write, so that the line has left this process when the next append begins. */
function acknowledge(line: string): void {
  try {
    writeSync(stdout, line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0); // the parent is gone
    throw error;
  }
}
