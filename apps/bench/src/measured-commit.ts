import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a run writes itself, and what nothing measured depends on: a suite that is measured after another is of the same commit. */
const notMeasured = [":(top)", ":(top,exclude)apps/bench/results", ":(top,exclude)*.md"];

/**
 * The commit that is measured, abbreviated, with `-dirty` behind it where files differ from it that are neither results nor pages; null outside a
 * repository.
 *
 * @param directory - within the repository; this program's by default.
 */
export function measuredCommit(directory: string = fileURLToPath(new URL(".", import.meta.url))): string | null {
  const git = (...args: readonly string[]): string | null => {
    const { status, stdout } = spawnSync("git", args, { cwd: directory, encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  };
  const name = git("describe", "--always", "--exclude=*");
  if (name === null) return null;
  return git("status", "--porcelain", "--untracked-files=no", "--", ...notMeasured) === "" ? name : `${name}-dirty`;
}
