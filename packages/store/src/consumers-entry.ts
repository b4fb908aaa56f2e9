/**
 * Entry `@holdfast/store/consumers`: who follows the events of a store, on its own account, under a name, live, or to
 * append what follows from them.
 * @packageDocumentation
 */
export { followEvents } from "./event-follower.js";
export type { EventBatch } from "./event-follower.js";
export type { DeliveryOptions } from "./delivery-options.js";
export type { CursorStart } from "./cursor-start.js";
export type { RegionEvent } from "./event-feed.js";
export { NamedCursor, openNamedCursor } from "./named-cursor.js";
export type { AckOptions, AckOutcome, CursorBatch, CursorOpenReport, NamedCursorOptions } from "./named-cursor.js";
export { subscribe, Subscription } from "./subscription.js";
export type { SubscriptionBatch, SubscriptionOptions } from "./subscription.js";
export { REACTOR_METADATA_KEY, runReactor } from "./reactor.js";
export type {
  FailureDecision,
  ReactionFailure,
  ReactionOptions,
  Reactions,
  ReactorOptions,
  ReactorReport,
} from "./reactor.js";
export { StoreError, storeErrorCodes } from "./store-error.js";
export type { StoreErrorCode, StoreErrorContext } from "./store-error.js";
