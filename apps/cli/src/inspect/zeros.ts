import { readExactly, type ByteSource } from "@holdfast/segment-codec";

const windowBytes = 0x1_0000;

/** True when there is nothing in a file, or nothing but zeros: space that was set aside, and never written to. */
export function holdsOnlyZeros(source: ByteSource): boolean {
  const window = new Uint8Array(Math.min(source.sizeBytes, windowBytes));
  for (let offset = 0; offset < source.sizeBytes; offset += window.length) {
    const bytes = window.subarray(0, Math.min(window.length, source.sizeBytes - offset));
    readExactly(source, bytes, offset);
    if (bytes.some((byte) => byte !== 0)) return false;
  }
  return true;
}
