// SDX4 byte for byte, against what another program made of docs/formats/sidx.md.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Sdx4Entry } from "../src/index.js";
import { encode, open, readAll, whole } from "./support/sdx4-entries.js";

type GoldenEntry = Omit<Sdx4Entry, "eventId" | "hash" | "correlationId" | "causationId"> &
  Readonly<Partial<Record<"eventId" | "hash" | "correlationId" | "causationId", string>>>;

interface GoldenVector {
  readonly name: string;
  readonly coveredBytes: number;
  readonly segmentCrc: number;
  readonly chain: number;
  readonly entries: readonly GoldenEntry[];
  readonly blocks: readonly string[];
  readonly records: readonly string[];
  readonly trailer: string;
}

interface Golden {
  readonly vectors: readonly GoldenVector[];
  readonly large: Omit<GoldenVector, "entries" | "blocks" | "records" | "trailer"> & {
    readonly count: number;
    readonly bytes: number;
    readonly sha256: string;
  };
}

const golden = JSON.parse(readFileSync(new URL("golden/sdx4.json", import.meta.url), "utf8")) as Golden; // recorded

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const orNothing = (hex: string | undefined): Uint8Array | undefined => (hex === undefined ? undefined : bytesOf(hex));

function entryOf({ eventId = "", hash, correlationId, causationId, ...rest }: GoldenEntry): Sdx4Entry {
  const ids = { correlationId: orNothing(correlationId), causationId: orNothing(causationId) };
  return { ...rest, eventId: bytesOf(eventId), hash: orNothing(hash), ...ids };
}

test.each(golden.vectors)("$name", ({ coveredBytes, segmentCrc, chain, entries, blocks, records, trailer }) => {
  const bytes = bytesOf([...blocks, ...records, trailer].join(""));
  const listed = entries.map(entryOf);
  expect(Buffer.from(encode(listed, { coveredBytes, segmentCrc, chain })).toString("hex")).toBe(
    Buffer.from(bytes).toString("hex"),
  );
  const footer = open(bytes);
  footer.checkAll();
  expect(footer.trailer).toMatchObject({ coveredBytes, segmentCrc, chain, entryCount: entries.length });
  expect(readAll(footer)).toEqual(listed.map(whole));
});

test("4100 entries: several blocks of every section but one", () => {
  const { coveredBytes, segmentCrc, chain, count, bytes, sha256 } = golden.large;
  let sequence = -1;
  const entries = Array.from({ length: count }, (_, at): Sdx4Entry => {
    sequence += 1 + (at % 3);
    const id = (BigInt(at) * 0x9e37_79b9_7f4a_7c15n).toString(16).padStart(32, "0");
    return {
      ...{ sequence, frameOffset: 64 + at * 40, frameLength: 40, batchIndex: 0, eventId: bytesOf(id) },
      ...{ entity: `entity:${at % 300}`, scope: `scope:${at % 2}`, revision: Math.floor(at / 300) },
      ...{ lane: at % 2, depth: 0, kind: at % 7, timestampUs: 1_000_000 + at * at, flags: 0 },
    };
  });
  const encoded = encode(entries, { coveredBytes, segmentCrc, chain });
  expect(encoded.length).toBe(bytes);
  expect(createHash("sha256").update(encoded).digest("hex")).toBe(sha256);
  expect(readAll(open(encoded))).toEqual(entries.map(whole));
});
