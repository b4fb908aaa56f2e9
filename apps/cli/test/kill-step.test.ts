import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { killStep, type KillStepOptions } from "../src/tour/kill-step.js";
import { numberedRecord } from "../src/tour/numbered-record.js";
import type { Claim } from "../src/tour/tour-step.js";
import { loneContext } from "./captured-io.js";
import { built, scratch } from "./scratch.js";

// Real processes, really killed. The faithful writer is the one that is built into dist; the others have one fault each.

interface Round {
  readonly delayMs: number;
  readonly acknowledged: number;
  readonly recovered: number;
  readonly dropped: number | null;
  readonly writer: string;
}

function roundsOf(claim: Claim | undefined): readonly Round[] {
  return claim?.details["rounds"] as unknown as Round[]; // its shape is asserted below
}

describe("the writer of the tour", () => {
  test("is killed five times, and everything it acknowledged comes back", { timeout: 300_000 }, async () => {
    const context = loneContext(scratch());
    const [survive, torn, ...more] = await killStep({ program: built("append-child") }).run(context);
    expect(more).toEqual([]);
    expect(survive).toMatchObject({ name: "acknowledged-records-survive-kill-9", ok: true });
    expect(torn).toMatchObject({ name: "torn-tail-is-recognised", ok: true, details: { missed: 0 } });
    const rounds = roundsOf(survive);
    expect(rounds.map(({ writer }) => writer)).toEqual(Array.from({ length: 5 }, () => "killed"));
    let before = 0;
    for (const { acknowledged, recovered, delayMs } of rounds) {
      expect(acknowledged).toBeGreaterThan(before);
      // It syncs eight records at a time at most: no more than those can be there without having been reported.
      expect(recovered - acknowledged).toBeGreaterThanOrEqual(0);
      expect(recovered - acknowledged).toBeLessThanOrEqual(8);
      expect(delayMs).toBeGreaterThanOrEqual(5);
      before = acknowledged;
    }
    expect(context.figures.map(({ name }) => name)).toEqual([
      "killed-writer-append-and-sync-median",
      "killed-writer-append-and-sync-p99",
    ]);
    expect(context.story.join("\n")).toMatch(
      /round +killed after +acknowledged +recovered +proven +written again +cut off +files/,
    );
  });

  test("the seed chooses the delays", { timeout: 300_000 }, async () => {
    const delays = async (): Promise<number[]> => {
      const [survive] = await killStep({ program: built("append-child"), rounds: 2 }).run(loneContext(scratch()));
      return roundsOf(survive).map(({ delayMs }) => delayMs);
    };
    expect(await delays()).toEqual(await delays());
  });

  test("refuses a log that is damaged, and says so without host paths", { timeout: 300_000 }, async () => {
    const context = loneContext(scratch());
    const step = killStep({ program: built("append-child"), rounds: 1 });
    await step.run(context);
    const home = join(context.directory, "killed-writer");
    const segment = readdirSync(home).find((name) => name.endsWith(".seg")) ?? "";
    const bytes = readFileSync(join(home, segment));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(join(home, segment), bytes);
    const [survive] = await step.run(context);
    expect(survive?.ok).toBe(false);
    // Where the writer got to a second segment, the first one is read later than the end of the log.
    expect(survive?.details.says).toMatch(
      /^round 1: the log does not open: \d{20}-\w{8}\.seg: (records from LSN 1 on are damaged|record 1 at offset 64 cannot be read)/,
    );
  });
});

const { seed } = loneContext("");
/** More than any writer gets to in its time. */
const manyRecords = Array.from({ length: 60_000 }, (_, at) =>
  Buffer.from(numberedRecord(at + 1, seed)).toString("latin1"),
);

function brokenWriter(kind: string, options: KillStepOptions): Promise<Claim[]> {
  const context = loneContext(scratch());
  const records = join(context.directory, "records");
  writeFileSync(records, manyRecords.join("\n"));
  const program = fileURLToPath(new URL("broken-writer.mjs", import.meta.url));
  return killStep({ program, args: [kind, records], patienceMs: 5000, ...options }).run(context);
}

describe("a writer with a fault", { timeout: 300_000 }, () => {
  test("none: the others fail for their fault alone", async () => {
    const [survive] = await brokenWriter("none", { rounds: 1 });
    expect(survive).toMatchObject({ ok: true });
  });

  test("that acknowledges before it writes is caught", async () => {
    const [survive] = await brokenWriter("acks-before-writing", { rounds: 4 });
    expect(survive?.ok).toBe(false);
    expect(survive?.details.says).toMatch(/^round \d: [\d,]+ acknowledged records? of [\d,]+ not recovered$/);
  });

  // The system outlives the process, so what was written stays, synced or not: kill -9 cannot tell. The exploration of
  // crash states can, see "no sync of the file" in atomic-replace-step.test.ts.
  test("that acknowledges before it syncs passes: kill -9 alone cannot tell", async () => {
    const [survive] = await brokenWriter("acks-before-syncing", { rounds: 1 });
    expect(survive).toMatchObject({ ok: true });
  });

  test.each([
    ["skips-a-record", { killAfterMs: [100, 150] }, /^round 1: the record of LSN 3 is another than was appended$/],
    [
      "damages-a-record",
      { killAfterMs: [200, 250] },
      /^round 1: the log does not open: .* records from LSN 1 on are damaged/,
    ],
    ["silent", { patienceMs: 400 }, /the writer acknowledged nothing/],
    [
      "ends-by-itself",
      { killAfterMs: [5000, 5001] },
      /the writer ended before it was killed \(RangeError: out of ideas\)$/,
    ],
  ] as const)("that %s is caught", async (kind, options, says) => {
    const [survive] = await brokenWriter(kind, { rounds: 1, ...options });
    expect(survive?.ok).toBe(false);
    expect(survive?.details.says).toMatch(says);
  });

  test("that is silent is waited for once, and not once a round", async () => {
    const [survive] = await brokenWriter("silent", { rounds: 3, patienceMs: 400 });
    expect(roundsOf(survive)).toMatchObject([{ acknowledged: 0, writer: "silent" }]);
    expect(survive?.ok).toBe(false);
  });

  test("that was killed inside a record leaves a torn tail, which is no fault", async () => {
    const [survive] = await brokenWriter("tears-its-last-record", { rounds: 1 });
    expect(survive).toMatchObject({ ok: true });
    expect(roundsOf(survive)).toMatchObject([{ acknowledged: 4, recovered: 4, dropped: 1, writer: "killed" }]);
  });

  test("that cannot be started is no proof", async () => {
    const context = loneContext(scratch());
    const step = killStep({ program: join(context.directory, "none.js"), rounds: 1 });
    const [survive] = await step.run(context);
    expect(survive).toMatchObject({
      ok: false,
      details: { says: expect.stringContaining("ended before it was killed") },
    });
  });
});
