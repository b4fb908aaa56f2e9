import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { capturedIo } from "../../test/captured-io.js";
import { takeTour } from "./tour-command.js";
import type { Claim, TourStep } from "./tour-step.js";

let temporary = "";
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "holdfast-cli-test-"));
  vi.stubEnv("TMPDIR", temporary);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

function stepWith(...claims: Claim[]): TourStep {
  return {
    title: "A step",
    async run(context) {
      writeFileSync(join(context.directory, "file"), "work");
      context.say("as it happens");
      context.progress("at it");
      context.measured({ name: "speed", value: 3, unit: "per second" });
      return claims;
    },
  };
}

const held: Claim = { name: "held", ok: true, details: { says: "this held", count: 1 } };
const failed: Claim = { name: "failed", ok: false, details: { says: "this did not" } };
const throwing: TourStep = {
  title: "Broken",
  run: () => Promise.reject(new Error("ENOSPC: no space\n    at a place")),
};

describe("the exit code", () => {
  test.each([
    ["0 when every claim held", [stepWith(held), stepWith(held)], 0],
    ["1 when one failed", [stepWith(held, failed), stepWith(held)], 1],
    ["1 when a step threw", [throwing, stepWith(held)], 1],
    ["1 when nothing was claimed", [stepWith()], 1],
  ])("%s", async (_, steps, code) => {
    expect(await takeTour([], capturedIo(), steps)).toBe(code);
  });
});

test("the story and the summary are on stdout, progress is on stderr", async () => {
  const io = capturedIo();
  await takeTour(["--seed", "9"], io, [stepWith(held), stepWith(failed)]);
  expect(io.out()).toMatch(
    /^Holdfast tour, seed 9\nWorking in \S*holdfast-tour-\w+ \(removed at the end\), on a sample/,
  );
  expect(io.out()).toContain("1/2  A step\nas it happens\n");
  expect(io.out()).toContain("  held    this held\n  FAILED  this did not\n");
  expect(io.out()).toContain("1 of 2 claims FAILED");
  expect(io.out()).toContain("Repeat it: npm start -- --seed 9\n");
  expect(io.err()).toMatch(/^\.\.\. at it\n\.\.\. took /);
});

test("a step that throws is a failed claim, and the next one is taken", async () => {
  const io = capturedIo();
  await takeTour(["--json"], io, [throwing, stepWith(held)]);
  const { claims } = JSON.parse(io.out()) as { claims: Claim[] };
  expect(claims.map(({ name, ok }) => [name, ok])).toEqual([
    ["step-was-taken", false],
    ["held", true],
  ]);
  expect(claims[0]?.details.says).toBe('the step "Broken" could not be taken: ENOSPC: no space');
});

test("--json is one object with every claim, and nothing else on stdout", async () => {
  const io = capturedIo();
  expect(await takeTour(["--json", "--seed", "9"], io, [stepWith(held, failed)])).toBe(1);
  const report: unknown = JSON.parse(io.out());
  expect(report).toEqual({
    holdfast: expect.stringMatching(/^\d+\.\d+\.\d+/),
    command: "tour",
    ok: false,
    seed: 9,
    document: { source: "sample", path: null, bytes: expect.any(Number), exploredBytes: expect.any(Number) },
    directory: expect.stringContaining("holdfast-tour-"),
    kept: false,
    claims: [held, failed],
    figures: [{ name: "speed", value: 3, unit: "per second" }],
    milliseconds: expect.any(Number),
  });
  expect(io.err()).toContain("as it happens");
});

test("without --seed every tour has one of its own, and prints it", async () => {
  const seeds = new Set<unknown>();
  for (let round = 0; round < 3; round += 1) {
    const io = capturedIo();
    await takeTour(["--json"], io, [stepWith(held)]);
    seeds.add((JSON.parse(io.out()) as { seed: unknown }).seed);
  }
  expect(seeds.size).toBe(3);
});

describe("the temporary directory", () => {
  test.each([
    ["a tour", [stepWith(held)]],
    ["a failed claim", [stepWith(failed)]],
    ["a step that threw", [stepWith(held), throwing]],
  ])("is gone after %s", async (_, steps) => {
    await takeTour([], capturedIo(), steps);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("stays with --keep, and the last lines say where", async () => {
    const io = capturedIo();
    await takeTour(["--keep"], io, [stepWith(held)]);
    const [path = ""] = /Left in place: (.*)/.exec(io.out())?.slice(1) ?? [];
    expect(readdirSync(path)).toEqual(["file"]);
    expect(io.out()).toContain(`Working in ${path} (kept)`);
  });

  test("cannot be made: CLI_NO_WORK_DIRECTORY", async () => {
    vi.stubEnv("TMPDIR", join(temporary, "none"));
    const refused = expect.objectContaining({ code: "CLI_NO_WORK_DIRECTORY" });
    await expect(takeTour([], capturedIo(), [stepWith(held)])).rejects.toThrow(refused as Error);
  });

  test("leaves no signal handlers behind", async () => {
    const earlier = process.listenerCount("SIGINT");
    await takeTour([], capturedIo(), [stepWith(held)]);
    expect(process.listenerCount("SIGINT")).toBe(earlier);
  });
});

describe("--file", () => {
  test("works on a copy and says so", async () => {
    const path = join(temporary, "mine");
    writeFileSync(path, "my words");
    const io = capturedIo();
    let seen = "";
    const look: TourStep = {
      title: "Look",
      run: async ({ document }) => {
        seen = Buffer.from(document.before).toString();
        return [held];
      },
    };
    expect(await takeTour(["--file", path, "--seed", "1"], io, [look])).toBe(0);
    expect(seen).toBe("my words");
    expect(io.out()).toContain(`on a copy of ${path} (8 bytes)`);
    expect(io.out()).toContain(`--seed 1 --file ${JSON.stringify(path)}`);
  });

  test("that does not serve is refused before anything is made, in JSON as well", async () => {
    const path = join(temporary, "none");
    const io = capturedIo();
    const refused = expect.objectContaining({ code: "CLI_FILE_NOT_FOUND" }) as Error;
    await expect(takeTour(["--json", "--file", path], io, [stepWith(held)])).rejects.toThrow(refused);
    expect(JSON.parse(io.out())).toMatchObject({
      ok: false,
      error: { code: "CLI_FILE_NOT_FOUND", message: `${path} does not exist` },
      claims: [],
    });
    expect(readdirSync(temporary)).toEqual([]);
  });
});
