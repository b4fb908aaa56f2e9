import {
  isEffect,
  isName,
  type Call,
  type Effect,
  type LogRecord,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { siteOf } from "../call-site.js";
import { InodePaths } from "./inode-paths.js";
import type { JsonBarrier, JsonCall, JsonEffect, JsonRecord, JsonRun } from "./report-format.js";
import { durableFrom, goneIn, type RecordWindow } from "./settlement.js";

const pageBytes = 4096;
/** Characters of a label that are kept. */
const longestLabel = 1000;

/** The part of a run to show when it has more than `maxRecords` records: three quarters before `around`. */
export function windowOf(recordCount: number, maxRecords: number, around: number): RecordWindow {
  const latest = Math.max(0, recordCount - maxRecords);
  const first = Math.min(latest, Math.max(0, around - Math.floor((maxRecords * 3) / 4)));
  return { first, end: Math.min(recordCount, first + maxRecords) };
}

/** A run as plain data. */
export function runRecord(
  trace: Trace,
  depth: number,
  personalities: readonly Personality[],
  window: RecordWindow,
): JsonRun {
  const shown = trace.records.slice(window.first, window.end);
  const durable = personalities.map((personality) => durableFrom(trace, personality, window));
  const gone = goneIn(trace);
  const calls = new CallTable();
  const effectOf = (effect: Effect): JsonEffect => {
    const why = gone.get(effect.seq);
    const head = {
      record: effect.seq,
      ...calls.indexOf(effect.call),
      durableAt: durable.map((from) => from.get(effect.seq) ?? null),
      ...(why === undefined ? {} : { gone: why }),
    };
    if (isName(effect)) {
      const { kind, directory, name, ino: inode, group } = effect;
      return { kind, ...head, directory, name, inode, group };
    }
    if (effect.kind === "size") return { kind: "size", ...head, inode: effect.ino, from: effect.from, to: effect.to };
    const page = effect.page * pageBytes;
    return { kind: "data", ...head, inode: effect.ino, start: page + effect.start, end: page + effect.end };
  };
  return {
    depth,
    recordCount: trace.records.length,
    records: shown.map((record) => (isEffect(record) ? effectOf(record) : plainRecord(record, calls))),
    calls: calls.list,
    inodes: new InodePaths(trace.records).listOf(shown),
    crashPoints: crashPointsIn(trace, window),
  };
}

function plainRecord(record: Exclude<LogRecord, Effect>, calls: CallTable): JsonRecord {
  switch (record.kind) {
    case "barrier": {
      const { scope, rung, covers, outcome } = record;
      const inode = scope === "all" ? 0 : record.ino;
      const head = { record: record.seq, ...calls.indexOf(record.call) };
      return { kind: "barrier", ...head, scope, inode, rung, covers, outcome } satisfies JsonBarrier;
    }
    case "mark":
      return { kind: "mark", record: record.seq, label: record.label.slice(0, longestLabel) };
    case "writeback":
    case "media":
      return { kind: record.kind, record: record.seq };
  }
}

/** The same moments that `crashImages` visits: before every record that is no effect, and at the end. */
function crashPointsIn({ records }: Trace, { first, end }: RecordWindow): number[] {
  const points: number[] = [];
  for (let at = first; at <= end; at += 1) {
    const next = records[at];
    if (next === undefined || !isEffect(next)) points.push(at);
  }
  return points;
}

/** Calls by number, each listed once however many effects it had. */
class CallTable {
  readonly list: JsonCall[] = [];
  readonly #index = new Map<Call, number>();

  indexOf(call: Call | undefined): { readonly call?: number } {
    if (call === undefined) return {};
    const known = this.#index.get(call);
    if (known !== undefined) return { call: known };
    const site = siteOf(call);
    const { operation, path, destination } = call;
    const index = this.list.length;
    this.list.push({
      operation,
      path,
      ...(destination === undefined ? {} : { destination }),
      ...(site === "" ? {} : { site }),
    });
    this.#index.set(call, index);
    return { call: index };
  }
}
