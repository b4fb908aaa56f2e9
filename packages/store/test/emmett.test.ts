// Emmett's event store over ours, against the one that Emmett itself brings: the same calls, the same answers.
import {
  CommandHandler,
  getInMemoryEventStore,
  isExpectedVersionConflictError,
  NO_CONCURRENCY_CHECK,
  STREAM_DOES_NOT_EXIST,
  STREAM_EXISTS,
  type Event,
  type EventStore,
} from "@event-driven-io/emmett";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emmettEventStore, type EmmettEventStoreOptions } from "../src/emmett-entry.js";
import type { Store } from "../src/store.js";
import { events as definitions, openSample } from "./sample-store.js";

type OrderPlaced = Event<"order.placed", { amount: number }>;
type OrderPaid = Event<"order.paid", { by: string }, { who: string }>;
type Order = OrderPlaced | OrderPaid;

const placed = (amount: number): OrderPlaced => ({ type: "order.placed", data: { amount } });
const paid = (by: string): OrderPaid => ({ type: "order.paid", data: { by }, metadata: { who: "anna" } });

const open = async (
  options: Partial<EmmettEventStoreOptions> = {},
): Promise<{ store: Store; emmett: ReturnType<typeof emmettEventStore> }> => {
  const store = (await openSample(new Directory(new MemoryFs()), { segmentBytes: 2 ** 20 })) as Store;
  return { store, emmett: emmettEventStore({ store, events: definitions, ...options }) };
};

describe("appending and reading", () => {
  test("gives types, data, metadata and positions back", async () => {
    const { store, emmett } = await open();
    expect(await emmett.appendToStream<Order>("order:1", [placed(7), paid("card")])).toEqual({
      nextExpectedStreamVersion: 2n,
      createdNewStream: true,
      lastEventGlobalPosition: 2n,
    });
    await emmett.appendToStream<Order>("order:2", [placed(8)]);
    const { events, currentStreamVersion, streamExists } = await emmett.readStream<Order>("order:1");
    expect({ currentStreamVersion, streamExists }).toEqual({ currentStreamVersion: 2n, streamExists: true });
    expect(events).toMatchObject([
      { kind: "Event", ...placed(7), metadata: { streamName: "order:1", streamPosition: 1n, globalPosition: 1n } },
      { ...paid("card"), metadata: { who: "anna", streamPosition: 2n, globalPosition: 2n } },
    ]);
    expect(events.map(({ metadata }) => metadata.messageId)).toEqual([...store.stream("order:1")].map(({ id }) => id));
    await store.close();
  });

  test("a commit is one frame: all of it or none", async () => {
    const { store, emmett } = await open();
    const wrong = { type: "order.shipped", data: {} } as unknown as Order;
    const refusal = { code: "STORE_UNKNOWN_EVENT", context: { actual: "order.shipped" } };
    await expect(emmett.appendToStream<Order>("order:1", [placed(1), wrong])).rejects.toMatchObject(refusal);
    expect(store.lastSequence).toBe(0);
    await store.close();
  });

  test("is durable unless less is asked for", async () => {
    const { store, emmett } = await open();
    await emmett.appendToStream<Order>("order:1", [placed(1)]);
    expect(store.watermarks).toEqual({ accepted: 1, visible: 1, durable: 1 });
    const quick = emmettEventStore({ store, events: definitions, durability: "os" });
    await quick.appendToStream<Order>("order:1", [placed(2)]);
    expect(store.watermarks).toEqual({ accepted: 2, visible: 2, durable: 1 });
    await store.close();
  });

  test("events are cast down before they are stored, and up when they are read", async () => {
    const { store, emmett } = await open();
    type Euros = Event<"order.placed", { euros: number }>;
    const downcast = (event: Euros): OrderPlaced => placed(event.data.euros * 100);
    const upcast = (event: OrderPlaced): Euros => ({ type: "order.placed", data: { euros: event.data.amount / 100 } });
    const euros: Euros = { type: "order.placed", data: { euros: 3 } };
    await emmett.appendToStream<Euros, OrderPlaced>("order:1", [euros], { schema: { versioning: { downcast } } });
    expect((await emmett.readStream<OrderPlaced>("order:1")).events[0]?.data).toEqual({ amount: 300 });
    const read = await emmett.readStream<Euros, OrderPlaced>("order:1", { schema: { versioning: { upcast } } });
    expect(read.events[0]?.data).toEqual({ euros: 3 });
    await store.close();
  });

  test("an event that cannot be read ends the call, and is not left out", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory);
    store.append("order:1", definitions[1] as (typeof definitions)[1], { by: "card" });
    await store.close();
    const other = (await openSample(directory, { events: definitions.slice(0, 1) })) as Store;
    const emmett = emmettEventStore({ store: other, events: definitions.slice(0, 1) });
    await expect(emmett.readStream("order:1")).rejects.toMatchObject({
      code: "STORE_UNKNOWN_EVENT",
      context: { sequence: 1, actual: 0x1002 },
    });
    await other.close();
  });

  test("hooks hear of what was appended", async () => {
    const heard: string[] = [];
    const { store, emmett } = await open({
      hooks: { onAfterCommit: (messages) => void heard.push(...messages.map(({ type }) => type)) },
    });
    await emmett.appendToStream<Order>("order:1", [placed(1), paid("card")]);
    expect(heard).toEqual(["order.placed", "order.paid"]);
    await store.close();
  });
});

test("Emmett's command handler decides on what is there, and tries again after a conflict", async () => {
  const { store, emmett } = await open();
  const handle = CommandHandler<{ sum: number }, OrderPlaced>({
    evolve: ({ sum }, { data }) => ({ sum: sum + data.amount }),
    initialState: () => ({ sum: 0 }),
    retry: { onVersionConflict: true },
  });
  await handle(emmett, "order:1", () => placed(5));
  let tries = 0;
  const result = await handle(emmett, "order:1", async ({ sum }) => {
    tries += 1;
    if (tries === 1) await emmett.appendToStream<Order>("order:1", [placed(100)]); // somebody else comes between
    return placed(sum);
  });
  expect({ tries, version: result.nextExpectedStreamVersion, sum: result.newState.sum }).toEqual({
    tries: 2,
    version: 3n,
    sum: 210,
  });
  await store.close();
});

test.each([
  ["store", { store: {} }],
  ["events", { events: "all" }],
  ["durability", { durability: "disk" }],
  ["stoer", { stoer: 1 }],
])("a wrong %s is refused by name", async (field, wrong) => {
  const { store } = await open();
  const options = { store, events: definitions, ...wrong } as unknown as EmmettEventStoreOptions;
  expect(() => emmettEventStore(options)).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_OPTION", context: { field } }) as Error,
  );
  await store.close();
});

type Call =
  | {
      readonly kind: "append";
      readonly stream: string;
      readonly count: number;
      readonly expected: bigint | string | undefined;
    }
  | {
      readonly kind: "read";
      readonly stream: string;
      readonly from?: bigint;
      readonly to?: bigint;
      readonly maxCount?: bigint;
      readonly expected: bigint | string | undefined;
    }
  | { readonly kind: "exists"; readonly stream: string }
  | { readonly kind: "aggregate"; readonly stream: string };

/** What a call answers, positions in the store and ids left out: a conflict by its message. */
async function answerOf(store: EventStore, call: Call, seen: number): Promise<unknown> {
  try {
    switch (call.kind) {
      case "append": {
        const events = Array.from({ length: call.count }, (_, at) => (at % 2 === 0 ? placed(seen + at) : paid("x")));
        const options = { expectedStreamVersion: call.expected as bigint };
        const { nextExpectedStreamVersion, createdNewStream } = await store.appendToStream<Order>(
          call.stream,
          events,
          options,
        );
        return { nextExpectedStreamVersion, createdNewStream };
      }
      case "read": {
        const { stream, expected, from, to, maxCount } = call;
        const range = {
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(maxCount !== undefined && { maxCount }),
        };
        const read = await store.readStream<Order>(stream, { expectedStreamVersion: expected as bigint, ...range });
        return {
          ...read,
          events: read.events.map(({ type, data, metadata }) => {
            const { streamPosition, streamName } = metadata as { streamPosition: bigint; streamName: string };
            return { type, data, streamPosition, streamName, who: (metadata as { who?: string }).who };
          }),
        };
      }
      case "exists":
        return await store.streamExists(call.stream);
      case "aggregate":
        return await store.aggregateStream<number, Order>(call.stream, {
          evolve: (sum: number, event: Order) => sum + (event.type === "order.placed" ? event.data.amount : 1000),
          initialState: () => 0,
        });
    }
  } catch (error) {
    if (!isExpectedVersionConflictError(error)) throw error;
    return { conflict: (error as Error).message };
  }
}

const expectation = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<string>(STREAM_EXISTS, STREAM_DOES_NOT_EXIST, NO_CONCURRENCY_CHECK),
  fc.bigInt(0n, 6n),
);
const stream = fc.constantFrom("order:1", "order:2");
const position = fc.option(fc.bigInt(0n, 6n), { nil: undefined });
const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      stream,
      count: fc.integer({ min: 1, max: 3 }),
      expected: expectation,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      stream,
      from: position,
      to: position,
      maxCount: fc.option(fc.bigInt(1n, 6n), { nil: undefined }),
      expected: expectation,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("exists" as const, "aggregate" as const), stream }) },
) as fc.Arbitrary<Call>;

test("any calls are answered as Emmett's own store in memory answers them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
      const { store, emmett } = await open({ durability: "os" });
      const model = getInMemoryEventStore();
      for (const [at, each] of calls.entries()) {
        const expected = await answerOf(model, each, at);
        expect(await answerOf(emmett as unknown as EventStore, each, at)).toEqual(expected);
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});
