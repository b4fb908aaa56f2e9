export { StoreError, storeErrorCodes } from "./store-error.js";
export type { StoreErrorCode, StoreErrorContext } from "./store-error.js";
