import { crashMatrix } from "@holdfast/crash-test";
import { CrashFs, IdealWalk, posix, unitsOf } from "@holdfast/fs-seam/crash";
import { bound, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant, type Timing } from "../workload.js";

/** How many states one core generates, and how many it recovers from. */
export const statesPart: Part = {
  name: "states",
  async measure({ quick }) {
    return [...generated(quick ? 200_000 : 1_000_000, quick ? 3 : 9), await recovered(quick ? 9 : 61)];
  },
};

/** A round takes ten milliseconds, and V8 settles within a second. */
const warmUps = 40;

/** Appends and a document replaced without any barrier, so that everything is pending. */
function unsynced(fs: CrashFs): void {
  const log = fs.open("/log", { mode: "append", create: "if-missing" });
  for (let record = 1; record <= 6; record += 1) log.append(new Uint8Array(200).fill(record));
  const fresh = fs.open("/document.new", { mode: "write", create: "exclusive" });
  fresh.writeAt(new Uint8Array(200).fill(2), 0);
  fresh.close();
  fs.rename("/document.new", "/document");
}

function generated(operations: number, rounds: number): Row[] {
  const fs = new CrashFs();
  unsynced(fs);
  const units = unitsOf(fs.pending(), posix, true);
  const contestant: Contestant = {
    name: "",
    operations,
    prepare: () => ({
      run() {
        let walk = new IdealWalk(units);
        for (let count = 0; count < operations; count += 1) if (!walk.next()) walk = new IdealWalk(units);
      },
    }),
  };
  const [timing] = interleave([contestant], { rounds });
  if (timing === undefined) return [];
  return [
    { id: "states/generated", workload: "legal states generated", ours: figureOf(timing), bar: bound("least", 1e6) },
  ];
}

async function recovered(rounds: number): Promise<Row> {
  const nsPerOperation: number[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const start = performance.now();
    const { recoveries } = await crashMatrix({
      setup: (directory) => directory.writeFile("document", new Uint8Array(200).fill(1)),
      workload: (_, { fs }) => unsynced(fs),
      recover: (directory) => directory.readFile("document"),
      check: () => true,
      strategy: { kind: "exhaustive", limit: 1 << 14 },
      nested: 0,
    });
    if (round >= 0) nsPerOperation.push(((performance.now() - start) * 1e6) / recoveries);
  }
  const timing: Timing = { name: "", nsPerOperation };
  return {
    id: "states/recovered",
    workload: "trivial recoveries by crashMatrix",
    ours: figureOf(timing),
    bar: bound("least", 50_000),
    note: "the whole matrix of one run: recording, 6,720 subsets of which 581 make different images, mounting, reading 200 B, checking.",
  };
}
