import * as nodeFs from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { crashMatrix, CrashTestError, siteOf } from "../../src/index.js";
import { createNodeFs, patchNodeFs, type NodeFs } from "../../src/node/index.js";
import { CrashFs } from "@holdfast/fs-seam/crash";

// Goal: whatever the style of a call, and however many steps it has, the log names the line of the program that made it.

function lineHere(): number {
  return Number(/call-sites\.crash\.test\.ts:(\d+)/.exec(new Error("here").stack?.split("\n")[2] ?? "")?.[1]);
}

/** The lines of this file that the log names, in order, each once. */
function linesOf(store: CrashFs): (number | string)[] {
  const sites = store
    .trace()
    .records.map((record) => ("call" in record && record.call !== undefined ? siteOf(record.call) : undefined));
  const lines = sites
    .filter((site) => site !== undefined)
    .map((site) => /call-sites\.crash\.test\.ts:(\d+)$/.exec(site)?.[1] ?? site);
  return [...new Set(lines)].map((line) => (/^\d+$/.test(line) ? Number(line) : line));
}

type Program = (fs: NodeFs) => Promise<number>;

const programs: Readonly<Record<string, Program>> = {
  "a blocking call": async (fs) => {
    fs.writeFileSync("/a", "1");
    return lineHere() - 1;
  },
  "a callback call": async (fs) => {
    await new Promise<void>((resolve) => fs.writeFile("/a", "1", () => resolve()));
    return lineHere() - 1;
  },
  "a promise call": async (fs) => {
    await fs.promises.writeFile("/a", "1");
    return lineHere() - 1;
  },
  "a promise call nobody awaits at once": async (fs) => {
    const write = fs.promises.writeFile("/a", Buffer.alloc(2 ** 20));
    const line = lineHere() - 1;
    await write;
    return line;
  },
  "a stream": async (fs) => {
    const stream = fs.createWriteStream("/a");
    const line = lineHere() - 1;
    stream.write("1");
    await new Promise<void>((resolve) => stream.end("2", () => resolve()));
    return line;
  },
};

test.each(Object.entries(programs))("%s", async (_, program) => {
  const store = new CrashFs({ callSites: true });
  const line = await program(createNodeFs(store));
  expect(linesOf(store)).toEqual([line]);
});

test.each(Object.entries(programs))("%s, through a patch", async (_, program) => {
  const store = new CrashFs({ callSites: true });
  using patch = patchNodeFs(store, { root: "/a" });
  expect(patch.root).toBe("/a");
  store.makeDirectory("/d");
  patch.restore();
  using again = patchNodeFs(store, { root: { "/a": "/d/a" } });
  expect(await program(nodeFs).then((line) => linesOf(store).includes(line))).toBe(true);
  expect(again.fs.existsSync("/a")).toBe(true);
});

test("a handle names the line of each call", async () => {
  const store = new CrashFs({ callSites: true });
  const handle = await createNodeFs(store).promises.open("/a", "w");
  const line = lineHere() - 1;
  await handle.write("1");
  await handle.writeFile("2");
  expect(linesOf(store)).toEqual([line, line + 2, line + 3]);
});

test("the text of a failure names the program and not the facade", async () => {
  const error = await crashMatrix({
    workload: async (_, run) => {
      const fs = createNodeFs(run.fs);
      await fs.promises.writeFile("/doc.tmp", "new");
      await fs.promises.rename("/doc.tmp", "/doc");
      run.ack("saved");
    },
    recover: (directory) => (directory.exists("doc") ? directory.readFile("doc").length : 0),
    check: (bytes, { acked }) => bytes === 3 || (bytes === 0 && !acked("saved")),
  }).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(CrashTestError);
  const text = (error as CrashTestError).message;
  expect(text).toContain("node/call-sites.crash.test.ts:");
  expect(text).not.toMatch(/(volume|turns|sync-functions|whole-file)\.ts/);
});

test("a promisified callback call after a wait names its line", async () => {
  const store = new CrashFs({ callSites: true });
  const fs = createNodeFs(store);
  fs.writeFileSync("/a", "1");
  const line = lineHere() - 1;
  await fs.promises.stat("/a");
  await promisify(fs.rename)("/a", "/b");
  expect(linesOf(store)).toEqual([line, line + 3]);
});
