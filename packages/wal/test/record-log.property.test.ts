// A record log against an array: whatever is appended, written, synced, cut, and however often it is opened again.
import type { Directory } from "@holdfast/fs-seam";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openRecordLog, openRecordLogReader, type RecordLog, type RecordLogOptions } from "../src/record-log-entry.js";
import { LogPlayer, logSteps, payload, playing, type LogStep, type OwnStep } from "./log-player.js";

type Step = LogStep | OwnStep<"abandon" | "cut">;
type Settings = Partial<RecordLogOptions>;

const settings: fc.Arbitrary<Settings> = fc.record({
  bufferBytes: fc.constantFrom(64, 256, 4096),
  preallocateBytes: fc.constantFrom(0, 64, 4096),
});

const name = "events";

/** What kill -9 or a power loss leaves, the file up to `share` of it: a beginning, from which the log goes on. */
async function demandBeginning(
  player: LogPlayer<RecordLog>,
  copy: Directory,
  share: number,
  options: Settings,
): Promise<void> {
  const bytes = copy.readFile(name);
  const at = Math.round(share * bytes.length);
  copy.writeFile(name, bytes.subarray(0, at));
  if (at < 64) {
    await expect(openRecordLog({ directory: copy, name, ...options })).rejects.toMatchObject({ code: "WAL_CORRUPT" });
    return;
  }
  const before = openRecordLogReader({ directory: copy, name }).lastLsn;
  const other = await openRecordLog({ directory: copy, name, ...options });
  expect(other.lastLsn).toBe(before);
  expect(other.lastLsn).toBeLessThanOrEqual(player.log.writtenLsn);
  player.demand(other.read(), 1, before);
  await other.appendDurable(payload(9, 9));
  await other.close();
  const again = await openRecordLog({ directory: copy, name, ...options });
  expect(again.report).toMatchObject({ lastLsn: before + 1, provenLsn: before + 1, dropped: [] });
  player.demand(again.read({ to: before }), 1, before);
  await again.close();
}

async function play(steps: readonly Step[], options: Settings): Promise<void> {
  const player = await LogPlayer.start({
    open: (directory) => openRecordLog({ directory, name, ...options }),
    openReader: (directory) => openRecordLogReader({ directory, name }),
    lockFile: `${name}.lock`,
  });
  for (const each of steps) {
    switch (each.do) {
      case "abandon":
        player.log.write();
        await demandBeginning(player, player.killed(), 1, options);
        break;
      case "cut":
        await demandBeginning(player, player.killed(), each.share, options);
        break;
      default:
        await player.play(each);
    }
    expect(player.log.lastLsn).toBe(player.sizes.length);
    if (each.do === "reopen") expect(player.log.report.rewrittenRecords).toBe(0);
  }
  await player.end();
}

test("a record log is an array", async () => {
  await fc.assert(fc.asyncProperty(logSteps(["abandon", "cut"]), settings, play), playing);
});
