// Bytes worked out from the grammar by another program, read and written.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FrameEncoder, encodeSegmentHeader, readSegmentHeader, sourceOf } from "../src/index.js";
import { identity, scanFrames } from "./support/segment-builder.js";

const golden = JSON.parse(readFileSync(new URL("golden/format-2.json", import.meta.url), "utf8")) as {
  readonly parts: readonly (readonly [string, string])[];
  readonly chain: number;
}; // written beside this test
const bytes = Uint8Array.from(Buffer.from(golden.parts.map(([, hex]) => hex).join(""), "hex"));
const frames = [
  { payload: [...Buffer.from("hello")], meta: { kind: 1, flags: 0, span: 1 }, lsn: 1001, durableLsn: 1000 },
  { payload: [...Array(16).keys()], meta: { kind: 2, flags: 0x8001, span: 3 }, lsn: 1002, durableLsn: 1001 },
  { payload: [], meta: { kind: 3, flags: 0, span: 0 }, lsn: 1005, durableLsn: 1004 },
  { payload: [255], meta: { kind: 300, flags: 0, span: 1 }, lsn: 1005, durableLsn: 1004 },
];

test("reads", () => {
  const header = readSegmentHeader(sourceOf(bytes));
  expect(header).toMatchObject({ ...identity, hash: "blake3-256" });
  const scan = scanFrames(bytes, header);
  expect(scan.frames.map((frame) => ({ ...frame, payload: [...frame.payload] }))).toEqual(frames);
  expect(scan).toMatchObject({ nextLsn: 1006, chain: golden.chain, end: { kind: "clean" } });
});

test("writes", () => {
  const target = new Uint8Array(bytes.length).fill(0xaa);
  const encoder = new FrameEncoder(encodeSegmentHeader({ ...identity, hash: "blake3-256" }, target));
  let at = 64;
  for (const { payload, meta, durableLsn } of frames) {
    encoder.durableLsn = durableLsn;
    at = encoder.append(target, at, Uint8Array.from(payload), meta);
  }
  expect(Buffer.from(target).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
});
