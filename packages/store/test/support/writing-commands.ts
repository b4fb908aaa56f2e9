import { expect } from "vitest";
import type { AppendReceipt, CommitOutcome, CommitReceipt } from "../../src/index.js";
import { compact, type RetentionRow } from "../../src/maintenance-entry.js";
import { Paid, Placed } from "../sample-store.js";
import { ModelCommand } from "./model-command.js";
import { isPlaced } from "./model-regions.js";
import { hex, sequencesOf } from "./store-equality.js";
import type { ModelEvent, StoreModel, ToldFacts, Wish } from "./store-model.js";
import { REACTIONS, type StoreProgram } from "./store-program.js";

/** What is written to a store, and what is taken out of it. */

export interface CommitArgs {
  readonly wishes: readonly Wish[];
  readonly key: string | undefined;
  /** `data`: and waits until it is durable. */
  readonly rung: "memory" | "os" | "data";
}

export function commitCommand(args: CommitArgs): ModelCommand<CommitArgs> {
  return new ModelCommand({
    name: "commit",
    args,
    look: args.rung === "memory" ? "watermarks" : "last events",
    act: async ({ wishes, key, rung }, model, program) => {
      const options = { rung: rung === "data" ? "os" : rung, ...(key === undefined ? {} : { key }) } as const;
      const written = commit(model, program, wishes, options);
      if (rung !== "data" || written === undefined) return;
      await program.store.durable(written);
      model.durable = Math.max(model.durable, ...sequencesOf(written.receipts));
    },
  });
}

export type Change = "none" | "payload" | "stream" | "scope" | "fewer" | "more";

export interface RetryArgs {
  readonly which: number;
  readonly change: Change;
}

/** A commit with a key once more, as it was or as another one, with expectations that hold no more. */
export function retryCommand(args: RetryArgs): ModelCommand<RetryArgs> {
  return new ModelCommand({
    name: "retry",
    args,
    look: "last events",
    isPossible: ({ events }) => events.some(isRetriable),
    act: async ({ which, change }, model, program) => {
      const keys = [...new Set(model.events.filter(isRetriable).map(({ key }) => key as string))];
      const key = keys[which % keys.length]!; // there is one
      commit(model, program, changed(model.wishesOf(key), change), { key });
    },
  });
}

/** The keys of reactions are the reactor's business. */
function isRetriable({ key, entity }: ModelEvent): boolean {
  return key !== undefined && entity !== REACTIONS;
}

function changed(wishes: readonly Wish[], change: Change): Wish[] {
  const last = wishes.at(-1)!; // a commit has an event
  const others = wishes.slice(0, -1);
  switch (change) {
    case "none":
      return [...wishes];
    case "payload":
      return [...others, { ...last, amount: last.amount + 2 }];
    case "stream":
      return [...others, { ...last, lane: last.lane + 1 }];
    case "scope":
      return [...others, { ...last, scope: `${last.scope}t` }];
    case "fewer":
      return others.length > 0 ? others : [...wishes];
    case "more":
      return [...wishes, last];
  }
}

interface WriteOptions {
  readonly key?: string;
  readonly rung?: "memory" | "os";
}

/** Commits what the model plans, and holds what the store says against the plan. */
function commit(
  model: StoreModel,
  program: StoreProgram,
  wishes: readonly Wish[],
  options: WriteOptions,
): CommitReceipt | undefined {
  const plan = model.plan(wishes, options.key);
  program.note(plan.kind);
  if (plan.kind === "reused") {
    const isRefused = expect.objectContaining({ code: "STORE_KEY_REUSED" });
    expect(() => commitTo(model, program, wishes, options)).toThrow(isRefused);
    return undefined;
  }
  const outcome = commitTo(model, program, wishes, options);
  if (plan.kind === "conflict" || outcome.kind === "conflict") {
    expect(outcome).toMatchObject(plan);
    return undefined;
  }
  expect(outcome.kind).toBe(plan.kind);
  const told = outcome.receipts.map(factsOf);
  if (plan.kind === "replayed") {
    expect(told).toEqual(plan.events.map(firstFacts));
    return outcome;
  }
  const { length } = model.events;
  expect(told).toMatchObject(plan.drafts.map(({ revision }, index) => ({ sequence: length + 1 + index, revision })));
  model.enter(plan.drafts, told);
  return outcome;
}

type Facts = ToldFacts & Pick<ModelEvent, "sequence" | "revision">;

function factsOf({ sequence, revision, id, timeMs, hash }: AppendReceipt): Facts {
  return { sequence, revision, id, timeMs, hash: hex(hash) };
}

function firstFacts({ sequence, revision, id, timeMs, hash }: ModelEvent): Facts {
  return { sequence, revision, id, timeMs, hash };
}

/** One event by `append`, several by `commit`. */
function commitTo(
  model: StoreModel,
  { store }: StoreProgram,
  wishes: readonly Wish[],
  options: WriteOptions,
): CommitOutcome {
  const last = model.events.at(-1);
  const parts = wishes.map((wish) => {
    const { entity, scope, lane, amount, isCaused } = wish;
    const expected = { expectedRevision: model.expectationOf(wish) };
    const caused = { causation: last?.id, correlation: last?.correlation, metadata: { because: amount } };
    const about = isCaused && last !== undefined ? { ...expected, ...caused } : expected;
    return { at: { entity, scope, lane }, amount, about } as const;
  });
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    const { at, amount, about } = only;
    const both = { ...about, ...options };
    const outcome = isPlaced({ amount })
      ? store.append(at, Placed, { amount }, both)
      : store.append(at, Paid, { by: String(amount) }, both);
    return outcome.kind === "conflict" ? outcome : { kind: outcome.kind, receipts: [outcome] };
  }
  return store.commit((builder) => {
    for (const { at, amount, about } of parts) {
      if (isPlaced({ amount })) builder.append(at, Placed, { amount }, about);
      else builder.append(at, Paid, { by: String(amount) }, about);
    }
  }, options);
}

export function syncCommand(): ModelCommand<undefined> {
  return new ModelCommand({
    name: "sync",
    args: undefined,
    look: "last events",
    act: async (_, model, { store }) => {
      expect(await store.sync()).toBe(model.events.length);
      model.durable = model.events.length;
    },
  });
}

export interface CompactArgs {
  readonly by: "sequence" | "revision" | "kind" | "lane";
  readonly modulus: number;
  readonly rest: number;
  readonly rotate: boolean;
  readonly through: number | undefined;
}

/** Takes the payloads of those events of which a number has this rest. */
export function compactCommand(args: CompactArgs): ModelCommand<CompactArgs> {
  return new ModelCommand({ name: "compact", args, look: "all", act: compactBoth });
}

async function compactBoth(args: CompactArgs, model: StoreModel, program: StoreProgram): Promise<void> {
  const { by, modulus, rest, rotate, through } = args;
  const isKept = (row: Pick<RetentionRow, CompactArgs["by"]>): boolean => row[by] % modulus !== rest;
  const asked: object[] = [];
  const keep = (row: RetentionRow): boolean => {
    const { id, sequence, entity, scope, lane, kind, revision, timeMs } = row;
    asked.push({ id, sequence, entity, scope, lane, kind, revision, timeMs });
    return isKept(row);
  };
  const bound = through === undefined ? {} : { throughSequence: through };
  const report = await compact(program.store, { keep, rotate, ...bound });
  const due = model.events.filter(({ sequence }) => sequence <= (through ?? sequence) && !model.dropped.has(sequence));
  const rows = due.map((event) => {
    const { id, sequence, entity, scope, lane, revision, timeMs } = event;
    const { kind } = isPlaced(event) ? Placed : Paid;
    return { id, sequence, entity, scope, lane, kind, revision, timeMs };
  });
  // Sealed segments hold the first events; where the last one is sealed as well, they hold all.
  expect(asked).toEqual(rows.slice(0, rotate ? rows.length : asked.length));
  const taken = rows.slice(0, asked.length).filter((row) => !isKept(row));
  expect(report.droppedPayloads).toBe(taken.length);
  model.dropped = new Set([...model.dropped, ...sequencesOf(taken)]);
  model.durable = model.events.length;
  if (taken.length > 0) program.note("payloads dropped");
}
