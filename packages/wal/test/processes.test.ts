// Real processes on a real disk: killed at full speed, opening at once, reading beside a writer.
// WAL_KILLS=200 kills so often; the default is 20.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory, type Directory } from "@holdfast/fs-seam";
import { afterEach, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type WalReader, type WalRecord } from "../src/index.js";
import { openRecordLog, openRecordLogReader } from "../src/record-log-entry.js";
import { textOf } from "./log-law.js";
import { transpiledWorkspace } from "./support/transpiled-workspace.js";

const workspace = transpiledWorkspace();
const cleanUp: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

function scratch(): { path: string; directory: Directory } {
  const path = mkdtempSync(join(tmpdir(), "holdfast-wal-"));
  cleanUp.push(() => rmSync(path, { recursive: true, force: true }));
  return { path, directory: openDirectory(path) };
}

/** What a child says. */
interface Word {
  readonly opened?: number;
  readonly written?: number;
  readonly refused?: string;
  readonly done?: boolean;
}

class WalChild {
  readonly words: Word[] = [];
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  #heard: () => void = () => {};

  constructor(path: string, job: string) {
    const script = join(import.meta.dirname, "support/wal-child.mjs");
    this.process = spawn(process.execPath, [script, workspace, path, job], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.process.on("message", (word) => {
      this.words.push(word as Word);
      this.#heard();
    });
    this.ended = new Promise((resolve) => this.process.once("exit", resolve)).then(() => this.#heard());
    cleanUp.push(() => this.kill());
  }

  /** Resolves with the word of that number, the first being 0. */
  async word(index: number): Promise<Word> {
    while (this.words.length <= index) {
      if (this.process.exitCode !== null) throw new Error(`the child ended with ${this.process.exitCode}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
    return this.words[index] as Word;
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended;
  }
}

/** The record that a child appends with this LSN. */
function recordOf(lsn: number): string {
  return `${lsn}:`.padEnd(8 + ((lsn * 7919) % 400), String(lsn));
}

interface Read {
  readonly firstLsn: number;
  readonly lastLsn: number;
  read(): Iterable<WalRecord>;
}

const kills = Number(process.env["WAL_KILLS"] ?? 20);
/** A record log is read whole each time, and grows. */
const killing = { timeout: Math.max(600_000, kills * 15_000) };

/** Kills a writer again and again, and demands what it had said to be written, and every record as it was appended. */
async function killRepeatedly(path: string, job: string, openReader: () => Read): Promise<void> {
  for (let round = 0; round < kills; round += 1) {
    const child = new WalChild(path, job);
    // Another moment each time: the first record, a rotation, a publish, ...
    await child.word(1 + ((round * 37) % 120));
    await child.kill();
    const promised = child.words.at(-1)?.written ?? 0;
    expect(promised).toBeGreaterThan(child.words[0]?.opened ?? 0);
    const reader = openReader();
    expect(reader.lastLsn, `round ${round}`).toBeGreaterThanOrEqual(promised);
    let next = reader.firstLsn;
    for (const { lsn, payload } of reader.read()) {
      const isOwn = lsn === next && textOf(payload) === recordOf(lsn);
      if (!isOwn) expect.fail(`round ${round}: LSN ${lsn}, due ${next}, holds ${textOf(payload)}`);
      next += 1;
    }
    expect(next).toBe(reader.lastLsn + 1);
  }
}

test("kill -9 at full speed: everything that was handed to the system is there, again and again", killing, async () => {
  const { path, directory } = scratch();
  await killRepeatedly(path, "write", () => openWalReader({ directory }));
  const log = await openWal({ directory, mode: "strict" });
  const { checkpoint } = log.latestCheckpoint();
  expect(checkpoint?.lsn ?? 0).toBeGreaterThanOrEqual(log.firstLsn - 1);
  await log.close();
});

test(
  "kill -9 of a record log at full speed: everything that was handed to the system is there, again and again",
  killing,
  async () => {
    const { path, directory } = scratch();
    const name = "events";
    await killRepeatedly(path, "record", () => openRecordLogReader({ directory, name }));
    const log = await openRecordLog({ directory, name });
    expect(log.report).toMatchObject({ firstLsn: 1, damage: undefined });
    await log.close();
  },
);

test("of several processes that open at once, one gets the log", { timeout: 300_000 }, async () => {
  const { path, directory } = scratch();
  for (let round = 1; round <= 3; round += 1) {
    const children = [1, 2, 3].map(() => new WalChild(path, "race"));
    for (const child of children) await child.word(0);
    for (const child of children) child.process.send("now");
    const answers = await Promise.all(children.map((child) => child.word(1)));
    const opened = answers.filter((word) => word.opened !== undefined);
    expect(opened).toEqual([{ opened: round }]);
    expect(answers.flatMap(({ refused }) => refused ?? [])).toEqual(["FS_LOCKED", "FS_LOCKED"]);
    await expect(openWal({ directory })).rejects.toMatchObject({ code: "FS_LOCKED" });
    for (const child of children) await child.kill();
    expect(openWalReader({ directory }).lastLsn).toBe(round);
  }
});

test("a reader follows a writer that rotates, prunes, closes and opens again", { timeout: 300_000 }, async () => {
  const { path, directory } = scratch();
  const child = new WalChild(path, "reopen");
  let reader: WalReader | undefined;
  let next = 1;
  let pruned = 0;
  const look = (): void => {
    try {
      reader ??= openWalReader({ directory });
      reader.refresh();
      for (const { lsn, payload } of reader.read({ from: next })) {
        expect(lsn).toBe(next);
        if (textOf(payload) !== recordOf(lsn)) expect.fail(`LSN ${lsn} holds ${textOf(payload)}`);
        next += 1;
      }
    } catch (error) {
      if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return;
      // Too slow for the prune: goes on with what is left, which the log says.
      if (!(error instanceof WalError && error.code === "WAL_PRUNED")) throw error;
      pruned += 1;
      next = Math.max(next, reader?.firstLsn ?? 1);
    }
  };
  while (child.words.length === 0 && child.process.exitCode === null) {
    look();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await child.ended;
  look();
  expect(child.words).toEqual([{ done: true }]);
  expect(next).toBeGreaterThan(4000);
  expect(pruned).toBeLessThan(100);
});

test(
  "a process with nothing else to do lives until the barrier that its interval has promised",
  { timeout: 300_000 },
  async () => {
    const { path, directory } = scratch();
    const child = new WalChild(path, "interval");
    expect(await child.word(0)).toEqual({ written: 1 });
    await child.ended;
    expect(child.process.exitCode).toBe(0);
    // The second record was only appended, and nobody waited for it.
    expect(openWalReader({ directory }).lastLsn).toBe(2);
  },
);

test("a process that does nothing but follow goes on for as long as it follows", { timeout: 300_000 }, async () => {
  const { path, directory } = scratch();
  const log = await openWal({ directory });
  await log.appendDurable(new Uint8Array(8));
  const child = new WalChild(path, "follow");
  for (let lsn = 1; lsn <= 3; lsn += 1) {
    expect(await child.word(lsn - 1)).toEqual({ written: lsn });
    await log.appendDurable(new Uint8Array(8));
  }
  await log.close();
});
