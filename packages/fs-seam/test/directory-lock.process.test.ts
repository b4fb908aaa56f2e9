// The directory lock between real processes: kill -9, stopped owners, and many who come at once.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { acquireDirectoryLock } from "../src/directory-lock.js";
import { lockText, type LockOwner } from "../src/lock-file.js";
import { openDirectory } from "../src/real-directory.js";
import { failureOf, scratchDirectory } from "./support/real-scene.js";
import { SeamChild } from "./support/seam-child.js";
import { transpiledSource } from "./support/transpiled-source.js";

const entry = transpiledSource();

test(
  "a living owner in another process is named, and its lock survives our attempts",
  { timeout: 300_000 },
  async () => {
    const root = scratchDirectory();
    const child = await SeamChild.start(entry, root);
    const { ok } = await child.ask("acquire");
    const owner = ok as LockOwner;
    expect(owner.pid).toBe(child.process.pid);
    const refusal = failureOf(() => acquireDirectoryLock(openDirectory(root)));
    expect(refusal).toMatchObject({ code: "FS_LOCKED" });
    expect(refusal.message).toContain(`process ${child.process.pid} `);
    expect(readFileSync(`${root}/LOCK`, "latin1")).toBe(lockText(owner));

    // Stopped is not dead.
    child.signal("SIGSTOP");
    expect(failureOf(() => acquireDirectoryLock(openDirectory(root))).code).toBe("FS_LOCKED");
    child.signal("SIGCONT");

    expect(await child.ask("release")).toEqual({ ok: null });
    const lock = acquireDirectoryLock(openDirectory(root));
    expect((await child.ask("acquire")).code).toBe("FS_LOCKED");
    lock.release();
    expect(await child.ask("acquire")).toHaveProperty("ok");
  },
);

test("another thread of the owner is refused like another process", { timeout: 300_000 }, async () => {
  const root = scratchDirectory();
  const child = await SeamChild.start(entry, root);
  expect(await child.ask("acquireInThread")).toEqual({ ok: "acquired" });
  // The thread has ended without a release; its process lives, so its lock holds.
  expect((await child.ask("acquire")).code).toBe("FS_LOCKED");
  expect((await child.ask("acquireInThread")).code).toBe("FS_LOCKED");
});

test("kill -9 frees the lock, again and again", { timeout: 300_000 }, async () => {
  const root = scratchDirectory();
  for (let round = 0; round < 3; round += 1) {
    const child = await SeamChild.start(entry, root);
    expect(await child.ask("acquire")).toHaveProperty("ok");
    await child.kill();
    expect(readdirSync(root)).toEqual(["LOCK"]);
  }
  acquireDirectoryLock(openDirectory(root)).release();
  expect(readdirSync(root)).toEqual([]);
});

test("a pid that another process has now does not keep the lock", { timeout: 300_000 }, async () => {
  const root = scratchDirectory();
  const child = await SeamChild.start(entry, root);
  const owner = (await child.ask("acquire")).ok as LockOwner;
  // As if the owner had died and the child were a later process of its pid.
  writeFileSync(
    `${root}/LOCK`,
    lockText({ ...owner, startTime: String(Number(owner.startTime) - 1), nonce: "earlier" }),
  );
  const lock = acquireDirectoryLock(openDirectory(root));
  // The child's own release finds a lock that is not its own.
  expect(await child.ask("release")).toEqual({ ok: null });
  expect(readFileSync(`${root}/LOCK`, "latin1")).toBe(lockText(lock.owner));
  lock.release();
});

test("of eight who come at once over a stale lock exactly one wins, twenty times", { timeout: 300_000 }, async () => {
  const root = scratchDirectory();
  const children = await Promise.all(Array.from({ length: 8 }, () => SeamChild.start(entry, root)));
  const self = openDirectory(root).fs.processIdentity();
  let refused = 0;
  for (let round = 0; round < 20; round += 1) {
    const stale = round % 4 === 3 ? "" : lockText({ ...self, startTime: "1", nonce: `stale-${round}` });
    writeFileSync(`${root}/LOCK`, stale);
    const time = performance.timeOrigin + performance.now() + 30;
    const answers = await Promise.all(children.map((child) => child.ask("acquireAt", { time })));
    const winners = answers.flatMap(({ ok }, index) => (ok === undefined ? [] : [index]));
    expect(winners, `round ${round}: ${JSON.stringify(answers)}`).toHaveLength(1);
    for (const { ok, code } of answers) if (ok === undefined) expect(code).toBe("FS_LOCKED");
    refused += answers.filter(({ code }) => code === "FS_LOCKED").length;
    const winner = winners[0] ?? 0;
    expect(readFileSync(`${root}/LOCK`, "latin1")).toBe(lockText(answers[winner]?.ok as LockOwner));
    await children[winner]?.ask("release");
    expect(readdirSync(root), `round ${round}`).toEqual([]);
  }
  expect(refused).toBe(140);
});
