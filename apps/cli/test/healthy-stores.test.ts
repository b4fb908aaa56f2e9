// Stores that nothing happened to but what a program does: opened and closed again and again, rotated, compacted. All of it is sound.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openStore, type Store } from "@holdfast/store";
import { compact } from "@holdfast/store/maintenance";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inspected } from "./inspected.js";
import { scratch } from "./scratch.js";
import { filesIn } from "./small-log.js";
import { Placed, timeMs } from "./small-store.js";

type SmallStore = Store<typeof Placed>;

/** With the options of a program that has none of its own, but for what makes every run the same, and the size of segments. */
async function opened(directory: Directory, options: Settings, session: number): Promise<SmallStore> {
  let drawn = 0;
  const random = (target: Uint8Array): void =>
    void target
      .fill(0)
      .fill((drawn += 1), 1)
      .fill(session, 0, 1);
  return openStore({ directory, events: [Placed], bufferBytes: 4096, clock: () => timeMs, random, ...options });
}

interface Settings {
  readonly segmentBytes?: number;
  readonly mergeBytes?: number;
}

interface Session extends Settings {
  readonly appends: number;
  readonly work?: (store: SmallStore) => Promise<unknown>;
}

/** What `verify` and `dump` find after these sessions, each of which is closed. */
async function found(sessions: readonly Session[]): Promise<Found> {
  const directory = new Directory(new MemoryFs());
  for (const [session, { appends, work, ...options }] of sessions.entries()) {
    const store = await opened(directory, options, session);
    for (let amount = 0; amount < appends; amount++) store.append(`order:${amount % 7}`, Placed, { amount });
    await store.sync();
    await work?.(store);
    await store.close();
  }
  const path = scratch();
  for (const [name, bytes] of Object.entries(filesIn(directory))) writeFileSync(join(path, name), bytes);
  const { code, lines } = await inspected("verify", path);
  const dumped = await inspected("dump", path);
  const footers = dumped.lines.filter(({ kind }) => kind === "footer");
  return {
    code,
    unsound: lines.filter(({ kind }) => kind !== "sound" && kind !== "auxiliary").map((line) => JSON.stringify(line)),
    segments: dumped.lines.filter(({ kind }) => kind === "segment-header").length,
    listed: footers.reduce((sum, { entryCount }) => sum + Number(entryCount), 0),
    watermarks: dumped.lines.filter(({ frameKind }) => frameKind === "watermark").length,
    dropped: dumped.lines.filter(({ kind, payload }) => kind === "store-event" && payload === null).length,
  };
}

interface Found {
  readonly code: number;
  readonly unsound: readonly string[];
  readonly segments: number;
  /** Events that footers list. */
  readonly listed: number;
  readonly watermarks: number;
  readonly dropped: number;
}

const sound = { code: 0, unsound: [] };

const rotating: Settings = { segmentBytes: 8192, mergeBytes: 0 };

test("opened, closed, opened and closed again: the segment stays as it is, with its footer", async () => {
  const first = await found([{ appends: 3 }]);
  expect(first).toEqual({ ...sound, segments: 1, listed: 3, dropped: 0, watermarks: 0 });
  expect(await found([{ appends: 3 }, { appends: 0 }])).toEqual({ ...first, segments: 2 });
});

test("opened again with more events each time", async () => {
  const { segments, ...rest } = await found([{ appends: 3 }, { appends: 2 }, { appends: 1 }, { appends: 0 }]);
  expect(rest).toMatchObject({ ...sound, listed: 6 });
  expect(segments).toBe(2);
});

test("rotated many times, in two sessions", async () => {
  for (const mergeBytes of [0, 2 ** 16]) {
    const { segments, ...rest } = await found([200, 200].map((appends) => ({ ...rotating, mergeBytes, appends })));
    expect(rest).toMatchObject({ ...sound, listed: 400 });
    expect(segments).toBeGreaterThan(5);
  }
});

test("compacted, then opened again and gone on with", async () => {
  const halve = (store: SmallStore): Promise<unknown> =>
    compact(store, { keep: ({ revision }) => revision % 2 === 0, rotate: true });
  const { segments, ...rest } = await found([
    { ...rotating, appends: 200 },
    { ...rotating, appends: 10, work: halve },
    { ...rotating, appends: 10 },
  ]);
  expect(rest).toMatchObject({ ...sound, listed: 220 });
  expect(rest.dropped).toBeGreaterThan(90);
  expect(segments).toBeGreaterThan(3);
});

test("a footer of an earlier session lists its events when the next one has gone on in a segment of its own", async () => {
  const { listed, ...rest } = await found([{ appends: 3 }, { appends: 0 }, { appends: 1, mergeBytes: 0 }]);
  expect(rest).toMatchObject({ ...sound, segments: 2, watermarks: 0 });
  expect(listed).toBe(4);
});
