import type { CrashLevel } from "@holdfast/fs-seam/crash";
import type { CrashContext, CrashMatrixOptions } from "../../src/index.js";

/** The four functions of a crash matrix: a state, a program, what opens the disk afterwards, and what must hold then. */
export type Program<T> = Pick<CrashMatrixOptions<T>, "setup" | "workload" | "recover" | "check">;

/** A way to store something durably, and the ways to get it wrong by one line. */
export interface Protocol {
  readonly name: string;
  /** By name: what the mutant does. */
  readonly mutants: Readonly<Record<string, string>>;
  /** Crashes inside recovery are looked at to this level only, where recovery makes many calls; otherwise exhaustively. */
  readonly nestedLevel: CrashLevel | undefined;
  /** The correct program, or one of the mutants. */
  program(mutant?: string): Program<unknown>;
}

export function defineProtocol<T, Mutant extends string>(
  name: string,
  mutants: Readonly<Record<Mutant, string>>,
  program: (mutant: Mutant | undefined) => Program<T>,
  nestedLevel?: CrashLevel,
): Protocol {
  return {
    name,
    mutants,
    nestedLevel,
    program(mutant) {
      if (mutant !== undefined && !Object.hasOwn(mutants, mutant)) throw new Error(`${name} has no mutant ${mutant}`);
      return program(mutant as Mutant | undefined) as Program<unknown>; // a program only meets values of its own
    },
  };
}

export function demand(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

/** Short enough for a message. */
export function show(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length > 24 ? `${JSON.stringify(text.slice(0, 24))}... (${text.length})` : JSON.stringify(text);
}

/** How many entries of a history are acknowledged: every `ack` says how many there are as its data. */
function ackedCount(context: CrashContext): number {
  return context.acks.reduce((most, { data }) => Math.max(most, typeof data === "number" ? data : 0), 0);
}

/** The law of a log: what is recovered is a prefix of what was appended, with everything that was acknowledged. */
export function demandPrefix(history: readonly string[], recovered: readonly string[], context: CrashContext): void {
  recovered.forEach((record, index) => {
    demand(record === history[index], `record ${index} is ${show(record)}, not ${show(history[index])}`);
  });
  const acked = ackedCount(context);
  demand(recovered.length >= acked, `${acked} records are acknowledged, ${recovered.length} are there`);
}

/** The law of a register: what is recovered is one of its versions, none older than the last one acknowledged. */
export function demandVersion(versions: readonly string[], recovered: string | undefined, context: CrashContext): void {
  const found = recovered === undefined ? -1 : versions.indexOf(recovered);
  demand(found !== -1, `${show(recovered)} is no version`);
  const acked = ackedCount(context);
  demand(found >= acked, `version ${acked} is acknowledged, version ${found} is there`);
}
