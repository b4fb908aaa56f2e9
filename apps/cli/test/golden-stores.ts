import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// The recorded stores of batpak, with what the reference itself read back: data of packages/segment-codec, read in place.

const home = new URL("../../../packages/segment-codec/test/golden/batpak/", import.meta.url);

export interface GoldenFooter {
  readonly magic: "SDX3" | "SDX2";
  readonly string_table_offset: number;
  readonly entry_count: number;
  readonly strings: readonly string[];
  /** Frame offset, global sequence, entity and scope by their place in `strings`. */
  readonly rows: readonly (readonly [number, number, number, number])[];
}

export interface GoldenSegment {
  readonly file: string;
  readonly created_ns: string;
  readonly frames_start: number;
  readonly frames_end: number;
  /** Offset, length, kind, batch id, payload size, timestamp. */
  readonly markers: readonly (readonly [number, number, number, number, number, string])[];
  readonly never_visible: readonly number[];
  readonly footer: GoldenFooter | null;
}

export interface GoldenStore {
  readonly id: string;
  readonly segments: readonly GoldenSegment[];
  /** In the order of `event_columns`. */
  readonly events: readonly (readonly unknown[])[];
}

interface GoldenResult {
  readonly rows?: readonly (readonly number[])[];
  readonly error?: unknown;
  readonly read_errors?: unknown;
  readonly verify_chain?: { readonly mismatch?: number };
}

export interface GoldenMutant {
  readonly id: string;
  readonly edits: readonly { readonly at: number; readonly del: number; readonly ins: string }[];
  readonly result: { readonly alone: GoldenResult };
}

interface Manifest {
  readonly event_columns: readonly string[];
  readonly cases: readonly GoldenStore[];
  readonly corrupt: { readonly a: { readonly base: string; readonly mutants: readonly GoldenMutant[] } };
}

export const manifest: Manifest = JSON.parse(readFileSync(new URL("manifest.json", home), "utf8")) as Manifest; // recorded

export function goldenPath(path: string): string {
  return fileURLToPath(new URL(path, home));
}

export function goldenBytes(path: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(path, home)));
}

/** The bytes of a damaged variant. */
export function mutate({ edits }: GoldenMutant): Uint8Array {
  const bytes = [...goldenBytes(manifest.corrupt.a.base)];
  const fromTheEnd = [...edits].sort((one, other) => other.at - one.at);
  for (const { at, del, ins } of fromTheEnd) bytes.splice(at, del, ...Buffer.from(ins, "hex"));
  return Uint8Array.from(bytes);
}
