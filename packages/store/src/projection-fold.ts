import type { Projection } from "./projection-definition.js";
import { StoreError } from "./store-error.js";
import type { StoredEvent } from "./stored-event.js";

/** Where a fold stands. */
export interface FoldPoint<State> {
  readonly state: State;
  /** Of the last event that the state has taken in, 0 without one. */
  readonly sequence: number;
  /** Of that event in its stream; `empty` without one. */
  readonly revision: number | "empty";
}

/** The point before the first event. @throws {@link StoreError} `STORE_INVALID_DEFINITION` where `initial` gives no state. */
export function startOf<State>({ name, initial }: Projection<State>): FoldPoint<State> {
  const state = initial();
  checkState(name, state);
  return { state, sequence: 0, revision: "empty" };
}

/** A handler that forgets its `return`, or is asynchronous, would go unnoticed until somebody looks at the state, or at a row of it. */
function checkState(projection: string, state: unknown, event?: StoredEvent): void {
  const isPromise = typeof (state as { readonly then?: unknown } | null | undefined)?.then === "function";
  if (state !== undefined && !isPromise) return;
  const what = isPromise ? "a promise" : "undefined";
  const where =
    event === undefined
      ? "before the first event"
      : `behind event ${event.sequence}, of kind 0x${event.kind.toString(16)}`;
  const message = `the projection ${projection} has ${what} for a state ${where}: states are made at once, and null stands for none`;
  throw new StoreError("STORE_INVALID_DEFINITION", message, {
    field: "state",
    sequence: event?.sequence ?? 0,
    actual: what,
  });
}

/** Takes in events in ascending order, and stops for a moment on the way. */
export class ProjectionFold<State> implements FoldPoint<State> {
  state: State;
  sequence: number;
  revision: number | "empty";
  /** Events that it has taken in. */
  count = 0;
  readonly #projection: Projection<State>;
  readonly #halt: number;
  readonly #halted: () => void;

  /** @param halted - called before the event is taken in with which the state goes beyond `halt`; never when it is there already. */
  constructor(projection: Projection<State>, from: FoldPoint<State>, halt: number, halted: () => void) {
    this.state = from.state;
    this.sequence = from.sequence;
    this.revision = from.revision;
    this.#projection = projection;
    this.#halt = halt;
    this.#halted = halted;
  }

  /** @throws {@link StoreError} `STORE_INVALID_DEFINITION` when it is given no state; what the projection throws. */
  take(event: StoredEvent): void {
    if (this.sequence <= this.#halt && event.sequence > this.#halt) this.#halted();
    const { name, fold } = this.#projection;
    const next = fold(this.state, event);
    if (next !== this.state) checkState(name, next, event);
    this.state = next;
    this.sequence = event.sequence;
    this.revision = event.revision;
    this.count += 1;
  }
}
