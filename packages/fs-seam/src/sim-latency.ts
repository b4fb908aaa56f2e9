import type { Prng } from "./prng.js";

/**
 * How long an operation takes, in whole microseconds of virtual time. `exponential` has a long tail, as devices do, and is
 * cut at `maxMicros`.
 */
export type Latency =
  | { readonly kind: "fixed"; readonly micros: number }
  | { readonly kind: "uniform"; readonly minMicros: number; readonly maxMicros: number }
  | { readonly kind: "exponential"; readonly meanMicros: number; readonly maxMicros: number };

/** The operations that take time: the promise forms. Blocking ones happen at once. */
export const timedOperations = ["read", "sync", "syncNames", "list"] as const;

/** An operation that may be given a latency. */
export type TimedOperation = (typeof timedOperations)[number];

/** Latency by operation. What is left out takes no time: then the order of things is the scheduler's choice alone. */
export type LatencyModel = Readonly<Partial<Record<TimedOperation, Latency>>>;

const twoTo32 = 0x1_0000_0000;
const keysOf: Readonly<Record<Latency["kind"], readonly string[]>> = {
  fixed: ["micros"],
  uniform: ["minMicros", "maxMicros"],
  exponential: ["meanMicros", "maxMicros"],
};

/** Throws a `RangeError` or `TypeError` that names the operation and the bound. */
export function checkLatencyModel(model: LatencyModel): void {
  for (const [operation, latency] of Object.entries(model)) {
    if (!timedOperations.some((known) => known === operation)) {
      throw new TypeError(`latency: ${JSON.stringify(operation)} is not one of ${timedOperations.join(", ")}`);
    }
    checkLatency(operation, latency);
  }
}

function checkLatency(operation: string, latency: Latency): void {
  const wanted: readonly string[] | undefined = keysOf[latency.kind];
  if (wanted === undefined) throw new TypeError(`latency of ${operation}: kind must be fixed, uniform or exponential`);
  for (const [key, value] of Object.entries(latency)) {
    if (key === "kind") continue;
    if (!wanted.includes(key)) throw new TypeError(`latency of ${operation}: unknown option ${JSON.stringify(key)}`);
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw new RangeError(`latency of ${operation}: ${key} must be a whole number from 0 to 2^53-1`);
    }
  }
  if (Object.keys(latency).length !== wanted.length + 1) {
    throw new TypeError(`latency of ${operation}: ${latency.kind} needs ${wanted.join(" and ")}`);
  }
  if (latency.kind === "uniform" && latency.minMicros > latency.maxMicros) {
    throw new RangeError(`latency of ${operation}: minMicros must not be above maxMicros`);
  }
}

/** The time one operation takes, and the part of it that goes by before it takes effect. */
export interface DrawnLatency {
  readonly effectMicros: number;
  readonly totalMicros: number;
}

/** Exactly two draws, whatever the model: the length, and where in it the effect lies. */
export function drawLatency(latency: Latency | undefined, prng: Prng): DrawnLatency {
  const length = prng.nextU32() / twoTo32;
  const point = prng.nextU32() / twoTo32;
  const totalMicros = lengthOf(latency, length);
  return { effectMicros: Math.floor(totalMicros * point), totalMicros };
}

function lengthOf(latency: Latency | undefined, draw: number): number {
  switch (latency?.kind) {
    case undefined:
      return 0;
    case "fixed":
      return latency.micros;
    case "uniform":
      return latency.minMicros + Math.floor(draw * (latency.maxMicros - latency.minMicros + 1));
    case "exponential":
      return Math.min(latency.maxMicros, Math.round(latency.meanMicros * minusLog(1 - draw)));
  }
}

/**
 * The negative natural logarithm of a number above 0 and up to 1. `Math.log` is not used because its last bit is left to
 * the engine, and one microsecond more or less is another schedule; the four operations are exact by the standard.
 */
export function minusLog(value: number): number {
  let scaled = value;
  let halvings = 0;
  while (scaled < 0.5) {
    scaled *= 2;
    halvings += 1;
  }
  // log(scaled) = 2 artanh(ratio), and |ratio| is at most 1/3: 18 terms reach the last bit.
  const ratio = (scaled - 1) / (scaled + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (let term = 35; term >= 1; term -= 2) sum = sum * square + 1 / term;
  return halvings * Math.LN2 - 2 * ratio * sum;
}
