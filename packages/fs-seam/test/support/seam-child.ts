import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { afterEach } from "vitest";

export interface Answer {
  readonly ok?: unknown;
  readonly code?: string;
  readonly message?: string;
}

export interface ChildLimits {
  /** How many descriptors it may have open. */
  readonly descriptors?: number;
  /** The user it runs as, when this process may choose. */
  readonly uid?: number | undefined;
}

/** Another process with the package loaded, that does what it is told. */
export class SeamChild {
  readonly process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.process = child;
  }

  static async start(entry: string, root: string, limits: ChildLimits = {}): Promise<SeamChild> {
    const { descriptors = "unlimited", uid } = limits;
    const script = join(import.meta.dirname, "seam-child.mjs");
    const limit = descriptors === "unlimited" ? "" : `ulimit -n ${descriptors}; `;
    const child = spawn("sh", ["-c", `${limit}exec "$@"`, "sh", process.execPath, script, entry, root], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      ...(uid === undefined ? {} : { uid }),
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
      const ended = (code: number | null, signal: string | null): void => {
        reject(new Error(`the child ended with ${code ?? signal}`));
      };
      this.process.once("exit", ended);
      this.process.once("message", (message) => {
        this.process.off("exit", ended);
        resolve(message as Answer);
      });
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
