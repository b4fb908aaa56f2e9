import type { Projection } from "./projection-definition.js";
import type { StoredEvent } from "./stored-event.js";

/** Where a fold stands. */
export interface FoldPoint<State> {
  readonly state: State;
  /** Of the last event that the state has taken in, 0 without one. */
  readonly sequence: number;
  /** Of that event in its stream; `empty` without one. */
  readonly revision: number | "empty";
}

/** The point before the first event. */
export function startOf<State>({ initial }: Projection<State>): FoldPoint<State> {
  return { state: initial(), sequence: 0, revision: "empty" };
}

/** Takes in events in ascending order, and stops for a moment on the way. */
export class ProjectionFold<State> implements FoldPoint<State> {
  state: State;
  sequence: number;
  revision: number | "empty";
  /** Events that it has taken in. */
  count = 0;
  /** Whether an event beyond `halt` was taken in. */
  hasHalted = false;
  readonly #fold: Projection<State>["fold"];
  readonly #halt: number;
  readonly #halted: () => void;

  /** @param halted - called once, before the first event beyond `halt` is taken in; never when there is none. */
  constructor(projection: Projection<State>, from: FoldPoint<State>, halt: number, halted: () => void) {
    this.state = from.state;
    this.sequence = from.sequence;
    this.revision = from.revision;
    this.#fold = projection.fold;
    this.#halt = halt;
    this.#halted = halted;
  }

  take(event: StoredEvent): void {
    if (event.sequence > this.#halt && !this.hasHalted) {
      this.hasHalted = true;
      this.#halted();
    }
    this.state = this.#fold(this.state, event);
    this.sequence = event.sequence;
    this.revision = event.revision;
    this.count += 1;
  }
}
