import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, type CrashStrategy, type Trace } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { openWal, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, demandPrefix, readInEveryMode, textsOf } from "./log-law.js";

/**
 * Programs that run twice over one disk, with a crash in each run. Most losses need both: the first leaves something readable
 * that is not durable, the second run builds on it, and only the second crash takes it away.
 */

/** What a run has to tell: what it appended and what was promised to it. */
export class Story {
  /** Everything that may be read, LSN 1 first. */
  history: string[] = [];
  acked = 0;
  /** First LSN that a read may begin with, at most. */
  maxFirstLsn = 1;
  readonly #mark: (told: Told) => void;

  constructor(mark: (told: Told) => void, before?: Told) {
    this.#mark = mark;
    if (before !== undefined) Object.assign(this, before, { history: [...before.history] });
  }

  append(log: Wal, record: string): void {
    this.history.push(record);
    const lsn = log.append(bytesOf(record));
    if (lsn !== this.history.length) throw new Error(`LSN ${lsn} for record ${this.history.length}`);
  }

  /** Everything up to this LSN has been promised. */
  ack(lsn: number): void {
    this.acked = Math.max(this.acked, lsn);
    this.tell();
  }

  async sync(log: Wal): Promise<void> {
    this.ack(await log.sync());
  }

  async prune(log: Wal, lsn: number): Promise<void> {
    this.#mayGo(lsn);
    await log.prune(lsn);
    this.tell();
  }

  /** Publishes a state that is all records up to `lsn`, as one text. */
  async publish(log: Wal, lsn: number): Promise<void> {
    this.#mayGo(lsn);
    await log.publish(bytesOf(this.history.slice(0, lsn).join()), { lsn });
    this.ack(lsn);
  }

  #mayGo(lsn: number): void {
    this.maxFirstLsn = Math.max(this.maxFirstLsn, lsn + 1);
    this.tell();
  }

  /** Opens the log; what it reads is durable from here on, whoever wrote it. */
  async open(directory: Directory, options: Partial<WalOptions>): Promise<Wal> {
    const log = await openWal({ directory, ...options });
    const { firstLsn } = log;
    const records = textsOf(log).map((record) => record.slice(record.indexOf(":") + 1));
    this.history = [...this.history.slice(0, firstLsn - 1), ...records];
    this.ack(this.history.length);
    return log;
  }

  tell(): void {
    this.#mark({ history: [...this.history], acked: this.acked, maxFirstLsn: this.maxFirstLsn });
  }
}

export interface Told {
  readonly history: readonly string[];
  readonly acked: number;
  readonly maxFirstLsn: number;
}

export type Program = (directory: Directory, story: Story) => Promise<void>;

/** What was promised before record `at` of a trace, and what may be there: all that was appended up to the next word. */
function toldAt(trace: Trace, at: number, before: Told): Told {
  let { acked, history, maxFirstLsn } = before;
  for (const record of trace.records) {
    if (record.kind !== "mark") continue;
    const told = record.data as Told; // Story marks nothing else
    ({ history, maxFirstLsn } = told);
    if (record.seq >= at) break;
    ({ acked } = told);
  }
  return { acked, history, maxFirstLsn };
}

const nothing: Told = { history: [], acked: 0, maxFirstLsn: 1 };

export interface TwoRunOptions {
  readonly first: Program;
  readonly second: Program;
  readonly personality: string;
  readonly strategy: CrashStrategy;
  readonly options: Partial<WalOptions>;
  /** Already there, and durable, when the first program starts. */
  readonly setup?: Program;
}

async function prepared({ setup, personality }: TwoRunOptions): Promise<{ fs: CrashFs; told: Told }> {
  const fs = new CrashFs({ personality });
  if (setup === undefined) return { fs, told: nothing };
  let told = nothing;
  await setup(new Directory(fs), new Story((word) => (told = word)));
  return { fs: new CrashFs({ image: fs.snapshot(), personality }), told };
}

/** Runs a program and has it say at its end what it appended. */
async function runWhole(program: Program, directory: Directory, story: Story): Promise<void> {
  await program(directory, story);
  story.tell();
}

async function judge(trace: Trace, before: Told, from: number, options: TwoRunOptions): Promise<number> {
  let images = 0;
  for (const { image, choice } of crashImages(trace, { ...options, from })) {
    const told = toldAt(trace, choice.at, before);
    try {
      demandPrefix(await readInEveryMode(image, options.options), told.history, told);
    } catch (error) {
      const last = trace.records.slice(Math.max(from, choice.at - 12), choice.at).map(({ kind }) => kind);
      throw new Error(`${JSON.stringify(choice)} after ${last.join()}, promised ${told.acked}`, { cause: error });
    }
    images += 1;
  }
  return images;
}

/** The first run loses the power at every moment, the second as well. Returns how many disks were looked at. */
export async function powerTwice(options: TwoRunOptions): Promise<number> {
  const { fs, told } = await prepared(options);
  await runWhole(options.first, new Directory(fs), new Story((word) => fs.mark("told", word), told));
  const trace = fs.trace();
  let images = 0;
  for (const { image, choice } of crashImages(trace, options)) {
    const between = toldAt(trace, choice.at, told);
    const again = new CrashFs({ image, personality: options.personality });
    const story = new Story((word) => again.mark("told", word), between);
    try {
      await runWhole(options.second, new Directory(again), story);
      images += await judge(again.trace(), between, 0, options);
    } catch (error) {
      throw new Error(`after the first crash ${JSON.stringify(choice)}`, { cause: error });
    }
  }
  return images;
}

/**
 * The first program is killed before each of its calls, so everything it wrote is still there to read, durable or not; the second
 * goes on with that, and loses the power at every moment. Returns how many disks were looked at.
 */
export async function killThenPower(options: TwoRunOptions): Promise<number> {
  let images = 0;
  for (let calls = 1; ; calls += 1) {
    const { fs, told } = await prepared(options);
    // Every call from here on fails without having done anything, the tidying up included: nobody is there to make it.
    const mortal = new FaultFs(fs, `*:* after ${calls - 1} EIO`);
    let between = told;
    const first = new Story((word) => ((between = word), fs.mark("told", word)), told);
    await beginOver(mortal, options.first, first);
    fs.processCrash();
    first.tell();
    const from = fs.trace().records.length;
    try {
      await runWhole(options.second, new Directory(fs), new Story((word) => fs.mark("told", word), between));
      images += await judge(fs.trace(), told, from, options);
    } catch (error) {
      throw new Error(`killed before call ${calls}`, { cause: error });
    }
    if (mortal.plan.fired === 0) return images;
  }
}

/** Runs a program until it is killed. */
async function beginOver(mortal: FaultFs, program: Program, story: Story): Promise<void> {
  try {
    await program(new Directory(mortal), story);
  } catch {
    // It was killed, and its last words are nobody's business.
  }
}
