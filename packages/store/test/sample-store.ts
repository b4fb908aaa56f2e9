import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { defineEvent, type EventDefinition } from "../src/event-definition.js";
import { uncheckedSchema } from "../src/standard-schema.js";
import { openStore } from "../src/open-store.js";
import type { Store } from "../src/store.js";
import type { StoreOptions } from "../src/store-options.js";

/** Two types of events, and stores of them that leave nothing to chance. */

type Definition<Name extends string, Data> = EventDefinition<Name, Data, Data>;

export const Placed: Definition<"order.placed", { readonly amount: number }> = defineEvent({
  name: "order.placed",
  kind: 0x1001,
  schema: uncheckedSchema<{ readonly amount: number }>(),
});
export const Paid: Definition<"order.paid", { readonly by: string }> = defineEvent({
  name: "order.paid",
  kind: 0x1002,
  schema: uncheckedSchema<{ readonly by: string }>(),
});

export type Sample = typeof Placed | typeof Paid;
export const events: readonly Sample[] = [Placed, Paid];

/** Milliseconds since 1970 of the first event. */
export const START_MS = 1_800_000_000_000;

/** A clock that moves on by a millisecond with every look, and random bytes that count; those of two runs differ. */
export function determined(run = 0): Pick<StoreOptions, "clock" | "random"> {
  let time = START_MS + run * 1_000_000;
  let drawn = run;
  return {
    clock: () => (time += 1),
    random: (target) => {
      for (let at = 0; at < target.length; at += 1) target[at] = (drawn += 37) >>> 3;
    },
  };
}

/** Settings that make a rotation out of a few events, and nothing happen in the background. */
export const small: Partial<StoreOptions<Sample>> = {
  segmentBytes: 1024,
  bufferBytes: 512,
  preallocateBytes: 0,
  mergeBytes: 0,
  prepareSegments: false,
};

export function openSample(
  directory: Directory = new Directory(new MemoryFs()),
  options: Partial<StoreOptions<Sample>> = {},
): Promise<Store<Sample>> {
  return openStore({ directory, events, ...determined(), ...small, ...options });
}
