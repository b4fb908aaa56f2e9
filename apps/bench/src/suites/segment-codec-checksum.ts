import { crc32 } from "@holdfast/segment-codec";
import { crc32 as native } from "@node-rs/crc32";
import { atLeast, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";

/** The one CRC-32 around the length from which the native module is called, each against the module alone. */
export const checksumPart: Part = {
  name: "checksum",
  measure({ quick }) {
    return [32, 128, 192, 256, 4096].flatMap((size) => rowsOf(size, quick ? 2 : 9, quick ? 2e6 : 2e7));
  },
};

/** Short ranges in JavaScript must be worth it; long ones may lose the look at the length. */
const bars: Readonly<Record<number, number>> = { 32: 2, 128: 1, 192: 0.85, 256: 0.85, 4096: 0.85 };

function rowsOf(size: number, rounds: number, bytes: number): Row[] {
  const data = Uint8Array.from(scatter(0x1_0000, 256));
  const operations = Math.ceil(bytes / Math.max(size, 512));
  const places = data.length - size;
  const over = (name: string, compute: (at: number) => number): Contestant => ({
    name,
    operations,
    prepare: () => ({
      run: () => {
        let sum = 0;
        for (let index = 0; index < operations; index += 1) sum ^= compute((index * 64) % places);
        if (sum === 0.5) throw new Error("keeps the loop alive");
      },
    }),
  });
  const contestants = [
    over("crc32", (at) => crc32(data, at, at + size)),
    over("native module", (at) => native(data.subarray(at, at + size))),
  ];
  const [ours, peer] = interleave(contestants, { rounds });
  if (ours === undefined || peer === undefined) return [];
  const labels = { id: `checksum/${size}`, workload: `CRC-32 of ${size} B inside a larger buffer` };
  return [compare(labels, ours, peer, { of: "speed", bar: atLeast(bars[size] ?? 0.85) })];
}
