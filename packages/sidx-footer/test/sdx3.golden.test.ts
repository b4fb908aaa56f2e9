// Footers and stores that the reference wrote, decoded and encoded, and the three ways in which a store can be listed.
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { scanFbatSegment } from "@holdfast/segment-codec/fbat";
import {
  encodeSdx2,
  encodeSdx3,
  readSdx3,
  readSdx3Segment,
  sdx3RowOf,
  type Sdx3Outcome,
  type Sdx3Row,
} from "../src/sdx3-entry.js";
import {
  fromHex,
  goldenBytes,
  hex,
  manifest,
  segmentBytes,
  type GoldenCase,
  type GoldenSegment,
} from "./support/batpak.js";
import { readIndexCkpt, readIndexFbati, type IndexRow } from "./support/index-file.js";

function rowsOf(outcome: Sdx3Outcome): readonly Sdx3Row[] {
  if (outcome.kind === "sdx3") return [...outcome.rows];
  if (outcome.kind === "sdx2") return [...outcome.claims].map(({ claim }) => claim);
  throw new Error(`no footer: ${JSON.stringify(outcome)}`);
}

function encode(magic: "SDX3" | "SDX2", rows: readonly Sdx3Row[], framesEnd: number): Uint8Array {
  return magic === "SDX3" ? encodeSdx3(rows, framesEnd) : encodeSdx2(rows, framesEnd);
}

const none = "0".repeat(32);

test("the manifest covers what these tests are about", () => {
  const footers = manifest.cases.flatMap(({ segments }) => segments.flatMap(({ footer }) => footer?.magic ?? []));
  expect(footers.filter((magic) => magic === "SDX3")).toHaveLength(63);
  expect(footers.filter((magic) => magic === "SDX2")).toHaveLength(5);
  expect(manifest.footers).toHaveLength(10);
});

describe.each(manifest.footers.map((golden) => [golden.file, golden] as const))("%s", (file, golden) => {
  const footer = goldenBytes(file);
  // A footer knows its own place in the file; what stands before it does not matter to it.
  const whole = new Uint8Array(golden.string_table_offset + footer.length);
  whole.set(footer, golden.string_table_offset);
  const outcome = readSdx3(whole);

  test("decode equals the recorded contents field by field", () => {
    expect(outcome).toMatchObject({
      kind: golden.magic === "SDX3" ? "sdx3" : "sdx2",
      framesEnd: golden.string_table_offset,
      names: golden.strings,
    });
    expect(
      rowsOf(outcome).map((row) => ({
        event_id: hex(row.eventId),
        entity_idx: golden.strings.indexOf(row.entity),
        scope_idx: golden.strings.indexOf(row.scope),
        kind: row.kind,
        wall_ms: String(row.wallMs),
        clock: row.clock,
        dag_lane: row.lane,
        dag_depth: row.depth,
        prev_hash: hex(row.previousHash),
        event_hash: hex(row.eventHash),
        frame_offset: row.frameOffset,
        frame_length: row.frameLength,
        global_sequence: Number(row.globalSequence),
        correlation_id: hex(row.correlationId),
        causation_id: row.causationId === undefined ? none : hex(row.causationId),
      })),
    ).toEqual(golden.entries);
  });

  test("encode equals the bytes", () => {
    const rows = golden.entries.map((entry) => ({
      eventId: fromHex(entry.event_id),
      correlationId: fromHex(entry.correlation_id),
      causationId: entry.causation_id === none ? undefined : fromHex(entry.causation_id),
      entity: golden.strings[entry.entity_idx] ?? "",
      scope: golden.strings[entry.scope_idx] ?? "",
      kind: entry.kind,
      wallMs: BigInt(entry.wall_ms),
      clock: entry.clock,
      lane: entry.dag_lane,
      depth: entry.dag_depth,
      previousHash: fromHex(entry.prev_hash),
      eventHash: fromHex(entry.event_hash),
      frameOffset: entry.frame_offset,
      frameLength: entry.frame_length,
      globalSequence: BigInt(entry.global_sequence),
    }));
    expect(hex(encode(golden.magic, rows, golden.string_table_offset))).toBe(hex(footer));
  });
});

const column = new Map(manifest.event_columns.map((name, index) => [name, index]));
const cell = (row: readonly unknown[] | undefined, name: string): unknown => row?.[column.get(name) ?? -1];
const segmentId = ({ file }: GoldenSegment): bigint => BigInt(file.replace(".fbat", ""));

/** The newest segment of a store is the one its writer was in; all before are sealed. */
const isNewest = ({ segments }: GoldenCase, segment: GoldenSegment): boolean => segment === segments.at(-1);

// A batch that failed while its writer lived on: frames alone cannot tell the events behind it from its items.
const failedBatch = new Set(["batch-fail-then-append", "batch-fail-then-append-aborted"]);
// Numbered anew after some of their events were taken out: footers, index file and count of frames disagree.
const renumbered = new Set(["compact-retention", "compact-then-append"]);

describe.each(manifest.cases.map((golden) => [golden.id, golden] as const))("%s", (id, golden) => {
  test("rows are those recorded, and encode to the same bytes", () => {
    for (const segment of golden.segments) {
      const bytes = segmentBytes(`${id}/${segment.file}`);
      const outcome = readSdx3(bytes);
      const { footer } = segment;
      if (footer === null) {
        expect(outcome).toEqual({ kind: "absent" });
        continue;
      }
      const rows = rowsOf(outcome);
      expect(outcome).toMatchObject({ framesEnd: segment.frames_end, names: footer.strings });
      expect(
        rows.map((row) => [
          row.frameOffset,
          Number(row.globalSequence),
          footer.strings.indexOf(row.entity),
          footer.strings.indexOf(row.scope),
        ]),
      ).toEqual(footer.rows);
      expect(hex(encode(footer.magic, rows, segment.frames_end))).toBe(hex(bytes.subarray(segment.frames_end)));
    }
  });

  test("a footer rebuilt from the frames equals the recorded footer", () => {
    let counted = 0n;
    for (const segment of golden.segments) {
      const { footer } = segment;
      const bytes = segmentBytes(`${id}/${segment.file}`);
      // The frames are read as if no footer had ever been there.
      const { frames, end } = scanFbatSegment(bytes.subarray(0, segment.frames_end));
      expect(end.kind).toBe("clean");
      const listed = new Map((footer?.rows ?? []).map(([offset, sequence]) => [offset, BigInt(sequence)]));
      const wanted = frames.filter(({ offset, role, committed }) =>
        failedBatch.has(id) ? listed.has(offset) : role === "event" && committed,
      );
      const rows = wanted.map((frame) => {
        const byCount = counted++;
        const recorded = listed.get(frame.offset) ?? byCount;
        // Where nothing was taken out, a number is the count of the events before.
        if (footer !== null && !renumbered.has(id) && !failedBatch.has(id)) expect(recorded).toBe(byCount);
        return sdx3RowOf(frame, recorded);
      });
      if (footer === null) continue;
      expect(hex(encode(footer.magic, rows, segment.frames_end))).toBe(hex(bytes.subarray(segment.frames_end)));
    }
  });

  test("every footer is confirmed by its frames, in the newest segment and in older ones", () => {
    for (const segment of golden.segments) {
      const bytes = segmentBytes(`${id}/${segment.file}`);
      for (const newest of [true, false]) {
        const { footer, end, events } = readSdx3Segment(bytes, { newest });
        expect(end).toEqual({ kind: "clean", endOffset: segment.frames_end });
        if (segment.footer === null) {
          expect(footer).toEqual({ kind: "absent" });
          continue;
        }
        expect(footer).toEqual({ kind: "confirmed", format: segment.footer.magic, sequencesAscend: true });
        expect(events.map(({ frame }) => frame.offset)).toEqual(segment.footer.rows.map(([offset]) => offset));
        const numbers = segment.footer.rows.map(([, sequence]) => BigInt(sequence));
        const covered = segment.footer.magic === "SDX3";
        expect(events.map(({ globalSequence }) => globalSequence)).toEqual(
          numbers.map((sequence) => (covered ? sequence : undefined)),
        );
      }
    }
  });

  test("index file, footers and frames list the same events", () => {
    const listed = golden.segments.flatMap((segment) =>
      readSdx3Segment(segmentBytes(`${id}/${segment.file}`), { newest: isNewest(golden, segment) }).events.map(
        ({ frame, globalSequence }) => ({ place: `${segmentId(segment)}:${frame.offset}`, frame, globalSequence }),
      ),
    );
    const places = listed.map(({ place }) => place);
    const byFrames = golden.segments.flatMap((segment) =>
      scanFbatSegment(segmentBytes(`${id}/${segment.file}`).subarray(0, segment.frames_end))
        .frames.filter(({ role, committed }) => role === "event" && committed)
        .map(({ offset }) => `${segmentId(segment)}:${offset}`),
    );
    if (failedBatch.has(id)) expect(places.filter((place) => byFrames.includes(place))).toEqual(byFrames);
    else expect(places).toEqual(byFrames);

    // What the reference itself returns, whichever way it reads.
    const hidden = new Set(
      id === "fence-cancelled"
        ? golden.segments.flatMap((one) => one.never_visible.map((offset) => `${segmentId(one)}:${offset}`))
        : [], // a cancelled fence hides its events in a file beside the segments
    );
    for (const [how, read] of Object.entries(golden.read)) {
      if (read.rows === undefined) {
        expect([id, how]).toEqual(["sdx2-rotate", "rebuild"]); // the reference refuses its predecessor's footers
        continue;
      }
      if (failedBatch.has(id) && how === "frames") continue;
      const theirs = read.rows.map(([, index]) => {
        const event = golden.events[index];
        return `${String(cell(event, "segment"))}:${String(cell(event, "offset"))}`;
      });
      expect({ how, places: places.filter((place) => !hidden.has(place)) }).toEqual({
        how,
        places: inFileOrder(theirs),
      });
    }

    const index = readIndex(id);
    if (index === undefined) return;
    const rows = index.toSorted(
      (one, other) => Number(one.segment - other.segment) || one.frameOffset - other.frameOffset,
    );
    expect(rows.map(({ segment, frameOffset }) => `${segment}:${frameOffset}`)).toEqual(places);
    for (const [at, { frame, globalSequence }] of listed.entries()) {
      const row = rows[at];
      if (row === undefined) throw new Error("the lists are of one length");
      const { globalSequence: number, segment: _, ...spelled } = row;
      expect(spell(sdx3RowOf(frame, number))).toEqual(spelled);
      if (globalSequence !== undefined && !renumbered.has(id)) expect(globalSequence).toBe(number);
    }
  });
});

function inFileOrder(places: readonly string[]): readonly string[] {
  const key = (place: string): number => {
    const [segment, offset] = place.split(":").map(Number);
    return (segment ?? 0) * 1e7 + (offset ?? 0);
  };
  return places.toSorted((one, other) => key(one) - key(other));
}

function readIndex(id: string): readonly IndexRow[] | undefined {
  const at = (name: string): boolean => existsSync(new URL(`golden/batpak/${id}/${name}`, import.meta.url));
  if (at("index.fbati")) return readIndexFbati(goldenBytes(`${id}/index.fbati`));
  return at("index.ckpt") ? readIndexCkpt(goldenBytes(`${id}/index.ckpt`)) : undefined;
}

function spell(row: Sdx3Row): Omit<IndexRow, "segment" | "globalSequence"> {
  const { eventId, correlationId, causationId, previousHash, eventHash, globalSequence: _, ...same } = row;
  return {
    ...same,
    eventId: hex(eventId),
    correlationId: hex(correlationId),
    causationId: causationId === undefined ? undefined : hex(causationId),
    previousHash: hex(previousHash),
    eventHash: hex(eventHash),
  };
}
