// Damaged records: a record or one coded error, in time and memory bounded by the bytes.
import { blake3 } from "@holdfast/segment-codec/blake3";
import { badInputRuns, damage, type Draw, pick } from "@holdfast-tooling/config/bad-input";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EventHasher } from "../src/event-hash.js";
import { EventRecord } from "../src/event-record.js";
import { contentOf, isEqual, logId, sampleLog } from "./support/sample-log.js";

const sound = fc.sample(sampleLog, { seed: 1, numRuns: 40 }).flat();
const records = sound.map(({ record }) => record);
const hasher = new EventHasher(blake3, logId);
const reader = new EventRecord();

function readDamaged(draw: Draw): void {
  const original = pick(sound, draw);
  const bytes = damage(original.record, records, draw);
  let hash: Uint8Array;
  try {
    hash = hasher.hashOf(reader.read(bytes), original.sequence);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "STORE_CORRUPT" || code === "STORE_UNSUPPORTED") return;
    throw error;
  }
  // What was read is inside the bytes, all of it can be looked at, and it is not taken for the original unless it is.
  const content = JSON.stringify(contentOf(reader));
  if (content.length > 2 * bytes.length + 600) throw new Error("a record says more than its bytes");
  if (!isEqual(bytes, original.record) && isEqual(hash, original.hash)) {
    throw new Error("another record with the same hash");
  }
}

test.each(badInputRuns({ "event record": readDamaged }, 20_000))("a damaged %s costs one error", (_name, run) => {
  expect(run()).toBeGreaterThan(0);
});
