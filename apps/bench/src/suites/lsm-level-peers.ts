import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AbstractLevel } from "abstract-level";
import { LsmLevel } from "@holdfast/lsm-tree";
import { boundPeer, installedPeer } from "../peer-install.js";

/** What the parts about `LsmLevel` share: databases with the same memory, and the keys and values that all of them get. */

export type Bytes = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;

/** A database of `abstract-level`, ours or a peer's. */
export interface LevelKind {
  readonly name: string;
  /** Opens what is in the directory, or nothing yet. */
  open(path: string): Promise<Bytes>;
}

/** The same memory for all: a write buffer of 8 MiB and a cache of 64 MiB; compression as each has it by default, LZ4 or Snappy. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;
export const configuredBytes: number = 2 * WRITE_BUFFER_BYTES + CACHE_BYTES;

const buffers = { keyEncoding: "buffer", valueEncoding: "buffer" } as const;

export const ours: LevelKind = {
  name: "LsmLevel",
  open: (path) =>
    opened(
      new LsmLevel<Buffer, Buffer>(path, {
        ...buffers,
        writeBufferBytes: WRITE_BUFFER_BYTES,
        cacheBytes: CACHE_BYTES,
      }),
    ),
};

export const classic: LevelKind = {
  name: "classic-level",
  async open(path) {
    const { ClassicLevel } = await boundPeer("classic-level", () => import("classic-level"));
    const settings = { ...buffers, writeBufferSize: WRITE_BUFFER_BYTES, cacheSize: CACHE_BYTES };
    return opened(new ClassicLevel<Buffer, Buffer>(path, settings));
  },
};

/** What the base class of all takes by itself: batches are checked and encoded, and nobody takes them. */
export const bare: LevelKind = {
  name: "abstract-level alone",
  open: () => opened(new BareLevel({ encodings: { buffer: true } }, buffers)),
};

class BareLevel extends AbstractLevel<Buffer, Buffer, Buffer> {}

/** Keeps references to what it is given, in no file; undefined where it cannot be installed. */
export function memoryKind(): LevelKind | undefined {
  const found = installedPeer("memory-level", "3.1.0") as { MemoryLevel: new (options: object) => Bytes } | undefined;
  return found && { name: "memory-level", open: () => opened(new found.MemoryLevel(buffers)) };
}

/** @param database - of `abstract-level`, with buffers as keys and values; its own type is never that of another. */
async function opened(database: object): Promise<Bytes> {
  const level = database as Bytes;
  await level.open();
  return level;
}

export interface OpenLevel {
  readonly level: Bytes;
  readonly path: string;
  /** Closes it and removes its files. */
  readonly dispose: () => Promise<void>;
}

export async function newLevel(kind: LevelKind, root: string): Promise<OpenLevel> {
  const path = mkdtempSync(join(root, "level-"));
  const level = await kind.open(path);
  return {
    level,
    path,
    async dispose() {
      await level.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Even numbers are there, odd ones are not: 16 digits. */
export function keyOf(number: number): Buffer {
  return Buffer.from(String(number).padStart(16, "0"));
}

/** 100 bytes of text, half of them noise. */
export function valueOf(number: number): Buffer {
  const value = Buffer.alloc(100, 0x61);
  let state = (number + 1) * 0x9e3779b1;
  for (let at = 0; at < 50; at += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) >>> 0;
    value[at] = 0x40 + (state >>> 26);
  }
  return value;
}

export const KEY_BYTES = 16;
export const ENTRY_BYTES = 116;

/** Numbers from 0 up to `count` in an order that has none: a multiplication by a prime, modulo `count`. */
export function* shuffled(count: number): Generator<number, void, undefined> {
  const step = 1_000_003 % count;
  for (let index = 0, at = 0; index < count; index += 1, at = (at + step) % count) yield at;
}

/** Puts the even keys below `2 * count`, in batches of 1,000. */
export async function load(level: Bytes, numbers: Iterable<number>): Promise<void> {
  let batch: { type: "put"; key: Buffer; value: Buffer }[] = [];
  for (const number of numbers) {
    batch.push({ type: "put", key: keyOf(number * 2), value: valueOf(number) });
    if (batch.length < 1000) continue;
    await level.batch(batch);
    batch = [];
  }
  if (batch.length > 0) await level.batch(batch);
}

/** Has everything in tables, on as few levels as possible. */
export async function compact(level: Bytes): Promise<void> {
  const compacting = level as unknown as { compactRange?(start: Buffer, end: Buffer): Promise<void> };
  await compacting.compactRange?.(Buffer.of(0), Buffer.of(0xff));
}
