// The published suite of abstract-level, unmodified, with the tape that it is written for.
import { createRequire } from "node:module";
import { createHarness } from "tape";

type Suite = (options: { readonly test: unknown; factory(options?: object): object }) => void;

const suite = createRequire(import.meta.url)("abstract-level/test") as Suite;

export interface SuiteResult {
  readonly assertions: number;
  /** What failed. */
  readonly failures: readonly string[];
}

/** Runs the whole suite; `factory` makes a database that nobody else has, not opened. */
export async function runSuite(factory: (options?: object) => object): Promise<SuiteResult> {
  const harness = createHarness();
  const failures: string[] = [];
  let assertions = 0;
  let testName = "";
  const results = harness.createStream({ objectMode: true });
  const done = new Promise<void>((resolve, reject) => {
    results.on("data", (row: { type: string; ok?: boolean; name?: string }) => {
      if (row.type === "test") testName = row.name ?? "";
      if (row.type !== "assert") return;
      assertions += 1;
      if (row.ok !== true) failures.push(`${testName}: ${row.name ?? "no name"}`);
    });
    results.on("end", resolve);
    results.on("error", reject);
  });
  suite({ test: harness, factory });
  await done;
  return { assertions, failures };
}
