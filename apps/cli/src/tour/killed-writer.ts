import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { CleanupStack } from "../cleanup-stack.js";

export interface KilledWriterOptions {
  /** Host path of the program to start with Node. */
  readonly program: string;
  readonly args: readonly string[];
  /** When it is killed: so many milliseconds after its first acknowledgement, or once it has acknowledged this number. */
  readonly killed: { readonly afterMs: number } | { readonly atNumber: number };
  /** Milliseconds to wait for its first acknowledgement. */
  readonly patienceMs: number;
  /** Takes the kill upon an interrupt. */
  readonly cleanup: CleanupStack;
}

/** How one life of the writer went. */
export interface KilledWriter {
  /** Highest number it acknowledged, 0 when none. */
  readonly acknowledged: number;
  /** Microseconds of append and sync, one for each acknowledgement. */
  readonly latencies: readonly number[];
  /** `killed`: by us, after it had begun. Everything else is a reason not to believe the round. */
  readonly ended: "killed" | "silent" | "by-itself";
  /** Last line that it wrote on stderr. */
  readonly complaint: string;
}

/** Starts a writer, lets it work, ends it by `kill -9`, and resolves when all it said has been read. */
export async function runAndKill(options: KilledWriterOptions): Promise<KilledWriter> {
  const child = spawn(process.execPath, [options.program, ...options.args], { stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): boolean => child.kill("SIGKILL");
  const forget = options.cleanup.add(kill);
  const acks = new Acknowledgements();
  let silent = false;
  let timer = setTimeout(() => {
    silent = true;
    kill();
  }, options.patienceMs);
  const { killed } = options;
  acks.onFirst = () => {
    clearTimeout(timer);
    if ("afterMs" in killed) timer = setTimeout(kill, killed.afterMs);
  };
  if ("atNumber" in killed) acks.onEach = (number) => number >= killed.atNumber && kill();
  let complaint = "";
  child.stdout.setEncoding("latin1").on("data", (text: string) => acks.add(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-2000)));
  try {
    const signal = await endOf(child);
    const ended = silent ? "silent" : signal === "SIGKILL" && acks.last > 0 ? "killed" : "by-itself";
    return { acknowledged: acks.last, latencies: acks.latencies, ended, complaint: errorLine(complaint) };
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** Resolves when the process is gone and its output read to the end: what a killed process said is still in the pipe. */
async function endOf(child: ChildProcess): Promise<NodeJS.Signals | null> {
  const [, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null]; // as documented
  return signal;
}

/** Collects `ack NUMBER MICROSECONDS` lines. A line counts once it is complete. */
class Acknowledgements {
  last = 0;
  readonly latencies: number[] = [];
  onFirst: () => void = () => {};
  onEach: (number: number) => void = () => {};
  #rest = "";

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const match = /^ack (\d+) ([\d.]+)$/.exec(line);
      if (match === null) continue;
      if (this.latencies.length === 0) this.onFirst();
      this.last = Math.max(this.last, Number(match[1]));
      this.latencies.push(Number(match[2]));
      this.onEach(this.last);
    }
  }
}

/** The line of a stack trace that says what happened, without the paths around it. */
function errorLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.findLast((line) => line !== "") ?? "";
}
