import type { Directory } from "@holdfast/fs-seam";
import { filler, sectorBytes } from "./content.js";
import { defineProtocol, demandPrefix, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "generation-ignored" | "no-barrier-at-recycling";

/** Records fill a sector and begin with the generation they belong to. Sector 0 says which one that is. */
const recordOf = (generation: number, label: string): Uint8Array =>
  encodeRecord(`${generation}${filler(label, sectorBytes - 9)}`);
const old = ["old 1", "old 2", "old 3"];
const fresh = ["new 1", "new 2"];
const history = fresh.map((label) => `2${filler(label, sectorBytes - 9)}`);

function readLog(directory: Directory, mutant: Mutant | undefined): string[] {
  const { records } = scanRecords(directory.readFile("log"));
  const generation = records[0]?.[0] ?? "";
  const rest = records.slice(1);
  const stale = rest.findIndex((record) => !record.startsWith(generation));
  return stale === -1 || mutant === "generation-ignored" ? rest : rest.slice(0, stale);
}

/** A log file that is used again from the start: what is left of its last life must not be read as part of this one. */
export const recycledLog: Protocol = defineProtocol<string[], Mutant>(
  "recycled log",
  {
    "generation-ignored": "recovery reads on into records of the last generation",
    "no-barrier-at-recycling": "overwrites old records before the new generation is durable",
  },
  (mutant) => ({
    setup(directory) {
      using handle = directory.open("log", { mode: "append", create: "exclusive" });
      handle.append(recordOf(1, "header"));
      for (const label of old) handle.append(recordOf(1, label));
    },
    workload(directory, run) {
      using handle = directory.open("log", { mode: "write" });
      handle.writeAt(recordOf(2, "header"), 0);
      if (mutant !== "no-barrier-at-recycling") handle.syncBlocking("data");
      run.ack("recycled");
      for (const [index, label] of fresh.entries()) {
        handle.writeAt(recordOf(2, label), (index + 1) * sectorBytes);
        handle.syncBlocking("data");
        run.ack(label, index + 1);
      }
    },
    recover: (directory) => readLog(directory, mutant),
    check(records, context) {
      const before = !context.acked("recycled") && records.every((record) => record.startsWith("1"));
      if (!before) demandPrefix(history, records, context);
    },
  }),
);
