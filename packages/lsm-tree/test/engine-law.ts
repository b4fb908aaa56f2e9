// The law of crashes, and what its programs share: behind any crash a database is what it was behind some record of its log, and no
// earlier than the last one that was acknowledged as durable.
import { crashMatrix, type CrashContext, type CrashMatrixOptions, type CrashMatrixReport } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { expect } from "vitest";
import { openEngine, type Engine } from "../src/engine.js";
import type { EngineOptions as AnyOptions } from "../src/engine-options.js";
import { WriteBatch } from "../src/write-batch.js";
import type { WriteRung } from "../src/engine-contract.js";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array): string => new TextDecoder().decode(found);

type EngineOptions = Omit<AnyOptions, "readOnly">;

/** Small enough for every protocol to come up, and the same in every run. */
export const small: Omit<EngineOptions, "directory"> = {
  writeBufferBytes: 400,
  manifestBytes: 700,
  blockBytes: 64,
  cacheBytes: 0,
  random: (target) => target.fill(7),
  clock: () => 0,
  turn: () => Promise.resolve(),
};

/** Keys and values in order, each as `key=value`. */
export function contentOf(engine: Pick<Engine, "cursor">): string[] {
  using cursor = engine.cursor();
  const found: string[] = [];
  for (cursor.start(); cursor.valid; cursor.next()) {
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor;
    found.push(`${text(keyBytes.subarray(keyStart, keyEnd))}=${text(valueBytes.subarray(valueStart, valueEnd))}`);
  }
  return found;
}

/** Writes, and keeps what the database is behind each record. */
export class Program {
  readonly engine: Engine;
  /** Content behind each record, the first one before any. */
  readonly states: string[][];
  readonly #model: Map<string, string>;
  readonly #ack: (index: number) => void;

  constructor(engine: Engine, ack: (index: number) => void) {
    this.engine = engine;
    this.#ack = ack;
    this.#model = new Map(contentOf(engine).map((each) => each.split("=") as [string, string]));
    this.states = [this.#content()];
  }

  /** One turn: each `key=value` is a put, each `key` alone a delete. */
  async turn(writes: readonly string[], rung: WriteRung = "os"): Promise<void> {
    const index = this.#apply(writes);
    const written = writes.map((each) => {
      const [key = "", value] = each.split("=");
      return value === undefined
        ? this.engine.delete(bytes(key), { rung })
        : this.engine.put(bytes(key), bytes(value), { rung });
    });
    await Promise.all(written);
    if (rung === "data" || rung === "full") this.#ack(index);
  }

  async batch(writes: readonly string[], rung: WriteRung = "os"): Promise<void> {
    const index = this.#apply(writes);
    const batch = new WriteBatch();
    for (const each of writes) {
      const [key = "", value] = each.split("=");
      if (value === undefined) batch.delete(bytes(key));
      else batch.put(bytes(key), bytes(value));
    }
    await this.engine.write(batch, { rung });
    if (rung === "data" || rung === "full") this.#ack(index);
  }

  async clear(rung: WriteRung = "os"): Promise<void> {
    this.#model.clear();
    const index = this.states.push(this.#content()) - 1;
    await this.engine.clear({}, { rung });
    if (rung === "data" || rung === "full") this.#ack(index);
  }

  async flush(): Promise<void> {
    const index = this.states.length - 1;
    await this.engine.flush();
    this.#ack(index);
  }

  async close(): Promise<void> {
    const index = this.states.length - 1;
    await this.engine.close();
    this.#ack(index);
  }

  #apply(writes: readonly string[]): number {
    for (const each of writes) {
      const [key = "", value] = each.split("=");
      if (value === undefined) this.#model.delete(key);
      else this.#model.set(key, value);
    }
    return this.states.push(this.#content()) - 1;
  }

  #content(): string[] {
    return [...this.#model].map(([key, value]) => `${key}=${value}`).toSorted();
  }
}

export interface Window {
  /** Builds what is there before, and all of it counts as durable. */
  readonly before?: (program: Program) => Promise<void>;
  readonly work: (program: Program, directory: Directory) => Promise<void>;
  readonly options?: Partial<EngineOptions>;
  /** Other options for what is there before. */
  readonly beforeOptions?: Partial<EngineOptions>;
  /** Whether to write and look again behind the recovery, which costs. Default true. */
  readonly goesOn?: boolean;
}

interface Recovered {
  readonly content: string[];
  readonly again: string[] | undefined;
}

/** What is found behind a crash; and once more behind a write that is durable, a flush and another open. */
async function recover(directory: Directory, options: Partial<EngineOptions>, goesOn: boolean): Promise<Recovered> {
  const settings = { ...small, ...options, directory };
  const engine = await openEngine(settings);
  const content = contentOf(engine);
  if (!goesOn) return { content, again: undefined };
  await engine.put(bytes("~"), bytes("behind"), { rung: "data" });
  await engine.close();
  const reopened = await openEngine(settings);
  const again = contentOf(reopened);
  const files = directory.list("tables");
  expect(files).toHaveLength(reopened.openReport.tables); // law 28
  await reopened.close();
  return { content, again };
}

export async function engineMatrix(
  name: string,
  { before, work, options = {}, beforeOptions = {}, goesOn = true }: Window,
  matrix: Partial<CrashMatrixOptions<Recovered>>,
): Promise<CrashMatrixReport> {
  let states: string[][] = [];
  const check = ({ content, again }: Recovered, context: CrashContext): void => {
    const acked = context.acks.reduce((most, { data }) => Math.max(most, data as number), 0);
    const allowed = states.length === 0 ? [[]] : states.slice(acked);
    if (!context.acks.some(({ label }) => label === "open")) allowed.push([]);
    // A state from another moment than the content itself would be found by the first, not by the second look.
    expect(allowed).toContainEqual(content.filter((each) => !each.startsWith("~")));
    if (again !== undefined) expect(again).toEqual([...content.filter((each) => !each.startsWith("~")), "~=behind"]);
  };
  return crashMatrix<Recovered>({
    name,
    ...(before === undefined
      ? {}
      : {
          setup: async (directory) => {
            const engine = await openEngine({ ...small, ...options, ...beforeOptions, directory });
            await before(new Program(engine, () => {}));
            await engine.idle();
            await engine.close();
          },
        }),
    workload: async (directory, run) => {
      const engine = await openEngine({ ...small, ...options, directory });
      const program = new Program(engine, (index) => run.ack("durable", index));
      ({ states } = program);
      run.ack("open", 0);
      await work(program, directory);
      await engine.idle();
    },
    recover: (directory) => recover(directory, options, goesOn),
    check,
    rememberReads: true,
    ...matrix,
  });
}
