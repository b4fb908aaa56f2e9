// Stands in for append-child.js, with one fault: node broken-writer.mjs KIND RECORDS-FILE DIRECTORY SEED.
// The records, one line each, come from the test that starts it, so that nothing but the fault is different.
import { appendFileSync, closeSync, openSync, readFileSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal } from "@holdfast/wal";

const [kind, recordsFile, directory] = process.argv.slice(2);
const records = readFileSync(recordsFile, "latin1").split("\n");
const recordOf = (number) => Buffer.from(records[number - 1], "latin1");

if (kind === "silent") pause(60_000);
const log = await openWal({ directory: openDirectory(directory), preallocateBytes: 0, prepareSegments: false });
const segment = () =>
  join(
    directory,
    readdirSync(directory).findLast((name) => name.endsWith(".seg")),
  );

if (kind === "ends-by-itself") {
  await work(log.lastLsn + 1);
  await log.close();
  throw new RangeError("out of ideas");
}
for (let number = log.lastLsn + 1; ; number += 1) await work(number);

async function work(number) {
  switch (kind) {
    case "acks-before-writing": // what the buffer holds is written when it is full
      log.append(recordOf(number));
      acknowledge(number);
      pause(1);
      return;
    case "acks-before-syncing":
      log.append(recordOf(number));
      log.write();
      acknowledge(number);
      return;
    case "skips-a-record":
      await log.appendDurable(recordOf(number < 3 ? number : number + 1));
      acknowledge(number);
      pause(1);
      return;
    case "damages-a-record":
      await log.appendDurable(recordOf(number));
      if (number === 5) damage(segment());
      acknowledge(number);
      pause(1);
      return;
    case "tears-its-last-record": // as a kill between two writes of one record would
      await log.appendDurable(recordOf(number));
      acknowledge(number);
      if (number < 4) return;
      appendFileSync(segment(), "half a frame");
      pause(60_000);
      return;
    default:
      await log.appendDurable(recordOf(number));
      acknowledge(number);
  }
}

/** Overwrites a byte of the first record, which frames behind it state as durable. */
function damage(path) {
  const file = openSync(path, "r+");
  writeSync(file, "X", 64 + 32 + 1);
  closeSync(file);
}

function acknowledge(number) {
  writeSync(1, `ack ${number} 1.0\n`);
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
