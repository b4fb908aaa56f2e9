import * as crypto from "node:crypto";
import type { Directory } from "@holdfast/fs-seam";
import type { ContentHash, HashAlgorithm } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import type { ReaderOptions, WalOptions } from "@holdfast/wal";
import type { EventCodec, EventDefinition } from "./event-definition.js";
import type { ReceiptSigner } from "./receipt-signature.js";
import { MAX_FRAME_OFFSET } from "./event-columns.js";
import { checkOptions, need, refused } from "./option-checks.js";

/** What a store does with its log; see `WalOptions`. */
export type StoreLogOptions = Pick<
  WalOptions,
  | "mode"
  | "segmentBytes"
  | "maxSegmentAgeMs"
  | "bufferBytes"
  | "maxRecordBytes"
  | "preallocateBytes"
  | "prepareSegments"
  | "syncPolicy"
  | "mergeBytes"
  | "maxAsideFiles"
  | "now"
  | "turn"
  | "schedule"
>;

/** How a store is opened. */
export interface StoreOptions<Definition extends EventDefinition = EventDefinition> extends StoreLogOptions {
  /** Where the store lives; nothing else may. */
  readonly directory: Directory;
  /** The types of events that are appended, and read as what they are. */
  readonly events: readonly Definition[];
  /** Wall clock, in milliseconds since 1970; fractions count. Default `Date.now`. */
  readonly clock?: () => number;
  /** Fills all of `target` with random bytes. Default: those of the system. */
  readonly random?: (target: Uint8Array) => void;
  /** How events are hashed: fixed when the store is created, and another one is refused. Default BLAKE3. */
  readonly hash?: ContentHash;
  /** For definitions without a codec of their own. Default MessagePack. */
  readonly codec?: EventCodec;
  /** Signs the receipts that `sign` is asked for. */
  readonly signer?: ReceiptSigner;
  /** Streams whose last hash is kept in memory, 36 bytes each: a power of two. Default 16384. */
  readonly streamHeads?: number;
  /**
   * Events in sealed segments behind the last accelerator after which another one is written; more where it holds many. Default 65536; with
   * `Infinity` none is written.
   */
  readonly acceleratorEvents?: number;
  /** Events that were read and verified stay in memory, up to so many bytes. Default 16 MiB; below 64 KiB none does. */
  readonly cacheBytes?: number;
}

/** How a store is opened for reading only, beside whoever writes it. */
export interface StoreReaderOptions<Definition extends EventDefinition = EventDefinition> extends Pick<
  ReaderOptions,
  "maxRecordBytes" | "turn" | "pollIntervalMs" | "schedule"
> {
  /** The store's own. It is only read. */
  readonly directory: Directory;
  /** The types of events that are read as what they are. */
  readonly events: readonly Definition[];
  /** Hashes where the store has this algorithm; BLAKE3 and SHA-256 are there without it. */
  readonly hash?: ContentHash;
  /** As for {@link StoreOptions}. */
  readonly codec?: EventCodec;
  /** As for {@link StoreOptions}. */
  readonly cacheBytes?: number;
}

const logKeys: readonly (keyof StoreLogOptions)[] = [
  "mode",
  "segmentBytes",
  "maxSegmentAgeMs",
  "bufferBytes",
  "maxRecordBytes",
  "preallocateBytes",
  "prepareSegments",
  "syncPolicy",
  "mergeBytes",
  "maxAsideFiles",
  "now",
  "turn",
  "schedule",
];
const ownKeys = [
  "directory",
  "events",
  "clock",
  "random",
  "hash",
  "codec",
  "signer",
  "streamHeads",
  "acceleratorEvents",
  "cacheBytes",
];
const readerKeys = [
  "directory",
  "events",
  "hash",
  "codec",
  "cacheBytes",
  "maxRecordBytes",
  "turn",
  "pollIntervalMs",
  "schedule",
];

const algorithms: readonly HashAlgorithm[] = ["blake3-256", "sha256"];

/** Content of the segments of a store. */
export const STORE_CONTENT = 2;

/** What a log takes unless it is told otherwise. */
export const DEFAULT_RECORD_BYTES: number = 16 * 1024 * 1024;

/** Bytes of a segment unless it is told otherwise: few enough that a footer of the smallest events fits below {@link DEFAULT_RECORD_BYTES}. */
const DEFAULT_SEGMENT_BYTES = 32 * 1024 * 1024;

/** What stays in memory of events that were read, unless a store is told otherwise. */
export const DEFAULT_CACHE_BYTES: number = 16 * 1024 * 1024;
const MAX_CACHE_BYTES: number = 2 ** 36;

/** {@link StoreOptions} with every default filled in, and what goes to the log on its own. */
export interface ResolvedStoreOptions<Definition extends EventDefinition> {
  readonly directory: Directory;
  readonly events: readonly Definition[];
  readonly clock: () => number;
  readonly random: (target: Uint8Array) => void;
  readonly hash: ContentHash;
  readonly codec: EventCodec | undefined;
  readonly signer: ReceiptSigner | undefined;
  readonly streamHeads: number;
  readonly acceleratorEvents: number;
  readonly cacheBytes: number;
  readonly log: StoreLogOptions;
}

/** @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option; the log refuses its own. */
export function resolveStoreOptions<Definition extends EventDefinition>(
  options: StoreOptions<Definition>,
): ResolvedStoreOptions<Definition> {
  checkOptions(options, [...ownKeys, ...logKeys], "a store");
  const { directory, events, clock = wallClock, random = systemRandom, hash = blake3, codec } = options;
  const { streamHeads = 16_384, acceleratorEvents = 65_536, cacheBytes = DEFAULT_CACHE_BYTES, signer } = options;
  checkShared(options);
  need(typeof clock === "function", "clock", "must be a function");
  need(typeof random === "function", "random", "must be a function");
  const { segmentBytes } = options;
  if (segmentBytes !== undefined && segmentBytes > MAX_FRAME_OFFSET) {
    throw refused("segmentBytes", `must be at most ${MAX_FRAME_OFFSET}, which is as far as the index can point`);
  }
  need(signer === undefined || typeof signer?.sign === "function", "signer", "must have a method sign");
  const isPower = Number.isInteger(streamHeads) && (streamHeads & (streamHeads - 1)) === 0;
  need(
    isPower && streamHeads >= 1 && streamHeads <= 2 ** 24,
    "streamHeads",
    `must be a power of two up to 2^24, not ${String(streamHeads)}`,
  );
  need(acceleratorEvents >= 1, "acceleratorEvents", `must be at least 1, not ${String(acceleratorEvents)}`);
  const given = Object.fromEntries(
    logKeys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  );
  const log = { segmentBytes: DEFAULT_SEGMENT_BYTES, ...given };
  return { directory, events, clock, random, hash, codec, signer, streamHeads, acceleratorEvents, cacheBytes, log };
}

/** @throws {@link StoreError} `STORE_INVALID_OPTION`. */
export function checkReaderOptions(options: StoreReaderOptions): void {
  checkOptions(options, readerKeys, "a reader of a store");
  const { pollIntervalMs = 0 } = options;
  need(pollIntervalMs <= MAX_DELAY_MS, "pollIntervalMs", `must be at most ${MAX_DELAY_MS}`);
  checkShared(options);
}

function checkShared(options: Pick<StoreReaderOptions, "hash" | "cacheBytes">): void {
  const { hash, cacheBytes = DEFAULT_CACHE_BYTES } = options;
  need(
    Number.isSafeInteger(cacheBytes) && cacheBytes >= 0 && cacheBytes <= MAX_CACHE_BYTES,
    "cacheBytes",
    `must be a whole number from 0 to ${MAX_CACHE_BYTES}, not ${String(cacheBytes)}`,
  );
  if (hash !== undefined && (typeof hash?.hash !== "function" || !algorithms.includes(hash.algorithm))) {
    throw refused("hash", `must have a method hash, and be of ${algorithms.join(" or ")}`);
  }
}

/** The default of the option `now`. */
export function monotonicNow(): number {
  return performance.now();
}

/** The default of the option `turn`. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The longest delay of a timer, in milliseconds; one that is to wait longer goes off at once. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/** The default of the option `schedule` of a reader: keeps the process alive, because whoever follows waits for it. */
export function timer(action: () => void, delayMs: number): () => void {
  const pending = setTimeout(action, delayMs);
  return () => clearTimeout(pending);
}

function wallClock(): number {
  return Date.now();
}

function systemRandom(target: Uint8Array): void {
  crypto.getRandomValues(target);
}
