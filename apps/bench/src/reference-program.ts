import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PeerUnavailable, peerCache, skipPeer } from "./peer-install.js";
import type { AsyncContestant } from "./workload.js";

/**
 * The crates that the packages are measured against with `--reference`: a program in `apps/bench/reference` runs the same workloads with them. It is built
 * by cargo, from the public registry, in the cache of the peers; where there is no cargo, or the build fails, the suite goes on without. Its manifest
 * states each crate exactly.
 */

export interface ReferenceCrate {
  readonly name: string;
  readonly version: string;
}

/** From `src` and from `dist` alike. */
const sources: string = fileURLToPath(new URL("../reference/", import.meta.url));
const target: string = join(peerCache, "reference");
const program: string = join(
  target,
  "release",
  `holdfast-bench-reference${process.platform === "win32" ? ".exe" : ""}`,
);

/** The crate, in the version that the program's manifest states. */
export function referenceCrate(name: string): ReferenceCrate {
  const manifest = readFileSync(join(sources, "Cargo.toml"), "utf8");
  const version = new RegExp(`^${name} = .*"=([^"]+)"`, "m").exec(manifest)?.[1];
  if (version === undefined) throw new Error(`the reference program does not use ${name}`);
  return { name, version };
}

/**
 * Builds what is not built yet, and returns the path of the program.
 *
 * @param cargo - the program to build with.
 * @throws {@link PeerUnavailable} where it cannot be built, noted as a peer that was skipped.
 */
export function builtReference(crate: ReferenceCrate, cargo: string = cargoProgram()): string {
  try {
    build(cargo);
    return program;
  } catch (error) {
    const { reason } = skipPeer(crate.name, crate.version, error);
    throw new PeerUnavailable(`${crate.name} is not built: ${reason}`, { cause: error });
  }
}

function cargoProgram(): string {
  const own = join(homedir(), ".cargo/bin/cargo"); // where rustup puts it, whether it is on the path or not
  return existsSync(own) ? own : "cargo";
}

/** Cargo looks what has to be done; mostly nothing. */
function build(cargo: string): void {
  const failed = join(target, "failed");
  if (existsSync(failed)) throw new Error(readFileSync(failed, "utf8"));
  const { error: missing } = spawnSync(cargo, ["--version"]);
  if (missing !== undefined) throw new Error(`cargo cannot be run: ${missing.message}`, { cause: missing });
  if (!existsSync(program)) process.stderr.write("building the reference crates, which takes minutes ... ");
  const copy = join(target, "sources"); // cargo writes its lockfile beside the manifest
  cpSync(sources, copy, { recursive: true, preserveTimestamps: true });
  const { status, stderr, error } = spawnSync(cargo, ["build", "--release", "--quiet"], {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, CARGO_TARGET_DIR: target },
  });
  if (error !== undefined) throw new Error(`cargo cannot be run: ${error.message}`, { cause: error });
  if (status === 0) return;
  const reason = `cargo ended with ${status ?? "a signal"}: ${stderr.trim().slice(-200).replaceAll("\n", " ")}`;
  // One try a run: every suite asks, each in a process of its own.
  mkdirSync(target, { recursive: true });
  writeFileSync(failed, reason);
  throw new Error(reason);
}

/** Nanoseconds of a turn as the program prints them. Throws unless it did as many operations as it should. */
export function turnNs(output: string, operations: number): number {
  const turn = JSON.parse(output) as { readonly operations?: unknown; readonly ns?: unknown };
  if (turn.operations !== operations) {
    throw new Error(`the reference did ${String(turn.operations)} of ${operations} operations`);
  }
  if (typeof turn.ns !== "number" || !(turn.ns > 0)) throw new Error(`the reference took ${String(turn.ns)} ns`);
  return turn.ns;
}

export interface ReferenceTurn {
  readonly program: string;
  readonly crate: ReferenceCrate;
  /** As `reference/src/main.rs` names it. */
  readonly workload: string;
  readonly count: number;
  /** Operations that the workload makes of `count`; default as many. */
  readonly operations?: number;
}

/** One run of the program, which times itself. */
export function runReference(
  { program: path, workload, count, operations = count }: ReferenceTurn,
  directory: string,
): number {
  const { status, stdout, stderr, error } = spawnSync(path, [workload, directory, String(count)], { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) {
    throw new Error(`the reference ended ${workload} with ${status ?? "a signal"}: ${stderr.slice(-500)}`);
  }
  return turnNs(stdout, operations);
}

/**
 * The reference as a contestant, whose turns are processes of their own.
 *
 * @param directory - gives the directory of a turn, and takes it back.
 */
export function referenceContestant(
  turn: ReferenceTurn,
  directory: () => { readonly path: string; readonly dispose: () => void },
): AsyncContestant {
  return {
    name: `${turn.crate.name} ${turn.crate.version}`,
    operations: turn.operations ?? turn.count,
    async prepare() {
      const { path, dispose } = directory();
      return { run: () => runReference(turn, path), dispose };
    },
  };
}
