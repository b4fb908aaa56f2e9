import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDirectory, type Directory } from "@holdfast/fs-seam";
import { Prng, streamSeed } from "@holdfast/fs-seam/fault";
import { openWal, type RecoveryReport } from "@holdfast/wal";
import { messageOf } from "../cli-error.js";
import { countText, durationText, plural, tableLines } from "../terminal.js";
import { runAndKill, type KilledWriter } from "./killed-writer.js";
import { checkRecords } from "./numbered-record.js";
import { quantile } from "./quantile.js";
import { claimTearRecognised } from "./torn-log.js";
import type { Claim, TourContext, TourStep } from "./tour-step.js";

export interface KillStepOptions {
  /** Host path of the writer's program. Default: the one built beside this one. */
  readonly program?: string;
  /** Arguments in front of the directory and the seed. Default none. */
  readonly args?: readonly string[];
  /** Default 5. */
  readonly rounds?: number;
  /** Milliseconds from the first acknowledgement of a round to its kill: from the first number up to below the second. Default 5, 150. */
  readonly killAfterMs?: readonly [number, number];
  /**
   * Milliseconds to wait for a writer's first acknowledgement. Default 30,000: for a hang, which a slow start on a busy machine is not.
   * A writer that stays silent so long is the end of the step.
   */
  readonly patienceMs?: number;
}

/** What a log holds after a kill. */
export type RecoveredRecords =
  | {
      readonly kind: "opened";
      /** Records 1 to this number are there, byte for byte. */
      readonly recordCount: number;
      readonly fault: string | undefined;
      readonly report: RecoveryReport;
    }
  | { readonly kind: "refused"; readonly why: string };

/** One life of the writer and what it left. */
export interface KillRound {
  readonly delayMs: number;
  /** Highest LSN acknowledged in any round so far: all of them have to be there. */
  readonly acknowledged: number;
  readonly writer: KilledWriter;
  readonly recovered: RecoveredRecords;
}

/**
 * Kills a process that appends to a log, opens the log, and looks for everything that was acknowledged. Each round goes on with
 * the log of the one before, so every start is a recovery.
 *
 * What it cannot show: the system outlives the process, so what was written stays, synced or not. A writer that forgets
 * to sync passes here; only a power failure, or the exploration of one, tells it apart.
 */
export function killStep(options: KillStepOptions = {}): TourStep {
  const { args = [], rounds = 5, killAfterMs = [5, 150], patienceMs = 30_000 } = options;
  const program = options.program ?? fileURLToPath(new URL("./append-child.js", import.meta.url));
  return {
    title: "kill -9 a process that appends to a log of @holdfast/wal",
    async run(context) {
      context.say(
        "A child process appends records, syncs them, and then reports up to which one. It is killed at a random",
      );
      context.say(
        `moment, the log is opened again, and whatever was reported has to be there. ${plural(rounds, "time")}, on the same log:`,
      );
      const path = join(context.directory, "killed-writer");
      const directory = openDirectory(path, { create: true });
      const choices = new Prng(streamSeed(context.seed, "kill delay"));
      const done: KillRound[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const delayMs = killAfterMs[0] + choices.below(killAfterMs[1] - killAfterMs[0]);
        context.progress(`kill ${round} of ${rounds}, ${delayMs} ms after the first acknowledgement`);
        const writerArgs = [...args, path, String(context.seed)];
        const writer = await runAndKill({
          program,
          args: writerArgs,
          killed: { afterMs: delayMs },
          patienceMs,
          cleanup: context.cleanup,
        });
        const acknowledged = Math.max(writer.acknowledged, done.at(-1)?.acknowledged ?? 0);
        done.push({ delayMs, acknowledged, writer, recovered: await recover(directory, context.seed) });
        if (writer.ended === "silent") break;
      }
      tell(context, done);
      return [claimNothingLost(done), await claimTearRecognised(context.seed)];
    },
  };
}

/** Opens the log as a program does when it starts again, and compares every record with what was appended. */
async function recover(directory: Directory, seed: number): Promise<RecoveredRecords> {
  try {
    const log = await openWal({ directory });
    try {
      const { count, fault } = checkRecords(log.read(), seed);
      return { kind: "opened", recordCount: count, fault, report: log.report };
    } finally {
      await log.close();
    }
  } catch (error) {
    return { kind: "refused", why: messageOf(error) };
  }
}

function tell({ say, paint, measured }: TourContext, rounds: readonly KillRound[]): void {
  const rows = rounds.map(({ delayMs, acknowledged, writer, recovered }, at) => [
    String(at + 1),
    `${delayMs} ms`,
    countText(acknowledged),
    ...recoveredCells(recovered),
    writer.ended === "killed" ? "" : writer.ended,
  ]);
  const head = [
    "round",
    "killed after",
    "acknowledged",
    "recovered",
    "proven",
    "written again",
    "cut off",
    "files",
    "",
  ];
  say("");
  tableLines([head, ...rows]).forEach((line, at) => say(`  ${at === 0 ? paint.dim(line) : line}`));
  say("");
  const latencies = rounds.flatMap(({ writer }) => writer.latencies);
  if (latencies.length > 0) {
    const [middle, slow] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
    say(
      `Append and sync took ${durationText(middle / 1000)} in the middle, ${durationText(slow / 1000)} at the 99th percentile.`,
    );
    measured({ name: "killed-writer-append-and-sync-median", value: middle, unit: "µs" });
    measured({ name: "killed-writer-append-and-sync-p99", value: slow, unit: "µs" });
  }
  say(
    paint.dim(
      "That is the RecoveryReport of each open. Proven: what the log itself could show to be durable; what was",
    ),
  );
  say(
    paint.dim(
      "readable beyond that is written again and synced. More than acknowledged may come back: the kill fell between",
    ),
  );
  say(
    paint.dim(
      "its write and its report. kill -9 ends the program and not the system: it finds lies about writing, not syncing.",
    ),
  );
}

function recoveredCells(recovered: RecoveredRecords): string[] {
  if (recovered.kind === "refused") return ["refused", "", "", "", ""];
  const { provenLsn, rewrittenRecords, dropped, segmentCount } = recovered.report;
  const cut = dropped.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    countText(recovered.recordCount),
    countText(provenLsn),
    countText(rewrittenRecords),
    cut === 0 ? "nothing" : plural(cut, "byte"),
    countText(segmentCount),
  ];
}

/** Judges the rounds. */
export function claimNothingLost(rounds: readonly KillRound[]): Claim {
  const acknowledged = rounds.at(-1)?.acknowledged ?? 0;
  const recovered = countOf(rounds.at(-1)?.recovered);
  const fault = rounds.map(faultOf).find((text) => text !== undefined);
  const ok = rounds.length > 0 && fault === undefined;
  return {
    name: "acknowledged-records-survive-kill-9",
    ok,
    details: {
      says: ok
        ? `all ${countText(acknowledged)} acknowledged records came back intact after ${plural(rounds.length, "kill")} (${countText(recovered)} recovered)`
        : (fault ?? "no round was run"),
      rounds: rounds.map(({ delayMs, acknowledged: upTo, writer, recovered: found }) => ({
        delayMs,
        acknowledged: upTo,
        recovered: countOf(found),
        dropped: found.kind === "opened" ? found.report.dropped.length : null,
        writer: writer.ended,
      })),
    },
  };
}

function countOf(recovered: RecoveredRecords | undefined): number {
  return recovered?.kind === "opened" ? recovered.recordCount : 0;
}

function faultOf({ acknowledged, writer, recovered }: KillRound, index: number): string | undefined {
  const where = `round ${index + 1}: `;
  if (recovered.kind === "refused") return `${where}the log does not open: ${recovered.why}`;
  if (recovered.fault !== undefined) return `${where}${recovered.fault}`;
  if (recovered.recordCount < acknowledged) {
    const lost = acknowledged - recovered.recordCount;
    return `${where}${plural(lost, "acknowledged record")} of ${countText(acknowledged)} not recovered`;
  }
  const said = writer.complaint === "" ? "" : ` (${writer.complaint})`;
  switch (writer.ended) {
    case "killed":
      return undefined;
    case "silent":
      return `${where}the writer acknowledged nothing, so there was nothing to lose${said}`;
    case "by-itself":
      return `${where}the writer ended before it was killed${said}`;
  }
}
