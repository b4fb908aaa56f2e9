import { expect, test } from "vitest";
import * as at from "./frame-layout.js";

// The searches for headers and the padding rely on these: a layout that is edited in one place only is none.
test("the places of format 2 agree with each other", () => {
  expect(at.SEGMENT_CRC + 4).toBe(at.SEGMENT_HEADER_BYTES);
  expect(at.FRAME_CRC + 4).toBe(at.FRAME_HEADER_BYTES);
  expect(at.SEGMENT_HEADER_BYTES % at.FRAME_ALIGNMENT).toBe(0);
  expect(at.FRAME_HEADER_BYTES % at.FRAME_ALIGNMENT).toBe(0);
  expect([at.IDENTITY_START, at.IDENTITY_END]).toEqual([at.SEGMENT_NONCE, at.SEGMENT_BASE_LSN]);
  expect(at.IDENTITY_END - at.IDENTITY_START).toBe(4 + at.LOG_ID_BYTES + 8); // nonce, log id and segment id
});

test.each([
  [0, 32],
  [1, 40],
  [8, 40],
  [9, 48],
  [128, 160],
  [0x1000_0000, 0x1000_0020],
])("a payload of %d bytes makes a frame of %d", (payloadBytes, expected) => {
  expect(at.frameBytes(payloadBytes)).toBe(expected);
});
