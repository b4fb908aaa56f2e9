import { readFileSync } from "node:fs";

/** What test/golden/batpak/manifest.json says, as far as these tests read it. */
export interface GoldenSegment {
  readonly file: string;
  readonly created_ns: string;
  readonly frames_start: number;
  readonly frames_end: number;
  readonly markers: readonly (readonly [number, number, number, number, number, string])[];
  readonly never_visible: readonly number[];
  readonly footer: { readonly magic: string } | null;
}

export type GoldenRow = readonly unknown[];

export interface GoldenCase {
  readonly id: string;
  readonly crate: string;
  readonly segments: readonly GoldenSegment[];
  readonly events: readonly GoldenRow[];
  readonly read: { readonly frames?: { readonly rows?: readonly (readonly [number, number])[] } };
  readonly receipts: readonly GoldenRow[];
}

export interface GoldenMutant {
  readonly id: string;
  readonly size: number;
  readonly sha256: string;
  readonly edits: readonly { readonly at: number; readonly del: number; readonly ins: string }[];
  readonly sidx: readonly [boolean, number];
  readonly result: Readonly<Record<"alone" | "before_footerless" | "before_footered", GoldenResult | string>>;
}

export interface GoldenResult {
  readonly rows?: readonly (readonly [number, number, number?])[];
  readonly error?: string;
  readonly read_errors?: unknown;
  readonly verify_chain?: unknown;
}

interface Manifest {
  readonly event_columns: readonly string[];
  readonly frame_decode: readonly (readonly [
    string,
    { readonly consumed?: number; readonly payload?: string; readonly debug?: string },
  ])[];
  readonly segment_header_decode: readonly (readonly [string, { readonly ok?: boolean; readonly error?: string }])[];
  readonly cases: readonly GoldenCase[];
  readonly corrupt: {
    readonly a: {
      readonly base: string;
      readonly events: readonly string[];
      readonly layout: {
        readonly frames: readonly (readonly [number, number, number])[];
        readonly string_table_offset: number;
      };
      readonly mutants: readonly GoldenMutant[];
    };
  };
}

const home = new URL("../golden/batpak/", import.meta.url);

export const manifest: Manifest = JSON.parse(readFileSync(new URL("manifest.json", home), "utf8")) as Manifest; // recorded

export function goldenBytes(path: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(path, home)));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}
