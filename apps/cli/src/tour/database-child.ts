import { writeSync } from "node:fs";
import { openDirectory } from "@holdfast/fs-seam";
import { numberedBatch } from "./numbered-batch.js";
import { openDatabase } from "./tour-database.js";

/**
 * The program that the tour kills while it writes to a database: `node database-child.js DIRECTORY SEED`. It writes batch after batch, each behind a
 * barrier, and only then says so on stdout:
 *
 *     ack <number of the batch> <microseconds>\n
 *
 * It ends by being killed, or when nobody reads its acknowledgements any more.
 */

const stdout = 1;
const [path = "", seed = ""] = process.argv.slice(2);
const db = openDatabase(openDirectory(path));
for (let number = 1; ; number += 1) {
  const start = process.hrtime.bigint();
  await db.batch(numberedBatch(number, Number(seed)), { sync: true });
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  acknowledge(`ack ${number} ${microseconds.toFixed(1)}\n`);
}

/** A blocking write, so that the line has left this process when the next batch begins. */
function acknowledge(line: string): void {
  try {
    writeSync(stdout, line);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0); // the parent is gone
    throw error;
  }
}
