export { formatEventId, idempotencyKey, isEventId, parseEventId } from "./event-id.js";
export type { EventId, IdempotencyKey, Revision, Sequence } from "./event-id.js";
export { LANE_LIMIT, MAX_NAME_BYTES, checkLane, encodeName } from "./event-name.js";
export type { NameField } from "./event-name.js";
export { StoreError, storeErrorCodes } from "./store-error.js";
export type { StoreErrorCode, StoreErrorContext } from "./store-error.js";
