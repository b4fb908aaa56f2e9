import type { Projection } from "./projection-definition.js";
import { ProjectionFold, startOf, type FoldPoint } from "./projection-fold.js";
import type { RowFacts } from "./projection-row.js";
import type { ProjectionRows, RowReading, RowWriting } from "./projection-rows.js";
import type { ResolvedTarget } from "./projection-target.js";
import type { ReaderWatermarks, StoreAnchor } from "./readable-store.js";
import type { EventsOptions } from "./reading-options.js";
import type { StoredEvent } from "./stored-event.js";

/** A state, and where in which history it stands. Plain data beside the state. */
export interface Projected<State> {
  /** What the events make. */
  readonly state: State;
  /** Of the last event that it has taken in, 0 without one. */
  readonly sequence: number;
  /** Of that event in its stream; `empty` without one. */
  readonly revision: number | "empty";
  /** Binds whatever is derived from the state to this history. */
  readonly anchor: StoreAnchor;
  /** Events that were folded for it. */
  readonly events: number;
  /** What became of the row that was there before. */
  readonly reading: RowReading;
  /** What became of the row that stands there since. */
  readonly writing: RowWriting;
}

/** What a run asks of a store besides its events. */
export interface AnchoredStore {
  readonly watermarks: ReaderWatermarks;
  anchor(sequence: number): StoreAnchor;
}

/** What is read, and what becomes of rows. */
export interface RunOptions {
  readonly store: AnchoredStore;
  /** Undefined where no row is to be read or written. */
  readonly rows: ProjectionRows | undefined;
  /** The last sequence that counts; undefined for all that is visible. */
  readonly upTo: number | undefined;
  /** The last revision that counts. */
  readonly upToRevision: number;
  readonly isPast: boolean;
  readonly snapshotEvery: number;
  readonly maxStaleMs: number;
  /** Milliseconds since 1970, when the store was looked at. */
  readonly nowMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What a run after another one goes on from. */
export interface RunStart<State> {
  readonly point: FoldPoint<State>;
  /** Sequence of the last row that was read or written, 0 without one. */
  readonly lastRow: number;
  /** Events that were taken in since. */
  readonly since: number;
}

/**
 * One reading of a projection: a row to begin with, the events behind it, and a row to leave.
 *
 * What a row that outlives the process may hold ends with what was durable when the reading began. Where events beyond that are folded,
 * the row is made on the way, of the state before the first of them.
 */
export class ProjectionRun<State> {
  readonly #projection: Projection<State>;
  readonly #target: ResolvedTarget;
  readonly #options: RunOptions;
  readonly #fold: ProjectionFold<State>;
  readonly #reading: RowReading;
  /** The last sequence that a row may hold. */
  readonly #rowLimit: number;
  #writing: RowWriting = { kind: "none" };
  #lastRow: number;
  /** Events since the last row, without those of this run. */
  #since: number;
  #anchor: StoreAnchor | undefined = undefined;

  /**
   * @param from - a state of an earlier reading to go on from; then no row is read.
   * @throws what reading the row's event throws.
   */
  constructor(
    projection: Projection<State>,
    target: ResolvedTarget,
    options: RunOptions,
    from: RunStart<State> | undefined,
  ) {
    this.#projection = projection;
    this.#target = target;
    this.#options = options;
    const { store, rows, upTo = Number.POSITIVE_INFINITY, upToRevision } = options;
    const limits = { sequence: upTo, revision: upToRevision };
    const found = from === undefined ? rows?.read(projection, target, limits) : undefined;
    let start = from ?? { point: startOf(projection), lastRow: 0, since: 0 };
    this.#reading = { kind: "none" };
    if (found?.kind === "row") {
      start = { point: found.point, lastRow: found.point.sequence, since: 0 };
      this.#anchor = found.anchor;
      this.#reading = this.#readingOf(found.facts);
    } else if (found !== undefined) {
      this.#reading = found;
    }
    this.#lastRow = start.lastRow;
    this.#since = start.since;
    this.#rowLimit = rows?.isVolatile === false ? store.watermarks.durable : Number.POSITIVE_INFINITY;
    this.#fold = new ProjectionFold(projection, start.point, this.#rowLimit, () => this.#leaveRow(false));
  }

  /** Whether nothing is to be read: the row will do. */
  get isServed(): boolean {
    return this.#reading.kind === "served";
  }

  /** Which of the target's events are to be taken in, in ascending order. */
  get wanted(): EventsOptions {
    const { upTo, upToRevision, signal } = this.#options;
    const { sequence, revision } = this.#fold;
    const count = upToRevision - (revision === "empty" ? -1 : revision);
    return {
      after: sequence,
      ...(upTo === undefined ? {} : { upTo }),
      ...(count === Number.POSITIVE_INFINITY ? {} : { limit: count }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  take(event: StoredEvent): void {
    this.#fold.take(event);
  }

  /** Leaves a row where one is due, and says what came of it all. */
  finish(): Projected<State> {
    const { state, sequence, revision, count: events } = this.#fold;
    if (!this.isServed) this.#leaveRow(this.#options.upTo === undefined);
    const anchor = this.#anchorAt(sequence);
    return { state, sequence, revision, anchor, events, reading: this.#reading, writing: this.#writing };
  }

  /** What the run after this one goes on from. */
  get next(): RunStart<State> {
    const { state, sequence, revision, count } = this.#fold;
    return { point: { state, sequence, revision }, lastRow: this.#lastRow, since: this.#since + count };
  }

  #readingOf({ sequence, lookedMs, isComplete }: RowFacts): RowReading {
    const { upTo, maxStaleMs, nowMs } = this.#options;
    const ageMs = nowMs - lookedMs;
    // A clock that went back says nothing of an age, and to a reading of the past, whose maxStaleMs is 0, nothing is young. What has all that
    // is durable need not have all that is visible.
    const isYoung = ageMs >= 0 && ageMs < maxStaleMs;
    if (isYoung && (isComplete || upTo !== undefined)) return { kind: "served", sequence, ageMs };
    return { kind: "hit", sequence };
  }

  #leaveRow(isComplete: boolean): void {
    const { rows, isPast, snapshotEvery, maxStaleMs, nowMs } = this.#options;
    const { sequence, count } = this.#fold;
    // Beyond what is durable is what was taken in behind the halt, and maybe the state that was gone on from.
    if (rows === undefined || isPast || sequence === 0 || sequence > this.#rowLimit) return;
    // What is younger may be served, so the time of the look is worth a row.
    const isDue = maxStaleMs > 0 || (sequence > this.#lastRow && this.#since + count >= snapshotEvery);
    if (!isDue) return;
    const looked = { lookedMs: Math.floor(nowMs), isComplete };
    this.#writing = rows.write(this.#projection, this.#target, this.#fold, this.#anchorAt(sequence), looked);
    if (this.#writing.kind !== "written") return;
    this.#lastRow = sequence;
    this.#since = -count;
  }

  #anchorAt(sequence: number): StoreAnchor {
    if (this.#anchor?.sequence !== sequence) this.#anchor = this.#options.store.anchor(sequence);
    return this.#anchor;
  }
}
