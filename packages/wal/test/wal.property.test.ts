// A log against an array: whatever is appended, written, synced, pruned, and however often it is opened again.
import fc from "fast-check";
import { expect, test } from "vitest";
import { openWal, openWalReader, type WalOptions } from "../src/index.js";
import { footers, noFooters } from "./footers.js";
import { LogPlayer, logSteps, playing, type LogStep, type OwnStep } from "./log-player.js";

type Step = LogStep | OwnStep<"abandon" | "prune">;

const settings: fc.Arbitrary<Partial<WalOptions>> = fc.record({
  segmentBytes: fc.constantFrom(128, 300, 1000, 5000),
  bufferBytes: fc.constantFrom(64, 256, 4096),
  preallocateBytes: fc.constantFrom(0, 64, 4096),
  mergeBytes: fc.constantFrom(0, 500, 4096),
  prepareSegments: fc.boolean(),
  footers: fc.constantFrom(footers, noFooters),
});

async function play(steps: readonly Step[], options: Partial<WalOptions>): Promise<void> {
  const player = await LogPlayer.start({
    open: (directory) => openWal({ directory, ...options }),
    openReader: (directory) => openWalReader({ directory }),
    lockFile: "LOCK",
  });
  for (const each of steps) {
    const { log, sizes } = player;
    switch (each.do) {
      case "abandon": {
        log.write();
        const other = await openWal({ directory: player.killed(), ...options });
        expect(other.firstLsn).toBe(log.firstLsn);
        player.demand(other.read());
        await other.close();
        break;
      }
      case "prune": {
        const upTo = Math.max(1, Math.floor(each.share * sizes.length));
        const { firstLsn } = log;
        await log.prune(upTo);
        expect(log.firstLsn).toBeLessThanOrEqual(Math.max(firstLsn, upTo + 1));
        expect(log.firstLsn).toBeGreaterThanOrEqual(firstLsn);
        break;
      }
      default:
        await player.play(each);
    }
    expect(player.log.lastLsn).toBe(sizes.length);
  }
  await player.end();
}

test("a log is an array that forgets its beginning", async () => {
  await fc.assert(fc.asyncProperty(logSteps(["abandon", "prune"]), settings, play), playing);
});
