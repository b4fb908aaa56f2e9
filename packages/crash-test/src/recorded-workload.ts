import { Directory } from "@holdfast/fs-seam";
import { CrashFs, isEffect, personalityOf, type LogRecord, type Trace } from "@holdfast/fs-seam/crash";
import { describeCall } from "./call-site.js";
import type { ResolvedOptions } from "./crash-matrix-options.js";
import { CrashTestError } from "./crash-test-error.js";
import { isPromiseLike, settled } from "./recovery-run.js";

/** Turns of the event loop in which a workload that was not awaited to its end shows it, if it has not before. */
const graceTurns = 10;

/** The one run of a workload. */
export class RecordedWorkload {
  /** What it did until its promise settled; every disk is made from that. */
  readonly trace: Trace;
  readonly #fs: CrashFs;
  readonly #lateAcks: readonly string[];

  private constructor(fs: CrashFs, lateAcks: readonly string[]) {
    this.trace = fs.trace();
    this.#fs = fs;
    this.#lateAcks = lateAcks;
  }

  /** Runs setup, makes its result durable, and runs the workload. */
  static async record<T>(options: ResolvedOptions<T>): Promise<RecordedWorkload> {
    const personality = options.personalities[0] ?? personalityOf("posix");
    const before = new CrashFs({ personality });
    await settledCall("setup", options, () => options.setup?.(new Directory(before), before));
    const fs = new CrashFs({ image: before.snapshot(), personality, callSites: true });
    const lateAcks: string[] = [];
    let hasEnded = false;
    const ack = (label: string, data?: unknown): void => {
      if (typeof label !== "string" || label === "") refuseLabel(label);
      if (!hasEnded) return fs.mark(label, data);
      lateAcks.push(label);
      throw unsettled(`${options.name}: ack(${JSON.stringify(label)}) came after the workload had ended`);
    };
    await settledCall("workload", options, () => options.workload(new Directory(fs), { fs, ack }));
    hasEnded = true;
    return new RecordedWorkload(fs, lateAcks);
  }

  /**
   * Refuses a workload that acknowledged or changed something after its promise had settled: no power loss was looked at
   * between what it did then. Barriers that complete later are no such change.
   *
   * @throws {@link CrashTestError} `CRASH_TEST_UNSETTLED`
   */
  async requireEnded<T>({ name, turn }: ResolvedOptions<T>, report: CrashTestError["report"]): Promise<void> {
    for (let turns = 0; turns < graceTurns; turns += 1) await turn();
    const late = this.#fs.trace().records.slice(this.trace.records.length).find(isChange);
    const [ack] = this.#lateAcks;
    if (late === undefined && ack === undefined) return;
    const what = late === undefined ? `ack(${JSON.stringify(ack)})` : describeChange(late);
    throw unsettled(`${name}: the workload went on after it had ended, first with ${what}`, report);
  }
}

/** A program that waits for what never comes would end the process of a script without a word. */
async function settledCall<T>(
  what: "setup" | "workload",
  options: ResolvedOptions<T>,
  call: () => void | Promise<void>,
): Promise<void> {
  const returned = call();
  if (isPromiseLike(returned)) await settled(returned, what, options);
}

function isChange(record: LogRecord): boolean {
  return isEffect(record) || record.kind === "mark";
}

function describeChange(record: LogRecord): string {
  if (record.kind === "mark") return `mark(${JSON.stringify(record.label)})`;
  return isEffect(record) ? describeCall(record.call) : record.kind;
}

function unsettled(why: string, report?: CrashTestError["report"]): CrashTestError {
  return new CrashTestError("CRASH_TEST_UNSETTLED", `${why}: is an await missing in it?`, report);
}

function refuseLabel(label: unknown): never {
  const got = label === "" ? "an empty one" : `a value of type ${typeof label}`;
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", `ack needs a label, a text that is not empty, and got ${got}`);
}
