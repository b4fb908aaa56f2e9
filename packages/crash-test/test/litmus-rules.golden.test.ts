// Goal: each rule of a real file system is there for a reason. Method: change it alone. Where the change promises more,
// outcomes that were recorded become impossible; where it promises less, more is predicted than before and nothing that
// was seen is lost. The programs named in the personality's own table must show it.
import { btrfs, ext4NoAuto, ext4Ordered, xfs, type Personality } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { checkLitmus, type LitmusResult } from "../src/litmus/litmus-check.js";
import { onlyPrograms, recordedSets } from "./litmus-sets.js";

const sets = recordedSets();

interface Change {
  readonly field: string;
  readonly value: unknown;
  readonly makes: "stronger" | "weaker";
}

const journal: Change = { field: "edges.metadataOrder", value: "free", makes: "weaker" };
const cutsFirst: Change = { field: "edges.bytesNeedEarlierCut", value: false, makes: "weaker" };
const splitRenames: Change = { field: "rename", value: "split", makes: "weaker" };
const fileNames: Change = { field: "closures.fileSync", value: "bytes", makes: "weaker" };
const directoryName: Change = { field: "closures.namesSync", value: "entries", makes: "weaker" };
const quiet: Change = { field: "writeBack", value: "none", makes: "stronger" };
const grown: Change = { field: "edges.grownLength", value: "at-write", makes: "stronger" };
const zerosHidden: Change = { field: "edges.lengthNeedsBytes", value: true, makes: "stronger" };
const bytesLast: Change = { field: "edges.bytesNeedJournal", value: true, makes: "stronger" };
const setFirst: Change = { field: "edges.setLengthNeedsGrown", value: false, makes: "weaker" };
const tailLater: Change = { field: "cutTail", value: "by-write", makes: "weaker" };
const dataNames: Change = { field: "closures.dataSync", value: "own-names", makes: "stronger" };
const dataBytes: Change = { field: "closures.dataSync", value: "bytes", makes: "weaker" };
const syncsJournal: Change = { field: "closures.everything", value: "journal", makes: "weaker" };
const hurries: Change = { field: "edges.lengthEntersAt", value: ["close-after-cut", "rename-over"], makes: "stronger" };
const never: Change = { field: "edges.lengthEntersAt", value: [], makes: "weaker" };

const common: readonly Change[] = [journal, cutsFirst, splitRenames, fileNames, directoryName, quiet, grown];
const ext4: readonly Change[] = [...common, zerosHidden, bytesLast, tailLater, dataNames, syncsJournal];
const cases: readonly (readonly [string, Personality, readonly Change[]])[] = [
  ["ext4", ext4Ordered, [...ext4, setFirst, never]],
  ["ext4-noauto", ext4NoAuto, [...ext4, hurries]],
  [
    "xfs",
    xfs,
    [
      ...common,
      { field: "edges.lengthNeedsBytes", value: false, makes: "weaker" },
      { field: "edges.lengthEntersAt", value: ["rename-over"], makes: "stronger" },
      bytesLast,
      setFirst,
      tailLater,
      dataBytes,
      { field: "closures.everything", value: "all", makes: "stronger" },
    ],
  ],
  [
    "btrfs",
    btrfs,
    [
      ...common.filter((change) => change !== cutsFirst),
      { field: "edges.lengthNeedsBytes", value: false, makes: "weaker" },
      { field: "edges.bytesNeedJournal", value: false, makes: "weaker" },
      { field: "edges.setLengthNeedsGrown", value: true, makes: "stronger" },
      { field: "edges.tree", value: "free", makes: "weaker" },
      { field: "cutTail", value: "with-cut", makes: "stronger" },
      { field: "closures.reach", value: "needs", makes: "stronger" },
      dataBytes,
      syncsJournal,
    ],
  ],
];

function changed(personality: Personality, { field, value }: Change): Personality {
  const [group = "", name] = field.split(".");
  const before: unknown = personality[group as keyof Personality]; // the tables below name fields that exist
  expect(before).toBeDefined();
  if (name === undefined) return { ...personality, [group]: value };
  expect(before).toHaveProperty(name);
  return { ...personality, [group]: { ...(before as object), [name]: value } };
}

function check(fs: string, personality: Personality, ids: readonly string[]): LitmusResult {
  const [result] = checkLitmus(onlyPrograms(sets, ids), { personalities: { [fs]: personality }, weaker: [] });
  if (result === undefined) throw new Error(`no program of ${ids.join()} was recorded on ${fs}`);
  return result;
}

describe.each(cases)("%s", (fs, personality, changes) => {
  const rules = personality.evidence?.rules ?? [];

  test("every rule of the table is changed below, and nothing else", () => {
    expect(changes.map(({ field }) => field).sort()).toEqual(rules.map(({ field }) => field).sort());
  });

  test.each(changes)("$field: $value makes it $makes", (change) => {
    const rule = rules.find(({ field }) => field === change.field);
    const other = changed(personality, change);
    expect(rule?.witnesses.length).toBeGreaterThan(0);
    for (const id of rule?.witnesses ?? []) {
      const [before, after] = [check(fs, personality, [id]), check(fs, other, [id])];
      expect({ id, unpredicted: before.unpredicted.length }).toEqual({ id, unpredicted: 0 });
      if (change.makes === "stronger") {
        expect({ id, missed: after.unpredicted.length > 0 }).toEqual({ id, missed: true });
      } else {
        expect({ id, missed: after.unpredicted.length }).toEqual({ id, missed: 0 });
        expect({ id, looser: after.predicted > before.predicted }).toEqual({ id, looser: true });
      }
    }
  });
});
