import { Memtable } from "@holdfast/lsm-tree/format";
import { compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";
import { hashKeyOfBench, hashOf, keyOf, valuesOf } from "./lsm-tree-entries.js";

/** The memtable against a `Map` by string key, which has neither order nor versions and keeps an object for each entry. */
export const lsmMemtablePart: Part = {
  name: "memtable",
  measure({ quick }): Row[] {
    const count = quick ? 50_000 : 300_000;
    const rounds = { rounds: quick ? 3 : 7 };
    const order = scatter(count, count);
    const keys = Array.from({ length: count }, (_, at) => keyOf(order[at] ?? 0));
    const values = valuesOf(count);
    const fill = (): Memtable => {
      const memtable = new Memtable({ hashKey: hashKeyOfBench, expectedEntries: count });
      for (const [at, key] of keys.entries()) memtable.put(key, values[at] ?? key, at + 1);
      return memtable;
    };
    const fillMap = (): Map<string, Buffer> => {
      const map = new Map<string, Buffer>();
      for (const [at, key] of keys.entries()) {
        map.set(Buffer.from(key.buffer).toString("latin1"), Buffer.from(values[at] ?? key));
      }
      return map;
    };
    const insert = interleave([once("memtable", count, fill), once("Map", count, fillMap)], rounds);
    const memtable = fill();
    const map = fillMap();
    const get = interleave(
      [
        once("memtable", count, () => {
          let seen = 0;
          for (const key of keys) seen += memtable.find(key, hashOf(key), count)?.valueEnd ?? 0;
          return seen;
        }),
        once("Map", count, () => {
          let seen = 0;
          for (const key of keys) seen += map.get(Buffer.from(key.buffer).toString("latin1"))?.length ?? 0;
          return seen;
        }),
      ],
      rounds,
    );
    const sort = interleave(
      [
        afterwards("runs", count, fill, (filled) => filled.sortedCursor()),
        afterwards(
          "comparator",
          count,
          () => keys.slice(),
          (all) => all.sort((a, b) => Buffer.compare(a, b)),
        ),
      ],
      rounds,
    );
    return [
      compare({ id: "memtable/insert", workload: `insert ${count} entries, random keys` }, insert[0]!, insert[1]!, {
        of: "speed",
      }),
      compare({ id: "memtable/get", workload: "get, random keys" }, get[0]!, get[1]!, { of: "speed" }),
      compare({ id: "memtable/sort", workload: "put all entries in order, once" }, sort[0]!, sort[1]!, { of: "speed" }),
    ];
  },
};

function once(name: string, operations: number, run: () => unknown): Contestant {
  return { name, operations, prepare: () => ({ run: () => void run() }) };
}

/** Times `run` over a subject that is made untimed. */
function afterwards<Subject>(
  name: string,
  operations: number,
  make: () => Subject,
  run: (subject: Subject) => unknown,
): Contestant {
  return {
    name,
    operations,
    prepare() {
      const subject = make();
      return { run: () => void run(subject) };
    },
  };
}
