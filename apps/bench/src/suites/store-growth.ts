import type { Store } from "@holdfast/store";
import { atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";
import { entityOf, fill, inDirectory, newStore, orderOf, Placed } from "./store-workloads.js";

const turn = 2_000;
const perSync = 20_000;

/**
 * What an append costs in a store that holds a lot, beside one in a store that holds a tenth of it: both are open, and take turns. With `--huge` it is ten
 * million events beside a million, too, which takes some 5 GB on the disk and a few minutes.
 */
export const storeGrowthPart: Part = {
  name: "growth",
  measure: ({ quick, huge }) =>
    inDirectory(async (path) => {
      const rows: Row[] = [];
      for (const count of quick ? [50_000] : huge ? [1_000_000, 10_000_000] : [1_000_000]) {
        rows.push(await growth(path, count, quick ? 3 : 15));
      }
      return rows;
    }),
};

async function growth(path: string, count: number, rounds: number): Promise<Row> {
  const [many, few] = [await filled(path, count), await filled(path, count / 10)];
  try {
    const [above, below] = interleave([appends("many", many.subject), appends("a tenth", few.subject)], { rounds });
    if (above === undefined || below === undefined) throw new Error("two contestants have two timings");
    const id = count > 1_000_000 ? "growth/huge" : "growth/append";
    const workload = `append, with ${count} events there beside ${count / 10}`;
    return compare({ id, workload }, above, below, { of: "time", unit: "time", bar: atMost(1.2) });
  } finally {
    await many.dispose();
    await few.dispose();
  }
}

async function filled(path: string, count: number): Promise<Awaited<ReturnType<typeof newStore>>> {
  const opened = await newStore(path);
  for (let to = perSync; to < count + perSync; to += perSync) {
    fill(opened.subject, Math.min(to, count));
    await opened.subject.sync(); // what happens in the background gets its turn
  }
  return opened;
}

/** Leaves what it appends: some thousands more do not count where a million are. */
function appends(name: string, store: Store<typeof Placed>): Contestant {
  return {
    name,
    operations: turn,
    prepare: () => ({
      run() {
        for (let index = 0; index < turn; index += 1) store.append(entityOf(index), Placed, orderOf(index));
      },
    }),
  };
}
