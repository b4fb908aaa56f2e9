import { readExactly, type ByteSource } from "@holdfast/segment-codec";

const magicBytes = 4;

/** The magic of the footer in which a file ends, SDX2 to SDX9, or undefined. Whether there is a footer is another question. */
export function footerMagicOf(source: ByteSource): string | undefined {
  if (source.sizeBytes < magicBytes) return undefined;
  const bytes = new Uint8Array(magicBytes);
  readExactly(source, bytes, source.sizeBytes - magicBytes);
  const magic = Buffer.from(bytes).toString("latin1");
  return /^SDX[2-9]$/.test(magic) ? magic : undefined;
}

/** True when it is a footer as batpak has them, and not one of ours. */
export function isFbatFooter(magic: string): boolean {
  return magic === "SDX2" || magic === "SDX3";
}
