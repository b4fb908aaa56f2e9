import type { ContentHash } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { EventHasher } from "./event-hash.js";
import { formatEventId } from "./event-id.js";
import { EventRecord } from "./event-record.js";
import { checkOptions, need, refused } from "./option-checks.js";
import { hex, receiptFault, receiptImage, type SignedReceipt } from "./receipt-signature.js";
import { sha256 } from "./sha256.js";
import { StoreError } from "./store-error.js";

/** Whether `signature` is one of `message` by some key. Both are borrowed until the call returns. */
export type SignatureCheck = (message: Uint8Array, signature: Uint8Array) => boolean;

/** Which keys are trusted, and what the receipt is held against. */
export interface VerifyReceiptOptions {
  /** The keys that are trusted, by their ids. */
  readonly keys: ReadonlyMap<string, SignatureCheck>;
  /** The event's record, as the log holds it or as retention has left it: shows that the receipt is of this event. */
  readonly record?: Uint8Array;
  /** What hashes the record, in the place of what this package brings; of the algorithm that the receipt names. */
  readonly hash?: ContentHash;
}

/** One thing that is wrong with a receipt. */
export type ReceiptFault =
  /** It is no receipt: the field is missing or is not what it should be. */
  | { readonly kind: "malformed"; readonly field: string }
  /** Signed with a key that nobody trusts. */
  | { readonly kind: "unknown-key"; readonly keyId: string }
  /** The signature is not one of this receipt; `cause` is what the check has thrown, if it has. */
  | { readonly kind: "signature"; readonly cause: unknown }
  /** The record is none; `cause` says why. */
  | { readonly kind: "record"; readonly cause: StoreError }
  /** The receipt is of another event than the record. */
  | { readonly kind: "other-event"; readonly field: "hash" | "id" | "revision" };

/** Whether a receipt holds. */
export type ReceiptVerdict =
  /** Signed by a trusted key. `isOfRecord` says whether a record was given, which is that of the event. */
  | { readonly kind: "valid"; readonly receipt: SignedReceipt; readonly isOfRecord: boolean }
  /** All that was found, one at least. */
  | { readonly kind: "invalid"; readonly faults: readonly ReceiptFault[] };

/**
 * Verifies a receipt without the store that it came from. Whatever is given as receipt or record costs a verdict, in time and memory
 * bounded by its size.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option: unknown, `keys` that is no Map, `record` that is no bytes, or `hash` of another
 * algorithm than the receipt.
 */
export function verifyReceipt(receipt: unknown, options: VerifyReceiptOptions): ReceiptVerdict {
  checkOptions(options, ["keys", "record", "hash"], "a verification of a receipt");
  const { keys, record, hash } = options;
  need(keys instanceof Map, "keys", "must be a Map of key ids");
  need(record === undefined || record instanceof Uint8Array, "record", "must be a Uint8Array");
  const field = receiptFault(receipt);
  if (field !== undefined) return { kind: "invalid", faults: [{ kind: "malformed", field }] };
  const signed = receipt as SignedReceipt; // every field was looked at
  const faults = [
    ...signatureFaults(signed, keys),
    ...(record === undefined ? [] : recordFaults(signed, record, hash)),
  ];
  if (faults.length > 0) return { kind: "invalid", faults };
  return { kind: "valid", receipt: signed, isOfRecord: record !== undefined };
}

function signatureFaults(receipt: SignedReceipt, keys: ReadonlyMap<string, SignatureCheck>): readonly ReceiptFault[] {
  const { keyId, signature } = receipt;
  const check = keys.get(keyId);
  if (check === undefined) return [{ kind: "unknown-key", keyId }];
  try {
    const holds = check(receiptImage(receipt), Uint8Array.from(Buffer.from(signature, "base64url")));
    // Nothing but true: a promise would pass for a yes.
    return (holds as unknown) === true ? [] : [{ kind: "signature", cause: undefined }];
  } catch (cause) {
    return [{ kind: "signature", cause }];
  }
}

function recordFaults(receipt: SignedReceipt, bytes: Uint8Array, given?: ContentHash): readonly ReceiptFault[] {
  const hash = given ?? (receipt.algorithm === "sha256" ? sha256 : blake3);
  if (hash.algorithm !== receipt.algorithm) {
    throw refused("hash", `is of ${hash.algorithm}, the receipt of ${receipt.algorithm}`);
  }
  const record = new EventRecord();
  try {
    record.read(bytes);
  } catch (cause) {
    if (cause instanceof StoreError) return [{ kind: "record", cause }];
    throw cause;
  }
  const hasher = new EventHasher(hash, Buffer.from(receipt.logId, "hex"));
  const found = {
    hash: hex(hasher.hashOf(record, receipt.sequence)),
    id: formatEventId(record.viewId()),
    revision: record.revision,
  };
  return (["hash", "id", "revision"] as const)
    .filter((field) => found[field] !== receipt[field])
    .map((field) => ({ kind: "other-event", field }));
}
