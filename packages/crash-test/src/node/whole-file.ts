import {
  bytesOf,
  checkSignal,
  flag,
  invalidType,
  modeBits,
  optionsOf,
  pathText,
  wholeNumber,
} from "./call-arguments.js";
import { isVirtualDescriptor, type OpenFile } from "./open-file.js";
import { openFlags, type OpenFlags } from "./open-flags.js";
import type { Turns } from "./turns.js";
import type { Volume } from "./volume.js";

/** Reading and writing whole files: the calls that Node builds from open, read, write, fsync and close. */

/** Node reads and writes in pieces of this size where it does so asynchronously. */
const chunkBytes = 512 * 1024;

/** What a whole-file call works on: a descriptor of its own, or one of the caller's that stays open. */
interface Opened {
  readonly file: OpenFile;
  readonly own: boolean;
}

interface ReadOptions {
  readonly encoding?: string | null;
  readonly flag?: unknown;
  readonly signal?: unknown;
}

interface WriteOptions extends ReadOptions {
  readonly mode?: unknown;
  readonly flush?: unknown;
}

export interface WriteRequest {
  readonly flags: OpenFlags;
  readonly mode: number;
  readonly encoding: string;
  readonly flush: boolean;
  readonly signal: unknown;
}

export function readRequest(options: unknown): { flags: OpenFlags; encoding: string | undefined; signal: unknown } {
  const { encoding, flag: flags, signal } = optionsOf<ReadOptions>(options, {});
  checkSignal(signal);
  return { flags: openFlags(flags ?? "r"), encoding: encoding ?? undefined, signal };
}

export function writeRequest(options: unknown, defaultFlag: string): WriteRequest {
  const { encoding, flag: flags, signal, mode, flush } = optionsOf<WriteOptions>(options, {});
  checkSignal(signal);
  return {
    flags: openFlags(flags ?? defaultFlag),
    mode: modeBits(mode, "mode", 0o666),
    encoding: encoding ?? "utf8",
    flush: flag(flush, "options.flush"),
    signal,
  };
}

/** The file a target names: a path, a descriptor, or a handle with one. */
function openTarget(volume: Volume, target: unknown, flags: OpenFlags, mode: number, syscall: string): Opened {
  const fd = descriptorOf(target);
  if (fd !== undefined) return { file: volume.file(fd, syscall), own: false };
  return { file: volume.open(pathText(target), flags, mode), own: true };
}

function descriptorOf(target: unknown): number | undefined {
  if (typeof target === "number") return wholeNumber(target, "fd", 0, 2 ** 31 - 1);
  if (typeof target !== "object" || target === null || !("fd" in target)) return undefined;
  return isVirtualDescriptor(target.fd) ? Number(target.fd) : -1;
}

function decoded(bytes: Buffer, encoding: string | undefined): Buffer | string {
  return encoding === undefined || encoding === "buffer" ? bytes : bytes.toString(encoding as BufferEncoding); // checked
}

export function readWhole(volume: Volume, target: unknown, options: unknown): Buffer | string {
  const { flags, encoding } = readRequest(options);
  const { file, own } = openTarget(volume, target, flags, 0o666, "fstat");
  try {
    const pieces: Buffer[] = [];
    for (let piece = readPiece(volume, file); piece.length > 0; piece = readPiece(volume, file)) pieces.push(piece);
    return decoded(joined(pieces), encoding);
  } finally {
    if (own) volume.close(file.fd);
  }
}

/** What is left of the file, or a piece of it. */
function readPiece(volume: Volume, file: OpenFile, mostBytes: number = Number.MAX_SAFE_INTEGER): Buffer {
  const left = Math.max(volume.statOf(file).size - file.position, 0);
  const buffer = Buffer.allocUnsafeSlow(Math.min(left, mostBytes));
  return buffer.subarray(0, volume.read(file, buffer, undefined));
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}

export async function readWholeAsync(
  volume: Volume,
  all: Turns,
  target: unknown,
  options: unknown,
): Promise<Buffer | string> {
  const { flags, encoding, signal } = readRequest(options);
  const turns = all.begin();
  const { file, own } = await turns.issue(() => openTarget(volume, target, flags, 0o666, "fstat"));
  try {
    const pieces: Buffer[] = [];
    while (true) {
      checkSignal(signal);
      const piece = await turns.issue(() => readPiece(volume, file, chunkBytes));
      if (piece.length === 0) break;
      pieces.push(piece);
    }
    return decoded(joined(pieces), encoding);
  } finally {
    if (own) await turns.issue(() => volume.close(file.fd));
  }
}

export function writeWhole(
  volume: Volume,
  target: unknown,
  data: unknown,
  options: unknown,
  defaultFlag: string,
): void {
  const { flags, mode, encoding, flush } = writeRequest(options, defaultFlag);
  const bytes = bytesOf(data, encoding);
  const { file, own } = openTarget(volume, target, flags, mode, "write");
  try {
    writeAll(volume, file, bytes);
    if (flush) volume.syncBlocking(file, "full", "fsync");
  } finally {
    if (own) volume.close(file.fd);
  }
}

function writeAll(volume: Volume, file: OpenFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += volume.write(file, bytes.subarray(done), undefined);
}

/**
 * The asynchronous form. Steps of several calls on one file interleave, as Node's do.
 *
 * @param chunked - write in Node's pieces, as its promise form does; its callback form asks for everything at once.
 */
export async function writeWholeAsync(
  volume: Volume,
  all: Turns,
  target: unknown,
  data: unknown,
  options: unknown,
  form: { readonly defaultFlag: string; readonly chunked: boolean },
): Promise<void> {
  const { flags, mode, encoding, flush, signal } = writeRequest(options, form.defaultFlag);
  const turns = all.begin();
  const source = isIterable(data) ? data : [bytesOf(data, encoding)];
  const { file, own } = await turns.issue(() => openTarget(volume, target, flags, mode, "write"));
  try {
    for await (const piece of source) {
      const bytes = bytesOf(piece, encoding, "data");
      // The callback form writes once at least: a descriptor that is only for reading shows there although nothing is written.
      let done = form.chunked ? 0 : -1;
      while (done < bytes.length) {
        checkSignal(signal);
        const from = Math.max(done, 0);
        const end = form.chunked ? Math.min(from + chunkBytes, bytes.length) : bytes.length;
        done = from + (await turns.issue(() => volume.write(file, bytes.subarray(from, end), undefined)));
      }
    }
    checkSignal(signal);
    if (flush) await turns.barrier(() => volume.sync(file, "full", "fsync"));
  } finally {
    if (own) await turns.issue(() => volume.close(file.fd));
  }
}

function isIterable(data: unknown): data is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof data === "string" || ArrayBuffer.isView(data)) return false;
  if (typeof data !== "object" || data === null) return false;
  return Symbol.asyncIterator in data || Symbol.iterator in data;
}

/** Data of the callback form, which takes no iterables. */
export function checkCallbackData(data: unknown): void {
  if (typeof data === "string" || ArrayBuffer.isView(data)) return;
  throw invalidType("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
}
