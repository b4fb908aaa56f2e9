// A history: what is done to a database, and the model it is held against behind each step.
import { expect } from "vitest";
import type { EngineCursor, EngineSnapshot, RangeOptions, WriteRung } from "../../src/engine-contract.js";
import { readManifest } from "../../src/manifest-log.js";
import { LsmError } from "../../src/lsm-error.js";
import { WriteBatch } from "../../src/write-batch.js";
import { KEYS, type DrawnWrite, type HistoryCommand } from "./history-commands.js";
import { HistoryMachine, type MachineSettings } from "./history-machine.js";
import { entriesOf, HistoryModel, isInside, type Content, type ModelBounds, type ModelState } from "./history-model.js";
import { plantLevels } from "./planted-levels.js";

const MOST_SNAPSHOTS = 8;
const MOST_CURSORS = 4;

interface HeldSnapshot {
  readonly snapshot: EngineSnapshot;
  readonly content: Content;
}

interface HeldCursor {
  readonly cursor: EngineCursor;
  readonly bounds: ModelBounds;
  readonly entries: readonly (readonly [string, string])[];
  /** Where it stands; the number of entries: nowhere. */
  at: number;
}

type Command<Kind extends HistoryCommand["kind"]> = Extract<HistoryCommand, { kind: Kind }>;

const bytesOf = (key: string): Uint8Array => Uint8Array.from(Buffer.from(key, "hex"));
const hexOf = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  Buffer.from(bytes.subarray(start, end)).toString("hex");
const textOf = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  Buffer.from(bytes.subarray(start, end)).toString("latin1");

function rangeOf({ reverse, ...bounds }: ModelBounds): RangeOptions {
  const encoded = Object.entries(bounds).map(([name, key]) => [name, bytesOf(key)]);
  return { ...Object.fromEntries(encoded), ...(reverse === undefined ? {} : { reverse }) };
}

function entryAt({ keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd }: EngineCursor): [string, string] {
  return [hexOf(keyBytes, keyStart, keyEnd), textOf(valueBytes, valueStart, valueEnd)];
}

const isBarrier = (rung: WriteRung): boolean => rung === "data" || rung === "full";

export class EngineHistory {
  readonly #machine: HistoryMachine;
  readonly #settings: MachineSettings;
  /** Hears what has happened, so that somebody may ask whether anything did. */
  readonly #note: (what: string) => void;
  #model: HistoryModel = new HistoryModel({ seqno: 0, content: new Map() });
  #snapshots: HeldSnapshot[] = [];
  #cursors: HeldCursor[] = [];
  #values = 0;
  #steps = 0;
  /** What work that nobody waited for has thrown. */
  #surprise: { readonly error: unknown } | undefined;

  constructor(settings: MachineSettings, note: (what: string) => void) {
    this.#settings = settings;
    this.#machine = new HistoryMachine(settings);
    this.#note = note;
  }

  /** @param isPlanted - whether there is something on every level when it begins. */
  async begin(isPlanted: boolean): Promise<void> {
    const { directory } = this.#machine;
    if (isPlanted) this.#model = new HistoryModel(await plantLevels(directory, this.#settings.engine, KEYS));
    this.#machine.begin();
    await this.#open(this.#model.last.seqno);
    this.#demandAll();
  }

  async run(command: HistoryCommand): Promise<void> {
    const isStop = command.kind === "kill" || command.kind === "lose power"; // of the command before, at any moment of it
    if (!isStop) this.#machine.begin();
    this.#note("command");
    await this.#carryOut(command);
    if (this.#surprise !== undefined) throw this.#surprise.error;
    this.#steps += 1;
    if (isStop || command.kind === "reopen") this.#demandAll();
    else this.#demandSome();
  }

  /** Everything is let go of, and what lies on the disk is what the database is made of. */
  async end(): Promise<void> {
    await this.#settle();
    await this.#reopen();
    this.#demandAll();
    await this.#machine.until(this.#machine.engine.close());
    if (this.#surprise !== undefined) throw this.#surprise.error;
  }

  #carryOut(command: HistoryCommand): Promise<void> | void {
    switch (command.kind) {
      case "turn":
        return this.#turn(command);
      case "batch":
        return this.#batch(command);
      case "clearAll":
        return this.#clearAll(command);
      case "clearRange":
        return this.#clearRange(command);
      case "flush":
        return this.#flush(command);
      case "compact":
        return this.#compact(command);
      case "turns":
        return this.#turns(command.count);
      case "snapshot":
        return this.#takeSnapshot();
      case "release":
        for (const { snapshot } of this.#snapshots.splice(command.which, 1)) snapshot.release();
        return;
      case "open cursor":
        return this.#openCursor(command);
      case "move cursor":
        return this.#moveCursor(command);
      case "seek":
        return this.#seek(command);
      case "close cursor":
        for (const { cursor } of this.#cursors.splice(command.which, 1)) cursor.close();
        return;
      case "read":
        return this.#read(command);
      case "settle":
        return this.#settle();
      case "reopen":
        return this.#reopen();
      case "kill":
        return this.#kill();
      case "lose power":
        return this.#losePower(command);
    }
  }

  // --- writing ------------------------------------------------------------------------------------------------------

  async #turn({ writes, isAwaited }: Command<"turn">): Promise<void> {
    const { engine } = this.#machine;
    const valued = writes.map((write) => ({ ...write, value: this.#valueOf(write) }));
    const promises = valued.map(({ key, value, rung }) =>
      value === undefined
        ? engine.delete(bytesOf(key), { rung })
        : engine.put(bytesOf(key), Buffer.from(value), { rung }),
    );
    const state = this.#model.write(
      valued.map(({ key, value }) => [key, value]),
      writes.some(({ rung }) => rung !== "memory"),
    );
    await this.#written(promises, writes, state, isAwaited);
  }

  async #batch({ writes, rung, isAwaited }: Command<"batch">): Promise<void> {
    const batch = new WriteBatch();
    const valued = writes.map((write) => [write.key, this.#valueOf(write)] as const);
    for (const [key, value] of valued) {
      if (value === undefined) batch.delete(bytesOf(key));
      else batch.put(bytesOf(key), Buffer.from(value));
    }
    const promise = this.#machine.engine.write(batch, { rung });
    batch.reset(); // borrowed until the call has returned, and no longer
    const state = this.#model.write(valued, rung !== "memory");
    await this.#written([promise], [{ rung }], state, isAwaited);
  }

  /** Waits for all of them, or until the record that has them is seen; a barrier acknowledges its state whenever it comes. */
  async #written(
    promises: readonly Promise<void>[],
    writes: readonly { readonly rung: WriteRung }[],
    state: ModelState,
    isAwaited: boolean,
  ): Promise<void> {
    const machine = this.#machine;
    for (const [index, { rung }] of writes.entries()) {
      if (isBarrier(rung)) this.#watch(promises[index]!, () => this.#model.acknowledge(state, machine.at)); // one for each
    }
    if (isAwaited) await machine.until(Promise.all(promises));
    else for (const promise of promises) this.#watch(promise, () => {});
    const before = this.#seqno();
    for (let turns = 0; this.#seqno() < state.seqno; turns++) {
      if (turns > 10_000) throw new Error("a write is never seen");
      expect(this.#seqno()).toBe(before); // law 17: all of it or nothing
      await machine.turn();
    }
    expect(this.#seqno()).toBe(state.seqno);
  }

  async #clearAll({ rung, isAwaited }: Command<"clearAll">): Promise<void> {
    const { engine } = this.#machine;
    if (this.#snapshots.length > 0) return this.#clear({}, -1, rung, undefined);
    const cleared = engine.clear({}, { rung });
    const state = this.#model.clear();
    this.#note("cleared at once");
    expect(this.#seqno()).toBe(state.seqno);
    if (isBarrier(rung)) this.#watch(cleared, () => this.#model.acknowledge(state, this.#machine.at));
    else this.#watch(cleared, () => {});
    if (isAwaited) await this.#machine.until(cleared);
  }

  #clearRange({ bounds, limit, rung, snapshot }: Command<"clearRange">): Promise<void> {
    const held = snapshot === undefined ? undefined : this.#snapshots[snapshot];
    const isWhole = held === undefined && limit < 0 && Object.keys(bounds).every((bound) => bound === "reverse");
    if (isWhole && this.#snapshots.length === 0) return this.#clearAll({ kind: "clearAll", rung, isAwaited: true });
    return this.#clear(bounds, limit, rung, held);
  }

  async #clear(bounds: ModelBounds, limit: number, rung: WriteRung, held: HeldSnapshot | undefined): Promise<void> {
    const gone = entriesOf(held?.content ?? this.#model.content, bounds).map(([key]) => key);
    const keys = limit < 0 ? gone : gone.slice(0, limit);
    const range = { ...rangeOf(bounds), limit, ...(held === undefined ? {} : { snapshot: held.snapshot }) };
    const cleared = this.#machine.engine.clear(range, { rung });
    const state =
      keys.length === 0
        ? this.#model.last
        : this.#model.write(
            keys.map((key) => [key, undefined]),
            rung !== "memory",
          );
    if (isBarrier(rung) && keys.length > 0) {
      this.#watch(cleared, () => this.#model.acknowledge(state, this.#machine.at));
    }
    await this.#machine.until(cleared);
    expect(this.#seqno()).toBe(state.seqno);
  }

  async #flush({ isAwaited }: Command<"flush">): Promise<void> {
    const state = this.#model.last;
    const flushed = this.#machine.engine.flush();
    this.#watch(flushed, () => this.#model.acknowledge(state, this.#machine.at));
    if (isAwaited) await this.#machine.until(flushed);
  }

  async #compact({ start, end, abortAfter }: Command<"compact">): Promise<void> {
    const stop = new AbortController();
    const compacted = this.#machine.engine.compactRange(
      start === undefined ? undefined : bytesOf(start),
      end === undefined ? undefined : bytesOf(end),
      { signal: stop.signal },
    );
    if (abortAfter === undefined) {
      await this.#machine.until(compacted);
      this.#note("compacted");
      return;
    }
    this.#watch(compacted, () => {});
    await this.#turns(abortAfter);
    stop.abort(new Error("enough"));
  }

  async #turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await this.#machine.turn();
  }

  /** What comes of a promise that nobody may be waiting for; of a program that is over nothing comes. */
  #watch(promise: Promise<void>, then: () => void): void {
    const { run } = this.#machine;
    promise.then(
      () => {
        if (run === this.#machine.run) then();
      },
      (error: unknown) => {
        if (run !== this.#machine.run) return;
        if (error instanceof LsmError && error.code === "LSM_ABORTED") this.#note("aborted");
        else this.#surprise ??= { error };
      },
    );
  }

  /** Each value is of one write alone, so that none is taken for another; but for the empty one. */
  #valueOf({ valueBytes }: Pick<DrawnWrite, "valueBytes">): string | undefined {
    if (valueBytes === undefined) return undefined;
    this.#values += 1;
    return `${this.#values}:`.padEnd(valueBytes, "v").slice(0, valueBytes < 12 ? valueBytes * 12 : valueBytes);
  }

  // --- reading ------------------------------------------------------------------------------------------------------

  #takeSnapshot(): void {
    if (this.#snapshots.length >= MOST_SNAPSHOTS) return;
    this.#snapshots.push({ snapshot: this.#machine.engine.snapshot(), content: this.#model.content });
  }

  #openCursor({ bounds, snapshot }: Command<"open cursor">): void {
    if (this.#cursors.length >= MOST_CURSORS) return;
    const held = snapshot === undefined ? undefined : this.#snapshots[snapshot];
    const range = { ...rangeOf(bounds), ...(held === undefined ? {} : { snapshot: held.snapshot }) };
    const cursor = this.#machine.engine.cursor(range);
    cursor.start();
    const opened = { cursor, bounds, entries: entriesOf(held?.content ?? this.#model.content, bounds), at: 0 };
    this.#cursors.push(opened);
    demandPlace(opened);
  }

  #moveCursor({ which, steps }: Command<"move cursor">): void {
    const held = this.#cursors[which % MOST_CURSORS];
    if (held === undefined) return;
    for (let step = 0; step < steps && held.at < held.entries.length; step++) {
      held.cursor.next();
      held.at += 1;
      demandPlace(held);
    }
  }

  #seek({ which, key }: Command<"seek">): void {
    const held = this.#cursors[which % MOST_CURSORS];
    if (held === undefined) return;
    const { entries, bounds, cursor } = held;
    cursor.seek(bytesOf(key));
    const at = entries.findIndex(([each]) => (bounds.reverse === true ? each <= key : each >= key));
    held.at = at < 0 || !isInside(key, bounds) ? entries.length : at;
    demandPlace(held);
  }

  #read({ bounds, keys }: Command<"read">): void {
    this.#demandView(undefined, this.#model.content, bounds, keys);
    for (const { snapshot, content } of this.#snapshots) this.#demandView(snapshot, content, bounds, keys);
  }

  #demandView(
    snapshot: EngineSnapshot | undefined,
    content: Content,
    bounds: ModelBounds,
    keys: readonly string[],
  ): void {
    const { engine } = this.#machine;
    const as = snapshot === undefined ? {} : { snapshot };
    using cursor = engine.cursor({ ...rangeOf(bounds), ...as });
    const found: [string, string][] = [];
    for (cursor.start(); cursor.valid; cursor.next()) found.push(entryAt(cursor));
    expect(found).toEqual(entriesOf(content, bounds));
    const expected = keys.map((key) => content.get(key));
    expect(keys.map((key) => engine.get(bytesOf(key), as)).map((value) => value && textOf(value))).toEqual(expected);
    expect(engine.getMany(keys.map(bytesOf), as).map((value) => value && textOf(value))).toEqual(expected);
  }

  #seqno(): number {
    using snapshot = this.#machine.engine.snapshot();
    return snapshot.seqno;
  }

  /** One view of those there are, in one direction. */
  #demandSome(): void {
    const reverse = this.#steps % 2 === 0;
    const held = this.#snapshots[this.#steps % (MOST_SNAPSHOTS + 1)];
    const keys = KEYS.filter((_, at) => (at + this.#steps) % 5 === 0);
    this.#demandView(held?.snapshot, held?.content ?? this.#model.content, { reverse }, keys);
  }

  #demandAll(): void {
    const state = readManifest(this.#machine.directory.directory("manifest"));
    for (const { level } of state?.version.tables() ?? []) this.#note(`level ${level}`);
    expect(this.#seqno()).toBe(this.#model.last.seqno);
    for (const reverse of [false, true]) this.#read({ kind: "read", bounds: { reverse }, keys: KEYS });
  }

  /** Laws 28, 36, 50: nobody reads anything but the latest, so that the files are those that the manifest names, and they are whole. */
  async #settle(): Promise<void> {
    const machine = this.#machine;
    this.#letGo();
    await machine.until(machine.engine.idle());
    const state = readManifest(machine.directory.directory("manifest"));
    const named = [...(state?.version.tables() ?? [])];
    const sizes = named.map(({ tableNumber, bytes }): [string, number] => [`${tableNumber}.sst`, bytes]);
    const files = machine.directory
      .list("tables")
      .map(({ name }): [string, number] => [name, machine.directory.stat(`tables/${name}`).size]);
    expect(new Map(files)).toEqual(new Map(sizes));
    expect(files).toHaveLength(sizes.length);
  }

  #letGo(): void {
    for (const { cursor } of this.#cursors.splice(0)) cursor.close();
    for (const { snapshot } of this.#snapshots.splice(0)) snapshot.release();
  }

  // --- stopping -----------------------------------------------------------------------------------------------------

  async #reopen(): Promise<void> {
    this.#letGo();
    const machine = this.#machine;
    const { last } = this.#model;
    await machine.until(machine.engine.close());
    this.#model.acknowledge(last, machine.at);
    await this.#open(last.seqno);
    this.#note("reopened");
  }

  async #kill(): Promise<void> {
    this.#forget();
    const machine = this.#machine;
    machine.kill();
    await machine.open();
    const { writtenSeqno, last } = this.#model;
    const seqno = this.#demandFound(writtenSeqno, last.seqno);
    this.#model.survive(seqno, machine.at, false);
    if (seqno < last.seqno) this.#note("a kill has taken writes");
    this.#note("killed");
  }

  async #losePower({ moment, left, again }: Command<"lose power">): Promise<void> {
    this.#forget();
    const machine = this.#machine;
    const { last } = this.#model;
    const durable = this.#model.durableSeqno(machine.losePower(moment, left));
    await machine.open();
    const seqno = this.#demandFound(durable, last.seqno);
    this.#model.survive(seqno, 0, true); // it was on the disk that was found
    if (again !== undefined) {
      machine.losePower(again.moment, again.left);
      await this.#open(seqno); // law 44
      this.#note("the power failed during a recovery");
    }
    this.#note("the power failed");
    if (seqno < last.seqno) this.#note("a power loss has taken writes");
  }

  /** Laws 15, 18, 19: what is there is what there was behind one of the records, and not before the last that was promised. */
  #demandFound(least: number, most: number): number {
    const seqno = this.#seqno();
    expect(seqno).toBeGreaterThanOrEqual(least);
    expect(seqno).toBeLessThanOrEqual(most);
    expect(this.#model.at(seqno)).toBeDefined();
    return seqno;
  }

  /** Whoever held something has ended. */
  #forget(): void {
    this.#snapshots = [];
    this.#cursors = [];
  }

  async #open(seqno: number): Promise<void> {
    await this.#machine.open();
    expect(this.#seqno()).toBe(seqno);
  }
}

function demandPlace({ cursor, entries, at }: HeldCursor): void {
  expect(cursor.valid).toBe(at < entries.length);
  if (cursor.valid) expect(entryAt(cursor)).toEqual(entries[at]);
}
