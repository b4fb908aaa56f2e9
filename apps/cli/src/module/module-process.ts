import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CleanupStack } from "../cleanup-stack.js";
import { judgedPersonalities } from "../tour/explore-save.js";
import type { ModuleOutcome, ModuleVerdict } from "./judge-module.js";
import { stuckDescriptor, type StuckLoad } from "./pulse.js";

export interface ModuleProcessOptions {
  /** Path of the module. */
  readonly module: string;
  /** Milliseconds until the process is killed, whatever it is doing. */
  readonly deadlineMs: number;
  /** Takes the kill upon an interrupt. */
  readonly cleanup: CleanupStack;
  /** Takes what the module prints, which is no result of ours. */
  readonly heard: (text: string) => void;
  /** Host path of the program that judges. Default: the one built beside this one. */
  readonly program?: string;
}

/** Default of {@link ModuleProcessOptions.deadlineMs}. */
export const defaultDeadlineMs = 120_000;

/** Judges a module in a process of its own, which is gone when this resolves. */
export async function judgeInChild(options: ModuleProcessOptions): Promise<ModuleOutcome> {
  const { module, deadlineMs, cleanup, heard } = options;
  const program = options.program ?? fileURLToPath(new URL("./module-child.js", import.meta.url));
  // Without the flags of this process: they are for whoever debugs or tests it.
  const child = fork(program, [module, String(busyMsOf(deadlineMs))], {
    stdio: ["ignore", "pipe", "pipe", "ipc", "pipe"],
    execArgv: [],
  });
  // A module in an endless loop hears of nothing that is gentler than this.
  const forget = cleanup.add(() => child.kill("SIGKILL"));
  const end = (): void => {
    child.kill("SIGKILL");
    // A process that the module has started may hold the other ends.
    for (const stream of child.stdio) stream?.destroy();
  };
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end();
  }, deadlineMs);
  child.stdout?.setEncoding("utf8").on("data", heard);
  child.stderr?.setEncoding("utf8").on("data", heard);
  let outcome: ModuleOutcome | undefined;
  const verdicts: ModuleVerdict[] = [];
  child.on("message", (message: ModuleOutcome | ModuleVerdict) => {
    if ("kind" in message) outcome = message;
    else verdicts.push(message);
  });
  child.stdio[stuckDescriptor]?.once("data", (text: Buffer) => {
    outcome = stuckOutcome(verdicts, JSON.parse(text.toString()) as StuckLoad); // our own child says nothing else
    end();
  });
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (...ended) => resolve(ended));
    });
    return outcome ?? { kind: "refused", why: `${module} ${late ? lateText(deadlineMs) : endText(code, signal)}` };
  } finally {
    clearTimeout(timer);
    forget();
  }
}

/** A part of the deadline, so that the verdict comes before it. */
function busyMsOf(deadlineMs: number): number {
  return Math.max(2000, deadlineMs / 30);
}

/** What is known when `load` computes for ever: nothing of the file systems that would have come next, and no page. */
function stuckOutcome(before: readonly ModuleVerdict[], { personality, busyMs }: StuckLoad): ModuleOutcome {
  const verdicts = judgedPersonalities.map(({ name }): ModuleVerdict => {
    const known = before.find((verdict) => verdict.personality === name);
    if (known !== undefined) return known;
    const of = { personality: name, recoveries: 0, complete: false, explored: "" };
    if (name !== personality) return { ...of, verdict: "unjudged", text: `load never came back under ${personality}` };
    const text = `save: on what a power failure may leave, load computes for ever\n  Outcome: it did not come back in ${busyMs / 1000} s of CPU time`;
    return { ...of, verdict: "hangs", text };
  });
  return { kind: "judged", verdicts, page: undefined };
}

function lateText(deadlineMs: number): string {
  return `did not return within ${deadlineMs / 1000} s`;
}

function endText(code: number | null, signal: NodeJS.Signals | null): string {
  const how =
    code === 13 ? "waits for a promise that never settles" : `ended its process (${signal ?? `exit code ${code}`})`;
  return `${how} before it could be judged`;
}
