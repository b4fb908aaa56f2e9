import type { Directory } from "@holdfast/fs-seam";
import { defineProtocol, demand, type Protocol } from "./protocol.js";
import { encodeRecord, scanRecords } from "./record.js";

type Mutant = "pruned-before-checkpoint" | "checkpoint-not-synced" | "checkpoint-in-place";

const segments = [1, 2, 3];

interface Checkpoint {
  /** Number of the last segment it covers. */
  readonly through: number;
  readonly sum: number;
}

function readCheckpoint(directory: Directory): Checkpoint {
  if (!directory.exists("checkpoint")) return { through: 0, sum: 0 };
  const [record] = scanRecords(directory.readFile("checkpoint")).records;
  demand(record !== undefined, "the checkpoint is damaged");
  return JSON.parse(record ?? "") as Checkpoint; // written by this file
}

/** Checkpoints what a segment holds, then removes the segment; twice. The state is the sum of the records. */
export const checkpointPrune: Protocol = defineProtocol<number, Mutant>(
  "checkpoint and prune",
  {
    "pruned-before-checkpoint": "removes the segment before the checkpoint's name is durable",
    "checkpoint-not-synced": "renames a checkpoint whose bytes were never synced",
    "checkpoint-in-place": "rewrites the checkpoint file itself",
  },
  (mutant) => ({
    setup(directory) {
      for (const segment of segments) directory.writeFile(`segment-${segment}`, encodeRecord(String(segment)));
    },
    workload(directory) {
      const temp = mutant === "checkpoint-in-place" ? "checkpoint" : "checkpoint.tmp";
      let sum = 0;
      for (const through of segments.slice(0, 2)) {
        sum += through;
        using handle = directory.open(temp, { mode: "write", create: "if-missing", truncate: true });
        handle.writeAt(encodeRecord(JSON.stringify({ through, sum } satisfies Checkpoint)), 0);
        if (mutant !== "checkpoint-not-synced") handle.syncBlocking("data");
        directory.rename(temp, "checkpoint");
        if (mutant !== "pruned-before-checkpoint") directory.syncNamesBlocking();
        directory.remove(`segment-${through}`);
        directory.syncNamesBlocking();
      }
    },
    recover(directory) {
      const checkpoint = readCheckpoint(directory);
      let { sum } = checkpoint;
      for (const segment of segments) {
        if (segment <= checkpoint.through) continue;
        sum += Number(scanRecords(directory.readFile(`segment-${segment}`)).records[0]);
      }
      return sum;
    },
    check: (sum) => demand(sum === 6, `the sum is ${sum}`),
  }),
);
