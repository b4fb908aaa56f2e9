import type { EventDefinition } from "./event-definition.js";
import type { Projection } from "./projection-definition.js";
import { checkSource } from "./option-checks.js";
import { ProjectionRows, type ProjectionStats, type RowMiss } from "./projection-rows.js";
import { ProjectionRun, type Projected, type RunOptions, type RunStart } from "./projection-run.js";
import { resolveTarget, type ProjectionTarget, type ResolvedTarget } from "./projection-target.js";
import {
  checkProjectOptions,
  checkWatchOptions,
  resolveProjectorOptions,
  type ProjectAsyncOptions,
  type ProjectOptions,
  type ProjectorOptions,
  type ResolvedProjectorOptions,
  type WatchOptions,
} from "./projector-options.js";
import type { ReadableStore, ReaderWatermarks } from "./readable-store.js";
import { Watchers } from "./watchers.js";

/**
 * Projections of one store: states that are folded from its events, from a row of a cache on where there is one.
 *
 * The law: what it gives is what folding the same events from the beginning gives, whatever the cache holds, has lost, or makes up.
 * `maxStaleMs` changes which events these are, and nothing else.
 *
 * It holds no file and no timer; it is done with when the store is closed.
 */
export class Projector<Definition extends EventDefinition = EventDefinition> {
  readonly #store: ReadableStore<Definition>;
  readonly #options: ResolvedProjectorOptions;
  readonly #rows: ProjectionRows | undefined;
  readonly #watchers: Readonly<Record<keyof ReaderWatermarks, Watchers>>;
  readonly #counts = { events: 0, hits: 0, served: 0, written: 0, unwritten: 0 };
  readonly #misses: Record<RowMiss, number> = {
    absent: 0,
    damaged: 0,
    foreign: 0,
    history: 0,
    ahead: 0,
    state: 0,
    failed: 0,
  };

  /** @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option. */
  constructor(store: ReadableStore<Definition>, options: ProjectorOptions = {}) {
    checkSource(store);
    this.#options = resolveProjectorOptions(options);
    const { cache } = this.#options;
    this.#store = store;
    this.#rows = cache === undefined ? undefined : new ProjectionRows(cache, store);
    this.#watchers = { visible: new Watchers(store, "visible"), durable: new Watchers(store, "durable") };
  }

  /**
   * The state of a projection over a stream, or over a region in the order of the store. Where no event concerns it, that is `initial`.
   *
   * @throws {@link StoreError} `STORE_UNREADABLE` for an event of which the projection does not say what becomes of it;
   * `STORE_INVALID_DEFINITION` with the sequence of an event whose handler gave undefined or a promise; `STORE_INVALID_OPTION`, `STORE_INVALID_NAME`; what reading throws, and what the projection itself does. Nothing that concerns a row of
   * the cache is thrown: it is told in the result.
   */
  project<State, Wanted extends Definition>(
    projection: Projection<State, Wanted>,
    of: ProjectionTarget,
    options: ProjectOptions = {},
  ): Projected<State> {
    const { target, run } = this.#begin<State>(projection, of, options);
    if (!run.isServed) for (const event of this.#store.events(target.region, run.wanted)) run.take(event);
    return this.#counted(run.finish());
  }

  /** The same without holding the event loop while events are read; rows of the cache are read and written at once. */
  async projectAsync<State, Wanted extends Definition>(
    projection: Projection<State, Wanted>,
    of: ProjectionTarget,
    options: ProjectAsyncOptions = {},
  ): Promise<Projected<State>> {
    const { target, run } = this.#begin<State>(projection, of, options);
    return this.#folded(target, run);
  }

  /**
   * The state as it is, and again whenever an event of the stream or the region has changed where it stands. Whoever is slow gets the
   * newest, and none of those between; the last one is never missed. All who watch by one projector wait for the store together.
   *
   * Ends with `STORE_ABORTED`, or with what the store says when it is closed or fails; what is appended just before that may not be seen.
   * Leaving the loop, or the signal, ends it without a trace.
   *
   * @throws as {@link projectAsync}; wrong options at once.
   */
  watch<State, Wanted extends Definition>(
    projection: Projection<State, Wanted>,
    of: ProjectionTarget,
    options: WatchOptions = {},
  ): AsyncGenerator<Projected<State>, void, undefined> {
    checkWatchOptions(options);
    return this.#states<State>(projection, resolveTarget(projection, of), options);
  }

  /** Forgets the row of a target, so that the next reading folds from the beginning; false when there was none. Throws what the cache does. */
  forget<State, Wanted extends Definition>(projection: Projection<State, Wanted>, of: ProjectionTarget): boolean {
    return this.#rows?.forget(resolveTarget(projection, of)) ?? false;
  }

  /** Counters, plain data. */
  stats(): ProjectionStats {
    return { ...this.#counts, misses: { ...this.#misses } };
  }

  async *#states<State>(
    projection: Projection<State>,
    target: ResolvedTarget,
    options: WatchOptions,
  ): AsyncGenerator<Projected<State>, void, undefined> {
    const { until = "visible", signal } = options;
    const store = this.#store;
    let start: RunStart<State> | undefined;
    for (;;) {
      const run = this.#run(projection, target, options, start);
      const current = await this.#folded(target, run);
      start = run.next;
      yield current;
      const after = current.sequence;
      const isConcerned = (): boolean => {
        const upTo = until === "durable" ? { upTo: store.watermarks.durable } : {};
        return store.events(target.region, { after, limit: 1, ...upTo }).next().done !== true;
      };
      await this.#watchers[until].concerned(isConcerned, signal);
    }
  }

  #begin<State>(
    projection: Projection<State>,
    of: ProjectionTarget,
    options: ProjectAsyncOptions,
  ): { readonly target: ResolvedTarget; readonly run: ProjectionRun<State> } {
    const target = resolveTarget(projection, of);
    checkProjectOptions(options, target.isStream);
    return { target, run: this.#run(projection, target, options, undefined) };
  }

  #run<State>(
    projection: Projection<State>,
    target: ResolvedTarget,
    options: ProjectAsyncOptions,
    from: RunStart<State> | undefined,
  ): ProjectionRun<State> {
    const { until = "visible", maxStaleMs = 0, atSequence, atRevision, signal } = options;
    const { snapshotEvery = this.#options.snapshotEvery } = options;
    const store = this.#store;
    const bound = until === "durable" ? store.watermarks.durable : undefined;
    const resolved: RunOptions = {
      store,
      rows: this.#rows,
      upTo: atSequence === undefined ? bound : Math.min(atSequence, bound ?? Number.POSITIVE_INFINITY),
      upToRevision: atRevision ?? Number.POSITIVE_INFINITY,
      isPast: atSequence !== undefined || atRevision !== undefined,
      snapshotEvery,
      maxStaleMs,
      nowMs: maxStaleMs > 0 || this.#rows !== undefined ? this.#options.clock() : 0,
      signal,
    };
    return new ProjectionRun(projection, target, resolved, from);
  }

  async #folded<State>({ region }: ResolvedTarget, run: ProjectionRun<State>): Promise<Projected<State>> {
    if (run.isServed) return this.#counted(run.finish());
    for await (const batch of this.#store.eventBatches(region, run.wanted)) {
      for (const event of batch) run.take(event);
    }
    return this.#counted(run.finish());
  }

  #counted<State>(projected: Projected<State>): Projected<State> {
    const { events, reading, writing } = projected;
    const counts = this.#counts;
    counts.events += events;
    if (reading.kind === "hit" || reading.kind === "served") counts.hits += 1;
    if (reading.kind === "served") counts.served += 1;
    if (reading.kind === "miss") this.#misses[reading.why] += 1;
    if (writing.kind === "written") counts.written += 1;
    if (writing.kind === "failed" || writing.kind === "too-large") counts.unwritten += 1;
    return projected;
  }
}
