import { crashMatrix, CrashTestError } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { openWal } from "@holdfast/wal";
import { countText, plural } from "../terminal.js";
import { judgedPersonalities } from "./explore-save.js";
import type { Claim, TourStep } from "./tour-step.js";

/** What the program does with its log; `ack` says that everything up to an LSN has been promised. */
export type LogProgram = (directory: Directory, ack: (lsn: number) => void) => Promise<void>;

/** For each of the two explorations; far above what they take. */
const mostMilliseconds = 10_000;
const options = { bufferBytes: 256, preallocateBytes: 0, prepareSegments: false, mergeBytes: 0 } as const;
const texts = ["ordered", "paid", "packed", "shipped"];
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Opens a log of one record, appends a record and syncs, appends a batch that is written and not synced, and is never closed. */
const shortProgram: LogProgram = async (directory, ack) => {
  const log = await openWal({ directory, ...options });
  ack(1);
  const [, second = "", third = "", fourth = ""] = texts;
  log.append(bytesOf(second));
  ack(await log.sync());
  log.appendBatch([bytesOf(third), bytesOf(fourth)]);
  log.write();
};

/** What lies there before the program begins, all of it durable. */
async function begin(directory: Directory): Promise<void> {
  const log = await openWal({ directory, ...options });
  log.append(bytesOf(texts[0] ?? ""));
  await log.close();
}

/** Explores every disk that a power failure during a short log program may leave, and during the recovery after it. */
export function logCrashStep(program: LogProgram = shortProgram): TourStep {
  return {
    title: "Cut the power at every moment of a short log program",
    async run({ say, progress, paint }) {
      say(
        "open a log, append, sync, append a batch of two, write. Every disk that a power failure may leave is made and",
      );
      say("opened; and the power fails again, at every moment of that recovery.");
      progress("exploring the crash states of a log");
      const names = judgedPersonalities.map(({ name }) => name).join(", ");
      const { recoveries, complete, failure } = await explore(program);
      if (failure === undefined) {
        const whole = complete ? "each of them" : "a chosen part of them";
        say(
          `${plural(recoveries, "disk")} opened, ${whole}: a prefix of the records, with all that were acknowledged, and the batch`,
        );
        say("as a whole or not at all.");
      } else failure.split("\n").forEach((line) => say(`  ${paint.bad(line)}`));
      return [claim(recoveries, complete, failure, names)];
    },
  };
}

interface Explored {
  readonly recoveries: number;
  readonly complete: boolean;
  readonly failure: string | undefined;
}

/** Crashes inside the recovery under `posix`, which allows most; the others without, so that all of it takes a second or two. */
async function explore(program: LogProgram): Promise<Explored> {
  const matrix = {
    name: "append to a log",
    setup: begin,
    workload: (directory: Directory, run: { ack(label: string, data: number): void }) =>
      program(directory, (lsn) => run.ack("lsn", lsn)),
    recover: async (directory: Directory) => {
      const log = await openWal({ directory, ...options });
      const found = [...log.read()].map(({ payload }) => new TextDecoder().decode(payload));
      await log.close();
      return found;
    },
    check: (found: readonly string[], { acks }: { readonly acks: readonly { readonly data: unknown }[] }) =>
      demandPrefix(found, Math.max(0, ...acks.map(({ data }) => Number(data)))),
    strategy: { kind: "exhaustive", limit: 512 },
    maxMilliseconds: mostMilliseconds,
    allowIncomplete: true,
  } as const;
  const [first, ...others] = judgedPersonalities;
  try {
    const deep = await crashMatrix({
      ...matrix,
      personalities: [first ?? "posix"],
      nestedStrategy: { kind: "levels", level: 1 },
    });
    const wide = await crashMatrix({ ...matrix, personalities: others, nested: 0 });
    const complete = deep.complete && wide.complete;
    return { recoveries: deep.recoveries + wide.recoveries, complete, failure: undefined };
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
    return { recoveries: error.report?.recoveries ?? 0, complete: false, failure: error.message };
  }
}

function demandPrefix(found: readonly string[], acknowledged: number): void {
  if (found.join() !== texts.slice(0, found.length).join()) throw new Error(`the log holds ${found.join()}`);
  if (found.length < acknowledged) throw new Error(`LSN ${acknowledged} was acknowledged, ${found.length} is the last`);
  if (found.length === 3) throw new Error("a part of a batch");
}

function claim(recoveries: number, complete: boolean, failure: string | undefined, names: string): Claim {
  const ok = failure === undefined && recoveries > 0;
  const says = ok
    ? `a log keeps what it acknowledged in ${complete ? "every one" : "each"} of ${countText(recoveries)} explored crash states (${names})`
    : (failure?.split("\n")[0] ?? "no crash state was explored, which proves nothing");
  return {
    name: "log-keeps-what-it-acknowledged",
    ok,
    details: { says, recoveries, complete, failure: failure ?? null },
  };
}
