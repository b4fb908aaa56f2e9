/**
 * Standard Schema version 1, as far as a store uses it: what zod, valibot, arktype and others implement. Declared here, because it is
 * an interface and nothing else: a dependency would bring no code. Source: standardschema.dev.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the specification asks for. */
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Types alone; no value is ever there. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema answers: the value that is stored, or what it has against the one it was given. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One thing that a schema has against a value, as the library says it. */
export interface StandardIssue {
  /** In words, for people. */
  readonly message: string;
  /** Keys from the outside in; some libraries wrap them. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** One thing that a schema has against a value: plain data, without the value. */
export interface SchemaIssue {
  /** In words, for people. */
  readonly message: string;
  /** Keys from the outside in. */
  readonly path: readonly PropertyKey[];
}

/** What goes into a schema. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["input"];
/** What comes out of a schema. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<Schema["~standard"]["types"]>["output"];

/**
 * A schema that accepts everything, for events whose data is typed but not checked: `schema: uncheckedSchema<OrderPlaced>()`.
 */
export function uncheckedSchema<Data>(): StandardSchema<Data> {
  // The claim is the caller's: nothing is looked at.
  return { "~standard": { version: 1, vendor: "holdfast", validate: (value) => ({ value: value as Data }) } };
}

/** Whether something is a schema of version 1. */
export function isStandardSchema(schema: unknown): schema is StandardSchema {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return false;
  const standard: unknown = Reflect.get(schema, "~standard");
  if (typeof standard !== "object" || standard === null) return false;
  return Reflect.get(standard, "version") === 1 && typeof Reflect.get(standard, "validate") === "function";
}

/** What a schema said about a value, at once; `async` when it wants to be waited for, which no store does. */
export type Validation =
  | { readonly kind: "valid"; readonly value: unknown }
  | { readonly kind: "invalid"; readonly issues: readonly SchemaIssue[] }
  | { readonly kind: "async" };

/** Asks a schema about a value. What the schema throws is passed on. */
export function validate(schema: StandardSchema, value: unknown): Validation {
  const result = schema["~standard"].validate(value);
  if ("then" in result) {
    // Nobody waits for it, so nobody else would take its failure.
    void result.then(undefined, () => undefined);
    return { kind: "async" };
  }
  if (result.issues === undefined) return { kind: "valid", value: result.value };
  return { kind: "invalid", issues: Array.from(result.issues, plainIssue) };
}

function plainIssue({ message, path = [] }: StandardIssue): SchemaIssue {
  return { message, path: Array.from(path, (part) => (typeof part === "object" ? part.key : part)) };
}

/** Issues in one line, for the message of an error. */
export function issueText(issues: readonly SchemaIssue[]): string {
  const lines = issues
    .slice(0, 3)
    .map(({ message, path }) => (path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`));
  return lines.join("; ") + (issues.length > 3 ? `; and ${issues.length - 3} more` : "");
}
