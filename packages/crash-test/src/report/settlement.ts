import {
  isEffect,
  pendingAt,
  type Effect,
  type LogRecord,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";

/** Part of a run: records `first` to `end`, exclusive. */
export interface RecordWindow {
  readonly first: number;
  readonly end: number;
}

/**
 * From which record number on each effect of a window is durable under a personality. An effect that is not in the map
 * is still pending at the end of the window, or will never be durable. Cost: one replay of the log for each barrier and
 * write-back in the window, because only these settle anything.
 */
export function durableFrom(trace: Trace, personality: Personality, window: RecordWindow): Map<number, number> {
  const settled = new Map<number, number>();
  const gone = goneIn(trace);
  let open: Effect[] = [];
  for (const record of trace.records.slice(window.first, window.end)) {
    if (isEffect(record)) {
      if (gone.has(record.seq)) continue;
      // A length that is stated again changes nothing; where it means nothing either, it is never pending.
      if (isRestated(record)) settled.set(record.seq, record.seq + 1);
      else open.push(record);
    } else if (settles(record)) {
      const at = record.seq + 1;
      const pending = new Set(pendingAt(trace, personality, at).map(({ seq }) => seq));
      for (const { seq } of open) if (!pending.has(seq)) settled.set(seq, at);
      open = open.filter(({ seq }) => pending.has(seq));
    }
  }
  return settled;
}

/** Whether an effect only says again how long a file is. */
export function isRestated(effect: Effect): boolean {
  return effect.kind === "size" && (effect.cause === "close-after-cut" || effect.cause === "rename-over");
}

function settles({ kind }: LogRecord): boolean {
  return kind === "barrier" || kind === "writeback";
}

/** Effects that never reach the disk where they belong, by record number. */
export function goneIn(trace: Trace): Map<number, "barrier" | "disk"> {
  const gone = new Map<number, "barrier" | "disk">();
  for (const record of trace.records) {
    if (record.kind === "data" && (record.lost || record.strayTo !== undefined)) gone.set(record.seq, "disk");
    const lost = record.kind === "barrier" && record.outcome === "failed" ? record.lost : [];
    for (const seq of lost) gone.set(seq, "barrier");
  }
  return gone;
}
