// A thread beside a module that is judged: it goes on where that module computes for ever.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { Pulse, stuckDescriptor, type StuckLoad, type WatchTask } from "./pulse.js";

const { memory, personalities, parent, busyMs } = workerData as WatchTask; // module-child.ts gives it
const pulse = new Pulse(memory);
let beats = pulse.beats;
let cpuMs = cpuTime();

setInterval(() => {
  if (!isThere(parent)) process.kill(process.pid, "SIGKILL"); // nobody waits any more
  if (!pulse.isLoading || pulse.beats !== beats) {
    beats = pulse.beats;
    cpuMs = cpuTime();
  } else if (cpuTime() - cpuMs >= busyMs) {
    const stuck: StuckLoad = { personality: personalities[pulse.under] ?? "", busyMs };
    writeSync(stuckDescriptor, JSON.stringify(stuck)); // whoever reads it ends this process
    cpuMs = Infinity;
  }
}, 250);

/** Of the whole process: a machine that stands still takes nothing from anybody. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A parent that ends leaves its children to another one, where the system has such a notion. */
function isThere(pid: number): boolean {
  if (process.platform !== "win32") return process.ppid === pid;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
