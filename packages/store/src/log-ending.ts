import { WalError } from "@holdfast/wal";
import { StoreError } from "./store-error.js";

/**
 * What a store says where its log was closed, or its signal was aborted, in the middle of something: `STORE_CLOSED` with the log's error as its
 * cause, or `STORE_ABORTED` with the reason of the signal. Any other error as it is.
 */
export function ofStore(error: unknown): unknown {
  if (!(error instanceof WalError)) return error;
  if (error.code === "WAL_CLOSED") return new StoreError("STORE_CLOSED", "the store is closed", {}, { cause: error });
  if (error.code !== "WAL_ABORTED") return error;
  return new StoreError("STORE_ABORTED", "the signal was aborted", {}, { cause: error.cause });
}
