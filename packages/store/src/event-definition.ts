import { isStandardSchema, type SchemaInput, type SchemaOutput, type StandardSchema } from "./standard-schema.js";
import { StoreError } from "./store-error.js";
import type { UpcastCheck, UpcastStep } from "./upcast.js";

/** Values to payloads and back. What `decode` gives has to be what `encode` was given, as far as the schema can tell. */
export interface EventCodec {
  /** The bytes of a value; they are copied before the next call. */
  encode(value: unknown): Uint8Array;
  /** The value of bytes that `encode` gave once; they are borrowed until the call returns. */
  decode(payload: Uint8Array): unknown;
}

/** What a program says about a type of event. */
export interface EventOptions<
  Name extends string,
  Schema extends StandardSchema,
  Version extends number,
  Stored extends StandardSchema,
  Steps extends readonly UpcastStep[],
> {
  /** What the program calls it. Not stored: it may change, the kind may not. */
  readonly name: Name;
  /** What is stored for it, for ever: 0x1000 to 0xffff, but not 0xd000 to 0xdfff. */
  readonly kind: number;
  /** Version of the payload, from 1. Default 1. */
  readonly version?: Version;
  /** What data must satisfy when it is appended, and again when it is read. What comes out of it is stored. Default: anything. */
  readonly schema?: Schema;
  /** What stored data must satisfy when it is read, where `schema` does not accept what comes out of it. Default: `schema`. */
  readonly stored?: Stored;
  /** A step from version 1 to 2, one from 2 to 3, and so on. */
  readonly upcast?: Steps;
  /** How payloads are encoded. Default: MessagePack, by `PayloadCodec` of `@holdfast/segment-codec/payload`. */
  readonly codec?: EventCodec;
}

/** A type of event, as {@link defineEvent} makes it. `Input` is what is appended, `Output` what is read. */
export interface EventDefinition<Name extends string = string, Input = unknown, Output = unknown> {
  /** What the program calls it. */
  readonly name: Name;
  /** What is stored for it. */
  readonly kind: number;
  /** Of the payload, from 1. */
  readonly version: number;
  /** What data must satisfy; undefined where anything passes. */
  readonly schema: StandardSchema | undefined;
  /** What stored data must satisfy; undefined where that is `schema`. */
  readonly stored: StandardSchema | undefined;
  /** A step from every version to the next one. */
  readonly upcast: readonly UpcastStep[];
  /** Makes bytes of data; undefined where the store's does. */
  readonly codec: EventCodec | undefined;
  /** Types alone; no value is ever there. */
  readonly "~types"?: { readonly input: Input; readonly output: Output } | undefined;
}

/** What is appended as an event of a definition. */
export type EventInput<Definition extends EventDefinition> = NonNullable<Definition["~types"]>["input"];
/** What is read of an event of a definition. */
export type EventOutput<Definition extends EventDefinition> = NonNullable<Definition["~types"]>["output"];

/** A schema whose output would not pass when it is read needs one of its own for what is stored. */
type StoredCheck<Schema extends StandardSchema, Stored extends StandardSchema> =
  SchemaOutput<Schema> extends SchemaInput<Stored>
    ? unknown
    : { readonly stored: "what comes out of the schema is not what goes into it: give a schema for what is stored" };

/**
 * Declares a type of event. The result is frozen, and goes to `events` of a store and to every append of such an event.
 *
 * @throws {@link StoreError} `STORE_INVALID_DEFINITION` with the option: unknown, out of bounds, or an upcast that lacks a step.
 */
export function defineEvent<
  const Name extends string,
  // Without a default: with one, the compiler would not infer the types of a step that is written in place.
  const Steps extends readonly UpcastStep[],
  Schema extends StandardSchema = StandardSchema,
  const Version extends number = 1,
  Stored extends StandardSchema = Schema,
>(
  options: EventOptions<Name, Schema, Version, Stored, Steps> &
    UpcastCheck<Steps, Version, SchemaInput<Stored>> &
    StoredCheck<Schema, Stored>,
): EventDefinition<Name, SchemaInput<Schema>, SchemaOutput<Stored>> {
  checkOptions(options);
  const { name, kind, version = 1, schema, stored = schema, upcast = [], codec } = options;
  checkName(name);
  if (!isProgramKind(kind)) {
    throw refused(name, "kind", "must be a whole number from 0x1000 to 0xffff, outside 0xd000 to 0xdfff", kind);
  }
  if (!(Number.isInteger(version) && version >= 1 && version <= 0xffff)) {
    throw refused(name, "version", "must be a whole number from 1 to 65535", version);
  }
  if (schema !== undefined && !isStandardSchema(schema)) throw refused(name, "schema", "is no Standard Schema 1");
  if (stored !== undefined && !isStandardSchema(stored)) throw refused(name, "stored", "is no Standard Schema 1");
  const steps: readonly UpcastStep[] = upcast;
  if (!(Array.isArray(steps) && steps.every((step) => typeof step === "function"))) {
    throw refused(name, "upcast", "must be an array of functions");
  }
  if (steps.length !== version - 1) {
    const why = `must have a step from every version to the next one, ${version - 1} for version ${version}`;
    throw refused(name, "upcast", why, steps.length);
  }
  if (codec !== undefined && (typeof codec?.encode !== "function" || typeof codec.decode !== "function")) {
    throw refused(name, "codec", "must have encode and decode");
  }
  return Object.freeze({ name, kind, version, schema, stored, upcast: Object.freeze([...steps]), codec });
}

/** Whether a program may declare events of this kind; the others are the store's, or reserved. */
function isProgramKind(kind: number): boolean {
  return Number.isInteger(kind) && kind >= 0x1000 && kind <= 0xffff && kind >>> 12 !== 0xd;
}

const keys: readonly string[] = ["name", "kind", "version", "schema", "stored", "upcast", "codec"];

function checkOptions(options: object): void {
  if (typeof options !== "object" || options === null) {
    throw new StoreError("STORE_INVALID_DEFINITION", "an event is defined by an object");
  }
  const unknown = Object.keys(options).find((key) => !keys.includes(key));
  if (unknown === undefined) return;
  throw refused(Reflect.get(options, "name"), unknown, "is no option");
}

const MAX_EVENT_NAME_LENGTH = 256;

function checkName(name: string): void {
  if (typeof name === "string" && name.length > 0 && name.length <= MAX_EVENT_NAME_LENGTH) return;
  throw refused(name, "name", `must be a string of 1 to ${MAX_EVENT_NAME_LENGTH} characters`);
}

function refused(name: unknown, field: string, why: string, actual?: number): StoreError {
  const which = typeof name === "string" ? JSON.stringify(name.slice(0, 64)) : "without a name";
  const message = `the event ${which}: ${field} ${why}${actual === undefined ? "" : `, not ${String(actual)}`}`;
  return new StoreError("STORE_INVALID_DEFINITION", message, { field, actual });
}
