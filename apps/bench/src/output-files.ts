import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandLine } from "./command-line.js";
import { htmlPage } from "./page/html-page.js";
import type { RunDocument } from "./run-document.js";

/** The files that a run was asked for, each with what goes into it. */
export type OutputFiles = Pick<CommandLine, "json" | "markdown" | "html">;

/**
 * Throws a sentence where one of the files cannot be written, or two are the same: a run of half an hour must not find that out at its end. Leaves
 * what is there as it is, and no file behind that was not there.
 */
export function requireWritable(files: OutputFiles): void {
  const paths = new Set<string>();
  for (const [option, file] of Object.entries<string | undefined>(files)) {
    if (file === undefined) continue;
    const path = resolve(file);
    if (paths.has(path)) throw new Error(`--${option} names ${file}, which another option names, too`);
    paths.add(path);
    const wasThere = existsSync(path);
    try {
      closeSync(openSync(path, "a"));
    } catch (error) {
      throw new Error(`--${option} cannot be written: ${(error as Error).message}`, { cause: error }); // node:fs throws nothing else
    }
    if (!wasThere) rmSync(path);
  }
}

/**
 * Writes what is known so far into every file; what was written before is replaced. A file that fails keeps none of the others from being written.
 *
 * @returns what failed, a sentence each.
 */
export function writeOutputs(files: OutputFiles, document: RunDocument, reports: readonly string[]): string[] {
  const texts = {
    json: () => `${JSON.stringify(document, null, 2)}\n`,
    markdown: () => reports.join("\n"),
    html: () => htmlPage(document),
  };
  return (Object.keys(texts) as (keyof OutputFiles)[]).flatMap((option) => {
    const path = files[option];
    if (path === undefined) return [];
    try {
      writeFileSync(path, texts[option]());
      return [];
    } catch (error) {
      return [`--${option} was not written: ${(error as Error).message}`]; // node:fs throws nothing else
    }
  });
}
