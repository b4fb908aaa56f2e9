import { FsError } from "./fs-error.js";
import { btrfs, ext4NoAuto, ext4Ordered, xfs } from "./kernel-personalities.js";
import { posix, seedCrashFs, seedSimFs, strict, type Personality } from "./personality.js";

/** Personalities by name, in the order reports use. */
export const personalities: readonly Personality[] = [
  posix,
  strict,
  ext4Ordered,
  ext4NoAuto,
  xfs,
  btrfs,
  seedCrashFs,
  seedSimFs,
];

/** The personality of that name, or the object itself. */
export function personalityOf(nameOrData: string | Personality): Personality {
  if (typeof nameOrData !== "string") return checked(nameOrData);
  const found = personalities.find(({ name }) => name === nameOrData);
  if (found !== undefined) return found;
  const known = personalities.map(({ name }) => name).join(", ");
  throw new FsError("FS_INVALID_ARGUMENT", `mount: no personality ${JSON.stringify(nameOrData)}; known: ${known}`, {
    operation: "mount",
  });
}

function checked(personality: Personality): Personality {
  if (personality.law !== "effects" || personality.handles.crash === "die") return personality;
  const why = "handles can survive a crash only under a path law";
  throw new FsError("FS_INVALID_ARGUMENT", `mount: personality ${personality.name}: ${why}`, { operation: "mount" });
}
