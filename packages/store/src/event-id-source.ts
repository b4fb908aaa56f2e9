import { ID_BYTES } from "./event-layout.js";

/**
 * Makes ids of version 7 that ascend: within a millisecond, and when the clock goes back, by counting. After the 48 bits of the time
 * come 42 bits of counter, which begin at random below half of their range in every millisecond, and 32 random bits.
 * Source: RFC 9562, section 6.2, method 1. An id is never given twice by one source, and two sources meet with chance alone.
 */
export class EventIdSource {
  readonly #random: (target: Uint8Array) => void;
  /** Random bytes that are left, so that the system is asked once for many ids. */
  readonly #pool: Uint8Array = new Uint8Array(POOL_BYTES);
  #poolAt = POOL_BYTES;
  #timeMs = -1;
  /** The counter: its upper 12 bits stand beside the version, its lower 30 behind the variant. */
  #high = 0;
  #low = 0;

  /** @param random - fills all of `target` with random bytes. */
  constructor(random: (target: Uint8Array) => void) {
    this.#random = random;
  }

  /**
   * Writes the next id into `target[offset, offset + 16)`.
   *
   * @param timeMs - milliseconds since 1970, below 2^48; a fraction is cut off.
   * @throws `RangeError` for another time, or a target without room; no id is used up.
   */
  next(timeMs: number, target: Uint8Array, offset = 0): void {
    if (!(timeMs >= 0 && timeMs < TIME_LIMIT)) throw new RangeError(`timeMs must be from 0 to 2^48-1, not ${timeMs}`);
    if (!(Number.isInteger(offset) && offset >= 0 && offset + ID_BYTES <= target.length)) {
      throw new RangeError(`target has no room for an id at ${offset}`);
    }
    if (this.#poolAt + BYTES_PER_ID > POOL_BYTES) {
      this.#random(this.#pool);
      this.#poolAt = 0;
    }
    this.#advance(Math.floor(timeMs));
    const time = this.#timeMs;
    const timeHigh = Math.floor(time / 0x1_0000);
    target[offset] = timeHigh >>> 24;
    target[offset + 1] = timeHigh >>> 16;
    target[offset + 2] = timeHigh >>> 8;
    target[offset + 3] = timeHigh;
    target[offset + 4] = (time % 0x1_0000) >>> 8;
    target[offset + 5] = time % 0x100;
    target[offset + 6] = 0x70 | (this.#high >>> 8);
    target[offset + 7] = this.#high;
    target[offset + 8] = 0x80 | (this.#low >>> 24);
    target[offset + 9] = this.#low >>> 16;
    target[offset + 10] = this.#low >>> 8;
    target[offset + 11] = this.#low;
    for (let at = 12; at < ID_BYTES; at++) target[offset + at] = this.#draw();
  }

  #advance(timeMs: number): void {
    if (timeMs > this.#timeMs) {
      this.#timeMs = timeMs;
      this.#high = (this.#draw() << 4) | (this.#draw() & 0x0f);
      this.#high &= 0x7ff; // room for 2^41 ids at least
      this.#low = ((this.#draw() << 24) | (this.#draw() << 16) | (this.#draw() << 8) | this.#draw()) & LOW_MASK;
      return;
    }
    this.#low = (this.#low + 1) & LOW_MASK;
    if (this.#low !== 0) return;
    this.#high = (this.#high + 1) & 0xfff;
    if (this.#high === 0) this.#timeMs++; // after 2^41 ids in one millisecond
  }

  #draw(): number {
    return this.#pool[this.#poolAt++]!; // refilled before it can run out
  }
}

/** Six for a counter that begins, four that are stored as they are. */
const BYTES_PER_ID = 10;
const POOL_BYTES = 4000;
const TIME_LIMIT: number = 2 ** 48;
const LOW_MASK = 0x3fff_ffff;
