import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ModuleVerdict } from "../module/judge-module.js";
import { defaultDeadlineMs, judgeInChild } from "../module/module-process.js";
import { tableLines } from "../terminal.js";
import type { Claim, TourContext, TourStep } from "./tour-step.js";

/** The naive save once more, as a user has it: a module that knows nothing of us. */
const naiveModule = `import { readFileSync, renameSync, writeFileSync } from "node:fs";

export function save(path, bytes) {
  writeFileSync(path + ".tmp", bytes);
  renameSync(path + ".tmp", path);
}

export const load = (path) => readFileSync(path);
`;

/**
 * Shows that the same is found in code that was never written for this, and how to look at one's own.
 *
 * @param program - host path of the program that judges; default the one built beside this one.
 */
export function ownModuleStep(source: string = naiveModule, program?: string): TourStep {
  return {
    title: "Crash-test a module that was written against node:fs",
    async run(context) {
      const directory = join(context.directory, "own-module");
      mkdirSync(directory);
      const module = join(directory, "naive-save.mjs");
      writeFileSync(module, source);
      context.say(
        "The same save in a module of its own: writeFileSync, renameSync. Unmodified, in a process of its own.",
      );
      const heard = (text: string): void => context.progress(text.trimEnd());
      const { cleanup } = context;
      const options = { module, deadlineMs: defaultDeadlineMs, cleanup, heard };
      const outcome = await judgeInChild(program === undefined ? options : { ...options, program });
      if (outcome.kind === "refused") return [claim(false, `the module could not be judged: ${outcome.why}`, [])];
      tell(context, outcome.verdicts);
      const lost = outcome.verdicts.filter(({ verdict }) => verdict === "loses").map(({ personality }) => personality);
      const ok = lost.length === outcome.verdicts.length && lost.length > 0;
      const says = ok
        ? `the naive save written against node:fs loses the document under ${lost.join(", ")}`
        : "the naive save written against node:fs was not found to lose the document everywhere";
      return [claim(ok, says, outcome.verdicts)];
    },
  };
}

function tell({ say, paint }: TourContext, verdicts: readonly ModuleVerdict[]): void {
  const rows = verdicts.map(({ personality, verdict }) => [personality, verdict]);
  tableLines([["file system", "verdict"], ...rows]).forEach((line, at) =>
    say(`  ${at === 0 ? paint.dim(line) : line}`),
  );
  say(
    "Your own: npm start -- --module PATH, with save(path, bytes) and load(path). It writes a page to look at as well.",
  );
}

function claim(ok: boolean, says: string, verdicts: readonly ModuleVerdict[]): Claim {
  const found = verdicts.map(({ personality, verdict }) => ({ personality, verdict }));
  return { name: "naive-module-loses-the-document", ok, details: { says, verdicts: found } };
}
