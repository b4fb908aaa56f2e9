import {
  FRAME_HEADER_BYTES,
  crc32,
  frameBytes,
  frameKinds,
  type FrameEncoder,
  type FrameMeta,
} from "@holdfast/segment-codec";

/**
 * A frame that gives the chain a wanted value. The segment that follows another continues from the chain where that one ends, so a segment
 * that is written again with other bytes has to end with the chain it had: a watermark does it, whose payload is four zeros and
 * four bytes that are solved for.
 *
 * CRC-32 is a shift register without loss: from its last state and the last four bytes follows the state before, and from the two
 * states follow the four bytes. Source of the method: Stigge, Plötz, Müller and Redlich, "Reversing CRC – Theory and Practice", 2006.
 */

const POLYNOMIAL = 0xed_b8_83_20;
const PAYLOAD_BYTES = 8;
/** Where in a frame its chain begins to be computed: the CRC of its header, and what follows. */
const CHAINED_FROM: number = FRAME_HEADER_BYTES - 4;

/** Bytes of the frame. */
export const CHAIN_LINK_BYTES: number = frameBytes(PAYLOAD_BYTES);

/** What appends it: kind, flags and span of the frame. */
export const chainLinkMeta: FrameMeta = { kind: frameKinds.watermark, flags: 0, span: 0 };

/**
 * The payload of a watermark behind which the chain of `encoder`, that has encoded a frame, is `chain`. The frame has to be the next one, and
 * to state as durable what the encoder does.
 */
export function chainLinkPayload(encoder: FrameEncoder, chain: number): Uint8Array {
  const frame = new Uint8Array(CHAIN_LINK_BYTES);
  const { chain: seed } = encoder;
  const takeBack = encoder.mark();
  encoder.append(frame, 0, new Uint8Array(PAYLOAD_BYTES), chainLinkMeta);
  takeBack();
  const before = crc32(frame, CHAINED_FROM, CHAIN_LINK_BYTES - 4, seed);
  const payload = new Uint8Array(PAYLOAD_BYTES);
  new DataView(payload.buffer).setUint32(PAYLOAD_BYTES - 4, fourBytesBetween(before, chain), true);
  return payload;
}

/** The four bytes, as a little-endian word, over which the CRC goes on from `before` to `after`. */
function fourBytesBetween(before: number, after: number): number {
  let state = ~after;
  for (let bit = 0; bit < 32; bit += 1) {
    // The highest bit of a state is set exactly where the step to it took the polynomial away.
    state = state < 0 ? ((state ^ POLYNOMIAL) << 1) | 1 : state << 1;
  }
  return (state ^ ~before) >>> 0;
}
