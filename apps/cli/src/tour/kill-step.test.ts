import { describe, expect, test } from "vitest";
import type { RecoveryReport } from "@holdfast/wal";
import { claimNothingLost, type KillRound, type RecoveredRecords } from "./kill-step.js";
import { claimTearRecognised, type TornOpen } from "./torn-log.js";

// The claims alone; test/kill-step.test.ts has the processes.

const report: RecoveryReport = {
  ...{ mode: "recover", created: false, firstLsn: 1, lastLsn: 0, provenLsn: 0, rewrittenRecords: 0, rewrittenBytes: 0 },
  ...{ dropped: [], removedFiles: [], asideFiles: [], damage: undefined, segmentCount: 1, scannedBytes: 0 },
};

function round(
  acknowledged: number,
  recordCount: number,
  more: { recovered?: RecoveredRecords; fault?: string; ended?: "silent" | "by-itself" } = {},
): KillRound {
  const writer = { acknowledged, latencies: [1], ended: more.ended ?? ("killed" as const), complaint: "" };
  const opened: RecoveredRecords = { kind: "opened", recordCount, fault: more.fault, report };
  return { delayMs: 9, acknowledged, writer, recovered: more.recovered ?? opened };
}

describe("nothing acknowledged is lost", () => {
  test.each([
    ["as many as acknowledged", [round(3, 3)]],
    ["more, which were not reported yet", [round(3, 4), round(9, 12)]],
  ])("%s", (_, rounds) => {
    expect(claimNothingLost(rounds)).toMatchObject({ ok: true });
  });

  test.each([
    ["no round at all", [], "no round was run"],
    ["one too few", [round(3, 3), round(5, 4)], "round 2: 1 acknowledged record of 5 not recovered"],
    ["lost in a round, made good in the next", [round(5, 4), round(9, 9)], "round 1: 1 acknowledged record of 5 not"],
    ["another record", [round(3, 3, { fault: "because" })], "round 1: because"],
    [
      "a refusal",
      [round(3, 3, { recovered: { kind: "refused", why: "damage" } })],
      "round 1: the log does not open: damage",
    ],
    ["a silent writer", [round(0, 0, { ended: "silent" })], "round 1: the writer acknowledged nothing"],
    ["a writer that ended", [round(3, 3, { ended: "by-itself" })], "round 1: the writer ended before it was killed"],
  ])("not with %s", (_, rounds, says) => {
    const claim = claimNothingLost(rounds);
    expect(claim.ok).toBe(false);
    expect(claim.details.says).toContain(says);
  });
});

describe("a torn tail is recognised", () => {
  test("at every byte of the last record", async () => {
    const claim = await claimTearRecognised(5);
    expect(claim).toMatchObject({ ok: true, details: { missed: 0 } });
    expect(claim.details["cuts"]).toBeGreaterThan(50);
  });

  test.each([
    ["takes a torn record for a whole one", { recordCount: 13, droppedBytes: 0 }, "WAL_TORN"],
    ["sees no tear", { recordCount: 12, droppedBytes: 0 }, "WAL_TORN"],
    [
      "does not refuse it in mode strict",
      { recordCount: 12, droppedBytes: Number.NaN },
      { recordCount: 12, droppedBytes: 0 },
    ],
    ["refuses it in mode recover", "WAL_CORRUPT", "WAL_TORN"],
  ] satisfies [string, TornOpen | string, TornOpen | string][])(
    "not by a log that %s",
    async (_, recovered, strict) => {
      const claim = await claimTearRecognised(5, async (_directory, mode) => (mode === "strict" ? strict : recovered));
      expect(claim).toMatchObject({ ok: false });
      expect(claim.details["missed"]).toBe(claim.details["cuts"]);
    },
  );
});
