// Damage to a footer, wherever it is, costs an error that says where, and never lists an event that was not there.
import { expect, test } from "vitest";
import { openSdx4 } from "../src/index.js";
import { errorOf, open } from "./support/sdx4-entries.js";
import { takeApart } from "./support/sdx4-parts.js";
import { salvage } from "./support/sdx4-salvage.js";
import { plainEntries, plainFooter, richEntries, richFooter } from "./support/sdx4-samples.js";

test("cut anywhere, it is no footer", () => {
  const footer = richFooter();
  for (let size = 0; size < footer.length; size++) expect(openSdx4(footer.slice(0, size))).toBeUndefined();
});

test("with its beginning missing, it does not fit", () => {
  const footer = richFooter();
  for (let start = 1; start <= footer.length - 32; start++) {
    const { errors, lies } = salvage(footer.slice(start), richEntries, [0, 11]);
    expect([errors.map(({ code }) => code), lies]).toEqual([["SIDX_OUT_OF_BOUNDS"], []]);
  }
});

test("every flipped bit is noticed, in the block that it is in", () => {
  const footer = richFooter();
  const starts = takeApart(footer).blocks.map(
    (
      (offset) =>
      ({ length }) =>
        (offset += length) - length
    )(0),
  );
  const directory = (starts.at(-1) ?? 0) + (takeApart(footer).blocks.at(-1)?.length ?? 0);
  for (let bit = 0; bit < footer.length * 8; bit++) {
    const at = bit >>> 3;
    const bytes = footer.slice();
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    const { isFooter, errors, lies } = salvage(bytes, richEntries, [0, 5]);
    const first = errors[0];
    if (lies.length > 0) expect([bit, lies]).toEqual([bit, []]);
    if (at < directory) {
      const start = starts.findLast((offset) => offset <= at);
      expect([isFooter, first?.code, first?.context.offset]).toEqual([true, "SIDX_CHECKSUM_MISMATCH", start]);
    } else if (at < footer.length - 4) {
      expect([isFooter, errors.length]).toEqual([false, 1]);
    } else {
      expect(isFooter).toBe(false); // another magic
    }
  }
});

test("a check of everything finds damage in any block", () => {
  const footer = plainFooter(9000);
  let offset = 0;
  for (const { length } of takeApart(footer).blocks) {
    for (const at of [offset, offset + length - 1]) {
      const bytes = footer.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x80;
      const { code, context } = errorOf(() => open(bytes).checkAll());
      expect([code, context.offset]).toEqual(["SIDX_CHECKSUM_MISMATCH", offset]);
    }
    offset += length;
  }
});

test("every sector of zeros is noticed", () => {
  const entries = plainEntries(1100);
  const footer = plainFooter(1100);
  for (let start = 0; start < footer.length; start += 512) {
    const bytes = footer.slice().fill(0, start, start + 512);
    const { isFooter, errors, lies } = salvage(bytes, entries, [0, 1023, 1024, 1099]);
    expect(lies).toEqual([]);
    expect(isFooter && errors.length === 0).toBe(false);
  }
});

test("blocks of another footer are noticed", () => {
  const entries = plainEntries(40);
  const { blocks, records, trailer } = takeApart(plainFooter(40));
  const others = takeApart(plainFooter(41)).blocks;
  for (const [index, block] of others.entries()) {
    const mixed = blocks.map((mine, at) => (at === index ? block : mine));
    const { errors, lies } = salvage(Buffer.concat([...mixed, ...records, trailer]), entries, [0, 20, 39]);
    expect(lies).toEqual([]);
    const isSame = Buffer.compare(block, blocks[index] ?? new Uint8Array()) === 0; // both have the same strings
    expect(errors.length > 0).toBe(!isSame);
  }
});

test("blocks that have changed places, or are there twice, are noticed", () => {
  const entries = plainEntries(3000);
  const { blocks, records, trailer } = takeApart(plainFooter(3000));
  const [first, second, ...rest] = blocks;
  if (first === undefined || second === undefined) throw new Error("there are three blocks of rows");
  for (const order of [
    [second, first],
    [first, first],
    [second, second],
  ]) {
    const bytes = Buffer.concat([...order, ...rest, ...records, trailer]);
    const { errors, lies } = salvage(bytes, entries, [0, 1023, 1024, 2047, 2048, 2999]);
    expect(lies).toEqual([]);
    expect(errors.length).toBeGreaterThan(0);
  }
});
