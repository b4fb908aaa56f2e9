import { Prng } from "../prng.js";
import { Refusal, ShortRead } from "./seed-outcome.js";

/** Which syncs are dropped: one draw a sync attempt, also when none can be; neither a crash nor another file restarts it. */
export class DropSchedule {
  readonly #draws: Prng;
  readonly #oneIn: number;

  constructor(seed: bigint, oneIn: number) {
    this.#draws = new Prng(seed);
    this.#oneIn = oneIn;
  }

  /** Decides about the next sync. */
  drops(): boolean {
    const draw = this.#draws.nextU32();
    return this.#oneIn !== 0 && draw % this.#oneIn === 0;
  }
}

/** Strikes once, at the n-th call that it counts. Arming it again starts over. */
export class OneShot<Kind extends string> {
  #kind: Kind | undefined = undefined;
  #left = 0;

  /** @param nth - ordinal, from 1; 0 never strikes. */
  arm(kind: Kind, nth: number): void {
    this.#kind = kind;
    this.#left = nth;
  }

  /** Counts one call of a kind; calls of another kind than the armed one do not count. */
  strikes(kind: Kind): boolean {
    if (kind !== this.#kind || this.#left === 0) return false;
    this.#left -= 1;
    return this.#left === 0;
  }
}

/** What the n-th exact read answers instead of bytes. */
export class ReadFault {
  readonly #shot = new OneShot<"read">();
  #error: Refusal | ShortRead = new Refusal("Io");

  /** @param bytes - what a short read says it got, whatever was asked for; undefined for an I/O error. */
  arm(nth: number, bytes: number | undefined): void {
    this.#error = bytes === undefined ? new Refusal("Io") : new ShortRead(bytes);
    this.#shot.arm("read", nth);
  }

  check(): void {
    if (this.#shot.strikes("read")) throw this.#error;
  }
}
