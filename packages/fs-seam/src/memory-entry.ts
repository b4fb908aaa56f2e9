/**
 * Entry `@holdfast/fs-seam/memory`: a file system in memory without a failure model, for fast tests.
 * @packageDocumentation
 */
export { type EngineOptions, type SpacePolicy } from "./engine-options.js";
export { MemoryFs, type MemoryFsOptions } from "./memory-fs.js";
export { emptyImage, Image } from "./fs-state.js";
