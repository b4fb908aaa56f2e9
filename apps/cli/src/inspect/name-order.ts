/**
 * The order in which the entries of a directory are looked at: names that begin with digits by their number, so that segment
 * 1000000 follows 999999, all others by their bytes.
 */
export function compareNames(one: Buffer, other: Buffer): number {
  const [left, right] = [leadingNumber(one), leadingNumber(other)];
  if (left !== undefined && right !== undefined && left !== right) return left < right ? -1 : 1;
  return Buffer.compare(one, other);
}

function leadingNumber(name: Buffer): bigint | undefined {
  const digits = /^[0-9]+/.exec(name.toString("latin1"))?.[0];
  return digits === undefined ? undefined : BigInt(digits);
}
