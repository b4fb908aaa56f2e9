import { decodeFbatEvent, FbatStreams } from "@holdfast/segment-codec/fbat";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { Unpackr } from "msgpackr/unpack";
import { atLeast, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";

/** Envelopes of batpak events with 128 B of content, against msgpackr's generic decoder, which leaves hashes as plain arrays. */
export const fbatPart: Part = {
  name: "fbat",
  measure({ quick }) {
    return rowsOf(quick ? 2000 : 20_000, quick ? 2 : 9);
  },
};

function rowsOf(count: number, rounds: number): Row[] {
  const envelopes = envelopesOf(count);
  const unpackr = new Unpackr({ useRecords: false, int64AsType: "bigint" });
  const over = (name: string, decode: (bytes: Uint8Array) => unknown): Contestant => ({
    name,
    operations: count,
    prepare: () => ({
      run: () => {
        for (const bytes of envelopes) if (decode(bytes) === undefined) throw new Error("nothing was decoded");
      },
    }),
  });
  const contestants = [
    over("decodeFbatEvent", (bytes) => decodeFbatEvent(bytes)),
    over("msgpackr", (bytes) => unpackr.unpack(bytes) as unknown),
  ];
  const [ours, peer] = interleave(contestants, { rounds });
  if (ours === undefined || peer === undefined) return [];
  const note =
    "both make an object with every field; ours also checks keys, spelling and UTF-8, and copies bytes out of their arrays";
  return [
    compare({ id: "fbat/decode", workload: "decode events of 128 B", note }, ours, peer, {
      of: "speed",
      bar: atLeast(10),
    }),
  ];
}

function envelopesOf(count: number): readonly Uint8Array[] {
  const streams = new FbatStreams(blake3);
  const noise = Uint8Array.from(scatter(count + 128, 256));
  return Array.from({ length: count }, (_, index) => {
    const content = noise.slice(index, index + 128);
    const eventId = noise.slice(index, index + 16);
    const timestampUs = 1_700_000_000_000_000n + BigInt(index);
    const input = { entity: `player:${index % 100}`, scope: "game", kind: 0xf001, eventId, timestampUs, content };
    return streams.append(input).bytes.slice(8);
  });
}
