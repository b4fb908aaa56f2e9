/** The moment a {@link SimClock} starts at, in microseconds of Unix time: 2033-05-18T03:33:20Z. */
export const simEpochMicros = 2_000_000_000_000_000;

/** Something that will happen at a moment of virtual time. */
export interface SimTimer {
  /** Microseconds of virtual Unix time. */
  readonly dueMicros: number;
  /** Keeps it from happening; does nothing when it has happened. */
  cancel(): void;
}

/** When virtual time begins. */
export interface SimClockOptions {
  /** Microseconds of Unix time at the start, a whole number. Default {@link simEpochMicros}. */
  readonly epochMicros?: number;
}

/** What ends a sleep early. */
export interface SleepOptions {
  /** Ends the sleep early with a rejection: its reason. */
  readonly signal?: AbortSignal;
}

/** @internal */
export class ArmedTimer implements SimTimer {
  readonly dueMicros: number;
  readonly action: () => void;
  readonly #clock: SimClock;

  constructor(clock: SimClock, dueMicros: number, action: () => void) {
    this.#clock = clock;
    this.dueMicros = dueMicros;
    this.action = action;
  }

  cancel(): void {
    this.#clock.disarm(this);
  }
}

/**
 * Virtual time: whole microseconds that only go forward, and only when somebody says so. Pass it wherever code takes a
 * clock: `now` and `sleep` are all such code needs, `pass` and `wait` make it the timer of a `FaultFs`.
 *
 * A clock of its own is moved by hand, with `advance`. The clock of a `SimScheduler` is moved by the scheduler, to the next
 * thing that is due whenever nothing else is left to do; nobody ever waits for real.
 *
 * Invariants: time never goes back; timers fire in the order of their moments, those of one moment in the order in which
 * they were armed; a timer fires once, and never before its moment.
 */
export class SimClock {
  #nowMicros: number;
  /** By moment, then by age. */
  readonly #timers: ArmedTimer[] = [];
  #onArmed: ((timer: ArmedTimer) => void) | undefined;

  constructor(options: SimClockOptions = {}) {
    const { epochMicros = simEpochMicros } = options;
    if (!(Number.isSafeInteger(epochMicros) && epochMicros >= 0)) {
      throw new RangeError(`epochMicros must be a whole number from 0 to 2^53-1, not ${String(epochMicros)}`);
    }
    this.#nowMicros = epochMicros;
  }

  /** Whole milliseconds of Unix time, for code that would otherwise ask the machine. */
  now(): number {
    return Math.floor(this.#nowMicros / 1000);
  }

  /** The exact time: whole microseconds of Unix time. */
  nowMicros(): number {
    return this.#nowMicros;
  }

  /**
   * Resolves when so much virtual time has passed.
   *
   * @param milliseconds - 0 or more, rounded to microseconds.
   */
  sleep(milliseconds: number, options: SleepOptions = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.after(milliseconds, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * Calls `action` when so much virtual time has passed. An action that throws ends the `advance` or the run it fires in.
   *
   * @param milliseconds - 0 or more, rounded to microseconds.
   */
  after(milliseconds: number, action: () => void): SimTimer {
    const timer = new ArmedTimer(this, this.#later(milliseconds), action);
    const timers = this.#timers;
    let at = timers.length;
    while (at > 0 && (timers[at - 1] as ArmedTimer).dueMicros > timer.dueMicros) at -= 1; // above 0, so it is there
    timers.splice(at, 0, timer);
    this.#onArmed?.(timer);
    return timer;
  }

  #later(milliseconds: number): number {
    const micros = this.#nowMicros + Math.round(milliseconds * 1000);
    if (milliseconds >= 0 && Number.isSafeInteger(micros)) return micros;
    throw new RangeError(
      `milliseconds must be 0 or more and end before 2^53 microseconds, not ${String(milliseconds)}`,
    );
  }

  /** Timers that have not fired. */
  get timerCount(): number {
    return this.#timers.length;
  }

  /** Moves the time forward and fires what becomes due, each timer at its own moment, within this call. */
  advance(milliseconds: number): void {
    const target = this.#later(milliseconds);
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMicros <= target; timer = this.#timers[0]) {
      this.fire(timer);
    }
    if (target > this.#nowMicros) this.#nowMicros = target;
  }

  /**
   * Lets time pass as a blocking call does: nothing fires meanwhile, and what has become due is late. This is the form in
   * which a `FaultFs` delays a blocking call.
   */
  pass(milliseconds: number): void {
    this.#nowMicros = this.#later(milliseconds);
  }

  /** The same as {@link sleep}, under the name that a `FaultFs` calls. */
  wait(milliseconds: number): Promise<void> {
    return this.sleep(milliseconds);
  }

  // --- for the scheduler ------------------------------------------------------------------------------------------

  /** @internal A clock has one scheduler at most, because two would move it under each other's feet. */
  attach(onArmed: (timer: ArmedTimer) => void): void {
    if (this.#onArmed !== undefined) throw new TypeError("this clock has a scheduler already; share that one");
    this.#onArmed = onArmed;
  }

  /** @internal The timer that fires next. */
  nextTimer(): ArmedTimer | undefined {
    return this.#timers[0];
  }

  /** @internal Moves the time forward, firing nothing; a moment in the past is ignored. */
  moveTo(micros: number): void {
    if (micros > this.#nowMicros) this.#nowMicros = micros;
  }

  /** @internal */
  fire(timer: ArmedTimer): void {
    this.moveTo(timer.dueMicros);
    this.disarm(timer);
    timer.action();
  }

  /** @internal */
  disarm(timer: ArmedTimer): void {
    const at = this.#timers.indexOf(timer);
    if (at !== -1) this.#timers.splice(at, 1);
  }
}
