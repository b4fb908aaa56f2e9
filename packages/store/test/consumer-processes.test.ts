// A cursor in another process than the writer, which is killed with `kill -9` again and again. STORE_KILLS=200 kills so many, and the
// reporter `verbose` says how often an event was delivered.
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { afterAll, expect, test } from "vitest";
import { openNamedCursor } from "../src/consumers-entry.js";
import { appendTo, everything } from "./sample-consumers.js";
import { openSample } from "./sample-store.js";

const kills = Number(process.env["STORE_KILLS"] ?? 4);
const path = mkdtempSync(join(tmpdir(), "holdfast-cursor-"));
const store = join(path, "store");
const handled = join(path, "handled");
afterAll(() => rmSync(path, { recursive: true, force: true }));

interface Message {
  readonly opened?: { readonly kind: string; readonly sequence: number };
  readonly handled?: number;
  readonly saved?: number;
  readonly code?: string;
}

function start(): ChildProcess {
  return fork(join(import.meta.dirname, "support/cursor-child.mjs"), [store, handled], { stdio: "pipe", execArgv: [] });
}

/** Resolves with the messages up to the first one that will do, or all of them. */
function messagesUntil(child: ChildProcess, isLast: (message: Message) => boolean): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    const messages: Message[] = [];
    let complaint = "";
    child.stderr?.on("data", (chunk) => (complaint += String(chunk)));
    child.on("message", (message: Message) => {
      messages.push(message);
      if (isLast(message)) resolve(messages);
    });
    child.once("exit", () => (complaint === "" ? resolve(messages) : reject(new Error(complaint))));
  });
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

test(
  "a killed consumer goes on at what it acknowledged, skips nothing, and is alone",
  { timeout: 60_000 + kills * 6_000 },
  async ({ annotate }) => {
    writeFileSync(handled, "");
    const parent = openDirectory(path);
    parent.makeDirectories("store");
    const directory = openDirectory(store);
    const writer = await openSample(directory, { segmentBytes: 32 * 1024 });
    appendTo(writer, 1);
    await writer.sync();
    let saved = 0;
    for (let round = 1; round <= kills; round += 1) {
      const child = start();
      const [opened] = await messagesUntil(child, (message) => message.opened !== undefined);
      expect(opened?.opened?.kind, `round ${round}`).toBe(round === 1 ? "created" : "resumed");
      expect(opened?.opened?.sequence, `round ${round}`).toBeGreaterThanOrEqual(saved);
      // While it lives, nobody else gets the name: neither this process nor a third one.
      await expect(openNamedCursor(writer, everything, { name: "mailer" })).rejects.toMatchObject({
        code: "FS_LOCKED",
      });
      if (round === 1) {
        const third = start();
        expect(await messagesUntil(third, ({ code }) => code !== undefined)).toEqual([{ code: "FS_LOCKED" }]);
      }
      const target = writer.lastSequence + ((round * 7) % 20);
      const watching = messagesUntil(child, (message) => Math.max(message.handled ?? 0, message.saved ?? 0) >= target);
      appendTo(writer, 25);
      await writer.sync();
      appendTo(writer, 1); // states what is durable
      const messages = await watching;
      await kill(child);
      saved = Math.max(saved, ...messages.map((message) => message.saved ?? 0));
    }
    const cursor = await openNamedCursor(writer, everything, { name: "mailer", live: false });
    const { sequence } = cursor.openReport;
    expect(sequence).toBeGreaterThanOrEqual(saved);
    const deliveries = readFileSync(handled, "utf8").split("\n").slice(0, -1).map(Number);
    const seen = new Set(deliveries);
    for (let each = 1; each <= sequence; each += 1) expect(seen.has(each), `event ${each}`).toBe(true);
    await cursor.close();
    await writer.close();
    await annotate(
      `${kills} kills, ${deliveries.length} deliveries of ${seen.size} events, ${saved} of them acknowledged`,
    );
  },
);
