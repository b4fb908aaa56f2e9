// What an observer and the subscribers of the channel hear of a log, and that nothing of theirs gets into its way.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { afterEach, describe, expect, test } from "vitest";
import { openWal, walChannelName, type LogEvent, type LogObserver } from "../src/index.js";
import { Observation } from "../src/observation.js";
import { openRecordLog } from "../src/record-log-entry.js";
import { bytesOf, small } from "./log-law.js";

const record = (text: string): Uint8Array => bytesOf(text.padEnd(40, "."));

/** A clock that every reading moves by so many milliseconds. */
function ticking(stepMs: number): () => number {
  let at = 0;
  return () => (at += stepMs);
}

const listening: LogObserver[] = [];
afterEach(() => {
  for (const each of listening.splice(0)) unsubscribe(walChannelName, each as (event: unknown) => void);
});

/** Events of one directory, as the channel's subscribers get them. */
function subscribed(directory: Directory): LogEvent[] {
  const events: LogEvent[] = [];
  const hear = (event: LogEvent): void => {
    if (event.directory === directory.path) events.push(event);
  };
  listening.push(hear);
  subscribe(walChannelName, hear as (event: unknown) => void);
  return events;
}

function scratch(path: string): { fs: FaultFs; directory: Directory } {
  const fs = new FaultFs(new MemoryFs());
  fs.makeDirectory(path);
  return { fs, directory: new Directory(fs, path) };
}

/** The id of a log in hexadecimal digits, from the header of one of its segments. */
function idOf(segment: { readonly header: { readonly logId: Uint8Array } } | undefined): string {
  return [...(segment?.header.logId ?? [])].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("a segmented log", () => {
  test("tells what it has done, to its observer and on the channel, and its stats say the same", async () => {
    const { directory } = scratch("/observed");
    const published = subscribed(directory);
    const heard: LogEvent[] = [];
    const observer = (event: LogEvent): void => void heard.push(event);
    const log = await openWal({ directory, ...small, segmentBytes: 320, now: ticking(5), observer });
    for (const text of ["a", "b", "c", "d"]) log.append(record(text)); // the fourth begins a segment
    await log.sync("full");
    log.appendBatch([record("e"), record("f")]);
    log.syncBlocking();
    await log.sync(); // has nothing to do
    await log.publish(bytesOf("state"), { lsn: 5 });
    const stats = log.stats();
    await log.close();
    const place = { logId: idOf(log.segments()[0]), directory: "/observed", name: undefined };
    const [firstFile] = [...heard].flatMap((event) => (event.kind === "seal" ? [event.file] : []));
    expect(heard).toEqual([
      { kind: "open", report: log.report, ...place },
      { kind: "seal", file: firstFile, segmentId: 1, firstLsn: 1, bytes: 64 + 3 * 72, ...place },
      { kind: "barrier", rung: "full", lsn: 4, records: 4, bytes: 64 + 3 * 72 + 136 - 64, tookMs: 5, ...place },
      { kind: "barrier", rung: "data", lsn: 6, records: 2, bytes: 32 + 2 * 44, tookMs: 5, ...place },
      { kind: "checkpoint", lsn: 5, bytes: 5, ...place },
      { kind: "prune", file: firstFile, segmentId: 1, firstLsn: 1, lastLsn: 3, ...place },
      { kind: "close", lastLsn: 6, ...place },
    ]);
    expect(published).toEqual(heard);
    expect(stats.barriers).toMatchObject({
      barriers: 2,
      records: 6,
      bytes: 280 - 64 + 136 + 120,
      totalMs: 10,
      maxMs: 5,
    });
    // 16 microseconds, doubled 9 times, are 8.2 milliseconds; doubled 8 times, 4.1.
    expect(stats.barriers.histogram).toEqual(Array.from({ length: 20 }, (_, index) => (index === 9 ? 2 : 0)));
    expect(stats.observerFailure).toBeUndefined();
  });

  test("tells that it has failed, once, and why", async () => {
    const { fs, directory } = scratch("/failing");
    const kinds: string[] = [];
    let told: unknown;
    const observer = (event: LogEvent): void => {
      kinds.push(event.kind);
      if (event.kind === "failure") told = event.error;
    };
    const log = await openWal({ directory, ...small, observer });
    log.append(record("a"));
    fs.plan.arm("sync:*.seg n1 EIO");
    const failure: unknown = await log.sync().catch((error: unknown) => error);
    await expect(log.sync()).rejects.toMatchObject({ code: "WAL_POISONED" });
    await log.close();
    expect(told).toBe(failure);
    expect(kinds).toEqual(["open", "failure", "close"]);
  });

  test("is not held up by an observer that throws: it is called no more, and the stats say why", async () => {
    const { directory } = scratch("/throwing");
    const published = subscribed(directory);
    const own = new Error("of the observer");
    let calls = 0;
    const observer = (event: LogEvent): void => {
      calls += 1;
      if (event.kind === "barrier") throw own;
    };
    const log = await openWal({ directory, ...small, observer });
    expect(await log.appendDurable(record("a"))).toBe(1);
    expect(await log.appendDurable(record("b"))).toBe(2);
    expect(log.durableLsn).toBe(2);
    expect(calls).toBe(2);
    expect(log.stats().observerFailure).toBe(own);
    await log.close();
    expect(published.filter(({ kind }) => kind === "barrier").length).toBe(2);
  });
});

test("a record log tells the same, with the name of its file", async () => {
  const { directory } = scratch("/one-file");
  const published = subscribed(directory);
  const heard: LogEvent[] = [];
  const observer = (event: LogEvent): void => void heard.push(event);
  const log = await openRecordLog({ directory, name: "events", preallocateBytes: 0, now: ticking(5), observer });
  log.append(record("a"));
  await log.sync();
  const { barriers, observerFailure } = log.stats();
  await log.close();
  const [first] = heard;
  expect(first?.logId).toMatch(/^[0-9a-f]{32}$/);
  const place = { logId: first?.logId, directory: "/one-file", name: "events" };
  expect(heard).toEqual([
    { kind: "open", report: log.report, ...place },
    { kind: "barrier", rung: "data", lsn: 1, records: 1, bytes: 72, tookMs: 5, ...place },
    { kind: "close", lastLsn: 1, ...place },
  ]);
  expect(published).toEqual(heard);
  expect([barriers.barriers, barriers.records, barriers.bytes, observerFailure]).toEqual([1, 1, 72, undefined]);
});

test("where nobody listens, no event is made", () => {
  const place = { logId: "00", directory: "/", name: undefined };
  const nobody = new Observation(undefined, place);
  const never = (): never => {
    throw new Error("made for nobody");
  };
  expect(() => nobody.tell(never)).not.toThrow();
  const events = subscribed(new Directory(new MemoryFs()));
  nobody.tell(() => ({ kind: "close", lastLsn: 1 }));
  expect(events).toEqual([{ kind: "close", lastLsn: 1, ...place }]);
});

test("the id of the log is another one for every log, and the same at its next open", async () => {
  const { fs } = scratch("/first");
  fs.makeDirectory("/second");
  const ids: string[] = [];
  const observer = (event: LogEvent): void => void (event.kind === "open" && ids.push(event.logId));
  for (const path of ["/first", "/second", "/first", "/second"]) {
    const log = await openWal({ directory: new Directory(fs, path), ...small, observer });
    await log.close();
  }
  expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  expect(ids[0]).not.toBe(ids[1]);
});

test("an async observer that rejects is called no more, and nothing is left unhandled", async () => {
  const own = new Error("of the observer");
  let calls = 0;
  const observer = (): unknown => {
    calls += 1;
    return Promise.reject(own);
  };
  const { directory } = scratch("/rejecting");
  const log = await openWal({ directory, ...small, observer });
  await log.appendDurable(record("a"));
  await log.appendDurable(record("b"));
  expect([calls, log.stats().observerFailure]).toEqual([1, own]);
  await log.close();
});
