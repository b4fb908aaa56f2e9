import type { StoreFs } from "@holdfast/fs-seam";
import { AttributeTable } from "./attribute-table.js";
import { callbackFunctions } from "./callback-functions.js";
import { asRefusal, NodeFsError, unsupported } from "./node-fs-error.js";
import { PathMap } from "./path-map.js";
import { promiseFunctions, refusedPromise } from "./promise-functions.js";
import { constants, Dirent, realFs, realPromises, Stats, type NodeFs } from "./real-node.js";
import { streamFunctions } from "./streams.js";
import { SyncFunctions } from "./sync-functions.js";
import { Turns } from "./turns.js";
import { VirtualDirectory } from "./virtual-directory.js";
import { Volume } from "./volume.js";

/** How a simulated file system appears to a program that calls `node:fs`. */
export interface NodeFsOptions {
  /**
   * Where the store appears among the paths of the program: the absolute path of its root, or several paths, each with the
   * directory of the store that it shows. Default `/`. Paths elsewhere do not exist.
   */
  readonly root?: string | Readonly<Record<string, string>>;
  /** Permission bits that new files and directories do not get. Default that of the process. */
  readonly umask?: number;
  /** Owner of new files and directories. Default the user of the process. */
  readonly uid?: number;
  /** Group of new files and directories. Default the group of the process. */
  readonly gid?: number;
  /** Milliseconds since 1970, for the times that `stat` tells. Default `Date.now`. */
  readonly now?: () => number;
}

const optionKeys = ["root", "umask", "uid", "gid", "now"];

type AnyCall = (...values: unknown[]) => unknown;

/** @internal A facade and what a patch has to know of it. */
export interface Facade {
  readonly fs: Readonly<Record<string, unknown>>;
  readonly promises: Readonly<Record<string, unknown>>;
  readonly paths: PathMap;
}

/**
 * The `fs` module of Node on a file system of the seam: blocking, callback and promise functions, file handles and
 * streams. `fsync` of a directory is the seam's names barrier.
 *
 * Calls take effect in the order of the program and complete in a later turn of the event loop. Modes, owners and times
 * are kept by the facade and are not part of any crash. What it does not have throws `NODE_FS_UNSUPPORTED`.
 *
 * @throws {@link NodeFsError} `NODE_FS_INVALID_OPTION`
 */
export function createNodeFs(fs: StoreFs, options: NodeFsOptions = {}): NodeFs {
  return makeFacade(fs, options, "/").fs as unknown as NodeFs; // a test holds it against the names of the real one
}

/** @internal */
export function makeFacade(fs: StoreFs, options: NodeFsOptions, defaultRoot: string): Facade {
  checkOptions(fs, options);
  const paths = new PathMap(options.root ?? defaultRoot);
  const attributes = new AttributeTable({
    umask: options.umask ?? process.umask(),
    uid: options.uid ?? process.getuid?.() ?? 0,
    gid: options.gid ?? process.getgid?.() ?? 0,
    now: options.now ?? Date.now,
  });
  const volume = new Volume(fs, paths, attributes);
  const sync = new SyncFunctions(volume);
  const turns = new Turns("callSites" in fs && fs.callSites === true);
  const functions: Record<string, unknown> = { constants, Stats, Dirent, Dir: VirtualDirectory };
  for (const name of Object.getOwnPropertyNames(SyncFunctions.prototype)) {
    if (name.endsWith("Sync")) functions[name] = sync[name as keyof SyncFunctions].bind(sync);
  }
  functions["realpathSync"] = Object.assign(functions["realpathSync"] as AnyCall, {
    native: (path: unknown, encoding: unknown) => sync.realpathNative(path, encoding),
  });
  const callbacks = callbackFunctions(volume, sync, turns);
  const streams = streamFunctions(callbacks, turns);
  Object.assign(functions, callbacks, streams);
  const promises = promiseFunctions(volume, sync, turns, {
    volume,
    sync,
    turns,
    streams: streams as never, // they make Node's own streams
  });
  for (const name of Object.keys(realPromises)) {
    if (!Object.hasOwn(promises, name)) promises[name] = refusedPromise(name);
  }
  functions["promises"] = promises;
  for (const name of Object.keys(realFs)) {
    if (!Object.hasOwn(functions, name)) functions[name] = stranger(name);
  }
  return { fs: functions, promises, paths };
}

/** A property of the real module that the facade does not know: plain values are the same here, functions are refused. */
function stranger(name: string): unknown {
  const value: unknown = realFs[name as keyof NodeFs];
  if (typeof value !== "function" || name === "_toUnixTimestamp") return value;
  return asRefusal(function refused(): never {
    throw unsupported(name);
  });
}

function checkOptions(fs: StoreFs, options: NodeFsOptions): void {
  if (typeof fs?.open !== "function") refuse("fs", "must be a file system of @holdfast/fs-seam");
  for (const key in options) if (!optionKeys.includes(key)) refuse(key, "is unknown");
  for (const key of ["umask", "uid", "gid"] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      refuse(key, "must be a whole number from 0 on");
    }
  }
  if (options.now !== undefined && typeof options.now !== "function") refuse("now", "must be a function");
}

function refuse(option: string, why: string): never {
  throw new NodeFsError("NODE_FS_INVALID_OPTION", option, why);
}
