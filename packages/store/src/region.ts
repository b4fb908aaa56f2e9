import type { EventDefinition } from "./event-definition.js";
import { checkLane, encodeName } from "./event-name.js";
import { sha256 } from "./sha256.js";
import { checkOptions, checkRegion, need, refused } from "./option-checks.js";

/** Which events are meant: those that satisfy all that is given. */
export interface RegionOptions<Definition extends EventDefinition = EventDefinition> {
  /** Events of this entity. */
  readonly entity?: string;
  /** Events of entities that begin with this text. Not together with `entity`. */
  readonly entityPrefix?: string;
  /** Events with this scope; an empty one means those without. */
  readonly scope?: string;
  /** Events of these definitions, one at least. They narrow the types of what is read. */
  readonly kinds?: readonly Definition[];
  /** Events of this lane. */
  readonly lane?: number;
  /** Events from this moment on: a Date, or milliseconds since 1970, which are rounded to microseconds. */
  readonly fromTime?: Date | number;
  /** Events before this moment. */
  readonly beforeTime?: Date | number;
  /** Events from this sequence on. */
  readonly fromSequence?: number;
  /** Events below this sequence. */
  readonly beforeSequence?: number;
}

/** What a region asks of events, ready to be compared; undefined does not restrict. */
export interface RegionFilter {
  /** UTF-8. */
  readonly entity: Uint8Array | undefined;
  /** UTF-8. */
  readonly entityPrefix: Uint8Array | undefined;
  /** UTF-8, empty for events without a scope. */
  readonly scope: Uint8Array | undefined;
  /** Numbers of kinds. */
  readonly kinds: ReadonlySet<number> | undefined;
  /** The one lane. */
  readonly lane: number | undefined;
  /** Microseconds since 1970; `before` is exclusive. */
  readonly fromTimeUs: number | undefined;
  /** Microseconds since 1970, exclusive. */
  readonly beforeTimeUs: number | undefined;
  /** From 1. */
  readonly fromSequence: number | undefined;
  /** Exclusive. */
  readonly beforeSequence: number | undefined;
}

/** A region as {@link region} makes it: immutable, checked, and the same whoever says it in whatever order. */
export interface Region<Definition extends EventDefinition = EventDefinition> {
  /** What it asks of events. */
  readonly filter: RegionFilter;
  /** One text for one region: what cursors and tokens are bound to. */
  readonly identity: string;
  /** Types alone; no value is ever there. */
  readonly "~events"?: Definition | undefined;
}

/** The definitions of a region's events, in a store whose definitions are `All`. */
export type RegionEvents<One extends Region, All extends EventDefinition> =
  NonNullable<One["~events"]> extends infer Narrowed
    ? EventDefinition extends Narrowed
      ? All
      : Extract<All, Narrowed>
    : never;

/** What of an event decides whether it is in a region. */
export interface RegionRow {
  /** Name of the entity. */
  readonly entity: string;
  /** Empty without one. */
  readonly scope: string;
  /** What is stored for the type of event. */
  readonly kind: number;
  /** Which of the streams of its entity. */
  readonly lane: number;
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Place in the store, from 1. */
  readonly sequence: number;
}

/**
 * Says which events are meant: `region({ entityPrefix: "order:", kinds: [Placed, Paid] })`. Without options, all.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION` naming an option that is unknown, out of bounds or contradicts another one;
 * `STORE_INVALID_NAME` for a name that is none.
 */
export function region<Definition extends EventDefinition = EventDefinition>(
  options: RegionOptions<Definition> = {},
): Region<Definition> {
  checkOptions(options, keys, "a region");
  const { entity, entityPrefix, scope, kinds, lane, fromTime, beforeTime, fromSequence, beforeSequence } = options;
  if (entity !== undefined && entityPrefix !== undefined) throw refused("entityPrefix", "cannot go with entity");
  if (lane !== undefined) checkLane(lane);
  const filter: RegionFilter = Object.freeze({
    entity: entity === undefined ? undefined : encodeName(entity, "entity"),
    entityPrefix: entityPrefix === undefined ? undefined : encodeName(entityPrefix, "entityPrefix"),
    scope: scope === undefined ? undefined : encodeName(scope, "scope"),
    kinds: kinds === undefined ? undefined : kindsOf(kinds),
    lane,
    fromTimeUs: microseconds(fromTime, "fromTime"),
    beforeTimeUs: microseconds(beforeTime, "beforeTime"),
    fromSequence: checkedSequence(fromSequence, "fromSequence"),
    beforeSequence: checkedSequence(beforeSequence, "beforeSequence"),
  });
  const parts = [
    "holdfast.region/1",
    entity,
    entityPrefix,
    scope,
    filter.kinds && [...filter.kinds],
    lane,
    filter.fromTimeUs,
    filter.beforeTimeUs,
    fromSequence,
    beforeSequence,
  ];
  // What does not restrict is null: a place of its own for everything, so that two regions never have one text.
  return Object.freeze({ filter, identity: JSON.stringify(parts) });
}

/** Whether an event is in a region. @throws {@link StoreError} `STORE_INVALID_OPTION` for a region or a row that is none. */
export function isInRegion(of: Region, row: RegionRow): boolean {
  checkRegion(of);
  need(typeof row === "object" && row !== null, "row", "must be that of an event");
  const { filter } = of;
  const { entity, entityPrefix, scope, kinds, lane } = filter;
  if (kinds !== undefined && !kinds.has(row.kind)) return false;
  if (lane !== undefined && row.lane !== lane) return false;
  if (!isBetween(row.sequence, filter.fromSequence, filter.beforeSequence)) return false;
  if (!isBetween(row.timeUs, filter.fromTimeUs, filter.beforeTimeUs)) return false;
  if (scope !== undefined && row.scope !== decoder.decode(scope)) return false;
  if (entity !== undefined && row.entity !== decoder.decode(entity)) return false;
  return entityPrefix === undefined || row.entity.startsWith(decoder.decode(entityPrefix));
}

/** The first 8 bytes of the SHA-256 of a region's identity, for tokens. */
export function regionTag({ identity }: Region): Uint8Array {
  return sha256.hash(new TextEncoder().encode(identity)).slice(0, REGION_TAG_BYTES);
}

export const REGION_TAG_BYTES = 8;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const keys: readonly string[] = [
  "entity",
  "entityPrefix",
  "scope",
  "kinds",
  "lane",
  "fromTime",
  "beforeTime",
  "fromSequence",
  "beforeSequence",
] satisfies (keyof RegionOptions)[];

function isBetween(value: number, from: number | undefined, before: number | undefined): boolean {
  return (from === undefined || value >= from) && (before === undefined || value < before);
}

function kindsOf(definitions: readonly EventDefinition[]): ReadonlySet<number> {
  need(Array.isArray(definitions), "kinds", "must be an array of definitions");
  const kinds = (definitions as readonly EventDefinition[]).map((definition) => definition?.kind);
  need(kinds.length > 0, "kinds", "must have a definition: leave it out to mean all");
  need(kinds.every(Number.isInteger), "kinds", "must be definitions, as defineEvent makes them");
  return new Set(kinds.toSorted((a, b) => a - b));
}

function microseconds(moment: Date | number | undefined, field: string): number | undefined {
  if (moment === undefined) return undefined;
  const timeMs = moment instanceof Date ? moment.getTime() : moment;
  const timeUs = typeof timeMs === "number" ? Math.round(timeMs * 1000) : Number.NaN;
  if (Number.isSafeInteger(timeUs) && timeUs >= 0) return timeUs;
  throw refused(field, `must be a moment from 1970 on, not ${String(moment)}`);
}

function checkedSequence(sequence: number | undefined, field: string): number | undefined {
  if (sequence === undefined || (Number.isSafeInteger(sequence) && sequence >= 1)) return sequence;
  throw refused(field, `must be a whole number from 1 on, not ${String(sequence)}`);
}
