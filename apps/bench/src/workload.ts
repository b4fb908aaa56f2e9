import { heapPeak } from "./part-usage.js";

/**
 * Timing that survives a shared machine. Everything a row compares runs in one process, in interleaved rounds, after warm-up
 * rounds that let V8 settle. In one round every contestant runs once in every place of the order, because who comes second
 * collects the garbage of who came first: without that, ratios alternate between two values. A disturbance hits every
 * contestant alike, and the median of the ratios within a round throws it out.
 *
 * Garbage is collected once before the first round and never between rounds: a forced collection also drops optimised
 * code, and the rename row of MemoryFs went from 1.5 to 9 µs with it.
 */

/** What one turn of one contestant does. */
export interface Prepared {
  /** The timed part. One that times itself, to leave something out, returns nanoseconds. */
  readonly run: () => number | void;
  /** Untimed: closes and removes what the turn used. */
  readonly dispose?: () => void;
}

/** One way to do the work of a row. */
export interface Contestant {
  readonly name: string;
  /** Operations in one turn; times are divided by it. */
  readonly operations: number;
  /** Untimed set-up of one turn, fresh state every time. */
  prepare(): Prepared;
}

/** {@link Prepared} for work that waits. */
export interface AsyncPrepared {
  readonly run: () => Promise<number | void> | number | void;
  readonly dispose?: () => Promise<void> | void;
}

/** {@link Contestant} for work that waits. */
export interface AsyncContestant {
  readonly name: string;
  readonly operations: number;
  prepare(): Promise<AsyncPrepared>;
}

export interface RoundOptions {
  /** Timed rounds; each gives as many turns to each contestant as there are contestants. */
  readonly rounds: number;
  /** Rounds before them whose times are thrown away. Default 2. */
  readonly warmUps?: number;
  /** Counts the processor's time besides, of all threads: what a busy machine or a slow disk leaves alone. Default false. */
  readonly cpu?: boolean;
}

/** Nanoseconds per operation of one contestant, one entry for each timed round: the mean of its turns. */
export interface Timing {
  readonly name: string;
  readonly nsPerOperation: readonly number[];
  /** The same of the processor's time, where it was asked for. */
  readonly cpuNsPerOperation?: readonly number[];
}

/** Runs all contestants in turn, `rounds` times in every order, and returns their times in the order they were given. */
export function interleave(contestants: readonly Contestant[], options: RoundOptions): Timing[] {
  collectGarbage();
  const [sheet, cpuSheet] = [new TimeSheet(contestants), new TimeSheet(contestants)];
  for (const { round, contestant } of turnsOf(contestants, options)) {
    const cpu = new CpuClock();
    sheet.add(round, contestant, timeOnce(contestant, cpu));
    cpuSheet.add(round, contestant, cpu.ns);
  }
  return timingsOf(sheet, options.cpu === true ? cpuSheet : undefined);
}

/** The same for work that waits. Nobody else's turn begins before a turn is disposed of. */
export async function interleaveAsync(
  contestants: readonly AsyncContestant[],
  options: RoundOptions,
): Promise<Timing[]> {
  collectGarbage();
  const [sheet, cpuSheet] = [new TimeSheet(contestants), new TimeSheet(contestants)];
  for (const { round, contestant } of turnsOf(contestants, options)) {
    const cpu = new CpuClock();
    sheet.add(round, contestant, await timeOnceAsync(contestant, cpu));
    cpuSheet.add(round, contestant, cpu.ns);
  }
  return timingsOf(sheet, options.cpu === true ? cpuSheet : undefined);
}

/** Every turn in its order, warm-up rounds first, by numbers below 0. */
function* turnsOf<T>(
  contestants: readonly T[],
  { rounds, warmUps = 2 }: RoundOptions,
): Generator<{ readonly round: number; readonly contestant: T }> {
  const count = contestants.length;
  for (let round = -warmUps; round < rounds; round += 1) {
    for (let first = 0; first < count; first += 1) {
      for (let place = 0; place < count; place += 1) {
        yield { round, contestant: contestants[(first + place) % count] as T }; // the remainder is below length
      }
    }
  }
}

interface Named {
  readonly name: string;
  readonly operations: number;
}

/** Mean nanoseconds per operation of each contestant and round, over one turn in each place of the order. */
class TimeSheet<T extends Named> {
  readonly #rounds: ReadonlyMap<T, number[]>;

  constructor(contestants: readonly T[]) {
    this.#rounds = new Map(contestants.map((contestant) => [contestant, []]));
  }

  add(round: number, contestant: T, ns: number): void {
    const means = this.#rounds.get(contestant);
    if (round < 0 || means === undefined) return;
    means[round] = (means[round] ?? 0) + ns / contestant.operations / this.#rounds.size;
  }

  timings(): Timing[] {
    return [...this.#rounds].map(([{ name }, nsPerOperation]) => ({ name, nsPerOperation }));
  }
}

function timingsOf<T extends Named>(sheet: TimeSheet<T>, cpuSheet: TimeSheet<T> | undefined): Timing[] {
  const cpu = cpuSheet?.timings();
  return sheet.timings().map((timing, index) => {
    const spent = cpu?.[index]?.nsPerOperation; // one for each contestant
    return spent === undefined ? timing : { ...timing, cpuNsPerOperation: spent };
  });
}

/** The processor's time between two moments, in all threads of this process. */
class CpuClock {
  ns = 0;
  #began: NodeJS.CpuUsage = { user: 0, system: 0 };

  start(): void {
    this.#began = process.cpuUsage();
  }

  stop(): void {
    const { user, system } = process.cpuUsage(this.#began);
    this.ns = (user + system) * 1000;
  }
}

function timeOnce(contestant: Contestant, cpu: CpuClock): number {
  const prepared = contestant.prepare();
  try {
    cpu.start();
    const start = process.hrtime.bigint();
    const own = prepared.run();
    const ns = Number(process.hrtime.bigint() - start);
    cpu.stop();
    heapPeak.look();
    return own ?? ns;
  } finally {
    prepared.dispose?.();
  }
}

async function timeOnceAsync(contestant: AsyncContestant, cpu: CpuClock): Promise<number> {
  const prepared = await contestant.prepare();
  try {
    cpu.start();
    const start = process.hrtime.bigint();
    const own = await prepared.run();
    const ns = Number(process.hrtime.bigint() - start);
    cpu.stop();
    heapPeak.look();
    return own ?? ns;
  } finally {
    await prepared.dispose?.();
  }
}

/** Collects garbage when Node was started with `--expose-gc`, which `main.ts` sees to. */
export function collectGarbage(): void {
  globalThis.gc?.();
}

/** The smallest of at least one value. */
export function best(values: readonly number[]): number {
  requireSome(values);
  return values.reduce((least, value) => Math.min(least, value));
}

/** The largest of at least one value. */
export function worst(values: readonly number[]): number {
  return -best(values.map((value) => -value));
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  requireSome(values);
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const high = sorted[upper] as number; // there is at least one value
  return sorted.length % 2 === 1 ? high : (high + (sorted[upper - 1] as number)) / 2; // an even length is at least 2
}

/** Every `above[i] / below[i]`: each round is its own comparison, so slow and fast phases of the machine cancel in the median. */
export function pairedRatios(above: readonly number[], below: readonly number[]): number[] {
  if (above.length !== below.length) throw new RangeError("pairedRatios needs as many values above as below");
  return above.map((value, round) => value / (below[round] as number)); // lengths are equal
}

function requireSome(values: readonly number[]): void {
  if (values.length === 0) throw new RangeError("needs at least one value");
}

/** Pseudo-random whole numbers below `bound`, the same on every run: xorshift32 from a fixed seed. */
export function scatter(count: number, bound: number): Uint32Array {
  const numbers = new Uint32Array(count);
  let state = 0x9e3779b9;
  for (let index = 0; index < count; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    numbers[index] = (state >>> 0) % bound;
  }
  return numbers;
}
