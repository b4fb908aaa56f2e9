import type { Directory } from "@holdfast/fs-seam";
import { openOrderService, type OrderServiceOptions, type OrderServiceReport } from "./order-service.js";
import type { OrderDefinition } from "./order-events.js";
import type { Store } from "@holdfast/store";
import { followEvents } from "@holdfast/store/consumers";

/**
 * The law of the order service, and how it is looked at:
 *
 * 1. What was acknowledged as durable is there, and the events are a prefix of those that were appended.
 * 2. The read model is at some position, not beyond the events and not before what was said to be saved, and its rows are what the events up
 *    to there make.
 * 3. No crash makes it be built again from nothing.
 * 4. After catching up it is what all events make, and opening again changes nothing.
 *
 * What events make is worked out here once more, in the plainest way, from all of them at once.
 */

/** An event as the law sees it. */
export interface SeenEvent {
  readonly entity: string;
  readonly name: string;
  readonly timeMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All events, or those behind a sequence. */
export function eventsOf(store: Store<OrderDefinition>, after = 0): SeenEvent[] {
  const seen: SeenEvent[] = [];
  for (let sequence = after + 1; sequence <= store.lastSequence; sequence += 1) {
    const event = store.at(sequence);
    if (event?.status !== "known") throw new Error(`event ${sequence} is ${event?.status ?? "not there"}`);
    const { entity, name, timeMs, data } = event;
    seen.push({ entity, name, timeMs, data: { ...data } });
  }
  return seen;
}

/** Keys and values of a read model of these events. */
export function expectedContents(events: readonly SeenEvent[]): Map<string, string> {
  const contents = new Map<string, string>();
  const days = new Map<string, { cents: number; payments: number; refunds: number }>();
  for (const [entity, own] of byEntity(events)) {
    const id = entity.replace("order:", "");
    const has = (name: string): boolean => own.some((event) => event.name === name);
    const lines = own.filter(({ name }) => name === "order.line-added").map(({ data }) => data);
    const status = has("order.cancelled")
      ? "cancelled"
      : has("order.shipped")
        ? "shipped"
        : has("order.paid")
          ? "paid"
          : "open";
    const customer = String(own[0]?.data["customer"]);
    const totalCents = lines.reduce((sum, line) => sum + Number(line["quantity"]) * Number(line["unitCents"]), 0);
    const row = { customer, status, lines, totalCents, placedMs: own[0]?.timeMs, revision: own.length - 1 };
    contents.set(`!orders!${id}`, JSON.stringify(row));
    contents.set(`!by-customer!${customer}/${id}`, "");
    contents.set(`!by-status!${status}/${id}`, "");
  }
  for (const { name, timeMs, data } of events) {
    const [paid, refunded] = [name === "order.paid", Number(data["refundedCents"] ?? 0)];
    if (!paid && refunded === 0) continue;
    const day = new Date(timeMs).toISOString().slice(0, 10);
    const sums = days.get(day) ?? { cents: 0, payments: 0, refunds: 0 };
    days.set(day, sums);
    if (paid) sums.payments += 1;
    else sums.refunds += 1;
    sums.cents += paid ? Number(data["cents"]) : -refunded;
  }
  for (const [day, sums] of days) contents.set(`!revenue!${day}`, JSON.stringify(sums));
  return contents;
}

function byEntity(events: readonly SeenEvent[]): Map<string, SeenEvent[]> {
  const streams = new Map<string, SeenEvent[]>();
  for (const event of events) {
    const own = streams.get(event.entity);
    if (own === undefined) streams.set(event.entity, [event]);
    else own.push(event);
  }
  return streams;
}

/** A service as it was found, and what became of it. */
export interface Found {
  readonly report: OrderServiceReport;
  readonly events: readonly SeenEvent[];
  /** Right behind the open. */
  readonly view: ReadonlyMap<string, string>;
  readonly caughtUp: ReadonlyMap<string, string>;
  readonly again: { readonly report: OrderServiceReport; readonly view: ReadonlyMap<string, string> };
}

/** Opens a service, looks, lets it catch up, closes it and opens it once more. */
export async function findService(
  directory: Directory,
  options: Omit<OrderServiceOptions, "directory">,
): Promise<Found> {
  const gate = new Gate();
  const service = await openOrderService({ ...options, directory, parts: { ...options.parts, follow: gate.follow } });
  const events = eventsOf(service.store);
  const view = await service.view.contents();
  gate.open();
  await service.caughtUp();
  const caughtUp = await service.view.contents();
  await service.close();
  const next = await openOrderService({ ...options, directory, parts: { ...options.parts, follow: gate.follow } });
  const again = { report: next.openReport, view: await next.view.contents() };
  await next.close();
  return { report: service.openReport, events, view, caughtUp, again };
}

/** Holds the read model back, so that it shows what a crash has left. */
class Gate {
  #pass!: () => void; // set by the executor, which runs at once
  readonly #passed = new Promise<void>((resolve) => (this.#pass = resolve));

  readonly follow: typeof followEvents = (source, of, options) => {
    const behind = this.#follow(followEvents(source, of, options));
    return { [Symbol.asyncIterator]: () => behind };
  };

  open(): void {
    this.#pass();
  }

  async *#follow<Batch>(batches: AsyncIterable<Batch>): AsyncGenerator<Batch, void, undefined> {
    await this.#passed;
    yield* batches;
  }
}

/** What somebody was told before the crash. */
export interface Promised {
  /** Events that were appended, in order; those behind `durable` may be gone. */
  readonly appended: readonly SeenEvent[];
  readonly durable: number;
  /** Position at which the read model was saved. */
  readonly viewSaved: number;
}

/** @throws `Error` that says which part of the law is broken. */
export function demandLaw({ report, events, view, caughtUp, again }: Found, promised: Promised): void {
  const { appended, durable, viewSaved } = promised;
  if (events.length < durable) throw new Error(`${events.length} events are left, and ${durable} were durable`);
  demandSame("the events", events, appended.slice(0, events.length));
  const { view: opening } = report;
  if (opening.kind === "rebuilt") throw new Error(`the read model is built anew: ${opening.why}`);
  const position = opening.kind === "resumed" ? opening.sequence : 0;
  const count = events.length;
  if (position > count) throw new Error(`the read model is at ${position}, and there are ${count} events`);
  if (position < viewSaved) throw new Error(`the read model is at ${position}, and was saved at ${viewSaved}`);
  demandRows(`the read model at ${position} of ${events.length}`, view, expectedContents(events.slice(0, position)));
  const all = expectedContents(events);
  demandRows("the read model that has caught up", caughtUp, all);
  demandRows("the read model of the next open", again.view, all);
  const settled = { events: events.length, view: { kind: "resumed", sequence: events.length } };
  if (events.length > 0) demandSame("what the next open finds", again.report, settled);
}

function demandRows(what: string, found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): void {
  for (const key of new Set([...found.keys(), ...expected.keys()])) {
    demandSame(`${what}: ${key}`, found.get(key), expected.get(key));
  }
}

function demandSame(what: string, found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: found ${left ?? "nothing"}, expected ${right ?? "nothing"}`);
}
