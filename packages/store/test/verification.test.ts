// What a verification says of frames and of the index: each kind of fault at the first event that has it, and nothing left open.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { openWalReader } from "@holdfast/wal";
import type { LogSegment } from "@holdfast/wal/places";
import { expect, test } from "vitest";
import { EventHasher } from "../src/event-hash.js";
import type { EventIndex } from "../src/event-index.js";
import { fillIndex } from "../src/index-filling.js";
import { openStoreReader } from "../src/index.js";
import { verifyEvents, type VerifyProgress } from "../src/verification.js";
import { determined, events, openSample, Paid, Placed } from "./sample-store.js";

const maxRecordBytes = 16 * 1024 * 1024;

interface Parts {
  readonly directory: Directory;
  readonly fs: FaultFs;
  readonly segments: readonly LogSegment[];
  readonly index: EventIndex;
  readonly verify: (
    changed?: Partial<Parameters<typeof verifyEvents>[0]>,
    options?: Parameters<typeof verifyEvents>[1],
  ) => ReturnType<typeof verifyEvents>;
}

/** A store of two streams in several segments, closed, and what a verification takes. */
async function filled(count = 12, segmentBytes = 1024): Promise<Parts> {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const store = await openSample(directory, { segmentBytes });
  for (let at = 0; at < count; at += 1) {
    if (at % 3 === 0) store.append({ entity: "a", scope: "s" }, Placed, { amount: at });
    else store.append("b", Paid, { by: "x" });
  }
  await store.close();
  const log = openWalReader({ directory });
  const segments = log.segments();
  const { logId } = (segments[0] as LogSegment).header;
  const { index } = fillIndex({ directory, segments, logId, maxRecordBytes });
  log.close();
  const parts = { directory, segments, maxRecordBytes, index, last: count, turn: () => Promise.resolve() };
  const hasher = new EventHasher(blake3, logId);
  const verify: Parts["verify"] = (changed = {}, options = {}) =>
    verifyEvents({ ...parts, hasher, ...changed }, options);
  return { directory, fs, segments, index, verify };
}

/** An object that gives other answers to the methods in `lies`. */
function lying<Subject extends object>(subject: Subject, lies: Record<string, unknown>): Subject {
  return new Proxy(subject, {
    get: (target, key) => {
      if (typeof key === "string" && key in lies) return lies[key];
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

test("an index that says something else of the last event is found out, whatever it is", async () => {
  const { index, verify } = await filled();
  const { columns, segments } = index;
  expect(await verify()).toMatchObject({ kind: "intact", events: 12 });
  const ofLast =
    (true_: (ordinal: number) => number) =>
    (ordinal: number): number =>
      ordinal === 11 ? true_(ordinal) + 1 : true_(ordinal);
  const cases: Record<string, EventIndex> = {
    stream: lying(index, { columns: lying(columns, { streamOf: ofLast((at) => columns.streamOf(at)) }) }),
    revision: lying(index, { sequenceIn: (stream: number, at: number) => index.sequenceIn(stream, at) % 12 }),
    kind: lying(index, { columns: lying(columns, { kindOf: ofLast((at) => columns.kindOf(at)) }) }),
    time: lying(index, { columns: lying(columns, { timeOf: ofLast((at) => columns.timeOf(at)) }) }),
    scope: lying(index, { columns: lying(columns, { scopeOf: ofLast((at) => columns.scopeOf(at)) }) }),
    offset: lying(index, { columns: lying(columns, { frameOffsetOf: ofLast((at) => columns.frameOffsetOf(at)) }) }),
    segment: lying(index, { segments: lying(segments, { of: (at: number) => segments.of(at) + (at === 12 ? 1 : 0) }) }),
    id: lying(index, {
      findId: (id: Uint8Array, hasId: (sequence: number) => boolean) => index.findId(id, hasId) % 12,
    }),
  };
  for (const [field, liar] of Object.entries(cases)) {
    for (const deep of [true, false]) {
      expect(await verify({ index: liar }, { deep }), field).toEqual({
        kind: "damaged",
        isDeep: deep,
        events: 11,
        fault: { kind: "index", sequence: 12, field },
      });
    }
  }
});

test("events that are not there, and a frame that is damaged, are faults and no errors", async () => {
  const { directory, segments, verify } = await filled();
  expect(await verify({ last: 13 })).toEqual({
    kind: "damaged",
    isDeep: true,
    events: 12,
    fault: { kind: "sequence", sequence: 13, expected: 13 },
  });
  const { file, baseLsn } = segments[1] as LogSegment;
  const bytes = directory.readFile(file);
  directory.writeFile(file, bytes.with(150, (bytes[150] as number) ^ 1));
  const report = await verify();
  expect(report).toMatchObject({
    kind: "damaged",
    events: baseLsn - 1,
    fault: { kind: "unreadable", sequence: baseLsn },
  });
});

test("a verification lets others go on, tells how far it is, and leaves no file open", async () => {
  const { fs, verify } = await filled(700, 100_000);
  let turns = 0;
  const turn = (): Promise<void> => {
    turns += 1;
    return Promise.resolve();
  };
  const progress: VerifyProgress[] = [];
  const before = fs.openHandles.length;
  expect(await verify({ turn }, { onProgress: (each) => progress.push(each) })).toMatchObject({ kind: "intact" });
  expect(turns).toBe(2);
  expect(progress.map(({ events: done }) => done)).toEqual([256, 512, 700]);
  expect(progress.every(({ totalEvents }) => totalEvents === 700)).toBe(true);
  const stop = new AbortController();
  const stopped = verify({}, { signal: stop.signal, onProgress: () => stop.abort() });
  await expect(stopped).rejects.toMatchObject({ code: "STORE_ABORTED" });
  expect(fs.openHandles).toHaveLength(before);
});

test("a reader verifies what is there although the writer replaces the files meanwhile", async () => {
  const directory = new Directory(new MemoryFs());
  for (let run = 0; run < 3; run += 1) {
    const store = await openSample(directory, { segmentBytes: 500_000, ...determined(run) });
    for (let at = 0; at < 150; at += 1) store.append("a", Placed, { amount: at });
    await store.close();
  }
  let opened: ReturnType<typeof openSample> | undefined;
  const turn = async (): Promise<void> => {
    opened ??= openSample(directory, { segmentBytes: 500_000, mergeBytes: 500_000, ...determined(3) });
    await opened;
  };
  const reader = openStoreReader({ directory, events, turn });
  expect(await reader.verify()).toMatchObject({ kind: "intact", events: 450 });
  const store = await opened;
  expect(store?.openReport.log.removedFiles.length).toBeGreaterThan(1);
  await store?.close();
  reader.close();
});
