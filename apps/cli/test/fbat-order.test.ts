// Frames of batpak with sound checksums that are not where they belong. That no recorded store is accused, dump.golden.test.ts shows.
import { encodeFbatEventFrame, scanFbatSegment, type FbatEvent } from "@holdfast/segment-codec/fbat";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { describe, expect, test } from "vitest";
import type { Folder } from "../src/inspect/file-format.js";
import { FbatOrder } from "../src/inspect/fbat-order.js";
import { goldenBytes } from "./golden-stores.js";
import { folderOf, linesOf } from "./small-segment.js";

const store = goldenBytes("single-aborted/000001.fbat");
const { header, frames } = scanFbatSegment(store, { newest: true });
const head = store.subarray(0, header.framesStart);
const pieces = frames.map(({ offset, length }) => store.subarray(offset, offset + length));

function codesOf(...parts: readonly Uint8Array[]): readonly unknown[] {
  const lines = linesOf(Uint8Array.from(Buffer.concat([head, ...parts])), "1.fbat");
  return lines.filter(({ kind }) => kind === "damage").map(({ fields }) => fields["code"]);
}

describe("frames of a store", () => {
  test("as they are, and without some of them as retention leaves them, are sound", () => {
    expect(pieces.length).toBeGreaterThan(4);
    expect(codesOf(...pieces)).toEqual([]);
    for (const gone of pieces) expect(codesOf(...pieces.filter((piece) => piece !== gone))).toEqual([]);
  });

  test("once more are damage, whichever it is", () => {
    for (const piece of pieces) expect(codesOf(...pieces, piece)).toEqual(["INSPECT_REPEATED"]);
  });

  test("backwards are damage", () => {
    const found = codesOf(...pieces.toReversed());
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found)).toEqual(new Set(["INSPECT_OUT_OF_ORDER"]));
  });

  test("the damage is the frame's own, and comes before its line", () => {
    const [piece = new Uint8Array()] = pieces;
    const lines = linesOf(Uint8Array.from(Buffer.concat([head, ...pieces, piece])), "1.fbat").slice(-2);
    const place = { offset: store.length, length: piece.length };
    expect(lines).toMatchObject([
      { kind: "damage", ...place, fields: { verdict: "corrupt" } },
      { kind: "event", ...place },
    ]);
  });
});

const event = frames.find(({ role }) => role === "event")?.event;
if (event === undefined) throw new Error("the store has events");
const changed = (change: Partial<FbatEvent>): FbatEvent => ({ ...event, ...change });
const id = (last: number): Uint8Array => new Uint8Array(16).fill(last);

test("a clock may skip, and every entity and lane has its own", () => {
  const order = new FbatOrder();
  const first = changed({ eventId: id(1), entity: "a", lane: 1, clock: 7 });
  expect(order.take(first)).toBeUndefined();
  expect(order.take({ ...first, eventId: id(2), clock: 9 })).toBeUndefined();
  expect(order.take({ ...first, eventId: id(3), lane: 2, clock: 0 })).toBeUndefined();
  expect(order.take({ ...first, eventId: id(4), entity: "b", clock: 0 })).toBeUndefined();
  expect(order.take({ ...first, eventId: id(5), clock: 8 })?.code).toBe("INSPECT_OUT_OF_ORDER");
  expect(order.take({ ...first, eventId: id(6), clock: 9 })?.code).toBe("INSPECT_OUT_OF_ORDER");
  expect(order.take({ ...first, eventId: id(7), clock: 11 })).toBeUndefined();
  expect(order.take({ ...first, eventId: id(1), clock: 12 })?.code).toBe("INSPECT_REPEATED");
});

test("an event links to the one before it where the clock shows that none is missing, and the first to none", () => {
  const hash = (last: number): Uint8Array => new Uint8Array(32).fill(last);
  const at = (clock: number, previous: number, changes: Partial<FbatEvent> = {}): FbatEvent => {
    const chain = { previousHash: hash(previous), eventHash: hash(100 + clock) };
    return changed({ eventId: id(clock), entity: "a", lane: 1, clock, chain, ...changes });
  };
  const found = (...events: readonly FbatEvent[]): unknown[] => {
    const order = new FbatOrder();
    return events.map((each) => order.take(each)?.code);
  };
  const none = undefined;
  expect(found(at(0, 0), at(1, 100), at(3, 102), at(4, 103))).toEqual([none, none, none, none]);
  expect(found(at(0, 100), at(1, 100))).toEqual(["INSPECT_STREAM_LINK", none]);
  expect(found(at(0, 0), at(1, 0), at(2, 101))).toEqual([none, "INSPECT_STREAM_LINK", none]);
  const other = { eventId: id(50), lane: 2 };
  expect(found(at(4, 103), at(0, 0, other), at(5, 104))).toEqual([none, none, none]);
  expect(found(at(4, 103), at(5, 104, other))).toEqual([none, none]); // nothing is known of that lane
});

test("an event of another store in the place of one is found by the link behind it", () => {
  const found = frames[1]?.event; // the first of a stream that has more
  if (found?.chain === undefined) throw new Error("the store has events");
  const content = Uint8Array.of(0xc0);
  const eventHash = blake3.hash(content);
  const chain = { ...found.chain, eventHash };
  const stranger = { ...found, eventId: id(9), content, payloadSize: 1, contentHash: eventHash, chain };
  expect(codesOf(...pieces.with(1, encodeFbatEventFrame(found)))).toEqual([]);
  expect(codesOf(...pieces.with(1, encodeFbatEventFrame(stranger)))).toEqual(["INSPECT_STREAM_LINK"]);
});

test("items of a batch that was given up claim neither an id nor a clock", () => {
  const batch = scanFbatSegment(goldenBytes("batch/000001.fbat"), { newest: true }).frames;
  const begin = batch.find(({ role }) => role === "batch-begin")?.event;
  if (begin === undefined) throw new Error("the store has a batch");
  const opened = encodeFbatEventFrame({ ...begin, payloadSize: 1 });
  const item = encodeFbatEventFrame(event);
  const commit = batch.find(({ role }) => role === "batch-commit")?.event;
  if (commit === undefined) throw new Error("the store has a commit");
  const whole = [opened, item, encodeFbatEventFrame(commit)];
  expect(codesOf(opened, item, ...whole)).toEqual([]);
  expect(codesOf(...whole, opened, item)).toEqual([]);
  expect(codesOf(...whole, item)).toEqual(["INSPECT_REPEATED"]);
});

test("two files with the number of one segment are both named", () => {
  const folder = (...names: readonly string[]): Folder =>
    folderOf(Object.fromEntries(names.map((name) => [name, head])));
  const damages = (name: string, ...names: readonly string[]): readonly unknown[] =>
    linesOf(store, name, folder(...names)).filter(({ kind }) => kind === "damage");
  const both = ["000001.fbat", "1.fbat", "000002.fbat", "x.fbat"];
  for (const [name, other] of [both.slice(0, 2), both.slice(0, 2).toReversed()] as [string, string][]) {
    expect(damages(name, ...both)).toMatchObject([
      { offset: 0, length: header.framesStart, fields: { code: "INSPECT_AMBIGUOUS", verdict: "corrupt" } },
    ]);
    expect(damages(name, ...both)).toMatchObject([{ fields: { reason: expect.stringContaining(`"${other}"`) } }]);
  }
  expect(damages("000001.fbat", "000001.fbat", "000002.fbat", "x.fbat")).toEqual([]);
});

test("what it keeps is bounded, and what it keeps still counts", () => {
  const order = new FbatOrder();
  const ids = new Uint8Array(16);
  const view = new DataView(ids.buffer);
  const count = 0x4_0000 + 10;
  for (let clock = 0; clock < count; clock++) {
    view.setUint32(0, clock);
    expect(order.take(changed({ eventId: ids, entity: `e${clock}`, lane: 0, clock: 0 })) === undefined).toBe(true);
  }
  view.setUint32(0, 5);
  expect(order.take(changed({ eventId: ids, entity: "fresh" }))?.code).toBe("INSPECT_REPEATED");
  view.setUint32(0, count);
  expect(order.take(changed({ eventId: ids, entity: "e5", lane: 0, clock: 0 }))?.code).toBe("INSPECT_OUT_OF_ORDER");
  view.setUint32(0, count - 1); // one of those that were not kept
  expect(order.take(changed({ eventId: ids, entity: `e${count - 1}`, lane: 0, clock: 0 }))).toBeUndefined();
});
