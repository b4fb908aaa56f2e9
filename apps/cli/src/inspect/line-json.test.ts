import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { jsonParts } from "./line-json.js";
import type { Line } from "./line.js";

const whole = (line: Line): string => [...jsonParts("a file", line)].join("");

test("each kind of value has its one spelling", () => {
  const fields = {
    ...{ text: 'say "ö"', big: 2n ** 64n - 1n, less: -(2n ** 63n), small: 7, yes: true, no: null },
    bytes: Uint8Array.of(0, 10, 255),
    none: new Uint8Array(),
    map: new Map([
      ["__proto__", Uint8Array.of(1)],
      ["b.c", new Uint8Array()],
    ]),
    empty: new Map<string, Uint8Array>(),
    object: { nonce: Uint8Array.of(2) },
  };
  const text = whole({ kind: "event", offset: 57, length: 2 ** 53 - 1, fields });
  expect(text).toBe(
    '{"file":"a file","offset":57,"length":9007199254740991,"kind":"event","text":"say \\"ö\\"","big":"18446744073709551615",' +
      '"less":"-9223372036854775808","small":7,"yes":true,"no":null,"bytes":"000aff","none":"","map":{"__proto__":"01","b.c":""},' +
      '"empty":{},"object":{"nonce":"02"}}\n',
  );
});

test("the parts of a long value are short, and together it", () => {
  const payload = Uint8Array.from({ length: 50_001 }, (_, at) => at % 251);
  const hex = Buffer.from(payload).toString("hex");
  const text = "\u{1f600}\u001b".repeat(20_000);
  const extensions = new Map([
    ["a.b", payload],
    [text, Uint8Array.of(1)],
  ]);
  const line = { kind: "event", offset: 0, length: 0, fields: { before: 1, payload, text, extensions, after: 2 } };
  expect(Math.max(...[...jsonParts("f", line)].map(({ length }) => length))).toBeLessThan(0x2_0000);
  const expected = {
    ...{ file: "a file", offset: 0, length: 0, kind: "event", before: 1, payload: hex, text },
    ...{ extensions: { "a.b": hex, [text]: "01" }, after: 2 },
  };
  expect(whole(line).length).toBeGreaterThan(2 * hex.length);
  expect(isDeepStrictEqual(JSON.parse(whole(line)), expected)).toBe(true); // a diff of this would fill a book
});
