import { copyFileSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openSdx4 } from "@holdfast/sidx-footer";
import { defineEvent, openStore, uncheckedSchema, type EventDefinition, type Store } from "@holdfast/store";
import { bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { median } from "../workload.js";
import { inDirectory } from "./store-workloads.js";

/** What it takes to open a store of a million events, by what there is to open it from. The page cache is warm. */
export const storeColdStartPart: Part = {
  name: "cold start",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 50_000 : 1_000_000;
      const rows: Row[] = [];
      for (const streams of [500, 100_000]) {
        rows.push(...(await measure(path, { count, streams, rounds: quick ? 2 : 5 })));
      }
      return rows;
    }),
};

type Noted = EventDefinition<"noted", Uint8Array, Uint8Array>;

const Noted: Noted = defineEvent({
  name: "noted",
  kind: 0x1003,
  schema: uncheckedSchema<Uint8Array>(),
  codec: { encode: (bytes: Uint8Array) => bytes, decode: (bytes: Uint8Array) => bytes.slice() },
});

const payload = new Uint8Array(128);
const EVENTS_PER_SYNC = 20_000;

interface Work {
  readonly count: number;
  readonly streams: number;
  readonly rounds: number;
}

function open(path: string): Promise<Store<Noted>> {
  return openStore({ directory: openDirectory(path), events: [Noted] });
}

async function measure(path: string, { count, streams, rounds }: Work): Promise<Row[]> {
  const [closed, killed] = [mkdtempSync(join(path, "closed-")), mkdtempSync(join(path, "killed-"))];
  const store = await open(closed);
  for (let index = 0; index < count; index += 1) {
    store.append(`stream:${(index * 7919) % streams}`, Noted, payload, { rung: "memory" });
    if (index % EVENTS_PER_SYNC === 0) await store.sync(); // what happens in the background gets its turn
  }
  store.syncBlocking();
  for (const name of files(closed)) copyFileSync(join(closed, name), join(killed, name));
  await store.close();
  const bars = { closed: 150e6, killed: 250e6, footers: 500e6, frames: 3e9 };
  const rows: Row[] = [];
  for (const [state, most] of Object.entries(bars)) {
    const from = state === "killed" ? killed : closed;
    const turns: Turn[] = [];
    for (let round = 0; round < rounds; round += 1) turns.push(await openOnce(path, from, state));
    const value = median(turns.map(({ wallNs }) => wallNs));
    const cpuMs = median(turns.map(({ cpuUs }) => cpuUs)) / 1000;
    rows.push({
      id: `cold-start/${state}-${streams}`,
      workload: `open of ${count} events in ${streams} streams, ${words[state as keyof typeof words]}`,
      ours: { name: "store", unit: "time", value },
      bar: bound("most", most),
      note: `${cpuMs.toFixed(0)} ms of processor time; events by ${turns[0]?.sources ?? ""}`,
    });
  }
  return rows;
}

const words = {
  closed: "closed before",
  killed: "the writer killed",
  footers: "the accelerator deleted",
  frames: "accelerator and footers deleted",
} as const;

interface Turn {
  readonly wallNs: number;
  readonly cpuUs: number;
  readonly sources: string;
}

async function openOnce(path: string, from: string, state: string): Promise<Turn> {
  const own = mkdtempSync(join(path, "open-"));
  for (const name of files(from)) {
    if (name.endsWith(".seg")) placeSegment(join(from, name), join(own, name), state === "frames");
    else if (state !== "footers" && state !== "frames") copyFileSync(join(from, name), join(own, name));
  }
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  const store = await open(own);
  const wallNs = Number(process.hrtime.bigint() - began);
  const { user, system } = process.cpuUsage(cpu);
  const { accelerator, footers, frames } = store.openReport.indexedFrom;
  await store.close();
  rmSync(own, { recursive: true });
  const sources = `accelerator ${accelerator.events}, footers ${footers.events}, frames ${frames.events}`;
  return { wallNs, cpuUs: user + system, sources };
}

/** Nobody writes to a segment of an earlier run, so another name for it is as good as a copy. */
function placeSegment(from: string, to: string, isStripped: boolean): void {
  const end = isStripped ? openSdx4(readFileSync(from))?.trailer.coveredBytes : undefined;
  if (end === undefined) return linkSync(from, to);
  copyFileSync(from, to);
  truncateSync(to, end);
}

function files(path: string): string[] {
  return readdirSync(path).filter((name) => name !== "LOCK" && !name.startsWith(".~"));
}
