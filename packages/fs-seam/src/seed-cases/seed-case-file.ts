import { SeedCaseError, type SeedCaseErrorCode } from "./seed-case-error.js";
import type { SeedFormat } from "./seed-outcome.js";

/** One operation of a script: its name in `op`, its arguments beside it. */
export type ScriptOp = Readonly<Record<string, unknown>> & { readonly op: string };

/** Knobs of the length simulator. */
export interface SimKnobs {
  readonly seed: bigint;
  /** A sync is dropped when its draw is a multiple of this; 0 never drops. */
  readonly dropOneIn: number;
  /** Ordinal, from 1, of the copy that finds no space; 0 for none. */
  readonly noSpaceOnCopy: number;
}

export interface SeedCase {
  readonly id: string;
  /** What the reference ran on; the length simulator knows only `host`. */
  readonly backend: "mem" | "host";
  /** Files that exist before, by path relative to `/t`. */
  readonly pre: Readonly<Record<string, string>>;
  readonly knobs: SimKnobs;
  readonly ops: readonly ScriptOp[];
  /** One outcome an operation, as the reference showed it. */
  readonly expect: readonly Readonly<Record<string, unknown>>[];
}

export interface SeedCaseFile {
  readonly format: SeedFormat;
  readonly cases: readonly SeedCase[];
}

const formats: readonly SeedFormat[] = ["crash-cases", "sim-cases"];
const version = 1;

/**
 * Reads a file of recorded cases.
 *
 * @throws {@link SeedCaseError} when it is no such file, or of another version.
 */
export function parseSeedCaseFile(text: string, file: string): SeedCaseFile {
  const refuse: (code: SeedCaseErrorCode, why: string, cause?: unknown) => never = (code, why, cause) => {
    throw new SeedCaseError(code, why, file, cause === undefined ? undefined : { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(quoteSeeds(text));
  } catch (error) {
    return refuse("SEED_CASES_NOT_JSON", "not JSON", error);
  }
  if (!isRecord(value) || typeof value["format"] !== "string") {
    return refuse("SEED_CASES_UNKNOWN_FORMAT", "no format is named");
  }
  const [name, number] = value["format"].split("/");
  const format = formats.find((known) => known === name);
  if (format === undefined) {
    const known = formats.map((each) => `${each}/${version}`).join(" and ");
    return refuse("SEED_CASES_UNKNOWN_FORMAT", `unknown format ${JSON.stringify(value["format"])}; known: ${known}`);
  }
  if (number !== String(version)) {
    return refuse(
      "SEED_CASES_UNSUPPORTED_VERSION",
      `${format} has version ${String(number)}, this runner knows ${version}`,
    );
  }
  const { cases } = value;
  if (!Array.isArray(cases)) return refuse("SEED_CASES_BAD_SHAPE", "cases must be a list");
  return { format, cases: cases.map((each, index) => readCase(each, index, format, refuse)) };
}

/** Seeds use all 64 bits, and JSON.parse would round them: they are read as text. */
function quoteSeeds(text: string): string {
  return text.replace(/("seed"\s*:\s*)(-?\d+)/g, '$1"$2"');
}

type Refuse = (code: SeedCaseErrorCode, why: string) => never;

function readCase(value: unknown, index: number, format: SeedFormat, refuse: Refuse): SeedCase {
  const bad = (why: string): never => refuse("SEED_CASES_BAD_SHAPE", `case ${index}: ${why}`);
  if (!isRecord(value)) return bad("must be an object");
  const { id, backend = "mem", pre = {}, knobs = {}, ops, expect } = value;
  if (typeof id !== "string") return bad("id must be a string");
  if (backend !== "mem" && backend !== "host") return bad("backend must be mem or host");
  if (!isRecord(pre) || !Object.values(pre).every((content) => typeof content === "string")) {
    return bad("pre must map names to contents");
  }
  if (!Array.isArray(ops) || !ops.every((op) => isRecord(op) && typeof op["op"] === "string")) {
    return bad("ops must be a list of operations");
  }
  if (!Array.isArray(expect) || !expect.every(isRecord)) return bad("expect must be a list of outcomes");
  if (expect.length !== ops.length) return bad(`${ops.length} operations have ${expect.length} outcomes`);
  return {
    id,
    backend: format === "sim-cases" ? "host" : backend,
    pre: pre as Record<string, string>, // every value was looked at above
    knobs: readKnobs(knobs, bad),
    ops: ops as ScriptOp[], // every one was looked at above
    expect,
  };
}

function readKnobs(value: unknown, bad: (why: string) => never): SimKnobs {
  if (!isRecord(value)) return bad("knobs must be an object");
  const { seed = "0", dropOneIn = 0, noSpaceOnCopy = 0 } = value;
  if (typeof seed !== "string" || !/^-?\d+$/.test(seed)) return bad("seed must be a whole number");
  for (const knob of [dropOneIn, noSpaceOnCopy ?? 0]) {
    if (!Number.isSafeInteger(knob) || (knob as number) < 0) return bad("knobs must be whole numbers from 0");
  }
  return { seed: BigInt(seed), dropOneIn: dropOneIn as number, noSpaceOnCopy: (noSpaceOnCopy ?? 0) as number };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
