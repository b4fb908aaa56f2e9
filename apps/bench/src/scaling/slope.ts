/** What one operation costs when there is so much. */
export interface CostAtSize {
  readonly size: number;
  readonly cost: number;
}

/**
 * Slope of the straight line through (log size, log cost) that has the least squares: 0 for a cost that does not depend on size, 1 for one in proportion to
 * it, -1 for one that is shared by all. Costs that are 0 at every size have the slope 0.
 *
 * @throws RangeError for fewer than two different sizes, for one that is not above 0, and for costs that are 0 at some sizes only: no power of the size is.
 */
export function logLogSlope(points: readonly CostAtSize[]): number {
  if (new Set(points.map(({ size }) => size)).size < 2) throw new RangeError("a slope needs two different sizes");
  const bad = points.find(({ size, cost }) => !(size > 0 && cost >= 0 && size < Infinity && cost < Infinity));
  if (bad !== undefined) throw new RangeError(`a cost of ${bad.cost} at the size ${bad.size} is on no such line`);
  const zeros = points.filter(({ cost }) => cost === 0);
  if (zeros.length === points.length) return 0;
  if (zeros.length > 0) throw new RangeError(`the cost at the size ${zeros[0]?.size} is 0, and elsewhere it is not`);
  const logs = points.map(({ size, cost }) => ({ x: Math.log(size), y: Math.log(cost) }));
  const meanX = sum(logs.map(({ x }) => x)) / logs.length;
  const meanY = sum(logs.map(({ y }) => y)) / logs.length;
  return sum(logs.map(({ x, y }) => (x - meanX) * (y - meanY))) / sum(logs.map(({ x }) => (x - meanX) ** 2));
}

/**
 * What each more of the size adds to the cost, from the least size to the greatest. Of a cost with a part that does not depend on size, this sees
 * growth that the slope of the whole hides.
 *
 * @throws RangeError for fewer than two different sizes.
 */
export function moreForEach(points: readonly CostAtSize[]): number {
  const sorted = points.toSorted((left, right) => left.size - right.size);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined || least.size === most.size) {
    throw new RangeError("growth needs two different sizes");
  }
  return (most.cost - least.cost) / (most.size - least.size);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
