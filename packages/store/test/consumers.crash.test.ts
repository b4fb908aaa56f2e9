// Every crash window of consumers: giving out, handling, appending what follows, acknowledging, replacing the position; every disk that a
// crash may leave, and crashes inside the recoveries from it.
//
// STORE_LONG=1 makes more subsets of what is pending, also inside recovery.
import type { CrashMatrixOptions } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { expect, test } from "vitest";
import { openNamedCursor, runReactor, type CursorBatch, type NamedCursorOptions } from "../src/consumers-entry.js";
import { region, type Store, type StoredEvent } from "../src/index.js";
import { appendTo, everything } from "./sample-consumers.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";
import { told } from "./store-law.js";
import { explorationTimeoutMs, explore } from "./support/exploration.js";

const isLong = process.env["STORE_LONG"] === "1";
const BEFORE = 3;
const settings = { segmentBytes: 8192 };
const disks: Pick<CrashMatrixOptions<unknown>, "strategy" | "nestedStrategy"> = {
  strategy: isLong ? { kind: "exhaustive", limit: 1024 } : { kind: "levels", level: 2 },
  nestedStrategy: { kind: "levels", level: isLong ? 2 : 0 },
};
const there = { live: false } as const;

type Run = Parameters<CrashMatrixOptions<unknown>["workload"]>[1];
type Acks = Parameters<CrashMatrixOptions<unknown>["check"]>[1]["acks"];

function dataOf<Data>(acks: Acks, label: string): Data[] {
  return acks.filter((ack) => ack.label === label).map(({ data }) => data as Data);
}

interface CursorProgram {
  readonly options: Omit<NamedCursorOptions, "name">;
  readonly work: (store: Store<Sample>, run: Run, options: NamedCursorOptions) => Promise<void>;
}

/** Says to the harness that these events were handled: a mailer cannot take a mail back. */
function handle(store: Store<Sample>, run: Run, { events }: CursorBatch<StoredEvent>): number {
  for (const { sequence } of events) run.ack("handled", { sequence, event: told(store, sequence) });
  return events.at(-1)?.sequence ?? 0;
}

async function opened(store: Store<Sample>, run: Run, options: NamedCursorOptions): ReturnType<typeof openNamedCursor> {
  const cursor = await openNamedCursor(store, everything, options);
  run.ack("opened", cursor.openReport.sequence);
  return cursor;
}

/** Handles and acknowledges what is there. */
async function consume(store: Store<Sample>, run: Run, options: NamedCursorOptions): Promise<void> {
  const cursor = await opened(store, run, options);
  for await (const batch of cursor) {
    const last = handle(store, run, batch);
    await batch.ack();
    run.ack("saved", last);
  }
  await cursor.close();
}

const programs: Readonly<Record<string, CursorProgram>> = {
  "one batch after the other": {
    options: { batchEvents: 2 },
    work: async (store, run, options) => {
      appendTo(store, 1);
      await consume(store, run, options);
      appendTo(store, 1);
      await consume(store, run, options);
    },
  },
  "from the end, with events between two opens": {
    options: { from: "end" },
    work: async (store, run, options) => {
      const cursor = await opened(store, run, options);
      await cursor.close();
      appendTo(store, 2);
      await consume(store, run, options);
    },
  },
  "what is visible": {
    options: { until: "visible", batchEvents: 2 },
    work: async (store, run, options) => {
      appendTo(store, 2);
      await consume(store, run, options);
    },
  },
  "acknowledged in another order, and in memory": {
    options: { batchEvents: 1 },
    work: async (store, run, options) => {
      appendTo(store, 1);
      const cursor = await opened(store, run, options);
      const batches: CursorBatch<StoredEvent>[] = [];
      for await (const batch of cursor) batches.push(batch);
      for (const at of [2, 1, 0]) {
        const batch = batches[at] as CursorBatch<StoredEvent>;
        handle(store, run, batch);
        const outcome = await batch.ack();
        if (outcome.kind === "acknowledged") run.ack("saved", outcome.sequence);
      }
      const last = handle(store, run, batches[3] as CursorBatch<StoredEvent>);
      await batches[3]?.ack({ rung: "memory" });
      await cursor.close();
      run.ack("saved", last);
    },
  },
};

interface RecoveredCursor {
  readonly kind: string;
  readonly position: number;
  readonly events: readonly string[];
  readonly given: readonly number[];
  readonly again: { readonly kind: string; readonly position: number };
}

async function recoverCursor(directory: Directory, options: NamedCursorOptions): Promise<RecoveredCursor> {
  const store = await openSample(directory, { ...settings, ...determined(7) });
  const events = Array.from({ length: store.lastSequence }, (_, index) => told(store, index + 1));
  const cursor = await openNamedCursor(store, everything, options);
  const { kind, sequence: position } = cursor.openReport;
  const given: number[] = [];
  for await (const batch of cursor) given.push(...batch.events.map(({ sequence }) => sequence));
  await cursor.close();
  const second = await openNamedCursor(store, everything, options);
  const again = { kind: second.openReport.kind, position: second.openReport.sequence };
  await second.close();
  await store.close();
  return { kind, position, events, given, again };
}

/** No event is skipped: whatever lies at or before the position was handled, and is what was handled; the rest is given out. */
function demandNothingSkipped({ kind, position, events, given, again }: RecoveredCursor, acks: Acks): void {
  const [start] = dataOf<number>(acks, "opened");
  // A recovery that was crashed has opened the cursor as well, and then it begins where that one found the end.
  if (start !== undefined && kind !== "resumed") throw new Error(`the cursor was opened, and is ${kind} by now`);
  const saved = Math.max(start ?? 0, ...dataOf<number>(acks, "saved"));
  if (position < saved) throw new Error(`position ${position}, after ${saved} was acknowledged`);
  if (position > events.length) throw new Error(`position ${position} of ${events.length} events`);
  const handled = dataOf<{ sequence: number; event: string }>(acks, "handled");
  for (let sequence = (start ?? position) + 1; sequence <= position; sequence += 1) {
    const isHandled = handled.some((each) => each.sequence === sequence && each.event === events[sequence - 1]);
    if (!isHandled) throw new Error(`position ${position}, and event ${sequence} was never handled`);
  }
  const rest = events.map((_, index) => index + 1).slice(position);
  if (given.join() !== rest.join()) {
    throw new Error(`${given.join()} were given out, behind ${position} of ${events.length}`);
  }
  if (again.kind !== "resumed" || again.position !== position) throw new Error(`opened again at ${again.position}`);
}

function cursorMatrix(name: string, { options, work }: CursorProgram): CrashMatrixOptions<RecoveredCursor> {
  const named = { ...options, ...there, name: "a" };
  return {
    name,
    setup: async (directory) => {
      const store = await openSample(directory, settings);
      appendTo(store, BEFORE);
      await store.close();
    },
    workload: async (directory, run) => {
      const store = await openSample(directory, { ...settings, ...determined(5) });
      await work(store, run, named);
    },
    recover: (directory) => recoverCursor(directory, named),
    check: (recovered, { acks }) => demandNothingSkipped(recovered, acks),
    ...disks,
  };
}

const orders = region({ kinds: [Placed] });

/** Answers each order with two events. */
function payTwice(store: Store<Sample>): ReturnType<typeof runReactor> {
  return runReactor(store, orders, {
    name: "payer",
    ...there,
    batchEvents: 2,
    handle: (event, out) => {
      out.append("paid", Paid, { by: `${event.sequence}` });
      out.append("paid", Paid, { by: `${event.sequence} again` });
    },
  });
}

interface RecoveredReactor {
  readonly position: number;
  /** Of each order: its sequence, and what follows from it. */
  readonly before: readonly (readonly [number, readonly string[]])[];
  readonly after: readonly (readonly [number, readonly string[]])[];
}

function answers(store: Store<Sample>): RecoveredReactor["before"] {
  const paid = [...store.events(region({ kinds: [Paid] }))];
  return [...store.events(orders)].map(({ sequence, id }) => {
    const own = paid.filter(({ causation }) => causation === id);
    return [sequence, own.map((event) => (event.status === "known" ? event.data.by : "?"))] as const;
  });
}

async function recoverReactor(directory: Directory): Promise<RecoveredReactor> {
  const store = await openSample(directory, { ...settings, ...determined(7) });
  const cursor = await openNamedCursor(store, orders, { name: "payer", ...there });
  const { sequence: position } = cursor.openReport;
  await cursor.close();
  const before = answers(store);
  await payTwice(store);
  const after = answers(store);
  await store.close();
  return { position, before, after };
}

/** Nothing is written twice, and nothing that was passed over is without its answer. */
function demandOneAnswer({ position, before, after }: RecoveredReactor, acks: Acks): void {
  const expected = (sequence: number): string => `${sequence},${sequence} again`;
  for (const [sequence, own] of before) {
    const isRight = own.length === 0 || own.join() === expected(sequence);
    if (!isRight) throw new Error(`event ${sequence} has ${own.join()}`);
    if (sequence <= position && own.length === 0) throw new Error(`event ${sequence} was passed over at ${position}`);
  }
  for (const [sequence, own] of after) {
    if (own.join() !== expected(sequence)) throw new Error(`after the recovery event ${sequence} has ${own.join()}`);
  }
  const saved = Math.max(0, ...dataOf<number>(acks, "saved"));
  if (position < saved) throw new Error(`position ${position}, after ${saved} was acknowledged`);
  if (after.length < BEFORE) throw new Error(`${after.length} orders are left`);
}

function reactorMatrix(): CrashMatrixOptions<RecoveredReactor> {
  return {
    name: "reactor",
    setup: async (directory) => {
      const store = await openSample(directory, settings);
      appendTo(store, BEFORE);
      await store.close();
    },
    workload: async (directory, run) => {
      const store = await openSample(directory, { ...settings, ...determined(5) });
      await payTwice(store);
      run.ack("saved", BEFORE);
      appendTo(store, 1);
      const { lastSequence } = store;
      await payTwice(store);
      run.ack("saved", lastSequence);
    },
    recover: recoverReactor,
    check: (recovered, { acks }) => demandOneAnswer(recovered, acks),
    ...disks,
  };
}

test.for(Object.entries(programs))(
  "no consumer skips, and the position never points beyond what is durable: %s, and inside recovery from it",
  { timeout: explorationTimeoutMs },
  async ([name, program], context) => {
    const explored = await explore(cursorMatrix(name, program), context);
    expect(explored.recoveries).toBeGreaterThan(100);
    expect(explored.insideRecovery).toBeGreaterThan(100);
  },
);

test(
  "what follows from an event is there once, and inside recovery",
  { timeout: explorationTimeoutMs },
  async (context) => {
    const explored = await explore(reactorMatrix(), context);
    expect(explored.recoveries).toBeGreaterThan(100);
    expect(explored.insideRecovery).toBeGreaterThan(100);
  },
);
