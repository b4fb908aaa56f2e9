// The command as a user starts it: by its own file, with pipes for output, and in a process of its own.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFbatEventFrame, scanFbatSegment } from "@holdfast/segment-codec/fbat";
import { describe, expect, test } from "vitest";
import { goldenBytes, goldenPath } from "./golden-stores.js";
import { parseLines } from "./inspected.js";
import { command, scratch } from "./scratch.js";

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Ended {
  return spawnSync(process.execPath, [command(), ...args], { encoding: "utf8", timeout: 50_000 });
}

/** A segment of so many events, whose dump is some hundred times as long as a pipe holds. */
function longSegment(count: number): string {
  const bytes = goldenBytes("single-aborted/000001.fbat");
  const { header, frames } = scanFbatSegment(bytes, { newest: true });
  const { event } = frames[1] ?? frames[0]!; // the store has seven
  const frame = (index: number): Uint8Array => {
    const eventId = Uint8Array.from(event.eventId);
    new DataView(eventId.buffer).setUint32(0, index);
    return encodeFbatEventFrame({ ...event, eventId, clock: 2 * index + 1 }); // a gap before each: it links to none of these
  };
  const path = join(scratch(), "000001.fbat");
  writeFileSync(
    path,
    Buffer.concat([
      bytes.subarray(0, header.framesStart),
      ...Array.from({ length: count }, (_, index) => frame(index)),
    ]),
  );
  return path;
}

describe("exit codes", () => {
  test.each([
    ["a sound store", 0, ["verify", goldenPath("batch")]],
    ["a sound store, dumped", 0, ["dump", goldenPath("batch"), "--json"]],
    ["help", 0, ["verify", "--help"]],
    ["the list of commands", 0, ["--help"]],
    ["no path", 2, ["dump"]],
    ["two paths", 2, ["dump", "a", "b"]],
    ["an empty path", 2, ["verify", ""]],
    ["an unknown option", 2, ["verify", "--jsno", goldenPath("batch")]],
    ["nothing there", 2, ["verify", join(goldenPath("batch"), "missing")]],
  ] as const)("%s: %i", (_, code, args) => {
    const { status, stdout, stderr } = run(...args);
    expect(status).toBe(code);
    if (code === 0) expect(stderr).toBe("");
    else expect(stderr).toMatch(/^holdfast: /);
    expect(`${stdout}${stderr}`).not.toContain("\u001b");
    expect(stderr).not.toMatch(/^ {4}at /m); // no stack
  });

  test("damage: 1, by both commands", () => {
    const path = join(scratch(), "000001.fbat");
    const bytes = goldenBytes("single/000001.fbat");
    bytes[700] = (bytes[700] ?? 0) ^ 4;
    writeFileSync(path, bytes);
    const verified = run("verify", path);
    expect(verified.status).toBe(1);
    expect(verified.stdout).toContain(
      "corrupt     000001.fbat  57..1151  CODEC_MID_STREAM_CORRUPTION: no frame (bad-checksum)",
    );
    expect(verified.stdout).toMatch(/1 file: 1 corrupt\n$/);
    expect(run("dump", path).status).toBe(1);
  });
});

test("help says what there is", () => {
  expect(run("--help").stdout).toMatch(
    /^ {2}dump +\S.*\n {2}verify +\S.*\n {2}tail +\S.*\n {2}stats +\S.*\n {2}salvage +\S/m,
  );
  for (const text of ["holdfast salvage SRC --out DIR [--json]", "Exit code: 0"]) {
    expect(run("salvage", "--help").stdout).toContain(text);
  }
  for (const name of ["dump", "verify"]) {
    const { stdout } = run(name, "--help");
    for (const text of [`holdfast ${name} FILE|DIR [--json]`, "--json", "Exit code: 0"]) expect(stdout).toContain(text);
    expect(run("help", name).stdout).toBe(stdout);
  }
});

test("every line of --json is an object that names file, offset, length and kind", () => {
  for (const name of ["dump", "verify"]) {
    const { stdout } = run(name, goldenPath("."), "--json");
    const lines = parseLines(stdout);
    expect(lines.length).toBeGreaterThan(60);
    for (const { file, offset, length, kind } of lines) {
      expect([typeof file, typeof offset, typeof length, typeof kind]).toEqual([
        "string",
        "number",
        "number",
        "string",
      ]);
    }
  }
});

describe("a reader who leaves early", () => {
  test.each(["dump", "verify"])("ends %s without a word", async (name) => {
    const path = name === "dump" ? longSegment(20_000) : goldenPath(".");
    const child = spawn(process.execPath, [command(), name, path, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = (await once(child, "close")) as [number | null]; // as documented
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("does not keep verify from its exit code", async () => {
    const path = longSegment(20_000);
    const directory = join(path, "..");
    writeFileSync(join(directory, "000002.fbat"), "damaged");
    const child = spawn(process.execPath, [command(), "verify", directory], { stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.destroy();
    expect(await once(child, "close")).toEqual([1, null]);
  });
});

test.runIf(process.platform === "linux")("output that cannot be written is 2, with the reason", () => {
  const full = openSync("/dev/full", "w");
  try {
    const { status, stderr } = spawnSync(process.execPath, [command(), "dump", goldenPath("single")], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    expect(stderr).toBe("holdfast: the output cannot be written (ENOSPC)\n");
    expect(status).toBe(2);
  } finally {
    closeSync(full);
  }
});

test("a slow reader costs no memory: what it has not taken is not made", async () => {
  const path = longSegment(60_000);
  const limits = ["--max-old-space-size=40", "--max-semi-space-size=2"];
  const child = spawn(process.execPath, [...limits, command(), "dump", path, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let bytes = 0;
  child.stdout.on("data", (data: Buffer) => (bytes += data.length));
  expect(await once(child, "close")).toEqual([0, null]);
  expect(bytes).toBeGreaterThan(40_000_000);
});
