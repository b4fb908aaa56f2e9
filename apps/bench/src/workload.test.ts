import { describe, expect, test } from "vitest";
import {
  best,
  interleave,
  interleaveAsync,
  median,
  pairedRatios,
  scatter,
  type AsyncContestant,
  type Contestant,
} from "./workload.js";

describe("median", () => {
  test("is the middle value, whatever the order", () => expect(median([9, 1, 5])).toBe(5));
  test("is the mean of the two middle values", () => expect(median([1, 10, 2, 4])).toBe(3));
  test("of one value is that value", () => expect(median([7])).toBe(7));
  test("compares numbers, not their texts", () => expect(median([10, 9, 100])).toBe(10));
  test("leaves its input alone", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
  test("refuses to invent a value", () => expect(() => median([])).toThrow(RangeError));
});

describe("best", () => {
  test("is the smallest value", () => expect(best([3, 1, 2])).toBe(1));
  test("refuses to invent a value", () => expect(() => best([])).toThrow(RangeError));
});

describe("pairedRatios", () => {
  test("compares within each round, so a slow phase of the machine cancels", () => {
    const peer = [100, 1000, 100, 900, 100];
    const ours = [50, 500, 50, 450, 50];
    expect(pairedRatios(peer, ours)).toEqual([2, 2, 2, 2, 2]);
    expect(pairedRatios(ours, peer)).toEqual([0.5, 0.5, 0.5, 0.5, 0.5]);
  });
  test("one disturbed round does not decide", () => expect(median(pairedRatios([30, 30, 9000], [10, 10, 10]))).toBe(3));
  test("refuses rounds that were not shared", () => expect(() => pairedRatios([1, 2], [1])).toThrow(RangeError));
});

describe("interleave", () => {
  /** Reports a made-up time and writes down that it ran. */
  const fake = (name: string, ns: number, diary: string[]): Contestant => ({
    name,
    operations: 10,
    prepare() {
      diary.push(`prepare ${name}`);
      return {
        run() {
          diary.push(`run ${name}`);
          return ns;
        },
        dispose: () => void diary.push(`dispose ${name}`),
      };
    },
  });

  test("divides by the operations, and drops the warm-up rounds", () => {
    const timings = interleave([fake("a", 100, []), fake("b", 300, [])], { rounds: 2, warmUps: 3 });
    expect(timings).toEqual([
      { name: "a", nsPerOperation: [10, 10] },
      { name: "b", nsPerOperation: [30, 30] },
    ]);
  });

  test("gives everybody every place in a round, and disposes before the next one is prepared", () => {
    const diary: string[] = [];
    interleave([fake("a", 1, diary), fake("b", 1, diary), fake("c", 1, diary)], { rounds: 1, warmUps: 0 });
    const runs = diary.filter((line) => line.startsWith("run")).map((line) => line.slice(4));
    expect(runs.join("")).toBe("abcbcacab");
    expect(diary.slice(0, 4)).toEqual(["prepare a", "run a", "dispose a", "prepare b"]);
  });

  test("a round is the mean of its turns, so the price of a place is shared", () => {
    let previous = "";
    const after = (name: string): Contestant => ({
      name,
      operations: 1,
      prepare: () => ({
        run() {
          const ns = previous === name ? 10 : 30; // pays for the garbage of the other one
          previous = name;
          return ns;
        },
      }),
    });
    const [a, b] = interleave([after("a"), after("b")], { rounds: 4, warmUps: 1 });
    expect(median(pairedRatios(a?.nsPerOperation ?? [], b?.nsPerOperation ?? []))).toBe(1);
  });

  test("disposes of a round that failed", () => {
    const diary: string[] = [];
    const failing: Contestant = {
      name: "failing",
      operations: 1,
      prepare: () => ({
        run() {
          throw new Error("no");
        },
        dispose: () => void diary.push("disposed"),
      }),
    };
    expect(() => interleave([failing], { rounds: 1 })).toThrow("no");
    expect(diary).toEqual(["disposed"]);
  });

  test("reads the clock when the run does not time itself", () => {
    const [timing] = interleave([{ name: "a", operations: 1, prepare: () => ({ run() {} }) }], { rounds: 1 });
    expect(timing?.nsPerOperation[0]).toBeGreaterThan(0);
  });
});

describe("interleaveAsync", () => {
  /** Lets others run at every step, and writes down what it does. */
  const waiting = (name: string, ns: number, diary: string[]): AsyncContestant => {
    const note = async (what: string): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      diary.push(`${what} ${name}`);
    };
    return {
      name,
      operations: 10,
      async prepare() {
        await note("prepare");
        return { run: () => note("run").then(() => ns), dispose: () => note("dispose") };
      },
    };
  };

  test("waits for each step of a turn before the next turn begins", async () => {
    const diary: string[] = [];
    const timings = await interleaveAsync([waiting("a", 100, diary), waiting("b", 300, diary)], {
      rounds: 1,
      warmUps: 0,
    });
    expect(timings).toEqual([
      { name: "a", nsPerOperation: [10] },
      { name: "b", nsPerOperation: [30] },
    ]);
    const turn = (name: string): string[] => [`prepare ${name}`, `run ${name}`, `dispose ${name}`];
    expect(diary).toEqual(["a", "b", "b", "a"].flatMap(turn));
  });

  test("disposes of a turn that failed", async () => {
    const diary: string[] = [];
    const failing: AsyncContestant = {
      name: "failing",
      operations: 1,
      prepare: async () => ({
        run: () => Promise.reject(new Error("no")),
        dispose: () => void diary.push("disposed"),
      }),
    };
    await expect(interleaveAsync([failing], { rounds: 1 })).rejects.toThrow("no");
    expect(diary).toEqual(["disposed"]);
  });
});

describe("scatter", () => {
  test("stays below its bound, repeats, and is not a sequence", () => {
    const numbers = scatter(1000, 64);
    expect(Math.max(...numbers)).toBeLessThan(64);
    expect(new Set(numbers).size).toBe(64);
    expect(scatter(1000, 64)).toEqual(numbers);
  });
});
