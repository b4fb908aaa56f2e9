// Damaged SDX4 footers: a few seconds' worth here; the long run is
//
//   HOLDFAST_BAD_INPUT_CASES=1000000 HOLDFAST_BAD_INPUT_SEED=7 npx vitest run test/sdx4-bad-input.fault.test.ts
import { expect, test } from "vitest";
import {
  badInputRuns,
  damage,
  forgedNumbers,
  pick,
  type BadInputCase,
  type Draw,
} from "@holdfast-tooling/config/bad-input";
import type { ByteSource } from "@holdfast/segment-codec";
import { SidxError, openSdx4, type Sdx4Entry } from "../src/index.js";
import { encode } from "./support/sdx4-entries.js";
import { putTogether, sealRoot, takeApart, viewOf } from "./support/sdx4-parts.js";
import { salvage } from "./support/sdx4-salvage.js";
import { plainEntries, plainEntry, plainFooter, richEntries, richFooter } from "./support/sdx4-samples.js";

interface Sample {
  readonly entries: readonly Sdx4Entry[];
  readonly bytes: Uint8Array;
}

const batch = [0, 1, 2].map((at) => plainEntry(at, { frameOffset: 64, frameLength: 400, batchIndex: at }));
const samples: readonly Sample[] = [
  { entries: richEntries, bytes: richFooter() },
  { entries: plainEntries(40), bytes: plainFooter(40) },
  { entries: batch, bytes: encode(batch) },
  { entries: [], bytes: encode([]) },
  { entries: plainEntries(1100), bytes: plainFooter(1100) },
];
const others = samples.map(({ bytes }) => bytes);
/** Large ones cost most of the time, so they come seldom. */
const sample = (draw: Draw): Sample =>
  draw(20) === 0 ? pick(samples.slice(4), draw) : pick(samples.slice(0, 4), draw);

/** Bytes as a file, in which a reader may not ask for more at once than a block, a root or the tail has. */
function bounded(bytes: Uint8Array, mostBytes: number): ByteSource {
  return {
    sizeBytes: bytes.length,
    readAt: (target, offset) => {
      const isBounded = target.length <= mostBytes && offset >= 0;
      if (!isBounded) throw new Error(`${target.length} bytes were asked for at ${offset}`);
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return part.length;
    },
  };
}

/** Everything that can be asked, of bytes about which nothing is known; whatever goes wrong has a code. */
function askAll(source: ByteSource | Uint8Array, draw: Draw): void {
  const coded = <Value>(run: () => Value): Value | undefined => {
    try {
      return run();
    } catch (error) {
      if (error instanceof SidxError && error.context.offset !== undefined) return undefined;
      throw error;
    }
  };
  const footer = coded(() => openSdx4(source, { tailBytes: 32 << draw(8) }));
  if (footer === undefined) return;
  coded(() => footer.checkAll());
  for (let left = Math.min(footer.entryCount, 3); left > 0; left--) {
    const ordinal = draw(footer.entryCount);
    const entry = coded(() => footer.readEntry(ordinal));
    if (entry === undefined) continue;
    coded(() => footer.findEventId(entry.eventId));
    coded(() => footer.findSequence(entry.sequence));
    coded(() => {
      const selection = footer.select({ entity: entry.entity, kind: entry.kind, fromSequence: entry.sequence });
      let last = -1;
      while (selection.next()) {
        if (selection.ordinal <= last) throw new Error(`${selection.ordinal} is selected behind ${last}`);
        last = selection.ordinal;
      }
    });
  }
}

const cases: Readonly<Record<string, BadInputCase>> = {
  "SDX4 footer": (draw) => {
    const { entries, bytes } = sample(draw);
    const damaged = damage(bytes, others, draw);
    // What passes all checksums is a footer that somebody wrote: this one, or the one that a piece came from.
    const known = samples.find((each) => {
      const end = each.bytes.subarray(-32);
      return damaged.length >= 32 && Buffer.compare(end, damaged.subarray(-32)) === 0;
    });
    const ordinals = [0, draw(entries.length + 1), entries.length - 1];
    const { lies } = salvage(damaged, known?.entries ?? entries, ordinals);
    expect(lies).toEqual([]);
  },
  "SDX4 footer, root made good": (draw) => {
    const parts = takeApart(sample(draw).bytes);
    const target = parts.records.length === 0 || draw(4) === 0 ? parts.trailer : pick(parts.records, draw);
    const view = viewOf(target);
    view.setUint32(4 * draw(target.length / 4), pick(forgedNumbers, draw), true);
    const bytes = sealRoot(parts);
    askAll(bounded(bytes, Math.max(32 << 7, 192 * 1024)), draw);
  },
  "SDX4 footer, every checksum made good": (draw) => {
    const parts = takeApart(sample(draw).bytes);
    if (parts.blocks.length > 0) {
      const index = draw(parts.blocks.length);
      const damaged = damage(parts.blocks[index] ?? new Uint8Array(), parts.blocks, draw);
      const whole = draw(4) === 0 ? damaged : damaged.subarray(0, damaged.length - (damaged.length % 8));
      parts.blocks[index] = Uint8Array.from(whole);
    }
    askAll(bounded(putTogether(parts), 192 * 1024), draw);
  },
  "bytes that end in the magic": (draw) => {
    const bytes = Uint8Array.from({ length: 32 + draw(400) }, () => draw(256));
    const view = viewOf(bytes.subarray(-32));
    for (const offset of [8, 12]) if (draw(3) > 0) view.setUint32(offset, pick(forgedNumbers, draw), true);
    view.setUint32(28, 0x3458_4453, true);
    askAll(bounded(bytes, 4096), draw);
  },
};

test.each(badInputRuns(cases, 8000))("%s", { timeout: 3_600_000 }, (_, run) => {
  expect(run()).toBeGreaterThan(0);
});
