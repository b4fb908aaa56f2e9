import { fork } from "node:child_process";
import { openDirectory } from "@holdfast/fs-seam";
import { expectedContents, eventsOf } from "./order-law.js";
import { openOrderService } from "./order-service.js";
import { orderTraffic } from "./order-traffic.js";

/** A service in a process of its own that is ended by `kill -9` at full speed, and what the next one finds. */

export interface KillReport {
  /** The last event that the child had said to be durable. */
  readonly acknowledged: number;
  /** Events that the next open has found, and where the read model was then. */
  readonly events: number;
  readonly view: number;
  readonly openMs: number;
  readonly catchUpMs: number;
}

export interface KillSession {
  /** Of the machine. */
  readonly path: string;
  readonly seed: number;
  /** Ends the child once it has acknowledged so many events. */
  readonly killAfter: number;
  /** The program that {@link serveUntilKilled} runs in, and its arguments before path and seed. */
  readonly program: string;
  readonly leading: readonly string[];
  readonly now: () => number;
}

/** @throws `Error` when what was acknowledged is gone, or the read model is not what the events make. */
export async function killService(session: KillSession): Promise<KillReport> {
  const { path, killAfter, now } = session;
  const acknowledged = await untilKilled(session, killAfter);
  const directory = openDirectory(path);
  const began = now();
  const service = await openOrderService({ directory });
  const opened = now();
  const { events, view } = service.openReport;
  await service.caughtUp();
  const caughtUp = now();
  const found = await service.view.contents();
  const expected = expectedContents(eventsOf(service.store));
  await service.close();
  if (events < acknowledged) throw new Error(`${events} events are left, and ${acknowledged} were acknowledged`);
  if (view.kind === "rebuilt") throw new Error(`the read model is built anew: ${view.why}`);
  const isSame = found.size === expected.size && [...expected].every(([key, value]) => found.get(key) === value);
  if (!isSame) throw new Error("the read model is not what the events make");
  const position = view.kind === "resumed" ? view.sequence : 0;
  return { acknowledged, events, view: position, openMs: opened - began, catchUpMs: caughtUp - opened };
}

function untilKilled({ path, seed, program, leading }: KillSession, killAfter: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let acknowledged = 0;
    const child = fork(program, [...leading, path, String(seed)], {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("message", (message) => {
      acknowledged = message as number; // the child is serveUntilKilled
      if (acknowledged >= killAfter) child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(acknowledged);
      else reject(new Error(`the service ended by itself, with ${code ?? signal}`));
    });
  });
}

const CLIENTS = 16;

/** What the child does: serves clients without an end, and says what it has acknowledged. */
export async function serveUntilKilled(path: string, seed: number): Promise<never> {
  const service = await openOrderService({ directory: openDirectory(path) });
  const run = service.progress.events;
  const commands = orderTraffic({ orders: 1_000_000, seed });
  const client = async (): Promise<void> => {
    for (const command of commands) {
      const [id, order] = [`${run}.${command.id}`, `${run}.${command.order}`];
      const outcome = service.execute({ ...command, id, order });
      if (outcome.kind !== "done") continue;
      await service.durable(outcome);
      process.send?.(outcome.sequence);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  throw new Error("nobody has killed the service");
}
