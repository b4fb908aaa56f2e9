import { fork, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { afterEach } from "vitest";

export interface Answer {
  readonly ok?: unknown;
  readonly code?: string;
  readonly message?: string;
}

/** Another process with the package loaded, that does what it is told. */
export class SeamChild {
  readonly process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.process = child;
  }

  /** @param wrap - a shell command to run before the process, in the same shell: `ulimit -n 40`. */
  static async start(entry: string, root: string, wrap?: string): Promise<SeamChild> {
    const script = join(import.meta.dirname, "seam-child.mjs");
    const child =
      wrap === undefined
        ? fork(script, [entry, root])
        : spawn("sh", ["-c", `${wrap}; exec "$@"`, "sh", process.execPath, script, entry, root], {
            stdio: ["inherit", "inherit", "inherit", "ipc"],
          });
    const started = new SeamChild(child);
    running.push(started);
    await started.#answer();
    return started;
  }

  ask(command: string, more: object = {}): Promise<Answer> {
    const answer = this.#answer();
    this.process.send({ command, ...more });
    return answer;
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.process.once("message", (message) => resolve(message as Answer));
      this.process.once("exit", (code, signal) => reject(new Error(`the child ended with ${code ?? signal}`)));
    });
  }

  /** `kill -9`, and back when it is over. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await ended;
  }

  /** Stops it where it stands, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.process.kill(signal);
  }
}

const running: SeamChild[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.process.exitCode === null && child.process.signalCode === null) await child.kill();
  }
});
