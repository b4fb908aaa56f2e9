import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeRow, encodeRow, inspectRow } from "./projection-row.js";
import { sha256 } from "./sha256.js";

interface Golden {
  readonly identity: string;
  readonly logId: string;
  readonly sequence: number;
  readonly hash: string;
  readonly revision: number;
  readonly lookedMs: number;
  readonly isComplete: boolean;
  readonly state: string;
  readonly row: string;
}

const golden = JSON.parse(
  readFileSync(new URL("../test/golden/projection-row.json", import.meta.url), "utf8"),
) as Golden;
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const binding = { logId: bytesOf(golden.logId), identity: golden.identity };
const { sequence, revision, lookedMs, isComplete } = golden;
const facts = { sequence, hash: bytesOf(golden.hash), revision, lookedMs, isComplete };
const row = bytesOf(golden.row);
const DIGEST_BYTES = 32;

/** The row with a change, under a digest that is right. */
function sealed(change: (bytes: Uint8Array) => Uint8Array | void): Uint8Array {
  const body = row.slice(0, -DIGEST_BYTES);
  const changed = change(body) ?? body;
  return Uint8Array.from(Buffer.concat([changed, sha256.hash(changed)]));
}

describe("the row that was made by hand", () => {
  test("is what is written", () => {
    expect(Buffer.from(encodeRow(binding, facts, bytesOf(golden.state))).toString("hex")).toBe(golden.row);
  });

  test("is read", () => {
    expect(decodeRow(row, binding)).toEqual({ kind: "row", facts, state: bytesOf(golden.state) });
    const inside = Buffer.concat([Buffer.alloc(13), row, Buffer.alloc(5)]).subarray(13, 13 + row.length);
    expect(decodeRow(inside, binding)).toMatchObject({ kind: "row", facts: { sequence } });
  });

  test("is read without a state and without the flag", () => {
    const bare = encodeRow(binding, { ...facts, isComplete: false }, new Uint8Array());
    expect(decodeRow(bare, binding)).toMatchObject({ facts: { isComplete: false }, state: new Uint8Array() });
  });
});

describe("damage", () => {
  test("of any one byte, in every way, is known", () => {
    for (let at = 0; at < row.length; at += 1) {
      for (let change = 1; change < 256; change += 1) {
        expect(decodeRow(row.with(at, row[at]! ^ change), binding).kind, `byte ${at} ^ ${change}`).toBe("damaged");
      }
    }
  });

  test("is known of a row that ends early, goes on, or is of zeros", () => {
    for (let length = 0; length < row.length; length += 1) {
      expect(decodeRow(row.subarray(0, length), binding)).toEqual({ kind: "damaged" });
      expect(decodeRow(row.slice().fill(0, length), binding), `zeros from ${length}`).toEqual({ kind: "damaged" });
    }
    expect(decodeRow(Uint8Array.from([...row, 0]), binding)).toEqual({ kind: "damaged" });
    expect(decodeRow(new Uint8Array(4096), binding)).toEqual({ kind: "damaged" });
  });

  test.each([
    ["a sequence of 0", 24, 8],
    ["a sequence beyond 2^53", 30, 2, 0xff],
    ["a revision beyond 2^53", 70, 2, 0xff],
    ["a time beyond 2^53", 78, 2, 0xff],
  ])("is %s under a right digest", (_, at, length, byte = 0) => {
    expect(
      decodeRow(
        sealed((bytes) => void bytes.fill(byte, at, at + length)),
        binding,
      ),
    ).toEqual({ kind: "damaged" });
  });

  test("is an identity that would reach into the digest, or beyond it", () => {
    const cut = sealed((bytes) => bytes.slice(0, 84 + Buffer.byteLength(golden.identity) - 1));
    expect(decodeRow(cut, binding)).toEqual({ kind: "damaged" });
    const beyond = sealed((bytes) => {
      bytes[83] = 2;
    });
    expect(decodeRow(beyond, binding)).toEqual({ kind: "damaged" });
  });
});

describe("a row of something else", () => {
  test.each([
    ["magic", 0],
    ["format version", 4],
    ["flag", 6],
    ["log", 8],
    ["log's last byte", 23],
    ["length of the identity", 80],
    ["identity", 84],
    ["identity's last byte", 83 + Buffer.byteLength(golden.identity)],
  ])("by its %s", (_, at) => {
    const other = sealed((bytes) => {
      bytes[at] = bytes[at]! ^ 0x02;
    });
    expect(decodeRow(other, binding)).toEqual({ kind: "foreign" });
  });

  test("by what is asked for", () => {
    const others = [`${golden.identity} `, golden.identity.slice(1), golden.identity.replace(",3,", ",4,"), ""];
    for (const identity of others) expect(decodeRow(row, { ...binding, identity })).toEqual({ kind: "foreign" });
  });
});

describe("a row by itself", () => {
  test("says what it is of", () => {
    const found = inspectRow(row);
    if (found.kind !== "row") throw new Error(found.kind);
    expect(found).toMatchObject({ version: 1, logId: bytesOf(golden.logId), facts, state: bytesOf(golden.state) });
    expect(new TextDecoder().decode(found.identity)).toBe(golden.identity);
  });

  test("says where it is not one", () => {
    const flipped = row.with(30, row[30]! ^ 1);
    expect(inspectRow(flipped)).toMatchObject({ kind: "damaged", isSealed: false, offset: row.length - DIGEST_BYTES });
    const early = sealed((bytes) => void bytes.fill(0, 24, 32));
    expect(inspectRow(early)).toMatchObject({ kind: "damaged", isSealed: true, offset: 24 });
    const later = sealed((bytes) => void (bytes[4] = 2));
    expect(inspectRow(later)).toEqual({ kind: "unsupported", offset: 4 });
  });
});
