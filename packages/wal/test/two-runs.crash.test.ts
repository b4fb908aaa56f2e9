// Two runs over one disk, and a crash in each: whatever mode opens it afterwards reads the same, and all that was promised.
// WAL_LONG=1 runs every program under all settings.
import { expect, test } from "vitest";
import type { WalOptions } from "../src/index.js";
import { small } from "./log-law.js";
import { killThenPower, powerTwice, type Program } from "./two-runs.js";

const record = (name: string): string => name.padEnd(40, ".");

/** Opens, appends one record behind a barrier, one that is only written and one that only waits in memory, and closes. */
const appends =
  (options: Partial<WalOptions>): Program =>
  async (directory, story) => {
    const log = await story.open(directory, options);
    story.append(log, record("a"));
    await story.sync(log);
    story.append(log, record("b"));
    log.write();
    story.append(log, record("c"));
    await log.close();
  };

/** The same across two rotations. */
const rotates =
  (options: Partial<WalOptions>): Program =>
  async (directory, story) => {
    const log = await story.open(directory, options);
    for (const name of ["d", "e", "f"]) story.append(log, record(name));
    log.write();
    story.append(log, record("g"));
    await story.sync(log);
    for (const name of ["h", "i"]) story.append(log, record(name));
    log.write();
  };

const prunes =
  (options: Partial<WalOptions>): Program =>
  async (directory, story) => {
    const log = await story.open(directory, options);
    for (const name of ["j", "k", "l", "m", "n"]) story.append(log, record(name));
    await story.prune(log, story.history.length - 1);
    story.append(log, record("o"));
    await story.sync(log);
  };

const publishes =
  (options: Partial<WalOptions>): Program =>
  async (directory, story) => {
    const log = await story.open(directory, options);
    for (const name of ["p", "q", "r", "s"]) story.append(log, record(name));
    await story.publish(log, story.history.length - 1);
    await story.publish(log, story.history.length);
    story.append(log, record("t"));
    await log.close();
  };

const opens =
  (options: Partial<WalOptions>): Program =>
  async (directory, story) => {
    await story.open(directory, options);
  };

const settings = {
  plain: small,
  merging: { ...small, mergeBytes: 4096 },
  preallocated: { ...small, preallocateBytes: 4096, segmentBytes: 256 },
  prepared: { ...small, preallocateBytes: 128, prepareSegments: true, turn: () => Promise.resolve() },
} satisfies Record<string, Partial<WalOptions>>;

const programs = { appends, rotates, prunes, publishes, opens };

type Pairing = readonly [keyof typeof settings, keyof typeof programs];

const every: readonly Pairing[] = Object.keys(settings).flatMap((setting) =>
  Object.keys(programs).map((program) => [setting, program] as Pairing),
);
const isLong = process.env["WAL_LONG"] === "1";

const killed: readonly Pairing[] = [
  ["plain", "appends"],
  ["merging", "opens"],
  ["preallocated", "prunes"],
  ["plain", "publishes"],
];

test.each(isLong ? every : killed)(
  "%s, killed while it %s, then the power fails: nothing is built on what was only readable",
  async (setting, program) => {
    const options = settings[setting];
    const images = await killThenPower({
      setup: appends(options),
      first: programs[program](options),
      second: appends(options),
      personality: "posix",
      strategy: { kind: "levels", level: 1 },
      options,
    });
    expect(images).toBeGreaterThan(100);
  },
);

const twice: readonly Pairing[] = [
  ["plain", "appends"],
  ["plain", "rotates"],
  ["plain", "publishes"],
  ["merging", "rotates"],
  ["preallocated", "prunes"],
  ["prepared", "opens"],
];

test.each(isLong ? every : twice)(
  "%s, the power fails while it %s, and in the run behind it",
  async (setting, program) => {
    const options = settings[setting];
    const images = await powerTwice({
      setup: appends(options),
      first: programs[program](options),
      second: rotates(options),
      personality: "posix",
      strategy: { kind: "levels", level: 1 },
      options,
    });
    expect(images).toBeGreaterThan(10);
  },
);
