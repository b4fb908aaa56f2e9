import { expect } from "vitest";
import { ModelCommand } from "./model-command.js";
import { idsOf, isPlaced, modelRegions, modelTargets } from "./model-regions.js";
import { hex, sequencesOf } from "./store-equality.js";
import type { StoreModel } from "./store-model.js";
import { CURSORS, REACTIONS, REACTOR, reactionTo, type CursorName, type StoreProgram } from "./store-program.js";

/** What follows the events of a store: cursors, a reactor, projections, pages. */

export type Acks = "all" | "none" | "backwards" | "all but the first" | "all but the last";

export interface TakeArgs {
  readonly name: CursorName;
  readonly batches: number;
  readonly acks: Acks;
  readonly rung: "memory" | "data";
}

/** Takes batches of a named cursor, and acknowledges some of them. */
export function takeCommand(args: TakeArgs): ModelCommand<TakeArgs> {
  return new ModelCommand({ name: "take", args, look: "last events", act: take });
}

async function take({ name, batches, acks, rung }: TakeArgs, model: StoreModel, program: StoreProgram): Promise<void> {
  const { batchEvents, until } = CURSORS[name];
  const { position, saved } = model.cursors.get(name)!; // all of them are open
  const { holds } = modelRegions[name === "all" ? 0 : 1]!;
  const rest = sequencesOf(model.events.filter((event) => holds(event) && event.sequence > position));
  const expected: number[][] = [];
  for (let from = 0; from < rest.length && expected.length < batches; from += batchEvents) {
    expected.push(rest.slice(from, from + batchEvents));
  }
  const given = [];
  for await (const batch of program.cursor(name)) if (given.push(batch) === batches) break;
  expect(given.map(({ events }) => sequencesOf(events))).toEqual(expected);
  if (until === "durable") model.durable = model.events.length;
  const acked = ackedOf(acks, given.length);
  for (const index of acked) await given[index]!.ack({ rung });
  const firstOpen = expected.findIndex((_, index) => !acked.includes(index));
  const whole = firstOpen < 0 ? expected : expected.slice(0, firstOpen);
  const reached = whole.flat().at(-1) ?? position;
  const isSaved = rung === "data" && reached > position;
  model.cursors = new Map(model.cursors).set(name, { position: reached, saved: isSaved ? reached : saved });
  if (!isSaved) return;
  model.durable = Math.max(model.durable, reached); // what a position stands at is there for good
  program.note("position saved");
}

function ackedOf(acks: Acks, count: number): readonly number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  switch (acks) {
    case "all":
      return all;
    case "none":
      return [];
    case "backwards":
      return all.toReversed();
    case "all but the first":
      return all.slice(1);
    case "all but the last":
      return all.slice(0, -1);
  }
}

/** Runs the reactor until every order is answered. */
export function reactCommand(): ModelCommand<undefined> {
  return new ModelCommand({ name: "react", args: undefined, look: "last events", act: react });
}

async function react(_: undefined, model: StoreModel, program: StoreProgram): Promise<void> {
  const { position } = model.cursors.get(REACTOR)!; // it is there from the beginning
  const due = model.events.filter((event) => isPlaced(event) && event.sequence > position);
  await program.react();
  for (const order of due) {
    const key = `${REACTOR} ${order.id}`;
    if (model.events.some((event) => event.key === key)) continue;
    const sequence = model.events.length + 1;
    const told = program.store.at(sequence);
    if (told === undefined) throw new Error(`nothing answers the order ${order.sequence}`);
    const revision = model.streamOf({ entity: REACTIONS, lane: 0 }).length;
    const amount = reactionTo(order.sequence);
    const draft = { entity: REACTIONS, scope: "", lane: 0, amount, revision, key, cause: order };
    const facts = { id: told.id, timeMs: told.timeMs, hash: hex(program.store.hashAt(sequence)) };
    model.enter([{ ...draft, metadata: { reactor: REACTOR } }], [facts]);
    program.note("reaction");
  }
  const reached = due.at(-1)?.sequence ?? position;
  model.cursors = new Map(model.cursors).set(REACTOR, { position: reached, saved: reached });
  if (due.length > 0) model.durable = model.events.length;
}

export interface ProjectArgs {
  readonly target: number;
  readonly until: "visible" | "durable";
  readonly past: number | undefined;
  readonly isAsync: boolean;
}

/** Reads a projection, with rows of whatever history has left some. */
export function projectCommand(args: ProjectArgs): ModelCommand<ProjectArgs> {
  return new ModelCommand({ name: "project", args, look: "last events", act: project });
}

async function project(args: ProjectArgs, model: StoreModel, { projector, note }: StoreProgram): Promise<void> {
  const { target, until, past, isAsync } = args;
  const { of, holds } = modelTargets[target]!;
  const bound = Math.min(past ?? model.events.length, until === "durable" ? model.durable : model.events.length);
  const own = model.events.filter((event) => holds(event) && event.sequence <= bound);
  const options = { until, ...(past === undefined ? {} : { atSequence: past }) };
  const projected = isAsync ? await projector.projectAsync(idsOf, of, options) : projector.project(idsOf, of, options);
  const { state, sequence, anchor, reading, writing } = projected;
  expect(state).toEqual(own.map((event) => `${event.sequence} ${event.id}`));
  expect(sequence).toBe(own.at(-1)?.sequence ?? 0);
  if (sequence > 0) expect(hex(anchor.hash)).toBe(own.at(-1)?.hash);
  expect(writing.kind).not.toBe("failed");
  if (writing.kind === "written") expect(writing.sequence).toBeLessThanOrEqual(model.durable);
  note(reading.kind === "miss" ? `row ${reading.why}` : `row ${reading.kind}`);
}

export interface PageArgs {
  readonly region: number;
  readonly backward: boolean;
  readonly limit: number;
}

/** Reads a page, and keeps its token for ever. */
export function pageCommand(args: PageArgs): ModelCommand<PageArgs> {
  return new ModelCommand({
    name: "page",
    args,
    look: "last events",
    act: async ({ region, backward, limit }, model, { store }) => {
      const { of, holds } = modelRegions[region]!;
      const found = store.page(of, { backward, limit });
      const own = model.events.filter(holds);
      const expected = (backward ? own.toReversed() : own).slice(0, limit);
      expect(sequencesOf(found.events)).toEqual(sequencesOf(expected));
      expect(found.isLast).toBe(own.length <= limit);
      const last = expected.at(-1);
      expect(found.next === undefined).toBe(last === undefined);
      if (found.next === undefined || last === undefined) return;
      const { sequence, hash } = last;
      model.tokens = [...model.tokens, { text: found.next, region, backward, sequence, hash }];
    },
  });
}
