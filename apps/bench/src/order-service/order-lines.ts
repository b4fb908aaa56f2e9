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

export function crashLines(report: CrashMatrixReport, ms: number): readonly string[] {
  const { recoveries, distinct, personalities, trace, complete } = report;
  const width = Math.max(...personalities.map(({ personality }) => personality.length));
  return [
    ...personalities.map(({ personality, images }) => `${personality.padEnd(width)}${whole(images).padStart(8)} disks`),
    `${whole(distinct)} states after a power loss in ${whole(trace.records.length)} steps of a session, or in a recovery from one`,
    `${whole(recoveries)} recoveries in ${fixed(ms / 1000)} s: every acknowledged command was there, the read model was a prefix, and caught up`,
    ...(complete ? [] : ["not every combination of what was pending was made: see the strategies of crash-test"]),
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
  const ended = end === "closed" ? "closed" : `power lost with ${unanswered} commands under way`;
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
