import { sourceOf } from "@holdfast/segment-codec";
import { scanFbatSegment } from "@holdfast/segment-codec/fbat";
import { expect, test } from "vitest";
import { goldenBytes } from "../../test/golden-stores.js";
import { FbatFooter } from "./fbat-footer.js";

const bytes = goldenBytes("single/000001.fbat");
const framesEnd = 4626;
const { frames } = scanFbatSegment(bytes, { newest: true });

function linesOf(footer: FbatFooter, offset: number): readonly string[] {
  return [...footer.lines(offset, "torn")].map(({ kind, offset: at, length, fields }) => {
    const said = [fields["verdict"], fields["code"], fields["sound"]].filter((each) => typeof each !== "object");
    return `${kind} ${at}+${length} ${said.filter((each) => each !== undefined).join(" ")}`;
  });
}

test("a footer above the bound is unreadable, and neither torn nor corrupt", () => {
  const footer = new FbatFooter(sourceOf(bytes), 100);
  for (const frame of frames) expect(footer.take(frame)).toBe(true);
  expect(footer.vouched).toBe(false);
  const place = `${framesEnd}+${bytes.length - framesEnd}`;
  expect(linesOf(footer, framesEnd)).toEqual([`damage ${place} unreadable SIDX_TOO_LARGE`, `footer ${place} false`]);
});

test("a claim of such a footer elsewhere than where the frames end is no footer", () => {
  const footer = new FbatFooter(sourceOf(bytes), 100);
  expect(linesOf(footer, 4000)[0]).toBe(`damage 4000+${bytes.length - 4000} torn SIDX_TOO_LARGE`);
});

test("rows of frames that were never seen refute it, and those of damaged frames do not", () => {
  const seen = new FbatFooter(sourceOf(bytes));
  for (const frame of frames) seen.take(frame);
  expect(linesOf(seen, framesEnd)[0]).toBe(`footer ${framesEnd}+${bytes.length - framesEnd} true`);

  const skipped = new FbatFooter(sourceOf(bytes));
  for (const frame of frames.slice(1)) skipped.take(frame);
  expect(linesOf(skipped, framesEnd)[0]).toMatch(/corrupt SIDX_FOREIGN$/);

  const damaged = new FbatFooter(sourceOf(bytes));
  damaged.passDamage(57, frames[1]?.offset ?? 0);
  for (const frame of frames.slice(1)) damaged.take(frame);
  expect(linesOf(damaged, framesEnd)[0]).toMatch(/^footer .* true$/);
});

test("an event without a row refutes it, unless it never committed", () => {
  const footer = new FbatFooter(sourceOf(bytes));
  const [first, ...rest] = frames;
  if (first === undefined) throw new Error("the store has frames");
  for (const frame of rest) footer.take(frame);
  const inserted = { ...first, offset: framesEnd - 1 };
  expect(footer.take({ ...inserted, committed: false })).toBe(false);
  expect(footer.take(inserted)).toBe(true); // what the frames say stands
  expect(linesOf(footer, framesEnd)[0]).toMatch(/corrupt SIDX_FOREIGN$/);
});

test("every field of a row is held against its frame", () => {
  for (const frame of frames) {
    for (const change of [{ length: frame.length + 1 }, { event: { ...frame.event, clock: 99 } }]) {
      const footer = new FbatFooter(sourceOf(bytes));
      for (const each of frames) footer.take(each === frame ? { ...frame, ...change } : each);
      expect(linesOf(footer, framesEnd)[0]).toMatch(/corrupt SIDX_FOREIGN$/);
    }
  }
});

test("without a checksum, rows count for nothing until every one of them is confirmed", () => {
  const old = goldenBytes("sdx2-close/000001.fbat");
  const listed = scanFbatSegment(old, { newest: true }).frames;
  const last = listed.findLast(({ role }) => role === "event");
  const end = (listed.at(-1)?.offset ?? 0) + (listed.at(-1)?.length ?? 0);
  const kinds = (footer: FbatFooter): readonly string[] => [...footer.lines(end, "torn")].map(({ kind }) => kind);

  const confirmed = new FbatFooter(sourceOf(old));
  for (const frame of listed) confirmed.take(frame);
  expect(kinds(confirmed)).toEqual(["footer", ...Array.from({ length: 8 }, () => "footer-entry")]);

  const refuted = new FbatFooter(sourceOf(old));
  for (const frame of listed) {
    if (frame !== last) refuted.take(frame);
    else expect(refuted.take({ ...frame, committed: false })).toBe(false); // under a checksum, the row would commit it
  }
  expect(kinds(refuted)).toEqual(["damage", "footer"]);
});
