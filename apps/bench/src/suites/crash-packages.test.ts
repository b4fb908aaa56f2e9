import { expect, test } from "vitest";
import { measuredOf } from "../suite.js";
import { contradiction, packagesPart, type Census } from "./crash-packages.js";

/** What a sound measurement finds of a package that renames without a sync. */
const steno: Census = { program: "steno", personality: "xfs", recoveries: [9, 30], damaged: 4, forgotten: 2 };
const conf: Census = { ...steno, program: "conf", damaged: 0 };

test("a census that agrees with what is known is a measurement", () => {
  expect([steno, conf].map(contradiction)).toEqual([undefined, undefined]);
});

test.each<[string, Census]>([
  ["no crash at all", { ...steno, recoveries: [0, 0] }],
  ["no crash inside recovery", { ...steno, recoveries: [9, 0] }],
  ["0 recoveries found a damaged file", { ...steno, damaged: 0 }],
  ["1 recoveries found a damaged file", { ...conf, damaged: 1 }],
  ["0 recoveries missed the save", { ...conf, forgotten: 0 }],
  ["nothing is known", { ...conf, personality: "apfs" }],
])("a run is refused that says: %s", (why, census) => {
  expect(contradiction(census)).toContain(why);
});

test("the packages are crashed, and in the save that follows, too", async () => {
  const { rows } = measuredOf(await packagesPart.measure({ quick: true, full: false, huge: false, reference: false }));
  const [row] = rows;
  expect(row?.bar).toEqual({ on: "ours", at: "most", value: 60e9 });
  expect(row?.note).toMatch(
    /level 3 .*: [1-9]\d+ and [1-9]\d+ recoveries, .*; [1-9]\d+ found .* \(steno, node-json-db\)/,
  );
});
