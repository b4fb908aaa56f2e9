import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, isEffect, type Image } from "@holdfast/fs-seam/crash";
import { expect } from "vitest";
import { openNamedCursor, runReactor, type NamedCursor } from "../../src/consumers-entry.js";
import {
  openStoreReader,
  region,
  type Region,
  type Store,
  type StoreOptions,
  type StoreReader,
} from "../../src/index.js";
import { verifyBackup } from "../../src/maintenance-entry.js";
import { directoryCache, Projector } from "../../src/projections-entry.js";
import type { OpeningPath } from "../opening-paths.js";
import { determined, events, openSample, Paid, type Sample } from "../sample-store.js";
import { orders } from "./model-regions.js";
import { demandEvents, demandIntact, demandModel, demandTokens } from "./store-equality.js";
import { StoreModel, type Found, type HeldBackup } from "./store-model.js";

/**
 * A program that has everything open that a store offers: the store, a reader beside it, two named cursors, a reactor, a projector with
 * rows on the same disk, backups. And the machine it runs on, which may stop it at any moment.
 */

export interface ProgramSettings {
  readonly personality: string;
  readonly store: Partial<StoreOptions<Sample>>;
  /** Hears what has happened, so that somebody may ask whether anything did. */
  readonly note: (what: string) => void;
}

/** What the power leaves of what is pending: nothing, all of it, or what the seed says. */
export type Left = "worst" | "best" | number;

const ROWS = "/rows";

/** One sees what is durable, the other what is visible. */
export const CURSORS: Readonly<Record<CursorName, CursorSettings>> = {
  all: { of: region(), until: "durable", batchEvents: 2 },
  orders: { of: orders, until: "visible", batchEvents: 3 },
};
export type CursorName = "all" | "orders";
const cursorNames: readonly CursorName[] = ["all", "orders"];

interface CursorSettings {
  readonly of: Region;
  readonly until: "durable" | "visible";
  readonly batchEvents: number;
}

export const REACTOR = "reactor";
/** Entity of the events that the reactor appends. */
export const REACTIONS = "reactions";

export class StoreProgram {
  readonly #settings: ProgramSettings;
  #path = "/store";
  #runs = 0;
  #fs: CrashFs;
  #store: Store<Sample> | undefined;
  #reader: StoreReader<Sample> | undefined;
  #cursors: ReadonlyMap<string, NamedCursor<Region, Sample>> = new Map();
  #projector: Projector<Sample> | undefined;
  #copies = 0;
  /** Whether something derived was taken away or damaged; where it was damaged, it stays so. */
  #isHarmed = false;
  /** Segments that a power loss has left: a footer that no barrier covered may be torn. */
  #outlived: ReadonlySet<string> = new Set();
  /** The model as the last command found it, and how many records the file system had then. */
  #before: StoreModel = new StoreModel();
  #mark = 0;

  constructor(settings: ProgramSettings) {
    this.#settings = settings;
    this.#fs = new CrashFs({ personality: settings.personality });
    for (const path of [this.#path, ROWS]) this.#fs.makeDirectory(path);
    this.#fs.syncNamesBlocking("/");
  }

  get store(): Store<Sample> {
    if (this.#store === undefined) throw new Error("nothing is open");
    return this.#store;
  }

  /** Says what has happened. */
  get note(): (what: string) => void {
    return this.#settings.note;
  }

  get projector(): Projector<Sample> {
    if (this.#projector === undefined) throw new Error("nothing is open");
    return this.#projector;
  }

  cursor(name: CursorName): NamedCursor<Region, Sample> {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) throw new Error("nothing is open");
    return cursor;
  }

  /** From here on the power may fail, until the next command begins. */
  begin(model: StoreModel): void {
    this.#before = model.copy();
    this.#mark = this.#fs.trace().records.length;
  }

  /** Opens all there is for the model, in which everything is saved. */
  async open(model: StoreModel): Promise<void> {
    const found = await this.#open();
    expect(found.last).toBe(model.events.length);
    for (const [name, { position }] of model.cursors) expect(found.cursors.get(name), name).toBe(position);
    if (model.cursors.size === 0) {
      model.cursors = new Map([...cursorNames, REACTOR].map((name) => [name, { position: 0, saved: 0 }]));
    }
  }

  /** Holds everything that can be read, by the writer and beside it, against the model. */
  async demandAll(model: StoreModel): Promise<void> {
    await demandModel(this.store, model);
    await demandIntact(this.store, model);
    demandTokens(this.store, model);
    this.demandWatermarks(model);
    const reader = (this.#reader ??= this.#openReader(this.#path));
    expect(reader.refresh()).toBe(model.events.length);
    await demandModel(reader, model);
    await demandIntact(reader, model);
    expect(reader.watermarks.durable).toBeLessThanOrEqual(model.durable);
  }

  /** The same of the events that were written last. */
  demandLast(model: StoreModel): void {
    demandEvents(this.store, model, model.events.slice(-6));
    this.demandWatermarks(model);
  }

  /** What the store says of itself is a promise, and none of it is taken back. */
  demandWatermarks(model: StoreModel): void {
    const { accepted, visible, durable } = this.store.watermarks;
    expect(accepted).toBe(model.events.length);
    expect(visible).toBeGreaterThanOrEqual(Math.max(model.visible, durable));
    expect(durable).toBeGreaterThanOrEqual(model.durable);
    [model.visible, model.durable] = [visible, durable];
    for (const [name, { position, saved }] of model.cursors) {
      const cursor = this.#cursors.get(name);
      if (cursor !== undefined) expect([cursor.position, cursor.savedPosition], name).toEqual([position, saved]);
    }
  }

  async close(model: StoreModel): Promise<void> {
    for (const cursor of this.#cursors.values()) await cursor.close();
    await this.store.close();
    [model.visible, model.durable] = [model.events.length, model.events.length];
    const saved = [...model.cursors].map(([name, { position }]) => [name, { position, saved: position }] as const);
    model.cursors = new Map(saved);
  }

  /** Closes the store, and opens it by one of the paths by which events become known. */
  async reopen(model: StoreModel, { prepare }: OpeningPath): Promise<void> {
    await this.close(model);
    const image = this.#fs.snapshot();
    const taken = new CrashFs({ image });
    const isChanged = prepare(new Directory(taken, this.#path));
    if (isChanged) {
      this.#mount(taken.snapshot());
      this.begin(model);
    }
    await this.open(model);
    const { unused, ...sources } = this.store.openReport.indexedFrom;
    for (const [source, part] of Object.entries(sources)) {
      if (part.events > 0) this.note(`indexed from ${source}`);
    }
    // What is derived heals itself, so that only this tells whether it was right. A merge may take away all segments that an accelerator has.
    this.#isHarmed ||= isChanged;
    const isMerging = (this.#settings.store.mergeBytes ?? 0) > 0;
    const isMeant = (why: string): boolean =>
      why === "absent" || (isMerging && why === "the segments of the log are not those it was made of");
    const isTorn = ({ file, why }: { file: string; why: string }): boolean =>
      this.#outlived.has(file) && why.endsWith("is damaged");
    if (!this.#isHarmed) expect(unused.filter((part) => !isMeant(part.why) && !isTorn(part))).toEqual([]);
  }

  /** The process ends: what is with the system stays, and what waits in a buffer goes. */
  async kill(model: StoreModel): Promise<void> {
    this.#fs.processCrash();
    this.#reader = undefined;
    const cursors = [...model.cursors].map(([name, { saved }]) => [name, { position: saved, saved }] as const);
    model.cursors = new Map(cursors);
    const promised = Object.assign(model.copy(), { durable: model.visible });
    this.#mark = this.#fs.trace().records.length;
    const { durable } = model;
    await this.#recover(model, promised, () => durable);
  }

  /** The power fails at one of the moments since the last command began. */
  async losePower(model: StoreModel, moment: number, left: Left): Promise<void> {
    const image = this.#leftOver(moment, left);
    this.#mount(image);
    const names = new Directory(this.#fs, this.#path).list().map(({ name }) => name);
    this.#outlived = new Set(names.filter((name) => name.endsWith(".seg")));
    this.#mark = 0;
    const [late, { length }] = [model.backup, model.events];
    model.durable = this.#before.durable;
    await this.#recover(model, this.#before, (last) => last); // all of it was on the disk that was found
    if (model.events.length < length) this.note("events lost");
    if (model.backup !== undefined) await this.demandBackup(model.backup);
    if (late !== undefined && late !== model.backup && (await this.#isWhole(late))) await this.demandBackup(late);
  }

  /** A directory for a backup that stays. */
  makeCopyDirectory(): Directory {
    const path = `/copy-${(this.#copies += 1)}`;
    this.#fs.makeDirectory(path);
    this.#fs.syncNamesBlocking("/");
    return new Directory(this.#fs, path);
  }

  /** Holds a backup against what it is a copy of. */
  async demandBackup({ path, report, model }: HeldBackup): Promise<void> {
    const directory = new Directory(this.#fs, path);
    expect(await verifyBackup(directory, report)).toMatchObject({ kind: "intact", bytes: report.bytes });
    const reader = this.#openReader(path);
    await demandModel(reader, model);
    await demandIntact(reader, model);
    reader.close();
  }

  /** Goes on with a backup in the place of the store. */
  async restore(model: StoreModel): Promise<void> {
    const { backup } = model;
    if (backup === undefined) throw new Error("there is no copy");
    const { path, model: copied } = backup;
    await this.close(model);
    this.#mount(this.#fs.snapshot());
    this.#path = path;
    const { tokens } = model;
    Object.assign(model, copied.copy(), { tokens, cursors: new Map(), backup: undefined });
    this.begin(model);
    await this.open(model);
  }

  /** Appends an event for every order that was not answered yet. */
  async react(): Promise<void> {
    await runReactor(this.store, orders, {
      name: REACTOR,
      live: false,
      batchEvents: 2,
      handle: ({ sequence }, out) => out.append(REACTIONS, Paid, { by: String(reactionTo(sequence)) }),
    });
  }

  async end(model: StoreModel): Promise<void> {
    await this.demandAll(model);
    await this.close(model);
    this.#reader?.close();
    const last = this.#openReader(this.#path);
    await demandModel(last, model);
    last.close();
  }

  #openReader(path: string): StoreReader<Sample> {
    return openStoreReader({ directory: new Directory(this.#fs, path), events });
  }

  #mount(image: Image): void {
    this.#reader = undefined;
    this.#fs = new CrashFs({ image, personality: this.#settings.personality });
  }

  /** @param durable - so many of the events there are survive a power loss, if it comes before this open is done. */
  async #recover(model: StoreModel, promised: StoreModel, durable: (last: number) => number): Promise<void> {
    const found = await this.#open();
    model.survive(promised, found);
    this.#before = Object.assign(model.copy(), {
      durable: durable(found.last),
      cursors: new Map([...model.cursors].filter(([name]) => found.cursors.get(name) !== undefined)),
    });
  }

  async #open(): Promise<Found> {
    this.#runs += 1;
    const directory = new Directory(this.#fs, this.#path);
    this.#store = await openSample(directory, { ...this.#settings.store, ...determined(this.#runs) });
    const { store } = this;
    expect(store.openReport.events).toBe(store.lastSequence);
    const opened = new Map<string, NamedCursor<Region, Sample>>();
    for (const name of cursorNames) {
      const { of, ...options } = CURSORS[name];
      opened.set(name, await openNamedCursor(store, of, { name, live: false, ...options }));
    }
    this.#cursors = opened;
    const reactor = await openNamedCursor(store, orders, { name: REACTOR, live: false });
    await reactor.close();
    this.#projector = new Projector(store, {
      cache: directoryCache(new Directory(this.#fs, ROWS)),
      snapshotEvery: 1,
      clock: () => this.#runs,
    });
    const reports = [...opened, [REACTOR, reactor] as const].map(([name, { openReport }]) => {
      return [name, openReport.kind === "created" ? undefined : openReport.sequence] as const;
    });
    const gone = [...store.events(region())].filter(({ status }) => status === "dropped");
    const dropped = new Set(gone.map(({ sequence }) => sequence));
    return { last: store.lastSequence, dropped, cursors: new Map(reports) };
  }

  /** A disk that the power may leave. */
  #leftOver(moment: number, left: Left): Image {
    const trace = this.#fs.trace();
    const { length } = trace.records;
    const moments = trace.records.flatMap((record, at) => (at >= this.#mark && !isEffect(record) ? [at] : []));
    const at = [...moments, length][moment % (moments.length + 1)]!; // one of them
    const { personality } = this.#settings;
    const isDrawn = typeof left === "number";
    const strategy = isDrawn
      ? ({ kind: "random", seed: left, count: 1 } as const)
      : ({ kind: "levels", level: 0 } as const);
    const images = [...crashImages(trace, { at, personality, strategy })].map(({ image }) => image);
    const chosen = isDrawn ? images[left % images.length] : left === "worst" ? images[0] : images.at(-1);
    if (chosen === undefined) throw new Error(`there is no disk at ${at} of ${length}`);
    return chosen;
  }

  async #isWhole({ path, report }: HeldBackup): Promise<boolean> {
    if (!new Directory(this.#fs, "/").exists(path.slice(1))) return false;
    return (await verifyBackup(new Directory(this.#fs, path), report)).kind === "intact";
  }
}

/** What a reactor answers to an order: an odd amount. */
export function reactionTo(sequence: number): number {
  return 2 * sequence + 1;
}
