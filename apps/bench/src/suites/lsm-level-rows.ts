import { atLeast, atMost, compare, type Row } from "../row.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";

export interface LevelRow {
  readonly id: string;
  readonly workload: string;
  readonly note?: string;
  /** How many times as fast as classic-level, or with `time` how many times its time at most. */
  readonly bar: number;
  readonly of?: "speed" | "time";
  readonly rounds: number;
}

/**
 * Ours against classic-level, which the bar is about, in rounds of their own; then ours against each of the others, in fewer rounds and for
 * orientation.
 */
export async function levelRows(
  { id, workload, note, bar, of = "speed", rounds }: LevelRow,
  contestants: {
    readonly ours: AsyncContestant;
    readonly classic: AsyncContestant;
    readonly others?: readonly AsyncContestant[];
  },
): Promise<Row[]> {
  const { ours, classic, others = [] } = contestants;
  const unit = of === "time" ? "time" : "rate";
  const [mine, peer] = await interleaveAsync([ours, classic], { rounds, warmUps: 1, cpu: true });
  if (mine === undefined || peer === undefined) throw new Error("two contestants have two timings");
  const labels = note === undefined ? { id, workload } : { id, workload, note };
  const rows = [compare(labels, mine, peer, { of, unit, bar: of === "speed" ? atLeast(bar) : atMost(bar) })];
  for (const other of others) {
    const [first, second] = await interleaveAsync([ours, other], { rounds: 2, warmUps: 1, cpu: true });
    if (first === undefined || second === undefined) throw new Error("two contestants have two timings");
    rows.push(compare({ id: `${id}/${other.name.replace(/\W.*/, "")}`, workload }, first, second, { of, unit }));
  }
  return rows;
}
