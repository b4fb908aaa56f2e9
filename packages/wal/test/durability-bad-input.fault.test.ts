// Arbitrary and almost sound bytes, by seed: every one gives an outcome or one coded error, in bounded memory, and whatever is
// handed out is in the bytes. Hundreds of thousands of cases: HOLDFAST_BAD_INPUT_CASES=500000.
import { expect, test } from "vitest";
import { WalError } from "../src/index.js";
import {
  decodeDurabilityCheckpoint,
  encodeDurabilityCheckpoint,
  encodeDurabilityEntry,
  encodeDurabilitySegmentHeader,
  encodeLogRecord,
  encodeRecordLogHeader,
  walkDurabilitySegment,
  walkRecordLog,
  type DurabilityEnd,
} from "../src/durability-entry.js";
import { directoryWith, readLog } from "./durability-golden.js";

const caseCount = Number(process.env.HOLDFAST_BAD_INPUT_CASES ?? 4_000);
const firstSeed = Number(process.env.HOLDFAST_BAD_INPUT_SEED ?? 1);
const onlyReader = process.env.HOLDFAST_BAD_INPUT_DECODER;

type Draw = (below: number) => number;

/** Whole numbers below a bound, from a seed: mulberry32 by Tommy Ettinger. */
function drawer(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function bytesOf(draw: Draw, below: number): Uint8Array {
  return Uint8Array.from({ length: draw(below) }, () => draw(256));
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Sound bytes, and then up to three edits: flips, interesting lengths, repeats, cuts, junk. Sometimes nothing but junk. */
function bent(draw: Draw, sound: Uint8Array): Uint8Array {
  if (draw(8) === 0) return bytesOf(draw, 200);
  let bytes: Uint8Array = sound.slice();
  for (let edits = draw(4); edits > 0 && bytes.length > 0; edits--) {
    const at = draw(bytes.length);
    switch (draw(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8));
        break;
      case 1:
        if (at + 4 <= bytes.length) {
          const lengths = [0, 1, 8, 15, 16, 17, bytes.length - at, 2 ** 24, 2 ** 24 + 17, 2 ** 26 + 1, 2 ** 32 - 1];
          new DataView(bytes.buffer).setUint32(at, lengths[draw(lengths.length)] ?? 0, true);
        }
        break;
      case 2:
        bytes = concat(bytes.slice(0, at), bytes.slice(draw(at + 1)));
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes.fill(0, at, at + draw(40));
        break;
      default:
        bytes = concat(bytes, bytesOf(draw, 60));
    }
  }
  return bytes;
}

function segment(draw: Draw, segmentId: number, startEntryId: number): Uint8Array {
  const version = draw(2) === 0 ? 2 : 3;
  const frames = Array.from({ length: draw(5) }, (_, index) =>
    encodeDurabilityEntry(version, startEntryId + index, bytesOf(draw, 40)),
  );
  return concat(encodeDurabilitySegmentHeader({ version, startEntryId, segmentId }), ...frames);
}

function expectInside(end: DurabilityEnd, bytes: Uint8Array): void {
  expect(end.endOffset).toBeLessThanOrEqual(bytes.length);
  if (end.kind === "torn") expect(end.endOffset + end.tornBytes).toBe(bytes.length);
  if (end.kind === "zeros") {
    expect(end.endOffset + end.zeroBytes).toBe(bytes.length);
    expect(bytes.subarray(end.endOffset).every((byte) => byte === 0)).toBe(true);
  }
}

const readers: Readonly<Record<string, (draw: Draw) => void>> = {
  "a record log": (draw) => {
    const records = Array.from({ length: draw(6) }, () => encodeLogRecord(bytesOf(draw, 30)));
    const bytes = bent(draw, concat(encodeRecordLogHeader(), ...records));
    let count = 0;
    const walk = walkRecordLog(bytes, {
      zerosAreRecords: draw(2) === 0,
      onRecord: ({ offset, payload }) => {
        expect(encodeLogRecord(payload)).toEqual(bytes.slice(offset, offset + 8 + payload.length));
        count++;
      },
    });
    expect(walk.recordCount).toBe(count);
    expectInside(walk.end, bytes);
  },
  "a segment": (draw) => {
    const bytes = bent(draw, segment(draw, 3, 1 + draw(9)));
    const last = draw(2) === 0;
    const walk = walkDurabilitySegment(bytes, {
      segmentId: 3,
      last,
      ...(draw(3) === 0 && { nextEntryId: 1 + draw(9) }),
      onEntry: ({ entryId, offset, payload }) => {
        const version = bytes[4] === 2 ? 2 : 3;
        const frame = encodeDurabilityEntry(version, entryId, payload);
        expect(frame).toEqual(bytes.slice(offset, offset + frame.length));
      },
    });
    if (!last) expect(walk.end.kind).not.toBe("torn");
    expectInside(walk.end, bytes);
  },
  "a directory": (draw) => {
    const files = new Map<string, Uint8Array>();
    for (let id = 1; id <= 1 + draw(4); id++) {
      files.set(`wal/wal_${draw(12) === 0 ? id + 1 : id}.log`, bent(draw, segment(draw, id, 1 + (id - 1) * draw(4))));
    }
    const mode = (["strict", "recover", "salvage"] as const)[draw(3)] ?? "strict";
    const found = readLog(directoryWith(files), { mode });
    expect(found.ids).toEqual(found.ids.map((_, index) => (found.ids[0] ?? 0) + index));
    if (mode === "strict" && found.error === undefined) expect(found.report?.end.kind).toBe("clean");
    if (mode === "salvage") expect(found.error).toBeUndefined();
  },
  "a checkpoint": (draw) => {
    const version = draw(2) === 0 ? 1 : 2;
    const sound = encodeDurabilityCheckpoint({ version, lastAppliedId: draw(99), payload: bytesOf(draw, 60) });
    const bytes = bent(draw, sound);
    try {
      expect(encodeDurabilityCheckpoint(decodeDurabilityCheckpoint(bytes))).toEqual(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(WalError);
    }
  },
};

const chosen = Object.entries(readers).filter(([name]) => onlyReader === undefined || name === onlyReader);

test.each(chosen)("%s", { timeout: 3_600_000 }, (name, read) => {
  const cases = Math.ceil(caseCount / chosen.length);
  for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
    try {
      read(drawer(seed));
    } catch (cause) {
      const replay = `HOLDFAST_BAD_INPUT_CASES=1 HOLDFAST_BAD_INPUT_SEED=${seed} HOLDFAST_BAD_INPUT_DECODER="${name}"`;
      throw new Error(`replay with ${replay}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  expect(cases).toBeGreaterThan(0);
});
