import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CleanupStack } from "../cleanup-stack.js";
import type { ModuleOutcome } from "./judge-module.js";

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
  const child = fork(program, [module], { stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
  // A module in an endless loop hears of nothing that is gentler than this.
  const forget = cleanup.add(() => child.kill("SIGKILL"));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
    // A process that the module has started may hold the other ends.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, deadlineMs);
  child.stdout?.setEncoding("utf8").on("data", heard);
  child.stderr?.setEncoding("utf8").on("data", heard);
  let outcome: ModuleOutcome | undefined;
  child.on("message", (message) => {
    outcome = message as ModuleOutcome; // our own child says nothing else
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

function lateText(deadlineMs: number): string {
  return `did not return within ${deadlineMs / 1000} s`;
}

function endText(code: number | null, signal: NodeJS.Signals | null): string {
  const how =
    code === 13 ? "waits for a promise that never settles" : `ended its process (${signal ?? `exit code ${code}`})`;
  return `${how} before it could be judged`;
}
