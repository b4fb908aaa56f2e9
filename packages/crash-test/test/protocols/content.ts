import type { Directory } from "@holdfast/fs-seam";

/** A disk writes at least this much at once, so a write within one sector never tears. */
export const sectorBytes = 512;

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** A text of exactly `length` ASCII characters that says what it is in every sector. */
export function filler(label: string, length: number): string {
  return `${label}.`.repeat(Math.ceil(length / (label.length + 1))).slice(0, length);
}

/** The text of a file, or undefined when there is none. */
export function readText(directory: Directory, path: string): string | undefined {
  return directory.exists(path) ? textOf(directory.readFile(path)) : undefined;
}
