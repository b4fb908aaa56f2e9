import { readFileSync } from "node:fs";
import { blake3 } from "@holdfast/segment-codec/blake3";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatEventId, idempotencyKey, isEventId, keyedEventId, parseEventId } from "./event-id.js";
import { EventIdSource } from "./event-id-source.js";
import { sha256 } from "./sha256.js";

const invalid = expect.objectContaining({ code: "STORE_INVALID_ID" });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("text", () => {
  test("an id is written as a UUID is", () => {
    const bytes = Uint8Array.from({ length: 18 }, (_, index) => index * 15);
    expect(formatEventId(bytes, 2)).toBe("1e2d3c4b-5a69-7887-96a5-b4c3d2e1f0ff");
  });

  test("text and bytes go both ways, and have one order", () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(id, id, (a, b) => {
        const [textA, textB] = [formatEventId(a), formatEventId(b)];
        expect(isEventId(textA)).toBe(true);
        expect(parseEventId(textA)).toEqual(a);
        expect(Math.sign(Buffer.compare(a, b))).toBe(textA < textB ? -1 : textA > textB ? 1 : 0);
      }),
    );
  });

  test.each([
    "",
    "0192e4a0-0000-7000-8000-00000000000",
    "0192E4A0-0000-7000-8000-000000000000",
    "0192e4a000007000800000000000000000ff",
    "0192e4a0-0000-7000-8000-000000000000 ",
    "g192e4a0-0000-7000-8000-000000000000",
    7,
  ])("%j is no id", (text) => {
    expect(() => parseEventId(text as string)).toThrow(invalid);
  });
});

describe("version 7", () => {
  const zeros = (target: Uint8Array): void => void target.fill(0);
  const next = (source: EventIdSource, timeMs: number): string => {
    const target = new Uint8Array(16);
    source.next(timeMs, target);
    return formatEventId(target);
  };

  test("time, version, variant, counter and random bits lie where RFC 9562 has them", () => {
    // The example of its appendix A.6, except that a counter begins below half of its range: 4c3 where it has cc3.
    const bits = [0xcc, 0x03, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
    const source = new EventIdSource((target) => {
      for (let at = 0; at < target.length; at++) target[at] = bits[at % bits.length] ?? 0;
    });
    expect(next(source, 0x017f22e279b0)).toBe("017f22e2-79b0-74c3-98c4-dc0c0c07398f");
  });

  test("ids ascend within a millisecond and when the clock goes back", () => {
    const source = new EventIdSource(zeros);
    expect(next(source, 1000.9)).toBe("00000000-03e8-7000-8000-000000000000");
    expect(next(source, 1000)).toBe("00000000-03e8-7000-8000-000100000000");
    expect(next(source, 7)).toBe("00000000-03e8-7000-8000-000200000000");
    expect(next(source, 1001)).toBe("00000000-03e9-7000-8000-000000000000");
  });

  test("a counter that runs over goes on in the bits beside the version", () => {
    const source = new EventIdSource((target) => void target.fill(0xff));
    expect(next(source, 1)).toBe("00000000-0001-77ff-bfff-ffffffffffff");
    expect(next(source, 1)).toBe("00000000-0001-7800-8000-0000ffffffff");
  });

  test("whatever the clock and the bits, ids ascend and say their version", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }),
        fc.infiniteStream(fc.nat(255)),
        (times, bits) => {
          const source = new EventIdSource((target) => {
            for (let at = 0; at < target.length; at++) target[at] = bits.next().value ?? 0;
          });
          let before = "";
          let latest = 0;
          for (const timeMs of times) {
            const id = next(source, timeMs);
            latest = Math.max(latest, timeMs);
            expect(id > before).toBe(true);
            expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
            expect(Number.parseInt(id.slice(0, 13).replace("-", ""), 16)).toBe(latest);
            before = id;
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("the source of random bits is asked once for many ids, and no bit is used twice", () => {
    const asked: number[] = [];
    let counter = 0;
    const source = new EventIdSource((target) => {
      asked.push(target.length);
      for (let at = 0; at < target.length; at += 4) new DataView(target.buffer).setUint32(at, counter++);
    });
    const ends = new Set<string>();
    for (let index = 0; index < 1000; index++) ends.add(next(source, 5).slice(-8));
    expect(ends.size).toBe(1000);
    expect(asked.length).toBeLessThan(12);
  });

  test.each([-1, Number.NaN, 2 ** 48])("%s is no time", (timeMs) => {
    expect(() => new EventIdSource(zeros).next(timeMs, new Uint8Array(16))).toThrow(/timeMs must be/);
  });

  test.each([1, -1, 0.5])("an id does not fit at %s", (offset) => {
    expect(() => new EventIdSource(zeros).next(1, new Uint8Array(16), offset)).toThrow(/no room/);
  });
});

describe("keyed", () => {
  const golden = JSON.parse(readFileSync(new URL("../test/golden/event-records.json", import.meta.url), "utf8")) as {
    byHash: Record<string, readonly { id: string; key: { index: number; hex: string } | null }[]>;
  }; // written by event-records.py
  const keyed = Object.entries(golden.byHash).flatMap(([algorithm, events]) =>
    events.flatMap(({ id, key }) => (key === null ? [] : [{ algorithm, id, ...key }])),
  );

  test.each(keyed)("the key $hex in place $index gives $id by $algorithm", ({ algorithm, id, index, hex: key }) => {
    const bytes = Buffer.from(key, "hex");
    const hash = algorithm === "sha256" ? sha256 : blake3;
    expect(hex(keyedEventId(hash, bytes, index))).toBe(id);
    const text = bytes.toString("utf8");
    if (Buffer.from(text).equals(bytes)) expect(hex(keyedEventId(hash, text, index))).toBe(id);
  });

  test("there are keys of text and of bytes", () => expect(keyed.length).toBe(4));

  test.each(["", "a\ud800", "x".repeat(1025), new Uint8Array(0), new Uint8Array(1025), 5])("%j is no key", (key) => {
    expect(() => keyedEventId(sha256, key as string, 0)).toThrow(invalid);
  });

  test("lists of parts that differ give keys that differ", () => {
    const parts = fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const isEqual = a.length === b.length && a.every((part, index) => part === b[index]);
        expect(idempotencyKey(...a) === idempotencyKey(...b)).toBe(isEqual);
      }),
    );
    for (const part of [Number.NaN, Infinity, {}]) expect(() => idempotencyKey(part as number)).toThrow(invalid);
    expect(idempotencyKey("a", "b")).not.toBe(idempotencyKey('a","b'));
  });
});
