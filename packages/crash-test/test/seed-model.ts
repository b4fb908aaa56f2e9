import { Directory, isFsError, type StoreFs } from "@holdfast/fs-seam";
import { CrashFs, type Image } from "@holdfast/fs-seam/crash";
import { everyNthFault } from "@holdfast/fs-seam/fault";
import type { CrashContext } from "../src/index.js";
import type { Program } from "./protocols/protocol.js";

/**
 * The older simulators whose laws the `seed-*` personalities are. A crash there has one outcome, so their tests fail the
 * n-th call of the program for every n, crash in place, reopen and look; once with that call alone failing, and once
 * with all later ones failing as well.
 */
export type SeedModel = "seed-crashfs" | "seed-simfs";

/**
 * `not expressible`: the program needs a crash of the process alone, which these simulators do not have. `refused`: the
 * program does not run there even when nothing fails, because a file that was renamed cannot be synced.
 */
export type SeedVerdict = "caught" | "missed" | "not expressible" | "refused";

class NoProcessCrash extends Error {}

class SeedFs extends CrashFs {
  override processCrash(): void {
    throw new NoProcessCrash("only power loss is modelled");
  }
}

type Acks = CrashContext["acks"][number][];

export async function seedVerdictOn(program: Program<unknown>, personality: SeedModel): Promise<SeedVerdict> {
  const image = await imageAfterSetup(program);
  for (const repeat of ["once", "onwards"] as const) {
    const acksOf = new Map<StoreFs, Acks>();
    const run = async (fs: Directory["fs"], inner: SeedFs): Promise<void> => {
      const acks: Acks = [];
      acksOf.set(inner, acks);
      const ack = (label: string, data?: unknown): void => void acks.push({ label, data });
      await program.workload(new Directory(fs), { fs: inner, ack });
    };
    try {
      const sweep = await everyNthFault({
        make: () => new SeedFs({ image, personality }),
        repeat,
        run: (fs) => run(fs, fs.inner as SeedFs), // made two lines above
      });
      for (const { inner } of sweep.outcomes) {
        if (await isBroken(program, inner as SeedFs, acksOf.get(inner) ?? [])) return "caught";
      }
    } catch (error) {
      if (error instanceof NoProcessCrash) return "not expressible";
      if (isFsError(error, "FS_NOT_FOUND") && error.operation === "sync") return "refused";
      throw error;
    }
  }
  return "missed";
}

async function imageAfterSetup(program: Program<unknown>): Promise<Image> {
  const fs = new CrashFs();
  await program.setup?.(new Directory(fs), fs);
  return fs.snapshot();
}

async function isBroken(program: Program<unknown>, fs: SeedFs, acks: Acks): Promise<boolean> {
  fs.crash();
  const context: CrashContext = { acks, depth: 0, acked: (label) => acks.some((ack) => ack.label === label) };
  try {
    return (await program.check(await program.recover(new Directory(fs), context), context)) === false;
  } catch {
    return true;
  }
}
