// Processes on a real disk: one that is killed with `kill -9` while it writes at full speed, and two that want to write at once.
// LSM_KILLS=200 kills so many, and the reporter `verbose` says what they met.
import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { expect, onTestFinished, test } from "vitest";
import { openEngine } from "../src/engine.js";
import { readManifest } from "../src/manifest-log.js";
import { contentOf } from "./engine-law.js";

const kills = Number(process.env["LSM_KILLS"] ?? 5);
const timeout = 60_000 + kills * 6_000;
const options = { writeBufferBytes: 8 * 1024, tableBytes: 16 * 1024, blockBytes: 512, manifestBytes: 4096 };

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-lsm-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Word {
  readonly opened?: number;
  readonly written?: number;
}

/** Starts the writer, kills it after so many words and a delay, and returns all that it said. */
async function writeAndKill(at: string, words: number, delayMs: number): Promise<Word[]> {
  const child = fork(join(import.meta.dirname, "support/engine-child.mjs"), [at], { stdio: "pipe", execArgv: [] });
  const said: Word[] = [];
  let complaint = "";
  child.stderr?.on("data", (chunk) => (complaint += String(chunk)));
  child.on("message", (word: Word) => {
    if (said.push(word) !== words) return;
    if (delayMs === 0) child.kill("SIGKILL");
    else setTimeout(() => child.kill("SIGKILL"), delayMs);
  });
  // `close` comes when the last word was read, which `exit` may come before.
  const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
  expect(complaint).toBe("");
  expect(signal).toBe("SIGKILL");
  return said;
}

/** What the child has written by the end of a turn, made here from what it says of itself. */
class Expected {
  readonly #content = new Map<string, string>();
  #turn = 0;

  upTo(turn: number): string[] {
    while (this.#turn < turn) this.#write((this.#turn += 1));
    const content = [...this.#content].map(([key, value]) => `${key}=${value}`);
    return content.toSorted((a, b) => (a.split("=")[0]! < b.split("=")[0]! ? -1 : 1)); // each has a key
  }

  #write(turn: number): void {
    this.#content.set("last", String(turn));
    for (let at = 0; at < 1 + (turn % 9); at += 1) {
      const key = `key ${(turn * 31 + at * 7) % 97}`;
      if ((turn + at) % 5 === 0) this.#content.delete(key);
      else this.#content.set(key, `${turn} `.padEnd((turn * 7919) % 400, "x"));
    }
  }
}

test(
  "what was acknowledged is there after kill -9, turns are whole, and no file is left over",
  { timeout },
  async ({ annotate }) => {
    const path = scratch();
    const expected = new Expected();
    let turns = 0;
    let heard = 0;
    let whileOpening = 0;
    let unheard = 0;
    let orphans = 0;
    let levels = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      // One of four comes while the child recovers from the one before.
      const said =
        kill % 4 === 3
          ? await writeAndKill(path, 1, (kill >> 2) % 12)
          : await writeAndKill(path, 3 + ((kill * 37) % 160), kill % 3);
      heard = Math.max(heard, turns, ...said.map(({ written, opened }) => written ?? opened ?? 0));
      if (said.every(({ opened }) => opened === undefined)) whileOpening += 1;
      if (kill % 4 === 2) continue; // the next child recovers
      const engine = await openEngine({ directory: openDirectory(path), ...options });
      const content = contentOf(engine);
      turns = Number(content.find((entry) => entry.startsWith("last="))?.slice(5) ?? 0);
      expect(turns).toBeGreaterThanOrEqual(heard);
      expect(content).toEqual(expected.upTo(turns));
      if (turns > heard) unheard += 1;
      orphans += engine.openReport.orphans.length;
      levels = Math.max(levels, engine.openReport.tables);
      await engine.idle();
      await engine.close();
      const state = readManifest(openDirectory(join(path, "manifest")));
      const named = [...(state?.version.tables() ?? [])].map(({ tableNumber }) => `${tableNumber}.sst`);
      expect(new Set(readdirSync(join(path, "tables")))).toEqual(new Set(named));
    }
    expect(turns).toBeGreaterThan(kills * 5);
    await annotate(
      `${kills} kills, ${whileOpening} of them during an open, ${unheard} between a write and its answer; ${turns} turns, all acknowledged ones ` +
        `there after each; ${orphans} tables that nobody named, at most ${levels} tables`,
    );
  },
);

test("of two processes that open a database one writes, and the other is refused until it has gone", async () => {
  const path = scratch();
  const child = fork(join(import.meta.dirname, "support/engine-child.mjs"), [path], { stdio: "pipe", execArgv: [] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let words = 0;
  await new Promise<void>((resolve) => {
    child.on("message", () => {
      words += 1;
      if (words === 12) resolve();
    });
  });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(openEngine({ directory: openDirectory(path), ...options })).rejects.toMatchObject({
      code: "LSM_LOCKED",
    });
  }
  // Whoever only reads is let in.
  const reader = await openEngine({ directory: openDirectory(path), ...options, readOnly: true });
  expect(reader.get(new TextEncoder().encode("last"))).toBeDefined();
  await reader.close();
  child.kill("SIGKILL");
  await ended;
  const engine = await openEngine({ directory: openDirectory(path), ...options });
  expect(engine.get(new TextEncoder().encode("last"))).toBeDefined();
  await engine.close();
});
