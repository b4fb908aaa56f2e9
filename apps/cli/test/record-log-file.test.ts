// Record logs: sections, cut anywhere, with any byte changed, and with what lies beside them.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openRecordLogReader } from "@holdfast/wal/record-log";
import { describe, expect, test } from "vitest";
import { findings, flipped, smallRecordLog, textOf } from "./small-log.js";
import { linesOf, regionTexts, regionsOfBytes } from "./small-segment.js";

const whole = await smallRecordLog();
const end = whole.length;
const section = 64 + 96;
const frame = 32 + 40;
const second = section + 2 * frame + 96;

test("a whole one: sections, frames and records in their places", () => {
  const lines = linesOf(whole, "events");
  expect(
    lines.filter(({ kind }) => kind === "segment-header").map(({ offset, fields }) => [offset, fields["baseLsn"]]),
  ).toEqual([
    [0, 1n],
    [second, 3n],
  ]);
  const records = lines.filter(({ kind }) => kind === "record");
  expect(
    records.map(({ offset, fields }) => [
      offset,
      fields["id"],
      Buffer.from(fields["payload"] as Uint8Array).toString(),
    ]),
  ).toEqual([
    [section + 32, 1n, textOf(1)],
    [section + frame + 32, 2n, textOf(2)],
    [second + section + 32, 3n, textOf(3)],
    [second + section + frame + 32, 4n, textOf(4)],
  ]);
  expect(regionTexts(regionsOfBytes(whole, "events"))).toEqual([`sound 0..${end}`]);
});

/** Records that the log's own reader gets, or why it gets none. */
function read(bytes: Uint8Array): number | string {
  const directory = new Directory(new MemoryFs());
  directory.writeFile("events", bytes);
  try {
    return [...openRecordLogReader({ directory, name: "events" }).read()].length;
  } catch (error) {
    return String(error);
  }
}

describe("damage", () => {
  test("any byte that is changed is found", () => {
    for (let at = 0; at < end; at++) {
      const found = findings({ events: flipped(whole, at, 1 << (at % 8)) });
      expect({ at, count: found.length > 0 }).toEqual({ at, count: true });
    }
  });

  test("of a record that a later frame states as durable is corruption", () => {
    expect(findings({ events: flipped(whole, section + 40) })).toEqual([
      `events corrupt ${section}..${end} CODEC_DURABLE_DATA_MISSING`,
    ]);
  });

  test("cut anywhere: what is sound is what its reader reads", () => {
    for (let size = section; size < end; size++) {
      const bytes = whole.slice(0, size);
      const records = linesOf(bytes, "events").filter(({ kind }) => kind === "record").length;
      expect({ size, records }).toEqual({ size, records: read(bytes) });
      if (findings({ events: bytes }).length === 0) expect([second, second + section]).not.toContain(size - 1);
    }
  });

  test("a tail that nothing states as durable is torn, zeros too", () => {
    const cut = whole.slice(0, second + section + frame - 8);
    expect(findings({ events: cut })).toEqual([`events torn ${second + section}..${cut.length} CODEC_TORN_TAIL`]);
    const zeros = new Uint8Array(end + 4096);
    zeros.set(whole);
    expect(findings({ events: zeros })).toEqual([`events torn ${end}..${end + 4096} CODEC_TORN_TAIL`]);
  });

  test("of the header costs no record: its copy is the first frame", () => {
    for (const at of [0, 20, 63]) {
      const bytes = flipped(whole, at);
      expect(findings({ events: bytes })).toEqual(["events corrupt 0..64 CODEC_CHECKSUM_MISMATCH"]);
      expect(linesOf(bytes, "events").filter(({ kind }) => kind === "record")).toHaveLength(4);
    }
  });

  test("of the first frame leaves a record log that is known as one", () => {
    const bytes = flipped(whole, 64);
    expect(findings({ events: bytes })).toEqual([`events corrupt 64..${end} CODEC_DURABLE_DATA_MISSING`]);
  });
});

test("its lock and what was cut off it are passed over", () => {
  const lock = Buffer.from('{"format":"holdfast-lock/1","pid":1}\n');
  const files = { events: whole, "events.aside-00000000000000000003-0123abcd": whole.slice(300), "events.lock": lock };
  expect(findings(files)).toEqual([
    `events.aside-00000000000000000003-0123abcd aside 0..${end - 300}`,
    `events.lock auxiliary 0..${lock.length}`,
  ]);
});
