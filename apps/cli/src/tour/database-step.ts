import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDirectory } from "@holdfast/fs-seam";
import { Prng, streamSeed } from "@holdfast/fs-seam/fault";
import type { LsmLevel, OpenReport } from "@holdfast/lsm-tree";
import { messageOf } from "../cli-error.js";
import { countText, durationText, plural } from "../terminal.js";
import { runAndKill, type KilledWriter } from "./killed-writer.js";
import { contentAfter, differenceFrom, LAST_BATCH_KEY } from "./numbered-batch.js";
import { openDatabase, recoverDatabase } from "./tour-database.js";
import type { Claim, TourContext, TourStep } from "./tour-step.js";

export interface DatabaseStepOptions {
  /** Host path of the writer's program. Default: the one built beside this one. */
  readonly program?: string;
}

/** Milliseconds to wait for the writer's first acknowledgement: for a hang, which a slow start on a busy machine is not. */
const patienceMs = 30_000;

/**
 * Kills a process that writes batches to a database, opens it, and holds all that is there against what the batches up to the last one make. Then clears it
 * beside a snapshot, and looks whether that still sees everything.
 */
export function databaseStep(options: DatabaseStepOptions = {}): TourStep {
  const program = options.program ?? fileURLToPath(new URL("./database-child.js", import.meta.url));
  return {
    title: "kill -9 a process that writes batches to an LsmLevel of @holdfast/lsm-tree",
    async run(context) {
      const { cleanup, say, seed } = context;
      const path = join(context.directory, "database");
      const directory = openDirectory(path, { create: true });
      const atNumber = 150 + new Prng(streamSeed(seed, "database")).below(100);
      say(
        "A child process puts and deletes prices of articles, a batch at a time, and reports each that is durable. It",
      );
      say(`is killed once it has reported ${countText(atNumber)}, while it goes on.`);
      context.progress(`writing batches, to be killed at ${atNumber}`);
      const writer = await runAndKill({
        program,
        args: [path, String(seed)],
        killed: { atNumber },
        patienceMs,
        cleanup,
      });
      try {
        tell(context, await recoverDatabase(directory));
      } catch (error) {
        return [claimSurvival(writer, 0, `the database does not open: ${messageOf(error)}`)];
      }
      await using db = openDatabase(directory);
      const recovered = Number((await db.get(LAST_BATCH_KEY)) ?? 0);
      const content = contentAfter(recovered, seed);
      const claim = claimSurvival(writer, recovered, differenceFrom(content, await db.iterator().all()));
      return [claim, await claimSnapshot(db, content)];
    },
  };
}

function tell({ say }: TourContext, report: OpenReport): void {
  const { durationMs, tables, tableBytes, replayedRecords, orphans, log } = report;
  const cut = log.dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  say(
    `Opened again in ${durationText(durationMs)}: ${plural(tables, "table")} with ${plural(tableBytes, "byte")}, ${plural(replayedRecords, "record")} of the log behind them;`,
  );
  say(`${cut === 0 ? "nothing" : plural(cut, "byte")} cut off, ${plural(orphans.length, "unfinished table")} removed.`);
}

/** @param difference - of what is there from what the recovered batches make. */
function claimSurvival(writer: KilledWriter, recovered: number, difference: string | undefined): Claim {
  const { acknowledged, complaint, ended } = writer;
  const because = complaint === "" ? "" : ` (${complaint})`;
  let fault = difference;
  if (acknowledged === 0) fault = `the writer acknowledged nothing${because}`;
  else if (ended !== "killed") fault = `the writer ended before it was killed${because}`;
  else if (fault === undefined && recovered < acknowledged) {
    fault = `${countText(acknowledged - recovered)} of ${countText(acknowledged)} acknowledged batches not recovered`;
  }
  return {
    name: "acknowledged-batches-survive-kill-9",
    ok: fault === undefined,
    details: {
      says:
        fault ??
        `the database holds what its first ${countText(recovered)} batches make, of which ${countText(acknowledged)} were acknowledged, each as a whole`,
      acknowledged,
      recovered,
      writer: ended,
    },
  };
}

async function claimSnapshot(db: LsmLevel, content: ReadonlyMap<string, string>): Promise<Claim> {
  const snapshot = db.snapshot();
  await db.clear();
  await db.put(LAST_BATCH_KEY, "another");
  await db.compactRange("", "\u{10ffff}");
  const then = differenceFrom(content, await db.iterator({ snapshot }).all());
  const others = await db.iterator({ lt: LAST_BATCH_KEY }).all();
  await snapshot.close();
  const fault = others.length === 0 ? then : `${plural(others.length, "key")} there behind a clear`;
  return {
    name: "snapshot-sees-what-it-saw",
    ok: fault === undefined && content.size > 0,
    details: {
      says:
        fault ??
        `a snapshot sees all ${countText(content.size)} entries while the database is cleared, written to and compacted`,
      entries: content.size,
    },
  };
}
