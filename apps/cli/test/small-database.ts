import { openDirectory } from "@holdfast/fs-seam";
import { openEngine, type Engine, type EngineSettings } from "@holdfast/lsm-tree";

// Databases, small and on a real disk.

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const hexText = (text: string): string => Buffer.from(text).toString("hex");
export const keyOf = (at: number): string => `user:${String(at).padStart(3, "0")}`;

/** Opens the database below a path; blocks have some ten entries. */
export async function openSmallDatabase(
  path: string,
  settings: Omit<EngineSettings, "readOnly"> = {},
): Promise<Engine> {
  return openEngine({ directory: openDirectory(path, { create: true }), blockBytes: 200, ...settings });
}

/**
 * A database of two tables, too few to be compacted, and a log, closed: table 1 has users 0 to 39, table 2 users 40 to 59 and deletes of 0 to 4, and three records of the log are
 * in no table: a batch of a put and a delete, a put, and a put.
 */
export async function smallDatabase(path: string): Promise<void> {
  const engine = await openSmallDatabase(path);
  await fillSmall(engine);
  await engine.close();
}

async function fillSmall(engine: Engine): Promise<void> {
  for (let at = 0; at < 40; at++) await engine.put(bytesOf(keyOf(at)), bytesOf(`value of ${at}`));
  await engine.flush();
  for (let at = 0; at < 5; at++) await engine.delete(bytesOf(keyOf(at)));
  for (let at = 40; at < 60; at++) await engine.put(bytesOf(keyOf(at)), bytesOf(`value of ${at}`));
  await engine.flush();
  await Promise.all([engine.put(bytesOf("late:1"), bytesOf("one")), engine.delete(bytesOf(keyOf(41)))]);
  await engine.put(bytesOf("late:2"), bytesOf("two"));
  await engine.put(bytesOf("late:3"), bytesOf("three"));
}
