// Every segment that the reference wrote: read field by field, written back byte by byte.
import { describe, expect, test } from "vitest";
import { blake3 } from "../src/blake3.js";
import {
  FbatStreams,
  encodeFbatEventFrame,
  encodeFbatHeader,
  isFbatName,
  scanFbatSegment,
  type FbatAppend,
  type FbatEvent,
  type FbatScan,
} from "../src/fbat-entry.js";
import { goldenBytes, hex, manifest, type GoldenCase, type GoldenRow, type GoldenSegment } from "./support/batpak.js";

const column = new Map(manifest.event_columns.map((name, index) => [name, index]));
const cell = (row: GoldenRow, name: string): unknown => row[column.get(name) ?? -1] ?? null;

/** An event as the manifest spells it. */
function spellEvent(event: FbatEvent): Record<string, unknown> {
  const { causationId, chain, encryption, extensions, content } = event;
  return {
    event_id: hex(event.eventId),
    correlation_id: hex(event.correlationId) === hex(event.eventId) ? "=" : hex(event.correlationId),
    causation_id: causationId === undefined ? null : hex(causationId),
    entity: event.entity,
    scope: event.scope,
    kind: event.kind,
    clock: event.clock,
    lane: event.lane,
    depth: event.depth,
    wall_ms: String(event.wallMs),
    timestamp_us: String(event.timestampUs),
    flags: event.flags,
    payload_version: event.payloadVersion ?? null,
    payload_size: event.payloadSize,
    prev_hash: chain === undefined ? undefined : hex(chain.previousHash).replace(/^0{64}$/, "0"),
    event_hash: chain === undefined ? undefined : hex(chain.eventHash),
    extensions:
      extensions.size === 0 ? null : Object.fromEntries([...extensions].map(([key, value]) => [key, hex(value)])),
    content: content.length > 300 ? { bytes: content.length, first32: hex(content.subarray(0, 32)) } : hex(content),
    encryption:
      encryption === undefined ? null : { keyscope_id: hex(encryption.keyscopeId), nonce: hex(encryption.nonce) },
  };
}

function scanGolden({ id }: GoldenCase, segment: GoldenSegment): FbatScan & { readonly bytes: Uint8Array } {
  const bytes = goldenBytes(`${id}/${segment.file}`);
  const trusted = segment.footer?.magic === "SDX3";
  const footer = segment.footer === null ? {} : { footer: { offset: segment.frames_end, trusted } };
  return { ...scanFbatSegment(bytes, { newest: segment.footer !== null && !trusted, ...footer }), bytes };
}

const segmentId = ({ file }: GoldenSegment): string => String(BigInt(file.replace(".fbat", "")));

test("the manifest covers what these tests are about", () => {
  expect(manifest.cases).toHaveLength(61);
  expect(manifest.cases.flatMap(({ events }) => events).length).toBe(481);
});

describe.each(manifest.cases.map((one) => [one.id, one] as const))("%s", (_, golden) => {
  test("decode equals the recorded contents field by field; re-encode equals the bytes", () => {
    for (const segment of golden.segments) {
      const { header, frames, end, bytes } = scanGolden(golden, segment);
      expect(header).toMatchObject({ createdNs: BigInt(segment.created_ns), framesStart: segment.frames_start });
      expect(encodeFbatHeader(header)).toEqual(bytes.slice(0, segment.frames_start));
      expect(end).toMatchObject({
        kind: segment.footer?.magic === "SDX2" ? "torn" : "clean",
        endOffset: segment.frames_end,
      });
      const rows = golden.events.filter((row) => cell(row, "segment") === segmentId(segment));
      const recorded = new Map(rows.map((row) => [cell(row, "offset"), row]));
      const markers = new Map(segment.markers.map((marker) => [marker[0], marker]));
      expect(frames.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(
        [...recorded.keys(), ...markers.keys(), ...segment.never_visible].sort((a, b) => Number(a) - Number(b)),
      );
      for (const { offset, length, event, role } of frames) {
        expect(encodeFbatEventFrame(event)).toEqual(bytes.slice(offset, offset + length));
        const marker = markers.get(offset);
        const row = recorded.get(offset);
        if (marker !== undefined) {
          const [, size, kind, batchId, payloadSize, timestampUs] = marker;
          expect(role).toBe(kind === 6 ? "batch-begin" : "batch-commit");
          expect({ length, kind: event.kind, payloadSize: event.payloadSize }).toEqual({
            length: size,
            kind,
            payloadSize,
          });
          expect(BigInt(`0x${hex(event.eventId)}`)).toBe(BigInt(batchId));
          expect(String(event.timestampUs)).toBe(timestampUs);
        } else if (row !== undefined) {
          const spelled = spellEvent(event);
          const expected = Object.fromEntries(Object.keys(spelled).map((name) => [name, cell(row, name)]));
          expect({ length, ...spelled }).toEqual({ length: cell(row, "length"), ...expected });
          expect(isFbatName(event.entity) && isFbatName(event.scope)).toBe(true);
        }
      }
    }
  });

  test("committed is what the reference lists when it reads frames", () => {
    const rows = golden.read.frames?.rows;
    // The reference carries an open batch into the next segment and swallows what follows (spec §5.3, B1, B2); a cancelled
    // fence hides events in an artefact beside the segments. Where it lists less, ours must say more, never less.
    const listed = new Set(
      (rows ?? []).map(([, index]) => `${String(golden.events[index]?.[0])}:${String(golden.events[index]?.[1])}`),
    );
    const committed = new Set(
      golden.segments.flatMap((segment) =>
        scanGolden(golden, segment)
          .frames.filter(({ role, committed }) => role === "event" && committed)
          .map(({ offset }) => `${segmentId(segment)}:${offset}`),
      ),
    );
    const missing = [...listed].filter((place) => !committed.has(place));
    expect(missing).toEqual([]);
  });
});

const replayed = manifest.cases.filter(({ crate }) => crate === "batpak 0.9.0");

// Retention drops events and leaves the hash and the clock that the next one of the stream was given: no input leads there.
// The writer takes such an event over, as it takes over a segment, and has to go on from it with the reference's bytes.
const withGaps = new Set(["compact-retention", "compact-then-append"]);

test.each(replayed.map((one) => [one.id, one] as const))(
  "the writer gives the bytes of %s for its inputs",
  (id, golden) => {
    const streams = new FbatStreams(blake3);
    const last = new Map<string, FbatEvent>();
    const taken = { written: 0, behindGaps: 0 };
    for (const segment of golden.segments) {
      const { frames, bytes } = scanGolden(golden, segment);
      for (let index = 0; index < frames.length;) {
        const frame = frames[index];
        if (frame === undefined) break;
        const items = frame.role === "batch-begin" ? frames.slice(index + 1, index + 1 + frame.event.payloadSize) : [];
        const commit = frames[index + items.length + 1];
        if (frame.role === "batch-begin" && commit?.role === "batch-commit" && commit.committed) {
          const written = streams.appendBatch(
            items.map(({ event }) => inputOf(event)),
            {
              batchId: frame.event.eventId,
              beginTimestampUs: frame.event.timestampUs,
              commitTimestampUs: commit.event.timestampUs,
            },
          );
          const all = Uint8Array.from(written.flatMap((one) => [...one.bytes]));
          expect(hex(all)).toBe(hex(bytes.subarray(frame.offset, commit.offset + commit.length)));
          index += items.length + 2;
          for (const { event } of items) last.set(streamOf(event), event);
          taken.written += items.length;
        } else if (frame.role === "event" && frame.committed) {
          const { event } = frame;
          const before = last.get(streamOf(event));
          if (event.clock === (before === undefined ? 0 : before.clock + 1)) {
            const written = streams.append({ ...inputOf(event), flags: event.flags });
            expect(hex(written.bytes)).toBe(hex(bytes.subarray(frame.offset, frame.offset + frame.length)));
            taken.written++;
          } else {
            streams.observe(event);
            taken.behindGaps++;
          }
          last.set(streamOf(event), event);
          index++;
        } else index++; // items of a batch that never committed moved no stream
      }
    }
    expect(taken.behindGaps > 0).toBe(withGaps.has(id));
    expect(taken.behindGaps).toBeLessThan(Math.max(1, taken.written));
  },
);

function streamOf({ lane, entity }: FbatEvent): string {
  return `${lane} ${entity}`;
}

function inputOf(event: FbatEvent): FbatAppend {
  const { entity, scope, kind, eventId, correlationId, causationId, timestampUs, content, lane, depth } = event;
  const { payloadVersion, encryption, extensions } = event;
  return {
    ...{ entity, scope, kind, eventId, correlationId, timestampUs, content, lane, depth, extensions },
    ...(causationId === undefined ? {} : { causationId }),
    ...(payloadVersion === undefined ? {} : { payloadVersion }),
    ...(encryption === undefined ? {} : { encryption }),
  };
}
