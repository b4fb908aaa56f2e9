// Segments whose beginning is gone, and what was set aside and never begun: known by their end, by their neighbours or by what they hold.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goldenBytes } from "./golden-stores.js";
import { inspected } from "./inspected.js";
import { scratch } from "./scratch.js";
import { sealedSegment } from "./sealed-segment.js";
import { linesOf, smallSegment } from "./small-segment.js";

const sealed = sealedSegment();
const unsealed = smallSegment([new Uint8Array(600).fill(1), new Uint8Array(600).fill(2)], { synced: true }).bytes;
const footered = goldenBytes("single/000001.fbat");
const footerless = goldenBytes("single-aborted/000001.fbat");

/** Without its first sector, as a disk gives it back. */
function zeroed(bytes: Uint8Array, sectorBytes = 512): Uint8Array {
  return Uint8Array.from(bytes).fill(0, 0, sectorBytes);
}

function flipped(bytes: Uint8Array, ...bits: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const bit of bits) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

interface Verdict {
  readonly code: number;
  readonly found: readonly string[];
}

/** What `verify` says of a directory. */
async function verdictOn(files: Readonly<Record<string, Uint8Array>>): Promise<Verdict> {
  const directory = scratch();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
  const { code, lines } = await inspected("verify", directory);
  return {
    code,
    found: lines.map(({ file, offset, length, kind }) => `${file} ${kind} ${offset}..${offset + length}`),
  };
}

describe("by its end", () => {
  const { bytes, footerFrame } = sealed;
  const footerAt = footerFrame + 32;

  test.each([
    ["a first sector of zeros", zeroed(bytes, 100)],
    ["a first sector of anything", Uint8Array.from(bytes).fill(0xe7, 0, 100)],
    ["two bits of the magic and one behind it", flipped(bytes, 3, 9, 100)],
    ["a bit of the magic and one of the version", flipped(bytes, 3, 33)],
    ["a bit behind the magic", flipped(bytes, 100)],
  ])("a sealed segment with %s is corrupt, and its footer still says what was lost", async (_, damaged) => {
    expect(await verdictOn({ "000001.seg": damaged })).toEqual({
      code: 1,
      found: [`000001.seg corrupt 0..${footerAt}`, `000001.seg sound ${footerAt}..${bytes.length}`],
    });
    const directory = scratch();
    writeFileSync(join(directory, "1"), damaged);
    const { lines } = await inspected("dump", directory);
    expect(lines.map(({ kind }) => kind)).toEqual([
      ...["damage", "footer", "footer-entry", "footer-entry", "footer-entry", "footer-entry"],
    ]);
  });

  test("the bytes before the footer are damaged for a reason that is known", () => {
    const codes = (damaged: Uint8Array): readonly unknown[] =>
      linesOf(damaged).flatMap(({ fields }) => ("code" in fields ? [fields["code"]] : []));
    expect(codes(zeroed(bytes, 100))).toEqual(["CODEC_NOT_A_SEGMENT"]);
    expect(codes(flipped(bytes, 100))).toEqual(["CODEC_CHECKSUM_MISMATCH"]);
  });

  test("with a footer that is damaged too, all of it is corrupt", async () => {
    const both = flipped(zeroed(bytes, 100), (bytes.length - 20) * 8);
    expect(await verdictOn({ "000001.seg": both })).toEqual({
      code: 1,
      found: [`000001.seg corrupt 0..${both.length}`],
    });
    const block = flipped(zeroed(bytes, 100), (footerAt + 8) * 8);
    expect((await verdictOn({ "000001.seg": block })).found).toEqual([
      `000001.seg corrupt 0..${footerAt}`,
      `000001.seg corrupt ${footerAt}..${bytes.length}`,
    ]);
  });

  test("a segment of batpak under any name is corrupt, and its other frames are sound", async () => {
    for (const name of ["data.bin", "000001.fbat"]) {
      expect(await verdictOn({ [name]: zeroed(footered) })).toEqual({
        code: 1,
        found: [`${name} corrupt 0..1151`, `${name} sound 1151..${footered.length}`],
      });
    }
  });
});

describe("by its beginning", () => {
  test("with a bit or two of the magic gone and another behind it; not with three", async () => {
    for (const bits of [[3], [3, 100], [3, 9, 100]]) {
      const { code, found } = await verdictOn({ "data.bin": flipped(unsealed, ...bits) });
      expect({ code, first: found[0] }).toEqual({ code: 1, first: expect.stringMatching(/corrupt 0\.\./) });
    }
    expect(await verdictOn({ "data.bin": flipped(unsealed, 3, 9, 17, 100) })).toMatchObject({ code: 0 });
  });
});

describe("by what it holds", () => {
  test("a segment of batpak without a footer, behind zeros", async () => {
    const { code, found } = await verdictOn({ "data.bin": zeroed(footerless) });
    expect(code).toBe(1);
    expect(found).toEqual([expect.stringMatching(/corrupt 0\.\./), expect.stringMatching(/ sound \d+\.\.\d+$/)]);
  });

  test("an archive that holds a segment is none", async () => {
    const archive = Uint8Array.from(Buffer.concat([Buffer.from("archive of one file\n"), footerless]));
    expect(await verdictOn({ "data.bin": archive })).toEqual({
      code: 0,
      found: [`data.bin foreign 0..${archive.length}`],
    });
  });

  test("zeros and anything else are none", async () => {
    const bytes = new Uint8Array(5000).fill(7, 4096);
    expect(await verdictOn({ "data.bin": bytes })).toMatchObject({ code: 0 });
  });
});

describe("by its neighbours", () => {
  const other = smallSegment([Uint8Array.of(1)], { segmentId: 9 }).bytes;

  test.each(["000002.seg", "segment-2", "00000000000000ff.wal"])(
    "%s, with nothing else to know it by",
    async (name) => {
      const sibling = name.replace(/2|f+/, "1");
      const all = { [sibling]: other, [name]: zeroed(unsealed), "notes.txt": zeroed(unsealed) };
      expect(await verdictOn(all)).toMatchObject({ code: 1 });
      expect((await verdictOn(all)).found).toContain(`${name} corrupt 0..${unsealed.length}`);
      expect((await verdictOn(all)).found).toContain(`notes.txt foreign 0..${unsealed.length}`);
    },
  );

  test("one that is cut to less than a header and is no beginning of one is corrupt", async () => {
    const { code, found } = await verdictOn({ "1.seg": other, "2.seg": new Uint8Array(9).fill(3) });
    expect({ code, last: found.at(-1) }).toEqual({ code: 1, last: "2.seg corrupt 0..9" });
  });

  test("files that are called alike are not ours for that when none begins like one", async () => {
    expect(await verdictOn({ "1.seg": zeroed(unsealed), "2.seg": new Uint8Array(99) })).toMatchObject({ code: 0 });
  });

  test.each([0, 1, 64, 70_000])("%i zeros behind the last are a segment that was never begun: torn", async (length) => {
    const zeros = new Uint8Array(length);
    const { code, found } = await verdictOn({ "1.seg": other, "2.seg": zeros, "10.seg": zeros });
    expect(code).toBe(1);
    expect(found.slice(1)).toEqual([`2.seg torn 0..${length}`, `10.seg torn 0..${length}`]);
  });

  test("zeros before one that was begun are corrupt, by number and not by spelling", async () => {
    const { code, found } = await verdictOn({ "9.seg": new Uint8Array(64), "10.seg": other });
    expect({ code, first: found[0] }).toEqual({ code: 1, first: "9.seg corrupt 0..64" });
  });

  test("zeros between two that were begun are corrupt", async () => {
    const { found } = await verdictOn({ "1.seg": other, "3.seg": new Uint8Array(64), "5.seg": other });
    expect(found).toContain("3.seg corrupt 0..64");
  });

  test("of batpak, too", async () => {
    const zeros = new Uint8Array(4096);
    const first = goldenBytes("rotate/000001.fbat");
    expect((await verdictOn({ "000001.fbat": first, "000002.fbat": zeros })).found.at(-1)).toBe(
      "000002.fbat torn 0..4096",
    );
    const second = goldenBytes("rotate/000002.fbat");
    expect((await verdictOn({ "000001.fbat": zeros, "000002.fbat": second })).found[0]).toBe(
      "000001.fbat corrupt 0..4096",
    );
    expect((await verdictOn({ "1.old": first, "2.old": zeros })).found.at(-1)).toBe("2.old torn 0..4096");
  });

  test("one zero that is none makes it damage", async () => {
    const bytes = new Uint8Array(140_000);
    bytes[139_999] = 1;
    expect((await verdictOn({ "1.seg": other, "2.seg": bytes })).found.at(-1)).toBe("2.seg corrupt 0..140000");
  });
});
