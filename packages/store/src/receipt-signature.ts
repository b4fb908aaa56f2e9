import { type HashAlgorithm, hashAlgorithms, writeUint64 } from "@holdfast/segment-codec";
import { type EventId, isEventId, parseEventId } from "./event-id.js";
import { checkCount, need } from "./option-checks.js";
import { HASH_BYTES, ID_BYTES } from "./event-layout.js";

/**
 * Receipts that somebody signs: proof, away from the store, that an event is where it is. What is signed are 100 bytes:
 *
 * ```
 *  0 19  "holdfast.receipt/1" 0x00         44  8  revision
 * 19  1  hash algorithm, as in segments    52 16  event id
 * 20 16  log id                            68 32  hash of the event
 * 36  8  sequence
 * ```
 *
 * The hash seals the event with everything before it. Nothing is signed that compaction or retention may change.
 */

const DOMAIN: Uint8Array = new TextEncoder().encode("holdfast.receipt/1\0");
const ALGORITHM_AT: number = DOMAIN.length;
const LOG_ID_AT: number = ALGORITHM_AT + 1;
const SEQUENCE_AT: number = LOG_ID_AT + ID_BYTES;
const REVISION_AT: number = SEQUENCE_AT + 8;
const EVENT_ID_AT: number = REVISION_AT + 8;
const HASH_AT: number = EVENT_ID_AT + ID_BYTES;
const IMAGE_BYTES: number = HASH_AT + HASH_BYTES;

export const RECEIPT_FORMAT = "holdfast.receipt/1";

/** Signs receipts: Ed25519 of `node:crypto`, a key in hardware, whatever answers at once. */
export interface ReceiptSigner {
  /** Names the key to those who verify; 1 to 256 characters. */
  readonly keyId: string;
  /** The signature of `message`, which is borrowed until the call returns. */
  sign(message: Uint8Array): Uint8Array;
}

/** What of an event a receipt states. */
export interface ReceiptFacts {
  /** Place of the event in its store, from 1. */
  readonly sequence: number;
  /** Place of the event in its stream, from 0. */
  readonly revision: number;
  /** Of the event. */
  readonly id: EventId;
  /** Hash of the event, 32 bytes. */
  readonly hash: Uint8Array;
}

/** A receipt with its signature: plain data, to be kept as JSON by whoever wants proof. */
export interface SignedReceipt {
  /** Names the form of receipt. */
  readonly format: typeof RECEIPT_FORMAT;
  /** 32 hexadecimal digits. */
  readonly logId: string;
  /** How the store hashes events. */
  readonly algorithm: Exclude<HashAlgorithm, "none">;
  /** Place of the event in its store, from 1. */
  readonly sequence: number;
  /** Place of the event in its stream, from 0. */
  readonly revision: number;
  /** Of the event. */
  readonly id: EventId;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  /** What the signer calls its key. */
  readonly keyId: string;
  /** In base64url. */
  readonly signature: string;
}

const MAX_KEY_ID_LENGTH = 256;
const MAX_SIGNATURE_BYTES = 1024;

/**
 * Signs that an event of a log is where it is.
 *
 * @throws `StoreError` `STORE_INVALID_OPTION` naming what of the receipt is none, `STORE_INVALID_ID`, and when the signer gives no signature of 1 to 1024 bytes,
 * or names no key. What it throws is passed on.
 */
export function signReceipt(
  logId: Uint8Array,
  algorithm: Exclude<HashAlgorithm, "none">,
  facts: ReceiptFacts,
  signer: ReceiptSigner,
): SignedReceipt {
  need(typeof signer?.sign === "function", "signer", "must have a method sign");
  const { keyId } = signer;
  need(isKeyId(keyId), "keyId", "must have 1 to 256 characters");
  need(logId instanceof Uint8Array && logId.length === ID_BYTES, "logId", "must have 16 bytes");
  need(algorithm === "blake3-256" || algorithm === "sha256", "algorithm", "must be blake3-256 or sha256");
  checkFacts(facts);
  const { sequence, revision, id } = facts;
  const receipt = {
    format: RECEIPT_FORMAT,
    logId: hex(logId),
    algorithm,
    sequence,
    revision,
    id,
    hash: hex(facts.hash),
    keyId,
  } as const;
  const signature = signer.sign(receiptImage(receipt));
  const isSignature =
    signature instanceof Uint8Array && signature.length > 0 && signature.length <= MAX_SIGNATURE_BYTES;
  need(isSignature, "signer", `must give 1 to ${MAX_SIGNATURE_BYTES} bytes`);
  return { ...receipt, signature: Buffer.from(signature).toString("base64url") };
}

/** @throws `StoreError` `STORE_INVALID_OPTION` naming what of the receipt is none, `STORE_INVALID_ID`. */
export function checkFacts(facts: ReceiptFacts): void {
  need(facts?.hash instanceof Uint8Array && facts.hash.length === HASH_BYTES, "hash", "must have 32 bytes");
  checkCount("sequence", facts.sequence);
  checkCount("revision", facts.revision);
  parseEventId(facts.id);
}

/** The bytes that are signed, owned by the caller. */
export function receiptImage(receipt: Omit<SignedReceipt, "signature">): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(image.buffer);
  image.set(DOMAIN);
  image[ALGORITHM_AT] = hashAlgorithms[receipt.algorithm];
  image.set(Buffer.from(receipt.logId, "hex"), LOG_ID_AT);
  writeUint64(view, SEQUENCE_AT, receipt.sequence);
  writeUint64(view, REVISION_AT, receipt.revision);
  image.set(parseEventId(receipt.id), EVENT_ID_AT);
  image.set(Buffer.from(receipt.hash, "hex"), HASH_AT);
  return image;
}

/** The first field of something that is not what a signed receipt has there, or undefined when it is one. */
export function receiptFault(receipt: unknown): keyof SignedReceipt | "receipt" | undefined {
  if (typeof receipt !== "object" || receipt === null) return "receipt";
  for (const [field, holds] of Object.entries(rules)) {
    // The keys of the rules are those of a receipt.
    if (!holds(Reflect.get(receipt, field))) return field as keyof SignedReceipt;
  }
  return undefined;
}

const rules: Readonly<Record<keyof SignedReceipt, (value: unknown) => boolean>> = {
  format: (value) => value === RECEIPT_FORMAT,
  logId: (value) => typeof value === "string" && /^[0-9a-f]{32}$/.test(value),
  algorithm: (value) => value === "blake3-256" || value === "sha256",
  sequence: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  revision: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  id: (value) => typeof value === "string" && isEventId(value),
  hash: (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
  keyId: isKeyId,
  signature: (value) =>
    typeof value === "string" && /^[\w-]+$/.test(value) && value.length <= (MAX_SIGNATURE_BYTES * 4) / 3 + 1,
};

function isKeyId(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_KEY_ID_LENGTH;
}

/** Lower case, as everywhere in a receipt. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
