import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";

/** A line of `--json`, parsed. */
export interface JsonLine {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly kind: string;
  readonly [field: string]: unknown;
}

export interface Inspected {
  readonly code: number;
  readonly lines: readonly JsonLine[];
  readonly err: string;
}

/** Runs `holdfast COMMAND PATH --json` in this process. */
export async function inspected(command: "dump" | "verify", path: string): Promise<Inspected> {
  const io = capturedIo();
  const code = await runCommandLine([command, path, "--json"], io);
  return { code, lines: parseLines(io.out()), err: io.err() };
}

export function parseLines(text: string): JsonLine[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JsonLine); // what it has is what the tests look at
}

/** Throws unless the regions of a file follow one another from its beginning to its end. */
export function demandTiling(regions: readonly JsonLine[], sizeBytes: number): void {
  let end = 0;
  for (const { offset, length } of regions) {
    if (offset !== end) throw new Error(`a region begins at ${offset}, the one before ends at ${end}`);
    end += length;
  }
  if (end !== sizeBytes) throw new Error(`the regions end at ${end}, the file at ${sizeBytes}`);
}
