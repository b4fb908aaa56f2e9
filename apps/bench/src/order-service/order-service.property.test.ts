// Any commands, waits, crashes and opens, beside a model that is a list of what was done and plain maps. A failure prints the seed and the
// path that replay it.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, type CrashChoice } from "@holdfast/fs-seam/crash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { determinedComponents } from "./determined-components.js";
import type { OrderCommand, OrderStatus } from "./order.js";
import { openOrderService, type CommandOutcome, type OrderService } from "./order-service.js";

/** The plainest thing that could be the service: it keeps everything in memory and forgets nothing. */
class ModelOrders {
  /** What was done, in order, with the number of events after each. */
  readonly done: { readonly command: OrderCommand; readonly events: number; readonly revision: number }[] = [];

  execute(command: OrderCommand): CommandOutcome {
    const before = this.done.find(({ command: known }) => known.id === command.id);
    if (before !== undefined) return { kind: "repeated", sequence: before.events, revision: before.revision };
    const own = this.done.filter(({ command: { order } }) => order === command.order);
    const did = (kind: OrderCommand["kind"]): boolean => own.some((each) => each.command.kind === kind);
    const refuse = (reason: string): CommandOutcome => ({ kind: "refused", reason }) as CommandOutcome;
    if (command.kind === "place" ? did("place") : !did("place")) {
      return refuse(command.kind === "place" ? "exists" : "unknown");
    }
    if (command.kind !== "place") {
      if (did("cancel")) return refuse("cancelled");
      const isLate = did("pay") && (command.kind === "pay" || command.kind === "addLine");
      if (isLate) return refuse("not-open");
      if (command.kind === "pay" && this.linesOf(command.order).length === 0) return refuse("no-lines");
      if (did("ship")) return refuse("shipped");
      if (command.kind === "ship" && !did("pay")) return refuse("not-paid");
    }
    const count = command.kind === "place" ? 1 + command.lines.length : 1;
    const events = (this.done.at(-1)?.events ?? 0) + count;
    const revision = (own.at(-1)?.revision ?? -1) + count;
    this.done.push({ command, events, revision });
    return { kind: "done", sequence: events, revision };
  }

  /** Forgets what a power loss took: everything behind so many events, which has to be the end of a command. */
  keep(events: number): void {
    const kept = this.done.filter((each) => each.events <= events);
    expect(kept.at(-1)?.events ?? 0).toBe(events);
    this.done.length = kept.length;
  }

  linesOf(order: string): { readonly quantity: number; readonly unitCents: number }[] {
    return this.done.flatMap(({ command }) => {
      if (command.order !== order) return [];
      return command.kind === "place" ? command.lines : command.kind === "addLine" ? [command.line] : [];
    });
  }

  get orders(): Map<string, { readonly customer: string; readonly status: OrderStatus; readonly totalCents: number }> {
    const orders = new Map<string, { customer: string; status: OrderStatus; totalCents: number }>();
    const by = { place: "open", addLine: "open", pay: "paid", ship: "shipped", cancel: "cancelled" } as const;
    for (const { command } of this.done) {
      const { order, kind } = command;
      const customer = command.kind === "place" ? command.customer : (orders.get(order)?.customer ?? "");
      const totalCents = this.linesOf(order).reduce((sum, line) => sum + line.quantity * line.unitCents, 0);
      orders.set(order, { customer, status: by[kind], totalCents });
    }
    return orders;
  }

  get revenueCents(): number {
    const paid = new Set(this.done.filter(({ command }) => command.kind === "pay").map(({ command }) => command.order));
    return [...this.orders].reduce(
      (sum, [order, { status, totalCents }]) => sum + (paid.has(order) && status !== "cancelled" ? totalCents : 0),
      0,
    );
  }
}

type Step =
  | { readonly kind: "command"; readonly command: OrderCommand }
  | { readonly kind: "durable" | "catchUp" | "reopen" | "look" | "turn" }
  | { readonly kind: "losePower"; readonly left: "worst" | "best" | number };

const orderIds = ["a", "b", "c"] as const;
const line = fc.record({
  product: fc.constantFrom("tea", "pot"),
  quantity: fc.integer({ min: 1, max: 3 }),
  unitCents: fc.integer({ min: 0, max: 999 }),
});
const addressed = { order: fc.constantFrom(...orderIds) };
const lines = fc.array(line, { maxLength: 2 });
const commandBody = fc.oneof(
  fc.record({ kind: fc.constant("place"), customer: fc.constantFrom("ann", "bob"), lines, ...addressed }),
  fc.record({ kind: fc.constant("addLine"), line, ...addressed }),
  fc.record({ kind: fc.constant("pay"), method: fc.constant("card"), ...addressed }),
  fc.record({ kind: fc.constant("ship"), carrier: fc.constant("van"), ...addressed }),
  fc.record({ kind: fc.constant("cancel"), reason: fc.constant(""), ...addressed }),
);
const otherStep = fc.oneof(
  fc.constantFrom("durable", "catchUp", "reopen", "look", "turn").map((kind) => ({ kind })),
  fc.oneof(fc.constantFrom("worst", "best"), fc.nat()).map((left) => ({ kind: "losePower", left })),
);

/** Commands with ids of their own; one in some is an earlier one once more, by its place. */
const program = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.tuple(commandBody, fc.nat(9)) }, { weight: 3, arbitrary: otherStep }), {
    maxLength: 40,
  })
  .map((parts) => {
    const commands: OrderCommand[] = [];
    return parts.map((part): Step => {
      if (!Array.isArray(part)) return part as Step; // one of those above
      const [body, again] = part;
      const earlier = again < 2 ? commands.at(-1 - again) : undefined;
      const command = earlier ?? { ...body, id: `command-${commands.length}` };
      commands.push(command);
      return { kind: "command", command };
    });
  });

/** Runs the steps against a service on a disk whose power fails. */
class Run {
  readonly #fs = new CrashFs();
  readonly #model = new ModelOrders();
  #service!: OrderService; // set by open, before anything else
  #opens = 0;
  #durable = 0;

  async open(): Promise<void> {
    this.#opens += 1;
    this.#service = await openOrderService({
      directory: new Directory(this.#fs),
      components: determinedComponents(this.#opens),
      settings: {
        ...{ batchEvents: 3, checkpointEvents: 5 },
        events: { preallocateBytes: 0, prepareSegments: false, streamHeads: 16 },
        views: { writeBufferBytes: 2000 },
      },
    });
    const { events, view } = this.#service.openReport;
    expect(events).toBeGreaterThanOrEqual(this.#durable);
    expect(view.kind).not.toBe("rebuilt");
    this.#model.keep(events);
    this.#durable = events;
  }

  async take(step: Step): Promise<void> {
    const service = this.#service;
    switch (step.kind) {
      case "command":
        expect(service.execute(step.command)).toEqual(this.#model.execute(step.command));
        return;
      case "durable":
        await service.durable({ sequence: service.progress.events });
        this.#durable = service.progress.events;
        return;
      case "catchUp":
        return service.caughtUp();
      case "look":
        return this.look();
      case "turn":
        return new Promise((resolve) => setImmediate(resolve));
      case "reopen":
        await service.close();
        this.#durable = service.progress.events;
        return this.open();
      case "losePower":
        this.#fs.crash(typeof step.left === "number" ? this.#choice(step.left) : step.left);
        await service.close().catch(() => undefined); // its files are gone under it
        return this.open();
    }
  }

  async look(): Promise<void> {
    await this.#service.caughtUp();
    const { view } = this.#service;
    const expected = this.#model.orders;
    for (const order of orderIds) {
      const row = await view.order(order);
      const shown = row && { customer: row.customer, status: row.status, totalCents: row.totalCents };
      expect(shown).toEqual(expected.get(order));
    }
    for (const customer of ["ann", "bob"]) {
      const own = [...expected].filter(([, each]) => each.customer === customer).map(([order]) => order);
      expect(await view.ordersOf(customer)).toEqual(own.toSorted());
    }
    for (const status of ["open", "paid", "shipped", "cancelled"] as const) {
      const own = [...expected].filter(([, each]) => each.status === status).map(([order]) => order);
      expect(await view.ordersWith(status)).toEqual(own.toSorted());
    }
    let cents = 0;
    for (const [key, row] of await view.contents()) if (key.startsWith("!revenue!")) cents += JSON.parse(row).cents;
    expect(cents).toBe(this.#model.revenueCents);
  }

  /** Any legal disk, by seed. */
  #choice(seedOfDisk: number): CrashChoice | "worst" {
    const trace = this.#fs.trace();
    const strategy = { kind: "random", seed: seedOfDisk, count: 1 } as const;
    for (const { choice } of crashImages(trace, { strategy, at: trace.records.length })) return choice;
    return "worst";
  }

  close(): Promise<void> {
    return this.#service.close();
  }
}

const numRuns = Number(process.env["FC_NUM_RUNS"] ?? 60);
const seed = process.env["FC_SEED"];

test(
  "whatever is done, crashes and opens included, the service is what the model is",
  { timeout: 60_000 + numRuns * 500 },
  async () => {
    await fc.assert(
      fc.asyncProperty(program, async (steps) => {
        const run = new Run();
        await run.open();
        for (const step of steps) await run.take(step);
        await run.look();
        await run.close();
      }),
      { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) },
    );
  },
);
