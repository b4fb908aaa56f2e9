// The law of crashes, and what its programs share: behind any crash a database is what it was behind some record of its log, and no
// earlier than the last one that was acknowledged as durable.
import { crashMatrix, type CrashContext, type CrashMatrixOptions, type CrashMatrixReport } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import type { CrashFs, CrashLevel } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { openWalReader } from "@holdfast/wal";
import { expect } from "vitest";
import { findDatabase, findTables, type FoundTable } from "../src/database-files.js";
import { openEngine, type Engine } from "../src/engine.js";
import type { EngineOptions as AnyOptions } from "../src/engine-options.js";
import { MANIFEST_DIRECTORY } from "../src/manifest-log.js";
import { parseTableFileName } from "../src/table-file-name.js";
import { decodeVersionEdit } from "../src/version-edit.js";
import { WriteBatch } from "../src/write-batch.js";
import type { WriteRung } from "../src/engine-contract.js";
import type { OpenReport } from "../src/recovery.js";

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
  readonly #faults: FaultFs;
  readonly #ack: (index: number) => void;

  constructor(engine: Engine, faults: FaultFs, ack: (index: number) => void) {
    this.engine = engine;
    this.#faults = faults;
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

  /** Makes a call fail, in the notation of `FaultPlan`. */
  arm(rule: string): void {
    this.#faults.plan.arm(rule);
  }

  /** Numbers of the tables that are there, whoever names them. */
  tables(): number[] {
    return findTables(new Directory(this.#faults)).map(({ tableNumber }) => tableNumber);
  }

  /** A call that fails, and changes nothing that anybody sees. */
  async refused(code: string, call: (engine: Engine) => Promise<void>): Promise<void> {
    await expect(call(this.engine)).rejects.toMatchObject({ code });
    expect(contentOf(this.engine)).toEqual(this.states.at(-1));
  }

  /** A turn whose barrier fails: it is seen, and nobody knows whether it is durable. */
  async lost(writes: readonly string[]): Promise<void> {
    await expect(this.turn(writes, "data")).rejects.toMatchObject({ code: "LSM_POISONED" });
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

/** What an open found behind a crash and made of it: tells in which window the crash was. */
export interface Sight {
  /** 0 behind a crash of the program, 1 behind one of the open that followed. */
  readonly depth: number;
  /** The last state that was acknowledged as durable, by its index. */
  readonly acked: number;
  readonly content: readonly string[];
  /** Before the open: entries of the directory of the database, numbers of the tables that the manifest names, tables that are there. */
  readonly entries: readonly string[];
  readonly named: readonly number[];
  readonly files: readonly FoundTable[];
  /** Complete snapshots in the manifest. */
  readonly snapshots: number;
  readonly flushedLsn: number;
  /** Numbers of the tables that counted for nothing. */
  readonly orphans: readonly number[];
  readonly report: OpenReport;
}

export interface Window {
  /** Builds what is there before, and all of it counts as durable. */
  readonly before?: (program: Program) => Promise<void>;
  readonly work: (program: Program) => Promise<void>;
  /** What the matrix has to meet, by a name that begins with the window. */
  readonly sights?: Readonly<Record<string, (sight: Sight) => boolean>>;
  /** Subsets of what is pending, where the usual ones are too many. */
  readonly level?: CrashLevel;
  /** The same inside the open that follows. */
  readonly levelInside?: CrashLevel;
  readonly options?: Partial<EngineOptions>;
  /** Other options for what is there before. */
  readonly beforeOptions?: Partial<EngineOptions>;
  /** Whether to write and look again behind the recovery, which costs. Default true. */
  readonly goesOn?: boolean;
}

interface Recovered {
  readonly content: string[];
  readonly again: string[] | undefined;
  readonly sight: Omit<Sight, "depth" | "acked">;
}

/** What is found behind a crash; and once more behind a write that is durable, a flush and another open. */
async function recover(directory: Directory, options: Partial<EngineOptions>, goesOn: boolean): Promise<Recovered> {
  const settings = { ...small, ...options, directory };
  const before = lookAt(directory);
  const engine = await openEngine(settings);
  const content = contentOf(engine);
  const { openReport: report } = engine;
  const orphans = report.orphans.flatMap((name) => parseTableFileName(name) ?? []);
  const sight = { ...before, content, report, orphans };
  if (!goesOn) return { content, again: undefined, sight };
  await engine.put(bytes("~"), bytes("behind"), { rung: "data" });
  await engine.close();
  const reopened = await openEngine(settings);
  const again = contentOf(reopened);
  const files = directory.list("tables");
  expect(files).toHaveLength(reopened.openReport.tables); // law 28
  await reopened.close();
  return { content, again, sight };
}

function lookAt(directory: Directory): Pick<Sight, "entries" | "named" | "files" | "snapshots" | "flushedLsn"> {
  const entries = directory.list("").map(({ name }) => name);
  const state = findDatabase(directory);
  const named = [...(state?.version.tables() ?? [])].map(({ tableNumber }) => tableNumber);
  let snapshots = 0;
  if (state !== undefined) {
    using manifest = openWalReader({ directory: directory.directory(MANIFEST_DIRECTORY) });
    for (const { payload } of manifest.read()) {
      if (decodeVersionEdit(payload).some(({ kind }) => kind === "snapshotEnd")) snapshots += 1;
    }
  }
  return { entries, named, files: findTables(directory), snapshots, flushedLsn: state?.flushedLsn ?? 0 };
}

async function begin(fs: CrashFs, options: Partial<EngineOptions>, ack: (index: number) => void): Promise<Program> {
  const faults = new FaultFs(fs);
  const engine = await openEngine({ ...small, ...options, directory: new Directory(faults) });
  return new Program(engine, faults, ack);
}

export interface EngineMatrixReport extends CrashMatrixReport {
  /** Sights of the window that it met. */
  readonly met: ReadonlySet<string>;
}

export async function engineMatrix(
  name: string,
  { before, work, sights = {}, options = {}, beforeOptions = {}, goesOn = true }: Window,
  matrix: Partial<CrashMatrixOptions<Recovered>>,
): Promise<EngineMatrixReport> {
  let states: string[][] = [];
  const met = new Set<string>();
  const check = ({ content, again, sight }: Recovered, context: CrashContext): void => {
    const acked = context.acks.reduce((most, { data }) => Math.max(most, data as number), 0);
    const allowed = states.length === 0 ? [[]] : states.slice(acked);
    if (!context.acks.some(({ label }) => label === "open")) allowed.push([]);
    // A state from another moment than the content itself would be found by the first, not by the second look.
    expect(allowed).toContainEqual(content.filter((each) => !each.startsWith("~")));
    if (again !== undefined) expect(again).toEqual([...content.filter((each) => !each.startsWith("~")), "~=behind"]);
    const seen = { ...sight, acked, depth: context.depth };
    for (const [what, isMet] of Object.entries(sights)) if (isMet(seen)) met.add(what);
  };
  const report = await crashMatrix<Recovered>({
    name,
    ...(before === undefined
      ? {}
      : {
          setup: async (_, fs) => {
            const program = await begin(fs, { ...options, ...beforeOptions }, () => {});
            await before(program);
            await program.engine.idle();
            await program.engine.close();
          },
        }),
    workload: async (_, run) => {
      const program = await begin(run.fs, options, (index) => run.ack("durable", index));
      ({ states } = program);
      run.ack("open", 0);
      await work(program);
      await program.engine.idle();
    },
    recover: (directory) => recover(directory, options, goesOn),
    check,
    rememberReads: true,
    ...matrix,
  });
  return { ...report, met };
}
