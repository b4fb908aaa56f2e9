import type { AppendReceipt, EventId } from "../../src/index.js";
import type { BackupReport } from "../../src/maintenance-entry.js";

/** A store as a list of events, and what was promised of it: small enough to believe at a glance. */

/** One event that somebody wants. */
export interface Wish {
  readonly entity: string;
  readonly scope: string;
  readonly lane: number;
  readonly amount: number;
  /** How far the expectation is from the last revision that was there before the commit; undefined expects nothing. */
  readonly expects: number | "empty" | undefined;
  /** Whether it follows from the last event that was there before the commit. */
  readonly isCaused: boolean;
}

/** What is decided about an event when it is appended. */
export interface Draft extends Pick<Wish, "entity" | "scope" | "lane" | "amount"> {
  readonly revision: number;
  /** The key of its commit. */
  readonly key: string | undefined;
  /** The event that it follows from. */
  readonly cause: Pick<ModelEvent, "id" | "correlation"> | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What only the store knows of an event, and says once: in its receipt. */
export interface ToldFacts extends Pick<AppendReceipt, "timeMs"> {
  readonly id: EventId;
  /** In hexadecimal digits. */
  readonly hash: string;
}

export interface ModelEvent extends Draft, ToldFacts {
  readonly sequence: number;
  readonly correlation: EventId;
}

export type Plan =
  | { readonly kind: "appended"; readonly drafts: readonly Draft[] }
  | { readonly kind: "replayed"; readonly events: readonly ModelEvent[] }
  | { readonly kind: "conflict"; readonly index: number; readonly actual: number | "empty" }
  | { readonly kind: "reused" };

/** Everything up to `position` is acknowledged, and survives a crash up to `saved`. */
export interface CursorState {
  readonly position: number;
  readonly saved: number;
}

/** The token of a page that ended with an event. */
export interface HeldToken extends Pick<ModelEvent, "sequence" | "hash"> {
  readonly text: string;
  /** Which of the sample regions, and in which direction. */
  readonly region: number;
  readonly backward: boolean;
}

export interface HeldBackup {
  readonly path: string;
  readonly report: BackupReport;
  /** The store that it is a copy of. */
  readonly model: StoreModel;
}

/** What an open found of what a crash has left. */
export interface Found {
  readonly last: number;
  readonly dropped: ReadonlySet<number>;
  /** By the names of cursors, their positions; undefined for one that was not there. */
  readonly cursors: ReadonlyMap<string, number | undefined>;
}

export class StoreModel {
  events: readonly ModelEvent[] = [];
  /** Last sequences of commits: what a crash may leave of the store. */
  ends: readonly number[] = [0];
  /** So many events survive the end of the process, and so many a power loss. */
  visible = 0;
  durable = 0;
  /** Sequences of the events that have lost their payload. */
  dropped: ReadonlySet<number> = new Set();
  cursors: ReadonlyMap<string, CursorState> = new Map();
  tokens: readonly HeldToken[] = [];
  backup: HeldBackup | undefined = undefined;

  /** Nothing of a model but its fields is ever changed, so that this costs nothing. */
  copy(): StoreModel {
    return Object.assign(new StoreModel(), this);
  }

  streamOf({ entity, lane }: Pick<Wish, "entity" | "lane">): readonly ModelEvent[] {
    return this.events.filter((event) => event.entity === entity && event.lane === lane);
  }

  /** What the wish expects, in the words of the store. */
  expectationOf(wish: Wish): number | "empty" | "any" {
    if (wish.expects === undefined) return "any";
    const expected = wish.expects === "empty" ? -1 : this.streamOf(wish).length - 1 + wish.expects;
    return expected < 0 ? "empty" : expected;
  }

  /** What becomes of a commit. */
  plan(wishes: readonly Wish[], key: string | undefined): Plan {
    const known = key === undefined ? [] : this.events.filter((event) => event.key === key);
    if (known.length > 0) {
      const isSame = known.length === wishes.length && known.every((event, index) => isWanted(event, wishes[index]));
      return isSame ? { kind: "replayed", events: known } : { kind: "reused" };
    }
    const drafts: Draft[] = [];
    for (const [index, wish] of wishes.entries()) {
      const { entity, scope, lane, amount } = wish;
      const own = drafts.filter((draft) => draft.entity === entity && draft.lane === lane);
      const revision = this.streamOf(wish).length + own.length;
      const expected = this.expectationOf(wish);
      const actual = revision === 0 ? "empty" : revision - 1;
      if (expected !== "any" && expected !== actual) return { kind: "conflict", index, actual };
      const cause = wish.isCaused ? this.events.at(-1) : undefined;
      drafts.push({ entity, scope, lane, amount, revision, key, cause, metadata: cause ? { because: amount } : {} });
    }
    return { kind: "appended", drafts };
  }

  /** Takes in a commit that was made, with what the store has told of it. */
  enter(drafts: readonly Draft[], told: readonly ToldFacts[]): void {
    const events = [...this.events];
    for (const [index, { id, timeMs, hash }] of told.entries()) {
      const draft = drafts[index] as Draft; // as many as there are facts
      if (events.some((event) => event.id === id)) throw new Error(`the id ${id} was given twice`);
      if (timeMs < (events.at(-1)?.timeMs ?? 0)) throw new Error(`time went back to ${timeMs}`);
      const correlation = draft.cause?.correlation ?? id;
      events.push({ ...draft, id, timeMs, hash, correlation, sequence: events.length + 1 });
    }
    this.events = events;
    this.ends = [...this.ends, events.length];
  }

  /** The wishes that a keyed commit was made of; a retry expects nothing that still holds. */
  wishesOf(key: string): Wish[] {
    const own = this.events.filter((event) => event.key === key);
    return own.map(({ entity, scope, lane, amount }) => ({
      ...{ entity, scope, lane, amount },
      expects: "empty" as const,
      isCaused: false,
    }));
  }

  /**
   * What is left when the power fails at some moment since `before`: everything that was promised then, whole commits, nothing that nobody
   * wrote; a payload is gone or there; a cursor stands where it was or was moved to, and never beyond the events.
   */
  survive(before: StoreModel, { last, dropped, cursors }: Found): void {
    need(last >= before.durable && last <= this.events.length, `${last} events, and ${before.durable} were promised`);
    need(this.ends.includes(last), `${last} events: a part of a commit`);
    for (const sequence of dropped) need(this.dropped.has(sequence), `payload ${sequence} was to be kept`);
    for (const sequence of before.dropped) need(dropped.has(sequence), `payload ${sequence} is back`);
    const places = [...cursors].map(([name, found]): [string, CursorState] => {
      const [from, to] = [before.cursors.get(name)?.saved, this.cursors.get(name)?.position ?? 0];
      need(found !== undefined || from === undefined, `the cursor ${name} is gone, and was at ${from}`);
      const position = found ?? 0;
      need(position >= (from ?? 0) && position <= Math.min(to, last), `${name} at ${position} of ${from} to ${to}`);
      return [name, { position, saved: position }];
    });
    this.cursors = new Map(places);
    this.events = this.events.slice(0, last);
    this.ends = this.ends.filter((end) => end <= last);
    this.dropped = dropped;
    this.backup = before.backup;
    this.visible = last;
  }
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new Error(`after a crash: ${what}`);
}

function isWanted(event: ModelEvent, wish: Wish | undefined): boolean {
  const isThere = event.entity === wish?.entity && event.lane === wish.lane && event.scope === wish.scope;
  return isThere && event.amount === wish.amount;
}
