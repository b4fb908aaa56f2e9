/** Entry `@holdfast/store/projections`: states folded from the events of a store. @packageDocumentation */
export { defineProjection } from "./projection-definition.js";
export type {
  ApplyOptions,
  EventHandlers,
  HandlerOptions,
  Projection,
  ProjectionIdentity,
  RawChoice,
} from "./projection-definition.js";
export { directoryCache } from "./directory-cache.js";
export { memoryCache } from "./memory-cache.js";
export type { CacheBounds, ProjectionCache } from "./projection-cache.js";
export type { ProjectionStats, RowMiss, RowReading, RowWriting } from "./projection-rows.js";
export type { Projected } from "./projection-run.js";
export type { ProjectionTarget } from "./projection-target.js";
export { Projector } from "./projector.js";
export type { ProjectAsyncOptions, ProjectOptions, ProjectorOptions, WatchOptions } from "./projector-options.js";
