import { readFileSync } from "node:fs";

/** What the manifest of the recorded stores says, as far as these tests read it. */
export interface GoldenFooter {
  readonly magic: "SDX3" | "SDX2";
  readonly string_table_offset: number;
  readonly string_table_len: number;
  readonly entry_count: number;
  readonly crc32: number | null;
  readonly strings: readonly string[];
  /** Frame offset, global sequence, entity and scope by their place in `strings`. */
  readonly rows: readonly (readonly [number, number, number, number])[];
}

export interface GoldenSegment {
  readonly file: string;
  readonly frames_end: number;
  readonly never_visible: readonly number[];
  readonly footer: GoldenFooter | null;
}

export type GoldenRows = readonly (readonly [number, number])[];

export interface GoldenCase {
  readonly id: string;
  readonly crate: string;
  readonly segments: readonly GoldenSegment[];
  /** In the order of `event_columns`. */
  readonly events: readonly (readonly unknown[])[];
  /** Global sequence, and index into `events`, by the way the store was read. */
  readonly read: Readonly<Partial<Record<"rebuild" | "artifact" | "frames", { readonly rows?: GoldenRows }>>>;
}

export interface GoldenEntry {
  readonly event_id: string;
  readonly entity_idx: number;
  readonly scope_idx: number;
  readonly kind: number;
  readonly wall_ms: string;
  readonly clock: number;
  readonly dag_lane: number;
  readonly dag_depth: number;
  readonly prev_hash: string;
  readonly event_hash: string;
  readonly frame_offset: number;
  readonly frame_length: number;
  readonly global_sequence: number;
  readonly correlation_id: string;
  readonly causation_id: string;
}

export interface GoldenResult {
  /** Global sequence, index into the events, and the kind where it is not the frame's. */
  readonly rows?: readonly (readonly [number, number | string, number?])[];
  readonly error?: unknown;
  readonly read_errors?: unknown;
}

export interface GoldenMutant {
  readonly id: string;
  readonly edits: readonly { readonly at: number; readonly del: number; readonly ins: string }[];
  /** Whether the reference's checksum holds, and how many rows it parses without looking at it. */
  readonly sidx: readonly [boolean, number];
  readonly result: Readonly<Record<"alone" | "before_footerless" | "before_footered", GoldenResult | string>>;
}

interface Manifest {
  readonly event_columns: readonly string[];
  readonly cases: readonly GoldenCase[];
  readonly footers: readonly {
    readonly file: string;
    readonly from: readonly [string, string];
    readonly magic: "SDX3" | "SDX2";
    readonly string_table_offset: number;
    readonly strings: readonly string[];
    readonly entries: readonly GoldenEntry[];
  }[];
  readonly corrupt: {
    readonly a: {
      readonly base: string;
      /** Ids of the events of the segment, and of the one that follows it. */
      readonly events: readonly string[];
      readonly layout: { readonly string_table_offset: number; readonly frames: readonly (readonly number[])[] };
      readonly mutants: readonly GoldenMutant[];
    };
  };
}

/** Segments and manifest lie with the package that reads frames; what only footers need lies here. */
const segments = new URL("../../../segment-codec/test/golden/batpak/", import.meta.url);
const home = new URL("../golden/batpak/", import.meta.url);

export const manifest: Manifest = JSON.parse(readFileSync(new URL("manifest.json", segments), "utf8")) as Manifest; // recorded

export function segmentBytes(path: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(path, segments)));
}

/** A bare footer or an index file beside the segments. */
export function goldenBytes(path: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(path, home)));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}
