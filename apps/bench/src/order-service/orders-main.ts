import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, parseArgs } from "node:util";
import { Directory, openDirectory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { exploreCrashes, insideRecoveries } from "./crash-session.js";
import { killService, serveUntilKilled } from "./kill-session.js";
import { crashLines, killLines, simLines, timedLines } from "./order-lines.js";
import { simulate } from "./sim-session.js";
import { measureService } from "./timed-session.js";

/** The command `npm run orders`: the order service on one backend, and what is found there. */
const usage = `usage: npm run orders -- [options]

  --backend NAME    real (default): at full speed on this disk, and then ended by kill -9
                    memory: the same in memory, without being killed
                    crash: a short session, and every disk that a power loss may leave of it
                    sim: on a simulated machine whose power fails up to twice, in virtual time; one seed is one output
  --orders N        how many; default 2000, of crash 2, of sim 100
  --seed N          of everything that is left to chance; default 1
  --directory PATH  for real: where, an empty one or one of a run before; made if it is not there. Default: a temporary
                    one, removed at the end
`;

const backends = ["real", "memory", "crash", "sim"] as const;
type Backend = (typeof backends)[number];

interface CommandLine {
  readonly backend: Backend;
  readonly orders: number;
  readonly seed: number;
  readonly directory: string | undefined;
}

/** Events that the service has acknowledged before it is killed, for each order of the session. */
const KILL_AFTER_PER_ORDER = 2;
/** Says that this process is the service that is going to be killed. */
const CHILD = "--serve-until-killed";

/** Throws a sentence for the user when the arguments are wrong; undefined asks for help. */
function readCommandLine(args: readonly string[]): CommandLine | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: "string", default: "real" },
      orders: { type: "string" },
      seed: { type: "string", default: "1" },
      directory: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const backend = backends.find((each) => each === values.backend);
  if (backend === undefined) throw new Error(`--backend must be one of ${backends.join(", ")}, not ${values.backend}`);
  const { directory, seed } = values;
  if (directory !== undefined && backend !== "real") throw new Error("--directory goes with --backend real");
  if (directory === "") throw new Error("--directory must name a directory, and is empty");
  const ordersByDefault = { real: 2000, memory: 2000, crash: 2, sim: 100 };
  const orders = wholeNumber("--orders", values.orders ?? String(ordersByDefault[backend]), 1, 1_000_000);
  return { backend, orders, seed: wholeNumber("--seed", seed, 0, 2 ** 31), directory };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, not ${text}`);
}

const now = (): number => performance.now();

async function run({ backend, orders, seed, directory }: CommandLine): Promise<readonly string[]> {
  switch (backend) {
    case "real":
      return runOnDisk(orders, seed, directory);
    case "memory":
      return timedLines(await measureService({ directory: new Directory(new MemoryFs()), orders, seed, now }));
    case "crash": {
      const began = now();
      const session = await exploreCrashes({ orders, seed });
      const nested = await exploreCrashes({ orders, seed, commands: 2, matrix: insideRecoveries });
      return crashLines({ session, nested, ms: now() - began });
    }
    case "sim":
      return simLines(await simulate({ orders, seed, crashes: 2 }), seed);
  }
}

async function runOnDisk(orders: number, seed: number, given: string | undefined): Promise<readonly string[]> {
  const path = given ?? mkdtempSync(join(tmpdir(), "holdfast-orders-"));
  try {
    const timed = await measureService({ directory: openDirectory(path, { create: true }), orders, seed, now });
    const killAfter = timed.events + orders * KILL_AFTER_PER_ORDER;
    const program = fileURLToPath(import.meta.url);
    const killed = await killService({ path, seed: seed + 1, killAfter, program, leading: [CHILD], now });
    return [...timedLines(timed), ...killLines(killed)];
  } finally {
    if (given === undefined) rmSync(path, { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<void> {
  const [first, path = "", seed = ""] = args;
  if (first === CHILD) await serveUntilKilled(path, Number(seed));
  const command = readCommandLine(args);
  const lines = command === undefined ? [usage] : await run(command);
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** What happened, and what caused it: the message of each error on a line. */
function causesOf(error: unknown): string {
  const messages: string[] = [];
  for (let each = error; each !== undefined; each = each instanceof Error ? each.cause : undefined) {
    messages.push(each instanceof Error ? each.message : inspect(each));
  }
  return messages.join("\n  because: ");
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`orders: ${process.env["DEBUG"] === undefined ? causesOf(error) : inspect(error)}\n`);
  process.exitCode = 1;
}
