import type { ContentHash } from "@holdfast/segment-codec";
import { ID_BYTES } from "./event-layout.js";
import { StoreError } from "./store-error.js";

/**
 * Ids of events: 16 bytes, in text as 32 hexadecimal digits with dashes, as UUIDs are written. Bytes, text and UUIDs of version 7
 * have one order. A UUID of version 7 is milliseconds since 1970 and random bits (RFC 9562); the id of an event with an idempotency key follows
 * from the key alone.
 */

declare const brand: unique symbol;

/** The id of an event: lower case, with dashes. `parseEventId` checks a text and gives the bytes. */
export type EventId = string & { readonly [brand]: "EventId" };
/** An event's place in the order of the store, from 1. */
export type Sequence = number & { readonly [brand]: "Sequence" };
/** An event's place in the stream of its entity and lane, from 0. */
export type Revision = number & { readonly [brand]: "Revision" };

/** What makes a repeated write known as one: text, compared by its UTF-8, or 1 to 1024 bytes. */
export type IdempotencyKey = string | Uint8Array;

/** Bytes of the longest idempotency key. */
const MAX_KEY_BYTES = 1024;

const KEY_DOMAIN: Uint8Array = new TextEncoder().encode("holdfast.key/1\0");
const TEXT_LENGTH = 36;
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const loneSurrogate = /\p{Surrogate}/u;

/** Codes of the two digits of every byte. */
const digits: Uint8Array = Uint8Array.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""),
  (digit) => digit.charCodeAt(0),
);
const DASH = 0x2d;
/** Where the text of an id is put together: one string at once costs half of what pieces of it do. */
const codes: Buffer = Buffer.alloc(TEXT_LENGTH);

/** The text of the id in `bytes[start, start + 16)`. @throws {@link StoreError} `STORE_INVALID_ID` where there are no 16 bytes. */
export function formatEventId(bytes: Uint8Array, start = 0): EventId {
  if (!(bytes instanceof Uint8Array && start >>> 0 === start && start + ID_BYTES <= bytes.length)) {
    throw wrongId("has 16 bytes", "bytes");
  }
  for (let [at, to] = [0, 0]; at < ID_BYTES; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) codes[to++] = DASH;
    const digit = (bytes[start + at] ?? 0) * 2;
    codes[to++] = digits[digit]!; // two for every byte
    codes[to++] = digits[digit + 1]!;
  }
  return codes.toString("latin1") as EventId; // the one place that makes them from bytes
}

/** Whether a text is the id of an event, as {@link formatEventId} writes it. */
export function isEventId(text: string): text is EventId {
  return typeof text === "string" && text.length === TEXT_LENGTH && pattern.test(text);
}

/**
 * The 16 bytes of an id, owned by the caller.
 *
 * @throws {@link StoreError} `STORE_INVALID_ID` unless it is spelled as {@link formatEventId} does.
 */
export function parseEventId(text: string): Uint8Array {
  if (!isEventId(text)) {
    throw wrongId("is 32 digits of 0 to 9 and a to f, in groups of 8, 4, 4, 4 and 12", "id", String(text).slice(0, 64));
  }
  return Uint8Array.from(Buffer.from(text.replaceAll("-", ""), "hex"));
}

/**
 * The id of the event in place `index`, from 0, of a commit with an idempotency key: 16 bytes, owned by the caller.
 *
 * @throws {@link StoreError} `STORE_INVALID_ID` for a key that is empty, has over 1024 bytes or half a surrogate pair.
 */
export function keyedEventId(hash: ContentHash, key: IdempotencyKey, index: number): Uint8Array {
  const bytes = keyBytes(key);
  const image = new Uint8Array(KEY_DOMAIN.length + 4 + bytes.length);
  image.set(KEY_DOMAIN);
  new DataView(image.buffer).setUint32(KEY_DOMAIN.length, index, true);
  image.set(bytes, KEY_DOMAIN.length + 4);
  return hash.hash(image).slice(0, ID_BYTES);
}

/**
 * One key of several parts, such that no two lists of parts give the same key: `idempotencyKey("order.place", orderId, attempt)`.
 *
 * @throws {@link StoreError} `STORE_INVALID_ID` without parts, and for a part that is neither text nor a finite number.
 */
export function idempotencyKey(...parts: readonly (string | number)[]): string {
  if (parts.length === 0) throw wrongKey("is made of one part at least");
  for (const part of parts) {
    if (typeof part !== "string" && !Number.isFinite(part)) throw wrongKey("is made of strings and finite numbers");
  }
  return JSON.stringify(parts);
}

function keyBytes(key: IdempotencyKey): Uint8Array {
  if (typeof key === "string" && loneSurrogate.test(key)) throw wrongKey("has half a surrogate pair");
  const bytes = typeof key === "string" ? new TextEncoder().encode(key) : key;
  if (!(bytes instanceof Uint8Array)) throw wrongKey("must be a string or a Uint8Array");
  if (bytes.length === 0) throw wrongKey("is empty");
  if (bytes.length > MAX_KEY_BYTES) throw wrongKey(`has over ${MAX_KEY_BYTES} bytes`);
  return bytes;
}

function wrongId(why: string, field: string, actual?: string): StoreError {
  return new StoreError("STORE_INVALID_ID", `an event id ${why}`, { field, actual });
}

function wrongKey(why: string): StoreError {
  return new StoreError("STORE_INVALID_ID", `an idempotency key ${why}`, { field: "key", expected: MAX_KEY_BYTES });
}
