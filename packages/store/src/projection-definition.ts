import { PayloadCodec } from "@holdfast/segment-codec/payload";
import type { EventCodec, EventDefinition } from "./event-definition.js";
import { isStandardSchema, type StandardSchema } from "./standard-schema.js";
import { StoreError } from "./store-error.js";
import type { KnownEvent, RawEvent, StoredEvent } from "./stored-event.js";

/**
 * A handler for each of the events, by name. A handler returns the next state, at once, and leaves the one it was given as it is. A state
 * that is undefined or a promise ends the fold with `STORE_INVALID_DEFINITION`; null may stand for none.
 */
export type EventHandlers<State, Definition extends EventDefinition> = {
  readonly [Name in Definition["name"]]: (
    state: State,
    event: KnownEvent<Extract<Definition, { readonly name: Name }>>,
  ) => State;
};

/**
 * What becomes of an event that this program cannot read. `refuse`: the fold ends with `STORE_UNREADABLE`. `ignore`: the state stays as
 * it is. A function makes something of it.
 */
export type RawChoice<State> = "refuse" | "ignore" | ((state: State, event: RawEvent) => State);

/** What all projections say of themselves. */
export interface ProjectionIdentity<State> {
  /** With `version`, what rows of a cache are bound to. 1 to 256 characters. */
  readonly name: string;
  /** From 1. A higher one whenever handlers, state or codec change: rows of the one before count no more. */
  readonly version: number;
  /** The state before the first event, made anew by every call. */
  readonly initial: () => State;
  /** What a state from a cache must satisfy; one that does not is folded again. What comes out of it is the state. */
  readonly schema?: StandardSchema<unknown, NoInfer<State>>;
  /** States to bytes and back, for rows of a cache; what `decode` gives equals what `encode` was given. Default MessagePack. */
  readonly codec?: EventCodec;
}

/** A projection with a handler for each event. */
export interface HandlerOptions<State, Definition extends EventDefinition> extends ProjectionIdentity<State> {
  /** Whose events it takes in. Events of other definitions of the store leave the state as it is. */
  readonly events: readonly Definition[];
  /** A handler for each of these, by its name; returns the next state and changes nothing. */
  readonly on: EventHandlers<NoInfer<State>, Definition>;
  /** Default `refuse`. Asked about events of these definitions, and about those of kinds that no definition has. */
  readonly raw?: RawChoice<NoInfer<State>>;
}

/** A projection with one function for all events, those included that this program cannot read: `status` says so. */
export interface ApplyOptions<State, Definition extends EventDefinition> extends ProjectionIdentity<State> {
  /** Whose events it takes in. Default: all that there are. */
  readonly events?: readonly Definition[];
  /** Returns the next state and changes nothing. */
  readonly apply: (state: NoInfer<State>, event: StoredEvent<Definition>) => NoInfer<State>;
}

/** A fold over events, as {@link defineProjection} makes it. */
export interface Projection<State, Definition extends EventDefinition = EventDefinition> {
  /** What cached rows are bound to, with the version. */
  readonly name: string;
  /** From 1; a higher one whenever handlers or state change. */
  readonly version: number;
  /** Makes the state before the first event. */
  readonly initial: () => State;
  /** The state after one more event. */
  readonly fold: (state: State, event: StoredEvent) => State;
  /** What a state from a cache must satisfy; undefined where anything passes. */
  readonly schema: StandardSchema<unknown, State> | undefined;
  /** Makes bytes of states, and states of bytes. */
  readonly codec: EventCodec;
  /** Types alone; no value is ever there. */
  readonly "~events"?: Definition | undefined;
}

/**
 * Declares what is made of events: a state to begin with, and what each event makes of the state before it.
 *
 * The same events have to give equal states, whenever they are folded: neither time, nor chance, nor anything else from outside. A state
 * is never changed once it was returned, by nobody; `initial` is a function so that no two folds share one.
 *
 * @throws {@link StoreError} `STORE_INVALID_DEFINITION` with the option: unknown, out of bounds, or an event without a handler.
 */
export function defineProjection<State, const Definition extends EventDefinition>(
  options: HandlerOptions<State, Definition>,
): Projection<State, Definition>;
export function defineProjection<State, const Definition extends EventDefinition = never>(
  options: ApplyOptions<State, [Definition] extends [never] ? EventDefinition : Definition> & {
    readonly events?: readonly Definition[];
  },
): Projection<State, Definition>;
export function defineProjection<State>(
  options: HandlerOptions<State, EventDefinition> | ApplyOptions<State, EventDefinition>,
): Projection<State> {
  checkShape(options);
  const { name, version, initial, events, schema, codec = new PayloadCodec() } = options;
  checkIdentity(options);
  const byKind = events === undefined ? undefined : definitionsByKind(name, events);
  const fold = "apply" in options ? applying(options, byKind) : handling(options, byKind ?? new Map());
  return Object.freeze({ name, version, initial, fold, schema, codec });
}

type ByKind = ReadonlyMap<number, EventDefinition>;
type Fold<State> = Projection<State>["fold"];

function applying<State>(
  { name, apply }: ApplyOptions<State, EventDefinition>,
  byKind: ByKind | undefined,
): Fold<State> {
  if (typeof apply !== "function") throw refused(name, "apply", "must be a function");
  if (byKind === undefined) return apply;
  return (state, event) => (isConcerned(name, byKind, event) ? apply(state, event) : state);
}

function handling<State>(
  { name, on, raw = "refuse" }: HandlerOptions<State, EventDefinition>,
  byKind: ByKind,
): Fold<State> {
  if (typeof on !== "object" || on === null) throw refused(name, "on", "must be an object with handlers");
  const handlers = new Map<string, (state: State, event: KnownEvent<EventDefinition>) => State>(Object.entries(on));
  const names = new Set([...byKind.values()].map((definition) => definition.name));
  for (const each of names) {
    if (typeof handlers.get(each) !== "function") throw refused(name, "on", `must have a handler for ${each}`);
  }
  const stray = [...handlers.keys()].find((each) => !names.has(each));
  if (stray !== undefined) throw refused(name, "on", `has a handler for ${stray}, which is none of its events`);
  if (raw !== "refuse" && raw !== "ignore" && typeof raw !== "function") {
    throw refused(name, "raw", 'must be "refuse", "ignore" or a function');
  }
  return (state, event) => {
    if (!isConcerned(name, byKind, event)) return state;
    // Every name of a definition that an event is known by has a handler.
    if (event.status === "known") return handlers.get(event.name)!(state, event);
    if (typeof raw === "function") return raw(state, event);
    if (raw === "refuse") throw unreadable(name, event);
    return state;
  };
}

/** Whether an event is one of the definitions, or of a kind that nobody here knows. */
function isConcerned(projection: string, byKind: ByKind, event: StoredEvent): boolean {
  const listed = byKind.get(event.kind);
  if (listed === undefined) return event.status === "unknown";
  if (event.status === "known" && event.name !== listed.name) {
    const why = `has ${listed.name} of the kind that this store calls ${event.name}`;
    throw refused(projection, "events", why);
  }
  return true;
}

const shared = ["name", "version", "initial", "events", "schema", "codec"];
const handlerKeys: readonly string[] = [...shared, "on", "raw"];
const applyKeys: readonly string[] = [...shared, "apply"];

function checkShape(options: object): void {
  if (typeof options !== "object" || options === null) {
    throw new StoreError("STORE_INVALID_DEFINITION", "a projection is defined by an object");
  }
  const keys = "apply" in options ? applyKeys : handlerKeys;
  const unknown = Object.keys(options).find((key) => !keys.includes(key));
  if (unknown === undefined) return;
  throw refused(Reflect.get(options, "name"), unknown, "apply" in options ? "does not go with apply" : "is no option");
}

const MAX_NAME_LENGTH = 256;
const MAX_VERSION = 0xffff_ffff;

function checkIdentity({ name, version, initial, schema, codec }: ProjectionIdentity<unknown>): void {
  if (!(typeof name === "string" && name.length > 0 && name.length <= MAX_NAME_LENGTH)) {
    throw refused(name, "name", `must be a string of 1 to ${MAX_NAME_LENGTH} characters`);
  }
  if (!(Number.isInteger(version) && version >= 1 && version <= MAX_VERSION)) {
    throw refused(name, "version", `must be a whole number from 1 to 2^32-1, not ${String(version)}`);
  }
  if (typeof initial !== "function") throw refused(name, "initial", "must be a function: a state for every fold");
  if (schema !== undefined && !isStandardSchema(schema)) throw refused(name, "schema", "is no Standard Schema 1");
  if (codec !== undefined && (typeof codec?.encode !== "function" || typeof codec.decode !== "function")) {
    throw refused(name, "codec", "must have encode and decode");
  }
}

function definitionsByKind(projection: string, definitions: readonly EventDefinition[]): ByKind {
  if (!Array.isArray(definitions)) throw refused(projection, "events", "must be an array of definitions");
  const byKind = new Map<number, EventDefinition>();
  for (const definition of definitions as readonly EventDefinition[]) {
    if (!Number.isInteger(definition?.kind)) {
      throw refused(projection, "events", "must be definitions, as defineEvent makes them");
    }
    if (byKind.has(definition.kind)) throw refused(projection, "events", `has ${definition.name} twice, or its kind`);
    byKind.set(definition.kind, definition);
  }
  return byKind;
}

function unreadable(projection: string, { sequence, kind, status }: RawEvent): StoreError {
  const which = `event ${sequence}, of kind 0x${kind.toString(16)}, is ${status}`;
  const message = `${which}, and the projection ${projection} does not say what becomes of such ones`;
  return new StoreError("STORE_UNREADABLE", message, { sequence, field: "raw", actual: status });
}

function refused(name: unknown, field: string, why: string): StoreError {
  const which = typeof name === "string" ? JSON.stringify(name.slice(0, 64)) : "without a name";
  return new StoreError("STORE_INVALID_DEFINITION", `the projection ${which}: ${field} ${why}`, { field });
}
