import { describe, expect, test } from "vitest";
import { atLeast, atMost, bound, compare, isMet, judgedValue, type Row } from "./row.js";

const ours = { name: "ours", nsPerOperation: [100, 120, 110] };
const peer = { name: "peer", nsPerOperation: [300, 360, 330] };
const labels = { id: "a/b", workload: "work" };

describe("compare", () => {
  test("speed says how many times as fast as the peer we are", () => {
    const row = compare(labels, ours, peer, { of: "speed", bar: atLeast(2) });
    expect(row.ratio).toEqual({ of: "speed", value: 3, least: 3, greatest: 3, rounds: [3, 3, 3] });
    expect(row.ours).toEqual({
      name: "ours",
      unit: "rate",
      value: 110,
      best: 100,
      worst: 120,
      rounds: [100, 120, 110],
    });
    expect(isMet(row)).toBe(true);
  });

  test("says the processor's time beside it where it was counted, and decides without it", () => {
    const spent = (values: readonly number[]): { readonly cpuNsPerOperation: readonly number[] } => ({
      cpuNsPerOperation: values,
    });
    const [a, b] = [
      { ...ours, ...spent([50, 60, 40]) },
      { ...peer, ...spent([100, 120, 80]) },
    ];
    const row = compare(labels, a, b, { of: "speed", bar: atLeast(2.5) });
    expect(row.ratio?.cpu).toBe(2);
    expect(row.ours.cpu).toBe(50);
    expect(isMet(row)).toBe(true);
    expect(compare(labels, a, peer, { of: "speed" }).ratio?.cpu).toBeUndefined();
  });

  test("the ratio is the median within the rounds, with the least and the greatest beside it", () => {
    const uneven = { name: "peer", nsPerOperation: [300, 240, 1100] };
    const { ratio } = compare(labels, ours, uneven, { of: "speed" });
    expect(ratio).toEqual({ of: "speed", value: 3, least: 2, greatest: 10, rounds: [3, 2, 10] });
  });

  test("time says how many times its time we take", () => {
    const row = compare(labels, peer, ours, { of: "time", bar: atMost(1.5) });
    expect(row.ratio?.value).toBe(3);
    expect(isMet(row)).toBe(false);
  });

  test("without a bar nothing is promised", () => {
    expect(isMet(compare(labels, ours, peer, { of: "speed" }))).toBeUndefined();
  });
});

describe("bars", () => {
  const row = (more: Partial<Row>): Row => ({ ...labels, ours: { name: "", unit: "time", value: 500 }, ...more });

  test("are met exactly at their value", () => {
    expect(isMet(row({ ratio: { of: "time", value: 1.5 }, bar: atMost(1.5) }))).toBe(true);
    expect(isMet(row({ ratio: { of: "speed", value: 2 }, bar: atLeast(2) }))).toBe(true);
  });

  test("on our own figure are in its unit", () => {
    expect(isMet(row({ bar: bound("most", 499) }))).toBe(false);
    expect(isMet(row({ bar: bound("most", 500) }))).toBe(true);
  });

  test("on a rate are in operations a second", () => {
    const rate = row({ ours: { name: "", unit: "rate", value: 20_000 }, bar: bound("least", 50_000) });
    expect(judgedValue(rate)).toBe(50_000);
    expect(isMet(rate)).toBe(true);
    expect(isMet({ ...rate, bar: bound("least", 50_001) })).toBe(false);
  });

  test("on a ratio that was not measured are not called met", () => {
    expect(isMet(row({ bar: atMost(1) }))).toBeUndefined();
  });
});
