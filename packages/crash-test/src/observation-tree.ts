import {
  answerOf,
  meetingOf,
  metAtStart,
  questionKey,
  type Answer,
  type Image,
  type MetRun,
  type Observation,
  type Question,
} from "@holdfast/fs-seam/crash";
import type { Outcome } from "./recovery-run.js";

/** Raised inside when recovery contradicts itself; the message ends a sentence about recovery. */
export class Contradiction extends Error {}

/** How the recovery of everything that reaches one place of the tree ends, and its run on one of these disks. */
export interface End extends MetRun {
  readonly verdict: Outcome;
}

/** One run of recovery: what it learned of the disk, in order, and how it ended. */
export interface ObservedRun extends End {
  readonly observations: readonly Observation[];
}

/** Where recovery stands after some answers: what it asks next, or how it ended. Nothing of it is known before a run. */
export class Standing {
  question: Question | undefined = undefined;
  end: End | undefined = undefined;
  readonly depth: number;
  readonly #next = new Map<Answer, Standing>();

  constructor(depth = 0) {
    this.depth = depth;
  }

  get isKnown(): boolean {
    return this.question !== undefined || this.end !== undefined;
  }

  after(answer: Answer): Standing {
    let next = this.#next.get(answer);
    if (next === undefined) this.#next.set(answer, (next = new Standing(this.depth + 1)));
    return next;
  }
}

/**
 * Everything that recovery was seen to ask, as a tree of questions and answers: recovery is deterministic, so what it
 * asks next depends on the answers so far and on nothing else. Disks that answer alike end alike.
 */
export class ObservationTree {
  readonly root: Standing = new Standing();

  /** How recovery ends on an image, if a run is known that learned the same of the disk. */
  endOn(image: Image): End | undefined {
    let at = this.root;
    const met = [...metAtStart];
    while (at.question !== undefined) {
      const { question } = at;
      const answer = answerOf(image, question, met);
      const ino = meetingOf(image, { question, answer }, met);
      if (ino !== 0) met.push(ino);
      at = at.after(answer);
    }
    return at.end;
  }

  /** Adds a run, and says whether it ended where none did before. Throws {@link Contradiction} when it does not go with an earlier one. */
  add(run: ObservedRun): boolean {
    let at = this.root;
    for (const { question, answer } of run.observations) {
      if (at.end !== undefined) throw contradiction(at, `asked on (${describe(question)})`, "came to its end");
      if (at.question === undefined) at.question = question;
      else if (questionKey(at.question) !== questionKey(question)) {
        throw contradiction(at, `asked for ${describe(question)}`, `asked for ${describe(at.question)}`);
      }
      at = at.after(answer);
    }
    if (at.question !== undefined) {
      throw contradiction(at, "came to its end", `asked for ${describe(at.question)}`);
    }
    if (at.end !== undefined) {
      compare(at, at.end, run);
      return false;
    }
    at.end = { verdict: run.verdict, trace: run.trace, met: run.met };
    return true;
  }
}

function compare(at: Standing, known: End, run: ObservedRun): void {
  if (known.verdict.kind !== run.verdict.kind) throw contradiction(at, run.verdict.kind, known.verdict.kind);
  const [now, before] = [run.trace.records.length, known.trace.records.length];
  if (now !== before) throw contradiction(at, `left ${now} records`, `left ${before} records`);
}

function contradiction({ depth }: Standing, now: string, before: string): Contradiction {
  return new Contradiction(`after the same ${depth} answers of the disk it ${now}, and earlier it ${before}`);
}

function describe(question: Question): string {
  const { kind, of: number } = question;
  const what = number === 0 ? "the root" : `number ${number}`;
  switch (kind) {
    case "name":
      return `the name ${JSON.stringify(question.name)} in ${what}`;
    case "next":
      return `the name behind ${JSON.stringify(question.after)} in ${what}`;
    case "bytes":
      return `bytes ${question.from} to ${question.to - 1} of ${what}`;
    default:
      return `the ${kind} of ${what}`;
  }
}
