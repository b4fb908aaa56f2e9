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
    const rounds = quick ? 2 : 7;
    return [...buildRows(count, rounds), ...checkRows(count, rounds), ...sizeRows(count / 5)];
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
  const [timing] = interleave([builder("Sdx4Builder", count, () => sdx4Of(count, plain))], { rounds });
  if (timing === undefined) return [];
  const workload = `build: processor time for an entry of ${count}, its share of the indexes included`;
  return [{ id: "build/entry", workload, ours: figureOf(timing, "time"), bar: bound("most", 250) }];
}

/** Against the native CRC over pieces as long as a block, which is what any format that is checked in parts costs. */
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
    contestant("native CRC, 64 KiB a call", () => {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) crc32(bytes.subarray(at, at + PIECE_BYTES));
    }),
    contestant("one native CRC", () => void crc32(bytes)),
  ];
  const [ours, pieces, whole] = interleave(contestants, { rounds: rounds * 2 });
  if (ours === undefined || pieces === undefined || whole === undefined) return [];
  const workload = `check every byte of a footer over ${count}`;
  return [
    compare({ id: "build/check", workload }, ours, pieces, { of: "speed", bar: atLeast(0.85), unit: "time" }),
    compare({ id: "build/check-whole", workload: "the same, against one call" }, ours, whole, {
      of: "speed",
      bar: atLeast(0.9),
      unit: "time",
    }),
  ];
}

const PIECE_BYTES = 65_536;

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
