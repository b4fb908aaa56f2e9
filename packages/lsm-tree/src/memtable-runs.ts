import { equalBytes, sharedPrefix } from "./internal-key.js";
import type { MemtableEntries } from "./memtable-entries.js";

/**
 * Entries of a memtable in internal order, made when somebody asks. Entries that came since the last time are sorted into a run;
 * runs are merged so that there are few. A run never changes: whoever has it may go on reading while others are made.
 */

/** Numbers of entries in internal order. */
export type Run = Uint32Array;

/** A run on its way into a larger one: with what a merge has to know of its keys, so that it need not look at them where they lie. */
interface HeadedRun {
  readonly run: Run;
  /** Undefined where nobody has looked. */
  readonly heads?: Heads | undefined;
}

/** What keys have behind the bytes that all of them share, `depth` of them: {@link HEAD_BYTES} as a number, of each key of a run in its order. */
interface Heads {
  readonly depth: number;
  readonly values: Float64Array;
}

/** Places in a run share a float with bits of a key: 53 is the most that is exact, and a run is never so long that less than four bytes of the key are left. */
const FLOAT_BITS = 53;
const MOST_IN_RUN = 0x20_0000;

/** A number of so many bytes is exact. */
const HEAD_BYTES = 6;

/** So many entries are sorted, or merged, in about two milliseconds. */
const STEP_ENTRIES = 0x4000;
/** Keys of so many bytes may all have to be compared to their ends in that time: a step has no more of them, but for one longer than that. */
const STEP_KEY_BYTES = 0x10_0000;

/** Up to this many entries are sorted by insertion. */
const FEW = 16;

/** How often equal heads are looked at further on before plain comparison takes over. */
const MAX_LEVEL = 64;

export class MemtableRuns {
  readonly #entries: MemtableEntries;
  /** From the oldest to the newest. */
  #runs: Run[] = [];
  /** Entries below this number are in runs. */
  #sorted = 0;

  constructor(entries: MemtableEntries) {
    this.#entries = entries;
  }

  /**
   * Runs that hold all entries there are, each once. Merging the newest two while the older is at most twice the newer keeps them to the
   * logarithm of the number of entries, and each entry is moved as often at most.
   */
  all(): readonly Run[] {
    const { count } = this.#entries;
    for (; this.#sorted < count; this.#sorted = Math.min(count, this.#sorted + MOST_IN_RUN)) {
      this.#push(sortedRun(this.#entries, this.#sorted, Math.min(count, this.#sorted + MOST_IN_RUN)).run);
    }
    return this.#runs.slice();
  }

  /**
   * All entries as one run, in steps of {@link STEP_ENTRIES} and {@link STEP_KEY_BYTES} or so: yields between them. Whoever asks for {@link all} meanwhile gets runs of his own. Nothing may
   * be added before it has returned.
   */
  *one(): Generator<void, Run, void> {
    const entries = this.#entries;
    const { count } = entries;
    let runs: HeadedRun[] = this.#runs.map((run) => ({ run }));
    const start = this.#sorted;
    for (let from = start, to = start; from < count; from = to) {
      if (from > start) yield;
      to = stepEnd(entries, from);
      runs.push(sortedRun(entries, from, to));
    }
    while (runs.length > 1) {
      const longer: HeadedRun[] = [];
      for (let at = 0; at < runs.length; at += 2) {
        const [a, b] = [runs[at]!, runs[at + 1]]; // below the length
        longer.push(b === undefined ? a : yield* mergedInSteps(entries, a, b));
      }
      runs = longer;
    }
    this.#runs = runs.map(({ run }) => run);
    this.#sorted = count;
    return this.#runs[0] ?? new Uint32Array();
  }

  /** Forgets all runs: there are no entries any more. */
  reset(): void {
    this.#runs = [];
    this.#sorted = 0;
  }

  #push(run: Run): void {
    let newest = run;
    for (
      let older = this.#runs.at(-1);
      older !== undefined && older.length <= 2 * newest.length;
      older = this.#runs.at(-1)
    ) {
      newest = resultOf(mergedInSteps(this.#entries, { run: older }, { run: newest })).run;
      this.#runs.pop();
    }
    this.#runs.push(newest);
  }
}

/** Where the step that begins with this entry ends. */
function stepEnd(entries: MemtableEntries, from: number): number {
  const end = Math.min(entries.count, from + STEP_ENTRIES);
  let keyBytes = 0;
  for (let id = from; id < end; id++) {
    keyBytes += entries.keyBytes(id);
    if (keyBytes >= STEP_KEY_BYTES) return id + 1;
  }
  return end;
}

/** Sorts the entries from `start` up to `end`. */
function sortedRun(entries: MemtableEntries, start: number, end: number): HeadedRun {
  const run = new Uint32Array(end - start);
  let ascends = true;
  for (let id = start + 1; id < end && ascends; id++) ascends = entries.compare(id - 1, id) < 0;
  if (ascends) {
    for (let at = 0; at < run.length; at++) run[at] = start + at;
    return { run };
  }
  // The newest first: sorting keeps that order where keys are equal, and it is the right one.
  for (let at = 0; at < run.length; at++) run[at] = end - 1 - at;
  const before = sortRange(entries, run, 0, run.length, { depth: 0, level: 0 });
  if (before === undefined) return { run };
  const values = new Float64Array(run.length);
  for (let at = 0; at < run.length; at++) values[at] = before.values[end - 1 - run[at]!]!; // where it was
  return { run, heads: { depth: before.depth, values } };
}

/**
 * Sorts `run[from, to)`, whose keys share their first `depth` bytes: what they all share is passed, the bits behind it become one
 * number, as many as fit, and the place in the run joins them in a float that the engine sorts natively. Only keys with equal numbers are compared.
 *
 * @returns the heads of the keys in the order in which they were; undefined where none were needed.
 */
function sortRange(
  entries: MemtableEntries,
  run: Run,
  from: number,
  to: number,
  { depth, level }: { readonly depth: number; readonly level: number },
): Heads | undefined {
  const count = to - from;
  if (count <= FEW) {
    sortFew(entries, run, from, to);
    return undefined;
  }
  const { shared, isOne } = prefixOf(entries, run, from, to, depth);
  if (isOne) return undefined; // versions of one key, the newest first
  const placeBits = 32 - Math.clz32(count - 1);
  const places = 2 ** placeBits;
  const headBits = Math.min(HEAD_BYTES * 8, FLOAT_BITS - placeBits);
  const unit = 2 ** (HEAD_BYTES * 8 - headBits);
  const packed = new Float64Array(count);
  const values = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const head = headOf(entries, run[from + at]!, shared); // inside the run
    values[at] = head;
    packed[at] = Math.floor(head / unit) * places + at;
  }
  packed.sort();
  const before = run.slice(from, to);
  const headAt = (at: number): number => Math.floor(packed[at]! / places); // at is below count
  const next = { depth: shared + (headBits >>> 3), level: level + 1 };
  let group = 0;
  for (let at = 0; at < count; at++) {
    run[from + at] = before[packed[at]! - headAt(at) * places]!;
    const isLast = at + 1 === count || headAt(at + 1) !== headAt(at);
    if (!isLast) continue;
    if (at > group) sortGroup(entries, run, from + group, from + at + 1, next);
    group = at + 1;
  }
  return { depth: shared, values };
}

/** Sorts entries with equal heads: keys too short to have been compared in full are what the plain comparison is for. */
function sortGroup(
  entries: MemtableEntries,
  run: Run,
  from: number,
  to: number,
  next: { readonly depth: number; readonly level: number },
): void {
  let isLong = next.level < MAX_LEVEL;
  for (let at = from; at < to && isLong; at++) isLong = entries.keyBytes(run[at]!) >= next.depth;
  if (isLong) sortRange(entries, run, from, to, next);
  else if (to - from <= FEW) sortFew(entries, run, from, to);
  else run.subarray(from, to).sort((a, b) => entries.compare(a, b));
}

function sortFew(entries: MemtableEntries, run: Run, from: number, to: number): void {
  for (let at = from + 1; at < to; at++) {
    const id = run[at]!; // inside the run, as everything below
    let place = at;
    for (; place > from && entries.compare(run[place - 1]!, id) > 0; place--) run[place] = run[place - 1]!;
    run[place] = id;
  }
}

/** How many bytes all keys share, of which `depth` are known, and whether they are all the same key. */
function prefixOf(
  entries: MemtableEntries,
  run: Run,
  from: number,
  to: number,
  depth: number,
): { readonly shared: number; readonly isOne: boolean } {
  const first = run[from]!; // not empty
  const chunk = entries.chunk(first);
  const start = entries.keyStart(first);
  let shared = entries.keyBytes(first);
  let isOne = true;
  for (let at = from + 1; at < to; at++) {
    const id = run[at]!; // below `to`
    const keyStart = entries.keyStart(id);
    const keyEnd = keyStart + entries.keyBytes(id);
    shared = depth + sharedPrefix(chunk, start + depth, start + shared, entries.chunk(id), keyStart + depth, keyEnd);
    isOne = isOne && shared === entries.keyBytes(first) && shared === entries.keyBytes(id);
  }
  return { shared, isOne };
}

/** The bytes from `depth` on, {@link HEAD_BYTES} of them, as a number that keeps their order; what is missing counts as 0. */
function headOf(entries: MemtableEntries, id: number, depth: number): number {
  const chunk = entries.chunk(id);
  const from = entries.keyStart(id) + depth;
  const left = entries.keyBytes(id) - depth;
  let high = 0;
  let low = 0;
  for (let at = 0; at < 3; at++) high = (high << 8) | (at < left ? chunk[from + at]! : 0); // checked right here
  for (let at = 3; at < HEAD_BYTES; at++) low = (low << 8) | (at < left ? chunk[from + at]! : 0);
  return high * 0x100_0000 + low;
}

/** Takes all steps at once. */
export function resultOf<Result>(steps: Generator<void, Result, void>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

function* mergedInSteps(entries: MemtableEntries, one: HeadedRun, other: HeadedRun): Generator<void, HeadedRun, void> {
  const { run: a } = one;
  const { run: b } = other;
  const run = new Uint32Array(a.length + b.length);
  if (entries.compare(a.at(-1)!, b[0]!) < 0) {
    run.set(a);
    run.set(b, a.length);
    return { run };
  }
  const depth = commonDepth(entries, one, other);
  // Without heads all are equal, and the keys are compared where they lie.
  const headsA = depth < 0 ? nothing : one.heads!.values; // there are some where there is a depth
  const headsB = depth < 0 ? nothing : other.heads!.values;
  const values = depth < 0 ? nothing : new Float64Array(run.length);
  let [fromA, fromB] = [0, 0];
  for (let at = 0; at < run.length;) {
    yield;
    const to = Math.min(run.length, at + STEP_ENTRIES);
    for (let keyBytes = 0; at < to && keyBytes < STEP_KEY_BYTES; at++) {
      let takesA = fromB === b.length;
      if (!takesA && fromA < a.length) {
        const [headA, headB] = [headsA[fromA], headsB[fromB]];
        if (headA === headB) {
          takesA = entries.compare(a[fromA]!, b[fromB]!) < 0; // both below their lengths
          keyBytes += entries.keyBytes(a[fromA]!);
        } else {
          takesA = headA! < headB!;
        }
      }
      if (depth >= 0) values[at] = takesA ? headsA[fromA]! : headsB[fromB]!;
      run[at] = takesA ? a[fromA++]! : b[fromB++]!;
    }
  }
  return { run, heads: depth < 0 ? undefined : { depth, values } };
}

const nothing = new Float64Array();

/** Where the heads of both begin in keys that are alike up to there; -1 unless they do. */
function commonDepth(entries: MemtableEntries, one: HeadedRun, other: HeadedRun): number {
  const depth = one.heads?.depth ?? -1;
  if (depth !== other.heads?.depth) return -1;
  const [a, b] = [one.run[0]!, other.run[0]!]; // neither is empty
  const [startA, startB] = [entries.keyStart(a), entries.keyStart(b)];
  const isCommon = equalBytes(entries.chunk(a), startA, startA + depth, entries.chunk(b), startB, startB + depth);
  return isCommon ? depth : -1;
}
