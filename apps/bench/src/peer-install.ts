import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Peers whose install compiles or downloads something. No install of this repository may do that, so they are fetched by npm when a
 * suite wants them, into node_modules/.cache, outside the lockfile; where that fails, the suite goes on without them, and says so.
 */

/** From `src` and from `dist` alike. */
const cache: string = fileURLToPath(new URL("../node_modules/.cache/peers/", import.meta.url));

/**
 * What the package exports to CommonJS; undefined, said on stderr with the reason, where it cannot be installed or does not load.
 *
 * @param beside - versions of what it asks for without saying which.
 */
export function installedPeer(name: string, version: string, beside: Readonly<Record<string, string>> = {}): unknown {
  const directory = join(cache, `${name.replaceAll("/", "+")}@${version}`);
  const failed = join(directory, "failed");
  try {
    if (existsSync(failed)) throw new Error(readFileSync(failed, "utf8"));
    if (!existsSync(join(directory, "node_modules", name))) install(directory, { ...beside, [name]: version });
    return createRequire(join(directory, "package.json"))(name);
  } catch (error) {
    const [reason = ""] = (error as Error).message.split("\n"); // npm and require throw nothing else
    // One try a machine: every part of a suite asks, each in a process of its own.
    if (existsSync(directory)) writeFileSync(failed, reason);
    process.stderr.write(`bench: without ${name}, which does not install or load here (${reason}); see ${directory}\n`);
    return undefined;
  }
}

function install(directory: string, dependencies: Readonly<Record<string, string>>): void {
  const names = Object.entries(dependencies).map((each) => each.join("@"));
  process.stderr.write(`bench: installing ${names.join(" and ")}, which may have to be compiled ... `);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true, dependencies }));
  const { status, stderr } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: directory,
    encoding: "utf8",
    env: { ...process.env, ...headersOfNode() },
  });
  process.stderr.write(status === 0 ? "done\n" : "failed\n");
  if (status !== 0) throw new Error(`npm ended with ${status ?? "a signal"}: ${stderr.trim().slice(-200)}`);
}

/** Where Node's own headers lie beside it, nothing has to be downloaded to compile against them. */
function headersOfNode(): Record<string, string> {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};
}
