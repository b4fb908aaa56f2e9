import { openSdx4 } from "@holdfast/sidx-footer";
import { crc32 } from "@node-rs/crc32";
import { atLeast, atMost, bound, compare, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";
import { EntrySource, sdx3Of, sdx4Of, type EntryShape } from "./sidx-footer-entries.js";

/** What a footer costs to build, to check and to keep. */
export const buildPart: Part = {
  name: "build",
  measure({ quick }) {
    const count = quick ? 100_000 : 1_000_000;
    const rounds = quick ? 2 : 5;
    return [...buildRows(count, rounds), ...checkRows(count, rounds), ...sizeRows(count)];
  },
};

const plain: EntryShape = { linked: false };
const linked: EntryShape = { linked: true };

/** Nanoseconds of processor time that this process has used, its collector included: others on the machine do not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Builds a footer in `run`; what the making of the entries takes is measured on its own and left out. */
function builder(name: string, count: number, build: () => { readonly bytes: Uint8Array }): Contestant {
  const run = (): number => {
    const start = processorTime();
    build();
    const built = processorTime();
    const entries = new EntrySource(plain);
    for (let index = 0; index < count; index++) entries.next(index);
    return built - start - (processorTime() - built);
  };
  return { name, operations: count, prepare: () => ({ run }) };
}

function buildRows(count: number, rounds: number): Row[] {
  const contestants = [
    builder("Sdx4Builder", count, () => sdx4Of(count, plain)),
    builder("encodeSdx3", count, () => sdx3Of(count, plain)),
  ];
  const [ours, peer] = interleave(contestants, { rounds, warmUps: 1 });
  if (ours === undefined || peer === undefined) return [];
  const workload = `build: processor time for an entry of ${count}, its share of the indexes included`;
  return [
    { id: "build/entry", workload, ours: figureOf(ours, "time"), bar: bound("most", 250) },
    compare({ id: "build/sdx3", workload: "the same, for orientation" }, ours, peer, { of: "speed", unit: "time" }),
  ];
}

function checkRows(count: number, rounds: number): Row[] {
  const { bytes } = sdx4Of(count, plain);
  const turns = 5;
  const contestant = (name: string, check: () => void): Contestant => ({
    name,
    operations: turns,
    prepare: () => ({
      run: () => {
        for (let turn = 0; turn < turns; turn++) check();
      },
    }),
  });
  const contestants = [
    contestant("openSdx4, checkAll", () => openSdx4(bytes)?.checkAll()),
    contestant("one native CRC", () => void crc32(bytes)),
  ];
  const [ours, peer] = interleave(contestants, { rounds: rounds * 2 });
  if (ours === undefined || peer === undefined) return [];
  const labels = { id: "build/check", workload: `SDX4: check every byte of a footer over ${count}, block by block` };
  return [compare(labels, ours, peer, { of: "speed", bar: atLeast(0.8), unit: "time" })];
}

function sizeRows(count: number): Row[] {
  const row = (id: string, workload: string, shape: EntryShape): Omit<Row, "bar"> => {
    const [ours, peer] = [sdx4Of(count, shape).bytes.length / count, sdx3Of(count, shape).bytes.length / count];
    return {
      ...{ id, workload },
      ours: { name: "SDX4", unit: "bytes", value: ours },
      peer: { name: "SDX3", unit: "bytes", value: peer },
      ratio: { of: "time", value: ours / peer },
    };
  };
  return [
    { ...row("build/bytes", "bytes an entry, hashes and indexes included", plain), bar: atMost(0.6) },
    row("build/bytes-linked", "the same where every entry names another event as cause, for orientation", linked),
  ];
}
