import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { formatEventId, type ReadableStore } from "../../src/index.js";
import { Paid, Placed, type Sample } from "../sample-store.js";
import { isPlaced, modelRegions } from "./model-regions.js";
import type { ModelEvent, StoreModel } from "./store-model.js";

/** Demands that whoever reads sees the model, whichever way it reads. */

/** An event as a store has to give it out. */
function storedEvent(event: ModelEvent, isDropped: boolean): object {
  const { id, sequence, entity, scope, lane, revision, timeMs, correlation, cause, metadata, amount } = event;
  const { kind, version, name } = isPlaced(event) ? Placed : Paid;
  const causation = cause?.id;
  const facts = {
    id,
    sequence,
    entity,
    scope,
    lane,
    revision,
    kind,
    version,
    timeMs,
    correlation,
    causation,
    metadata,
  };
  if (isDropped) return { ...facts, status: "dropped" };
  return { ...facts, status: "known", name, data: isPlaced(event) ? { amount } : { by: String(amount) } };
}

/** As `toEqual`, which takes a hundred times as long where nothing differs. */
function demandSame(found: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(found, expected)) expect(found, what).toEqual(expected);
}

/** Demands these events, by their sequences and by their ids. */
export function demandEvents(
  store: ReadableStore<Sample>,
  { dropped }: StoreModel,
  events: readonly ModelEvent[],
): void {
  const stored = events.map((event) => storedEvent(event, dropped.has(event.sequence)));
  const found = events.map(({ sequence }) => store.at(sequence));
  demandSame(found, stored, "by sequence");
  const byId = events.map(({ id }) => store.get(id));
  demandSame(byId, stored, "by id");
  const hashes = events.map(({ sequence }) => hex(store.hashAt(sequence)));
  const told = events.map(({ hash }) => hash);
  demandSame(hashes, told, "hashes");
}

export async function demandModel(store: ReadableStore<Sample>, model: StoreModel): Promise<void> {
  const { events, dropped } = model;
  demandEvents(store, model, events);
  expect(store.at(events.length + 1)).toBeUndefined();
  expect(store.get(formatEventId(new Uint8Array(16)))).toBeUndefined();
  const stored = events.map((event) => storedEvent(event, dropped.has(event.sequence)));
  const pick = (holds: (event: ModelEvent) => boolean): object[] => stored.filter((_, index) => holds(events[index]!));
  for (const { of, holds } of modelRegions) {
    demandSame([...store.events(of)], pick(holds), `the events of ${of.identity}`);
    const last = [...store.events(of, { backward: true, limit: 3 })];
    demandSame(last, pick(holds).slice(-3).toReversed(), `the last events of ${of.identity}`);
  }
  const batches = [];
  for await (const batch of store.eventBatches(modelRegions[0]!.of)) batches.push(...batch);
  demandSame(batches, stored, "by the batch");
  await demandStreams(store, model, pick);
}

async function demandStreams(
  store: ReadableStore<Sample>,
  model: StoreModel,
  pick: (holds: (event: ModelEvent) => boolean) => object[],
): Promise<void> {
  const streams = new Map(model.events.map(({ entity, lane }) => [`${entity}/${lane}`, { entity, lane }]));
  for (const [name, at] of streams) {
    const own = pick(({ entity, lane }) => entity === at.entity && lane === at.lane);
    expect(store.revisionOf(at), name).toBe(own.length - 1);
    demandSame([...store.stream(at)], own, `the stream ${name}`);
    demandSame([...store.stream(at, { backward: true, limit: 2 })], own.slice(-2).toReversed(), `the end of ${name}`);
    demandSame([...store.stream(at, { from: 1, limit: 3 })], own.slice(1, 4), `${name} from revision 1`);
    demandSame([...store.stream(at, { from: 1, backward: true })], own.slice(0, 2).toReversed(), `${name} up to 1`);
    const batches = [];
    for await (const batch of store.streamBatches(at)) batches.push(...batch);
    demandSame(batches, own, `the stream ${name} by the batch`);
  }
  expect(store.revisionOf("nobody")).toBe("empty");
}

/** Every token leads behind its event, or is refused where the history does not have that event. */
export function demandTokens(store: ReadableStore<Sample>, { events, tokens }: StoreModel): void {
  for (const { text, region, backward, sequence, hash } of tokens) {
    const { of, holds } = modelRegions[region]!;
    const next = (): number[] => sequencesOf(store.page(of, { after: text, limit: 4, backward }).events);
    if (events[sequence - 1]?.hash !== hash) {
      expect(next, `the token of ${sequence}`).toThrow(expect.objectContaining({ code: "STORE_INVALID_TOKEN" }));
      continue;
    }
    const own = sequencesOf(events.filter(holds));
    const rest = backward ? own.toReversed().filter((each) => each < sequence) : own.filter((each) => each > sequence);
    demandSame(next(), rest.slice(0, 4), `the page behind ${sequence}`);
  }
}

export async function demandIntact(store: ReadableStore<Sample>, { events, dropped }: StoreModel): Promise<void> {
  const { length } = events;
  const report = await store.verify({ deep: true });
  expect(report).toMatchObject({ kind: "intact", isDeep: true, events: length, droppedPayloads: dropped.size });
  if (report.kind === "intact" && length > 0) expect(hex(report.lastHash)).toBe(events.at(-1)?.hash);
}

export function sequencesOf(events: readonly { readonly sequence: number }[]): number[] {
  return events.map(({ sequence }) => sequence);
}

export function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
