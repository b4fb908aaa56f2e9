import type { Directory } from "@holdfast/fs-seam";
import { MAX_PAYLOAD_BYTES, hashAlgorithms, type HashAlgorithm } from "@holdfast/segment-codec";
import type { LogObserver } from "./observation.js";
import type { FooterWriter } from "./segment-footers.js";
import { WalError } from "./wal-error.js";

/** What an open does about damage. */
export type RecoveryMode =
  /**
   * Refuses damage, and bytes at the end that are no records. Accepts, and writes once more as `recover` does, records that were not
   * proven durable: a process that was killed leaves them, and nothing about them is in doubt but the power. Changes nothing when
   * it refuses.
   */
  | "strict"
  /** Accepts what a crash may leave, and refuses when something that was durable is damaged or missing. */
  | "recover"
  /** Goes on behind the last record that can be read, whatever is lost; what is cut off is kept aside. */
  | "salvage";

/** When a log syncs by itself, rung `data`; `sync` and durable appends work beside it. */
export type SyncPolicy =
  /** Never. */
  | { readonly kind: "manual" }
  /** After so many appends: 1 for each. The append does not wait for it. */
  | { readonly kind: "every"; readonly appends: number }
  /** At most so long after an append, in milliseconds. */
  | { readonly kind: "interval"; readonly intervalMs: number };

/** The components that a log works with: objects, not settings. */
export interface WalOptions extends WalSettings {
  /** Where the log lives. It owns `LOCK`, `*.seg`, `*.ckpt` and `aside` in there. */
  readonly directory: Directory;
  /** Monotonic clock in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** One turn of the event loop, between steps of background work. Default `setImmediate`. */
  readonly turn?: () => Promise<void>;
  /**
   * Calls `action` once after so many milliseconds, unless what it returns is called first. Default a timer that keeps the process alive: what
   * the `interval` policy has promised to sync is synced although nothing else is left to do.
   */
  readonly schedule?: (action: () => void, delayMs: number) => () => void;
  /** Hears of what the log does, for metrics. Default: nobody. */
  readonly observer?: LogObserver;
  /**
   * Asked before a segment is pruned, the oldest first, and perhaps twice; anything but true ends the prune before it. What it throws ends it
   * as well, and is what `prune` throws. Default: every one may go.
   */
  readonly mayPrune?: (segment: PrunableSegment) => boolean;
  /** `SegmentFooters` of `@holdfast/wal/places`: what the owner puts at the end of a segment that takes no more records. Default none. */
  readonly footers?: FooterWriter;
}

/** A segment that is about to be removed. */
export interface PrunableSegment {
  /** Name in the log's directory. */
  readonly file: string;
  /** Number of the segment in its log. */
  readonly segmentId: number;
  /** LSN of its first record. */
  readonly firstLsn: number;
  /** LSN of its last record. */
  readonly lastLsn: number;
}

/** The numbers a user tunes. */
export interface WalSettings {
  /** Default `recover`. */
  readonly mode?: RecoveryMode;
  /** Bytes of a segment after which the next one begins; a larger record gets a segment of its own. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Milliseconds after which the next segment begins, looked at by every append. Default: no bound. */
  readonly maxSegmentAgeMs?: number;
  /** Bytes appended that wait in memory at most, besides one larger record. Default 64 KiB. */
  readonly bufferBytes?: number;
  /** Longest record, when it is appended and when it is read back. Bytes, default 16 MiB, at most 256 MiB. */
  readonly maxRecordBytes?: number;
  /**
   * Zero-filled bytes ahead of the end of the file at most, 0 for none: a barrier over space that exists need not change the
   * file's metadata. Grows with the segment from 64 KiB on. The event loop waits while they are written. Default 1 MiB.
   */
  readonly preallocateBytes?: number;
  /** Makes the next segment's file ready in the background once one is half full. Default true. */
  readonly prepareSegments?: boolean;
  /** When the log syncs by itself. Default `manual`. */
  readonly syncPolicy?: SyncPolicy;
  /** What earlier runs left in two or more small segments is gathered into one by an open, up to so many bytes. Default 64 KiB. */
  readonly mergeBytes?: number;
  /** What the frames are, stored in every segment header: 1 to 255. Default 1. */
  readonly content?: number;
  /**
   * The hash that the owner's records carry, stored in every segment header; the log computes none. Fixed when the log is created,
   * `none` by default; another one than an existing log has is refused.
   */
  readonly hash?: HashAlgorithm;
  /** Longest payload of a checkpoint, written or read. Bytes, default and limit 256 MiB. */
  readonly maxCheckpointBytes?: number;
  /** Generations of checkpoints that are kept, 1 at least. Default 2, so that one that is damaged can be done without. */
  readonly keepCheckpoints?: number;
  /** Files with bytes that recovery cut off are kept, so many at most. Default 8. */
  readonly maxAsideFiles?: number;
  /**
   * LSN of the first record of a log that is created; one that is there goes on as it is. Default 1. For an owner who has the state of all records before it, and not the
   * log any more.
   */
  readonly firstLsn?: number;
}

/** {@link WalOptions} with every default filled in. */
export type ResolvedWalOptions = Required<Omit<WalOptions, "observer" | "hash" | "footers">> & {
  readonly observer: LogObserver | undefined;
  /** Undefined: that of the log, whatever it is. */
  readonly hash: HashAlgorithm | undefined;
  readonly footers: FooterWriter | undefined;
};

const defaults = {
  now: (): number => performance.now(),
  turn: (): Promise<void> => new Promise((resolve) => setImmediate(resolve)),
  schedule: timer,
  mayPrune: (): boolean => true,
  prepareSegments: true,
  syncPolicy: { kind: "manual" },
  mode: "recover",
  segmentBytes: 64 * 1024 * 1024,
  maxSegmentAgeMs: Number.POSITIVE_INFINITY,
  bufferBytes: 64 * 1024,
  maxRecordBytes: 16 * 1024 * 1024,
  preallocateBytes: 1024 * 1024,
  mergeBytes: 64 * 1024,
  content: 1,
  maxCheckpointBytes: MAX_PAYLOAD_BYTES,
  keepCheckpoints: 2,
  maxAsideFiles: 8,
  firstLsn: 1,
} satisfies Omit<ResolvedWalOptions, Undefaulted>;

/** Required, or without a default of its own. */
type Undefaulted = "directory" | "observer" | "hash" | "footers";
type Given = Partial<ResolvedWalOptions> & Pick<ResolvedWalOptions, Undefaulted>;

const keys: readonly string[] = [...Object.keys(defaults), "directory", "observer", "hash", "footers"];

const modes: readonly RecoveryMode[] = ["strict", "recover", "salvage"];

/** Checks options and fills in defaults. Throws {@link WalError} `WAL_INVALID_OPTION` naming the option. */
export function resolveWalOptions(options: WalOptions): ResolvedWalOptions {
  checkKeys(options, keys);
  // The keys are those of the options; their values are checked below.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given;
  const resolved: ResolvedWalOptions = { ...defaults, ...given };
  if (typeof resolved.directory?.open !== "function") refuse("directory", "must be a Directory");
  for (const key of ["now", "turn", "schedule", "mayPrune", "observer"] as const) {
    if (key in resolved && typeof resolved[key] !== "function") refuse(key, "must be a function");
  }
  if (typeof resolved.prepareSegments !== "boolean") refuse("prepareSegments", "must be a boolean");
  const { footers, hash } = resolved;
  if (footers !== undefined && typeof footers.write !== "function") refuse("footers", "must be SegmentFooters");
  if (hash !== undefined) checkChoice("hash", hash, Object.keys(hashAlgorithms));
  checkPolicy(resolved.syncPolicy);
  checkChoice("mode", resolved.mode, modes);
  whole(resolved, "segmentBytes", 128, 2 ** 40);
  whole(resolved, "bufferBytes", 64, 2 ** 30);
  whole(resolved, "maxRecordBytes", 0, MAX_PAYLOAD_BYTES);
  whole(resolved, "preallocateBytes", 0, 2 ** 40);
  whole(resolved, "mergeBytes", 0, 2 ** 30);
  whole(resolved, "content", 1, 255);
  whole(resolved, "maxCheckpointBytes", 0, MAX_PAYLOAD_BYTES);
  whole(resolved, "keepCheckpoints", 1, 1_000_000);
  whole(resolved, "maxAsideFiles", 0, 1_000_000);
  whole(resolved, "firstLsn", 1, 2 ** 52);
  if (!(resolved.maxSegmentAgeMs > 0)) refuse("maxSegmentAgeMs", "must be above 0");
  return resolved;
}

const policyKeys = { manual: [], every: ["appends"], interval: ["intervalMs"] } satisfies Record<
  SyncPolicy["kind"],
  string[]
>;

function checkPolicy(policy: SyncPolicy): void {
  checkChoice("syncPolicy", policy?.kind, Object.keys(policyKeys));
  checkKeys(policy, ["kind", ...policyKeys[policy.kind]]);
  if (policy.kind === "every") {
    const fault = wholeFault(policy.appends, 1, Number.MAX_SAFE_INTEGER);
    if (fault !== undefined) refuse("syncPolicy", `appends ${fault}`);
  }
  if (policy.kind === "interval") checkDelay("syncPolicy", policy.intervalMs);
}

type WholeSetting =
  | "segmentBytes"
  | "bufferBytes"
  | "maxRecordBytes"
  | "preallocateBytes"
  | "mergeBytes"
  | "content"
  | "maxCheckpointBytes"
  | "keepCheckpoints"
  | "maxAsideFiles"
  | "firstLsn";

function whole(options: ResolvedWalOptions, key: WholeSetting, min: number, max: number): void {
  const fault = wholeFault(options[key], min, max);
  if (fault !== undefined) refuse(key, fault);
}

function checkDelay(option: string, ms: number): void {
  if (!Number.isFinite(ms) || ms < 0) refuse(option, "must be of milliseconds from 0 on");
}

function wholeFault(value: number, min: number, max: number): string | undefined {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return undefined;
  return `must be a whole number from ${min} to ${max}, not ${String(value)}`;
}

/** Throws `WAL_INVALID_OPTION` unless it is an object without a key of another name. */
export function checkKeys(options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new WalError("WAL_INVALID_OPTION", "options must be an object");
  }
  for (const key of Object.keys(options)) if (!known.includes(key)) refuse(key, "is unknown");
}

/** Throws `WAL_INVALID_OPTION` unless it is one of these. */
export function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) refuse(option, `must be one of ${choices.join(", ")}, not ${String(value)}`);
}

export function refuse(option: string, why: string): never {
  throw new WalError("WAL_INVALID_OPTION", `option ${option} ${why}`, { option });
}

/** How a log is opened for reading only. */
export interface ReaderOptions {
  /** The log's own. It is only read. */
  readonly directory: Directory;
  /** As for {@link WalSettings}. Default 16 MiB. */
  readonly maxRecordBytes?: number;
  /** `salvage` shows what is before damage of the log's end, which `report.damage` then says; `recover`, the default, and `strict` refuse it. */
  readonly mode?: RecoveryMode;
  /** Milliseconds between two looks of `follow`. Default 20. */
  readonly pollIntervalMs?: number;
  /** One turn of the event loop, between two slices. Default `setImmediate`. */
  readonly turn?: () => Promise<void>;
  /** As for {@link WalOptions}. Default a timer that keeps the process alive: whoever follows waits for it. */
  readonly schedule?: (action: () => void, delayMs: number) => () => void;
}

/** {@link ReaderOptions} with every default filled in. */
export type ResolvedReaderOptions = Required<ReaderOptions>;

const readerKeys: readonly string[] = ["directory", "maxRecordBytes", "mode", "pollIntervalMs", "turn", "schedule"];

/** Checks options and fills in defaults. Throws {@link WalError} `WAL_INVALID_OPTION` naming the option. */
export function resolveReaderOptions(options: ReaderOptions): ResolvedReaderOptions {
  checkKeys(options, readerKeys);
  const { pollIntervalMs = 20, ...shared } = options;
  const { directory, maxRecordBytes, mode, turn, schedule } = resolveWalOptions(shared);
  checkDelay("pollIntervalMs", pollIntervalMs);
  return { directory, maxRecordBytes, mode, turn, schedule, pollIntervalMs };
}

function timer(action: () => void, delayMs: number): () => void {
  const timeout = setTimeout(action, delayMs);
  return () => clearTimeout(timeout);
}

/** Throws `WAL_LSN_OUT_OF_RANGE` unless both are LSNs. `to` may lie before `from`: nothing is read then. */
export function checkRange(from: number, to: number): void {
  checkLsn("from", from, 1);
  checkLsn("to", to, 0);
}

/** Throws `WAL_LSN_OUT_OF_RANGE`, with the name of what it is, unless it is a whole number from `min` on. */
export function checkLsn(name: string, lsn: number, min: number, max: number = Number.MAX_SAFE_INTEGER): void {
  const fault = wholeFault(lsn, min, max);
  if (fault !== undefined) throw new WalError("WAL_LSN_OUT_OF_RANGE", `${name} ${fault}`, { lsn, expected: max });
}
