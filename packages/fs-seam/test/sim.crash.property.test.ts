// Goal: whatever the schedule and wherever the power fails, what a completed barrier has acknowledged is in every image,
// and no image holds a byte that nobody wrote. Method: random programs of three jobs that append to two files and start
// barriers without waiting for them; after every single decision of the scheduler, all images of levels 0 to 2 are checked
// against what the program knows at that moment. Then the same programs with crashes in place, and with a lying disk,
// where the law has to break.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crashImages, CrashFs, type Image } from "../src/crash-entry.js";
import type { FileHandle } from "../src/index.js";
import { SimFs, type SimFsOptions } from "../src/sim-entry.js";

type Step =
  | { readonly kind: "append"; readonly file: 0 | 1; readonly count: number }
  | { readonly kind: "sync"; readonly file: 0 | 1; readonly rung: "data" | "full"; readonly blocking: boolean }
  | { readonly kind: "join" }
  | { readonly kind: "sleep"; readonly micros: number };

interface Program {
  readonly seed: number;
  /** Whether the jobs share one handle of each file. */
  readonly shared: boolean;
  readonly slow: boolean;
  readonly jobs: readonly (readonly Step[])[];
}

const file = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("append"), file, count: fc.integer({ min: 1, max: 900 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("sync"),
      file,
      rung: fc.constantFrom("data", "full"),
      blocking: fc.integer({ min: 0, max: 9 }).map((tenth) => tenth === 0),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "join" }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sleep"), micros: fc.integer({ min: 0, max: 300 }) }) },
);
const program: fc.Arbitrary<Program> = fc.record({
  seed: fc.nat(),
  shared: fc.boolean(),
  slow: fc.boolean(),
  jobs: fc.array(fc.array(step, { minLength: 2, maxLength: 7, size: "max" }), { minLength: 3, maxLength: 3 }),
});

const paths = ["/a", "/b"] as const;

/** The byte at an offset is known in advance, and never zero. */
function expected(which: 0 | 1, offset: number): number {
  return 1 + ((offset * 7 + which * 101) % 251);
}

function piece(which: 0 | 1, offset: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => expected(which, offset + index));
}

/** A program under way, and what it has been told. */
class Trial {
  readonly fs: SimFs;
  readonly #handles: readonly (readonly FileHandle[])[];
  readonly written: [number, number] = [0, 0];
  readonly acknowledged: [number, number] = [0, 0];
  barriers = 0;

  constructor({ seed, shared, slow, jobs }: Program, options: SimFsOptions = {}) {
    const latency = {
      sync: { kind: "exponential", meanMicros: 100, maxMicros: 1000 },
    } as const;
    const empty = new CrashFs();
    for (const path of paths) empty.open(path, { mode: "append", create: "exclusive" }).close();
    this.fs = new SimFs({ seed, image: empty.snapshot(), ...(slow ? { latency } : {}), ...options });
    const open = (): FileHandle[] => paths.map((path) => this.fs.open(path, { mode: "append" }));
    const first = open();
    this.#handles = jobs.map(() => (shared ? first : open()));
    jobs.forEach((steps, index) => this.fs.scheduler.spawn(`job ${index}`, () => this.#job(steps, index)));
  }

  async #job(steps: readonly Step[], index: number): Promise<void> {
    let flying: Promise<void>[] = [];
    for (const one of steps) {
      if (one.kind === "join") {
        await Promise.all(flying);
        flying = [];
      } else if (one.kind === "sleep") {
        await this.fs.clock.sleep(one.micros / 1000);
      } else {
        const handle = this.#handles[index]?.[one.file];
        if (handle === undefined) throw new Error("every job has a handle of every file");
        if (one.kind === "append") this.#append(handle, one.file, one.count);
        else flying.push(this.#sync(handle, one.file, one.rung, one.blocking));
        flying.at(-1)?.catch(() => undefined); // a crash ends the job at the first of them
      }
    }
    await Promise.all(flying);
  }

  #append(handle: FileHandle, which: 0 | 1, count: number): void {
    handle.append(piece(which, this.written[which], count));
    this.written[which] += count;
  }

  async #sync(handle: FileHandle, which: 0 | 1, rung: "data" | "full", blocking: boolean): Promise<void> {
    const covered = this.written[which];
    this.barriers += 1;
    if (!blocking) {
      await handle.sync(rung);
    } else {
      const own = this.fs.open(paths[which], { mode: "append" }); // a busy handle refuses its blocking twin
      own.syncBlocking(rung);
      own.close();
    }
    this.acknowledged[which] = Math.max(this.acknowledged[which], covered);
  }

  /** What is wrong with an image at this moment; undefined when nothing is. */
  violation(image: Image): string | undefined {
    const state = new CrashFs({ image });
    for (const which of [0, 1] as const) {
      using handle = state.open(paths[which], { mode: "read" });
      const content = new Uint8Array(handle.stat().size);
      handle.readAt(content, 0);
      const sure = this.acknowledged[which];
      if (content.length < sure) return `${paths[which]}: ${content.length} bytes of ${sure} acknowledged`;
      if (content.length > this.written[which]) return `${paths[which]}: longer than it ever was`;
      for (let offset = 0; offset < content.length; offset += 1) {
        const byte = content[offset];
        if (byte === expected(which, offset) || (byte === 0 && offset >= sure)) continue;
        return `${paths[which]}: byte ${offset} is ${String(byte)}`;
      }
    }
    return undefined;
  }

  /** Checks every image of this moment; returns their number. */
  check(): number {
    const trace = this.fs.trace();
    let count = 0;
    for (const { image, choice } of crashImages(trace, {
      at: trace.records.length,
      strategy: { kind: "levels", level: 2 },
    })) {
      count += 1;
      const why = this.violation(image);
      if (why !== undefined) throw new Error(`${why}; ${JSON.stringify(choice)}`);
    }
    return count;
  }

  /** What the images depend on: between equal states nothing can have changed. */
  state(): string {
    return `${this.fs.trace().records.length} ${this.acknowledged.join()}`;
  }
}

/** Runs a program decision by decision, and checks every gap in which something has changed. */
async function runChecked(trial: Trial): Promise<{ images: number; steps: number }> {
  let images = 0;
  let before = "";
  for (;;) {
    if (trial.state() !== before) images += trial.check();
    before = trial.state();
    const { end, steps } = await trial.fs.scheduler.run({ steps: 1 });
    if (end === "idle") return { images, steps };
  }
}

describe("three jobs, two files, barriers in flight", () => {
  test("every image of every gap keeps what was acknowledged and invents nothing", { timeout: 300_000 }, async () => {
    const seen = { images: 0, steps: 0, barriers: 0 };
    await fc.assert(
      fc.asyncProperty(program, async (chosen) => {
        const trial = new Trial(chosen);
        const { images, steps } = await runChecked(trial);
        seen.images += images;
        seen.steps += steps;
        seen.barriers += trial.barriers;
      }),
      { numRuns: 100 },
    );
    expect(seen.images).toBeGreaterThan(2000);
    expect(seen.barriers).toBeGreaterThan(200);
    expect(seen.steps).toBeGreaterThan(600);
  });

  test("a crash in place, in any gap and with any outcome, keeps the same law", { timeout: 300_000 }, async () => {
    let crashes = 0;
    await fc.assert(
      fc.asyncProperty(program, fc.constantFrom("worst", "best", "random"), async (chosen, outcome) => {
        const whole = new Trial(chosen);
        const { steps } = await whole.fs.scheduler.run();
        for (let at = 0; at <= steps; at += 1) {
          const trial = new Trial(chosen);
          const planned = trial.fs.crashAfter(at, outcome);
          await trial.fs.scheduler.run();
          if (planned.report === undefined) throw new Error(`no crash before decision ${at} of ${steps}`);
          const why = trial.violation(trial.fs.snapshot());
          if (why !== undefined) throw new Error(`crash before decision ${at}: ${why}`);
          if (trial.fs.scheduler.inFlight > 0) throw new Error("something is still in flight");
          crashes += 1;
        }
      }),
      { numRuns: 50 },
    );
    expect(crashes).toBeGreaterThan(350);
  });

  test("a disk that drops barriers breaks the law, and the check notices", { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(program, async (chosen) => {
      const trial = new Trial(chosen, { dropSyncOneIn: 3 });
      await runChecked(trial);
    });
    const result = await fc.check(property, { numRuns: 60, endOnFailure: true });
    expect(result.failed).toBe(true);
    expect(String(result.errorInstance)).toMatch(/acknowledged|byte \d+ is 0/);
  });
});
