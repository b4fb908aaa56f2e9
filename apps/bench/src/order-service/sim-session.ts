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
  /** How often the power fails at most before the last run ends in peace: a run may be over before it does. */
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
/** A crash comes within so many decisions of a run, and of one that has few commands left within so many for each of them. */
const CRASH_WITHIN = 400;
const CRASH_WITHIN_PER_COMMAND = 6;
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
  /** Whoever slept when the power failed takes no command any more. */
  isOver: boolean;
}

/** @throws `Error` when a crash has broken the law. */
export async function simulate({ orders, seed, crashes }: SimSession): Promise<SimReport> {
  const scheduler = new SimScheduler({ seed });
  const fs = new SimFs({ seed, scheduler, latency });
  const commands = [...orderTraffic({ orders, seed })];
  const traffic = commands.values();
  const moments = new Prng(streamSeed(seed, "crashes"));
  const runs: SimRun[] = [];
  let appended: readonly SeenEvent[] = [];
  let again: readonly OrderCommand[] = [];
  let answered = 0;
  for (let run = 0; runs.at(-1)?.end !== "closed"; run += 1) {
    const tally = {
      commands: 0,
      durable: appended.length,
      appended: [...appended],
      viewLag: 0,
      unanswered: new Set<OrderCommand>(),
      isOver: false,
    };
    const began = scheduler.clock.nowMicros();
    if (run < crashes) {
      const within = Math.min(CRASH_WITHIN, Math.max(1, commands.length - answered) * CRASH_WITHIN_PER_COMMAND);
      scheduler.atStep(scheduler.steps + 1 + moments.below(within), () => {
        if (tally.isOver) return; // the run was over before: what comes behind it is a look at what it has left
        fs.crash("random");
        scheduler.stop();
      });
    }
    const components = componentsOf(scheduler, seed * 1000 + run);
    const first = again.values();
    const queue = oneAfterTheOther(first, traffic);
    scheduler.spawn(`run ${run}`, () => serve({ directory: new Directory(fs), components }, queue, tally, scheduler));
    const { end } = await scheduler.run();
    tally.isOver = true;
    const micros = scheduler.clock.nowMicros() - began;
    const recovery = scheduler.spawn(`recovery ${run}`, () => findService(new Directory(fs), { components }));
    await scheduler.run();
    const found = await recovery.join();
    const { durable, viewLag, unanswered } = tally;
    answered += tally.commands - unanswered.size;
    demandLaw(found, { appended: tally.appended, durable, viewSaved: 0 });
    const { view } = found.report;
    runs.push({
      ...{
        micros,
        commands: tally.commands,
        durable,
        appended: tally.appended.length,
        viewLag,
        unanswered: unanswered.size,
      },
      end: end === "stopped" ? "power lost" : "closed",
      found: { events: found.events.length, view: view.kind === "resumed" ? view.sequence : 0 },
    });
    appended = found.events;
    again = [...unanswered, ...first]; // with what nobody had come to send again
  }
  return { runs, steps: scheduler.steps, hash: traceHash(fs.trace()), events: appended };
}

function* oneAfterTheOther(
  first: Iterator<OrderCommand, void>,
  then: Iterator<OrderCommand, void>,
): Generator<OrderCommand, void, undefined> {
  for (let next = first.next(); next.done !== true; next = first.next()) yield next.value;
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
  const clients = Array.from({ length: CLIENTS }, (_, client) => beClient(service, traffic, tally, scheduler, client));
  await Promise.all(clients);
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
  while (!tally.isOver) {
    const next = traffic.next();
    if (next.done === true) return;
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
