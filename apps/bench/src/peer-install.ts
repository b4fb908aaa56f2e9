import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SkippedPeer } from "./run-document.js";

/**
 * Peers whose install compiles or downloads something. No install of this repository may do that, so they are fetched by npm when a
 * suite wants them, into node_modules/.cache/peers, outside the lockfile; where that fails, the suite goes on without them, and says so.
 */

/** From `src` and from `dist` alike. */
export const peerCache: string = fileURLToPath(new URL("../node_modules/.cache/peers/", import.meta.url));
const manifest: URL = new URL("../package.json", import.meta.url);

const skipped = new Map<string, SkippedPeer>();

/** Those that this process went on without. */
export function skippedPeers(): SkippedPeer[] {
  return [...skipped.values()];
}

/** Lets the next run try again what did not install in an earlier one. */
export function forgetFailedInstalls(): void {
  if (!existsSync(peerCache)) return;
  for (const peer of readdirSync(peerCache)) rmSync(join(peerCache, peer, "failed"), { force: true });
}

/**
 * What the package exports to CommonJS; undefined, with the reason on stderr and in the report, where it cannot be installed or does not load.
 *
 * @param beside - versions of what it asks for without saying which.
 */
export function installedPeer(name: string, version: string, beside: Readonly<Record<string, string>> = {}): unknown {
  const directory = join(peerCache, `${name.replaceAll("/", "+")}@${version}`);
  const failed = join(directory, "failed");
  try {
    if (existsSync(failed)) throw new Error(readFileSync(failed, "utf8"));
    if (!existsSync(join(directory, "node_modules", name))) install(directory, { ...beside, [name]: version });
    return createRequire(join(directory, "package.json"))(name);
  } catch (error) {
    const { reason } = skipPeer(name, version, error);
    // One try a run: every part of a suite asks, each in a process of its own.
    if (existsSync(directory)) writeFileSync(failed, reason);
    return undefined;
  }
}

/** A part needs a peer that is not to be had here: it gives no rows, and the run goes on. */
export class PeerUnavailable extends Error {}

/** A peer that is a dependency of this program, which has no binary for every platform. Throws {@link PeerUnavailable} where it does not load. */
export async function boundPeer<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as { dependencies: Record<string, string> };
    const { reason } = skipPeer(name, dependencies[name] ?? "", error);
    throw new PeerUnavailable(`${name} does not load: ${reason}`, { cause: error });
  }
}

/** Notes that a suite goes on without a peer. Its rows are missing then, and the report names it. */
export function skipPeer(name: string, version: string, error: unknown): SkippedPeer {
  const [reason = ""] = (error as Error).message.split("\n"); // npm, require and import throw nothing else
  const peer = { name, version, reason };
  if (!skipped.has(name)) {
    process.stderr.write(`bench: without ${name}, which does not install or load here (${reason})\n`);
  }
  skipped.set(name, peer);
  return peer;
}

function install(directory: string, dependencies: Readonly<Record<string, string>>): void {
  const names = Object.entries(dependencies).map((each) => each.join("@"));
  process.stderr.write(`bench: installing ${names.join(" and ")}, which may have to be compiled ... `);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true, dependencies }));
  const { error, status, stderr } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: directory,
    encoding: "utf8",
    env: { ...process.env, ...headersOfNode() },
  });
  process.stderr.write(status === 0 ? "done\n" : "failed\n");
  if (error !== undefined) throw error; // there is no npm
  if (status !== 0) throw new Error(`npm ended with ${status ?? "a signal"}: ${stderr.trim().slice(-200)}`);
}

/** Where Node's own headers lie beside it, nothing has to be downloaded to compile against them. */
function headersOfNode(): Record<string, string> {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};
}
