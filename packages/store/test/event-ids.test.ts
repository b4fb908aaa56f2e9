// No two events of a store have one id, so that `get` never has to choose, whatever clock, random bytes and hash it is given.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import type { ContentHash } from "@holdfast/segment-codec";
import { expect, test } from "vitest";
import { formatEventId, keyedEventId } from "../src/event-id.js";
import { sha256 } from "../src/sha256.js";
import { determined, openSample, Paid, Placed, START_MS } from "./sample-store.js";

const reused = expect.objectContaining({ code: "STORE_KEY_REUSED" });

/** SHA-256, but that ids which follow from a key are `id` where `isWeak` says so of what is hashed. */
function weakHash(id: Uint8Array, isWeak: (image: Uint8Array) => boolean): ContentHash {
  return {
    ...sha256,
    hash: (image) => {
      const hash = sha256.hash(image);
      if (Buffer.from(image).toString("latin1").startsWith("holdfast.key/1\0") && isWeak(image)) hash.set(id);
      return hash;
    },
  };
}

test("runs with the same clock and the same random bytes give every event an id of its own", async () => {
  const directory = new Directory(new MemoryFs());
  const ids = new Set<string>();
  for (let run = 0; run < 3; run += 1) {
    const store = await openSample(directory, { ...determined(0), clock: () => START_MS });
    for (let count = 0; count < 4; count += 1) {
      ids.add(store.append("a", Placed, { amount: run }, { rung: "memory" }).id);
    }
    store.commit((commit) => {
      ids.add(commit.append("a", Placed, { amount: 1 }));
      ids.add(commit.append("b", Paid, { by: "x" }));
    });
    await store.close();
  }
  expect(ids.size).toBe(18);
  const store = await openSample(directory, determined(1));
  const found = [...ids].map((id) => store.get(id as Parameters<typeof store.get>[0])?.sequence);
  expect(found).toEqual(Array.from({ length: 18 }, (_, index) => index + 1));
  await store.close();
});

test("a key that leads to the id of an event without a key is refused", async () => {
  const plain = await openSample(undefined, { hash: sha256 });
  const { id } = plain.append("a", Placed, { amount: 1 });
  await plain.close();
  const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
  const store = await openSample(undefined, { hash: weakHash(bytes, () => true) });
  expect(store.append("a", Placed, { amount: 1 }).id).toBe(id);
  expect(() => store.append("a", Placed, { amount: 1 }, { key: "k" })).toThrowError(reused);
  expect(store.lastSequence).toBe(1);
  await store.close();
});

test("a keyed commit of which one id is taken is refused as a whole", async () => {
  const id = new Uint8Array(16).fill(7);
  const store = await openSample(undefined, { hash: weakHash(id, (image) => image[15] === 1) });
  const commit = (key: string) =>
    store.commit(
      (building) => {
        building.append("a", Placed, { amount: 1 });
        building.append("a", Placed, { amount: 2 });
      },
      { key },
    );
  expect(commit("k").kind).toBe("appended");
  expect(() => commit("l")).toThrowError(reused);
  expect(commit("k").kind).toBe("replayed");
  expect(store.lastSequence).toBe(2);
  expect(store.get(formatEventId(id))).toMatchObject({ sequence: 2 });
  expect(store.get(formatEventId(keyedEventId(sha256, "k", 0)))).toMatchObject({ sequence: 1 });
  await store.close();
});
