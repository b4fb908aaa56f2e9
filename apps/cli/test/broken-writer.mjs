// Stands in for append-child.js, with one fault: node broken-writer.mjs KIND RECORDS-FILE DIRECTORY SEED.
// The records, one line each, come from the test that starts it, so that nothing but the fault is different.
import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const [kind, recordsFile, directory] = process.argv.slice(2);
const path = join(directory, "log");
const records = readFileSync(recordsFile, "latin1").split("\n");
const written = existsSync(path) ? readFileSync(path, "latin1").split("\n").length - 1 : 0;
const log = openSync(path, "a");

if (kind === "silent") pause(60_000);
if (kind === "ends-by-itself") {
  work(written + 1);
  closeSync(log);
  throw new RangeError("out of ideas");
}
let held = [];
for (let number = written + 1; ; number += 1) work(number);

function work(number) {
  const record = `${records[number - 1]}\n`;
  switch (kind) {
    case "acks-before-writing": // a buffer that is written when 32 records are in it
      acknowledge(number);
      held.push(record);
      if (held.length === 32) {
        writeSync(log, held.join(""));
        held = [];
      }
      pause(1);
      return;
    case "acks-before-syncing":
      writeSync(log, record);
      acknowledge(number);
      return;
    case "skips-a-record":
      if (number !== 3) writeSync(log, record);
      acknowledge(number);
      pause(1);
      return;
    case "damages-a-record":
      writeSync(log, number === 3 ? record.replace(/ ./, " X") : record);
      acknowledge(number);
      pause(1);
      return;
    case "tears-its-last-record": // as a kill between two writes of one record would
      writeSync(log, number === 5 ? record.slice(0, 9) : record);
      if (number === 5) pause(60_000);
      acknowledge(number);
      return;
    default:
      writeSync(log, record);
      fdatasyncSync(log);
      acknowledge(number);
  }
}

function acknowledge(number) {
  writeSync(1, `ack ${number} 1.0\n`);
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
