import type { LogWriter } from "./log-writer.js";
import { isHarmless } from "./space-failure.js";

/**
 * What a crash leaves of a close. Behind its barrier every record is durable, and only the log's own statement of that is at stake:
 *
 * 1. Before the statement is written, or with none of it on the disk: the last records are not proven, and the next open writes
 *    them once more.
 * 2. With a part of it: bytes at the end that are no frame, which `recover` cuts off and `strict` refuses. No record is among them.
 * 3. Before the zeros ahead are cut off, or with the cut not on the disk: zeros behind the last frame, which nobody counts.
 * 4. Behind the barrier of the statement, before the lock is given back: a log that was closed, and the lock of a process that
 *    is no more, which the next open takes.
 */

/**
 * Writes a frame that states what is durable, cuts off the zeros ahead, and syncs both. Where there is no room even for that,
 * it is left out: all records are durable, and the next open writes some of them again.
 */
export async function writeStatement(writer: LogWriter, payload?: Uint8Array, kind?: number): Promise<void> {
  const { active } = writer;
  const { writtenBytes } = active;
  try {
    writer.appendWatermark(payload, kind);
    writer.write();
  } catch (error) {
    if (!isHarmless(error)) throw error;
    active.handle.truncate(writtenBytes);
    return;
  }
  if (active.allocatedBytes > active.writtenBytes) active.handle.truncate(active.writtenBytes);
  await active.handle.sync("data");
}
