import { Prng, streamSeed } from "@holdfast/fs-seam/sim";
import type { OrderServiceComponents } from "./order-service.js";

/** 2026-11-28T00:00:00Z: a run of a few thousand steps of a minute sees some days. */
const START_MS = 1_795_824_000_000;
const STEP_MS = 60_000;

/**
 * Components that leave nothing to chance, for a run that has to be the same again: time that moves on by a minute with every look, random
 * bytes by seed. Runs on one directory take different seeds, since ids of events must differ.
 */
export function determinedComponents(seed: number): Required<OrderServiceComponents> {
  const random = new Prng(streamSeed(seed, "ids"));
  let looks = 0;
  return {
    clock: () => START_MS + (looks += 1) * STEP_MS,
    random: (target) => {
      for (let at = 0; at < target.length; at += 1) target[at] = random.below(256);
    },
    now: () => looks,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    schedule: (action) => {
      const pending = setImmediate(action);
      return () => clearImmediate(pending);
    },
  };
}
