// Processes on a real disk: one that is killed with `kill -9` while it writes at full speed, and two that want to write at once.
// STORE_KILLS=200 kills so many.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { afterAll, expect, test } from "vitest";
import { defineEvent, openStore, openStoreReader, region } from "../src/index.js";

const kills = Number(process.env["STORE_KILLS"] ?? 5);
const path = mkdtempSync(join(tmpdir(), "holdfast-store-"));
afterAll(() => rmSync(path, { recursive: true, force: true }));

const Counted = defineEvent({ name: "counted", kind: 0x1001 });

/** Starts the writer, kills it after so many messages, and returns what it said was written. */
async function writeAndKill(messages: number): Promise<number> {
  const child = fork(join(import.meta.dirname, "support/store-child.mjs"), [path], { stdio: "pipe", execArgv: [] });
  let written = 0;
  let heard = 0;
  let complaint = "";
  child.stderr?.on("data", (chunk) => (complaint += String(chunk)));
  child.on("message", (message: { opened?: number; written?: number }) => {
    written = message.opened ?? message.written ?? written;
    heard += 1;
    if (heard === messages) child.kill("SIGKILL");
  });
  const signal = await new Promise((resolve) => child.once("exit", (_, by) => resolve(by)));
  expect(complaint).toBe("");
  expect(signal).toBe("SIGKILL");
  return written;
}

test("what an append has answered is there after kill -9, in order and verified", { timeout: 600_000 }, async () => {
  let before = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const written = await writeAndKill(2 + ((kill * 37) % 90));
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
