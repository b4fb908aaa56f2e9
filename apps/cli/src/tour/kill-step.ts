import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDirectory } from "@holdfast/fs-seam";
import { Prng, streamSeed } from "@holdfast/fs-seam/fault";
import { countText, durationText, plural, tableLines } from "../terminal.js";
import { runAndKill, type KilledWriter } from "./killed-writer.js";
import { encodeRecord, scanLog, type LogScan } from "./numbered-log.js";
import { quantile } from "./quantile.js";
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
  /** Milliseconds to wait for a writer's first acknowledgement. Default 3000: five silent rounds stay below 20 s. */
  readonly patienceMs?: number;
}

/** One life of the writer and what it left. */
export interface KillRound {
  readonly delayMs: number;
  /** Highest number acknowledged in any round so far: all of them have to be there. */
  readonly acknowledged: number;
  readonly writer: KilledWriter;
  readonly scan: LogScan;
}

/**
 * Kills a process that appends to a synced file, and looks for everything it had acknowledged. Each round goes on with
 * the log of the one before, so every start is a recovery.
 *
 * What it cannot show: the system outlives the process, so what was written stays, synced or not. A writer that forgets
 * to sync passes here; only a power failure, or the exploration of one, tells it apart.
 */
export function killStep(options: KillStepOptions = {}): TourStep {
  const { args = [], rounds = 5, killAfterMs = [5, 150], patienceMs = 3000 } = options;
  const program = options.program ?? fileURLToPath(new URL("./append-child.js", import.meta.url));
  return {
    title: "kill -9 a process that appends to a file",
    async run(context) {
      context.say(
        "A child process appends numbered records, syncs each and then reports its number. It is killed at a",
      );
      context.say(
        `random moment, and whatever it reported has to be there. ${plural(rounds, "time")}, on the same log:`,
      );
      const path = join(context.directory, "killed-writer");
      const directory = openDirectory(path, { create: true });
      const choices = new Prng(streamSeed(context.seed, "kill delay"));
      const done: KillRound[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const delayMs = killAfterMs[0] + choices.below(killAfterMs[1] - killAfterMs[0]);
        context.progress(`kill ${round} of ${rounds}, ${delayMs} ms after the first acknowledgement`);
        const writerArgs = [...args, path, String(context.seed)];
        const writer = await runAndKill({ program, args: writerArgs, delayMs, patienceMs, cleanup: context.cleanup });
        const bytes = directory.exists("log") ? directory.readFile("log") : new Uint8Array(0);
        const acknowledged = Math.max(writer.acknowledged, done.at(-1)?.acknowledged ?? 0);
        done.push({ delayMs, acknowledged, writer, scan: scanLog(bytes, context.seed) });
      }
      tell(context, done);
      return [claimNothingLost(done), claimTearRecognised(context.seed, done.at(-1)?.scan.recordCount ?? 0)];
    },
  };
}

function tell({ say, paint, measured }: TourContext, rounds: readonly KillRound[]): void {
  const rows = rounds.map(({ delayMs, acknowledged, writer, scan }, at) => [
    String(at + 1),
    `${delayMs} ms`,
    countText(acknowledged),
    countText(scan.recordCount),
    tailText(scan),
    writer.ended === "killed" ? "" : writer.ended,
  ]);
  const head = ["round", "killed after", "acknowledged", "recovered", "tail", ""];
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
  say(paint.dim("One record more than acknowledged may come back: the kill fell between its write and its report."));
  say(paint.dim("kill -9 ends the program and not the system: it finds lies about writing, not about syncing."));
}

function tailText({ end }: LogScan): string {
  return end.kind === "torn" ? `torn, ${plural(end.tornBytes, "byte")}` : end.kind;
}

/** Judges the rounds. */
export function claimNothingLost(rounds: readonly KillRound[]): Claim {
  const acknowledged = rounds.at(-1)?.acknowledged ?? 0;
  const recovered = rounds.at(-1)?.scan.recordCount ?? 0;
  const fault = rounds.map(faultOf).find((text) => text !== undefined);
  const ok = rounds.length > 0 && fault === undefined;
  return {
    name: "acknowledged-records-survive-kill-9",
    ok,
    details: {
      says: ok
        ? `all ${countText(acknowledged)} acknowledged records came back intact after ${plural(rounds.length, "kill")} (${countText(recovered)} recovered)`
        : (fault ?? "no round was run"),
      rounds: rounds.map(({ delayMs, acknowledged: upTo, writer, scan }) => ({
        delayMs,
        acknowledged: upTo,
        recovered: scan.recordCount,
        tail: scan.end.kind,
        writer: writer.ended,
      })),
    },
  };
}

function faultOf({ acknowledged, writer, scan }: KillRound, index: number): string | undefined {
  const where = `round ${index + 1}: `;
  if (scan.recordCount < acknowledged) {
    const lost = acknowledged - scan.recordCount;
    return `${where}${plural(lost, "acknowledged record")} of ${countText(acknowledged)} not recovered`;
  }
  if (scan.end.kind === "corrupt") return `${where}the log is corrupt: ${scan.end.why}`;
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

/** Cuts a log at every byte of its last record: each time all records before have to stay, and the tear be named. */
export function claimTearRecognised(seed: number, recordCount: number, scan: typeof scanLog = scanLog): Claim {
  const name = "torn-tail-is-recognised";
  const whole = Math.max(0, Math.min(recordCount, 50) - 1);
  const before = Buffer.concat(Array.from({ length: whole }, (_, at) => encodeRecord(at + 1, seed)));
  const last = encodeRecord(whole + 1, seed);
  let missed = 0;
  for (let cut = 1; cut < last.length; cut += 1) {
    const { recordCount: kept, endOffset, end } = scan(Buffer.concat([before, last.subarray(0, cut)]), seed);
    const named = end.kind === "torn" && end.tornBytes === cut;
    if (kept !== whole || endOffset !== before.length || !named) missed += 1;
  }
  const cuts = last.length - 1;
  const ok = missed === 0;
  const says = ok
    ? `a record cut off at any of its ${plural(cuts, "byte")} is recognised as a torn tail, and no record before it is touched`
    : `a torn record was mistaken for something else at ${countText(missed)} of ${plural(cuts, "cut")}`;
  return { name, ok, details: { says, cuts, missed } };
}
