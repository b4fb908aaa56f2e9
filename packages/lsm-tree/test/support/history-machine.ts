// The machine a history runs on: a disk that may lose its power, turns and timers that come when they are told to, and one database.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, isEffect, type Image } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { openEngine, type Engine } from "../../src/engine.js";
import type { EngineSettings } from "../../src/engine-options.js";

/** What the power leaves of what is pending: nothing, all of it, or what the seed says. */
export type Left = "worst" | "best" | number;

export interface MachineSettings {
  readonly personality: string;
  readonly engine: Omit<EngineSettings, "readOnly">;
  readonly isCompressed: boolean;
  /** How far the clock goes whenever somebody looks at it: how long slices are. */
  readonly clockStepMs: number;
}

/** So many turns in which nothing is due end a wait: it would never end. */
const IDLE_TURNS = 20;

export class HistoryMachine {
  fs: CrashFs;
  readonly #settings: MachineSettings;
  #engine: Engine | undefined;
  /** Counts programs: what one of an earlier number still does concerns nobody. */
  run = 0;
  #turns: (() => void)[] = [];
  #clockMs = 0;
  #nonce = 0;
  /** Records of the disk when the last command began. */
  #mark = 0;

  constructor(settings: MachineSettings) {
    this.#settings = settings;
    this.fs = new CrashFs({ personality: settings.personality });
    this.fs.makeDirectory("/db");
    this.fs.syncNamesBlocking("/");
    this.begin();
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error("nothing is open");
    return this.#engine;
  }

  get directory(): Directory {
    return new Directory(this.fs, "/db");
  }

  /** Records of the disk. */
  get at(): number {
    return this.fs.logSize().records;
  }

  /** From here on the power may fail. */
  begin(): void {
    this.#mark = this.at;
  }

  /** A new program opens the database. */
  async open(): Promise<Engine> {
    this.run += 1;
    this.#turns = [];
    const due = (action: () => void): number => this.#turns.push(action);
    const engine = await this.until(
      openEngine({
        ...this.#settings.engine,
        directory: this.#directoryOf(this.run),
        ...(this.#settings.isCompressed ? {} : { codec: null }),
        now: () => (this.#clockMs += this.#settings.clockStepMs),
        clock: () => 0,
        turn: () => new Promise((resolve) => due(resolve)),
        schedule: (action) => {
          due(action);
          return () => void (this.#turns = this.#turns.filter((each) => each !== action));
        },
        random: (target) => target.fill((this.#nonce += 1)),
      }),
    );
    this.#engine = engine;
    return engine;
  }

  /** The directory as one program has it: once that is over, what is still under way of it does nothing more. */
  #directoryOf(run: number): Directory {
    const fs = new FaultFs(this.fs);
    const action = { kind: "error", errno: "EIO" } as const;
    fs.plan.arm({ operations: "*", path: "*", predicate: () => run !== this.run, action });
    return new Directory(fs, "/db");
  }

  /** One turn or timer that is due, and all that follows at once. Returns whether there was one. */
  async turn(): Promise<boolean> {
    const next = this.#turns.shift();
    next?.();
    await new Promise((resolve) => setImmediate(resolve));
    return next !== undefined;
  }

  /** Turns until `promise` is settled. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    const state = { isSettled: false };
    const settle = (): unknown => (state.isSettled = true);
    promise.then(settle, settle);
    for (let idle = 0; !state.isSettled;) {
      idle = (await this.turn()) ? 0 : idle + 1;
      if (idle > IDLE_TURNS) throw new Error("nothing is due, and nothing has come of it");
    }
    return promise;
  }

  /** The process ends: what is with the system stays, and what waits in a buffer goes. */
  kill(): void {
    this.#leave();
    this.fs.processCrash();
  }

  /**
   * The power fails at one of the moments since {@link begin}, and what is left is there to be opened.
   *
   * @returns how many records there were at that moment.
   */
  losePower(moment: number, left: Left): number {
    this.#leave();
    const trace = this.fs.trace();
    const { length } = trace.records;
    const moments = trace.records.flatMap((record, at) => (at >= this.#mark && !isEffect(record) ? [at] : []));
    const at = [...moments, length][moment % (moments.length + 1)]!; // one of them
    this.fs = new CrashFs({ image: this.#leftOver(at, left), personality: this.#settings.personality });
    this.#mark = 0;
    return at;
  }

  #leave(): void {
    this.run += 1;
    this.#turns = [];
    this.#engine = undefined;
  }

  #leftOver(at: number, left: Left): Image {
    const { personality } = this.#settings;
    const isDrawn = typeof left === "number";
    const strategy = isDrawn
      ? ({ kind: "random", seed: left, count: 1 } as const)
      : ({ kind: "levels", level: 0 } as const);
    const images = [...crashImages(this.fs.trace(), { at, personality, strategy })].map(({ image }) => image);
    const chosen = isDrawn ? images[left % images.length] : left === "worst" ? images[0] : images.at(-1);
    if (chosen === undefined) throw new Error(`there is no disk at ${at}`);
    return chosen;
  }
}
