import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  builtReference,
  referenceContestant,
  referenceCrate,
  runReference,
  type ReferenceTurn,
} from "../reference-program.js";
import { compare, type Row } from "../row.js";
import type { PartOptions } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { inDirectory } from "./store-workloads.js";

/** A workload that ours and the reference do side by side. */
export interface ReferencePair {
  /** As `reference/src/main.rs` names it, and the row. */
  readonly workload: string;
  readonly says: string;
  readonly note?: string;
  readonly count: number;
  /** Where they are not as many as `count`: 1 is something that happens once, and its row is a time. */
  readonly operations?: number;
  /** What the reference has to have written before, `count` of it; its turns share the directory then. */
  readonly behind?: string;
  /** Ours, as many operations. */
  ours(root: string): AsyncContestant | Promise<AsyncContestant>;
}

/** Rows of ours beside a crate; none unless they were asked for. */
export function referenceRows(
  { reference, quick }: PartOptions,
  crateName: string,
  pairs: readonly ReferencePair[],
): Promise<Row[]> {
  if (!reference) return Promise.resolve([]);
  const crate = referenceCrate(crateName);
  const program = builtReference(crate);
  return inDirectory(async (root) => {
    const rows: Row[] = [];
    for (const pair of pairs) {
      const { workload, says, note, count, operations = count } = pair;
      const turn = { program, crate, workload, count, operations };
      const theirs = referenceContestant(turn, directories(root, turn, pair.behind));
      const [mine, peer] = await interleaveAsync([await pair.ours(root), theirs], {
        rounds: quick ? 1 : 3,
        warmUps: 1,
      });
      if (mine === undefined || peer === undefined) throw new Error("two contestants have two timings");
      const labels = { id: `reference/${workload}`, workload: says, ...(note === undefined ? {} : { note }) };
      rows.push(
        compare(labels, mine, peer, {
          of: operations === 1 ? "time" : "speed",
          unit: operations === 1 ? "time" : "rate",
        }),
      );
    }
    return rows;
  });
}

interface Place {
  readonly path: string;
  readonly dispose: () => void;
}

/** A directory for each turn; one for all of them, filled before the first, where they read. */
function directories(root: string, turn: ReferenceTurn, behind: string | undefined): () => Place {
  const make = (): string => mkdtempSync(join(root, "reference-"));
  if (behind === undefined) {
    return () => {
      const path = make();
      return { path, dispose: () => rmSync(path, { recursive: true }) };
    };
  }
  const path = make();
  runReference({ ...turn, workload: behind, operations: turn.count }, path);
  return () => ({ path, dispose: () => {} });
}
