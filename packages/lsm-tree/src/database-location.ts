import { isFsError, openDirectory, type Directory } from "@holdfast/fs-seam";
import { MANIFEST_DIRECTORY } from "./manifest-log.js";

/** The directory of a database: made, with its name durable, where it is to be created and is no database yet. */
export function directoryAt(
  path: string,
  { create, readOnly }: { readonly create: boolean; readonly readOnly: boolean },
): Directory {
  if (!create) return openDirectory(path, { readOnly });
  return databaseAt(path) ?? openDirectory(path, { create });
}

/** Whoever made a manifest here has passed the barrier of this directory's name before, so it is opened without one. */
function databaseAt(path: string): Directory | undefined {
  try {
    const directory = openDirectory(path);
    return directory.exists(MANIFEST_DIRECTORY) ? directory : undefined;
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return undefined;
    throw error;
  }
}
