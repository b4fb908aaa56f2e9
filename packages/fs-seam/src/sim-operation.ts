import type { ScheduledJob } from "./sim-job.js";
import type { SimCandidate } from "./sim-pick.js";

/** Something a program asks for that takes its time. */
export interface SimOperation<Result> {
  /** For people: `sync /log`. */
  readonly label: string;
  /** Whose operation it is: what `SimScheduler.abandon` takes. */
  readonly owner?: object;
  /** Operations of one lane come one after the other, in the order of issue; each begins when the last is complete. */
  readonly lane?: object | undefined;
  /** Virtual time from the beginning to the effect, whole microseconds. Default 0. */
  readonly effectMicros?: number;
  /** Virtual time from the beginning to the completion, not below `effectMicros`. Default 0. */
  readonly totalMicros?: number;
  /** Carries it out; must not throw, and must not call the program. */
  readonly effect: () => void;
  /** What the program learns. An error becomes the rejection. */
  readonly complete: () => Result;
}

/** @internal An operation between its issue and its completion. */
export class OperationInFlight implements SimCandidate {
  readonly id: number;
  readonly label: string;
  readonly owner: object | undefined;
  readonly lane: object | undefined;
  /** The job that issued it, as far as that is known. */
  readonly job: ScheduledJob | undefined;
  /** Settles with the operation. */
  readonly promise: Promise<unknown>;
  kind: "effect" | "completion" = "effect";
  /** When its next step may happen; never, while it waits for others of its lane. */
  dueMicros: number = Infinity;
  #deliver: () => void = doNothing;
  readonly #operation: SimOperation<unknown>;
  #completionMicros: number = Infinity;

  constructor(id: number, operation: SimOperation<unknown>, job: ScheduledJob | undefined) {
    this.id = id;
    this.label = operation.label;
    this.owner = operation.owner;
    this.lane = operation.lane;
    this.job = job;
    this.#operation = operation;
    this.promise = new Promise((resolve, reject) => {
      this.#deliver = () => {
        try {
          resolve(operation.complete());
        } catch (error) {
          reject(error);
        }
      };
    });
  }

  begin(nowMicros: number): void {
    const { effectMicros = 0, totalMicros = 0 } = this.#operation;
    this.dueMicros = nowMicros + effectMicros;
    this.#completionMicros = nowMicros + totalMicros;
  }

  takeEffect(): void {
    this.#operation.effect();
    this.kind = "completion";
    this.dueMicros = this.#completionMicros;
  }

  /** Tells the program. */
  settle(): void {
    this.#deliver();
  }
}

/** @internal What is in flight, oldest first, with the lanes it waits in. Looking at it costs as much as it holds. */
export class OperationQueue {
  #operations: OperationInFlight[] = [];
  readonly #lanes = new Map<object, OperationInFlight[]>();

  get length(): number {
    return this.#operations.length;
  }

  add(flight: OperationInFlight, nowMicros: number): void {
    this.#operations.push(flight);
    if (flight.lane === undefined) {
      flight.begin(nowMicros);
      return;
    }
    const lane = this.#lanes.get(flight.lane);
    if (lane !== undefined) {
      lane.push(flight);
      return;
    }
    this.#lanes.set(flight.lane, [flight]);
    flight.begin(nowMicros);
  }

  /** Whether it has not settled. */
  has(flight: OperationInFlight): boolean {
    return this.#operations.includes(flight);
  }

  remove(flight: OperationInFlight, nowMicros: number): void {
    this.#operations.splice(this.#operations.indexOf(flight), 1);
    this.#leaveLane(flight, nowMicros);
  }

  /** Removes all operations of one owner, and returns them, oldest first. */
  removeAllOf(owner: object, nowMicros: number): readonly OperationInFlight[] {
    const removed = this.#operations.filter((flight) => flight.owner === owner);
    this.#operations = this.#operations.filter((flight) => flight.owner !== owner);
    for (const flight of removed) this.#leaveLane(flight, nowMicros);
    return removed;
  }

  #leaveLane(flight: OperationInFlight, nowMicros: number): void {
    const key = flight.lane;
    const lane = key === undefined ? undefined : this.#lanes.get(key);
    if (key === undefined || lane === undefined) return;
    const at = lane.indexOf(flight);
    lane.splice(at, 1);
    if (lane.length === 0) this.#lanes.delete(key);
    else if (at === 0) lane[0]?.begin(nowMicros);
  }

  /** Adds what may happen now to `ready`. */
  addDue(ready: SimCandidate[], nowMicros: number): void {
    for (const flight of this.#operations) if (flight.dueMicros <= nowMicros) ready.push(flight);
  }

  /** When the next of them may happen; infinite when none will by itself. */
  nextDueMicros(): number {
    let next = Infinity;
    for (const flight of this.#operations) next = Math.min(next, flight.dueMicros);
    return next;
  }
}

function doNothing(): void {}
