import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crc32 } from "@holdfast/segment-codec";
import { WalError } from "../src/index.js";
import {
  readDurabilityLog,
  walkRecordLog,
  type DurabilityReadOptions,
  type DurabilityReport,
  type RecordLogWalk,
  type RecordLogWalkOptions,
} from "../src/durability-entry.js";

/** What test/golden/durability/manifest.json says, as far as these tests read it. */
export interface GoldenCase {
  readonly case: string;
  readonly format: string;
  readonly title: string;
  readonly producer?: string;
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
  readonly written?: readonly GoldenPayload[];
  readonly read?: { readonly strict?: GoldenRead; readonly bestEffort?: GoldenRead };
  readonly readRaw?: {
    readonly ok: boolean;
    readonly hex?: string;
    readonly len?: number;
    readonly crc32?: string;
    readonly lastAppliedId?: string;
    readonly error?: { readonly kind: string };
  };
  readonly resume?: {
    readonly ok?: boolean;
    readonly nextEntryId?: string;
    readonly segmentId?: string;
    readonly segmentBytes?: number;
    readonly changedFiles?: readonly { readonly path: string; readonly size: number }[];
    readonly appendAfter?: { readonly id: string; readonly strict: GoldenRead };
  };
  readonly published?: readonly {
    readonly checkpoint?: string;
    readonly checkpointLastEntryId: string;
    readonly markerEntryId: string;
  }[];
  readonly sweeps?: readonly {
    readonly op: string;
    readonly file: string;
    readonly rows: readonly (readonly [number, number, ...string[]])[];
  }[];
}

export interface GoldenPayload {
  readonly crc32: string;
  readonly len: number;
  readonly hex?: string;
}

export interface GoldenRead {
  readonly ok: boolean;
  readonly count?: number;
  readonly digest?: string;
  readonly isPrefixOfWritten?: boolean;
  readonly deliveredBeforeError?: number;
}

const folder = fileURLToPath(new URL("golden/durability/", import.meta.url));

export const goldenCases: readonly GoldenCase[] = (
  JSON.parse(readFileSync(`${folder}manifest.json`, "utf8")) as { cases: readonly GoldenCase[] }
).cases;

export function goldenCase(name: string): GoldenCase {
  const found = goldenCases.find((each) => each.case === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

export function goldenBytes(name: string, file: string): Uint8Array {
  return new Uint8Array(readFileSync(`${folder}${name}/${file}`));
}

/** Files of a case by path, each in memory of its own. */
export function goldenFiles(name: string): Map<string, Uint8Array> {
  return new Map(Object.keys(goldenCase(name).files).map((file) => [file, goldenBytes(name, file)]));
}

export function directoryWith(files: ReadonlyMap<string, Uint8Array>): Directory {
  const directory = new Directory(new MemoryFs());
  for (const [path, bytes] of files) {
    const parent = path.split("/").slice(0, -1).join("/");
    if (parent !== "") directory.makeDirectories(parent);
    directory.writeFile(path, bytes);
  }
  return directory;
}

/** What was handed out, and how reading ended. */
export interface Outcome {
  readonly entries: readonly Uint8Array[];
  readonly ids: readonly number[];
  /** The segment of each. */
  readonly segmentIds: readonly number[];
  /** As the manifest digests what was returned. */
  readonly digest: string;
  readonly report: DurabilityReport | undefined;
  readonly error: WalError | undefined;
}

/** Reads a log. Any error but a {@link WalError} fails the test. */
export function readLog(directory: Directory, options: Omit<DurabilityReadOptions, "directory"> = {}): Outcome {
  const entries: Uint8Array[] = [];
  const ids: number[] = [];
  const segmentIds: number[] = [];
  let report: DurabilityReport | undefined;
  let error: WalError | undefined;
  try {
    const walk = readDurabilityLog({ directory, ...options });
    let step = walk.next();
    for (; step.done !== true; step = walk.next()) {
      entries.push(step.value.payload);
      ids.push(step.value.entryId);
      segmentIds.push(step.value.segmentId);
    }
    report = step.value;
  } catch (thrown) {
    if (!(thrown instanceof WalError)) throw thrown;
    error = thrown;
  }
  return { entries, ids, segmentIds, digest: digestOf(entries, ids), report, error };
}

export interface Records extends RecordLogWalk {
  readonly records: readonly Uint8Array[];
  readonly digest: string;
}

export function recordsOf(bytes: Uint8Array, options: RecordLogWalkOptions = {}): Records {
  const records: Uint8Array[] = [];
  const walk = walkRecordLog(bytes, { ...options, onRecord: ({ payload }) => records.push(payload.slice()) });
  return { ...walk, records, digest: digestOf(records) };
}

export function digestOf(payloads: readonly Uint8Array[], ids?: readonly number[]): string {
  let crc = 0;
  payloads.forEach((payload, index) => {
    const head = Buffer.alloc(ids === undefined ? 4 : 12);
    if (ids !== undefined) head.writeBigUInt64LE(BigInt(ids[index] ?? -1), 0);
    head.writeUInt32LE(payload.length, head.length - 4);
    crc = crc32(payload, 0, payload.length, crc32(head, 0, head.length, crc));
  });
  return hexOf32(crc);
}

export function hexOf32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}
