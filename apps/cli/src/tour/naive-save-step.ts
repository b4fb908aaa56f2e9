import { join } from "node:path";
import { openDirectory, type Directory } from "@holdfast/fs-seam";
import { readBack } from "./crash-verdict.js";
import {
  countCrashStates,
  documentName,
  exploredPersonalities,
  exploreSave,
  type MatrixOutcome,
  type Save,
  type StateCount,
} from "./explore-save.js";
import { countsAsJson, coverageLines, lossExamples, lostOf, stateTable, tableLegend } from "./state-table.js";
import { countText } from "../terminal.js";
import type { Claim, TourContext, TourStep } from "./tour-step.js";

/** Write a temporary file, close it, rename it over the document: three steps of five. */
export function saveLikeTutorials(directory: Directory, path: string, content: Uint8Array): void {
  const temporary = `${path}.tmp`;
  const handle = directory.open(temporary, { mode: "write", create: "if-missing", truncate: true });
  handle.writeAt(content, 0);
  handle.close();
  directory.rename(temporary, path);
}

/** What portable software must survive decides about the claim. */
const decisive = "posix";

/** Shows that a save which works every day loses the document in some crash state. */
export function naiveSaveStep(save: Save = saveLikeTutorials): TourStep {
  return {
    title: "Save a document the way every tutorial shows",
    async run(context) {
      context.say("Write document.tmp, close it, rename it over document. No sync anywhere.");
      const claims = [await saveOnRealFiles(save, context)];
      context.progress("exploring what a power failure at every moment of that save may leave");
      const counts = await countCrashStates(save, context.document.explored);
      const outcome = await exploreSave(save, context.document.explored, exploredPersonalities);
      tell(context, counts, outcome);
      claims.push(claimLoss(counts, outcome));
      return claims;
    },
  };
}

async function saveOnRealFiles(save: Save, context: TourContext): Promise<Claim> {
  const { before, after } = context.document;
  const directory = openDirectory(join(context.directory, "naive-save"), { create: true });
  directory.writeFile(documentName, before);
  await save(directory, documentName, after);
  const found = readBack(directory, documentName);
  const ok = found !== undefined && Buffer.compare(found, after) === 0;
  const says = ok
    ? `the naive save wrote ${countText(after.length)} bytes and read them back: no test without a power failure sees a fault`
    : "the naive save did not even read back what it had written";
  if (ok) context.say(`On real files it works: ${countText(after.length)} bytes written and read back the same.`);
  return { name: "naive-save-works-while-the-power-stays-on", ok, details: { says, bytes: after.length } };
}

function tell(context: TourContext, counts: readonly StateCount[], outcome: MatrixOutcome): void {
  const { say, paint, document } = context;
  say("Now the power fails, at every moment of it. What may the disk hold?");
  say("");
  stateTable(counts).forEach((line, at) => say(`  ${at === 0 ? paint.dim(line) : line}`));
  say("");
  say(paint.dim(tableLegend));
  coverageLines(document, counts).forEach((line) => say(paint.dim(line)));
  for (const { personality } of counts) say(paint.dim(`${personality.name}: ${personality.describes}`));
  const shown = counts.find(({ personality }) => personality.name === decisive);
  if (shown !== undefined && shown.lost > 0) {
    say("");
    say(`How the document comes back, for example (${decisive}):`);
    lossExamples(shown).forEach((line) => say(`  ${paint.bad(line)}`));
  }
  if (outcome.kind !== "broken") return;
  say("");
  say("What a test of yours that uses @holdfast/crash-test would say:");
  outcome.text.split("\n").forEach((line) => say(`  ${line}`));
}

function claimLoss(counts: readonly StateCount[], outcome: MatrixOutcome): Claim {
  const count = counts.find(({ personality }) => personality.name === decisive);
  const ok = count !== undefined && count.lost > 0 && outcome.kind === "broken";
  const says = ok
    ? `the naive save loses the document in ${lostOf(count)}, and forgets a reported save in ${countText(count.byVerdict.forgotten)}`
    : "no crash state was found in which the naive save loses the document";
  return {
    name: "naive-save-loses-the-document",
    ok,
    details: { says, personalities: countsAsJson(counts), failure: outcome.kind === "broken" ? outcome.text : null },
  };
}
