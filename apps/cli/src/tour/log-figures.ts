import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal, type Wal } from "@holdfast/wal";
import { countText } from "../terminal.js";
import type { Figure, TourContext } from "./tour-step.js";

/** A log beside what people write without one: a loop of appendFile and fsync. Ratios of one run, on one disk. */

const appenders = 100;
const burst = 10_000;
/** Each is measured so many times, in turn, so that whatever else the machine does meets all of them. */
const rounds = 4;

interface Subject {
  readonly name: string;
  readonly label: string;
  /** Appends, and resolves with how many records are durable then. */
  readonly append: () => Promise<number>;
}

/** Measures each for so long, tells the rates, and what they are of that of the plain loop. */
export async function tellLogFigures(context: TourContext, record: Uint8Array, milliseconds: number): Promise<void> {
  const hostPath = join(context.directory, "figures");
  const log = await openWal({ directory: openDirectory(join(hostPath, "log"), { create: true }) });
  try {
    const plain = await open(join(hostPath, "plain"), "a");
    try {
      const subjects = subjectsOf(plain, log, record);
      const rates = await interleaved(subjects, milliseconds);
      for (const [at, subject] of subjects.entries()) show(context, subject, rates[at] ?? 0, rates[0] ?? 0);
    } finally {
      await plain.close();
    }
  } finally {
    await log.close();
  }
}

/** The plain loop is the first of them. */
function subjectsOf(plain: FileHandle, log: Wal, record: Uint8Array): readonly Subject[] {
  return [
    {
      name: "plain-append-and-fsync",
      label: "a plain loop of appendFile and fsync",
      append: async () => {
        await plain.appendFile(record);
        await plain.sync();
        return 1;
      },
    },
    {
      name: "log-append-durable",
      label: "a log, appendDurable one at a time",
      append: async () => {
        await log.appendDurable(record);
        return 1;
      },
    },
    {
      name: "log-append-durable-by-100",
      label: `a log, appendDurable by ${appenders} at once`,
      append: async () => {
        await Promise.all(Array.from({ length: appenders }, () => log.appendDurable(record)));
        return appenders;
      },
    },
    {
      name: "log-append-buffered",
      label: `a log, append, with a sync for every ${countText(burst)}`,
      append: async () => {
        for (let count = 0; count < burst; count += 1) log.append(record);
        await log.sync();
        return burst;
      },
    },
  ];
}

/** Records a second, one figure for each. */
async function interleaved(subjects: readonly Subject[], milliseconds: number): Promise<number[]> {
  const totals = subjects.map(() => ({ done: 0, elapsed: 0 }));
  for (const { append } of subjects) await append(); // let V8 compile it, and space be set aside
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { append }] of subjects.entries()) {
      const start = performance.now();
      let done = 0;
      let elapsed = 0;
      do {
        done += await append();
        elapsed = performance.now() - start;
      } while (elapsed < milliseconds / rounds);
      const total = totals[at];
      if (total === undefined) continue;
      total.done += done;
      total.elapsed += elapsed;
    }
  }
  return totals.map(({ done, elapsed }) => (done / elapsed) * 1000);
}

function show({ say, measured }: TourContext, { name, label }: Subject, perSecond: number, plain: number): void {
  const value = Math.round(perSecond);
  const figure: Figure = { name, value, unit: "per second" };
  measured(figure);
  const ratio = perSecond === plain ? "" : `: ${(perSecond / plain).toFixed(1)}x the plain loop`;
  say(`  ${`${countText(value)} per second`.padStart(20)}  ${label}${ratio}`);
}
