// A process that writes a log at full speed until it is killed. It is told what to do by its arguments, and tells by IPC what
// survives it: `node wal-child.mjs <workspace> <directory> <job>`.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , workspace, path, job] = process.argv;
const require = createRequire(join(workspace, "index.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { openDirectory } = await load("@holdfast/fs-seam");
const { openWal, openWalReader } = await load("@holdfast/wal");
const { openRecordLog } = await load("@holdfast/wal/record-log");

/** The record of an LSN: whoever knows the one knows the other. */
function recordOf(lsn) {
  return Buffer.from(`${lsn}:`.padEnd(8 + ((lsn * 7919) % 400), String(lsn)));
}

const options = { segmentBytes: 16 * 1024, bufferBytes: 4096, preallocateBytes: 8192, mergeBytes: 8192 };

function open() {
  return openWal({ directory: openDirectory(path), ...options });
}

/** Appends for ever, mostly in the buffer, sometimes written, sometimes synced, and says what must be there now. */
async function append(log, publish) {
  process.send({ opened: log.lastLsn });
  for (let turn = 1; ; turn += 1) {
    for (let count = 0; count < turn % 17; count += 1) log.append(recordOf(log.lastLsn + 1));
    if (turn % 5 === 0) log.appendBatch([recordOf(log.lastLsn + 1), recordOf(log.lastLsn + 2)]);
    if (turn % 3 === 0) await log.sync();
    else log.write();
    process.send({ written: log.lastLsn });
    if (turn % 50 === 0) await publish(log);
    if (turn % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function write() {
  await append(await open(), (log) => {
    return log.publish(Buffer.from(String(log.lastLsn)), { lsn: Math.max(1, log.lastLsn - 400) });
  });
}

async function record() {
  const { bufferBytes, preallocateBytes } = options;
  const log = await openRecordLog({ directory: openDirectory(path), name: "events", bufferBytes, preallocateBytes });
  await append(log, () => {});
}

/** The same in many short runs, each closed, until there are so many records. */
async function reopen() {
  for (let lastLsn = 0; lastLsn < 4000;) {
    const log = await open();
    for (let turn = 0; turn < 20; turn += 1) {
      for (let count = 0; count < 10; count += 1) log.append(recordOf(log.lastLsn + 1));
      if (turn % 4 === 0) await log.sync();
      else log.write();
    }
    lastLsn = log.lastLsn;
    if (lastLsn > 1000) await log.prune(lastLsn - 1000);
    await log.close();
  }
  process.send({ done: true });
}

/** Follows a log with nothing else to do, and says what comes. */
async function follow() {
  for await (const batch of openWalReader({ directory: openDirectory(path) }).follow()) {
    process.send({ written: batch.at(-1).lsn });
  }
}

/** Waits for nothing but the interval of its log, and ends as soon as nothing keeps it. */
async function interval() {
  const log = await openWal({ directory: openDirectory(path), syncPolicy: { kind: "interval", intervalMs: 50 } });
  log.append(recordOf(1));
  await log.whenDurable(1);
  process.send({ written: 1 });
  process.channel.unref();
  log.append(recordOf(2));
}

/** Opens once, when it is told to. */
function race() {
  setInterval(() => {}, 1000); // holds the log until it is killed
  process.send({ ready: true });
  process.once("message", () => void openOnce());
}

async function openOnce() {
  try {
    const log = await open();
    log.append(recordOf(log.lastLsn + 1));
    await log.sync();
    process.send({ opened: log.lastLsn });
  } catch (error) {
    process.send({ refused: error.code });
  }
}

await { write, record, reopen, race, follow, interval }[job]();
