import type { WritePressure } from "./compaction/pressure.js";
import type { EngineEventDetail } from "./engine-observation.js";

/** How long writes were kept from their acknowledgement by flushes and compactions that are behind, since the open. */
export interface StallStats {
  /** What holds writes up at the moment; `none` when nothing did at the last one. */
  readonly state: WritePressure["kind"];
  /** Records that were acknowledged later, and by how much in all. */
  readonly delays: number;
  /** Milliseconds of all delays. */
  readonly delayMs: number;
  /** How often writes began to wait, and how long in all. */
  readonly waits: number;
  /** Milliseconds of all waits. */
  readonly waitMs: number;
}

const calm: WritePressure = { kind: "none" };

/** Goes by what each record is told: see the law in `compaction/pressure.ts`. */
export class WriteStalls {
  readonly #now: () => number;
  readonly #tell: (detail: () => EngineEventDetail) => void;
  #state: WritePressure["kind"] = "none";
  #heldSinceMs = 0;
  #waitingSinceMs = 0;
  #delays = 0;
  #delayMs = 0;
  #waits = 0;
  #waitMs = 0;

  constructor(now: () => number, tell: (detail: () => EngineEventDetail) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  /** What the next record has to reckon with; it goes on to whoever asked. */
  see(pressure: WritePressure): WritePressure {
    if (pressure.kind === "delay") {
      this.#delays += 1;
      this.#delayMs += pressure.delayMs;
    }
    if (pressure.kind !== this.#state) this.#change(pressure);
    return pressure;
  }

  /** What waited was written, whatever there is to wait for. */
  end(): void {
    this.see(calm);
  }

  stats(): StallStats {
    const waitingMs = this.#state === "wait" ? this.#now() - this.#waitingSinceMs : 0;
    return {
      ...{ state: this.#state, delays: this.#delays, delayMs: this.#delayMs },
      ...{ waits: this.#waits, waitMs: this.#waitMs + waitingMs },
    };
  }

  #change(pressure: WritePressure): void {
    const nowMs = this.#now();
    const before = this.#state;
    this.#state = pressure.kind;
    if (before === "wait") this.#waitMs += nowMs - this.#waitingSinceMs;
    if (before === "none") this.#heldSinceMs = nowMs;
    const tookMs = nowMs - this.#heldSinceMs;
    switch (pressure.kind) {
      case "delay":
        this.#tell(() => ({ kind: "slowdown", delayMs: pressure.delayMs }));
        break;
      case "wait":
        this.#waits += 1;
        this.#waitingSinceMs = nowMs;
        this.#tell(() => ({ kind: "stall", for: pressure.for }));
        break;
      case "none":
        this.#tell(() => ({ kind: "resume", tookMs }));
        break;
      case "refuse": // the write's own error says why
    }
  }
}
