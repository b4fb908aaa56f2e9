import { countText, tableLines } from "../terminal.js";
import { lostVerdicts, type LostVerdict } from "./crash-verdict.js";
import type { StateCount } from "./explore-save.js";
import { maxExploredBytes, type TourDocument } from "./tour-document.js";
import type { JsonValue } from "./tour-step.js";

const lossText: Readonly<Record<LostVerdict, string>> = {
  missing: "missing",
  empty: "empty file",
  zeros: "all zeros",
  mixture: "mixture",
};

/** The crash states of a save as a table, one line for each personality. */
export function stateTable(counts: readonly StateCount[]): string[] {
  const losses = lostVerdicts.filter((verdict) => counts.some(({ byVerdict }) => byVerdict[verdict] > 0));
  const head = [
    "personality",
    "crash states",
    "old",
    "new",
    "forgotten",
    "LOST",
    ...losses.map((loss) => lossText[loss]),
  ];
  const rows = counts.map(({ personality, states, byVerdict, lost }) => [
    personality.name,
    ...[states, byVerdict.old, byVerdict.new, byVerdict.forgotten, lost].map(countText),
    ...losses.map((loss) => countText(byVerdict[loss])),
  ]);
  return tableLines([head, ...rows]);
}

/** What the columns mean that need saying. */
export const tableLegend: string =
  "forgotten: the save had reported success, and the old version is back. LOST: neither version.";

/** One example of each kind of loss under one personality. */
export function lossExamples({ examples }: StateCount): string[] {
  const width = Math.max(...lostVerdicts.map((loss) => lossText[loss].length));
  return lostVerdicts
    .filter((loss) => examples.has(loss))
    .map((loss) => `${lossText[loss].padEnd(width)}  ${examples.get(loss) ?? ""}`);
}

/** How much of the document was explored, and whether of every crash point every outcome; one line each. */
export function coverageLines(document: TourDocument, counts: readonly StateCount[]): string[] {
  const lines: string[] = [];
  if (document.explored.before.length < document.before.length) {
    const all = countText(document.before.length);
    lines.push(`Explored: a document of the first ${countText(maxExploredBytes)} of your ${all} bytes.`);
  }
  const sampled = counts.filter(({ sampledPoints }) => sampledPoints > 0).map(({ personality }) => personality.name);
  if (sampled.length > 0) {
    lines.push(
      `Under ${sampled.join(" and ")} some moments have more than 4,096 outcomes. Of these: the first k writes, all but`,
      "one or two writes, one or two writes alone, and every write torn at its ends and in its middle.",
    );
  } else {
    lines.push("Of every moment, every outcome was looked at.");
  }
  return lines;
}

/** The same for machines. */
export function countsAsJson(counts: readonly StateCount[]): JsonValue {
  return counts.map(({ personality, states, byVerdict, lost, sampledPoints }) => ({
    personality: personality.name,
    states,
    lost,
    ...byVerdict,
    exhaustive: sampledPoints === 0,
  }));
}

/** `12 of 262 posix states`. */
export function lostOf({ personality, lost, states }: StateCount): string {
  return `${countText(lost)} of ${countText(states)} ${personality.name} states`;
}
