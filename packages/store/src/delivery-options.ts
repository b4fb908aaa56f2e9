import type { CursorStart } from "./cursor-start.js";
import type { ReaderWatermarks } from "./readable-store.js";
import { checkSignal, refused } from "./option-checks.js";

/** What all consumers may be told of how events come to them. */
export interface DeliveryOptions {
  /** Where to begin. */
  readonly from?: CursorStart;
  /** `durable`: only events that a power loss cannot take back. `visible`: as soon as readers see them. */
  readonly until?: keyof ReaderWatermarks;
  /** Goes on with what comes. Otherwise it ends with what is there when it begins. Default true. */
  readonly live?: boolean;
  /** Events of a batch at most. Default 256. */
  readonly batchEvents?: number;
  /** Ends the delivery, without an error. */
  readonly signal?: AbortSignal;
}

export interface ResolvedDelivery {
  readonly until: keyof ReaderWatermarks;
  readonly live: boolean;
  readonly batchEvents: number;
  readonly signal: AbortSignal | undefined;
}

export const deliveryKeys: readonly (keyof DeliveryOptions)[] = ["from", "until", "live", "batchEvents", "signal"];

const DEFAULT_BATCH_EVENTS = 256;
const MAX_BATCH_EVENTS = 1_000_000;

/** Checks what all consumers have in common, and fills in defaults. @throws `STORE_INVALID_OPTION`. */
export function resolveDelivery(
  { until, live = true, batchEvents = DEFAULT_BATCH_EVENTS, signal }: DeliveryOptions,
  defaultUntil: keyof ReaderWatermarks,
): ResolvedDelivery {
  const wanted = until ?? defaultUntil;
  if (wanted !== "visible" && wanted !== "durable") throw refused("until", 'must be "visible" or "durable"');
  if (typeof live !== "boolean") throw refused("live", "must be a boolean");
  checkEvents("batchEvents", batchEvents);
  checkSignal(signal);
  return { until: wanted, live, batchEvents, signal };
}

/** @throws `STORE_INVALID_OPTION` unless it is a number of events that fits into memory. */
export function checkEvents(field: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= MAX_BATCH_EVENTS) return;
  throw refused(field, `must be a whole number from 1 to ${MAX_BATCH_EVENTS}, not ${String(value)}`);
}
