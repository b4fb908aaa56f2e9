import { asyncForm, pathNames } from "./callback-functions.js";
import { openFlags } from "./open-flags.js";
import { modeBits, pathText } from "./call-arguments.js";
import { asRefusal, unsupported } from "./node-fs-error.js";
import { constants } from "./real-node.js";
import type { SyncFunctions } from "./sync-functions.js";
import type { Turns } from "./turns.js";
import { VirtualFileHandle, type HandleContext } from "./virtual-file-handle.js";
import type { Volume } from "./volume.js";
import { readWholeAsync, writeWholeAsync } from "./whole-file.js";

type AnyCall = (...values: unknown[]) => unknown;

/** The functions of `node:fs/promises`. */
export function promiseFunctions(
  volume: Volume,
  sync: SyncFunctions,
  turns: Turns,
  context: HandleContext,
): Record<string, unknown> {
  const functions: Record<string, unknown> = { constants };
  for (const name of pathNames) {
    const call = asyncForm(sync, name);
    functions[name] = (...values: unknown[]) => turns.issue(() => call(...values));
  }
  functions["realpath"] = (path: unknown, options: unknown) => turns.issue(() => sync.realpathNative(path, options));
  functions["open"] = (path: unknown, flags: unknown, mode: unknown) =>
    turns.issue(() => {
      const file = volume.open(pathText(path), openFlags(flags), modeBits(mode, "mode", 0o666));
      return new VirtualFileHandle(file, context);
    });
  functions["readFile"] = (target: unknown, options: unknown) => {
    if (target instanceof VirtualFileHandle) return target.readFile(options);
    return readWholeAsync(volume, turns, target, options);
  };
  functions["writeFile"] = async (target: unknown, data: unknown, options: unknown) => {
    if (target instanceof VirtualFileHandle) return target.writeFile(data, options);
    return writeWholeAsync(volume, turns, target, data, options, { defaultFlag: "w", chunked: true });
  };
  functions["appendFile"] = async (target: unknown, data: unknown, options: unknown) => {
    if (target instanceof VirtualFileHandle) return target.writeFile(data, options);
    return writeWholeAsync(volume, turns, target, data, options, { defaultFlag: "a", chunked: true });
  };
  return functions;
}

/** A function of Node's promise module that the facade does not have: rejects, or throws where an iterator is due. */
export function refusedPromise(name: string): AnyCall {
  const subject = `promises.${name}`;
  if (name === "watch" || name === "glob") {
    return asRefusal(() => {
      throw unsupported(subject);
    });
  }
  return asRefusal(() => Promise.reject(unsupported(subject)));
}
