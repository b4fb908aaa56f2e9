// Reactors: what follows from an event is written once, whatever is handled again, and what becomes of failures.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openNamedCursor, runReactor, type ReactorOptions, type ReactorReport } from "../src/consumers-entry.js";
import { region, type Store, type StoredEvent } from "../src/index.js";
import { appendTo, everything, storeOf, turns } from "./sample-consumers.js";
import { openSample, Paid, Placed, type Sample } from "./sample-store.js";

type Options = ReactorOptions<StoredEvent<Sample>, Sample>;
const orders = region({ kinds: [Placed] });

/** Answers every order with two payments. */
const handle: Options["handle"] = (event, out) => {
  if (event.status !== "known" || event.name !== "order.placed") return;
  out.append(`paid:${event.entity}`, Paid, { by: `first ${event.data.amount}` });
  out.append("all", Paid, { by: `second ${event.data.amount}` }, { metadata: { why: "test" } });
};

function react(store: Store<Sample>, options: Partial<Options> = {}): Promise<ReactorReport> {
  return runReactor(store, everything, { name: "payer", live: false, handle, ...options });
}

function payments(store: Store<Sample>): string[] {
  return [...store.events(region({ kinds: [Paid] }))].map((event) => (event.status === "known" ? event.data.by : "?"));
}

const none = { handled: 0, appended: 0, replayed: 0, differing: 0, skipped: 0, own: 0 };

test("what follows from an event is caused by it and of its correlation, and durable before the event is acknowledged", async () => {
  const store = await storeOf(2);
  const first = store.append("odd", Placed, { amount: 3 }, { correlation: store.at(1)?.id as never });
  expect(await react(store)).toEqual({ ...none, handled: 3, appended: 6 });
  expect(store.watermarks.durable).toBe(store.lastSequence);
  expect(payments(store)).toEqual(["first 1", "second 1", "first 2", "second 2", "first 3", "second 3"]);
  const [, , , , last, other] = [...store.events(region({ kinds: [Paid] }))];
  expect(last).toMatchObject({ entity: "paid:odd", causation: first.id, correlation: store.at(1)?.id });
  expect(last?.metadata).toEqual({ reactor: "payer" });
  expect(other?.metadata).toEqual({ reactor: "payer", why: "test" });
  // Its own events are in the region, and are passed over.
  expect(await react(store)).toEqual({ ...none, own: 6 });
  expect(await react(store)).toEqual(none);
  await store.close();
});

test("a redelivery writes nothing twice, also when the handler gives something else by then", async () => {
  const store = await storeOf(3);
  await react(store);
  const before = payments(store);
  // As behind a crash between the outputs and the acknowledgement: everything is given out again.
  expect(await react(store, { reset: "start" })).toEqual({ ...none, handled: 3, replayed: 3, own: 6 });
  expect(payments(store)).toEqual(before);
  const changed: Options["handle"] = (_, out) => out.append("late", Paid, { by: "another" });
  const report = await react(store, { reset: "start", handle: changed });
  expect(report).toEqual({ ...none, handled: 3, replayed: 3, differing: 3, own: 6 });
  expect(payments(store)).toEqual(before);
  // Another name is another reactor.
  expect((await react(store, { name: "other" })).appended).toBe(6);
  expect(payments(store).length).toBe(12);
  await store.close();
});

test("a reactor handles its own events when it is told to", async () => {
  const store = await storeOf(1);
  const countdown: Options["handle"] = (event, out) => {
    if (event.status !== "known" || event.name !== "order.placed" || event.data.amount >= 5) return;
    out.append("odd", Placed, { amount: event.data.amount + 1 });
  };
  for (let round = 0; round < 6; round += 1) await react(store, { handle: countdown, handlesOwn: true });
  expect(store.lastSequence).toBe(5);
  expect(new Set([...store.events(everything)].map(({ correlation }) => correlation)).size).toBe(1);
  expect(store.at(5)?.causation).toBe(store.at(4)?.id);
  await store.close();
});

test("a live reactor handles what comes until it is aborted", async () => {
  const store = await storeOf(0);
  const control = new AbortController();
  const running = runReactor(store, orders, { name: "payer", handle, signal: control.signal });
  for (let round = 0; round < 3; round += 1) {
    await turns();
    appendTo(store, 1);
  }
  await turns();
  control.abort();
  expect(await running).toEqual({ ...none, handled: 3, appended: 6 });
  const cursor = await openNamedCursor(store, orders, { name: "payer" });
  expect(cursor.openReport).toMatchObject({ kind: "resumed" });
  await cursor.close();
  await store.close();
});

test("a handler that throws stops the reactor; what it said is not written, and the event is handled again", async () => {
  const store = await storeOf(3);
  const cause = new Error("no answer");
  const failing: Options["handle"] = async (event, out) => {
    out.append("x", Paid, { by: `${event.sequence}` });
    await Promise.resolve();
    if (event.sequence === 2) throw cause;
  };
  const error = { code: "STORE_REACTION_FAILED", context: { sequence: 2 }, cause };
  await expect(react(store, { handle: failing })).rejects.toMatchObject(error);
  expect(payments(store)).toEqual(["1"]);
  await expect(react(store, { handle: failing })).rejects.toMatchObject(error);
  expect(payments(store)).toEqual(["1"]);
  expect(await react(store, { handle: (event, out) => out.append("x", Paid, { by: `${event.sequence}` }) })).toEqual({
    ...none,
    handled: 3,
    appended: 2,
    replayed: 1,
    own: 1,
  });
  expect(payments(store)).toEqual(["1", "2", "3"]);
  await store.close();
});

test("a failure is retried after the time that is asked for, and then left aside with an event", async () => {
  const store = await storeOf(3);
  const delays: number[] = [];
  const tried: number[] = [];
  const options: Partial<Options> = {
    schedule: (action, delayMs) => {
      delays.push(delayMs);
      setImmediate(action);
      return () => {};
    },
    handle: (event, out) => {
      tried.push(event.sequence);
      out.append("x", Paid, { by: `${event.sequence}` });
      if (event.sequence === 2) throw new Error("never");
    },
    onFailure: ({ event, attempt, error }, out) => {
      out.append("dead letters", Paid, { by: `${event.sequence}: ${(error as Error).message}` });
      return attempt < 3 ? { retryAfterMs: 10 ** attempt } : "skip";
    },
  };
  expect(await react(store, options)).toEqual({ ...none, handled: 2, appended: 3, skipped: 1 });
  expect(delays).toEqual([10, 100]);
  expect(tried).toEqual([1, 2, 2, 2, 3]);
  expect(payments(store)).toEqual(["1", "2: never", "3"]);
  // Of one event there is one outcome: handled again without a failure, the letter stands.
  const again = await react(store, {
    reset: "start",
    handle: (event, out) => out.append("x", Paid, { by: `${event.sequence}` }),
  });
  expect(again).toEqual({ ...none, handled: 3, replayed: 3, differing: 1, own: 3 });
  expect(payments(store)).toEqual(["1", "2: never", "3"]);
  await store.close();
});

test("a reactor that is aborted while it waits for another try leaves no timer, and acknowledges nothing", async () => {
  const store = await storeOf(1);
  const control = new AbortController();
  const timers = new Set<() => void>();
  const running = react(store, {
    live: true,
    signal: control.signal,
    handle: () => Promise.reject(new Error("down")),
    onFailure: () => ({ retryAfterMs: 1000 }),
    schedule: (action) => {
      timers.add(action);
      return () => void timers.delete(action);
    },
  });
  while (timers.size === 0) await turns(1);
  control.abort();
  expect(await running).toEqual(none);
  expect(timers.size).toBe(0);
  expect((await react(store)).handled).toBe(1);
  await store.close();
});

test("an expected revision that does not hold is a failure of the handler", async () => {
  const store = await storeOf(2);
  const conflicts: unknown[] = [];
  const report = await react(store, {
    handle: (event, out) => out.append("one", Paid, { by: `${event.sequence}` }, { expectedRevision: "empty" }),
    onFailure: ({ error }) => {
      conflicts.push(error);
      return "skip";
    },
  });
  expect(report).toEqual({ ...none, handled: 1, appended: 1, skipped: 1 });
  expect(conflicts).toEqual([{ kind: "conflict", entity: "one", lane: 0, expected: "empty", actual: 0, index: 0 }]);
  await store.close();
});

test("what follows from any event of a batch is durable before the batch is acknowledged", async () => {
  const store = await storeOf(2);
  const report = await react(store, {
    handle: (event, out) => {
      if (event.sequence === 1) out.append("x", Paid, { by: "the first alone" });
    },
  });
  expect(report).toEqual({ ...none, handled: 2, appended: 1 });
  expect(store.watermarks.durable).toBe(3);
  await store.close();
});

test("what stands for a skipped event has to be written: a conflict of it stops the reactor", async () => {
  const store = await storeOf(1);
  const failing: Partial<Options> = {
    handle: () => Promise.reject(new Error("no answer")),
    onFailure: (_, out) => {
      out.append("odd", Paid, { by: "letter" }, { expectedRevision: "empty" });
      return "skip";
    },
  };
  const cause = { kind: "conflict", entity: "odd", actual: 0 };
  const error = { code: "STORE_REACTION_FAILED", context: { sequence: 1 }, cause };
  await expect(react(store, failing)).rejects.toMatchObject(error);
  expect(await react(store)).toEqual({ ...none, handled: 1, appended: 2 }); // it was not acknowledged
  await store.close();
});

test("what is wrong with a reactor is refused", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  appendTo(store, 1);
  for (const [field, options] of [
    ["handle", { handle: 5 }],
    ["onFailure", { onFailure: "stop" }],
    ["handlesOwn", { handlesOwn: 1 }],
    ["schedule", { schedule: 1 }],
    ["handler", { handler: handle }],
  ] as const) {
    await expect(react(store, options as never)).rejects.toMatchObject({
      code: "STORE_INVALID_OPTION",
      context: { field },
    });
  }
  expect(directory.exists("cursors")).toBe(false);
  const undecided = react(store, { handle: () => Promise.reject(new Error("x")), onFailure: () => "retry" as never });
  await expect(undecided).rejects.toMatchObject({ code: "STORE_INVALID_OPTION", context: { field: "onFailure" } });
  const wrong = react(store, { handle: (_, out) => out.append("a", Paid, { by: "x" }, { causation: "y" } as never) });
  await expect(wrong).rejects.toMatchObject({
    code: "STORE_REACTION_FAILED",
    cause: { context: { field: "causation" } },
  });
  let kept: Parameters<Options["handle"]>[1] | undefined;
  await react(store, { handle: (_, out) => void (kept = out) });
  expect(() => kept?.append("a", Paid, { by: "late" })).toThrow(expect.objectContaining({ code: "STORE_CLOSED" }));
  await store.close();
});

test("a commit that is refused is no repetition: the event is not handled", async () => {
  const store = await storeOf(2);
  const running = runReactor(store, everything, {
    name: "a",
    live: false,
    handle: (_, out) => out.append("", Placed, { amount: 1 }),
  });
  await expect(running).rejects.toMatchObject({
    code: "STORE_REACTION_FAILED",
    context: { sequence: 1 },
    cause: { code: "STORE_INVALID_NAME" },
  });
  expect(store.lastSequence).toBe(2);
  await store.close();
});

test("a signal ends it between two events of a batch", async () => {
  const store = await storeOf(3);
  const control = new AbortController();
  const handled: number[] = [];
  const endAtOnce = ({ sequence }: { readonly sequence: number }): void => {
    handled.push(sequence);
    control.abort();
  };
  await runReactor(store, everything, { name: "a", live: false, signal: control.signal, handle: endAtOnce });
  expect(handled).toEqual([1]);
  await store.close();
});
