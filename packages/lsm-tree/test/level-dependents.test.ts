import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

const require = createRequire(import.meta.url);

/** Where Node looks for what a package does not have beside itself: an emitter that its tests want and its dependencies leave out. */
const lookedInLast = join(require.resolve("mqemitter"), "../..");
const ours = join(import.meta.dirname, "support/stand-ins/resolve-level.cjs");

it("passes the tests that aedes-persistence-level publishes, in place of level", () => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-dependents-"));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", ours, "--test-reporter=tap", require.resolve("aedes-persistence-level/test/test.js")],
    {
      encoding: "utf8",
      env: { ...process.env, NODE_PATH: lookedInLast, TMPDIR: root },
    },
  );
  rmSync(root, { recursive: true });
  const failed = stdout.split("\n").filter((line) => /^\s*not ok /.test(line));
  expect({ failed, status }).toEqual({ failed: [], status: 0 });
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(59);
  expect(Number(/databases made: (\d+)/.exec(stderr)?.[1])).toBeGreaterThan(40);
});
