import type { CrashContext } from "../../src/index.js";
import { show } from "../protocols/protocol.js";

/** What a program promises of the disk after a crash. */
export type PromiseName =
  /** All of a change is there, or none of it. */
  | "atomic"
  /** What was acknowledged is there. */
  | "durable"
  /** What is there are the first so many changes, none missing between. */
  | "prefix"
  /** What is there was written by somebody. */
  | "no garbage"
  /** What is named by something is there. */
  | "reference"
  /** No legal crash makes recovery refuse. */
  | "recovers"
  /** A change takes effect once. */
  | "once";

/** Thrown by checks, and by recoveries that refuse. Anything else that a run throws is an accident, and no detection. */
export class BrokenPromise extends Error {
  readonly promise: PromiseName;

  constructor(promise: PromiseName, message: string) {
    super(message);
    this.promise = promise;
  }
}

export function demand(promise: PromiseName, holds: boolean, message: string): asserts holds {
  if (!holds) throw new BrokenPromise(promise, message);
}

/** Recovery gives up. */
export function refuse(message: string): never {
  throw new BrokenPromise("recovers", message);
}

/** How many changes are acknowledged: every `ack` says how many there are as its data. */
export function ackedCount(context: CrashContext): number {
  return context.acks.reduce((most, { data }) => Math.max(most, typeof data === "number" ? data : 0), 0);
}

/** The law of a log: the first so many entries of its history, with everything that was acknowledged. */
export function demandPrefix(history: readonly string[], recovered: readonly string[], context: CrashContext): void {
  recovered.forEach((entry, index) => {
    if (!history.includes(entry)) demand("no garbage", false, `entry ${index} is ${show(entry)}`);
    demand("prefix", entry === history[index], `entry ${index} is ${show(entry)}, not ${show(history[index])}`);
  });
  const acked = ackedCount(context);
  demand("durable", recovered.length >= acked, `${acked} entries are acknowledged, ${recovered.length} are there`);
}

/** The law of a register: one of its versions, whole, none older than the last one acknowledged. */
export function demandVersion(versions: readonly string[], recovered: string | undefined, context: CrashContext): void {
  const found = recovered === undefined ? -1 : versions.indexOf(recovered);
  demand("atomic", found !== -1, `${show(recovered)} is no version`);
  const acked = ackedCount(context);
  demand("durable", found >= acked, `version ${acked} is acknowledged, version ${found} is there`);
}
