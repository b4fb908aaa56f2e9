// Two runs over one disk, and a crash in each, at every pair of moments: by whichever path the store is opened then, its events,
// their sequences and what is behind a page are the same, and everything promised is there. D-27, D-28 and D-29 are of this kind.
//
// Behind the second crash nothing of what is pending is left, or all of it; of every disk the path that is there is taken, and another
// one in turn. STORE_LONG=1 cuts in between as well, takes all paths, and pairs every program with
// every one, under all settings and on every file system that is asked by default.
import { defaultPersonalities } from "@holdfast/crash-test";
import { expect, test } from "vitest";
import type { Store, StoreOptions } from "../src/index.js";
import { Paid, Placed, small, type Sample } from "./sample-store.js";
import { openingPaths, PathChoice } from "./opening-paths.js";
import { killThenPower, powerTwice, type Program } from "./two-runs.js";

type Options = Partial<StoreOptions<Sample>>;

/** An accelerator for every two events in sealed segments. */
const accelerated = { ...small, acceleratorEvents: 2 };

const settings = {
  plain: small,
  accelerated,
  merging: { ...accelerated, mergeBytes: 8192 },
  preallocated: { ...accelerated, preallocateBytes: 4096, segmentBytes: 2048 },
  prepared: { ...small, preallocateBytes: 512, prepareSegments: true, turn: () => Promise.resolve() },
} satisfies Record<string, Options>;

const place = (store: Store<Sample>): unknown => store.append("a", Placed, { amount: store.lastSequence });
const pay = (store: Store<Sample>): unknown => store.append("b", Paid, { by: "x".repeat(60) });
const three = (store: Store<Sample>): unknown =>
  store.commit((commit) => {
    for (const entity of ["a", "b", "c"]) commit.append(entity, Paid, { by: "x".repeat(40) });
  });

/** One commit behind a barrier, one that is only written, and a close. */
const appends =
  (options: Options): Program =>
  async (directory, story, demand) => {
    const store = await story.open(directory, options, demand);
    story.commit(store, place);
    await story.sync(store);
    story.commit(store, three);
    await story.close(store);
  };

/** Commits that are written without a barrier, and across a rotation; left open. */
const rotates =
  (options: Options): Program =>
  async (directory, story, demand) => {
    const store = await story.open(directory, options, demand);
    story.commit(store, three);
    story.commit(store, three);
    await story.sync(store);
    story.commit(store, pay);
  };

const opens =
  (options: Options): Program =>
  async (directory, story, demand) => {
    await story.open(directory, options, demand);
  };

const programs = { appends, rotates, opens };

interface Pairing {
  readonly setting: keyof typeof settings;
  readonly first: keyof typeof programs;
  readonly second: keyof typeof programs;
  readonly personality: string;
}

const isLong = process.env["STORE_LONG"] === "1";
const names = Object.keys(programs) as (keyof typeof programs)[];
const every: readonly Pairing[] = (Object.keys(settings) as (keyof typeof settings)[]).flatMap((setting) =>
  defaultPersonalities.flatMap((personality) =>
    names.flatMap((first) => names.map((second) => ({ setting, first, second, personality }))),
  ),
);
const posixAppends: Pairing = { setting: "accelerated", first: "appends", second: "rotates", personality: "posix" };
const xfsOpens: Pairing = { setting: "merging", first: "opens", second: "appends", personality: "xfs" };
const some: readonly Pairing[] = [
  posixAppends,
  { setting: "plain", first: "rotates", second: "appends", personality: "ext4-ordered" },
  xfsOpens,
  { setting: "preallocated", first: "rotates", second: "opens", personality: "btrfs" },
  { setting: "prepared", first: "rotates", second: "appends", personality: "posix" },
];
const timeout = isLong ? 7_200_000 : 600_000;

const paths = new PathChoice(isLong);

function partsOf({ setting, first, second, personality }: Pairing): Parameters<typeof powerTwice>[0] {
  const options = settings[setting];
  return {
    setup: appends(options),
    first: programs[first](options),
    second: programs[second](options),
    personality,
    paths,
    strategy: { kind: "levels", level: 1 },
    secondStrategy: { kind: "levels", level: isLong ? 1 : 0 },
    options,
  };
}

test.each(isLong ? every : some)(
  "$setting, $personality: the power fails while it $first, and while it $second behind that",
  async (pairing) => {
    expect(await powerTwice(partsOf(pairing))).toBeGreaterThan(20);
  },
  timeout,
);

test.each(isLong ? every : [xfsOpens])(
  "$setting, $personality: killed while it $first, then the power fails while it $second",
  async (pairing) => {
    expect(await killThenPower(partsOf(pairing))).toBeGreaterThan(20);
  },
  timeout,
);

test("every path was taken", () => {
  for (const { name } of openingPaths) expect(paths.counts.get(name), name).toBeGreaterThan(10);
});
