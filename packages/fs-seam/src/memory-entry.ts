export { type EngineOptions, type SpacePolicy } from "./engine-options.js";
export { MemoryFs, type MemoryFsOptions } from "./memory-fs.js";
export { emptyImage, Image } from "./fs-state.js";
