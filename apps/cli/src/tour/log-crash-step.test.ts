import { openWal } from "@holdfast/wal";
import { describe, expect, test } from "vitest";
import { loneContext } from "../../test/captured-io.js";
import { logCrashStep, type LogProgram } from "./log-crash-step.js";

async function claimOf(
  program?: LogProgram,
): Promise<{ ok: boolean; says: string; story: string; recoveries: number }> {
  const context = loneContext("");
  const [claim, ...more] = await logCrashStep(program).run(context);
  expect([claim?.name, more]).toEqual(["log-keeps-what-it-acknowledged", []]);
  const { ok = false, details } = claim ?? {};
  return {
    ok,
    says: details?.says ?? "",
    story: context.story.join("\n"),
    recoveries: Number(details?.["recoveries"]),
  };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const small = { bufferBytes: 256, preallocateBytes: 0, prepareSegments: false } as const;

test("a log keeps what it acknowledged, under every file system", { timeout: 300_000 }, async () => {
  const { ok, says, story, recoveries } = await claimOf();
  expect(ok).toBe(true);
  expect(recoveries).toBeGreaterThan(100);
  expect(says).toContain("posix, ext4-ordered");
  expect(story).toContain("disks opened");
});

describe("a program that promises too much is caught", { timeout: 300_000 }, () => {
  test.each<[string, LogProgram]>([
    [
      "one that acknowledges what is only written",
      async (directory, ack) => {
        const log = await openWal({ directory, ...small });
        log.append(bytes("ordered"));
        log.write();
        ack(1);
      },
    ],
    [
      "one that appends something else",
      async (directory, ack) => {
        const log = await openWal({ directory, ...small });
        ack(await log.appendDurable(bytes("lost")));
      },
    ],
    [
      "one that takes a batch apart",
      async (directory, ack) => {
        const log = await openWal({ directory, ...small });
        for (const text of ["ordered", "paid", "packed"]) log.append(bytes(text));
        ack(await log.sync());
      },
    ],
  ])("%s", async (_, program) => {
    const { ok, says, story } = await claimOf(program);
    expect(ok).toBe(false);
    expect(says).not.toBe("");
    expect(story).toContain("append to a log");
  });
});
