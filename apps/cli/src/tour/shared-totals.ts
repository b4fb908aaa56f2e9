/** A number of orders and the sum of their amounts. */
export interface Total {
  readonly count: number;
  readonly cents: number;
}

const bucketCount = 256;

/**
 * Totals by name that never change: one more order makes other totals, which share with these whatever it leaves as it was. So a fold
 * over many orders of many names costs neither the copies nor the mistakes of a state that is changed in place.
 */
export class SharedTotals {
  /** Each name is in the bucket of its hash. */
  readonly #buckets: readonly ReadonlyMap<string, Total>[];

  private constructor(buckets: readonly ReadonlyMap<string, Total>[]) {
    this.#buckets = buckets;
  }

  static empty(): SharedTotals {
    return new SharedTotals(Array.from({ length: bucketCount }, () => new Map<string, Total>()));
  }

  /** These, and one order more under a name. */
  with(name: string, cents: number): SharedTotals {
    const place = bucketOf(name);
    const bucket = new Map(this.#buckets[place]);
    const { count, cents: sum } = bucket.get(name) ?? { count: 0, cents: 0 };
    bucket.set(name, { count: count + 1, cents: sum + cents });
    return new SharedTotals(this.#buckets.with(place, bucket));
  }

  toMap(): Map<string, Total> {
    return new Map(this.#buckets.flatMap((bucket) => [...bucket]));
  }
}

function bucketOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at += 1) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) >>> 0;
  return hash % bucketCount;
}
