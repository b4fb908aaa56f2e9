import { join } from "node:path";
import { atomicReplace, openDirectory, type Directory } from "@holdfast/fs-seam";
import { readBack } from "./crash-verdict.js";
import {
  countCrashStates,
  documentName,
  exploreSave,
  judgedPersonalities,
  type MatrixOutcome,
  type Save,
  type StateCount,
} from "./explore-save.js";
import { countsAsJson, coverageLines, stateTable, tableLegend } from "./state-table.js";
import { countText, plural } from "../terminal.js";
import type { Claim, TourContext, TourStep } from "./tour-step.js";

/** Temporary file, sync file, close, rename, sync names. */
export function saveByAtomicReplace(directory: Directory, path: string, content: Uint8Array): Promise<void> {
  return atomicReplace(directory, path, content, { rung: "full" });
}

/** Shows that `atomicReplace` loses the document in no crash state. */
export function atomicReplaceStep(save: Save = saveByAtomicReplace): TourStep {
  return {
    title: "Save it with atomicReplace",
    async run(context) {
      context.say("Write a temporary file, sync it, close it, rename it over document, sync the directory.");
      const claims = [await saveOnRealFiles(save, context)];
      context.progress("exploring what a power failure at every moment of that save may leave");
      const counts = await countCrashStates(save, context.document.explored);
      const outcome = await exploreSave(save, context.document.explored, judgedPersonalities);
      tell(context, counts, outcome);
      claims.push(claimSafety(counts, outcome));
      return claims;
    },
  };
}

async function saveOnRealFiles(save: Save, context: TourContext): Promise<Claim> {
  const { before, after } = context.document;
  const directory = openDirectory(join(context.directory, "atomic-replace"), { create: true });
  directory.writeFile(documentName, before);
  await save(directory, documentName, after);
  const found = readBack(directory, documentName);
  const same = found !== undefined && Buffer.compare(found, after) === 0;
  const left = directory.fs.list(directory.path).filter(({ name }) => name !== documentName);
  const bytes = countText(after.length);
  const says = same
    ? `atomicReplace wrote ${bytes} bytes, read back the same, and left ${plural(left.length, "other file")}`
    : "what atomicReplace wrote does not read back the same";
  if (same) context.say(`On real files: ${bytes} bytes written, synced and read back the same.`);
  return { name: "atomic-replace-saves", ok: same && left.length === 0, details: { says, bytes: after.length } };
}

function isJudged({ personality }: StateCount): boolean {
  return judgedPersonalities.includes(personality);
}

function tell(context: TourContext, counts: readonly StateCount[], outcome: MatrixOutcome): void {
  const { say, paint, document } = context;
  say("The power fails again, at every moment of it:");
  say("");
  stateTable(counts).forEach((line, at) => say(`  ${at === 0 ? paint.dim(line) : line}`));
  say("");
  say(paint.dim(tableLegend));
  coverageLines(document, counts).forEach((line) => say(paint.dim(line)));
  const beyond = counts
    .filter((count) => !isJudged(count) && count.lost > 0)
    .map(({ personality }) => personality.name);
  if (beyond.length > 0) {
    say(
      paint.dim(
        `${beyond.join(", ")}: a hardening mode that lets a rename come apart, as no file system known today does;`,
      ),
    );
    say(paint.dim("no save by rename survives that, so its row is shown and not judged."));
  }
  if (outcome.kind === "kept") {
    say(
      `Cleaning up afterwards was tried on every disk, ${plural(outcome.recoveries, "time")}, with power failures during it.`,
    );
  } else {
    outcome.text.split("\n").forEach((line) => say(`  ${paint.bad(line)}`));
  }
}

function claimSafety(counts: readonly StateCount[], outcome: MatrixOutcome): Claim {
  const judged = counts.filter(isJudged);
  const states = judged.reduce((sum, count) => sum + count.states, 0);
  const broken = judged.reduce((sum, { lost, byVerdict }) => sum + lost + byVerdict.forgotten, 0);
  // An exploration that never saw both versions crashed nothing, and proves nothing.
  const sawBoth = judged.length > 0 && judged.every(({ byVerdict }) => byVerdict.old > 0 && byVerdict.new > 0);
  return {
    name: "atomic-replace-never-loses-the-document",
    ok: broken === 0 && sawBoth && outcome.kind === "kept",
    details: {
      says: sentence(judged, { states, broken, sawBoth, outcome }),
      personalities: countsAsJson(counts),
      judged: judged.map(({ personality }) => personality.name),
      recoveries: outcome.recoveries,
      failure: outcome.kind === "broken" ? outcome.text : null,
    },
  };
}

interface Finding {
  readonly states: number;
  readonly broken: number;
  readonly sawBoth: boolean;
  readonly outcome: MatrixOutcome;
}

function sentence(judged: readonly StateCount[], { states, broken, sawBoth, outcome }: Finding): string {
  if (broken > 0) return `atomicReplace breaks its promise in ${countText(broken)} of ${countText(states)} states`;
  if (!sawBoth) return "the exploration of atomicReplace never came upon both versions, so it proves nothing";
  if (outcome.kind === "broken") return "the clean-up after a crash breaks the promise of atomicReplace";
  const names = judged.map(({ personality }) => personality.name).join(", ");
  return `atomicReplace loses the document in none of ${countText(states)} explored crash states (${names}): old or new before it returns, new after`;
}
