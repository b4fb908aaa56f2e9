// Bytes that were worked out with zlib, independently of any implementation: spec of the reference's formats.
import { expect, test } from "vitest";
import {
  decodeDurabilityCheckpoint,
  encodeDurabilityCheckpoint,
  encodeDurabilityEntry,
  encodeDurabilitySegmentHeader,
  encodeLogRecord,
  encodeRecordLogHeader,
  walkDurabilitySegment,
} from "../src/durability-entry.js";
import { fromHex, hex, recordsOf } from "./durability-golden.js";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const none = new Uint8Array(0);
const flat = (text: string): string => hex(fromHex(text));

/** Payloads of the reference's own entry type, as its codec spells them. */
const addSegment = fromHex("00 07 03");
const deleteDocuments = fromHex("04 02 07 01 07 02");
const marker = fromHex("05 12 63 68 65 63 6B 70 6F 69 6E 74 73 2F 63 31 2E 63 68 6B 02");

test("record log", () => {
  const log = "56 52 4C 47 01 00 00 00 05 00 00 00 86 A6 10 36 68 65 6C 6C 6F";
  expect(hex(Buffer.concat([encodeRecordLogHeader(), encodeLogRecord(ascii("hello"))]))).toBe(flat(log));
  expect(hex(encodeLogRecord(none))).toBe(flat("00 00 00 00 00 00 00 00"));
  expect(hex(encodeLogRecord(fromHex("06 E6 9D B1 E4 BA AC")))).toBe(
    flat("07 00 00 00 08 09 58 DD 06 E6 9D B1 E4 BA AC"),
  );
  expect(recordsOf(fromHex(log)).records.map(hex)).toEqual([hex(ascii("hello"))]);
});

test("segment headers", () => {
  expect(hex(encodeDurabilitySegmentHeader({ version: 2, startEntryId: 1, segmentId: 1 }))).toBe(
    flat("56 57 41 4C 02 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00"),
  );
  expect(hex(encodeDurabilitySegmentHeader({ version: 3, startEntryId: 2, segmentId: 3 }))).toBe(
    flat("56 57 41 4C 03 00 00 00 02 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00"),
  );
});

test.each([
  [2, 1, ascii("hello"), "15 00 00 00 01 00 00 00 00 00 00 00 86 A6 10 36 68 65 6C 6C 6F"],
  [2, 1, none, "10 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00"],
  [2, 1, addSegment, "13 00 00 00 01 00 00 00 00 00 00 00 6F 1E 09 29 00 07 03"],
  [2, 2, deleteDocuments, "16 00 00 00 02 00 00 00 00 00 00 00 B0 15 C9 6D 04 02 07 01 07 02"],
  [2, 3, marker, `25 00 00 00 03 00 00 00 00 00 00 00 85 7B D1 BB ${hex(marker)}`],
  [3, 1, ascii("hello"), "15 00 00 00 01 00 00 00 00 00 00 00 52 0C B4 07 68 65 6C 6C 6F"],
  [3, 1, none, "10 00 00 00 01 00 00 00 00 00 00 00 0D 2B 67 BB"],
  [3, 1, addSegment, "13 00 00 00 01 00 00 00 00 00 00 00 6C EE 0A 95 00 07 03"],
  [3, 2, deleteDocuments, "16 00 00 00 02 00 00 00 00 00 00 00 6E 5F A1 7A 04 02 07 01 07 02"],
] as const)("version %i, entry %i", (version, entryId, payload, bytes) => {
  expect(hex(encodeDurabilityEntry(version, entryId, payload))).toBe(flat(bytes));
  const header = encodeDurabilitySegmentHeader({ version, startEntryId: entryId, segmentId: 9 });
  const found: unknown[] = [];
  const walk = walkDurabilitySegment(new Uint8Array([...header, ...fromHex(bytes)]), {
    segmentId: 9,
    onEntry: (entry) => found.push({ ...entry, payload: hex(entry.payload) }),
  });
  expect(found).toEqual([{ entryId, segmentId: 9, offset: 24, payload: hex(payload) }]);
  expect(walk).toEqual({
    header: { version, startEntryId: entryId, segmentId: 9 },
    entryCount: 1,
    end: { kind: "clean", endOffset: 24 + fromHex(bytes).length },
  });
});

test("a whole segment of version 2", () => {
  const file =
    "56 57 41 4C 02 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 11 00 00 00 01 00 00 00 00 00 00 00 43 BE B7 E8 61 12 00 00 00 02 00 00 00 00 00 00 00 38 2B A9 C2 62 63";
  const parts = [
    encodeDurabilitySegmentHeader({ version: 2, startEntryId: 1, segmentId: 1 }),
    encodeDurabilityEntry(2, 1, ascii("a")),
    encodeDurabilityEntry(2, 2, ascii("bc")),
  ];
  expect(hex(Buffer.concat(parts))).toBe(flat(file));
});

const state = fromHex("02 01 03 02 00 02 02 05 00");
const city = fromHex("07 06 E6 9D B1 E4 BA AC");

test.each([
  [1, 5, ascii("abc"), "56 43 4B 50 01 00 00 00 05 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 C2 41 24 35 61 62 63"],
  [2, 5, ascii("abc"), "56 43 4B 50 02 00 00 00 05 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 F8 1E 9E 17 61 62 63"],
  [1, 42, city, `56 43 4B 50 01 00 00 00 2A 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00 06 00 D3 2F ${hex(city)}`],
  [2, 42, city, `56 43 4B 50 02 00 00 00 2A 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00 3D 5C 4F 7F ${hex(city)}`],
  [1, 42, state, `56 43 4B 50 01 00 00 00 2A 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00 80 6F 8F AC ${hex(state)}`],
  [1, 1, fromHex("00"), "56 43 4B 50 01 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 8D EF 02 D2 00"],
] as const)("checkpoint %i, last id %i", (version, lastAppliedId, payload, bytes) => {
  expect(hex(encodeDurabilityCheckpoint({ version, lastAppliedId, payload }))).toBe(flat(bytes));
  expect(decodeDurabilityCheckpoint(fromHex(bytes))).toEqual({
    version,
    lastAppliedId,
    payload: Uint8Array.from(payload),
  });
});
