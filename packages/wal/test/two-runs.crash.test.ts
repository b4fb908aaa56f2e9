// Two runs over one disk, and a crash in each: whatever mode opens it afterwards reads the same, and all that was promised.
import { expect, test } from "vitest";
import { small } from "./log-law.js";
import { killThenPower, powerTwice, type Program, type Story } from "./two-runs.js";

const record = (name: string): string => name.padEnd(40, ".");

/** Opens, appends one record without a barrier and one behind it, and closes. */
const first: Program = async (directory, story) => {
  const log = await story.open(directory, small);
  story.append(log, record("a"));
  await story.sync(log);
  story.append(log, record("b"));
  log.write();
  await log.close();
};

const second: Program = async (directory, story) => {
  const log = await story.open(directory, small);
  story.append(log, record("c"));
  await story.sync(log);
};

const seed: Program = async (directory, story: Story) => {
  const log = await story.open(directory, small);
  story.append(log, record("0"));
  await log.close();
};

test("killed and opened again, the power fails: nothing is built on what was only readable", async () => {
  const images = await killThenPower({
    setup: seed,
    first,
    second,
    personality: "posix",
    strategy: { kind: "levels", level: 2 },
    options: small,
  });
  expect(images).toBeGreaterThan(100);
});

test("power fails in two runs", async () => {
  const images = await powerTwice({
    setup: seed,
    first,
    second,
    personality: "posix",
    strategy: { kind: "levels", level: 1 },
    options: small,
  });
  expect(images).toBeGreaterThan(100);
});
