import type { Directory } from "@holdfast/fs-seam";
import { demandLaw, eventsOf, findService } from "./order-law.js";
import { openOrderService, type OrderService } from "./order-service.js";
import { orderTraffic } from "./order-traffic.js";
import type { OrderCommand } from "./order.js";

/** The service at full speed, on a disk or in memory: how many commands it takes, and how far behind the read model is. */

export interface TimedSession {
  /** Empty, or of a session before. */
  readonly directory: Directory;
  readonly orders: number;
  readonly seed: number;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/** One way to wait for what a command has done. */
export interface TimedRun {
  /** `os`: with the system, one command after the other. `data`: durable before the next one, by so many clients. */
  readonly rung: "os" | "data";
  readonly clients: number;
  readonly commands: number;
  readonly ms: number;
  /** Events by which the read model was behind, at most and at the end of the commands, and how long it took to catch up. */
  readonly lag: number;
  readonly lagAtEnd: number;
  readonly catchUpMs: number;
}

export interface TimedReport {
  readonly runs: readonly TimedRun[];
  readonly events: number;
  /** Of another open of what was closed, with all events in the read model. */
  readonly reopenMs: number;
}

const plans: readonly Pick<TimedRun, "rung" | "clients">[] = [
  { rung: "os", clients: 1 },
  { rung: "data", clients: 1 },
  { rung: "data", clients: 100 },
];

/** Commands of one run that wait for the disk one after the other are fewer: each takes as long as a barrier does. */
const ONE_BY_ONE_SHARE = 10;

/** @throws `Error` when what is there afterwards is not what was done. */
export async function measureService({ directory, orders, seed, now }: TimedSession): Promise<TimedReport> {
  const service = await openOrderService({ directory });
  const runs: TimedRun[] = [];
  for (const [at, plan] of plans.entries()) {
    const isOneByOne = plan.rung === "data" && plan.clients === 1;
    const share = Math.ceil(isOneByOne ? orders / ONE_BY_ONE_SHARE : orders);
    const commands = orderTraffic({ orders: share, seed: seed + at });
    runs.push(await timed(service, named(commands, `${service.progress.events}`), plan, now));
  }
  const appended = eventsOf(service.store);
  await service.close();
  const began = now();
  const again = await openOrderService({ directory });
  await again.caughtUp();
  const reopenMs = now() - began;
  await again.close();
  const { length } = appended;
  demandLaw(await findService(directory, {}), { appended, durable: length, viewSaved: length });
  return { runs, events: length, reopenMs };
}

/** Orders and commands of one run, apart from those of any other on this directory. */
function* named(commands: Iterable<OrderCommand>, run: string): Generator<OrderCommand, void, undefined> {
  for (const command of commands) yield { ...command, id: `${run}.${command.id}`, order: `${run}.${command.order}` };
}

async function timed(
  service: OrderService,
  commands: Iterator<OrderCommand, void>,
  { rung, clients }: Pick<TimedRun, "rung" | "clients">,
  now: () => number,
): Promise<TimedRun> {
  let [count, lag] = [0, 0];
  const client = async (): Promise<void> => {
    for (let next = commands.next(); next.done !== true; next = commands.next()) {
      const outcome = service.execute(next.value);
      count += 1;
      if (count % 64 === 0) lag = Math.max(lag, lagOf(service));
      if (rung === "data" && outcome.kind === "done") await service.durable(outcome);
      else if (count % 64 === 0) await new Promise((resolve) => setImmediate(resolve)); // as a server that reads requests
    }
  };
  const began = now();
  await Promise.all(Array.from({ length: clients }, client));
  const ended = now();
  const lagAtEnd = lagOf(service);
  await service.caughtUp();
  return {
    rung,
    clients,
    commands: count,
    ms: ended - began,
    lag: Math.max(lag, lagAtEnd),
    lagAtEnd,
    catchUpMs: now() - ended,
  };
}

function lagOf({ progress }: OrderService): number {
  return progress.events - progress.view;
}
