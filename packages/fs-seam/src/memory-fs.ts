import { checkEngineOptions, type EngineOptions } from "./engine-options.js";
import { EngineFs } from "./engine-fs.js";
import type { Image } from "./fs-state.js";

export interface MemoryFsOptions extends EngineOptions {
  /** Tree to start from; mounted in O(1) and never changed. Default: an empty root directory. */
  readonly image?: Image;
}

/**
 * A complete file system in memory, without a failure model: the fast default for tests. Barriers succeed and mean
 * nothing; to see what a power loss does, use `CrashFs`.
 */
export class MemoryFs extends EngineFs {
  /** Names the kind of file system. */
  readonly backend = "memory";

  constructor(options: MemoryFsOptions = {}) {
    checkEngineOptions(options, ["image"]);
    super(options.image, options);
  }

  /** An immutable copy of the whole tree; O(1). */
  snapshot(): Image {
    return this.freezeTree();
  }
}
