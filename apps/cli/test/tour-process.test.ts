import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { built, scratch } from "./scratch.js";

// The built command as a user runs it. Every run has a directory for temporary files of its own, which shows what is left.

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when stderr has said this. */
  heard(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

function start(args: readonly string[], temporary: string): Running {
  const env = { PATH: process.env["PATH"], TMPDIR: temporary, TEMP: temporary, TMP: temporary };
  const child = spawn(process.execPath, [built("main"), ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = once(child, "close") as Promise<[number | null]>; // as documented
  return {
    ended: closed.then(([code]) => ({ code, stdout, stderr })),
    async heard(text) {
      while (!stderr.includes(text)) await once(child.stderr, "data");
    },
    kill: (signal) => void child.kill(signal),
  };
}

interface Report {
  readonly ok: boolean;
  readonly claims: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly details: {
      readonly says: string;
      readonly personalities?: readonly { readonly states: number }[];
      readonly recoveries?: number;
    };
  }[];
  readonly document: Readonly<Record<string, unknown>>;
}

/** Crash states that were explored, all personalities together. */
function exploredStates({ claims }: Report): number {
  const each = claims.map(({ details: { personalities, recoveries = 0 } }) => {
    return personalities === undefined ? recoveries : personalities.reduce((sum, { states }) => sum + states, 0);
  });
  return each.reduce((sum, states) => sum + states, 0);
}

const limit = { timeout: 300_000 };
/** What the tour explores, and so what it costs, stays below; it is some 1,200 states, and 4,200 of a large file. */
const MOST_STATES = 8000;
const allClaims = [
  "naive-save-works-while-the-power-stays-on",
  "naive-save-loses-the-document",
  "naive-module-loses-the-document",
  "atomic-replace-saves",
  "atomic-replace-never-loses-the-document",
  "acknowledged-records-survive-kill-9",
  "torn-tail-is-recognised",
  "log-keeps-what-it-acknowledged",
  "acknowledged-orders-survive-kill-9",
  "recording-again-writes-nothing-twice",
  "projection-matches-the-orders",
  "order-history-verifies",
  "backup-taken-while-writing-verifies",
  "acknowledged-batches-survive-kill-9",
  "snapshot-sees-what-it-saw",
];

test("the tour holds all its claims, without colours, and leaves nothing behind", limit, async () => {
  const temporary = scratch();
  const { code, stdout, stderr } = await start(["tour", "--seed", "3"], temporary).ended;
  expect(stderr).not.toContain("FAILED");
  expect(code).toBe(0);
  expect(stdout).toContain("Holdfast tour, seed 3\n");
  expect(stdout).toMatch(/All 15 claims held, in [\d.]+ s\./);
  expect(stdout).not.toContain("\u001b");
  expect(stderr).not.toContain("\u001b");
  expect(stderr.match(/kill \d of 5/g)?.length).toBe(5);
  expect(readdirSync(temporary)).toEqual([]);

  // A failure is told with the line of the source, and no path of this machine.
  const source = readFileSync(new URL("../src/tour/naive-save-step.ts", import.meta.url), "utf8").split("\n");
  const line = source.findIndex((text) => text.includes("directory.rename(")) + 1;
  expect(stdout).toContain(`rename(/document.tmp -> /document) at tour/naive-save-step.ts:${line}`);
  expect(stdout + stderr).not.toContain(fileURLToPath(new URL("../../..", import.meta.url)));
});

test("--json is one object on stdout, also when stdout is a file", limit, async () => {
  const { code, stdout, stderr } = await start(["tour", "--json"], scratch()).ended;
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report.ok).toBe(true);
  expect(report.claims.map(({ name }) => name)).toEqual(allClaims);
  for (const claim of report.claims) {
    expect(Object.keys(claim)).toEqual(["name", "ok", "details"]);
    expect(claim.ok).toBe(true);
    expect(claim.details.says).not.toBe("");
  }
  expect(exploredStates(report)).toBeGreaterThan(1000);
  expect(exploredStates(report)).toBeLessThan(MOST_STATES);
  expect(stderr).toContain("Summary");
});

describe("--file", () => {
  test("works on a copy of a large binary file, and keeps what it wrote with --keep", limit, async () => {
    const temporary = scratch();
    const home = scratch();
    const path = join(home, "my file");
    writeFileSync(
      path,
      Uint8Array.from({ length: 3_000_001 }, (_, at) => (at * 7919) >> 3),
    );
    const earlier = statSync(path, { bigint: true });
    const { code, stdout } = await start(["tour", "--file", path, "--json", "--keep"], temporary).ended;
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Report & { readonly directory: string; readonly kept: boolean };
    expect(report.document).toEqual({ source: "file", path, bytes: 3_000_001, exploredBytes: 65_536 });
    expect(exploredStates(report)).toBeGreaterThan(1000);
    expect(exploredStates(report)).toBeLessThan(MOST_STATES);
    const later = statSync(path, { bigint: true });
    expect([later.mtimeNs, later.ctimeNs, later.ino]).toEqual([earlier.mtimeNs, earlier.ctimeNs, earlier.ino]);
    expect(readdirSync(home)).toEqual(["my file"]);
    expect(report.kept).toBe(true);
    expect(readdirSync(report.directory).sort()).toEqual([
      "atomic-replace",
      "database",
      "figures",
      "killed-writer",
      "naive-save",
      "orders",
      "orders-backup",
      "orders.csv",
      "own-module",
    ]);
    const saved = readFileSync(join(report.directory, "atomic-replace", "document"));
    expect(saved.length).toBeGreaterThan(3_000_001);
    expect(Buffer.compare(saved.subarray(-3_000_001), readFileSync(path))).toBe(0);
  });

  test("is refused with exit code 2, and with JSON when that was asked for", async () => {
    const temporary = scratch();
    const home = scratch();
    mkdirSync(join(home, "directory"));
    const large = join(home, "large");
    writeFileSync(large, "");
    truncateSync(large, 67_108_865);
    for (const [name, code] of [
      ["none", "CLI_FILE_NOT_FOUND"],
      ["directory", "CLI_FILE_NOT_REGULAR"],
      ["large", "CLI_FILE_TOO_LARGE"],
    ] as const) {
      const path = join(home, name);
      const ended = await start(["tour", "--json", "--file", path], temporary).ended;
      expect(ended.code).toBe(2);
      expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, error: { code }, claims: [] });
      expect(ended.stderr).toMatch(new RegExp(`^holdfast: ${path} `));
    }
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test("wrong usage is told on stderr with exit code 2", async () => {
  const { code, stdout, stderr } = await start(["tour", "--nonsense"], scratch()).ended;
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/--nonsense.*\nUsage: holdfast help tour\n/s);
});

test("whoever stops reading does not keep it from tidying up", limit, async () => {
  const temporary = scratch();
  const child = spawn(process.execPath, [built("main"), "tour"], {
    env: { PATH: process.env["PATH"], TMPDIR: temporary },
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.destroy();
  const [code] = (await once(child, "close")) as [number | null]; // as documented
  expect(code).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});

describe.runIf(process.platform === "linux")("interrupted", () => {
  /** Processes whose command line names this directory. */
  function processesIn(directory: string): string[] {
    return readdirSync("/proc").filter((pid) => {
      const file = `/proc/${pid}/cmdline`;
      return /^\d+$/.test(pid) && existsSync(file) && commandLine(file).includes(directory);
    });
  }

  function commandLine(file: string): string {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return ""; // it ended meanwhile
    }
  }

  test.each([
    ["SIGINT", 130, "kill 2 of 5"],
    ["SIGTERM", 143, "kill 1 of 5"],
    ["SIGHUP", 129, "measuring"],
  ] as const)("by %s it exits with %i and leaves neither files nor processes", limit, async (signal, code, moment) => {
    const temporary = scratch();
    const tour = start(["tour"], temporary);
    await tour.heard(moment);
    tour.kill(signal);
    expect((await tour.ended).code).toBe(code);
    expect(readdirSync(temporary)).toEqual([]);
    expect(processesIn(temporary)).toEqual([]);
  });

  test("when it is killed itself, its child notices and ends", limit, async () => {
    const temporary = scratch();
    const tour = start(["tour", "--seed", "1"], temporary);
    await tour.heard("kill 1 of 5");
    await expect.poll(() => processesIn(temporary), { timeout: 10_000 }).not.toEqual([]);
    tour.kill("SIGKILL");
    await tour.ended;
    await expect.poll(() => processesIn(temporary), { timeout: 10_000 }).toEqual([]);
  });
});
