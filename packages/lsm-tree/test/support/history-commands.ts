// What a history may do, drawn.
import fc from "fast-check";
import type { WriteRung } from "../../src/engine-contract.js";
import type { Left } from "./history-machine.js";
import type { ModelBounds } from "./history-model.js";

/** Keys that are hard to sort and cut, in hex and in order: the empty one, prefixes of each other, bytes above 127. */
export const KEYS: readonly string[] = [
  ...["", "00", "0000", "0001", "01", "61", "6100", "6161", "616161", "61616162", "6162", "62", "6200", "62ff", "63"],
  ...[
    "6331",
    "6332",
    "6333",
    "6333ff",
    "6334",
    "64",
    "6464",
    "7f",
    "80",
    "8000",
    "80ff",
    "ff",
    "ff00",
    "ffff",
    "ffffff",
  ],
];

export interface DrawnWrite {
  readonly key: string;
  /** Undefined: a delete. */
  readonly valueBytes: number | undefined;
  readonly rung: WriteRung;
}

export type HistoryCommand =
  | { readonly kind: "turn"; readonly writes: readonly DrawnWrite[]; readonly isAwaited: boolean }
  | {
      readonly kind: "batch";
      readonly writes: readonly Omit<DrawnWrite, "rung">[];
      readonly rung: WriteRung;
      readonly isAwaited: boolean;
    }
  | { readonly kind: "clearAll"; readonly rung: WriteRung; readonly isAwaited: boolean }
  | {
      readonly kind: "clearRange";
      readonly bounds: ModelBounds;
      readonly limit: number;
      readonly rung: WriteRung;
      readonly snapshot: number | undefined;
    }
  | { readonly kind: "flush"; readonly isAwaited: boolean }
  | {
      readonly kind: "compact";
      readonly start: string | undefined;
      readonly end: string | undefined;
      /** Stopped behind so many turns; undefined: never, and awaited. */
      readonly abortAfter: number | undefined;
    }
  | { readonly kind: "turns"; readonly count: number }
  | { readonly kind: "snapshot" }
  | { readonly kind: "release"; readonly which: number }
  | { readonly kind: "open cursor"; readonly bounds: ModelBounds; readonly snapshot: number | undefined }
  | { readonly kind: "move cursor"; readonly which: number; readonly steps: number }
  | { readonly kind: "seek"; readonly which: number; readonly key: string }
  | { readonly kind: "close cursor"; readonly which: number }
  | { readonly kind: "read"; readonly bounds: ModelBounds; readonly keys: readonly string[] }
  | { readonly kind: "settle" }
  | { readonly kind: "reopen" }
  | { readonly kind: "kill" }
  | {
      readonly kind: "lose power";
      readonly moment: number;
      readonly left: Left;
      /** The power fails once more during the open that follows. */
      readonly again: { readonly moment: number; readonly left: Left } | undefined;
    };

const key = fc.constantFrom(...KEYS);
const rung = fc.oneof(
  { weight: 3, arbitrary: fc.constant<WriteRung>("os") },
  { weight: 2, arbitrary: fc.constant<WriteRung>("memory") },
  { weight: 1, arbitrary: fc.constant<WriteRung>("data") },
  { weight: 1, arbitrary: fc.constant<WriteRung>("full") },
);
const valueBytes = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(0, 1, 12, 40) },
  { weight: 1, arbitrary: fc.constantFrom(200, 700) },
  { weight: 3, arbitrary: fc.constant(undefined) },
);
const bounds = fc.record(
  { gt: key, gte: key, lt: key, lte: key, reverse: fc.boolean() },
  { requiredKeys: [] },
) as fc.Arbitrary<ModelBounds>;
const maybe = <Value>(drawn: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(drawn, { nil: undefined });
const which = fc.nat(7);
const isAwaited = fc.boolean();
const left = fc.oneof(fc.constantFrom<Left>("worst", "best"), fc.nat(999));
const loss = fc.record({ moment: fc.nat(999), left });

const of = <Kind extends HistoryCommand["kind"]>(
  kind: Kind,
  fields: {
    readonly [Field in Exclude<keyof Extract<HistoryCommand, { kind: Kind }>, "kind">]: fc.Arbitrary<
      Extract<HistoryCommand, { kind: Kind }>[Field]
    >;
  },
): fc.Arbitrary<HistoryCommand> => fc.record({ kind: fc.constant(kind), ...fields }) as fc.Arbitrary<HistoryCommand>;

const drawn: readonly (readonly [weight: number, command: fc.Arbitrary<HistoryCommand>])[] = [
  [
    12,
    of("turn", { writes: fc.array(fc.record({ key, valueBytes, rung }), { minLength: 1, maxLength: 6 }), isAwaited }),
  ],
  [
    6,
    of("batch", { writes: fc.array(fc.record({ key, valueBytes }), { minLength: 1, maxLength: 8 }), rung, isAwaited }),
  ],
  [1, of("clearAll", { rung, isAwaited })],
  [2, of("clearRange", { bounds, limit: fc.integer({ min: -1, max: 4 }), rung, snapshot: maybe(which) })],
  [4, of("flush", { isAwaited })],
  [2, of("compact", { start: maybe(key), end: maybe(key), abortAfter: maybe(fc.nat(6)) })],
  [4, of("turns", { count: fc.integer({ min: 1, max: 12 }) })],
  [3, of("snapshot", {})],
  [2, of("release", { which })],
  [2, of("open cursor", { bounds, snapshot: maybe(which) })],
  [3, of("move cursor", { which, steps: fc.integer({ min: 1, max: 5 }) })],
  [2, of("seek", { which, key })],
  [1, of("close cursor", { which })],
  [3, of("read", { bounds, keys: fc.array(key, { maxLength: 12 }) })],
  [1, of("settle", {})],
  [1, of("reopen", {})],
  [2, of("kill", {})],
  [3, of("lose power", { moment: fc.nat(999), left, again: maybe(loss) })],
];

export const historyCommand: fc.Arbitrary<HistoryCommand> = fc.oneof(
  ...drawn.map(([weight, arbitrary]) => ({ weight, arbitrary })),
);
