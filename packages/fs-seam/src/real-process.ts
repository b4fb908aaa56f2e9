import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "./store-fs.js";

/**
 * Which process is which, for the directory lock. A pid alone names nobody: it is reused within a boot, and counts from 1
 * again after one. Linux tells when a process started and which boot this is, and the three together never repeat.
 *
 * Elsewhere only the pid can be judged, so a stale lock whose pid now belongs to another process counts as held.
 */

/** What this file asks of the platform; replaced in tests of platforms we do not run on. */
export interface ProcessSources {
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly hostname: () => string;
  /** Content of a small text file; throws when it cannot be read. */
  readonly readText: (path: string) => string;
  readonly readLink: (path: string) => string;
  /** Signal 0: throws ESRCH when there is no such process, EPERM when it is another user's. */
  readonly probe: (pid: number) => void;
}

const nodeSources: ProcessSources = {
  platform: process.platform,
  pid: process.pid,
  hostname,
  readText: (path) => readFileSync(path, "latin1"),
  readLink: (path) => readlinkSync(path),
  probe: (pid) => void process.kill(pid, 0),
};

function textOr(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}

/** Who this process is. On Linux without /proc, and on other systems, `startTime` and `bootId` are "". */
export function currentProcess(sources: ProcessSources = nodeSources): ProcessIdentity {
  const { platform, pid, readText, readLink } = sources;
  if (platform !== "linux") return { pid, startTime: "", bootId: "", host: sources.hostname() };
  const started = readStat(pid, sources);
  return {
    pid,
    startTime: typeof started === "object" ? started.startTime : "",
    bootId: textOr(() => readText("/proc/sys/kernel/random/boot_id")),
    // The machine id tells apart machines of one name that share a disk; the namespace, containers of one machine. A pid
    // means nothing across either border.
    host: [
      sources.hostname(),
      textOr(() => readText("/etc/machine-id")),
      textOr(() => readLink("/proc/self/ns/pid")),
    ].join("|"),
  };
}

interface ProcessStat {
  readonly startTime: string;
  /** Nothing of it can run any more. */
  readonly ended: boolean;
}

/** Fields of `/proc/<pid>/stat`, "absent" without such an entry, "unreadable" for every other failure. */
function readStat(pid: number, sources: ProcessSources): ProcessStat | "absent" | "unreadable" {
  let text: string;
  try {
    text = sources.readText(`/proc/${pid}/stat`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // ESRCH: it ended between the open and the read
    return code === "ENOENT" || code === "ESRCH" ? "absent" : "unreadable";
  }
  // The second field is the program's name in parentheses and may hold anything, so count from the last one: after it
  // come field 3, the state, then fields 4 to 52 as numbers.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const threads = fields[17];
  const startTime = fields[19];
  if (state === undefined || startTime === undefined || !/^[0-9]+$/.test(startTime)) return "unreadable";
  // A zombie only waits for its parent, unless other threads of it still run: then a write may still be under way.
  return { startTime, ended: (state === "Z" || state === "X") && Number(threads) <= 1 };
}

/**
 * Whether the process of that identity can still do anything. `unknown` when it ran on another machine or in another
 * process namespace, or when this one does not let us look.
 */
export function processStateOf(
  identity: ProcessIdentity,
  self: ProcessIdentity,
  sources: ProcessSources = nodeSources,
): "alive" | "dead" | "unknown" {
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0) return "unknown"; // 0 and below name groups
  if (identity.host !== self.host) return "unknown";
  if (identity.bootId !== "" && self.bootId !== "" && identity.bootId !== self.bootId) return "dead";
  const answers = probe(identity.pid, sources);
  if (sources.platform !== "linux") return answers;
  const stat = readStat(identity.pid, sources);
  // With /proc mounted "hidepid", other users' processes have no entry there and still answer a signal.
  if (typeof stat === "string") return answers === "dead" ? "dead" : "unknown";
  if (stat.ended) return "dead";
  return identity.startTime === "" || identity.startTime === stat.startTime ? "alive" : "dead";
}

function probe(pid: number, sources: ProcessSources): "alive" | "dead" | "unknown" {
  try {
    sources.probe(pid);
    return "alive";
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "ESRCH" ? "dead" : code === "EPERM" ? "alive" : "unknown";
  }
}
