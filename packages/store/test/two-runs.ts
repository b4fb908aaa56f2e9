import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, type CrashStrategy, type Image, type Trace } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { region, type Store, type StoreOptions } from "../src/index.js";
import { seenByPaths, type PathChoice, type Seen } from "./opening-paths.js";
import { determined, openSample, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";

/**
 * Programs that run twice over one disk, with a crash in each run. Most losses need both: the first leaves something readable that is
 * not durable, the second run builds on it, and only the second crash takes it away.
 */

/** What a run has to tell at one moment. */
export interface Told {
  /** Every event, as `told` gives it. */
  readonly written: readonly string[];
  /** Last sequences of commits. */
  readonly ends: readonly number[];
  /** Everything up to this sequence has been promised. */
  readonly durable: number;
  /** Token of a page that ends with the event of `sequence`, which was durable then. */
  readonly page: { readonly token: string; readonly sequence: number } | undefined;
}

const nothing: Told = { written: [], ends: [0], durable: 0, page: undefined };

/** A run of a program: opens the store, and tells of every commit and every promise. */
export class Story {
  told: Told;
  readonly #mark: (told: Told) => void;
  readonly #run: number;

  constructor(run: number, mark: (told: Told) => void, before: Told) {
    this.#run = run;
    this.#mark = mark;
    this.told = before;
  }

  /** @param demand - holds what is there against what was told. */
  async open(
    directory: Directory,
    options: Partial<StoreOptions<Sample>>,
    demand: (seen: Seen, told: Told) => void = demandPromised,
  ): Promise<Store<Sample>> {
    const store = await openSample(directory, { ...options, ...determined(this.#run) });
    const events = allTold(store, store.lastSequence);
    demand({ events, behind: [] }, { ...this.told, page: undefined });
    this.tell(store, [...this.told.ends.filter((end) => end < events.length), events.length]);
    return store;
  }

  /** Makes one commit. */
  commit(store: Store<Sample>, act: (store: Store<Sample>) => unknown): void {
    act(store);
    this.tell(store, [...this.told.ends, store.lastSequence]);
  }

  async sync(store: Store<Sample>): Promise<void> {
    await store.sync();
    this.tell(store);
  }

  async close(store: Store<Sample>): Promise<void> {
    await store.close();
    this.told = { ...this.told, durable: this.told.written.length };
    this.#mark(this.told);
  }

  tell(store: Store<Sample>, ends: readonly number[] = this.told.ends): void {
    const written = allTold(store, store.watermarks.visible);
    const { durable } = store.watermarks;
    const token = durable === 0 ? undefined : store.page(region(), { limit: durable }).next;
    const page = token === undefined ? undefined : { token, sequence: durable };
    this.told = { written, ends, durable, page };
    this.#mark(this.told);
  }
}

export type Program = (directory: Directory, story: Story, demand?: typeof demandWritten) => Promise<void>;

/** What was promised before record `at` of a trace, and what may be there: all that was appended up to the next word. */
function toldAt(trace: Trace, at: number, before: Told): Told {
  let { written, ends, durable, page } = before;
  for (const record of trace.records) {
    if (record.kind !== "mark") continue;
    const told = record.data as Told; // Story marks nothing else
    ({ written } = told);
    ends = [...new Set([...ends, ...told.ends])];
    if (record.seq >= at) break;
    ({ durable, page } = told);
  }
  return { written, ends, durable, page };
}

export interface TwoRunOptions {
  readonly setup: Program;
  readonly first: Program;
  readonly second: Program;
  readonly personality: string;
  /** Of the first crash where there are two, and of the second one. */
  readonly strategy: CrashStrategy;
  readonly secondStrategy: CrashStrategy;
  /** By which the disks are opened. */
  readonly paths: PathChoice;
  readonly options: Partial<StoreOptions<Sample>>;
}

/** Everything promised is there as it was told, whatever else is there was written, and commits are whole. */
export function demandPromised({ events, behind }: Seen, { written, ends, durable, page }: Told): void {
  for (const [index, event] of written.slice(0, durable).entries()) {
    if (events[index] !== event) throw new Error(`${event} was promised, and there is ${String(events[index])}`);
  }
  for (const [index, event] of events.entries()) {
    if (written[index] !== event) throw new Error(`nobody wrote ${event}, but ${String(written[index])}`);
  }
  if (!ends.includes(events.length)) throw new Error(`${events.length} events are a part of a commit`);
  const rest = page === undefined ? "" : events.slice(page.sequence).join();
  if (behind.join() !== rest) throw new Error(`behind the page is ${behind.join()}, and not ${rest}`);
}

async function prepared({ setup, personality }: TwoRunOptions): Promise<{ fs: CrashFs; told: Told }> {
  const fs = new CrashFs({ personality });
  const story = new Story(1, () => {}, nothing);
  await setup(new Directory(fs), story);
  return { fs: new CrashFs({ image: fs.snapshot(), personality }), told: story.told };
}

async function demandAll(image: Image, told: Told, { options, paths }: TwoRunOptions): Promise<void> {
  demandPromised(await seenByPaths(image, options, told.page?.token, paths), told);
}

async function judge(trace: Trace, before: Told, from: number, options: TwoRunOptions): Promise<number> {
  let images = 0;
  const { personality, secondStrategy: strategy } = options;
  for (const { image, choice } of crashImages(trace, { personality, strategy, from })) {
    const told = toldAt(trace, choice.at, before);
    try {
      await demandAll(image, told, options);
    } catch (error) {
      throw new Error(`${JSON.stringify(choice)}, promised ${told.durable}`, { cause: error });
    }
    images += 1;
  }
  return images;
}

/** Behind a kill everything is there that was written, and at most what was being written: readable, durable or not. */
export function demandWritten({ events }: Seen, { written }: Told): void {
  for (const [index, event] of written.entries()) {
    if (events[index] !== event) throw new Error(`${event} was written, and there is ${String(events[index])}`);
  }
}

/** The first run loses the power at every moment, the second as well. Returns how many disks were looked at. */
export async function powerTwice(options: TwoRunOptions): Promise<number> {
  const { fs, told } = await prepared(options);
  await options.first(new Directory(fs), new Story(2, (word) => fs.mark("told", word), told));
  const trace = fs.trace();
  let images = 0;
  for (const { image, choice } of crashImages(trace, options)) {
    const between = toldAt(trace, choice.at, told);
    const again = new CrashFs({ image, personality: options.personality });
    try {
      await demandAll(image, between, options);
      await options.second(new Directory(again), new Story(3, (word) => again.mark("told", word), between));
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
    const first = new Story(2, (word) => fs.mark("told", word), told);
    await beginOver(mortal, options.first, first);
    fs.processCrash();
    const from = fs.trace().records.length;
    const second = new Story(3, (word) => fs.mark("told", word), first.told);
    try {
      await options.second(new Directory(fs), second, demandWritten);
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
