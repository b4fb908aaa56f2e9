// A forger's tool: changes payloads of a table and makes every checksum good again, those that index and trailer repeat included. Written
// from docs/formats, so that it does not believe what the code believes.
import { crc32 } from "@holdfast/segment-codec";

/** Calls `change` with the payload of every frame, its number and its header, in order, before its checksums are made. Sizes stay. */
export function reseal(
  bytes: Uint8Array,
  change: (payload: Uint8Array, frame: number, header: DataView) => void,
): Uint8Array {
  const file = Uint8Array.from(bytes);
  const view = new DataView(file.buffer);
  const chains = new Map<number, number>();
  let chain = view.getUint32(60, true);
  let before = view.getUint32(60, true);
  const old = new DataView(Uint8Array.from(bytes).buffer);
  chains.set(old.getUint32(60, true), chain);
  for (let at = 64, frame = 0; at < file.length; frame++) {
    const payloadBytes = old.getUint32(at + 4, true);
    const end = at + 32 + Math.ceil(payloadBytes / 8) * 8;
    const payload = file.subarray(at + 32, at + 32 + payloadBytes);
    // Chains of frames before this one, wherever it repeats them: four bytes that equal an old one become the new one.
    for (let word = 0; word + 4 <= payloadBytes; word++) {
      const renewed = chains.get(old.getUint32(at + 32 + word, true));
      if (renewed !== undefined) view.setUint32(at + 32 + word, renewed, true);
    }
    change(payload, frame, new DataView(file.buffer, at, 32));
    view.setUint32(at + 28, crc32(file, at + 4, at + 28, crc32(file, 12, 40)), true);
    chain = crc32(file, at + 28, end, before);
    chains.set(old.getUint32(at, true), chain);
    view.setUint32(at, chain, true);
    before = chain;
    at = end;
  }
  return file;
}
