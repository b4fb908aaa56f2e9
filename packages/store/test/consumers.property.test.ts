// A named cursor and a reactor against two numbers and a list: whatever is appended, synced, given out, acknowledged, and however often the
// program or the machine stops.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openNamedCursor, runReactor, type NamedCursor } from "../src/consumers-entry.js";
import { region, type Store } from "../src/index.js";
import { appendTo, everything, sequencesOf } from "./sample-consumers.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";

type Step =
  | { readonly do: "append"; readonly count: number }
  | { readonly do: "take"; readonly batches: number; readonly ack: Ack; readonly rung: "memory" | "data" }
  | { readonly do: "react"; readonly failsAt: number }
  | { readonly do: "sync" | "close cursor" | "close store" | "kill" | "lose power" };
type Ack = "all" | "none" | "backwards" | "all but the first" | "all but the last";

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      batches: fc.integer({ min: 1, max: 4 }),
      ack: fc.constantFrom<Ack>("all", "none", "backwards", "all but the first", "all but the last"),
      rung: fc.constantFrom("memory" as const, "data" as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("sync" as const, "close cursor" as const, "close store" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("react" as const), failsAt: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "lose power" as const) }) },
);

const BATCH = 2;
const orders = region({ kinds: [Placed] });

/** What a cursor promises: `saved <= position <= events`, and that what was handled stays what it was. */
class Model {
  /** How many events there are, and how many a power loss leaves at least. */
  events = 0;
  durable = 0;
  /** Acknowledged, and of that what is durable. */
  position = 0;
  saved = 0;
  handled: string[] = [];

  /** Ends of the batches that a loop gives out first, and the position behind acknowledging those of them that `isAcked` says. */
  take(batches: number, isAcked: (index: number, count: number) => boolean): { ends: number[]; position: number } {
    const ends: number[] = [];
    for (let end = this.position; end < this.events && ends.length < batches;) {
      end = Math.min(end + BATCH, this.events);
      ends.push(end);
    }
    const firstOpen = ends.findIndex((_, index) => !isAcked(index, ends.length));
    const whole = firstOpen === -1 ? ends : ends.slice(0, firstOpen);
    return { ends, position: whole.at(-1) ?? this.position };
  }
}

function ackedBy(ack: Ack): (index: number, count: number) => boolean {
  return (index, count) =>
    ack === "all" ||
    ack === "backwards" ||
    (ack === "all but the first" && index > 0) ||
    (ack === "all but the last" && index < count - 1);
}

class Program {
  readonly fs = new CrashFs();
  readonly directory = new Directory(this.fs);
  readonly model = new Model();
  #runs = 0;
  store!: Store<Sample>;
  cursor!: NamedCursor;

  async openStore(): Promise<void> {
    this.#runs += 1;
    this.store = await openSample(this.directory, { segmentBytes: 2000, ...determined(this.#runs) });
    await this.openCursor();
  }

  async openCursor(): Promise<void> {
    this.cursor = await openNamedCursor(this.store, everything, { name: "a", batchEvents: BATCH, live: false });
  }

  async take({ batches, ack, rung }: Extract<Step, { do: "take" }>): Promise<void> {
    const { model, store } = this;
    const isAcked = ackedBy(ack);
    const { ends, position } = model.take(batches, isAcked);
    const given = [];
    if (ends.length > 0) {
      for await (const batch of this.cursor) if (given.push(batch) === ends.length) break;
    }
    model.durable = ends.length > 0 ? model.events : model.durable;
    expect(store.watermarks.durable).toBeGreaterThanOrEqual(model.durable);
    const numbers = given.flatMap((batch) => sequencesOf(batch.events));
    const last = ends.at(-1) ?? model.position;
    expect(numbers).toEqual(Array.from({ length: last - model.position }, (_, index) => model.position + 1 + index));
    model.handled = allTold(store, Math.max(last, model.handled.length));
    const toAck = given.map((batch, index) => ({ batch, index })).filter(({ index }) => isAcked(index, given.length));
    for (const { batch } of ack === "backwards" ? toAck.toReversed() : toAck) await batch.ack({ rung });
    model.position = position;
    const isSaved = rung === "data" && toAck.length > 0 && isAcked(0, given.length);
    if (isSaved) model.saved = Math.max(model.saved, position);
    expect([this.cursor.position, this.cursor.savedPosition]).toEqual([model.position, model.saved]);
  }

  /** Runs a reactor whose handler fails at the n-th event it is given, so that events before it are given out again the next time. */
  async react(failsAt: number): Promise<void> {
    const { store, model } = this;
    let given = 0;
    const running = runReactor(store, orders, {
      name: "payer",
      live: false,
      batchEvents: 3,
      handle: (event, out) => {
        given += 1;
        if (given === failsAt) throw new Error("fails");
        out.append(`paid ${event.id}`, Paid, { by: "x" });
      },
    });
    const error: unknown = await running.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (given >= failsAt) expect(error).toMatchObject({ code: "STORE_REACTION_FAILED" });
    else expect(error).toBeUndefined();
    for (const { id } of store.events(orders)) {
      expect(error === undefined ? [0] : [0, "empty"], id).toContain(store.revisionOf(`paid ${id}`));
    }
    model.events = store.lastSequence;
    model.durable = store.watermarks.durable;
  }

  async stop(how: "kill" | "lose power"): Promise<void> {
    const { fs, model } = this;
    if (how === "kill") fs.processCrash();
    else fs.crash("worst");
    await this.openStore();
    const { store, cursor } = this;
    expect(store.lastSequence).toBeGreaterThanOrEqual(how === "kill" ? model.events : model.durable);
    expect(store.lastSequence).toBeLessThanOrEqual(model.events);
    expect(cursor.openReport).toEqual({ kind: "resumed", sequence: model.saved });
    model.events = store.lastSequence;
    model.durable = store.watermarks.durable;
    model.position = model.saved;
  }
}

async function play(steps: readonly Step[]): Promise<void> {
  const program = new Program();
  const { model } = program;
  await program.openStore();
  for (const each of steps) {
    switch (each.do) {
      case "append":
        appendTo(program.store, each.count);
        model.events += each.count;
        break;
      case "take":
        await program.take(each);
        break;
      case "sync":
        model.durable = await program.store.sync();
        break;
      case "react":
        await program.react(each.failsAt);
        break;
      case "close cursor":
      case "close store":
        await program.cursor.close();
        model.saved = model.position;
        if (each.do === "close cursor") await program.openCursor();
        else {
          await program.store.close();
          await program.openStore();
          model.durable = model.events;
        }
        expect(program.cursor.openReport).toEqual({ kind: "resumed", sequence: model.position });
        break;
      default:
        await program.stop(each.do);
    }
    expect(allTold(program.store, model.handled.length)).toEqual(model.handled);
  }
  await program.cursor.close();
  await program.store.close();
}

test("a cursor is a position that never skips, and a reactor answers each event once", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), play), {
    numRuns: Number(process.env["FC_NUM_RUNS"] ?? 60),
  });
});
