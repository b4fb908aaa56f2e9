import { Prng, streamSeed } from "@holdfast/fs-seam/fault";

/**
 * The batches that the tour writes to a database: number and seed say every byte of each, so that whoever reads the database knows what the first so many
 * have made of it.
 */

export type BatchOperation =
  | { readonly type: "put"; readonly key: string; readonly value: string }
  | { readonly type: "del"; readonly key: string };

/** Every batch puts its number here, last of all. */
export const LAST_BATCH_KEY = "last batch";

const articles = 400;
const operationsPerBatch = 16;

/** Prices of articles: most are put, one in four is deleted, whether it is there or not. */
export function numberedBatch(number: number, seed: number): BatchOperation[] {
  const choices = new Prng(streamSeed(seed, `batch ${number}`));
  const operations = Array.from({ length: operationsPerBatch }, (): BatchOperation => {
    const key = `article:${String(choices.below(articles)).padStart(3, "0")}`;
    if (choices.below(4) === 0) return { type: "del", key };
    const text = Array.from({ length: 14 }, () => choices.nextU32().toString(16).padStart(8, "0")).join("");
    return { type: "put", key, value: `${number} ${text}` };
  });
  return [...operations, { type: "put", key: LAST_BATCH_KEY, value: String(number) }];
}

/** What the batches 1 to `count` make of an empty database. */
export function contentAfter(count: number, seed: number): ReadonlyMap<string, string> {
  const content = new Map<string, string>();
  for (let number = 1; number <= count; number += 1) {
    for (const operation of numberedBatch(number, seed)) {
      if (operation.type === "put") content.set(operation.key, operation.value);
      else content.delete(operation.key);
    }
  }
  return content;
}

/** The first thing in which entries, in the order of their keys, are not this content; undefined when they are. */
export function differenceFrom(
  content: ReadonlyMap<string, string>,
  entries: readonly (readonly [string, string])[],
): string | undefined {
  const found = new Map(entries);
  const lost = [...content.keys()].find((key) => !found.has(key));
  if (lost !== undefined) return `${lost} is missing`;
  for (const [key, value] of entries) {
    if (!content.has(key)) return `${key} is there and was deleted, or never put`;
    if (content.get(key) !== value) return `${key} has another value`;
  }
  return entries.length === found.size ? undefined : "a key is there twice";
}
