import { describe, expect, test } from "vitest";
import { claimNothingLost, claimTearRecognised, type KillRound } from "./kill-step.js";
import { scanLog, type LogEnd } from "./numbered-log.js";

// The claims alone; test/kill-step.test.ts has the processes.

function round(
  acknowledged: number,
  recordCount: number,
  more: { end?: LogEnd; ended?: "silent" | "by-itself" } = {},
): KillRound {
  const writer = { acknowledged, latencies: [1], ended: more.ended ?? ("killed" as const), complaint: "" };
  return { delayMs: 9, acknowledged, writer, scan: { recordCount, endOffset: 0, end: more.end ?? { kind: "clean" } } };
}

describe("nothing acknowledged is lost", () => {
  test.each([
    ["as many as acknowledged", [round(3, 3)]],
    ["one more, which was not reported yet", [round(3, 4), round(9, 9)]],
    ["a torn tail behind them", [round(3, 3, { end: { kind: "torn", tornBytes: 5 } })]],
  ])("%s", (_, rounds) => {
    expect(claimNothingLost(rounds)).toMatchObject({ ok: true });
  });

  test.each([
    ["no round at all", [], "no round was run"],
    ["one too few", [round(3, 3), round(5, 4)], "round 2: 1 acknowledged record of 5 not recovered"],
    ["lost in a round, made good in the next", [round(5, 4), round(9, 9)], "round 1: 1 acknowledged record of 5 not"],
    ["corruption", [round(3, 3, { end: { kind: "corrupt", why: "because" } })], "round 1: the log is corrupt: because"],
    ["a silent writer", [round(0, 0, { ended: "silent" })], "round 1: the writer acknowledged nothing"],
    ["a writer that ended", [round(3, 3, { ended: "by-itself" })], "round 1: the writer ended before it was killed"],
  ])("not with %s", (_, rounds, says) => {
    const claim = claimNothingLost(rounds);
    expect(claim.ok).toBe(false);
    expect(claim.details.says).toContain(says);
  });
});

describe("a torn tail is recognised", () => {
  test.each([0, 1, 2, 1000])("behind %i records", (recordCount) => {
    expect(claimTearRecognised(5, recordCount)).toMatchObject({ ok: true, details: { missed: 0 } });
  });

  test.each([
    ["takes a torn record for a whole one", (bytes: Uint8Array) => ({ ...scanLog(bytes, 5), recordCount: 3 })],
    ["sees no tear", (bytes: Uint8Array) => ({ ...scanLog(bytes, 5), end: { kind: "clean" } as const })],
    ["drops a good record with it", (bytes: Uint8Array) => ({ ...scanLog(bytes, 5), endOffset: 0 })],
  ])("not by a scan that %s", (_, scan) => {
    const claim = claimTearRecognised(5, 3, scan);
    expect(claim).toMatchObject({ ok: false });
    expect(claim.details["missed"]).toBe(claim.details["cuts"]);
  });
});
