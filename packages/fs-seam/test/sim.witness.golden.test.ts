// The model-only determinism witness of the simulator this package's generator comes from: a toy log under a toy disk, all
// of it driven by two streams of the generator and folded into one number. It proves that the streams and the fold are
// what they were, draw for draw, and nothing about safety. The check value is that of batpak 0.9.0.
import { expect, test } from "vitest";
import { Prng } from "../src/prng.js";
import { Digest, simEpochMicros } from "../src/sim-entry.js";

/** A file that keeps a durable prefix; every write, sync and read asks the faults first, one draw each. */
class ToyDisk {
  readonly #faults: Prng;
  #exists = false;
  live = 0;
  durable = 0;

  constructor(seed: bigint) {
    this.#faults = new Prng(seed);
  }

  /** One in eight operations is struck; a struck transfer stops at `draw mod length`. */
  #transferred(length: number): number {
    const draw = this.#faults.nextU32();
    if (draw % 8 !== 0) return length;
    return length === 0 ? 0 : draw % length;
  }

  append(length: number): number {
    const landed = this.#transferred(length);
    this.#exists = true;
    this.live += landed;
    return landed;
  }

  sync(): boolean {
    if (this.#faults.nextU32() % 8 === 0) return false;
    if (this.#exists) this.durable = this.live;
    return true;
  }

  read(length: number): number {
    return this.#exists ? this.#transferred(Math.min(length, this.live)) : 0;
  }

  crash(): void {
    this.live = this.durable;
  }
}

interface ToyEvent {
  readonly sequence: number;
  readonly hash: bigint;
  readonly durable: boolean;
}

function witness(seed: bigint, steps: number): bigint {
  const workload = new Prng(seed);
  const disk = new ToyDisk(seed ^ 0x5f5f5f5f5f5f5f5fn);
  const digest = new Digest().u64(seed);
  let micros = simEpochMicros;
  let nextSequence = 0;
  let log: ToyEvent[] = [];

  for (let step = 0; step < steps; step += 1) {
    micros += (workload.nextU32() & 0xffff) + 1;
    digest.count(micros);
    const kind = workload.nextU32() % 6;
    if (kind <= 2) {
      const payload = workload.nextU64();
      const hash = new Digest()
        .u64(lastDurable(log)?.hash ?? 0n)
        .count(nextSequence)
        .u64(payload)
        .value();
      const durable = disk.append(8) === 8 && disk.sync();
      log.push({ sequence: nextSequence, hash, durable });
      digest.count(nextSequence).u64(hash);
      nextSequence += 1;
    } else if (kind === 3) {
      digest.count(disk.sync() ? 1 : 0);
    } else if (kind === 4) {
      digest.u64(workload.nextU64()).count(1); // a job is spawned and joined
    } else {
      const { durable, live } = disk;
      const readable = disk.read(durable);
      disk.crash();
      log = log.filter((event) => event.durable);
      digest.count(live).count(readable).count(durable);
    }
    digest.count(lastDurable(log)?.sequence ?? 0);
  }
  return digest.value();
}

/** The end of the chain: what is not durable is not built on. */
function lastDurable(log: readonly ToyEvent[]): ToyEvent | undefined {
  return log.findLast(({ durable }) => durable);
}

test("seed 0xABCD, 128 steps", () => {
  expect(witness(0xabcdn, 128).toString(16)).toBe("1e784376cc7814b4");
});

test("another seed or another step is another number", () => {
  const values = [witness(0xabcdn, 128), witness(0xabcdn, 129), witness(0xabcen, 128)];
  expect(new Set(values).size).toBe(3);
});
