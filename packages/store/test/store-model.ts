import type { AppendConflict, StoredEvent, Store } from "../src/index.js";
import { Paid, Placed, type Sample } from "./sample-store.js";

/** A store as a list of events: small enough to believe at a glance. */

/** One event that somebody wants. */
export interface Wish {
  readonly entity: string;
  readonly lane: number;
  readonly amount: number;
  /** How far the expectation is from the last revision that was there before the commit; undefined expects nothing. */
  readonly expects: number | "empty" | undefined;
}

export interface ModelEvent extends Pick<Wish, "entity" | "lane" | "amount"> {
  readonly revision: number;
  /** The key of its commit, and its place there. */
  readonly key: string | undefined;
  readonly index: number;
}

export type ModelOutcome =
  | { readonly kind: "appended" | "replayed"; readonly sequences: readonly number[] }
  | Pick<AppendConflict, "kind" | "index" | "actual">
  | { readonly kind: "reused" };

export class StoreModel {
  readonly events: ModelEvent[];

  constructor(events: readonly ModelEvent[] = []) {
    this.events = [...events];
  }

  streamOf({ entity, lane }: Pick<Wish, "entity" | "lane">): ModelEvent[] {
    return this.events.filter((event) => event.entity === entity && event.lane === lane);
  }

  /** What the wish expects, in the words of the store. */
  expectationOf(wish: Wish): number | "empty" | "any" {
    if (wish.expects === undefined) return "any";
    return wish.expects === "empty" ? "empty" : Math.max(0, this.streamOf(wish).length - 1 + wish.expects);
  }

  commit(wishes: readonly Wish[], key: string | undefined): ModelOutcome {
    const known = key === undefined ? [] : this.events.filter((event) => event.key === key);
    if (known.length > 0) {
      const isSame = known.length === wishes.length && known.every((event, index) => isWanted(event, wishes[index]));
      if (!isSame) return { kind: "reused" };
      return { kind: "replayed", sequences: known.map((event) => this.events.indexOf(event) + 1) };
    }
    const after = new StoreModel(this.events);
    for (const [index, wish] of wishes.entries()) {
      const expected = this.expectationOf(wish);
      const length = after.streamOf(wish).length;
      const actual = length === 0 ? "empty" : length - 1;
      if (expected !== "any" && expected !== actual) return { kind: "conflict", index, actual };
      const { entity, lane, amount } = wish;
      after.events.push({ entity, lane, amount, revision: length, key, index });
    }
    const sequences = wishes.map((_, index) => this.events.length + 1 + index);
    this.events.push(...after.events.slice(this.events.length));
    return { kind: "appended", sequences };
  }
}

function isWanted(event: ModelEvent, wish: Wish | undefined): boolean {
  return event.entity === wish?.entity && event.lane === wish.lane && event.amount === wish.amount;
}

/** Asks a store for what the model was asked for, and says what came of it in the words of the model. */
export function commitTo(store: Store<Sample>, model: StoreModel, wishes: readonly Wish[], key?: string): ModelOutcome {
  try {
    const outcome = store.commit(
      (commit) => {
        for (const wish of wishes) {
          const { entity, lane, amount } = wish;
          const expectedRevision = model.expectationOf(wish);
          if (amount % 2 === 0) commit.append({ entity, lane }, Placed, { amount }, { expectedRevision });
          else commit.append({ entity, lane }, Paid, { by: String(amount) }, { expectedRevision });
        }
      },
      key === undefined ? {} : { key },
    );
    if (outcome.kind === "conflict") return { kind: "conflict", index: outcome.index, actual: outcome.actual };
    return { kind: outcome.kind, sequences: outcome.receipts.map(({ sequence }) => sequence) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "STORE_KEY_REUSED") return { kind: "reused" };
    throw error;
  }
}

/** A stored event in the words of the model. */
export function asModel(event: StoredEvent<Sample>): Pick<ModelEvent, "entity" | "lane" | "amount" | "revision"> {
  if (event.status !== "known") throw new Error(`event ${event.sequence} is ${event.status}`);
  const amount = event.name === "order.placed" ? event.data.amount : Number(event.data.by);
  const { entity, lane, revision } = event;
  return { entity, lane, amount, revision };
}
