import type { EffectLog } from "./effect-log.js";
import type { EngineHandle } from "./engine-handle.js";
import { pageBytes, type PagedContent } from "./paged-content.js";

/** How a write past the end of a file comes into the log: within the last page, whose storage is there, and behind it. */

/** Whether a write at `offset` begins on the last page of a file, which is neither full nor a hole. */
export function startsOnLastPage(content: PagedContent, offset: number): boolean {
  const page = Math.floor(content.size / pageBytes);
  if (content.size === page * pageBytes || offset >= (page + 1) * pageBytes) return false;
  return content.page(page) !== undefined;
}

/**
 * Logs that a write grew a file. What begins on the last page of the file, in storage that is there, and ends behind it
 * grows the file in two steps: up to the end of that page, and further.
 */
export function logGrowth(log: EffectLog, ino: number, from: number, to: number, inBlock: boolean): void {
  const blockEnd = inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from;
  if (blockEnd > from) log.size(ino, from, blockEnd, "write-in-block");
  if (to > blockEnd) log.size(ino, blockEnd, to, "write");
}

/** Logs the length of a file once more, where it is closed after it was cut to nothing. */
export function logLength(log: EffectLog | undefined, { ino, path }: EngineHandle, size: number): void {
  log?.begin("close", path);
  log?.size(ino, size, size, "close-after-cut");
}
