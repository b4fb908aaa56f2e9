// The copy of the packages that mutations are tried on, and the warm test processes in it. The working tree is only read.
import { fork } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const copied = ["packages", "apps/cli", "docs", "tooling/config", "tooling/save-programs", "package.json"];
/** Neither source nor result of a build: caches and reports. */
const leftOut = new Set([".report", ".turbo", ".vite", ".vite-temp", "coverage"]);
/** Properties are drawn from one seed, so that a mutation that was killed today is killed tomorrow. */
const seed = process.env.FC_SEED ?? "20";

/** @typedef {import("./test-server.mjs").Answer} Answer */
/** @typedef {{ kind: "answer", answer: Answer, milliseconds: number } | { kind: "hang" | "death", milliseconds: number }} Run */

export class Workbench {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "mutants-")));
  /** Warm test processes by package directory. */
  #servers = new Map();
  /** Files that changed since each server last looked. */
  #changed = new Map();

  constructor() {
    chmodSync(this.directory, 0o755); // tests that give up their rights start programs from here
    for (const path of copied) {
      cpSync(join(root, path), join(this.directory, path), {
        recursive: true,
        verbatimSymlinks: true, // links to siblings are relative, and must lead to the copies
        filter: (source) => !leftOut.has(basename(source)),
      });
    }
    cpSync(join(root, "tooling/mutants/test-server.mjs"), join(this.directory, "test-server.mjs"));
    symlinkSync(join(root, "node_modules"), join(this.directory, "node_modules"));
    mkdirSync(this.#scratch);
  }

  get #scratch() {
    return join(this.directory, "tmp");
  }

  /** Packages that have tests, those that mutations are in first. */
  packages(first) {
    const libraries = readdirSync(join(this.directory, "packages")).map((name) => `packages/${name}`);
    const all = [...libraries, "apps/cli"];
    const tested = all.filter((path) => existsSync(join(this.directory, path, "vitest.config.ts")));
    return tested.sort((a, b) => Number(b === first) - Number(a === first));
  }

  read(file) {
    return readFileSync(join(this.directory, file), "utf8");
  }

  write(file, text) {
    writeFileSync(join(this.directory, file), text);
    for (const changed of this.#changed.values()) changed.add(join(this.directory, file));
  }

  /**
   * Runs test files of one package until one fails, all of them when `files` is empty.
   *
   * @param {string} packageDirectory - relative to the repository, as are the files.
   * @param {readonly string[]} files
   * @param {number} limitMs - after which it counts as hanging.
   * @returns {Promise<Run>}
   */
  async run(packageDirectory, files, limitMs) {
    const start = performance.now();
    const server = this.#servers.get(packageDirectory) ?? (await this.#start(packageDirectory));
    const changed = this.#changed.get(packageDirectory) ?? new Set();
    const question = { files: files.map((file) => join(this.directory, file)), changed: [...changed] };
    changed.clear();
    const outcome = await ask(server, question, limitMs);
    if (outcome === "hang" || outcome === "death") this.#stop(packageDirectory, server);
    this.#sweep();
    const milliseconds = Math.round(performance.now() - start);
    return typeof outcome === "string"
      ? { kind: outcome, milliseconds }
      : { kind: "answer", answer: outcome, milliseconds };
  }

  async #start(packageDirectory) {
    const server = fork(
      join(this.directory, "test-server.mjs"),
      [join(this.directory, packageDirectory), this.#scratch],
      {
        cwd: join(this.directory, packageDirectory),
        stdio: ["ignore", "ignore", "pipe", "ipc"],
        detached: true, // a process group of its own, which can be ended as a whole
        env: { ...process.env, FC_SEED: seed, TMPDIR: this.directory, NODE_OPTIONS: "--max-old-space-size=2048" },
      },
    );
    let complaint = "";
    server.stderr.setEncoding("utf8").on("data", (text) => {
      complaint = `${complaint}${text}`.slice(-4000);
    });
    this.#servers.set(packageDirectory, server);
    this.#changed.set(packageDirectory, new Set());
    if ((await ask(server, undefined, 120_000)) === "ready") return server;
    this.#stop(packageDirectory, server);
    throw new Error(`vitest does not start in ${packageDirectory}: ${complaint}`);
  }

  #stop(packageDirectory, server) {
    this.#servers.delete(packageDirectory);
    this.#changed.delete(packageDirectory);
    endGroup(server);
  }

  /** What tests leave behind when they are cut short. */
  #sweep() {
    rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    mkdirSync(this.#scratch, { recursive: true });
  }

  /** Ends what it started and removes the copy. Synchronous, so that it can be the last thing a process does. */
  dispose() {
    for (const server of this.#servers.values()) endGroup(server);
    this.#servers.clear();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function endGroup(server) {
  try {
    process.kill(-server.pid, "SIGKILL");
  } catch {
    server.kill("SIGKILL"); // no process groups here, or it has ended already
  }
}

/** The next message of a server, "hang" behind the limit, "death" when it ends instead. */
function ask(server, question, limitMs) {
  return new Promise((settle) => {
    const end = (outcome) => {
      clearTimeout(timer);
      server.off("message", end).off("exit", died);
      settle(outcome);
    };
    const died = () => end("death");
    const timer = setTimeout(end, limitMs, "hang");
    server.once("message", end).once("exit", died);
    if (question !== undefined) server.send(question);
  });
}
