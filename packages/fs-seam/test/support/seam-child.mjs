// A process that holds locks and opens files for its parent: `node seam-child.mjs <entry of the package> <directory>`.
// Each message names a command; the answer is { ok } or { code, message }.
import { Worker } from "node:worker_threads";

const [, , entry, root] = process.argv;
const { acquireDirectoryLock, openDirectory } = await import(entry);
const directory = openDirectory(root);
let lock;

const commands = {
  acquire: () => {
    lock = acquireDirectoryLock(directory);
    return lock.owner;
  },
  // All children spin until one moment, so that their first calls fall together.
  acquireAt: ({ time }) => {
    while (performance.timeOrigin + performance.now() < time);
    return commands.acquire();
  },
  release: () => {
    lock?.release();
    lock = undefined;
  },
  // The same in another thread of this process.
  acquireInThread: () =>
    new Promise((resolve, reject) => {
      const code = `
        const { parentPort, workerData } = require("node:worker_threads");
        import(workerData.entry).then(({ acquireDirectoryLock, openDirectory }) => {
          try {
            acquireDirectoryLock(openDirectory(workerData.root));
            parentPort.postMessage({ ok: true });
          } catch ({ code, message }) {
            parentPort.postMessage({ code, message });
          }
        });`;
      const worker = new Worker(code, { eval: true, workerData: { entry, root } });
      worker.once("message", (answer) => ("ok" in answer ? resolve("acquired") : reject(answer)));
      worker.once("error", reject);
    }),
  // Opens files until the process may open no more.
  exhaustDescriptors: () => {
    const handles = [];
    try {
      for (;;) handles.push(directory.open("file", { mode: "read" }));
    } catch (error) {
      let exclusive;
      try {
        directory.open("fresh", { mode: "write", create: "exclusive" });
      } catch ({ code }) {
        exclusive = code;
      }
      let names;
      try {
        directory.syncNamesBlocking();
      } catch ({ code }) {
        names = code;
      }
      for (const handle of handles) handle.close();
      directory.open("file", { mode: "read" }).close();
      return { opened: handles.length, code: error.code, exclusive, names, fresh: directory.exists("fresh") };
    }
  },
  createBelowClosed: ({ path }) => openDirectory(`${root}/${path}`, { create: true }).path,
};

async function answer(message) {
  try {
    process.send({ ok: (await commands[message.command](message)) ?? null });
  } catch (error) {
    process.send({ code: error.code, message: error.message });
  }
}

process.on("message", (message) => void answer(message));
process.send({ ok: "ready" });
