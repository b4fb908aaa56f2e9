// The laws of the FBAT profile beyond what was recorded.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blake3 } from "../src/blake3.js";
import {
  FbatStreams,
  decodeFbatEvent,
  encodeFbatEventFrame,
  encodeFbatFrame,
  encodeFbatHeader,
  fbatReceiptCover,
  findFbatFrame,
  isFbatName,
  scanFbatSegment,
  type FbatAppend,
  type FbatEvent,
} from "../src/fbat-entry.js";
import { crc32, sourceOf } from "../src/index.js";
import { goldenBytes, manifest } from "./support/batpak.js";
import { anyEvent } from "./support/fbat-events.js";

const bytesOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const name = fc.stringMatching(/^[a-z][a-z0-9:@ -]{0,40}$/);

test("any event comes back field by field, and encodes to the same bytes again", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const frame = encodeFbatEventFrame(event);
      const decoded = decodeFbatEvent(frame, 8);
      expect({ ...decoded, extensions: Object.fromEntries(decoded.extensions) }).toEqual({
        ...event,
        extensions: Object.fromEntries(event.extensions),
      });
      expect(encodeFbatEventFrame(decoded)).toEqual(frame);
    }),
  );
});

test("an envelope that was changed anywhere is refused or is the one encoding of another event", () => {
  fc.assert(
    fc.property(anyEvent, fc.nat(), fc.nat(255), fc.constantFrom("put", "cut", "insert"), (event, where, byte, how) => {
      const payload = encodeFbatEventFrame(event).slice(8);
      const at = where % payload.length;
      const changed = [...payload];
      if (how === "put") changed[at] = byte;
      else if (how === "cut") changed.splice(at, 1);
      else changed.splice(at, 0, byte);
      let decoded: FbatEvent;
      try {
        decoded = decodeFbatEvent(Uint8Array.from(changed));
      } catch (error) {
        expect(error).toMatchObject({ name: "CodecError", code: "CODEC_MALFORMED_ENVELOPE" });
        return;
      }
      expect([...encodeFbatEventFrame(decoded).subarray(8)]).toEqual(changed);
    }),
    { numRuns: 1000 },
  );
});

const anyAppend: fc.Arbitrary<FbatAppend> = fc.record(
  {
    entity: fc.oneof(fc.constantFrom("a", "b"), name),
    scope: name,
    kind: fc.integer({ min: 0x1000, max: 0xcfff }),
    eventId: bytesOf(16),
    timestampUs: fc.bigInt({ min: 0n, max: 10n ** 7n }),
    content: fc.uint8Array({ maxLength: 120, size: "max" }),
    lane: fc.nat(2),
    flags: fc.nat(255),
    payloadVersion: fc.nat(9),
  },
  { requiredKeys: ["entity", "scope", "kind", "eventId", "timestampUs", "content"] },
);

const anyItem: fc.Arbitrary<FbatAppend> = anyAppend.map((item) => ({ ...item, flags: 0, payloadVersion: 0 }));

const anySegment = fc
  .array(fc.oneof(anyAppend, fc.array(anyItem, { minLength: 1, maxLength: 4 })), { maxLength: 6 })
  .map((steps) => {
    const streams = new FbatStreams(blake3);
    const header = encodeFbatHeader({ createdNs: 5n, segmentId: 1n });
    const markers = { batchId: new Uint8Array(16), beginTimestampUs: 7n, commitTimestampUs: 8n };
    const written = steps.flatMap((step) =>
      Array.isArray(step) ? streams.appendBatch(step, markers) : [streams.append(step)],
    );
    const ends = [header.length];
    for (const { bytes } of written) ends.push((ends.at(-1) ?? 0) + bytes.length);
    return { bytes: Uint8Array.from([...header, ...written.flatMap(({ bytes }) => [...bytes])]), ends, written };
  });

test("a segment cut anywhere yields the frames before the cut; in an older segment the rest is an error", () => {
  fc.assert(
    fc.property(anySegment, fc.nat(), ({ bytes, ends, written }, where) => {
      const start = ends[0] ?? 0;
      const cut = start + (where % (bytes.length - start + 1));
      const whole = ends.filter((end) => end <= cut).length - 1;
      for (const newest of [true, false]) {
        const { frames, end } = scanFbatSegment(bytes.subarray(0, cut), { newest });
        expect(frames.map(({ event }) => event)).toEqual(written.slice(0, whole).map(({ event }) => event));
        expect(end.endOffset).toBe(ends[whole]);
        expect(end.kind).toBe(ends[whole] === cut ? "clean" : newest ? "torn" : "corrupt");
      }
    }),
  );
});

test("batches count as a whole: cut before the commit marker, none of their items is committed", () => {
  fc.assert(
    fc.property(fc.array(anyItem, { minLength: 1, maxLength: 4 }), anyAppend, (items, single) => {
      const streams = new FbatStreams(blake3);
      const first = streams.append(single);
      const batch = streams.appendBatch(items, {
        batchId: new Uint8Array(16),
        beginTimestampUs: 1n,
        commitTimestampUs: 1n,
      });
      const parts = [
        encodeFbatHeader({ createdNs: 0n, segmentId: 1n }),
        first.bytes,
        ...batch.map(({ bytes }) => bytes),
      ];
      for (let count = 2; count <= parts.length; count++) {
        const { frames } = scanFbatSegment(Uint8Array.from(parts.slice(0, count).flatMap((part) => [...part])));
        const committed = frames.filter((frame) => frame.role === "event" && frame.committed).length;
        expect(committed).toBe(count === parts.length ? 1 + items.length : 1);
      }
    }),
  );
});

test("a batch with more or fewer items than its begin marker states commits nothing", () => {
  const item: FbatAppend = {
    entity: "e",
    scope: "s",
    kind: 0x1000,
    eventId: new Uint8Array(16),
    timestampUs: 1n,
    content: new Uint8Array(3),
  };
  const streams = new FbatStreams(blake3);
  const [begin, ...rest] = streams.appendBatch([item, item, item], {
    batchId: new Uint8Array(16),
    beginTimestampUs: 1n,
    commitTimestampUs: 1n,
  });
  if (begin === undefined) throw new Error("no marker");
  const after = streams.append(item);
  const committed = (stated: number): number => {
    const first = encodeFbatEventFrame({ ...begin.event, payloadSize: stated });
    const parts = [
      encodeFbatHeader({ createdNs: 0n, segmentId: 1n }),
      first,
      ...rest.map(({ bytes }) => bytes),
      after.bytes,
    ];
    const { frames } = scanFbatSegment(Uint8Array.from(parts.flatMap((part) => [...part])));
    return frames.filter((frame) => frame.role === "event" && frame.committed).length;
  };
  // Stated 1: the second item ends the batch for the reference, and the third stands alone, as does the event behind.
  expect([1, 2, 3, 4, 1_000_000].map(committed)).toEqual([2, 1, 4, 1, 1]);
});

test("damage: no accepted frame was not written, and damage before a sound frame is never torn", () => {
  const patch = fc.record({ at: fc.nat(), junk: fc.uint8Array({ minLength: 1, maxLength: 40 }) });
  fc.assert(
    fc.property(anySegment, patch, ({ bytes, ends, written }, { at, junk }) => {
      const start = ends[0] ?? 0;
      if (bytes.length === start) return;
      const offset = start + (at % (bytes.length - start));
      const damaged = bytes.slice();
      damaged.set(junk.subarray(0, bytes.length - offset), offset);
      const touched = damaged.findIndex((byte, index) => byte !== bytes[index]);
      const { frames, end } = scanFbatSegment(damaged, { newest: true });
      const intact = touched === -1 ? written.length : ends.filter((one) => one <= touched).length - 1;
      expect(frames.map(({ event }) => event)).toEqual(written.slice(0, intact).map(({ event }) => event));
      if (touched === -1) return;
      let lastTouched = damaged.length - 1;
      while (damaged[lastTouched] === bytes[lastTouched]) lastTouched--;
      const soundAfter = ends.slice(0, -1).some((one) => one > lastTouched);
      expect(end.kind).toBe(soundAfter ? "corrupt" : "torn");
    }),
  );
});

describe("the search for a frame behind damage", () => {
  /** The definition: every place, every claimed length, every byte. */
  function findByTrying(bytes: Uint8Array, from: number, end: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at + 8 < end; at++) {
      const size = view.getUint32(at);
      if (size > 0 && at + 8 + size <= end && crc32(bytes, at + 8, at + 8 + size) === view.getUint32(at + 4)) return at;
    }
    return -1;
  }

  test("finds what trying every place finds", () => {
    const junk = fc.uint8Array({ maxLength: 900, size: "max" });
    fc.assert(
      fc.property(
        junk,
        fc.uint8Array({ minLength: 1, maxLength: 2000, size: "max" }),
        junk,
        fc.nat(20),
        (before, content, after, skip) => {
          const bytes = Uint8Array.from([...before, ...encodeFbatFrame(content), ...after]);
          const from = Math.min(skip, bytes.length);
          expect(findFbatFrame(bytes, from, bytes.length)).toBe(findByTrying(bytes, from, bytes.length));
          expect(findFbatFrame(bytes, from, bytes.length - after.length)).toBe(
            findByTrying(bytes, from, bytes.length - after.length),
          );
        },
      ),
    );
  });

  test("a frame of over 16 MiB, behind every byte of its length", () => {
    const content = new Uint8Array(0x0123_4567).fill(7);
    const bytes = new Uint8Array(content.length + 108);
    bytes.set(encodeFbatFrame(content), 100);
    // Whole in memory, and read piece by piece: the end of the frame lies far beyond the window of the search.
    const sources = [bytes, sourceOf(bytes)];
    for (const source of sources) expect(findFbatFrame(source, 0, bytes.length)).toBe(100);
    bytes[5000] = 8;
    for (const source of sources) expect(findFbatFrame(source, 0, bytes.length)).toBe(-1);
  });
});

test.each(["a", "é", "€", "😀"])("names of 1024 bytes and no more, in %s", (letter) => {
  const most = Math.floor(1024 / Buffer.byteLength(letter));
  expect(isFbatName(letter.repeat(most))).toBe(true);
  expect(isFbatName(letter.repeat(most + 1))).toBe(false);
});

describe("the writer refuses by name", () => {
  const good: FbatAppend = {
    entity: "e",
    scope: "s",
    kind: 0x1000,
    eventId: new Uint8Array(16),
    timestampUs: 5n,
    content: Uint8Array.of(1),
  };
  test.each([
    ["entity", { entity: "" }],
    ["entity", { entity: "a/b" }],
    ["entity", { entity: "a..b" }],
    ["entity", { entity: "a|b" }],
    ["entity", { entity: "a\u007f" }],
    ["entity", { entity: "é".repeat(513) }],
    ["scope", { scope: "a=b" }],
    ["scope", { scope: "\ud800" }],
    ["timestampUs", { timestampUs: -1n }],
    ["eventId", { eventId: new Uint8Array(15) }],
    ["correlationId", { correlationId: new Uint8Array(17) }],
    ["kind", { kind: 65536 }],
    ["lane", { lane: -1 }],
    ["flags", { flags: 256 }],
    ["nonce", { encryption: { keyscopeId: new Uint8Array(), nonce: new Uint8Array(23) } }],
    ["extension", { extensions: new Map([["nodot", new Uint8Array()]]) }],
    ["extension", { extensions: new Map([["a.b.c", new Uint8Array()]]) }],
    ["extension", { extensions: new Map([["batpak.x", new Uint8Array()]]) }],
    ["extension", { extensions: new Map([["é.x", new Uint8Array()]]) }],
  ] as const)("%s of %o", (what, change) => {
    const streams = new FbatStreams(blake3);
    expect(() => streams.append({ ...good, ...change })).toThrow(what);
    expect(() =>
      streams.appendBatch([good, { ...good, ...change }], {
        batchId: new Uint8Array(16),
        beginTimestampUs: 0n,
        commitTimestampUs: 0n,
      }),
    ).toThrow(what);
    expect(streams.append(good).event.clock).toBe(0); // nothing moved
  });

  test("another hash, an empty batch, a receipt for a marker", () => {
    expect(() => new FbatStreams({ algorithm: "sha256", hash: () => new Uint8Array(32) })).toThrow("blake3-256");
    const streams = new FbatStreams(blake3);
    const markers = { batchId: new Uint8Array(16), beginTimestampUs: 0n, commitTimestampUs: 0n };
    expect(() => streams.appendBatch([], markers)).toThrow("items.length");
    const [marker] = streams.appendBatch([good], markers);
    if (marker === undefined) throw new Error("no marker");
    expect(() => fbatReceiptCover(marker.event, 0n, blake3)).toThrow("marker");
  });

  test("zero causation is none alone and zeros in a batch; a failed batch moves no stream", () => {
    const streams = new FbatStreams(blake3);
    const causationId = new Uint8Array(16);
    expect(streams.append({ ...good, causationId }).event.causationId).toBeUndefined();
    const markers = { batchId: new Uint8Array(16), beginTimestampUs: 0n, commitTimestampUs: 0n };
    expect(() => streams.appendBatch([good, { ...good, scope: "" }], markers)).toThrow("scope");
    const [, item] = streams.appendBatch([{ ...good, causationId }], markers);
    expect(item?.event).toMatchObject({ clock: 1, causationId });
  });

  test("streams taken over from a segment go on where it ends", () => {
    const [golden] = manifest.cases;
    const frames = scanFbatSegment(goldenBytes(`${golden?.id}/000001.fbat`), { newest: true }).frames;
    const streams = new FbatStreams(blake3);
    for (const { event } of frames) streams.observe(event);
    const last = frames.at(-1)?.event;
    const next = streams.append({ ...good, entity: "batpak:store", scope: "batpak:lifecycle" }).event;
    expect(next.clock).toBe((last?.clock ?? 0) + 1);
    expect(next.chain?.previousHash).toEqual(last?.chain?.eventHash);
    expect(next.wallMs).toBe(last?.wallMs); // the clock of the stream never goes back
  });

  test("options and footers of a scan", () => {
    const bytes = encodeFbatHeader({ createdNs: 0n, segmentId: 1n });
    expect(() => scanFbatSegment(bytes, { newst: true } as object)).toThrow("newst");
    expect(() => scanFbatSegment(bytes, { footer: { offset: -1, trusted: true } })).toThrow("footer.offset");
    for (const offset of [0, bytes.length - 1, bytes.length + 1]) {
      expect(scanFbatSegment(bytes, { footer: { offset, trusted: true } }).end).toMatchObject({
        kind: "corrupt",
        code: "CODEC_LENGTH_OUT_OF_RANGE",
      });
      expect(scanFbatSegment(bytes, { footer: { offset, trusted: false } }).end.kind).toBe("clean");
    }
  });
});
