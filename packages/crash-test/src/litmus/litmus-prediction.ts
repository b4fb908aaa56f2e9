import { crashImages, type CrashChoice, type Personality, type Trace } from "@holdfast/fs-seam/crash";
import type { LitmusRun } from "./litmus-program.js";

/** More legal images than this at one crash point of a program are not all made. */
const maxImages = 1 << 16;

/** So many ways to make one image are kept. */
const maxWays = 32;

export function wayKey(returned: number, hash: number): string {
  return `${returned}:${hash}`;
}

/** What a personality says may be found after a power loss. */
export interface Prediction {
  /** Hashes of the images, by number of operations that had returned. */
  readonly states: readonly ReadonlySet<number>[];
  /** Some ways to make each wanted image, by number of operations that had returned and hash: see {@link wayKey}. */
  readonly ways: ReadonlyMap<string, readonly CrashChoice[]>;
  /** Whether every legal image was made. */
  readonly complete: boolean;
}

/**
 * Everything a personality allows a program to leave, with writes torn only between pages: the recorded sets know no
 * other tears.
 */
export function predict(
  { trace, returned }: LitmusRun,
  personality: Personality,
  wanted: ReadonlySet<number> = new Set(),
): Prediction {
  const states: Set<number>[] = returned.map(() => new Set());
  const ways = new Map<string, CrashChoice[]>();
  let complete = true;
  for (const { hash, point, choice } of litmusImages(trace, returned[0] ?? 0, personality, () => (complete = false))) {
    const moment = returnedBefore(returned, point.at);
    states[moment]?.add(hash);
    if (!wanted.has(hash)) continue;
    const key = wayKey(moment, hash);
    const known = ways.get(key);
    if (known === undefined) ways.set(key, [choice]);
    else if (known.length < maxWays) known.push(choice);
  }
  return { states, ways, complete };
}

function litmusImages(
  trace: Trace,
  start: number,
  personality: Personality,
  onLimit: () => void,
): ReturnType<typeof crashImages> {
  const whole: Personality = { ...personality, tears: { unitBytes: 4096, kind: "writes" } };
  const strategy = { kind: "exhaustive", limit: maxImages } as const;
  return crashImages(trace, { personality: whole, strategy, from: start + 1, deduplicate: false, onLimit });
}

/** How many operations had returned before a record: index of the last mark before it. */
function returnedBefore(returned: readonly number[], at: number): number {
  let count = -1;
  for (const mark of returned) if (mark < at) count += 1;
  return Math.max(0, count);
}
