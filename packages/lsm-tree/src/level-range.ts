import type { KeyValueEngine, RangeOptions } from "./engine-contract.js";
import { ownedBytes } from "./encoded-data.js";
import type { Encoded } from "./encoded-data.js";
import type { EncodedRangeOptions } from "./level-calls.js";
import type { LsmRangeOptions } from "./level-options.js";
import { LsmSnapshot } from "./lsm-snapshot.js";

/** The range that a call of the base class means, for the engine. */
export function engineRange(
  { gt, gte, lt, lte, reverse, snapshot }: EncodedRangeOptions,
  engine: KeyValueEngine,
): RangeOptions {
  return {
    gt: gt === undefined ? undefined : ownedBytes(gt),
    gte: gte === undefined ? undefined : ownedBytes(gte),
    lt: lt === undefined ? undefined : ownedBytes(lt),
    lte: lte === undefined ? undefined : ownedBytes(lte),
    reverse,
    ...(snapshot === undefined || snapshot === null ? {} : { snapshot: LsmSnapshot.of(snapshot, engine) }),
  };
}

/** Start and end of a range as bytes. @throws `TypeError` for one that is no key. */
export function encodedRange<K>(
  db: { keyEncoding(encoding: "buffer"): { encode(key: Buffer): Encoded } },
  start: K,
  end: K,
  { keyEncoding }: LsmRangeOptions<K>,
): [Uint8Array, Uint8Array] {
  for (const [name, value] of Object.entries({ start, end })) {
    if (value === undefined || value === null) throw new TypeError(`${name} must be a key`);
  }
  const encoding = db.keyEncoding(keyEncoding as "buffer"); // or whichever it is; they have the same methods
  const encode = (key: unknown): Uint8Array => ownedBytes(encoding.encode(key as Buffer));
  return [encode(start), encode(end)];
}
