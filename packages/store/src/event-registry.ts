import { PayloadCodec } from "@holdfast/segment-codec/payload";
import type { EventCodec, EventDefinition, EventInput } from "./event-definition.js";
import { PayloadRoom } from "./payload-room.js";
import { issueText, type SchemaIssue, type StandardSchema, validate, type Validation } from "./standard-schema.js";
import { need } from "./option-checks.js";
import { StoreError } from "./store-error.js";

/**
 * The types of events that one store knows, and what becomes of data on its way to a payload and back.
 *
 * ```
 * append   input   -> schema -> codec -> payload
 * read     payload -> codec -> upcast, from its version on -> schema of what is stored -> output
 * ```
 */

/** What became of a payload. Only `known` has data; every other one has the bytes as they are. */
export type PayloadReading =
  | { readonly kind: "known"; readonly definition: EventDefinition; readonly data: unknown }
  /** No definition has this kind. */
  | { readonly kind: "unknown" }
  /** A later version of the program has written it. */
  | { readonly kind: "newer"; readonly definition: EventDefinition }
  | ({ readonly kind: "invalid"; readonly definition: EventDefinition } & PayloadFault);

/** Why a payload gives no data: at which stage, and what the codec, a step or the schema has against it. */
export interface PayloadFault {
  /** Where it failed: decoding, a step to the next version, or the schema. */
  readonly stage: "decode" | "upcast" | "schema";
  /** One at least. */
  readonly issues: readonly SchemaIssue[];
  /** What was thrown, if anything was. */
  readonly cause: unknown;
}

/** A line for every definition, in the order of kinds: to be compared by a test that no version was forgotten. */
export interface EventManifestEntry {
  /** What the program calls it. */
  readonly name: string;
  /** What is stored for it. */
  readonly kind: number;
  /** Of the payload. */
  readonly version: number;
}

/** The definitions that a store is opened with: data to payloads and back. */
export class EventRegistry<Definition extends EventDefinition = EventDefinition> {
  readonly #byKind: ReadonlyMap<number, Definition>;
  readonly #codec: EventCodec;
  /** Undefined with a codec of the program's, which says itself where its bytes are. */
  readonly #room: PayloadRoom | undefined;
  /** Definitions of which a payload has gone the way back. */
  readonly #readBack: Set<EventDefinition> = new Set();

  /**
   * @param codec - for definitions without one of their own. Default MessagePack.
   * @throws {@link StoreError} `STORE_INVALID_DEFINITION` when two definitions share a name or a kind, with both names;
   * `STORE_INVALID_OPTION` for `events` that are none, or a `codec`.
   */
  constructor(definitions: readonly Definition[], codec: EventCodec = new PayloadCodec()) {
    need(Array.isArray(definitions) && definitions.every(isDefinition), "events", "must be definitions, in an array");
    need(
      typeof codec?.encode === "function" && typeof codec.decode === "function",
      "codec",
      "must have encode and decode",
    );
    const byKind = new Map<number, Definition>();
    const names = new Set<string>();
    for (const definition of definitions) {
      const { name, kind } = definition;
      const other = byKind.get(kind);
      if (other !== undefined) throw clash("kind", `0x${kind.toString(16)}`, `${other.name} and ${name}`);
      if (names.has(name)) throw clash("name", name, "two definitions");
      byKind.set(kind, definition);
      names.add(name);
    }
    this.#byKind = byKind;
    this.#codec = codec;
    this.#room = codec instanceof PayloadCodec ? new PayloadRoom(codec) : undefined;
  }

  /** The definition of a kind, if there is one. */
  definitionOf(kind: number): Definition | undefined {
    return this.#byKind.get(kind);
  }

  /** Every definition, by kind: plain data. */
  manifest(): readonly EventManifestEntry[] {
    const entries = [...this.#byKind.values()].map(({ name, kind, version }) => ({ name, kind, version }));
    return entries.toSorted((a, b) => a.kind - b.kind);
  }

  /**
   * The payload of an event. The first one of every definition is read back before it is returned, so that a schema or a codec
   * which does not accept what it has made is found before anything is stored.
   *
   * @throws {@link StoreError} `STORE_UNKNOWN_EVENT` when the definition is not one of this store's; `STORE_INVALID_DATA` with the
   * issues of the schema, and with the cause when the schema or the codec has thrown; `STORE_ASYNC_SCHEMA`.
   */
  encode<One extends Definition>(definition: One, input: EventInput<One>): Uint8Array {
    if (this.#byKind.get(definition?.kind) !== (definition ?? null)) {
      const name = (definition as One | undefined)?.name;
      const message = `the event ${String(name)} is not one of this store's: name it when the store is opened`;
      throw new StoreError("STORE_UNKNOWN_EVENT", message, { field: "definition", actual: name });
    }
    const { name, schema } = definition;
    const value = schema === undefined ? input : this.#checked(definition, schema, input);
    const codec = definition.codec ?? this.#room ?? this.#codec;
    const payload = attempt(
      () => codec.encode(value),
      (cause) => refusedData(name, `its codec: ${textOf(cause)}`, [], cause),
    );
    if (!(payload instanceof Uint8Array)) throw refusedData(name, "its codec gave no Uint8Array", []);
    if (!this.#readBack.has(definition)) this.#checkWayBack(definition, payload);
    return payload;
  }

  /**
   * What a payload of this kind and version says. Nothing that was stored makes this throw.
   *
   * @throws {@link StoreError} `STORE_ASYNC_SCHEMA`.
   */
  decode(kind: number, version: number, payload: Uint8Array): PayloadReading {
    const definition = this.#byKind.get(kind);
    if (definition === undefined) return { kind: "unknown" };
    // 0 states no version: whoever wrote it knew one alone.
    if (version > definition.version) return { kind: "newer", definition };
    let stage: PayloadFault["stage"] = "decode";
    try {
      let data = (definition.codec ?? this.#codec).decode(payload);
      stage = "upcast";
      const { upcast, stored } = definition;
      // A step takes what the one before it returns; the first one takes what was stored, on the program's word.
      const first = version === 0 ? upcast.length : version - 1;
      for (let step = first; step < upcast.length; step += 1) data = upcast[step]!(data as never); // below its length
      stage = "schema";
      if (stored === undefined) return { kind: "known", definition, data };
      const result = validate(stored, data);
      if (result.kind === "async") throw asyncSchema(definition.name);
      if (result.kind === "valid") return { kind: "known", definition, data: result.value };
      return { kind: "invalid", definition, stage, issues: result.issues, cause: undefined };
    } catch (cause) {
      if (cause instanceof StoreError && cause.code === "STORE_ASYNC_SCHEMA") throw cause;
      const issues = cause instanceof StoreError ? cause.context.issues : undefined;
      return { kind: "invalid", definition, stage, issues: issues ?? [{ message: textOf(cause), path: [] }], cause };
    }
  }

  #checked({ name }: EventDefinition, schema: StandardSchema, input: unknown): unknown {
    const result: Validation = attempt(
      () => validate(schema, input),
      (cause) => refusedData(name, `its schema has thrown: ${textOf(cause)}`, [], cause),
    );
    if (result.kind === "async") throw asyncSchema(name);
    if (result.kind === "invalid") throw refusedData(name, issueText(result.issues), result.issues);
    return result.value;
  }

  #checkWayBack(definition: EventDefinition, payload: Uint8Array): void {
    const { name, kind, version } = definition;
    const reading = this.decode(kind, version, payload);
    if (reading.kind === "invalid") {
      const why = `it could not be read back, at the stage ${reading.stage}: ${issueText(reading.issues)}`;
      throw refusedData(name, why, reading.issues, reading.cause);
    }
    this.#readBack.add(definition);
  }
}

/** What {@link defineEvent} makes, as far as one look tells. */
function isDefinition(definition: EventDefinition): boolean {
  return Number.isInteger(definition?.kind) && Array.isArray(definition.upcast);
}

function attempt<Result>(action: () => Result, failed: (cause: unknown) => StoreError): Result {
  try {
    return action();
  } catch (cause) {
    throw failed(cause);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function clash(field: string, actual: string, who: string): StoreError {
  return new StoreError("STORE_INVALID_DEFINITION", `${who} have the ${field} ${actual}`, { field, actual });
}

function asyncSchema(name: string): StoreError {
  const message = `the schema of ${name} is asynchronous: events are validated at once`;
  return new StoreError("STORE_ASYNC_SCHEMA", message, { actual: name });
}

function refusedData(name: string, why: string, issues: readonly SchemaIssue[], cause?: unknown): StoreError {
  const options = cause === undefined ? undefined : { cause };
  return new StoreError("STORE_INVALID_DATA", `the data of ${name}: ${why}`, { actual: name, issues }, options);
}
