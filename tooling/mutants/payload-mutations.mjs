// Every check of the payload codec: what may be encoded, and which bytes the decoder may see.
import { codecArea, tests } from "./area.mjs";

export const payloadMutations = codecArea(
  "payload",
  [tests.payload],
  [
    {
      what: "half a surrogate pair is encoded",
      file: "payload-rules.ts",
      find: 'if (loneSurrogate.test(value)) throw refused(path, "a string with half a surrogate pair");',
    },
    {
      what: "any bigint is encoded",
      file: "payload-rules.ts",
      find: "if (value >= BIGINT_LIMIT || value < -BIGINT_LIMIT)",
      put: "if (value >= BIGINT_LIMIT * 2n)",
    },
    {
      what: "nesting has no end",
      file: "payload-rules.ts",
      find: 'if (depthLeft === 0) throw refused(path, "nested too deep, or in itself");',
      put: 'if (depthLeft === -900) throw refused(path, "nested too deep, or in itself");',
    },
    {
      what: "any view is encoded",
      file: "payload-rules.ts",
      find: "if (!plainViews.has(value.constructor)) throw refused(path, `a ${value.constructor.name}`);",
    },
    {
      what: "an invalid Date is encoded",
      file: "payload-rules.ts",
      find: 'if (Number.isNaN(value.getTime())) throw refused(path, "an invalid Date");',
    },
    {
      what: "instances lose their class",
      file: "payload-rules.ts",
      find: "if (prototype !== Object.prototype && prototype !== null) {",
      put: "if (prototype === Map.prototype) {",
    },
    {
      what: "a Map becomes an object",
      file: "payload-rules.ts",
      find: "if (prototype !== Object.prototype && prototype !== null) {",
      put: "if (prototype !== Object.prototype && prototype !== null && prototype !== Map.prototype) {",
    },
    {
      what: "a key may be __proto__",
      file: "payload-rules.ts",
      find: 'if (key === "__proto__") throw refused(`${path}.__proto__`, "a key that would be taken for a prototype");',
    },
    {
      what: "a hole becomes undefined",
      file: "payload-rules.ts",
      find: 'if (value === undefined && !(index in values)) throw refused(`${path}[${index}]`, "a hole in an array");',
    },
    {
      what: "bytes behind the value are ignored",
      file: "payload-check.ts",
      find: 'if (walk.at !== bytes.length) throw malformed("bytes behind the value", walk.at);',
    },
    {
      what: "a key may be __proto__ on the way in",
      file: "payload-check.ts",
      find: 'if (key === "__proto__") throw malformed("a key that would be taken for a prototype", keyAt);',
    },
    {
      what: "a key may come twice",
      file: "payload-check.ts",
      find: "if (seen.has(key)) throw malformed(`the key ${JSON.stringify(key)} twice`, keyAt);",
    },
    {
      what: "depth is not bounded",
      file: "payload-check.ts",
      find: "if (depth >= this.#maxDepth) throw malformed(`nesting deeper than ${this.#maxDepth}`, at);",
    },
    {
      what: "a count is believed",
      file: "payload-check.ts",
      find: 'if (leastBytes > this.#bytes.length - this.at) throw malformed("a count beyond the end", at);',
    },
    {
      what: "a map's count is taken for half of it",
      file: "payload-check.ts",
      find: "this.#enter(count * 2, depth, at);",
      put: "this.#enter(count, depth, at);",
    },
    {
      what: "text is not checked",
      file: "payload-check.ts",
      find: "this.at = start; this.#string(length); return;",
      put: "return;",
    },
    {
      what: "undefined may hold anything",
      file: "payload-check.ts",
      find: "if (length === 1 && first === 0) return;",
      put: "if (length === 1) return;",
    },
    {
      what: "a time may have any length",
      file: "payload-check.ts",
      find: "if (length === 4 || ((length === 8 || length === 12) && this.#isTime(start, length))) return;",
      put: "return;",
    },
    {
      what: "nanoseconds have no bound",
      file: "payload-check.ts",
      find: "if (length === 8) return this.#view.getUint32(at) >>> 2 < 1_000_000_000;",
      put: "if (length === 8) return true;",
    },
    {
      what: "a time may lie outside what Date holds",
      file: "payload-check.ts",
      find: "&& seconds < 8_640_000_000_000n",
    },
    {
      what: "a bigint may have any length",
      file: "payload-check.ts",
      find: "length > 0 && length * 8 <= MAX_BIGINT_BITS + 8",
      put: "length > 0",
    },
    {
      what: "a bigint may have no bytes",
      file: "payload-check.ts",
      find: "length > 0 && length * 8 <= MAX_BIGINT_BITS + 8",
      put: "length * 8 <= MAX_BIGINT_BITS + 8",
    },
    {
      what: "a typed array may hold half an element",
      file: "payload-check.ts",
      find: "(length - 1) % (elementBytes[first] ?? Number.NaN) === 0",
      put: "(elementBytes[first] ?? 0) > 0",
    },
    {
      what: "a length is believed",
      file: "payload-check.ts",
      find: 'if (length > this.#bytes.length - this.at) throw malformed("a length beyond the end", this.at);',
    },
    {
      what: "a long payload is decoded",
      file: "payload-codec.ts",
      find: "if (payload.length > this.#maxPayloadBytes) {",
      put: "if (payload.length > 2 ** 40) {",
    },
    {
      what: "a long payload is encoded",
      file: "payload-codec.ts",
      find: "if (packed.length > this.#maxPayloadBytes) {",
      put: "if (packed.length > 2 ** 40) {",
    },
    {
      what: "bytes are decoded without a look",
      file: "payload-codec.ts",
      find: "checkMessagePack(payload, this.#maxDepth);",
    },
    {
      what: "values are encoded without a look",
      file: "payload-codec.ts",
      find: 'checkEncodable(value, this.#maxDepth, "$");',
    },
    {
      what: "what does not fit is said to fit",
      file: "payload-codec.ts",
      find: "if (packed.length > target.length - start) return -1;",
      put: "if (packed.length > target.length - start) return packed.length;",
    },
    {
      what: "what went elsewhere is not brought back",
      file: "payload-codec.ts",
      find: "if (packed.buffer !== target.buffer || packed.byteOffset !== target.byteOffset + start) target.set(packed, start);",
    },
    {
      what: "encoded bytes are lent",
      file: "payload-codec.ts",
      find: "return Uint8Array.from(this.#pack(value, scratch, 0));",
      put: "return this.#pack(value, scratch, 0);",
    },
    {
      what: "decoded bytes alias the input",
      file: "payload-codec.ts",
      find: "copyBuffers: true,",
      put: "copyBuffers: false,",
    },
    {
      what: "typed arrays are stored as stale memory",
      file: "payload-codec.ts",
      find: "moreTypes: true,",
      put: "moreTypes: false,",
    },
    {
      what: "bigints come back as numbers",
      file: "payload-codec.ts",
      find: 'int64AsType: "bigint",',
      put: 'int64AsType: "number",',
    },
  ],
);
