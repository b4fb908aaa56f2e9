/** Names of the segments of durability. */

const pattern = /^wal_(\+?\d+)\.log$/;
const largestU64 = 0xffff_ffff_ffff_ffffn;

/** The digits in a name that the reference takes for that of a segment, a sign and leading zeros included; undefined for every other name. */
export function durabilityDigits(name: string): string | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined || BigInt(digits.replace("+", "")) > largestU64 ? undefined : digits;
}

/** The number in the name of a segment, spelled as its writers do; undefined for every other name. */
export function durabilitySegmentId(name: string): number | undefined {
  const digits = durabilityDigits(name);
  const segmentId = Number(digits);
  if (!Number.isSafeInteger(segmentId) || segmentId < 1) return undefined;
  return String(segmentId) === digits ? segmentId : undefined;
}
