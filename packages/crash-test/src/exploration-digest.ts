import type { CrashMatrixReport } from "./crash-matrix-report.js";

/**
 * A number for everything an exploration did, in order: which disks it judged after which acknowledgements, and how they
 * ended. Two runs with one digest went the same way. 64 bits, from two 32-bit sums that are mixed at every step.
 */
export class ExplorationDigest {
  #low = 0x9e3779b9 | 0;
  #high = 0x85ebca6b | 0;

  add(value: number): void {
    this.#word(value | 0);
    this.#word(Math.floor(value / 0x100000000) | 0);
  }

  addText(text: string): void {
    this.#word(text.length);
    for (let at = 0; at < text.length; at += 1) this.#word(text.charCodeAt(at));
  }

  #word(word: number): void {
    this.#low = mix(this.#low ^ word);
    this.#high = mix(this.#high + Math.imul(word, 0x27d4eb2f) + 0x165667b1);
  }

  /** 16 hexadecimal digits. */
  text(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/**
 * The hash of a report: what was done, what was counted, and the power losses of a failure. Messages of errors are left out,
 * because those of Node differ between its versions, and so is where the calls stand.
 */
export function reportHash(done: ExplorationDigest, report: CrashMatrixReport): string {
  const { personalities, distinct, recoveries, remembered, level, stopped, complete, failures } = report;
  const digest = new ExplorationDigest();
  digest.addText(done.text());
  digest.addText(JSON.stringify([personalities, distinct, recoveries, remembered, level, stopped, complete]));
  for (const { choices, admittedBy } of failures) digest.addText(JSON.stringify([choices, admittedBy]));
  return digest.text();
}
