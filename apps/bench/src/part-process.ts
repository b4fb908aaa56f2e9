import { fork } from "node:child_process";
import { markdownTable } from "./markdown-table.js";
import { PartUsage } from "./part-usage.js";
import { PeerUnavailable, skippedPeers } from "./peer-install.js";
import { measuredOf, type Measured, type Part, type PartOptions, type Suite } from "./suite.js";
import type { PartResult } from "./suite-run.js";

/** Each part runs in a process of its own, which is this program once more with `--part`. */

/**
 * Measures one part in a child, started with `--expose-gc`.
 *
 * @param program - path of the program; it has to call {@link measureHere} when it is given `--part`.
 */
export function measureApart(program: string, suite: Suite, part: Part, options: PartOptions): Promise<PartResult> {
  return new Promise((resolve, reject) => {
    let result: PartResult | undefined;
    const scale = Object.entries(options).flatMap(([name, isOn]) => (isOn ? [`--${name}`] : []));
    const child = fork(program, [suite.name, "--part", part.name, ...scale], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("message", (message) => {
      result = message as PartResult; // the child is this program, see measureHere
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`the part ${part.name} of ${suite.name} ended with ${code ?? "a signal"}`));
    });
  });
}

/** Measures a part in this process and sends what it gave to the parent; without a parent, prints its table. */
export async function measureHere(part: Part, options: PartOptions): Promise<void> {
  const usage = await PartUsage.begin(part.name);
  const { rows, curves } = await measureOrSkip(part, options);
  const result: PartResult = { usage: await usage.stop(), rows, curves, skippedPeers: skippedPeers() };
  if (process.send === undefined) process.stdout.write(`${markdownTable(rows)}\n`);
  else process.send(result, () => process.disconnect());
}

/** What the part gives: nothing where a peer that it needs is not to be had, which {@link skippedPeers} names then. */
export async function measureOrSkip(part: Part, options: PartOptions): Promise<Measured> {
  try {
    return measuredOf(await part.measure(options));
  } catch (error) {
    if (error instanceof PeerUnavailable) return { rows: [], curves: [] };
    throw error;
  }
}
