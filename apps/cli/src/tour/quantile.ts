/**
 * The value below which a share of the values lies, by nearest rank; NaN for none.
 *
 * @param share - 0 to 1: 0.5 is the median.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[rank] ?? Number.NaN;
}
