import { need } from "./option-checks.js";
import { isStandardSchema, issueText, type SchemaOutput, type StandardSchema, validate } from "./standard-schema.js";
import { StoreError } from "./store-error.js";

/**
 * Steps from the payload of one version to that of the next. Stored bytes never change: a payload goes through the steps from its own
 * version on whenever it is read.
 */

/** Turns the data of a version into that of the next one. Pure, and not to change what it is given. */
export type UpcastStep = (data: never) => unknown;

/**
 * A step that does not trust what was stored: `schema` is that of the version it begins with, and what does not pass is an event
 * whose payload is invalid.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION` for a schema or a step that is none.
 */
export function upcastFrom<Schema extends StandardSchema, Next>(
  schema: Schema,
  step: (data: SchemaOutput<Schema>) => Next,
): (data: SchemaOutput<Schema>) => Next {
  need(isStandardSchema(schema), "schema", "is no Standard Schema 1");
  need(typeof step === "function", "step", "must be a function");
  return (data) => {
    const result = validate(schema, data);
    if (result.kind === "async") throw new StoreError("STORE_ASYNC_SCHEMA", "the schema of an upcast step is async");
    if (result.kind === "invalid") {
      const { issues } = result;
      throw new StoreError("STORE_INVALID_DATA", `the schema of an earlier version: ${issueText(issues)}`, { issues });
    }
    return step(result.value);
  };
}

/**
 * What a definition has to satisfy besides its own fields, as a type: nothing when there is a step from every version to the next one
 * and the last one arrives at `Target`; otherwise a field whose type says what is wrong. Where version or number of steps is no literal, or
 * there are no steps, only the check at run time is left.
 */
export type UpcastCheck<Steps extends readonly UpcastStep[], Version extends number, Target> = number extends
  | Version
  | Steps["length"]
  ? unknown
  : [unknown, ...Steps]["length"] extends Version
    ? StepsFault<Steps, Target> extends infer Fault extends string
      ? { readonly upcast: Fault }
      : unknown
    : { readonly upcast: `version ${Version} needs a step from every version before it to the next one` };

/** What is wrong with the first step that does not fit the one after it; undefined when nothing is. */
type StepsFault<Steps extends readonly UpcastStep[], Target> = Steps extends readonly [
  infer First extends UpcastStep,
  infer Second extends UpcastStep,
  ...infer Rest extends readonly UpcastStep[],
]
  ? ReturnType<First> extends Parameters<Second>[0]
    ? StepsFault<readonly [Second, ...Rest], Target>
    : "a step returns something else than the next one takes"
  : Steps extends readonly [infer Last extends UpcastStep]
    ? ReturnType<Last> extends Target
      ? undefined
      : "the last step returns something else than the schema takes"
    : undefined;
