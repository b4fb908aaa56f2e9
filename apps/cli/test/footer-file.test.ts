// Footers that are kept by themselves, without the frames that they list.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { goldenBytes } from "./golden-stores.js";
import { sealedSegment } from "./sealed-segment.js";
import { linesOf, regionTexts, regionsOfBytes } from "./small-segment.js";

const home = new URL("../../../packages/sidx-footer/test/golden/batpak/footers/", import.meta.url);
const recorded = readdirSync(fileURLToPath(home));

test.each(recorded)("%s: every row, as the segment that it is of has it", (name) => {
  const bytes = Uint8Array.from(readFileSync(new URL(name, home)));
  const [, store, segment, format] = /^(.*)-(\d+)\.(sdx\d)$/.exec(name) ?? [];
  const lines = linesOf(bytes, name);
  expect(lines[0]).toMatchObject({
    kind: "footer",
    offset: 0,
    length: bytes.length,
    fields: { format: format?.toUpperCase(), sound: format === "sdx3" },
  });
  const whole = goldenBytes(`${store}/${segment}.fbat`);
  const framesEnd = whole.length - bytes.length;
  const entries = linesOf(whole, `${segment}.fbat`).filter(({ kind }) => kind === "footer-entry");
  expect(lines.slice(1)).toEqual(entries.map((line) => ({ ...line, offset: line.offset - framesEnd })));
  expect(regionsOfBytes(bytes, name)).toEqual([
    {
      ...{ kind: "sound", offset: 0, length: bytes.length },
      fields: {
        ...{ format: format?.toUpperCase(), frameCount: 0, deadBytes: 0 },
        ...(format === "sdx3" ? { entryCount: entries.length } : {}), // without a checksum it is a claim
      },
    },
  ]);
});

test("any byte of SDX3 that is changed is damage, but for its place in the segment, which nothing here can check", () => {
  const bytes = Uint8Array.from(readFileSync(new URL("single-000001.sdx3", home)));
  for (let at = 0; at < bytes.length - 4; at++) {
    if (at >= bytes.length - 16 && at < bytes.length - 8) continue;
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect({ at, sound: regionsOfBytes(damaged, "x").some(({ kind }) => kind === "sound") }).toEqual({
      at,
      sound: false,
    });
  }
});

test("SDX4, with all its entries; and any byte that is changed", () => {
  const { bytes, footerFrame } = sealedSegment();
  const footer = bytes.slice(footerFrame + 32);
  const shift = bytes.length - footer.length;
  const own = linesOf(bytes).filter(({ kind }) => kind.startsWith("footer"));
  expect(linesOf(footer, "1.sdx4")).toEqual(own.map((line) => ({ ...line, offset: line.offset - shift })));
  expect(regionTexts(regionsOfBytes(footer, "1.sdx4"))).toEqual([`sound 0..${footer.length}`]);
  for (let at = 0; at < footer.length - 4; at++) {
    const damaged = footer.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    const [region, ...rest] = regionsOfBytes(damaged, "1.sdx4");
    expect({ at, region, rest }).toMatchObject({ at, region: { kind: "corrupt", length: footer.length }, rest: [] });
  }
});

test("a later version is unreadable", () => {
  const { bytes, footerFrame } = sealedSegment();
  const footer = bytes.slice(footerFrame + 32);
  footer.set(Buffer.from("SDX7"), footer.length - 4);
  expect(regionTexts(regionsOfBytes(footer, "1.sdx7"))).toEqual([
    `unreadable 0..${footer.length} SIDX_UNSUPPORTED_VERSION`,
  ]);
});

/** A trailer alone: where the frames end, and how many rows there are. */
function trailer(magic: string, framesEnd: bigint, rowCount: number): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(framesEnd, 0);
  bytes.writeUInt32LE(rowCount, 8);
  bytes.write(magic, 12, "latin1");
  return Uint8Array.from(bytes);
}

test.each([
  ["SDX3", 0n],
  ["SDX3", 8n],
  ["SDX3", 2n ** 64n - 1n],
  ["SDX2", 0n],
  ["SDX2", 2n ** 53n],
])(
  "16 bytes of %s behind %d bytes of frames, which claim 2^32-1 rows: one error, and the claim",
  (magic, framesEnd) => {
    const bytes = trailer(magic, framesEnd, 0xffff_ffff);
    expect(linesOf(bytes, "x")).toMatchObject([
      { kind: "damage", offset: 0, length: 16, fields: { verdict: "corrupt", code: "SIDX_OUT_OF_BOUNDS" } },
      { kind: "footer", offset: 0, length: 16, fields: { format: magic, entryCount: 0xffff_ffff, sound: false } },
    ]);
    expect(regionTexts(regionsOfBytes(bytes, "x"))).toEqual(["corrupt 0..16 SIDX_OUT_OF_BOUNDS"]);
  },
);

test("a footer of SDX3 alone that is damaged says so, and what it claims", () => {
  const bytes = Uint8Array.from(readFileSync(new URL("single-000001.sdx3", home)));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  expect(linesOf(bytes, "x")).toMatchObject([
    { kind: "damage", length: bytes.length, fields: { code: "SIDX_CHECKSUM_MISMATCH" } },
    { kind: "footer", length: bytes.length, fields: { format: "SDX3", entryCount: 8, sound: false } },
  ]);
  const framed = Uint8Array.from([...goldenBytes("single/000001.fbat").subarray(57), ...bytes]);
  expect(linesOf(framed, "x").filter(({ kind }) => kind === "event")).toHaveLength(8); // it is no footer alone
});

test("32 bytes of SDX4 that claim 2^32-1 entries: one error, and the claim", () => {
  const bytes = Buffer.alloc(32, 0xff);
  bytes.write("SDX4", 28, "latin1");
  expect(linesOf(Uint8Array.from(bytes), "x")).toMatchObject([
    { kind: "damage", length: 32, fields: { verdict: "corrupt" } },
    { kind: "footer", length: 32, fields: { entryCount: 0xffff_ffff, sound: false, coveredBytes: 2n ** 64n - 1n } },
  ]);
});
