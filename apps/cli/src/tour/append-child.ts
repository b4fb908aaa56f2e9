import { writeSync } from "node:fs";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal } from "@holdfast/wal";
import { numberedRecord } from "./numbered-record.js";

/**
 * The program that the tour kills: `node append-child.js DIRECTORY SEED`. It appends records to the log in the directory, one to
 * eight at a time, syncs, and only then says on stdout up to which LSN everything is durable:
 *
 *     ack <LSN> <microseconds of append and sync>\n
 *
 * Order is everything here: the line may only be written when the barrier has returned. It ends by being killed, or when
 * nobody reads its acknowledgements any more.
 */

const stdout = 1;
const [path = "", seedText = ""] = process.argv.slice(2);
const seed = Number(seedText);
// Small segments: a kill meets rotation as well.
const log = await openWal({ directory: openDirectory(path), segmentBytes: 16 * 1024, preallocateBytes: 4096 });
for (let turn = 1; ; turn += 1) {
  const start = process.hrtime.bigint();
  for (let count = 0; count <= turn % 8; count += 1) log.append(numberedRecord(log.lastLsn + 1, seed));
  const durable = await log.sync();
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  acknowledge(`ack ${durable} ${microseconds.toFixed(1)}\n`);
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
