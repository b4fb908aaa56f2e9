import { decodeFbatEvent, FbatEventView, FbatStreams } from "@holdfast/segment-codec/fbat";
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
  const { bytes, ends } = envelopesOf(count);
  const unpackr = new Unpackr({ useRecords: false, int64AsType: "bigint" });
  const view = new FbatEventView();
  const over = (name: string, decode: (start: number, end: number) => unknown): Contestant => ({
    name,
    operations: count,
    prepare: () => ({
      run: () => {
        let start = 0;
        for (const end of ends) {
          if (decode(start, end) === undefined) throw new Error("nothing was decoded");
          start = end;
        }
      },
    }),
  });
  const contestants = [
    over("FbatEventView", (start, end) => {
      view.load(bytes, start, end);
      return view.kind;
    }),
    over("decodeFbatEvent", (start, end) => decodeFbatEvent(bytes, start, end)),
    over("msgpackr", (start, end) => unpackr.unpack(bytes, { start, end }) as unknown),
  ];
  const [checked, decoded, peer] = interleave(contestants, { rounds });
  if (checked === undefined || decoded === undefined || peer === undefined) return [];
  const lazy =
    "every byte is checked and numbers are kept; ids, hashes, content and names are decoded where they are used";
  const whole =
    "both make an object with every field; ours also checks keys and spelling, and copies bytes out of arrays";
  return [
    compare({ id: "fbat/view", workload: "check events of 128 B in their segment", note: lazy }, checked, peer, {
      of: "speed",
      bar: atLeast(10),
    }),
    compare({ id: "fbat/decode", workload: "decode events of 128 B, every field", note: whole }, decoded, peer, {
      of: "speed",
    }),
  ];
}

/** Envelopes one behind the other, as a segment has them but for the frame headers. */
function envelopesOf(count: number): { readonly bytes: Uint8Array; readonly ends: readonly number[] } {
  const streams = new FbatStreams(blake3);
  const noise = Uint8Array.from(scatter(count + 128, 256));
  const envelopes = Array.from({ length: count }, (_, index) => {
    const content = noise.slice(index, index + 128);
    const eventId = noise.slice(index, index + 16);
    const timestampUs = 1_700_000_000_000_000n + BigInt(index);
    const input = { entity: `player:${index % 100}`, scope: "game", kind: 0xf001, eventId, timestampUs, content };
    return streams.append(input).bytes.slice(8);
  });
  let end = 0;
  return { bytes: Uint8Array.from(Buffer.concat(envelopes)), ends: envelopes.map(({ length }) => (end += length)) };
}
