import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A directory that is gone when the test ends. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-cli-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }));
  return directory;
}

/** A built program of this package. */
export function built(name: "main" | "append-child" | "orders-child" | "database-child" | "module-child"): string {
  const path = fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
  if (!existsSync(path)) throw new Error(`dist/${name}.js is missing: run \`pnpm build\` first`);
  return path;
}

/** The command as a checkout or an install starts it; needs a build. */
export function command(): string {
  built("main");
  return fileURLToPath(new URL("../bin/holdfast.js", import.meta.url));
}
