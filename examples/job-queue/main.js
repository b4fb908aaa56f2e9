// A queue of jobs in one log: what was accepted is done at least once, also when the worker is killed in the middle of a
// job. Jobs and their ends are records; a checkpoint holds the jobs that are open, so that finished ones can be pruned.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal } from "@holdfast/wal";

/**
 * @import { Wal } from "@holdfast/wal"
 * @typedef {{ id: number, task: string }} Job
 * @typedef {{ add: string } | { done: number }} Entry
 */

/** @param {unknown} value */
const encode = (value) => new TextEncoder().encode(JSON.stringify(value));
/** @param {Uint8Array} bytes */
const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

class JobQueue {
  #log;
  /** Jobs that are not done, in their order. @type {Map<number, Job>} */
  #open = new Map();

  /** @param {string} path */
  static async open(path) {
    return new JobQueue(await openWal({ directory: openDirectory(path, { create: true }) }));
  }

  /** @param {Wal} log */
  constructor(log) {
    this.#log = log;
    const { checkpoint } = log.latestCheckpoint();
    if (checkpoint !== undefined) {
      for (const job of /** @type {Job[]} */ (decode(checkpoint.payload))) this.#open.set(job.id, job);
    }
    for (const { lsn, payload } of log.read({ from: (checkpoint?.lsn ?? 0) + 1 })) this.#apply(lsn, decode(payload));
  }

  /** Resolves when the job survives a power loss. @param {string} task */
  async add(task) {
    const id = this.#append({ add: task });
    await this.#log.sync();
    return id;
  }

  /** The oldest job that is not done. */
  next() {
    return this.#open.values().next().value;
  }

  /** Resolves when no power loss can bring the job back. @param {number} id */
  async done(id) {
    const lsn = this.#append({ done: id });
    await this.#log.sync();
    if (lsn % 100 === 0) await this.#log.publish(encode([...this.#open.values()]), { lsn });
  }

  close() {
    return this.#log.close();
  }

  /** @param {Entry} entry */
  #append(entry) {
    const lsn = this.#log.append(encode(entry)); // the log numbers the jobs, and what it refuses has not happened
    this.#apply(lsn, entry);
    return lsn;
  }

  /** @param {number} lsn @param {Entry} entry */
  #apply(lsn, entry) {
    if ("add" in entry) this.#open.set(lsn, { id: lsn, task: entry.add });
    else this.#open.delete(entry.done);
  }
}

const [, script = "", path] = process.argv;
if (path !== undefined) {
  // A worker: tells each job before it is done, which is where it is going to be killed.
  const queue = await JobQueue.open(path);
  for (let job = queue.next(); job !== undefined; job = queue.next()) {
    process.stdout.write(`${job.task}\n`);
    await queue.done(job.id);
  }
  await queue.close();
} else {
  const home = mkdtempSync(join(tmpdir(), "jobs-"));
  const queuePath = join(home, "queue");
  const tasks = Array.from({ length: 300 }, (_, at) => `mail ${at}`);
  const queue = await JobQueue.open(queuePath);
  await Promise.all(tasks.map((task) => queue.add(task))); // whoever waits meanwhile shares a barrier
  await queue.close();

  /** @type {string[]} */
  const worked = [];
  let kills = 0;
  for (let finished = false; !finished;) {
    const worker = spawn(process.execPath, [script, queuePath]);
    let text = "";
    worker.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      if (kills < 3 && text.split("\n").length > 40) worker.kill("SIGKILL");
    });
    worker.stderr.pipe(process.stderr);
    const [code] = await once(worker, "close");
    worked.push(...text.split("\n").filter((task) => task !== ""));
    if (code === null) kills += 1;
    finished = code === 0;
    assert.ok(finished || code === null, "a worker ends by itself, or is killed");
  }
  assert.equal(kills, 3);
  assert.deepEqual([...new Set(worked)], tasks, "every job, in order");
  assert.ok(worked.length <= tasks.length + kills, "and none twice but the one that a kill interrupted");
  rmSync(home, { recursive: true });
  console.log(`${tasks.length} jobs done by 4 workers, of which 3 were killed`);
}
