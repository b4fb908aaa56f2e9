import { tightness, tightnessByRule, uncheckedIn, type LitmusResult, type UnpredictedState } from "./litmus-check.js";
import type { LitmusSet } from "./litmus-data.js";

/** Programs named in the text at most, for each file system and question. */
const maxNamed = 20;

/** The outcome for people: a line for each file system, and the programs behind what is wrong. */
export function litmusText(sets: readonly LitmusSet[], results: readonly LitmusResult[]): string {
  const kernels = [...new Set(sets.map(({ kernel }) => kernel))].join(", ");
  const programs = sets.reduce((sum, set) => sum + set.programs.length, 0);
  const head = [`${programs} programs in ${sets.length} sets, recorded on ${kernels}`, ""];
  const rows = results.map((result) => [
    result.fs,
    result.personality,
    String(result.programs),
    String(result.states),
    String(result.unpredicted.length),
    String(result.predicted),
    `${(100 * tightness(result)).toFixed(1)} %`,
  ]);
  const table = aligned([
    ["file system", "personality", "programs", "states", "unpredicted", "predicted", "seen"],
    ...rows,
  ]);
  const unchecked = uncheckedIn(sets);
  const left =
    unchecked.length === 0
      ? []
      : ["", `Recorded and not checked, no personality stands for it: ${unchecked.join(" ")}`];
  return [...head, ...table, ...results.flatMap(remarks), ...left, ""].join("\n");
}

/** Tightness rule by rule, over the programs named for each. */
export function rulesText(sets: readonly LitmusSet[]): string {
  const rows = tightnessByRule(sets).map(({ fs, field, programs, states, predicted }) => [
    fs,
    field,
    String(states),
    String(predicted),
    `${((100 * states) / predicted).toFixed(1)} %`,
    programs.join(" "),
  ]);
  return [...aligned([["file system", "rule", "states", "predicted", "seen", "programs"], ...rows]), ""].join("\n");
}

function remarks({ fs, unpredicted, outside, incomplete }: LitmusResult): string[] {
  const lines: string[] = [];
  if (unpredicted.length > 0) lines.push("", `${fs}, seen and not predicted: ${named(unpredicted)}`);
  for (const [weaker, states] of Object.entries(outside)) {
    if (states.length > 0) lines.push("", `${fs}, weaker than ${weaker} in: ${named(states)}`);
  }
  if (incomplete.length > 0) lines.push("", `${fs}, not all legal states made: ${incomplete.join(" ")}`);
  return lines;
}

function named(states: readonly UnpredictedState[]): string {
  const ids = [...new Set(states.map(({ program }) => program))];
  const more = ids.length > maxNamed ? ` and ${ids.length - maxNamed} more` : "";
  return `${ids.slice(0, maxNamed).join(" ")}${more}`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** The same as one JSON object. */
export function litmusJson(sets: readonly LitmusSet[], results: readonly LitmusResult[]): string {
  return JSON.stringify({
    format: "holdfast-litmus",
    version: 1,
    sets: sets.map(({ file, kernel, programs }) => ({ file, kernel, programs: programs.length })),
    fileSystems: results.map((result) => ({ ...result, tightness: tightness(result) })),
    notChecked: uncheckedIn(sets),
    rules: tightnessByRule(sets).map((rule) => ({ ...rule, tightness: rule.states / rule.predicted })),
  });
}
