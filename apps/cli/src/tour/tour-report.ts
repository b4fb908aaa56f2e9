import { countText, durationText, type Paint } from "../terminal.js";
import type { TourDocument } from "./tour-document.js";
import type { Claim, Figure, JsonValue } from "./tour-step.js";

/** What a tour found. */
export interface TourReport {
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  /** Host path of the temporary directory, which may be gone. */
  readonly directory: string;
  readonly milliseconds: number;
  /** Number of steps that were taken. */
  readonly steps: number;
}

interface Settings {
  readonly seed: number;
  readonly document: TourDocument;
  readonly keep: boolean;
}

/** Whether every claim held. A tour without claims has shown nothing. */
export function allHeld({ claims }: TourReport): boolean {
  return claims.length > 0 && claims.every(({ ok }) => ok);
}

/** The document in words. */
export function documentText({ source, path, before }: TourDocument): string {
  const size = `${countText(before.length)} bytes`;
  return source === "sample" ? `a sample document of ${size}` : `a copy of ${path ?? ""} (${size})`;
}

/** The closing summary. */
export function summaryLines(report: TourReport, { seed, document, keep }: Settings, paint: Paint): string[] {
  const failed = report.claims.filter(({ ok }) => !ok).length;
  const lines = ["", paint.bold("Summary")];
  for (const { ok, details } of report.claims) {
    lines.push(`  ${ok ? paint.good("held  ") : paint.bad("FAILED")}  ${details.says}`);
  }
  const count = report.claims.length;
  const verdict =
    failed === 0 ? paint.good(`All ${count} claims held`) : paint.bad(`${failed} of ${count} claims FAILED`);
  lines.push("", `${verdict}, in ${durationText(report.milliseconds)}.`);
  const file = document.path === undefined ? "" : ` --file ${JSON.stringify(document.path)}`;
  lines.push(`Repeat it: npm start -- --seed ${seed}${file}`);
  if (keep) lines.push(`Left in place: ${report.directory}`);
  if (document.source === "sample") lines.push("On a copy of a file of yours: npm start -- --file PATH");
  return lines;
}

/** The object that `--json` prints. */
export function reportAsJson(report: TourReport, { seed, document, keep }: Settings, version: string): JsonValue {
  return {
    holdfast: version,
    command: "tour",
    ok: allHeld(report),
    seed,
    document: {
      source: document.source,
      path: document.path ?? null,
      bytes: document.before.length,
      exploredBytes: document.explored.before.length,
    },
    directory: report.directory,
    kept: keep,
    claims: report.claims.map(({ name, ok, details }) => ({ name, ok, details })),
    figures: report.figures.map(({ name, value, unit }) => ({ name, value, unit })),
    milliseconds: report.milliseconds,
  };
}
