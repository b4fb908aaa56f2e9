import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Prng } from "./prng.js";
import { checkLatencyModel, drawLatency, minusLog, type Latency, type LatencyModel } from "./sim-latency.js";

const exponential: Latency = { kind: "exponential", meanMicros: 100, maxMicros: 450 };

function lengths(latency: Latency, count: number): number[] {
  const prng = new Prng(11);
  return Array.from({ length: count }, () => drawLatency(latency, prng).totalMicros);
}

describe("drawLatency", () => {
  test("fixed is fixed, and no latency is none", () => {
    expect(new Set(lengths({ kind: "fixed", micros: 7 }, 50))).toEqual(new Set([7]));
    expect(drawLatency(undefined, new Prng(1))).toEqual({ effectMicros: 0, totalMicros: 0 });
  });

  test("uniform reaches both ends and nothing else, evenly", () => {
    const counts = new Map<number, number>();
    for (const length of lengths({ kind: "uniform", minMicros: 3, maxMicros: 6 }, 8000)) {
      counts.set(length, (counts.get(length) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6]);
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(250);
  });

  test("exponential has its mean, its tail and its cap", () => {
    const drawn = lengths(exponential, 20_000);
    const mean = drawn.reduce((sum, length) => sum + length, 0) / drawn.length;
    expect(Math.abs(mean - 98.9)).toBeLessThan(2); // 100 (1 - e^-4.5), because of the cap
    expect(drawn.filter((length) => length > 100).length / drawn.length).toBeCloseTo(Math.exp(-1), 1);
    expect(Math.max(...drawn)).toBe(450);
    expect(drawn.filter((length) => length === 450).length).toBeGreaterThan(100);
  });

  test("the effect lies anywhere before the completion", () => {
    const prng = new Prng(5);
    const tenths = new Set<number>();
    for (let draw = 0; draw < 500; draw += 1) {
      const { effectMicros, totalMicros } = drawLatency({ kind: "fixed", micros: 1000 }, prng);
      expect(effectMicros >= 0 && effectMicros <= totalMicros && Number.isInteger(effectMicros)).toBe(true);
      tenths.add(Math.floor(effectMicros / 100));
    }
    expect(tenths.size).toBe(10);
  });

  test.each<Latency | undefined>([undefined, { kind: "fixed", micros: 0 }, exponential])(
    "draws exactly twice for %j",
    (latency) => {
      const prng = new Prng(3);
      drawLatency(latency, prng);
      const other = new Prng(3);
      other.nextU32();
      other.nextU32();
      expect(prng.nextU64()).toBe(other.nextU64());
    },
  );
});

test("minusLog is the negative logarithm", () => {
  expect(minusLog(1)).toBe(0);
  fc.assert(
    fc.property(fc.double({ min: 2 ** -32, max: 1, noNaN: true }), (value) => {
      expect(Math.abs(minusLog(value) + Math.log(value))).toBeLessThan(1e-14 * Math.max(1, -Math.log(value)));
    }),
    { numRuns: 500 },
  );
});

test.each<[unknown, string]>([
  [{ write: { kind: "fixed", micros: 1 } }, '"write" is not one of'],
  [{ sync: { kind: "normal", micros: 1 } }, "kind must be"],
  [{ sync: { kind: "fixed" } }, "fixed needs micros"],
  [{ sync: { kind: "fixed", micros: -1 } }, "micros must be a whole number"],
  [{ sync: { kind: "fixed", micros: 0.5 } }, "micros must be a whole number"],
  [{ sync: { kind: "fixed", micros: 1, maxMicros: 2 } }, 'unknown option "maxMicros"'],
  [{ read: { kind: "uniform", minMicros: 2, maxMicros: 1 } }, "minMicros must not be above"],
])("refuses the model %j", (model, message) => {
  expect(() => checkLatencyModel(model as LatencyModel)).toThrow(message);
});
