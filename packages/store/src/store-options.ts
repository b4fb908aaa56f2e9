import * as crypto from "node:crypto";
import type { Directory } from "@holdfast/fs-seam";
import type { ContentHash, HashAlgorithm } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import type { ReaderOptions, WalOptions } from "@holdfast/wal";
import type { EventCodec, EventDefinition } from "./event-definition.js";
import type { ReceiptSigner } from "./receipt-signature.js";
import { MAX_FRAME_OFFSET } from "./event-columns.js";
import { StoreError } from "./store-error.js";

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
  readonly directory: Directory;
  /** The types of events that are read as what they are. */
  readonly events: readonly Definition[];
  /** Hashes where the store has this algorithm; BLAKE3 and SHA-256 are there without it. */
  readonly hash?: ContentHash;
  /** As for {@link StoreOptions}. */
  readonly codec?: EventCodec;
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
  if (typeof clock !== "function") throw refused("clock", "must be a function");
  if (typeof random !== "function") throw refused("random", "must be a function");
  const { segmentBytes } = options;
  if (segmentBytes !== undefined && segmentBytes > MAX_FRAME_OFFSET) {
    throw refused("segmentBytes", `must be at most ${MAX_FRAME_OFFSET}, which is as far as the index can point`);
  }
  if (signer !== undefined && typeof signer?.sign !== "function") throw refused("signer", "must have a method sign");
  const isPower = Number.isInteger(streamHeads) && (streamHeads & (streamHeads - 1)) === 0;
  if (!(isPower && streamHeads >= 1 && streamHeads <= 2 ** 24)) {
    throw refused("streamHeads", `must be a power of two up to 2^24, not ${String(streamHeads)}`);
  }
  if (!(acceleratorEvents >= 1)) {
    throw refused("acceleratorEvents", `must be at least 1, not ${String(acceleratorEvents)}`);
  }
  const given = Object.fromEntries(
    logKeys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  );
  const log = { segmentBytes: DEFAULT_SEGMENT_BYTES, ...given };
  return { directory, events, clock, random, hash, codec, signer, streamHeads, acceleratorEvents, cacheBytes, log };
}

/** @throws {@link StoreError} `STORE_INVALID_OPTION`. */
export function checkReaderOptions(options: StoreReaderOptions): void {
  checkOptions(options, readerKeys, "a reader of a store");
  checkShared(options);
}

/** Throws `STORE_INVALID_OPTION` unless `options` is an object with known keys only. */
export function checkOptions(options: object, known: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null) {
    throw new StoreError("STORE_INVALID_OPTION", `${what} takes an object with options`);
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw refused(unknown, `is no option of ${what}`);
}

/** An error for an option that is refused. */
export function refused(field: string, why: string): StoreError {
  return new StoreError("STORE_INVALID_OPTION", `option ${field} ${why}`, { field });
}

function checkShared(options: Pick<StoreReaderOptions, "events" | "hash" | "codec" | "cacheBytes">): void {
  const { events, hash, codec, cacheBytes = DEFAULT_CACHE_BYTES } = options;
  if (!(Number.isSafeInteger(cacheBytes) && cacheBytes >= 0 && cacheBytes <= MAX_CACHE_BYTES)) {
    throw refused("cacheBytes", `must be a whole number from 0 to ${MAX_CACHE_BYTES}, not ${String(cacheBytes)}`);
  }
  if (!Array.isArray(events)) throw refused("events", "must be an array of definitions");
  if (hash !== undefined && (typeof hash?.hash !== "function" || !algorithms.includes(hash.algorithm))) {
    throw refused("hash", `must have a method hash, and be of ${algorithms.join(" or ")}`);
  }
  if (codec !== undefined && (typeof codec?.encode !== "function" || typeof codec.decode !== "function")) {
    throw refused("codec", "must have encode and decode");
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
