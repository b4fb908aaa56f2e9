import type { Directory } from "@holdfast/fs-seam";
import { WalError } from "@holdfast/wal";
import { openRecordWalk, type LogSegment, type RecordWalk } from "@holdfast/wal/places";
import { ChainCheck, type ChainFault } from "./event-chain.js";
import type { EventHasher } from "./event-hash.js";
import type { EventIndex } from "./event-index.js";
import { EventRecord } from "./event-record.js";
import { checkOptions, checkWatching, need } from "./option-checks.js";
import { StoreError } from "./store-error.js";

/** How deep a verification goes, what ends it, and what hears of it. */
export interface VerifyOptions {
  /** Computes every hash and follows every link. Otherwise only frames, envelopes and the index are looked at. Default true. */
  readonly deep?: boolean;
  /** Ends it with `STORE_ABORTED`. */
  readonly signal?: AbortSignal;
  /** Hears some hundred times how far it has come. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** How far a verification is. */
export interface VerifyProgress {
  /** Events that were looked at. */
  readonly events: number;
  /** Events there are to look at. */
  readonly totalEvents: number;
}

/** What is wrong, at the first event where something is. */
export type VerifyFault =
  | ChainFault
  /** Its frame or its envelope is damaged. */
  | { readonly kind: "unreadable"; readonly sequence: number; readonly error: unknown }
  /** The index in memory says something else than the frame. */
  | { readonly kind: "index"; readonly sequence: number; readonly field: string };

/** What a verification found: nothing wrong, or the first thing that is. */
export type VerifyReport =
  | {
      readonly kind: "intact";
      readonly isDeep: boolean;
      readonly events: number;
      /** So many of them have lost their payload to retention. */
      readonly droppedPayloads: number;
      /** Hash of the last event, which seals all: keep it elsewhere. Undefined without events, and unless deep. */
      readonly lastHash: Uint8Array | undefined;
    }
  | { readonly kind: "damaged"; readonly isDeep: boolean; readonly events: number; readonly fault: VerifyFault };

/** What is verified, and by what. */
export interface VerifiedParts {
  readonly directory: Directory;
  readonly segments: readonly LogSegment[];
  readonly maxRecordBytes: number;
  readonly index: EventIndex;
  readonly hasher: EventHasher;
  /** The last event that is looked at. */
  readonly last: number;
  readonly turn: () => Promise<void>;
}

/** Events between two turns of the event loop. */
const EVENTS_PER_TURN = 256;

/** Reads every event from the log, in order, and says what is wrong with the first that is not as it was written. */
export async function verifyEvents(parts: VerifiedParts, options: VerifyOptions): Promise<VerifyReport> {
  checkOptions(options, ["deep", "signal", "onProgress"], "a verification");
  const { deep: isDeep = true, signal, onProgress } = options;
  need(typeof isDeep === "boolean", "deep", "must be a boolean");
  checkWatching(options);
  const { directory, segments, maxRecordBytes, last, turn } = parts;
  if (last === 0) return { kind: "intact", isDeep, events: 0, droppedPayloads: 0, lastHash: undefined };
  const walk = openRecordWalk({ directory, segments, maxRecordBytes, from: 1, to: last });
  const chain = isDeep ? new ChainCheck(parts.hasher) : undefined;
  const record = new EventRecord();
  const { index } = parts;
  const checks = { record, chain, index, replacements: index.segments.replacements };
  let droppedPayloads = 0;
  const step = Math.max(EVENTS_PER_TURN, Math.floor(last / 256));
  try {
    for (let sequence = 1; sequence <= last; sequence += 1) {
      const fault = nextFault(walk, sequence, checks);
      if (fault !== undefined) return { kind: "damaged", isDeep, events: sequence - 1, fault };
      if (record.isDropped) droppedPayloads += 1;
      if (sequence % EVENTS_PER_TURN === 0) await turn();
      refuseAborted(signal);
      if (sequence % step === 0 || sequence === last) onProgress?.({ events: sequence, totalEvents: last });
    }
  } finally {
    walk.close();
  }
  return { kind: "intact", isDeep, events: last, droppedPayloads, lastHash: chain?.last?.hash };
}

/** @throws {@link StoreError} `STORE_ABORTED`, with the reason as its cause. */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new StoreError("STORE_ABORTED", "the signal was aborted", {}, { cause: signal.reason });
}

interface Checks {
  readonly record: EventRecord;
  readonly chain: ChainCheck | undefined;
  readonly index: EventIndex;
  /** `replacements` of the index when the walk began: places that have changed since are those of other files. */
  readonly replacements: number;
}

function nextFault(walk: RecordWalk, sequence: number, checks: Checks): VerifyFault | undefined {
  const { record, chain } = checks;
  try {
    if (!walk.next()) return { kind: "sequence", sequence, expected: sequence };
    record.read(walk.bytes, walk.start, walk.end);
  } catch (error) {
    if (!(error instanceof WalError) && !(error instanceof StoreError)) throw error;
    return { kind: "unreadable", sequence, error };
  }
  const fault = chain?.next(record, walk.lsn);
  if (fault !== undefined) return fault;
  const field = indexFault(walk, checks);
  return field === undefined ? undefined : { kind: "index", sequence, field };
}

/** The first field by which the index differs from an event. */
function indexFault(walk: RecordWalk, { record, index, replacements }: Checks): string | undefined {
  const ordinal = walk.lsn - 1;
  const stream = index.findStream(record.viewEntity(), record.lane);
  if (index.columns.streamOf(ordinal) !== stream) return "stream";
  if (index.sequenceIn(stream, record.revision) !== walk.lsn) return "revision";
  if (index.columns.kindOf(ordinal) !== record.kind) return "kind";
  if (index.columns.timeOf(ordinal) !== record.timeUs) return "time";
  if (index.columns.scopeOf(ordinal) !== index.scopes.find(record.viewScope())) return "scope";
  if (index.segments.replacements === replacements) {
    if (index.columns.frameOffsetOf(ordinal) !== walk.offset) return "offset";
    if (index.segments.of(walk.lsn) !== walk.segmentId) return "segment";
  }
  return index.findId(record.viewId(), (sequence) => sequence === walk.lsn) === walk.lsn ? undefined : "id";
}
