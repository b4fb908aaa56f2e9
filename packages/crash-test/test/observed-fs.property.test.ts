// What ObservedFs writes down is all that a program was told: where two disks agree in it, the program does the same.
// Replay: FC_SEED=<seed> npx vitest run test/observed-fs.property.test.ts; a long run: FC_NUM_RUNS=<cases>.
import { Directory } from "@holdfast/fs-seam";
import {
  crashImages,
  isEffect,
  ObservedFs,
  posix,
  questionKey,
  type Image,
  type LogRecord,
  type MetRun,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { act, Player, step, traceOf, type Act, type Step } from "./generated-program.js";
import { cases, judges, timeout } from "./lazy-runs.js";

/** Of every moment, so many subsets at most; else level 4. */
const subsets = 64;
const maxDisks = 150;

const steps = fc.array(step, { minLength: 2, maxLength: 8 });
const acts = fc.array(act, { minLength: 1, maxLength: 6 });

/** A record as the program could tell it: files by the number of their meeting, or by their turn among those it made. */
function told(record: LogRecord, { met }: MetRun, base: Image): readonly unknown[] {
  const number = (ino: number): string => {
    const at = met.indexOf(ino);
    return at === -1 ? `made ${ino - base.nextIno}` : `met ${at}`;
  };
  switch (record.kind) {
    case "data": {
      const { ino, page, start, end, bytes, shift } = record;
      const payload = bytes === undefined ? "zeros" : Buffer.from(bytes).toString("latin1", shift, shift + end - start);
      return ["data", number(ino), page, start, end, payload];
    }
    case "size":
      return ["size", number(record.ino), record.from, record.to, record.cause];
    case "link":
    case "unlink": {
      const { kind, directory, name, ino, inodeKind, group, rename } = record;
      return [kind, number(directory), name, number(ino), inodeKind, group, rename];
    }
    case "barrier":
      return [record.scope, number(record.ino), record.rung, record.covers, record.outcome];
    default:
      return [record.kind];
  }
}

/** What recovery was told, by what it then did. Throws when it once went on where it ended or asked otherwise before. */
class Tellings {
  readonly #next = new Map<string, string>();
  readonly #ends = new Map<string, string>();

  add(fs: ObservedFs, base: Image, text: string): void {
    let so = "";
    for (const { question, answer } of fs.observations) {
      const key = questionKey(question);
      expect(this.#next.get(so) ?? key, `asked after ${so}`).toBe(key);
      this.#next.set(so, key);
      so += ` ${key}=${answer}`;
    }
    expect(this.#next.get(so) ?? "end", `the end after ${so}`).toBe("end");
    this.#next.set(so, "end");
    const run = fs.runForExplorer();
    const did = JSON.stringify([text, run.trace.records.map((record) => told(record, run, base))]);
    expect(this.#ends.get(so) ?? did, `what was done after ${so}`).toBe(did);
    this.#ends.set(so, did);
  }
}

function disksOf(trace: Trace, personality: Personality): Image[] {
  const images: Image[] = [];
  const strategy = { kind: "exhaustive", limit: subsets } as const;
  for (const { image } of crashImages(trace, { personality, strategy, deduplicate: false })) {
    images.push(image);
    if (images.length === maxDisks) break;
  }
  return images;
}

function kindOf(record: LogRecord): string {
  if (record.kind === "data") return record.bytes === undefined ? "zeros" : "bytes";
  if (record.kind === "size") return `size, ${record.cause}`;
  if (record.kind === "barrier") return `barrier, ${record.scope} ${record.rung}`;
  return isEffect(record) ? `${record.kind}, ${record.inodeKind} ${record.rename}` : record.kind;
}

/** Of a recovery: everything but the number of mounts, which shows in nothing that a generated one does. */
const reachable = [
  "asks bytes",
  "asks length",
  "asks links",
  "asks name",
  "asks next",
  "asks page",
  "asks pages",
  "asks stored",
  "logs barrier, file data",
  "logs barrier, file full",
  "logs barrier, names full",
  "logs bytes",
  "logs link, directory across",
  "logs link, directory none",
  "logs link, directory within",
  "logs link, file across",
  "logs link, file none",
  "logs link, file within",
  "logs size, close-after-cut",
  "logs size, rename-over",
  "logs size, set",
  "logs size, write",
  "logs size, write-in-block",
  "logs unlink, directory across",
  "logs unlink, directory none",
  "logs unlink, directory within",
  "logs unlink, file across",
  "logs unlink, file none",
  "logs unlink, file within",
  "logs zeros",
];

test("generated recoveries ask every question and log every kind of record", () => {
  const reached = new Set<string>();
  const samples = fc.sample(fc.tuple(steps, acts), { seed: 1, numRuns: 400 });
  for (const [program, recovery] of samples) {
    const [image] = disksOf(traceOf(program), posix).slice(-1) as [Image];
    const fs = new ObservedFs({ image });
    new Player(new Directory(fs)).recover(recovery);
    for (const { question } of fs.observations) reached.add(`asks ${question.kind}`);
    for (const record of fs.runForExplorer().trace.records) reached.add(`logs ${kindOf(record)}`);
  }
  expect([...reached].sort()).toEqual(reachable);
});

test("a recovery that is told the same does the same, under every personality", { timeout }, () => {
  let told = 0;
  fc.assert(
    fc.property(steps, acts, (program: readonly Step[], recovery: readonly Act[]) => {
      const trace = traceOf(program);
      const tellings = new Tellings();
      for (const personality of judges) {
        for (const image of disksOf(trace, personality)) {
          const fs = new ObservedFs({ image, personality });
          const text = new Player(new Directory(fs)).recover(recovery);
          tellings.add(fs, image, text);
          told += 1;
        }
      }
    }),
    cases,
  );
  expect(told).toBeGreaterThan(1000);
});
