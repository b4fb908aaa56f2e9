// Vectors by hand, after the MessagePack specification; the recorded footers are read by the tests of sidx-footer.
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFbatNameTable, encodeFbatNameTable } from "../src/fbat-entry.js";
import { fromHex, hex } from "./support/batpak.js";

test.each([
  ["90", []],
  ["92a165a173", ["e", "s"]],
  ["91a0", undefined],
  [`91bf${"61".repeat(31)}`, ["a".repeat(31)]],
  [`91d920${"61".repeat(32)}`, ["a".repeat(32)]],
  [`91da0100${"61".repeat(256)}`, ["a".repeat(256)]],
  [`91da0401${"61".repeat(1025)}`, undefined],
  [`9f${"a161".repeat(15)}`, Array.from({ length: 15 }, () => "a")],
  [`dc0010${"a161".repeat(16)}`, Array.from({ length: 16 }, () => "a")],
  ["91a2c3a9", ["é"]],
  ["", undefined],
  ["91", undefined], // no name
  ["90a165", undefined], // a byte too many
  ["91a2c3", undefined], // cut
  ["91a1c3", undefined], // no UTF-8
  ["91a12f", undefined], // "/"
  ["91d90165", undefined], // a longer spelling than needed
  ["dc0001a165", undefined],
  ["81a165", undefined], // a map
  ["9101", undefined], // a number
  ["ddffffffff", undefined], // a count that costs no memory
])("%s", (bytes, names) => {
  const decode = (): readonly string[] => decodeFbatNameTable(fromHex(`ee${bytes}ee`), 1, 1 + bytes.length / 2);
  if (names === undefined) {
    expect(decode).toThrow(expect.objectContaining({ code: "CODEC_MALFORMED_ENVELOPE" }));
  } else {
    expect(decode()).toEqual(names);
    expect(hex(encodeFbatNameTable(names))).toBe(bytes);
  }
});

test("a table that states more names than its reader takes is refused at its head", () => {
  const bytes = fromHex("ee92a165a173");
  expect(decodeFbatNameTable(bytes, 1, bytes.length, 2)).toEqual(["e", "s"]);
  const refused = { code: "CODEC_MALFORMED_ENVELOPE", context: { offset: 1, field: "names" } };
  expect(() => decodeFbatNameTable(bytes, 1, bytes.length, 1)).toThrow(expect.objectContaining(refused));
});

test("a name that no store may hold is not written", () => {
  expect(() => encodeFbatNameTable(["good", "../bad"])).toThrow(RangeError);
});

test("any bytes are the table of the names that come out, or refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0x90, 0x91, 0x92, 0xa0, 0xa1, 0xa2, 0x61, 0x2f, 0xd9, 0xdc, 0, 1)),
      (bytes) => {
        let names: readonly string[];
        try {
          names = decodeFbatNameTable(Uint8Array.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ code: "CODEC_MALFORMED_ENVELOPE" });
          return;
        }
        expect([...encodeFbatNameTable(names)]).toEqual(bytes);
      },
    ),
    { numRuns: 2000 },
  );
});
