import { readFileSync } from "node:fs";

/** Version of this package, as its manifest has it. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String((manifest as { version: unknown }).version); // our own manifest always has one
}
