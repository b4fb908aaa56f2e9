import { writeFileSync } from "node:fs";
import type { FileHandle, OpenFileOptions } from "../../src/file-handle.js";
import { nodeCalls, type RealCalls } from "../../src/real-calls.js";
import { RealFs } from "../../src/real-fs.js";
import type { RealRetry } from "../../src/real-retry.js";
import { scratchDirectory, textOf } from "./real-scene.js";

/** A handle of `/file` with this content, in a root of its own, through calls of which some may be replaced. */
export function openFile(
  options: OpenFileOptions,
  calls: Partial<RealCalls> = {},
  content = "0123456789",
): { root: string; host: string; handle: FileHandle; retries: RealRetry[] } {
  const root = scratchDirectory();
  const host = `${root}/file`;
  writeFileSync(host, content);
  const retries: RealRetry[] = [];
  const handle = new RealFs({ root, calls, onRetry: (retry) => retries.push(retry) }).open("/file", options);
  return { root, host, handle, retries };
}

/** What the file holds, up to `length` bytes. */
export function readAll(handle: FileHandle, length = 64): string {
  const target = new Uint8Array(length);
  return textOf(target.subarray(0, handle.readAt(target, 0)));
}

/** A platform that accepts at most so many bytes at once. */
export function shortWrites(most: number): RealCalls["write"] {
  return (fd, bytes, at, length, offset) => nodeCalls.write(fd, bytes, at, Math.min(length, most), offset);
}
