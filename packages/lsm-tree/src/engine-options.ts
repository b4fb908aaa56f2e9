import * as crypto from "node:crypto";
import type { Directory } from "@holdfast/fs-seam";
import type { RecoveryMode } from "@holdfast/wal";
import { readingCodecs, type BlockCodec, type BlockCodecs } from "./block-codec.js";
import type { EngineObserver } from "./engine-observation.js";
import { checkKeys, checkWhole } from "./option-check.js";

/** The values a user tunes: plain data. */
export interface EngineSettings {
  /** Creates a database where there is none. Default true. */
  readonly createIfMissing?: boolean;
  /** Refuses a database that is there. Default false. */
  readonly errorIfExists?: boolean;
  /** Opens beside whoever writes, without a lock and without changing anything. Default false. */
  readonly readOnly?: boolean;
  /**
   * What an open does about damage. `recover` cuts off what a crash leaves at the end of log and manifest, and refuses damage of either, and for writing tables that are
   * missing; `strict` refuses the rest of a crash, too, and tables that are missing for reading. `salvage` opens what is left, for reading as well: the records before damage of the log's
   * end, or the tables alone where the log is lost, and the tables that the edits before damage of the manifest's end name; what is lost is in `unreadable`, and no orphan is removed.
   * A manifest without a sound snapshot is refused always. Default `recover`.
   */
  readonly mode?: RecoveryMode;
  /** What becomes of tables that no edit names, as a crash leaves them. In `salvage` they stay. Default `remove`. */
  readonly orphans?: "remove" | "keep";
  /** Opens every table, so that a damaged one is met at once and not by the first read: it refuses that, and `salvage` tells of it. Default false. */
  readonly paranoidOpen?: boolean;
  /** Bytes of writes in memory after which they become a table; two such amounts wait at most. Default 8 MiB. */
  readonly writeBufferBytes?: number;
  /** Bytes of edits after which the manifest is written anew. Default 1 MiB. */
  readonly manifestBytes?: number;
  /** A block of a table is full with so many bytes before compression. Default 4096. */
  readonly blockBytes?: number;
  /** A compaction ends a table at this size and begins the next one. Bytes, default 8 MiB. */
  readonly tableBytes?: number;
  /** Blocks that were read stay in memory, up to so many bytes; 0 keeps none. Default 32 MiB. */
  readonly cacheBytes?: number;
  /** Files of tables that are open at once, beyond those that cursors stand in; a reader has all of its moment open. Default 512. */
  readonly maxOpenTables?: number;
  /** Bits of a table's filter for each key; 0 writes none. Default 10. */
  readonly filterBitsPerKey?: number;
}

/** The objects a database works with. */
export interface EngineComponents {
  /** Where the database lives; nothing else may. Its own name is its owner's: make it with `openDirectory` and `create`, or `makeDirectoriesDurably`. */
  readonly directory: Directory;
  /** How blocks are compressed, and read besides those of `codecs`; `null` stores them as they are. Default LZ4. */
  readonly codec?: BlockCodec | null;
  /** Codecs for reading, beside those of the format. */
  readonly codecs?: BlockCodecs;
  /** Fills all of `target` with random bytes: for the database's id, the key of its hashes, and nonces. Default: those of the system. */
  readonly random?: (target: Uint8Array) => void;
  /** Monotonic clock in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Wall clock in milliseconds since 1970, stated in tables. Default `Date.now`. */
  readonly clock?: () => number;
  /** One turn of the event loop, between slices of background work. Default `setImmediate`. */
  readonly turn?: () => Promise<void>;
  /** Calls `action` once after so many milliseconds, unless what it returns is called first. Default a timer, which keeps the process alive: a write waits for it. */
  readonly schedule?: (action: () => void, delayMs: number) => () => void;
  /** Hears of stalls, failures, open and close; so does whoever subscribes to the channel `lsmChannelName`. */
  readonly observer?: EngineObserver;
}

export interface EngineOptions extends EngineSettings, EngineComponents {}

/** {@link EngineOptions} with every default filled in. */
export type ResolvedEngineOptions = Required<Omit<EngineOptions, Undefaulted>> & {
  /** Undefined: LZ4. */
  readonly codec: BlockCodec | null | undefined;
  readonly codecs: BlockCodecs | undefined;
  readonly observer: EngineObserver | undefined;
};

type Undefaulted = "codec" | "codecs" | "observer";

const defaults = {
  createIfMissing: true,
  errorIfExists: false,
  readOnly: false,
  mode: "recover",
  orphans: "remove",
  paranoidOpen: false,
  writeBufferBytes: 8 * 1024 * 1024,
  manifestBytes: 1024 * 1024,
  blockBytes: 4096,
  tableBytes: 8 * 1024 * 1024,
  cacheBytes: 32 * 1024 * 1024,
  maxOpenTables: 512,
  filterBitsPerKey: 10,
  random: systemRandom,
  now: (): number => performance.now(),
  clock: (): number => Date.now(),
  turn: eventLoopTurn,
  schedule: timer,
} satisfies Omit<ResolvedEngineOptions, "directory" | Undefaulted>;

/** What {@link EngineOptions} may have. */
export const engineOptionKeys: readonly string[] = [
  ...Object.keys(defaults),
  "directory",
  "codec",
  "codecs",
  "observer",
];

const bounds = {
  writeBufferBytes: [1, 2 ** 29],
  manifestBytes: [1, 2 ** 30],
  blockBytes: [1, 2 ** 20],
  tableBytes: [1, 2 ** 30],
  cacheBytes: [0, 2 ** 40],
  maxOpenTables: [1, 2 ** 20],
} as const;

const choices = {
  mode: ["strict", "recover", "salvage"],
  orphans: ["remove", "keep"],
} as const;

/** @throws `TypeError` or `RangeError` that names the option. */
export function resolveEngineOptions(options: EngineOptions): ResolvedEngineOptions {
  if (typeof options !== "object" || options === null) throw new TypeError("options must be an object");
  checkKeys(options, engineOptionKeys, "openEngine");
  const { directory, codec, observer } = options;
  // The keys are those of the options; their values are checked below.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as EngineOptions;
  const resolved: ResolvedEngineOptions = { ...defaults, ...given, directory, codec, codecs: undefined, observer };
  if (typeof directory?.open !== "function") throw new TypeError("directory must be a Directory of @holdfast/fs-seam");
  for (const key of ["random", "now", "clock", "turn", "schedule"] as const) {
    if (typeof resolved[key] !== "function") throw new TypeError(`${key} must be a function`);
  }
  const codecs = readingCodecs(options);
  if (observer !== undefined && typeof observer !== "function") throw new TypeError("observer must be a function");
  for (const key of ["createIfMissing", "errorIfExists", "readOnly", "paranoidOpen"] as const) {
    if (typeof resolved[key] !== "boolean") throw new TypeError(`${key} must be a boolean`);
  }
  for (const key of ["mode", "orphans"] as const) {
    const allowed: readonly string[] = choices[key];
    if (!allowed.includes(resolved[key])) {
      throw new RangeError(`${key} must be one of ${allowed.join(", ")}, not ${String(resolved[key])}`);
    }
  }
  for (const key of Object.keys(bounds) as (keyof typeof bounds)[]) {
    const [min, max] = bounds[key];
    checkWhole(resolved[key], key, min, max);
  }
  const { filterBitsPerKey } = resolved;
  if (!(filterBitsPerKey >= 0 && filterBitsPerKey <= 100)) {
    throw new RangeError(`filterBitsPerKey must be from 0 to 100, not ${String(filterBitsPerKey)}`);
  }
  return { ...resolved, codecs };
}

function systemRandom(target: Uint8Array): void {
  crypto.getRandomValues(target);
}

/** One turn of the event loop. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Keeps the process alive: somebody waits for what it does. */
function timer(action: () => void, delayMs: number): () => void {
  const handle = setTimeout(action, delayMs);
  return () => clearTimeout(handle);
}
