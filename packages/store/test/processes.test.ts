// Processes on a real disk: one that is killed with `kill -9` while it writes at full speed, and two that want to write at once.
// STORE_KILLS=200 kills so many.
import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { afterAll, expect, test } from "vitest";
import { defineEvent, openStore, openStoreReader, region } from "../src/index.js";

const kills = Number(process.env["STORE_KILLS"] ?? 5);
const path = mkdtempSync(join(tmpdir(), "holdfast-store-"));
afterAll(() => rmSync(path, { recursive: true, force: true }));

const Counted = defineEvent({ name: "counted", kind: 0x1001 });

interface Said {
  readonly written: number;
  /** Up to here, three payloads of four are gone. */
  readonly gone: number;
}

/** Starts the writer, kills it after so many messages and a delay, and returns what it said last. */
async function writeAndKill(script: string, at: string, messages: number, delayMs = 0): Promise<Said> {
  const child = fork(join(import.meta.dirname, "support", script), [at], { stdio: "pipe", execArgv: [] });
  let written = 0;
  let gone = 0;
  let heard = 0;
  let complaint = "";
  child.stderr?.on("data", (chunk) => (complaint += String(chunk)));
  child.on("message", (message: { opened?: number; written?: number; gone?: number }) => {
    written = message.opened ?? message.written ?? written;
    gone = message.gone ?? gone;
    heard += 1;
    if (heard !== messages) return;
    if (delayMs === 0) child.kill("SIGKILL");
    else setTimeout(() => child.kill("SIGKILL"), delayMs);
  });
  const signal = await new Promise((resolve) => child.once("exit", (_, by) => resolve(by)));
  expect(complaint).toBe("");
  expect(signal).toBe("SIGKILL");
  return { written, gone };
}

test("what an append has answered is there after kill -9, in order and verified", { timeout: 600_000 }, async () => {
  let before = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const { written } = await writeAndKill("store-child.mjs", path, 2 + ((kill * 37) % 90));
    expect(written, `kill ${kill}`).toBeGreaterThan(before);
    const store = await openStore({ directory: openDirectory(path), events: [Counted], segmentBytes: 32 * 1024 });
    expect(store.lastSequence, `kill ${kill}`).toBeGreaterThanOrEqual(written);
    const revisions = new Map<string, number>();
    let sequence = 0;
    for (const event of store.events(region())) {
      sequence += 1;
      const data = { sequence, fill: "x".repeat((sequence * 7919) % 300) };
      const entity = `entity:${sequence % 7}`;
      const revision = (revisions.get(entity) ?? -1) + 1;
      revisions.set(entity, revision);
      expect(event).toMatchObject({ status: "known", sequence, entity, revision, data });
    }
    expect(sequence).toBe(store.lastSequence);
    expect(await store.verify()).toMatchObject({ kind: "intact", events: sequence });
    before = store.lastSequence;
    await store.close();
  }
});

test("of two processes that open a store, one writes, and the other one is refused until it has gone", async () => {
  const own = mkdtempSync(join(tmpdir(), "holdfast-store-"));
  try {
    const child = fork(join(import.meta.dirname, "support/store-child.mjs"), [own], { stdio: "pipe", execArgv: [] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const words: unknown[] = [];
    await new Promise<void>((resolve) => {
      child.on("message", (word) => {
        if (words.push(word) === 3) resolve();
      });
    });
    const directory = openDirectory(own);
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
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});

test(
  "a compaction that was killed leaves every segment old or new, and what is gone stays gone",
  { timeout: 600_000 },
  async () => {
    const own = mkdtempSync(join(tmpdir(), "holdfast-retention-"));
    let gone = 0;
    try {
      for (let kill = 1; kill <= kills; kill += 1) {
        const said = await writeAndKill("retention-child.mjs", own, 1 + ((kill * 7) % 13), (kill * 5) % 9);
        gone = Math.max(gone, said.gone);
        const directory = openDirectory(own);
        const store = await openStore({ directory, events: [Counted], segmentBytes: 16 * 1024 });
        expect(store.lastSequence, `kill ${kill}`).toBeGreaterThanOrEqual(said.written);
        expect(readdirSync(own).filter((name) => name.startsWith(".~"))).toEqual([]);
        let sequence = 0;
        for (const event of store.events(region())) {
          sequence += 1;
          expect(event).toMatchObject({ sequence, entity: `entity:${sequence % 7}` });
          const isKept = sequence % 4 === 0;
          if (isKept || event.status === "known") {
            const data = { sequence, fill: "x".repeat((sequence * 7919) % 300) };
            expect(event, `kill ${kill}`).toMatchObject({ status: "known", data });
          }
          if (!isKept && sequence <= gone) expect(event.status, `kill ${kill}, event ${sequence}`).toBe("dropped");
        }
        expect(sequence).toBe(store.lastSequence);
        expect(await store.verify()).toMatchObject({ kind: "intact", events: sequence });
        await store.close();
      }
      expect(gone).toBeGreaterThan(0);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  },
);
