import { crc32, peekUint64, writeUint64 } from "@holdfast/segment-codec";
import { ID_BYTES, isSame } from "./event-layout.js";
import { REGION_TAG_BYTES, type Region, regionTag } from "./region.js";
import { StoreError } from "./store-error.js";

/**
 * A token says behind which event a page ended, and of which history and region that is: 45 bytes, in base64url.
 *
 * ```
 *  0  1  version: 1; above it 0x80 where pages go backward
 *  1 16  id of the log                        33  8  first bytes of SHA-256 of the region's identity
 * 17  8  sequence                             41  4  CRC-32 of the bytes before
 * 25  8  first bytes of the event's hash
 * ```
 *
 * Sequences are never given twice and events never change, so a token holds as long as there is the store. One of another store,
 * of another region or of a history that went on differently is refused.
 */

const VERSION = 1;
const BACKWARD = 0x80;
const LOG_ID_AT = 1;
const SEQUENCE_AT: number = LOG_ID_AT + ID_BYTES;
const ANCHOR_AT: number = SEQUENCE_AT + 8;
const ANCHOR_BYTES = 8;
const REGION_AT: number = ANCHOR_AT + ANCHOR_BYTES;
const CRC_AT: number = REGION_AT + REGION_TAG_BYTES;
const TOKEN_BYTES: number = CRC_AT + 4;
const TOKEN_LENGTH = 60;

/** What a token is bound to besides an event. */
export interface PageBinding {
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly region: Region;
  readonly backward: boolean;
}

/** What {@link decodePageToken} finds. */
export interface PageAnchor {
  readonly sequence: number;
  /** The first bytes of the event's hash. */
  readonly anchor: Uint8Array;
}

/** The token of a page that ends with the event of this sequence and hash. */
export function encodePageToken({ logId, region, backward }: PageBinding, sequence: number, hash: Uint8Array): string {
  const token = Buffer.alloc(TOKEN_BYTES);
  const view = viewOf(token);
  token[0] = VERSION | (backward ? BACKWARD : 0);
  token.set(logId, LOG_ID_AT);
  writeUint64(view, SEQUENCE_AT, sequence);
  token.set(hash.subarray(0, ANCHOR_BYTES), ANCHOR_AT);
  token.set(regionTag(region), REGION_AT);
  view.setUint32(CRC_AT, crc32(token, 0, CRC_AT), true);
  return token.toString("base64url");
}

/**
 * Where the page after a token begins: behind the event of `sequence`, which {@link checkAnchor} has to hold against the history.
 *
 * @throws {@link StoreError} `STORE_INVALID_TOKEN` for text that is no token, or one that is bound to something else: `context.field`
 * is `token`, `log`, `region` or `backward`.
 */
export function decodePageToken(text: string, { logId, region, backward }: PageBinding): PageAnchor {
  if (typeof text !== "string" || text.length !== TOKEN_LENGTH) throw refused("token", "is none");
  const token = Buffer.from(text, "base64url");
  const view = viewOf(token);
  // Base64 is read with what does not belong in it left out, so the text has to be the one that the bytes give.
  const isSound = token.length === TOKEN_BYTES && token.toString("base64url") === text;
  if (!isSound || view.getUint32(CRC_AT, true) !== crc32(token, 0, CRC_AT)) throw refused("token", "is none");
  const version = (token[0] ?? 0) & ~BACKWARD;
  if (version !== VERSION) throw refused("token", `is of version ${version}; this program reads ${VERSION}`);
  if (!isSame(token, LOG_ID_AT, logId, 0, ID_BYTES)) throw refused("log", "is of another store");
  if (!isSame(token, REGION_AT, regionTag(region), 0, REGION_TAG_BYTES)) {
    throw refused("region", "is of another region");
  }
  if (((token[0] ?? 0) & BACKWARD) !== (backward ? BACKWARD : 0)) {
    throw refused("backward", "is of the other direction");
  }
  const sequence = peekUint64(view, SEQUENCE_AT);
  if (sequence < 1) throw refused("token", "names no event");
  return { sequence, anchor: token.subarray(ANCHOR_AT, REGION_AT) };
}

/** @throws {@link StoreError} `STORE_INVALID_TOKEN`, field `event`, unless the event with the sequence has this hash. */
export function checkAnchor({ sequence, anchor }: PageAnchor, hash: Uint8Array | undefined): void {
  if (hash !== undefined && isSame(anchor, 0, hash, 0, ANCHOR_BYTES)) return;
  throw refused("event", `names an event ${sequence} that this history does not have`, sequence);
}

function viewOf(token: Buffer): DataView {
  return new DataView(token.buffer, token.byteOffset, token.byteLength);
}

function refused(field: string, why: string, sequence?: number): StoreError {
  return new StoreError("STORE_INVALID_TOKEN", `the page token ${why}`, { field, sequence });
}
