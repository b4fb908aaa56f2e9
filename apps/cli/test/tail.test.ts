// The end of a store or log, beside whoever writes it.
import { openDirectory } from "@holdfast/fs-seam";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommandLine } from "../src/command-line.js";
import { tail } from "../src/log/tail-command.js";
import { capturedIo } from "./captured-io.js";
import { parseLines, type JsonLine } from "./inspected.js";
import { flipped, segmentsOf, smallLog, type Files } from "./small-log.js";
import { openSmall, Placed, smallStore } from "./small-store.js";
import { command, scratch } from "./scratch.js";

const whole = await smallStore();

function write(files: Files): string {
  const path = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(path, name), bytes);
  return path;
}

interface Ended {
  readonly code: number;
  readonly lines: readonly JsonLine[];
  readonly err: string;
}

async function tailed(path: string, ...args: readonly string[]): Promise<Ended> {
  const io = capturedIo();
  const code = await runCommandLine(["tail", path, "--json", ...args], io);
  return { code, lines: parseLines(io.out()), err: io.err() };
}

const sequencesOf = (lines: readonly JsonLine[]): unknown[] => lines.map(({ sequence }) => sequence);

test.each([
  [
    ["--count", "3"],
    ["8", "9", "10"],
  ],
  [[], ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]],
  [["--count", "0"], []],
  [
    ["--count", "4", "--entity", "order:a"],
    ["7", "9", "10"],
  ],
  [["--lane", "3"], ["10"]],
  [["--kind", "0x1002"], ["9"]],
] as const)("%j: the last events, each with what dump says of it", async (args, sequences) => {
  const path = write(whole);
  const { code, lines, err } = await tailed(path, ...args);
  expect({ code, err, sequences: sequencesOf(lines) }).toEqual({ code: 0, err: "", sequences });
  const io = capturedIo();
  await runCommandLine(["dump", path, "--json", "--from", "1"], io);
  const dumped = new Map(parseLines(io.out()).map((line) => [line["sequence"], line]));
  for (const { offset, length, ...line } of lines) {
    const known = dumped.get(line["sequence"]);
    expect(line).toEqual({
      ...line,
      ...Object.fromEntries(Object.entries(known ?? {}).filter(([name]) => name !== "offset" && name !== "length")),
    });
    expect(offset < (known?.offset ?? 0) && offset + length >= (known?.offset ?? 0) + (known?.length ?? 0)).toBe(true);
  }
});

test("records of a log that is no store", async () => {
  const { code, lines } = await tailed(write(await smallLog()), "--count", "2");
  expect({ code, ids: lines.map(({ kind, id }) => [kind, id]) }).toEqual({
    code: 0,
    ids: [
      ["record", "19"],
      ["record", "20"],
    ],
  });
});

test("changes nothing, not even a directory", async () => {
  const path = write(whole);
  const state = (): string => {
    const hash = createHash("sha256");
    for (const name of readdirSync(path).sort()) hash.update(name).update(readFileSync(join(path, name)));
    return hash.digest("hex");
  };
  const before = state();
  for (const args of [
    ["tail", path],
    ["stats", path],
    ["verify", path],
    ["dump", path, "--from", "1"],
  ]) {
    expect(await runCommandLine(args, capturedIo())).toBe(0);
  }
  expect(state()).toBe(before);
});

describe("refuses", () => {
  test("what is no log, by name", async () => {
    const empty = scratch();
    const file = join(empty, "file");
    writeFileSync(file, "x");
    mkdirSync(join(empty, "none"));
    expect((await tailed(join(empty, "none"))).err).toContain("holds no segment of a log");
    expect((await tailed(file)).err).toContain("is a file");
    const missing = await tailed(join(empty, "missing"));
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining("does not exist")]);
  });

  test("to choose events in a log of something else", async () => {
    const { code, err } = await tailed(write(await smallLog()), "--entity", "a");
    expect([code, err]).toEqual([2, expect.stringContaining("log of records")]);
  });

  test.each([
    ["--count", "-1"],
    ["--count", "many"],
    ["--from", "1"],
    ["--lane", "x"],
  ])("%s %s", async (name, value) => {
    expect((await tailed(write(whole), `${name}=${value}`)).code).toBe(2);
  });
});

describe("a damaged store", () => {
  test("in a segment before the last events costs nothing", async () => {
    const [, second = ""] = segmentsOf(whole);
    const path = write({ ...whole, [second]: flipped(whole[second] ?? new Uint8Array(), 100) });
    const { code, lines } = await tailed(path, "--count", "2");
    expect([code, sequencesOf(lines)]).toEqual([0, ["9", "10"]]);
  });

  test("among the last events: those before it, and the damage by its file", async () => {
    const [, second = ""] = segmentsOf(whole);
    const path = write({ ...whole, [second]: flipped(whole[second] ?? new Uint8Array(), 100) });
    const { code, lines, err } = await tailed(path);
    expect(code).toBe(1);
    expect(sequencesOf(lines)).toEqual(["1", "2"]);
    expect(err).toMatch(/^holdfast: damaged, WAL_CORRUPT: .*00000000000000000002-/);
  });

  test("at its end: the last of what is sound", async () => {
    const last = segmentsOf(whole).at(-1) ?? "";
    const bytes = whole[last] ?? new Uint8Array();
    const path = write({ ...whole, [last]: flipped(bytes, 100) });
    const { code, lines, err } = await tailed(path, "--count", "2");
    expect(code).toBe(1);
    expect(lines.length).toBe(2);
    expect(lines.every(({ file }) => file !== last)).toBe(true);
    expect(err).toContain("WAL_CORRUPT");
  });
});

describe("--follow", () => {
  const options = { count: 1, follow: true, filter: undefined, json: true };

  test("shows what another handle appends, over segments and over an open that gathers them", async () => {
    const path = scratch();
    const directory = openDirectory(path);
    const store = await openSmall(directory);
    store.append("order:a", Placed, { amount: 0 });
    let wake = (): void => {};
    const io = { ...capturedIo() };
    const texts: string[] = [];
    const stdout = {
      write: (text: string) => {
        texts.push(text);
        wake();
        return true;
      },
    };
    const shown = (): unknown[] => parseLines(texts.join("")).map(({ data }) => (data as { amount: number }).amount);
    const until = async (amount: number): Promise<void> => {
      while (shown().at(-1) !== amount) await new Promise<void>((resolve) => (wake = resolve));
    };
    const ending = new AbortController();
    const code = tail({ ...options, path }, { ...io, stdout }, ending.signal);
    await until(0);
    for (let amount = 1; amount <= 8; amount += 1) store.append("order:a", Placed, { amount });
    await until(8);
    await store.close();
    const again = await openSmall(directory);
    again.append("order:b", Placed, { amount: 9 });
    await until(9);
    ending.abort();
    expect(await code).toBe(0);
    expect(shown()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await again.close();
  });

  test.runIf(process.platform !== "win32")("ends with 0 on SIGINT, everything it read printed", async () => {
    const child = spawn(process.execPath, [command(), "tail", write(whole), "--json", "--follow"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (out.split("\n").length > 10) child.kill("SIGINT");
    });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(sequencesOf(parseLines(out)).at(-1)).toBe("10");
  });
});
