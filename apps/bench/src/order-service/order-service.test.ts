// What a client sees: answers to commands, reads that follow, and a read model that is made again wherever it does not fit.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { StoreError } from "@holdfast/store";
import { followEvents } from "@holdfast/store/consumers";
import { backup } from "@holdfast/store/maintenance";
import { expect, test } from "vitest";
import { determinedComponents } from "./determined-components.js";
import { expectedContents, eventsOf } from "./order-law.js";
import type { OrderCommand } from "./order.js";
import {
  openOrderService,
  type OrderService,
  type OrderServiceOptions,
  type OrderServiceParts,
} from "./order-service.js";
import { OrderView } from "./order-view.js";

const tea = { product: "tea", quantity: 2, unitCents: 350 } as const;
const pot = { product: "pot", quantity: 1, unitCents: 2999 } as const;

function open(directory: Directory, more: Partial<OrderServiceOptions> = {}): Promise<OrderService> {
  return openOrderService({ directory, components: determinedComponents(1), ...more });
}

function fresh(): Directory {
  return new Directory(new MemoryFs());
}

function place(order: string, customer = "ann"): OrderCommand {
  return { kind: "place", id: `${order}-place`, order, customer, lines: [tea] };
}

function pay(order: string, id = `${order}-pay`): OrderCommand {
  return { kind: "pay", id, order, method: "card" };
}

test("an order goes its way, and every read follows", async () => {
  await using service = await open(fresh());
  expect(service.openReport).toEqual({ events: 0, view: { kind: "created" } });
  expect(service.execute(place("7"))).toEqual({ kind: "done", sequence: 2, revision: 1 });
  service.execute(place("8"));
  service.execute(place("9", "bob"));
  service.execute({ kind: "addLine", id: "7-pot", order: "7", line: pot });
  service.execute(pay("7"));
  service.execute(pay("8"));
  await service.caughtUp(); // so that what follows changes rows that are there
  expect(await service.view.ordersWith("paid")).toEqual(["7", "8"]);
  service.execute({ kind: "cancel", id: "8-cancel", order: "8", reason: "too late" });
  const shipped = service.execute({ kind: "ship", id: "7-ship", order: "7", carrier: "bike" });
  expect(shipped).toEqual({ kind: "done", sequence: 11, revision: 4 });
  await service.durable({ sequence: 11 });
  expect(service.progress.durable).toBe(11);
  await service.caughtUp();
  expect(service.progress).toMatchObject({ events: 11, view: 11 });
  const { view } = service;
  expect(await view.order("7")).toMatchObject({
    customer: "ann",
    status: "shipped",
    lines: [tea, pot],
    totalCents: 3699,
    revision: 4,
  });
  expect(await view.order("6")).toBeUndefined();
  expect(await view.ordersOf("ann")).toEqual(["7", "8"]);
  expect(await view.ordersOf("an")).toEqual([]);
  expect(await view.ordersWith("open")).toEqual(["9"]);
  expect(await view.ordersWith("paid")).toEqual([]);
  expect(await view.ordersWith("cancelled")).toEqual(["8"]);
  expect(await view.revenueOn("2026-11-28")).toEqual({ cents: 3699, payments: 2, refunds: 1 });
});

test("the rules refuse, and nothing is written", async () => {
  await using service = await open(fresh());
  service.execute({ kind: "place", id: "bare", order: "bare", customer: "ann", lines: [] });
  service.execute(place("paid"));
  service.execute(pay("paid"));
  service.execute(place("gone"));
  service.execute({ kind: "cancel", id: "gone-cancel", order: "gone", reason: "" });
  service.execute(place("sent"));
  service.execute(pay("sent"));
  service.execute({ kind: "ship", id: "sent-ship", order: "sent", carrier: "van" });
  const { events } = service.progress;
  const reasonOf = (command: OrderCommand): unknown => {
    const outcome = service.execute(command);
    return outcome.kind === "refused" ? outcome.reason : outcome;
  };
  expect(reasonOf({ ...place("paid"), id: "x" })).toBe("exists");
  expect(reasonOf(pay("nobody"))).toBe("unknown");
  expect(reasonOf(pay("bare"))).toBe("no-lines");
  expect(reasonOf(pay("paid", "x"))).toBe("not-open");
  expect(reasonOf({ kind: "addLine", id: "x", order: "paid", line: tea })).toBe("not-open");
  expect(reasonOf({ kind: "ship", id: "x", order: "bare", carrier: "van" })).toBe("not-paid");
  expect(reasonOf({ kind: "ship", id: "x", order: "sent", carrier: "van" })).toBe("shipped");
  expect(reasonOf({ kind: "cancel", id: "x", order: "sent", reason: "" })).toBe("shipped");
  expect(reasonOf(pay("gone"))).toBe("cancelled");
  expect(service.progress.events).toBe(events);
});

test("a command that is sent again changes nothing, wherever the order is by then", async () => {
  const directory = fresh();
  const service = await open(directory);
  const line: OrderCommand = { kind: "addLine", id: "7-line", order: "7", line: pot };
  const cancel: OrderCommand = { kind: "cancel", id: "7-cancel", order: "7", reason: "changed my mind" };
  const answers = [place("7"), line, pay("7"), cancel].map((command) => service.execute(command));
  await service.close();
  await using again = await open(directory);
  const { events } = again.progress;
  for (const [at, command] of [place("7"), line, pay("7"), cancel].entries()) {
    expect(again.execute(command)).toEqual({ ...answers[at], kind: "repeated" });
  }
  expect(again.progress.events).toBe(events);
  const other: OrderCommand = { ...place("7"), lines: [pot] } as OrderCommand;
  expect(() => again.execute(other)).toThrow(expect.objectContaining({ code: "STORE_KEY_REUSED" }));
  expect(() => again.execute({ ...place("8"), id: "7-line" })).toThrow(StoreError);
});

test("a command may be bound to what was seen", async () => {
  await using service = await open(fresh());
  service.execute(place("7"));
  const seen = { ifRevision: 1 };
  service.execute({ kind: "addLine", id: "7-pot", order: "7", line: pot });
  expect(service.execute({ ...pay("7"), ...seen })).toEqual({ kind: "conflict", actual: 2 });
  expect(service.execute({ ...pay("7"), ifRevision: 2 })).toMatchObject({ kind: "done", revision: 3 });
});

test("ids and data that are none are refused", async () => {
  await using service = await open(fresh());
  expect(() => service.execute({ ...place("7/8"), id: "x" })).toThrow(/^order must be 1 to 64 letters/);
  expect(() => service.execute({ ...place("7"), id: "" })).toThrow(/^id must be/);
  expect(() => service.execute(place("7", "a~b"))).toThrow(expect.objectContaining({ code: "STORE_INVALID_DATA" }));
  const none = { ...tea, quantity: 0 };
  expect(() => service.execute({ kind: "place", id: "x", order: "7", customer: "ann", lines: [none] })).toThrow(
    StoreError,
  );
  expect(service.progress.events).toBe(0);
});

/** Orders of some days, closed. */
async function filled(directory: Directory): Promise<void> {
  const service = await open(directory);
  for (let at = 1; at <= 20; at += 1) {
    service.execute(place(`o${at}`));
    service.execute(pay(`o${at}`));
  }
  await service.caughtUp();
  await service.close();
}

async function demandComplete(service: OrderService): Promise<void> {
  await service.caughtUp();
  expect(await service.view.contents()).toEqual(expectedContents(eventsOf(service.store)));
}

test("a read model of another history is made again: of a store that was restored, and of one that went on otherwise", async () => {
  const disk = fresh();
  for (const name of ["orders", "backup"]) disk.makeDirectory(name);
  const directory = disk.directory("orders");
  await filled(directory);
  const service = await open(directory);
  await backup(service.store, disk.directory("backup"));
  service.execute(place("later"));
  await service.caughtUp();
  await service.close();
  directory.removeTree("events");
  disk.rename("backup", "orders/events");
  const restored = await open(directory, { components: determinedComponents(2) });
  expect(restored.openReport).toEqual({ events: 60, view: { kind: "rebuilt", why: "history" } });
  await demandComplete(restored);
  await restored.close();
  await using again = await open(directory);
  expect(again.openReport.view).toEqual({ kind: "resumed", sequence: 60 });
});

test("one of another version is made again, and so is one that is damaged or gone", async () => {
  const directory = fresh();
  await filled(directory);
  const [event] = await eventsIn(directory);
  const view = await OrderView.open({ directory: directory.directory("views"), settings: {}, components: {} });
  if (event === undefined || view.position === undefined) throw new Error("there are orders");
  await view.apply([event], { ...view.position, version: 99 }, "os");
  await view.close();
  const other = await open(directory);
  expect(other.openReport.view).toEqual({ kind: "rebuilt", why: "version" });
  await demandComplete(other);
  await other.close();
  const [manifest] = directory.list("views/manifest");
  if (manifest === undefined) throw new Error("a database has a manifest");
  directory.writeFile(`views/manifest/${manifest.name}`, new Uint8Array(4096).fill(0x5a));
  const damaged = await open(directory);
  expect(damaged.openReport.view).toEqual({ kind: "rebuilt", why: "damage" });
  await demandComplete(damaged);
  await damaged.close();
  expect(directory.list().map(({ name }) => name)).toEqual(["events", "views"]);
  directory.removeTree("views");
  await using gone = await open(directory);
  expect(gone.openReport.view).toEqual({ kind: "created" });
  await demandComplete(gone);
});

async function eventsIn(directory: Directory): Promise<Parameters<OrderView["apply"]>[0]> {
  const service = await open(directory);
  const event = service.store.at(1);
  await service.close();
  return event?.status === "known" ? [event] : [];
}

test("a read model that fails stands still and says so, and commands go on", async () => {
  class FullView extends OrderView {
    protected override async batch(): Promise<void> {
      throw new Error("no room");
    }
  }
  await using service = await open(fresh(), { parts: { view: FullView } });
  service.execute(place("7"));
  await expect(service.caughtUp()).rejects.toMatchObject({
    code: "ORDERS_VIEW_STOPPED",
    cause: { message: "no room" },
  });
  expect(service.execute(pay("7"))).toMatchObject({ kind: "done" });
  expect(service.progress).toMatchObject({ events: 3, view: 0 });
});

test("whoever waits when the service is closed is told, and closing again does no harm", async () => {
  const service = await open(fresh(), {
    parts: { follow: () => ({ [Symbol.asyncIterator]: async function* () {} }) },
  });
  service.execute(place("7"));
  const waiting = service.caughtUp().catch((error: unknown) => error);
  await service.close();
  await service.close();
  expect(await waiting).toMatchObject({ name: "OrderServiceError", code: "ORDERS_CLOSED" });
});

test("an event that this program cannot read stops the read model instead of being skipped", async () => {
  const dropped = { status: "dropped", sequence: 1 } as never; // as retention leaves it
  const follow = (): AsyncIterable<never> => ({
    [Symbol.asyncIterator]: async function* () {
      yield { events: [dropped], token: () => "" } as never;
    },
  });
  await using service = await open(fresh(), { parts: { follow } });
  service.execute(place("7"));
  await expect(service.caughtUp()).rejects.toMatchObject({ cause: { code: "ORDERS_UNREADABLE_EVENT" } });
});

test("a directory that is somebody else's is refused, and nothing in it is touched", async () => {
  const foreign: readonly (readonly [string, string])[] = [
    ["notes.txt", "notes.txt"],
    ["events", "events"],
    ["events/party.txt", "events"],
    ["views/index.html", "views"],
    ["views-damaged/index.html", "views-damaged"],
  ];
  for (const [path, named] of foreign) {
    const directory = fresh();
    if (path.includes("/")) directory.makeDirectory(named);
    directory.writeFile(path, new Uint8Array(3));
    await expect(open(directory)).rejects.toMatchObject({
      code: "ORDERS_FOREIGN_DIRECTORY",
      message: `${named} in the directory is not of an order service: give an empty directory, or one of its own`,
    });
    expect(directory.list().map(({ name }) => name)).toEqual([named]);
    expect(directory.stat(path).size).toBe(3);
  }
});

test("where a crash has left empty directories and a read model that was put aside, the service opens", async () => {
  const directory = fresh();
  await filled(directory);
  directory.rename("views", "views-damaged");
  directory.makeDirectory("views");
  await using service = await open(directory);
  expect(service.openReport.view).toEqual({ kind: "created" });
  expect(directory.list().map(({ name }) => name)).toEqual(["events", "views"]);
  await demandComplete(service);
});

test("a position counts as saved once the batch with its barrier is written, and not before", async () => {
  let savedMeanwhile: number | undefined;
  const opened: { service?: OrderService } = {};
  class WatchedView extends OrderView {
    override async apply(...args: Parameters<OrderView["apply"]>): Promise<void> {
      savedMeanwhile ??= opened.service?.progress.viewSaved;
      await super.apply(...args);
      savedMeanwhile = Math.max(savedMeanwhile ?? 0, opened.service?.progress.viewSaved ?? 0);
    }
  }
  const service = await open(fresh(), {
    settings: { batchEvents: 256, checkpointEvents: 1 },
    parts: { view: WatchedView },
  });
  opened.service = service;
  service.execute(place("7"));
  await service.caughtUp();
  expect(savedMeanwhile).toBe(0);
  expect(service.progress.viewSaved).toBe(2);
  await service.close();
});

test("the read model is closed while the store is open, so that it takes in what it has begun with", async () => {
  const closed: string[] = [];
  const opened: { service?: OrderService } = {};
  class WatchedView extends OrderView {
    override async close(): Promise<void> {
      // An append is refused by a store that is closed.
      opened.service?.execute(pay("7"));
      closed.push("view");
      await super.close();
    }
  }
  const follow: OrderServiceParts["follow"] = (source, of, options) => ({
    [Symbol.asyncIterator]: async function* () {
      yield* followEvents(source, of, options);
      opened.service?.execute(place("8"));
      closed.push("feeder");
    },
  });
  const service = await open(fresh(), { parts: { view: WatchedView, follow } });
  opened.service = service;
  service.execute(place("7"));
  await service.close();
  expect(closed).toEqual(["feeder", "view"]);
});

test("no crash leaves two read models: the damaged one is put aside durably before another is made", async () => {
  let left: readonly string[] | undefined;
  class WatchedFs extends CrashFs {
    override makeDirectory(...args: Parameters<CrashFs["makeDirectory"]>): void {
      if (args[0] === "/views" && this.list("/").some(({ name }) => name === "views-damaged")) left = namesLeft(this);
      super.makeDirectory(...args);
    }
  }
  const directory = new Directory(new WatchedFs());
  await filled(directory);
  const [manifest] = directory.list("views/manifest");
  if (manifest === undefined) throw new Error("a database has a manifest");
  directory.writeFile(`views/manifest/${manifest.name}`, new Uint8Array(4096).fill(0x5a));
  const service = await open(directory);
  expect(service.openReport.view).toEqual({ kind: "rebuilt", why: "damage" });
  await service.close();
  expect(left).toEqual(["events,views-damaged"]);
});

/** The names at the top of every disk that a power loss leaves at this moment. */
function namesLeft(fs: CrashFs): string[] {
  const trace = fs.trace();
  const names = new Set<string>();
  for (const { image } of crashImages(trace, { strategy: { kind: "levels", level: 1 }, at: trace.records.length })) {
    const left = new Directory(new MemoryFs({ image }));
    names.add(
      left
        .list()
        .map(({ name }) => name)
        .join(),
    );
  }
  return [...names].toSorted();
}
