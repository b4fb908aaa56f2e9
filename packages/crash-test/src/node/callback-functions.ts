import { promisify } from "node:util";
import * as check from "./call-arguments.js";
import type { SyncFunctions } from "./sync-functions.js";
import { isOutcome } from "./system-error.js";
import type { Turns } from "./turns.js";
import type { Volume } from "./volume.js";
import { checkCallbackData, readRequest, readWholeAsync, writeRequest, writeWholeAsync } from "./whole-file.js";

type AnyCall = (...values: unknown[]) => unknown;

/** Functions on paths whose other forms are their blocking form, with the result promised or handed to a callback. */
export const pathNames = [
  "access",
  "chmod",
  "chown",
  "copyFile",
  "cp",
  "lchown",
  "link",
  "lstat",
  "lutimes",
  "mkdir",
  "mkdtemp",
  "opendir",
  "readdir",
  "readlink",
  "rename",
  "rm",
  "rmdir",
  "stat",
  "statfs",
  "truncate",
  "unlink",
  "utimes",
] as const;

/** The same, where the promise form is another: it has a file handle, or calls the system for the path. */
const descriptorNames = ["close", "fchmod", "fchown", "fstat", "ftruncate", "futimes", "open", "realpath"] as const;

/** The blocking form of a call that is going to be made asynchronously. */
export function asyncForm(sync: SyncFunctions, name: (typeof pathNames | typeof descriptorNames)[number]): AnyCall {
  const form = name === "stat" || name === "lstat" ? (`${name}OrFail` as const) : (`${name}Sync` as const);
  return (...values) => Reflect.apply(sync[form], sync, values); // arguments are checked inside
}

/** The functions of `node:fs` that take a callback. */
export function callbackFunctions(volume: Volume, sync: SyncFunctions, turns: Turns): Record<string, AnyCall> {
  /** Issues a call now and hands over `(error, result, ...more)` later. Wrong arguments throw at once, as in Node. */
  const issue = (callback: check.Callback, call: () => unknown, ...more: readonly unknown[]): void => {
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      if (!isOutcome(error)) throw error;
      turns.callBack(callback, error);
      return;
    }
    if (result === undefined) turns.callBack(callback, null);
    else turns.callBack(callback, null, result, ...more);
  };

  const handOver = (promise: Promise<unknown>, callback: check.Callback): void => {
    void promise.then(
      // Out of the promise, so that what the callback throws is an uncaught exception.
      (value) => process.nextTick(() => (value === undefined ? callback(null) : callback(null, value))),
      (error: unknown) => process.nextTick(() => callback(error)),
    );
  };

  const functions: Record<string, AnyCall> = {};
  for (const name of [...pathNames, ...descriptorNames]) {
    const call = asyncForm(sync, name);
    functions[name] = (...values) => {
      const callback = check.callbackOf(values.pop());
      issue(callback, () => call(...values));
    };
  }

  const exists = (path: unknown, callback: unknown): void => {
    const done = check.callbackOf(callback);
    turns.callBack(done, sync.existsSync(path));
  };
  functions["exists"] = Object.assign(exists, {
    [promisify.custom]: (path: unknown) => turns.issue(() => sync.existsSync(path)),
  });

  const read: AnyCall = (fd, ...values) => {
    const callback = check.callbackOf(values.pop());
    const { buffer, place } = readArguments(values);
    issue(callback, () => sync.readSync(fd, buffer, place), buffer);
  };
  functions["read"] = withResultNames(read, ["bytesRead", "buffer"]);

  const write: AnyCall = (fd, data, ...values) => {
    const callback = check.callbackOf(values.pop());
    issue(callback, () => sync.writeSync(fd, data, ...values), data);
  };
  functions["write"] = withResultNames(write, ["bytesWritten", "buffer"]);

  const readv: AnyCall = (fd, buffers, ...values) => {
    const callback = check.callbackOf(values.pop());
    issue(callback, () => sync.readvSync(fd, buffers, values[0]), buffers);
  };
  functions["readv"] = withResultNames(readv, ["bytesRead", "buffers"]);

  const writev: AnyCall = (fd, buffers, ...values) => {
    const callback = check.callbackOf(values.pop());
    issue(callback, () => sync.writevSync(fd, buffers, values[0]), buffers);
  };
  functions["writev"] = withResultNames(writev, ["bytesWritten", "buffers"]);

  for (const [name, rung] of [
    ["fsync", "full"],
    ["fdatasync", "data"],
  ] as const) {
    functions[name] = (fd, callback) => {
      const done = check.callbackOf(callback);
      const number = check.descriptor(fd);
      const barrier = turns.begin();
      handOver(
        barrier.barrier(async () => volume.sync(volume.file(number, name), rung, name)),
        done,
      );
    };
  }

  functions["readFile"] = (target, ...values) => {
    const callback = check.callbackOf(values.pop());
    refuseWrong(() => readRequest(values[0]));
    handOver(readWholeAsync(volume, turns, target, values[0]), callback);
  };
  for (const [name, defaultFlag] of [
    ["writeFile", "w"],
    ["appendFile", "a"],
  ] as const) {
    functions[name] = (target, data, ...values) => {
      const callback = check.callbackOf(values.pop());
      checkCallbackData(data);
      refuseWrong(() => writeRequest(values[0], defaultFlag));
      const form = { defaultFlag, chunked: false };
      handOver(writeWholeAsync(volume, turns, target, data, values[0], form), callback);
    };
  }

  const native: AnyCall = (path, ...values) => {
    const callback = check.callbackOf(values.pop());
    issue(callback, () => sync.realpathNative(path, values[0]));
  };
  functions["realpath"] = Object.assign(functions["realpath"] as AnyCall, { native });
  return functions;
}

/** Throws for wrong arguments now; that a signal has been aborted is an outcome, and comes later. */
function refuseWrong(request: () => unknown): void {
  try {
    request();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
  }
}

const defaultReadBytes = 16_384;

interface ReadPlace {
  readonly buffer?: unknown;
  readonly offset?: unknown;
  readonly length?: unknown;
  readonly position?: unknown;
}

/** `(buffer, offset, length, position)`, `(buffer, { ... })`, `({ buffer, ... })` or nothing. */
export function readArguments(values: readonly unknown[]): {
  readonly buffer: ArrayBufferView;
  readonly place: ReadPlace;
} {
  const [first, second, length, position] = values;
  if (ArrayBuffer.isView(first)) {
    const place = typeof second === "object" && second !== null ? second : { offset: second, length, position };
    return { buffer: first, place };
  }
  if (first !== undefined && first !== null && typeof first !== "object") {
    throw check.invalidType("buffer", "an instance of Buffer, TypedArray, or DataView", first);
  }
  const options: ReadPlace = first ?? {};
  if (ArrayBuffer.isView(options.buffer)) return { buffer: options.buffer, place: options };
  if (options.buffer !== undefined) check.bufferOf(options.buffer);
  return { buffer: Buffer.alloc(defaultReadBytes), place: options };
}

/** What `promisify` makes of a function with two results: an object that names both. */
function withResultNames(call: AnyCall, [first, second]: readonly [string, string]): AnyCall {
  const custom: AnyCall = (...values) =>
    new Promise((resolve, reject) => {
      call(...values, (error: unknown, count: unknown, data: unknown) => {
        if (error === null) resolve({ [first]: count, [second]: data });
        else reject(error);
      });
    });
  return Object.assign(call, { [promisify.custom]: custom });
}
