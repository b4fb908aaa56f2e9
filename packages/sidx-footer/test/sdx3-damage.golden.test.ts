// 106 damaged variants of one segment, with what the reference lists of each: alone in its directory, which makes it the newest
// segment, and with another segment behind it. docs/formats/sidx.md has the same table in words.
import { describe, expect, test } from "vitest";
import { CodecError } from "@holdfast/segment-codec";
import { readSdx3Segment, type Sdx3Segment } from "../src/sdx3-entry.js";
import { fromHex, hex, manifest, segmentBytes, type GoldenMutant, type GoldenResult } from "./support/batpak.js";

const { base, mutants, events } = manifest.corrupt.a;
const original = segmentBytes(base);

function mutate({ edits }: GoldenMutant): Uint8Array {
  const bytes = [...original];
  const fromTheEnd = [...edits].sort((one, other) => other.at - one.at);
  for (const { at, del, ins } of fromTheEnd) bytes.splice(at, del, ...fromHex(ins));
  return Uint8Array.from(bytes);
}

type Verdict = Sdx3Segment["end"]["kind"] | "no segment";

/** Variants by name, the verdict in the newest segment and in an older one, and what became of the footer. */
const table: readonly (readonly [RegExp, Verdict, Verdict, string])[] = [
  // The header is looked at whether or not a footer stands behind it.
  [/^hdr-(?!id-mismatch)/, "no segment", "no segment", "-"],
  [/^hdr-id-mismatch$/, "clean", "clean", "confirmed"], // the file's name counts, which only the caller knows
  [/^cut-(fs-1|8|4|0)$/, "no segment", "no segment", "-"],
  // Frames are looked at whether or not a footer stands behind them.
  [/^(len|crc|payload)-(first|mid|last)/, "corrupt", "corrupt", "dropped SIDX_FOREIGN"],
  [/^nofooter-\w+-(first|mid)/, "corrupt", "corrupt", "absent"],
  [/^nofooter-\w+-last/, "torn", "corrupt", "absent"],
  // A checksum vouches for where the frames end: then names, rows and their count may be wrong without harm.
  [/^ft-N-(minus1|1|0)$/, "clean", "clean", "dropped SIDX_MALFORMED"],
  [/^ft-N-plus1$/, "clean", "clean", "dropped SIDX_OUT_OF_BOUNDS"],
  [/^lie-(first|all)-entr(y|ies)-dropped$/, "clean", "clean", "dropped SIDX_MALFORMED"],
  [/^lie-(entity-idx|frame-offset|table-trailing|table-not-array)$/, "clean", "clean", "dropped SIDX_MALFORMED"],
  [/^lie-table-empty$/, "clean", "clean", "dropped SIDX_OUT_OF_BOUNDS"],
  [/^lie-(last-entry-dropped|kind-unknown-system|event-id)$/, "clean", "clean", "dropped SIDX_FOREIGN"],
  [/^lie-seq(-duplicate)?$/, "clean", "clean", "confirmed"], // without their numbers
  // No checksum vouches: the newest segment ends where its frames do, an older one is refused.
  [/^ft-(crc|entry-(id|offset|seq)|table|S-mid-frame)$/, "torn", "corrupt", "dropped SIDX_CHECKSUM_MISMATCH"],
  [/^(ft-crc-and-last-payload|add-second-footer)$/, "torn", "corrupt", "dropped SIDX_CHECKSUM_MISMATCH"],
  [/^ft-crc-and-first-payload$/, "corrupt", "corrupt", "dropped SIDX_CHECKSUM_MISMATCH"],
  [/^ft-S-(0|file-len)$/, "torn", "corrupt", "dropped SIDX_OUT_OF_BOUNDS"],
  [/^ft-magic-SDX2$/, "torn", "corrupt", "dropped SIDX_MALFORMED"], // four bytes too many between names and rows
  [/^ft-magic-SIDX$/, "torn", "corrupt", "absent"],
  [/^ft-magic-SDX4$/, "unsupported", "unsupported", "unsupported SIDX_UNSUPPORTED_VERSION"],
  [/^ft-genuine-sdx2$/, "clean", "clean", "confirmed"], // every byte of it is borne out by the frames, but for the numbers
  [/^(cut-(eof-\d+|S\+\d|S-1|last\+\d)|add-1|add-nofooter-\d+-zero)$/, "torn", "corrupt", "absent"],
  // Without a footer only frames count.
  [/^cut-(S|last|frames-start)$/, "clean", "clean", "absent"],
  [/^frm-(nil-chain|entity-slash|trailing-byte|unknown-key|empty|begin-count-0)$/, "corrupt", "corrupt", "absent"],
  [/^frm-(kind-0005|event-hash|prev-hash|payload-rehashed-crc|begin-count-3)$/, "clean", "clean", "absent"],
  [/^seq-/, "clean", "clean", "absent"],
];

// Where the reference opens and this does not. Everything it would list is either unreadable or unproven.
const refusedHere = /^(hdr-(?!id-mismatch)|(len|crc|payload)-|frm-(trailing-byte|unknown-key)$|ft-magic-SDX4$)/;
const refusedHereInNewest = /^nofooter-len-(first|mid)-max$/; // it stops in silence before sound frames
const refusedHereInOlder =
  /^(ft-(crc|entry-(id|offset|seq)|table|S-0|S-mid-frame|magic-SDX2)|add-second-footer|cut-(S|last)\+7|add-nofooter-7-zero)$/;
// Where this opens and the reference does not: what a crash leaves, and footers whose damage the frames make good.
const openHereInNewest = /^(nofooter-(crc|payload)-last|ft-crc-and-last-payload|add-nofooter-(8|4096)-zero)$/;
const openHereInOlder = /^(ft-N-plus1|ft-genuine-sdx2)$/;
// Where the reference hides events whose frames are sound, or lists others than the frames hold.
const moreHere = /^(ft-N-(minus1|1|0)|lie-[a-z-]+-dropped|lie-event-id)$/;
// Where the reference lists an event twice, or moves it to its later place: there are two frames.
const twice = /^seq-dup-frame$/;

function read(mutant: GoldenMutant, newest: boolean): Sdx3Segment | "no segment" {
  try {
    return readSdx3Segment(mutate(mutant), { newest });
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
    return "no segment";
  }
}

function footerOf(read: Sdx3Segment | "no segment"): string {
  if (read === "no segment") return "-";
  const { footer } = read;
  return "error" in footer ? `${footer.kind} ${footer.error.code}` : footer.kind;
}

function theirs({ result }: GoldenMutant, newest: boolean): GoldenResult {
  const found = newest ? result.alone : result.before_footerless;
  if (typeof found === "string") throw new Error(`no result: ${found}`);
  return found;
}

const nameOf = ({ id }: GoldenMutant): string => id.replace(/^a:/, "");

test("the table has one line for every variant", () => {
  expect(mutants).toHaveLength(106);
  for (const mutant of mutants) {
    expect([nameOf(mutant), table.filter(([pattern]) => pattern.test(nameOf(mutant))).length]).toEqual([
      nameOf(mutant),
      1,
    ]);
  }
  for (const [pattern] of table) expect(mutants.some((mutant) => pattern.test(nameOf(mutant)))).toBe(true);
});

describe.each([true, false])("newest %s", (newest) => {
  test.each(mutants.map((mutant) => [nameOf(mutant), mutant] as const))("%s", (name, mutant) => {
    const found = read(mutant, newest);
    const verdict = found === "no segment" ? found : found.end.kind;
    const line = table.find(([pattern]) => pattern.test(name));
    expect([verdict, footerOf(found)]).toEqual([line?.[newest ? 1 : 2], line?.[3]]);

    const opens = verdict === "clean" || verdict === "torn";
    const rows = theirs(mutant, newest).rows?.filter(([, event]) => typeof event === "string" || event < 6);
    const agreed = opens === (rows !== undefined);
    if (!agreed) {
      const refused = refusedHere.test(name) || (newest ? refusedHereInNewest : refusedHereInOlder).test(name);
      const open = (newest ? openHereInNewest : openHereInOlder).test(name);
      expect([name, opens ? open : refused]).toEqual([name, true]);
      return;
    }
    if (!opens || rows === undefined || found === "no segment") return;
    const ours = found.events.map(({ frame }) => events.indexOf(hex(frame.event.eventId)));
    const listed = rows.map(([, event]) => Number(event)).sort((one, other) => one - other);
    if (moreHere.test(name)) expect(ours).toEqual([0, 1, 2, 3, 4, 5]);
    else if (twice.test(name)) expect([...new Set(ours)]).toEqual(listed);
    else expect(ours).toEqual(listed);
  });
});

test("numbers come from a footer whose checksum holds, and only when they ascend", () => {
  const numbers = (name: string): readonly (bigint | undefined)[] => {
    const mutant = mutants.find((one) => nameOf(one) === name);
    const found = mutant === undefined ? "no segment" : read(mutant, true);
    return found === "no segment" ? [] : found.events.map(({ globalSequence }) => globalSequence);
  };
  expect(numbers("hdr-id-mismatch")).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
  const none = Array.from({ length: 6 }, () => undefined);
  for (const name of ["lie-seq", "lie-seq-duplicate", "ft-genuine-sdx2", "ft-crc", "ft-N-1"]) {
    expect([name, numbers(name)]).toEqual([name, none]);
  }
});

test.each([
  ["ft-N-minus1", { field: "names" }],
  ["ft-N-plus1", { field: "count", expected: 6, actual: 7 }],
  ["lie-last-entry-dropped", { offset: 3790 }],
  ["lie-event-id", { field: "eventId", entry: 1, offset: 1151 }],
  ["lie-kind-unknown-system", { field: "kind", entry: 1 }],
  ["lie-entity-idx", { field: "entity", entry: 0 }],
  ["lie-frame-offset", { field: "frameOffset", entry: 1 }],
  ["ft-S-0", { field: "framesEnd", actual: 0 }],
])("%s says what is wrong: %o", (name, context) => {
  const mutant = mutants.find((one) => nameOf(one) === name);
  const found = mutant === undefined ? "no segment" : read(mutant, false);
  expect(found).toMatchObject({ footer: { kind: "dropped", error: { context } } });
});
