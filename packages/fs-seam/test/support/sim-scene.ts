import { afterEach, beforeEach, expect } from "vitest";
import { CrashFs } from "../../src/crash-fs.js";
import { crashImages } from "../../src/crash-images.js";
import type { FileHandle } from "../../src/file-handle.js";
import { isFsError } from "../../src/fs-error.js";
import { isMediaHandle, type HandleMediaFault } from "../../src/media-faults.js";
import { SimFs, type SimFsOptions } from "../../src/sim-fs.js";
import type { SimPick } from "../../src/sim-pick.js";
import { SimScheduler } from "../../src/sim-scheduler.js";
import type { StoreFs } from "../../src/store-fs.js";

/** Lets the machine stand still until `run`. */
export function stillSim(pick: SimPick, options: SimFsOptions = {}): SimFs {
  return new SimFs({ ...options, scheduler: new SimScheduler({ pick, autoRun: false }) });
}

/** A text as UTF-8. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The whole file as text. */
export function contentOf(fs: StoreFs, path: string): string {
  using handle = fs.open(path, { mode: "read" });
  const target = new Uint8Array(handle.stat().size);
  handle.readAt(target, 0);
  return new TextDecoder().decode(target);
}

/** The names in the root, in one line. */
export function namesIn(fs: StoreFs): string {
  return fs
    .list("/")
    .map(({ name }) => name)
    .join(" ");
}

/** A file with a durable name, open for appending. */
export function log(fs: StoreFs, path: string, text = ""): FileHandle {
  const handle = fs.open(path, { mode: "append", create: "exclusive" });
  fs.syncNamesBlocking("/");
  if (text !== "") handle.append(bytes(text));
  return handle;
}

/** Lets the next write or barrier of the handle meet this fault. */
export function arm(handle: FileHandle, fault: HandleMediaFault): void {
  if (!isMediaHandle(handle)) throw new TypeError("no media handle");
  handle.armMediaFault(fault);
}

/** Contents of `/a` in every image that a power loss now may leave. */
export function possible(fs: SimFs, path = "/a"): string[] {
  const trace = fs.trace();
  const found = new Set<string>();
  for (const { image } of crashImages(trace, { at: trace.records.length })) {
    found.add(contentOf(new CrashFs({ image }), path));
  }
  return [...found].sort();
}

/** The code of the error a promise comes to, or "done". */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return isFsError(error) ? error.code : String(error);
  }
  return "done";
}

// No test that imports this scene may leave a rejection that nobody hears of.
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", noteUnhandled));
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve)); // unhandled rejections are reported before the next turn
  process.off("unhandledRejection", noteUnhandled);
  expect(unhandled.splice(0)).toEqual([]);
});
