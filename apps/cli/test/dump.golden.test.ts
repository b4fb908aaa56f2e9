// Every store that the reference wrote: what `dump --json` prints equals what the reference read back, field by field.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goldenPath, manifest, type GoldenSegment, type GoldenStore } from "./golden-stores.js";
import { inspected, type JsonLine } from "./inspected.js";

const column = new Map(manifest.event_columns.map((name, index) => [name, index]));
const cell = (row: readonly unknown[], name: string): unknown => row[column.get(name) ?? -1] ?? null;

function segmentNumber({ file }: GoldenSegment): string {
  return String(BigInt(file.replace(".fbat", "")));
}

/** An event of a dump as the manifest spells it. */
function spelled(line: JsonLine): Record<string, unknown> {
  const payload = String(line["payload"]);
  const extensions = line["extensions"] as object;
  const encryption = line["encryption"] as { readonly keyscopeId: string; readonly nonce: string } | null;
  return {
    offset: line.offset,
    length: line.length,
    event_id: line["eventId"],
    correlation_id: line["correlation"] === line["eventId"] ? "=" : line["correlation"],
    causation_id: line["causation"],
    entity: line["entity"],
    scope: line["scope"],
    kind: line["eventKind"],
    clock: line["clock"],
    lane: line["lane"],
    depth: line["depth"],
    wall_ms: line["wallMs"],
    timestamp_us: line["timestampUs"],
    flags: line["flags"],
    payload_version: line["payloadVersion"],
    payload_size: line["payloadSize"],
    prev_hash: String(line["previousHash"]).replace(/^0{64}$/, "0"),
    event_hash: line["hash"],
    extensions: Object.keys(extensions).length === 0 ? null : extensions,
    content: payload.length > 600 ? { bytes: payload.length / 2, first32: payload.slice(0, 64) } : payload,
    encryption: encryption === null ? null : { keyscope_id: encryption.keyscopeId, nonce: encryption.nonce },
  };
}

function expectEvents(store: GoldenStore, segment: GoldenSegment, lines: readonly JsonLine[]): void {
  const rows = store.events.filter((row) => cell(row, "segment") === segmentNumber(segment));
  const recorded = new Map(rows.map((row) => [cell(row, "offset"), row]));
  const found = lines.filter(({ kind }) => kind === "event");
  expect(found.map(({ offset }) => offset)).toEqual(
    [...new Set([...recorded.keys(), ...segment.never_visible])].sort((one, other) => Number(one) - Number(other)),
  );
  for (const line of found) {
    const row = recorded.get(line.offset);
    if (row === undefined) continue; // an item of a batch that never committed; its fields are not recorded
    const event = spelled(line);
    expect(event).toEqual(Object.fromEntries(Object.keys(event).map((name) => [name, cell(row, name)])));
  }
}

function expectFooter(segment: GoldenSegment, lines: readonly JsonLine[], sizeBytes: number): void {
  const footers = lines.filter(({ kind }) => kind === "footer");
  const entries = lines.filter(({ kind }) => kind === "footer-entry");
  const { footer } = segment;
  if (footer === null) {
    expect([...footers, ...entries]).toEqual([]);
    return;
  }
  const offset = footer.string_table_offset;
  const { magic: format, entry_count: entryCount } = footer;
  const sequencesAscend = footer.rows.every(([, sequence], at) => sequence > (footer.rows[at - 1]?.[1] ?? -1));
  const place = { offset, length: sizeBytes - offset };
  expect(footers).toEqual([
    { file: segment.file, ...place, kind: "footer", format, entryCount, sound: true, sequencesAscend },
  ]);
  const events = new Map(lines.filter(({ kind }) => kind === "event").map((line) => [line.offset, line]));
  const rowsEnd = sizeBytes - (format === "SDX3" ? 20 : 16);
  expect(entries).toHaveLength(footer.rows.length);
  for (const [index, [frameOffset, sequence, entity, scope]] of footer.rows.entries()) {
    const event = events.get(frameOffset);
    if (event === undefined) throw new Error(`no event at ${frameOffset}`);
    const { eventId, eventKind, lane, depth, clock, wallMs, correlation, causation, previousHash, hash } = event;
    expect(entries[index]).toEqual({
      file: segment.file,
      offset: rowsEnd - 162 * (footer.rows.length - index),
      length: 162,
      kind: "footer-entry",
      ...{ frameOffset: String(frameOffset), sequence: String(sequence), frameLength: event.length },
      ...{ entity: footer.strings[entity], scope: footer.strings[scope] },
      ...{ eventId, eventKind, lane, depth, clock, wallMs, correlation, previousHash, hash },
      causation: causation === "0".repeat(32) ? null : causation,
    });
  }
}

test("the stores are those that were recorded", () => {
  expect(manifest.cases).toHaveLength(61);
  expect(manifest.cases.flatMap(({ events }) => events)).toHaveLength(481);
});

describe.each(manifest.cases.map((store) => [store.id, store] as const))("%s", (id, store) => {
  test("dump prints what the reference read back, and nothing is damaged", async () => {
    const { code, lines, err } = await inspected("dump", goldenPath(id));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const files = [...new Set(lines.map(({ file }) => file))];
    expect(files).toEqual(store.segments.map(({ file }) => file)); // by number: 999999.fbat comes before 1000000.fbat
    expect(lines.filter(({ kind }) => kind === "damage" || kind === "foreign")).toEqual([]);
    for (const segment of store.segments) {
      const own = lines.filter(({ file }) => file === segment.file);
      const { created_ns: createdNs, frames_start: length } = segment;
      expect(own[0]).toEqual({
        ...{ file: segment.file, offset: 0, length, kind: "segment-header" },
        ...{ format: "FBAT", version: 1, segment: segmentNumber(segment), createdNs },
      });
      expectEvents(store, segment, own);
      const markers = own.filter(({ kind }) => kind.startsWith("batch-"));
      expect(
        markers.map((line) => [
          line.offset,
          line.length,
          line.kind === "batch-begin" ? 6 : 7,
          Number(BigInt(`0x${String(line["eventId"])}`)),
          line["itemCount"] ?? 0,
          line["timestampUs"],
        ]),
      ).toEqual(segment.markers);
      expectFooter(segment, own, statSync(join(goldenPath(id), segment.file)).size);
    }
  });

  test("committed says which events some reader of the reference lists", async () => {
    const { lines } = await inspected("dump", goldenPath(id));
    for (const { file, never_visible: never } of store.segments) {
      const events = lines.filter((line) => line.file === file && line.kind === "event");
      const hidden = events.filter((line) => line["committed"] !== true).map(({ offset }) => offset);
      // A fence hides committed events by a file beside the segments; frames and footer know nothing of it.
      expect(hidden).toEqual(id === "fence-cancelled" ? [] : never);
    }
  });

  test("verify finds every segment sound from its first byte to its last", async () => {
    const { code, lines } = await inspected("verify", goldenPath(id));
    expect(code).toBe(0);
    expect(lines.map(({ file, offset, length, kind, format }) => ({ file, offset, length, kind, format }))).toEqual(
      store.segments.map(({ file }) => {
        const length = statSync(join(goldenPath(id), file)).size;
        return { file, offset: 0, length, kind: "sound", format: "FBAT" };
      }),
    );
  });
});

test("a dump of all stores names each file by its path below the argument, in order", async () => {
  const { lines } = await inspected("dump", goldenPath("."));
  const files = [...new Set(lines.map(({ file }) => file))].filter((file) => /^rotate\/|^ids-7/.test(file));
  expect(files).toEqual([
    "ids-7digits/999999.fbat",
    "ids-7digits/1000000.fbat",
    ...readdirSync(goldenPath("rotate")).map((name) => `rotate/${name}`),
  ]);
});
