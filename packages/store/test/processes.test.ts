// Processes on a real disk: one that is killed with `kill -9` while it writes at full speed, and two that want to write at once.
// STORE_KILLS=200 kills so many, and the reporter `verbose` says what they met.
import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { expect, onTestFinished, test } from "vitest";
import { openStore, openStoreReader, type Store } from "../src/index.js";
import { Counted, countedAt, CountedHistory, type ToldReceipt } from "./support/counted-history.js";

const kills = Number(process.env["STORE_KILLS"] ?? 5);
/** By retention, which is killed so often over one store. */
const KILLS_OF_A_STORE = 20;
const timeout = 60_000 + kills * 6_000;

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), "holdfast-store-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Word {
  readonly opening?: true;
  readonly opened?: number;
  readonly written?: number;
  readonly receipts?: readonly ToldReceipt[];
  /** First sequence of the last commit. */
  readonly commit?: number;
  /** Up to here, three payloads of four are gone. */
  readonly gone?: number;
}

/** Starts the writer, kills it after so many words and a delay, and returns all that it said. */
async function writeAndKill(script: string, at: string, words: number, delayMs = 0): Promise<Word[]> {
  const child = fork(join(import.meta.dirname, "support", script), [at], { stdio: "pipe", execArgv: [] });
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

/** What the kills met, of one store or several. */
class KillFigures {
  #kills = 0;
  #whileOpening = 0;
  #unheard = 0;
  #events = 0;
  #acknowledged = 0;

  /** @param events - that the store holds behind it, after `before` and the words that were heard of others. */
  add(said: readonly Word[], before: number, events: number): void {
    const heard = Math.max(before, ...said.map(({ opened, written }) => written ?? opened ?? 0));
    this.#kills += 1;
    if (said.every(({ opened }) => opened === undefined)) this.#whileOpening += 1;
    else if (events > heard) this.#unheard += 1;
    this.#events += events - before;
    for (const { receipts = [] } of said) this.#acknowledged += receipts.length;
  }

  describe(): string {
    return (
      `${this.#kills} kills, ${this.#whileOpening} of them during an open and ${this.#unheard} between a write and its answer; ` +
      `${this.#events} events, ${this.#acknowledged} of them acknowledged, all there after each`
    );
  }
}

/** A repetition of the last commit that was answered gets the receipts it had, and writes nothing. */
function demandReplay(store: Store<typeof Counted>, said: readonly Word[]): void {
  const { commit: first = 0, receipts = [] } = said.findLast(({ commit }) => commit !== undefined) ?? {};
  const told = receipts.filter(([sequence]) => sequence >= first);
  if (told.length === 0) return;
  const { lastSequence } = store;
  const outcome = store.commit(
    (commit) => {
      for (const [sequence] of told) commit.append(countedAt(sequence).entity, Counted, countedAt(sequence).data);
    },
    { key: `commit ${first}` },
  );
  const same = told.map(([sequence, revision, id]) => ({ sequence, revision, id }));
  expect(outcome).toMatchObject({ kind: "replayed", receipts: same });
  expect(store.lastSequence).toBe(lastSequence);
}

test("what an append has answered is there after kill -9, in order and verified", { timeout }, async ({ annotate }) => {
  const path = scratch();
  const directory = openDirectory(path);
  const history = new CountedHistory();
  const figures = new KillFigures();
  for (let kill = 1; kill <= kills; kill += 1) {
    // Of four kills in a row two are left to the next process, and one of those comes while it recovers.
    const turn = kill % 4;
    const said =
      turn === 3
        ? await writeAndKill("store-child.mjs", path, 1, (kill >> 2) % 12)
        : await writeAndKill("store-child.mjs", path, 3 + ((kill * 37) % 90));
    const before = history.length;
    for (const { receipts = [] } of said) history.acknowledge(receipts);
    if (turn === 2 || turn === 3) {
      const reader = openStoreReader({ directory, events: [Counted] });
      await history.demand(reader);
      reader.close();
    } else {
      const store = await openStore({ directory, events: [Counted], segmentBytes: 32 * 1024 });
      await history.demand(store);
      demandReplay(store, said);
      await store.close();
    }
    figures.add(said, before, history.length);
  }
  expect(history.length).toBeGreaterThan(kills * 10);
  await annotate(figures.describe());
});

test("of two processes that open a store, one writes, and the other one is refused until it has gone", async () => {
  const path = scratch();
  const child = fork(join(import.meta.dirname, "support/store-child.mjs"), [path], { stdio: "pipe", execArgv: [] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const words: unknown[] = [];
  await new Promise<void>((resolve) => {
    child.on("message", (word) => {
      if (words.push(word) === 4) resolve();
    });
  });
  const directory = openDirectory(path);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(openStore({ directory, events: [Counted] })).rejects.toMatchObject({ code: "FS_LOCKED" });
  }
  // Whoever only reads is let in, and sees what was written so far, and more when it looks again.
  const reader = openStoreReader({ directory, events: [Counted] });
  const before = reader.lastSequence;
  expect(before).toBeGreaterThan(0);
  const heard = words.length;
  await new Promise<void>((resolve) => {
    child.on("message", () => {
      if (words.length > heard + 5) resolve();
    });
  });
  expect(reader.refresh()).toBeGreaterThan(before);
  expect(await reader.verify()).toMatchObject({ kind: "intact" });
  child.kill("SIGKILL");
  await ended;
  reader.close();
  const store = await openStore({ directory, events: [Counted] });
  expect(store.lastSequence).toBeGreaterThan(before);
  await store.close();
});

test(
  "a compaction that was killed leaves every segment old or new, and what is gone stays gone",
  { timeout },
  async ({ annotate }) => {
    const figures = new KillFigures();
    let path = scratch();
    let history = new CountedHistory();
    let gone = 0;
    let goneOfAll = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      // A run of retention reads all that there is, so that it is not of a store that only grows.
      if (kill % KILLS_OF_A_STORE === 0) {
        goneOfAll += gone;
        [path, history, gone] = [scratch(), new CountedHistory(), 0];
      }
      const said = await writeAndKill("retention-child.mjs", path, 2 + ((kill * 7) % 13), (kill * 5) % 9);
      const before = history.length;
      for (const word of said) {
        history.acknowledge(word.receipts ?? []);
        gone = Math.max(gone, word.gone ?? 0);
      }
      const store = await openStore({ directory: openDirectory(path), events: [Counted], segmentBytes: 16 * 1024 });
      expect(readdirSync(path).filter((name) => name.startsWith(".~"))).toEqual([]);
      await history.demand(store, (sequence) => {
        if (sequence % 4 === 0) return "kept";
        return sequence <= gone ? "dropped" : "either";
      });
      await store.close();
      figures.add(said, before, history.length);
    }
    goneOfAll += gone;
    expect(goneOfAll).toBeGreaterThan(0);
    await annotate(`${figures.describe()}; of ${goneOfAll} events retention had taken what it may`);
  },
);
