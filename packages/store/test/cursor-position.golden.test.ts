// Positions that another program wrote from the format page, both ways: read, and written again.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeCursorPosition, encodeCursorPosition, inspectCursorPosition } from "../src/cursor-position.js";
import { region } from "../src/index.js";

interface Vector {
  readonly name: string;
  readonly id: string;
  readonly region: string;
  readonly sequence: number;
  readonly hash: string;
  readonly bytes: string;
}

const golden = JSON.parse(readFileSync(new URL("golden/cursor-positions.json", import.meta.url), "utf8")) as {
  readonly sound: readonly Vector[];
  readonly refused: readonly { readonly code: string; readonly field?: string; readonly bytes: string }[];
}; // written by cursor-positions.py beside it
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const file = "cursors/x/position";

test.each(golden.sound)("the position of $name", ({ name, id, region: identity, sequence, hash, bytes }) => {
  const binding = { name, id, region: identity, file };
  const position = { sequence, hash: bytesOf(hash) };
  expect(decodeCursorPosition(bytesOf(bytes), binding)).toEqual(position);
  expect(Buffer.from(encodeCursorPosition(binding, position)).toString("hex")).toBe(bytes);
});

test.each(golden.sound)("what the file of $name says by itself", ({ name, id, sequence, hash, bytes }) => {
  expect(inspectCursorPosition(bytesOf(bytes))).toMatchObject({
    kind: "position",
    version: 1,
    name,
    logId: bytesOf(id),
    position: { sequence, hash: bytesOf(hash) },
  });
});

test("any other byte of a file is damage, and so is any other length", () => {
  const whole = bytesOf(golden.sound[1]?.bytes ?? "");
  for (const [at, byte] of whole.entries()) {
    expect(inspectCursorPosition(whole.with(at, byte ^ 1)).kind, `byte ${at}`).toBe("damaged");
    expect(inspectCursorPosition(whole.subarray(0, at)).kind, `${at} bytes`).toBe("damaged");
  }
});

test.each(golden.refused)("$code $field", ({ code, field, bytes }) => {
  const { id, region: identity } = golden.sound[0] as Vector;
  const reading = (): unknown => decodeCursorPosition(bytesOf(bytes), { name: "mailer", id, region: identity, file });
  const context = field === undefined ? { file } : { file, field };
  expect(reading).toThrow(expect.objectContaining({ code, context: expect.objectContaining(context) }));
});

test("the identity of all events is the one on the page", () => {
  expect(region({}).identity).toBe(golden.sound[0]?.region);
});
