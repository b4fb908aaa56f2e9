import type { CrashMatrixReport } from "@holdfast/crash-test";
import type { KillReport } from "./kill-session.js";
import type { SimReport, SimRun } from "./sim-session.js";
import type { TimedReport, TimedRun } from "./timed-session.js";

/** What sessions have found, as lines for a terminal. */

export function timedLines({ runs, events, reopenMs }: TimedReport): readonly string[] {
  return [
    ...runs.map(timedLine),
    `${whole(events)} events; opened again with all of them in the read model in ${fixed(reopenMs)} ms, and all is as it was done`,
  ];
}

function timedLine({ rung, clients, commands, ms, lag, lagAtEnd, catchUpMs }: TimedRun): string {
  const way =
    rung === "os"
      ? "with the system, one by one"
      : clients === 1
        ? "durable, one by one"
        : `durable, ${clients} at once`;
  const speed = `${whole((commands / ms) * 1000)} commands/s`;
  return `${way.padEnd(28)}${speed.padStart(20)}; the read model ${whole(lag)} events behind at most, ${whole(lagAtEnd)} at the end, caught up in ${fixed(catchUpMs)} ms`;
}

export function killLines({ acknowledged, events, view, openMs, catchUpMs }: KillReport): readonly string[] {
  return [
    `kill -9 after ${whole(acknowledged)} events were acknowledged: ${whole(events)} are there, the read model at ${whole(view)}`,
    `  opened in ${fixed(openMs)} ms, caught up with ${whole(events - view)} events in ${fixed(catchUpMs)} ms, and it is what the events make`,
  ];
}

export interface CrashFindings {
  /** Of a whole session. */
  readonly session: CrashMatrixReport;
  /** Of the beginning of one, with crashes inside the recoveries from it. */
  readonly nested: CrashMatrixReport;
  readonly ms: number;
}

export function crashLines({ session, nested, ms }: CrashFindings): readonly string[] {
  const disks = session.personalities.map(({ personality, images }) => `${whole(images)} of ${personality}`).join(", ");
  const recoveries = session.recoveries + nested.recoveries;
  return [
    `a session of ${whole(session.trace.records.length)} steps on the disk: ${disks}`,
    `${whole(session.distinct)} states after a power loss; ${whole(nested.distinct)} more of its first commands, where the power fails again during recovery`,
    `${whole(recoveries)} recoveries in ${fixed(ms / 1000)} s: acknowledged commands were there, the read model was a prefix of the events, and caught up`,
  ];
}

export function simLines({ runs, steps, hash, events }: SimReport, seed: number): readonly string[] {
  return [
    ...runs.map(simLine),
    `seed ${seed}: ${whole(events.length)} events, ${whole(steps)} decisions, trace ${hash}`,
  ];
}

function simLine(run: SimRun, at: number): string {
  const { micros, commands, durable, appended, viewLag, end, unanswered, found } = run;
  const ended =
    end === "closed"
      ? "closed"
      : `power lost with ${unanswered} ${unanswered === 1 ? "command" : "commands"} under way`;
  return (
    `run ${at + 1}: ${fixed(micros / 1000)} ms, ${whole(commands)} commands, ${whole(durable)} of ${whole(appended)} events acknowledged; ${ended}; ` +
    `found ${whole(found.events)} events, the read model at ${whole(found.view)} (behind by ${viewLag} at most), caught up`
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function fixed(value: number): string {
  return value.toFixed(1);
}
