import { Directory } from "@holdfast/fs-seam";
import { Prng, SimFs, SimScheduler, streamSeed, traceHash, type LatencyModel } from "@holdfast/fs-seam/sim";
import { determinedComponents } from "./determined-components.js";
import { demandLaw, eventsOf, findService, type SeenEvent } from "./order-law.js";
import {
  openOrderService,
  type OrderService,
  type OrderServiceComponents,
  type OrderServiceOptions,
} from "./order-service.js";
import { orderTraffic } from "./order-traffic.js";
import type { OrderCommand } from "./order.js";

/**
 * The service on a simulated machine: clients that think between their commands, barriers that take their time, and power that fails in
 * the middle, all of it in virtual time. One seed is one run, to the last byte and the last microsecond.
 */

export interface SimSession {
  readonly orders: number;
  readonly seed: number;
  /** How often the power fails before the last run ends in peace. */
  readonly crashes: number;
}

/** One run of the service, from an open to a crash or a close. */
export interface SimRun {
  /** Microseconds of virtual time. */
  readonly micros: number;
  readonly commands: number;
  /** Events that were acknowledged as durable by its end, of those that were appended. */
  readonly durable: number;
  readonly appended: number;
  /** Events by which the read model was behind at most, when a client looked. */
  readonly viewLag: number;
  readonly end: "power lost" | "closed";
  /** Commands that were under way when the power failed, and are sent again in the next run: nobody knows what became of them. */
  readonly unanswered: number;
  /** What the open behind it has found. */
  readonly found: { readonly events: number; readonly view: number };
}

export interface SimReport {
  readonly runs: readonly SimRun[];
  /** Decisions of the scheduler. */
  readonly steps: number;
  /** Identity of everything that was written in the last run. */
  readonly hash: string;
  /** All that has happened. */
  readonly events: readonly SeenEvent[];
}

const CLIENTS = 4;
const MEAN_THINKING_MS = 2;
/** A crash comes within so many decisions of a run. */
const CRASH_WITHIN = 400;
const latency: LatencyModel = {
  sync: { kind: "exponential", meanMicros: 400, maxMicros: 8000 },
  syncNames: { kind: "exponential", meanMicros: 400, maxMicros: 8000 },
  read: { kind: "fixed", micros: 60 },
};

/** What clients know of a run. */
interface Tally {
  commands: number;
  durable: number;
  readonly appended: SeenEvent[];
  viewLag: number;
  readonly unanswered: Set<OrderCommand>;
}

/** @throws `Error` when a crash has broken the law. */
export async function simulate({ orders, seed, crashes }: SimSession): Promise<SimReport> {
  const scheduler = new SimScheduler({ seed });
  const fs = new SimFs({ seed, scheduler, latency });
  const traffic = orderTraffic({ orders, seed });
  const moments = new Prng(streamSeed(seed, "crashes"));
  const runs: SimRun[] = [];
  let appended: readonly SeenEvent[] = [];
  let again: readonly OrderCommand[] = [];
  for (let run = 0; runs.at(-1)?.end !== "closed"; run += 1) {
    const tally = {
      commands: 0,
      durable: appended.length,
      appended: [...appended],
      viewLag: 0,
      unanswered: new Set<OrderCommand>(),
    };
    const began = scheduler.clock.nowMicros();
    if (run < crashes) fs.crashAfter(scheduler.steps + 1 + moments.below(CRASH_WITHIN), "random");
    const components = componentsOf(scheduler, seed * 1000 + run);
    const queue = oneAfterTheOther(again, traffic);
    scheduler.spawn(`run ${run}`, () => serve({ directory: new Directory(fs), components }, queue, tally, scheduler));
    const { end } = await scheduler.run();
    const micros = scheduler.clock.nowMicros() - began;
    const recovery = scheduler.spawn(`recovery ${run}`, () => findService(new Directory(fs), { components }));
    await scheduler.run();
    const found = await recovery.join();
    const { commands, durable, viewLag, unanswered } = tally;
    demandLaw(found, { appended: tally.appended, durable, viewSaved: 0 });
    const { view } = found.report;
    runs.push({
      ...{ micros, commands, durable, appended: tally.appended.length, viewLag, unanswered: unanswered.size },
      end: end === "stopped" ? "power lost" : "closed",
      found: { events: found.events.length, view: view.kind === "resumed" ? view.sequence : 0 },
    });
    appended = found.events;
    again = [...unanswered];
  }
  return { runs, steps: scheduler.steps, hash: traceHash(fs.trace()), events: appended };
}

function* oneAfterTheOther(
  first: readonly OrderCommand[],
  then: Generator<OrderCommand, void, undefined>,
): Generator<OrderCommand, void, undefined> {
  yield* first;
  for (let next = then.next(); next.done !== true; next = then.next()) yield next.value;
}

/** Time is that of the machine; ids are of the run. */
function componentsOf({ clock }: SimScheduler, seed: number): OrderServiceComponents {
  return {
    random: determinedComponents(seed).random,
    clock: () => clock.nowMicros() / 1000,
    now: () => clock.nowMicros() / 1000,
    turn: () => clock.sleep(0),
    schedule: (action, delayMs) => {
      const timer = clock.after(delayMs, action);
      return () => timer.cancel();
    },
  };
}

/** Clients take commands from one queue until it is empty. */
async function serve(
  options: Pick<OrderServiceOptions, "directory" | "components">,
  traffic: Iterator<OrderCommand, void>,
  tally: Tally,
  scheduler: SimScheduler,
): Promise<void> {
  const service = await openOrderService({ ...options, settings: { batchEvents: 16, checkpointEvents: 64 } });
  const clients = Array.from({ length: CLIENTS }, (_, client) =>
    scheduler.spawn(`client ${client}`, () => beClient(service, traffic, tally, scheduler, client)),
  );
  for (const client of clients) await client.join();
  await service.caughtUp();
  await service.close();
}

async function beClient(
  service: OrderService,
  traffic: Iterator<OrderCommand, void>,
  tally: Tally,
  { clock }: SimScheduler,
  client: number,
): Promise<void> {
  const thinking = new Prng(streamSeed(client, "thinking"));
  for (let next = traffic.next(); next.done !== true; next = traffic.next()) {
    tally.unanswered.add(next.value);
    const outcome = service.execute(next.value);
    tally.commands += 1;
    const { events, view } = service.progress;
    tally.viewLag = Math.max(tally.viewLag, events - view);
    if ("sequence" in outcome) {
      tally.appended.push(...eventsOf(service.store, tally.appended.length));
      await service.durable(outcome);
      tally.durable = Math.max(tally.durable, outcome.sequence);
    }
    tally.unanswered.delete(next.value);
    await clock.sleep(thinking.below(2 * MEAN_THINKING_MS * 1000) / 1000);
  }
}
