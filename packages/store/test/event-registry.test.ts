// What becomes of data on its way to a payload and back, whatever schema, codec and steps do.
import { PayloadCodec } from "@holdfast/segment-codec/payload";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defineEvent, type EventCodec } from "../src/event-definition.js";
import { EventRegistry } from "../src/event-registry.js";
import { type SchemaResult, type StandardSchema, uncheckedSchema } from "../src/standard-schema.js";
import type { UpcastStep } from "../src/upcast.js";

const codec = new PayloadCodec();

function schemaOf<Data>(
  check: (value: unknown) => SchemaResult<Data> | Promise<SchemaResult<Data>>,
): StandardSchema<Data> {
  return { "~standard": { version: 1, vendor: "test", validate: check } };
}

const numbers = schemaOf<number>((value) =>
  typeof value === "number" ? { value } : { issues: [{ message: "no number", path: [{ key: "n" }, 0, Symbol("s")] }] },
);

const refusal = (code: string, field?: string): unknown =>
  expect.objectContaining({
    code,
    ...(field === undefined ? {} : { context: expect.objectContaining({ field }) }),
  });

describe("a definition", () => {
  test("is frozen and complete", () => {
    const counted = defineEvent({ name: "counted", kind: 0x1000, schema: numbers });
    expect(counted).toEqual({
      name: "counted",
      kind: 0x1000,
      version: 1,
      schema: numbers,
      stored: numbers,
      upcast: [],
      codec: undefined,
    });
    expect(Object.isFrozen(counted) && Object.isFrozen(counted.upcast)).toBe(true);
  });

  test.each([0x1000, 0xcfff, 0xe000, 0xffff])("the kind %i is the program's", (kind) => {
    expect(defineEvent({ name: "a", kind }).kind).toBe(kind);
  });

  test.each<[string, object]>([
    ["kind", { kind: 0xfff }],
    ["kind", { kind: 0xd000 }],
    ["kind", { kind: 0xdfff }],
    ["kind", { kind: 0x1_0000 }],
    ["kind", { kind: 4097.5 }],
    ["kind", { kind: "4096" }],
    ["name", { name: "" }],
    ["name", { name: "x".repeat(257) }],
    ["name", { name: 7 }],
    ["version", { version: 0 }],
    ["version", { version: 0x1_0000 }],
    ["version", { version: 1.5 }],
    ["schema", { schema: {} }],
    ["schema", { schema: { "~standard": { version: 2, validate: () => undefined } } }],
    ["schema", { schema: { "~standard": { version: 1 } } }],
    ["schema", { schema: null }],
    ["stored", { stored: 7 }],
    ["upcast", { upcast: [() => 1] }],
    ["upcast", { version: 2 }],
    ["upcast", { version: 2, upcast: "1" }],
    ["upcast", { version: 2, upcast: [1] }],
    ["codec", { codec: { encode: () => new Uint8Array(0) } }],
    ["codec", { codec: null }],
    ["schemas", { schemas: numbers }],
  ])("with a wrong %s is refused by name (%#)", (field, wrong) => {
    expect(() => defineEvent({ name: "a", kind: 0x1000, ...wrong })).toThrow(
      refusal("STORE_INVALID_DEFINITION", field),
    );
  });

  test("needs an object", () => {
    expect(() => defineEvent(null as never)).toThrow(refusal("STORE_INVALID_DEFINITION"));
  });
});

describe("a registry", () => {
  const [a, b] = [defineEvent({ name: "a", kind: 0x1001 }), defineEvent({ name: "b", kind: 0x1002 })];

  test("knows its definitions, in the order of kinds", () => {
    const registry = new EventRegistry([b, a]);
    expect(registry.definitionOf(0x1001)).toBe(a);
    expect(registry.definitionOf(0x1003)).toBe(undefined);
    expect(registry.manifest()).toEqual([
      { name: "a", kind: 0x1001, version: 1 },
      { name: "b", kind: 0x1002, version: 1 },
    ]);
  });

  test("refuses two of one kind, and two of one name", () => {
    expect(() => new EventRegistry([a, defineEvent({ name: "c", kind: 0x1001 })])).toThrow(
      /a and c have the kind 0x1001/,
    );
    expect(() => new EventRegistry([a, defineEvent({ name: "a", kind: 0x1003 })])).toThrow(
      /definitions have the name a$/,
    );
    expect(() => new EventRegistry([a, a])).toThrow(refusal("STORE_INVALID_DEFINITION", "kind"));
  });

  test("encodes nothing that it was not given", () => {
    const twin = defineEvent({ name: "a", kind: 0x1001 });
    expect(() => new EventRegistry([a]).encode(twin, 1)).toThrow(refusal("STORE_UNKNOWN_EVENT"));
    expect(() => new EventRegistry([a]).encode(b as unknown as typeof a, 1)).toThrow(
      /the event b is not one of this store's/,
    );
  });
});

describe("reading", () => {
  const upcast = [(data: number): number => data + 1, (data: number): number => data * 10] as const;
  const counted = defineEvent({ name: "counted", kind: 0x1001, version: 3, schema: numbers, upcast });
  const registry = new EventRegistry([counted]);

  test.each([
    [0, 7],
    [1, 80],
    [2, 70],
    [3, 7],
  ])("a payload of version %i goes through the steps from there on", (version, data) => {
    expect(registry.decode(0x1001, version, codec.encode(7))).toEqual({ kind: "known", definition: counted, data });
  });

  test("a kind nobody declared and a version of the future are told apart from data", () => {
    expect(registry.decode(0x1002, 1, codec.encode(7))).toEqual({ kind: "unknown" });
    expect(registry.decode(0x1001, 4, codec.encode(7))).toEqual({ kind: "newer", definition: counted });
  });

  test("bytes that the codec does not know", () => {
    const reading = registry.decode(0x1001, 3, Uint8Array.of(0xc1));
    expect(reading).toMatchObject({
      kind: "invalid",
      stage: "decode",
      issues: [{ message: expect.stringContaining("begins no value") }],
      cause: { code: "CODEC_PAYLOAD_MALFORMED" },
    });
  });

  test("data that does not validate any more comes with the issues, as plain data", () => {
    expect(registry.decode(0x1001, 3, codec.encode("7"))).toEqual({
      kind: "invalid",
      definition: counted,
      stage: "schema",
      issues: [{ message: "no number", path: ["n", 0, expect.any(Symbol)] }],
      cause: undefined,
    });
  });

  test("a step that throws, whatever it throws", () => {
    const fails: UpcastStep = () => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- as a library may
      throw "no step";
    };
    const odd = defineEvent({ name: "odd", kind: 0x1003, version: 2, upcast: [fails] });
    const reading = new EventRegistry([odd]).decode(0x1003, 1, codec.encode(7));
    expect(reading).toMatchObject({
      kind: "invalid",
      stage: "upcast",
      issues: [{ message: "no step" }],
      cause: "no step",
    });
  });

  test("a schema that throws", () => {
    const cause = new Error("broken schema");
    const broken = schemaOf<number>(() => {
      throw cause;
    });
    const odd = defineEvent({ name: "odd", kind: 0x1003, schema: broken });
    const broke = new EventRegistry([odd]);
    expect(broke.decode(0x1003, 1, codec.encode(7))).toMatchObject({ kind: "invalid", stage: "schema", cause });
    expect(() => broke.encode(odd, 7)).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_DATA", message: expect.stringContaining("broken schema"), cause }),
    );
  });

  test("whatever the bytes and the version, there is an outcome", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 5 }), (payload, version) => {
        const { kind } = registry.decode(0x1001, version, payload);
        expect(version > 3 ? ["newer"] : ["known", "invalid"]).toContain(kind);
      }),
    );
  });
});

describe("an asynchronous schema", () => {
  const rejected = schemaOf<number>(() => Promise.reject(new Error("later")));
  const late = defineEvent({ name: "late", kind: 0x1004, schema: rejected });

  test("is an error at once, in both directions, and leaves nobody a rejection", async () => {
    const registry = new EventRegistry([late]);
    expect(() => registry.encode(late, 7)).toThrow(refusal("STORE_ASYNC_SCHEMA"));
    expect(() => registry.decode(0x1004, 1, codec.encode(7))).toThrow(/the schema of late is asynchronous/);
    await Promise.resolve(); // an unhandled rejection would fail the run
  });
});

describe("codecs", () => {
  const json: EventCodec = {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (payload) => JSON.parse(new TextDecoder().decode(payload)) as unknown,
  };

  test("a definition brings its own, a registry the one for all others", () => {
    const own = defineEvent({ name: "own", kind: 0x1005, schema: numbers, codec: json });
    const other = defineEvent({ name: "other", kind: 0x1006, schema: numbers });
    const hex: EventCodec = {
      encode: (value) => Uint8Array.of(Number(value)),
      decode: (payload) => payload[0],
    };
    const registry = new EventRegistry([own, other], hex);
    expect([...registry.encode(own, 7)]).toEqual([0x37]);
    expect([...registry.encode(other, 7)]).toEqual([7]);
    expect(registry.decode(0x1005, 1, Uint8Array.of(0x38))).toMatchObject({ data: 8 });
    expect(registry.decode(0x1006, 1, Uint8Array.of(0x38))).toMatchObject({ data: 0x38 });
  });

  test("one that loses what the schema asks for is found by the first append, and only looked at then", () => {
    const dates = schemaOf<Date>((value) => (value instanceof Date ? { value } : { issues: [{ message: "no date" }] }));
    const dated = defineEvent({ name: "dated", kind: 0x1007, schema: dates, codec: json });
    const registry = new EventRegistry([dated]);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => registry.encode(dated, new Date(0))).toThrow(/read back, at the stage schema: no date/);
    }
    let decoded = 0;
    const counting: EventCodec = { ...json, decode: (payload) => (decoded++, json.decode(payload)) };
    const counted = defineEvent({ name: "counted", kind: 0x1008, schema: numbers, codec: counting });
    const second = new EventRegistry([counted]);
    for (let attempt = 0; attempt < 3; attempt++) second.encode(counted, attempt);
    expect(decoded).toBe(1);
  });

  test.each<[string, EventCodec["encode"], RegExp]>([
    [
      "throws",
      () => {
        throw new Error("too odd");
      },
      /its codec: too odd/,
    ],
    ["gives text", (() => "text") as unknown as EventCodec["encode"], /no Uint8Array/],
  ])("one that %s is an error of the data", (_what, encode, message) => {
    const odd = defineEvent({ name: "odd", kind: 0x1009, codec: { encode, decode: () => 1 } });
    expect(() => new EventRegistry([odd]).encode(odd, 1)).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_DATA", message: expect.stringMatching(message) }),
    );
  });

  test("what MessagePack cannot hold is refused with the path", () => {
    const anything = defineEvent({ name: "any", kind: 0x100a, schema: uncheckedSchema<object>() });
    expect(() => new EventRegistry([anything]).encode(anything, { a: new Map() })).toThrow(
      expect.objectContaining({
        code: "STORE_INVALID_DATA",
        message: expect.stringContaining("$.a is an instance of Map"),
        cause: expect.objectContaining({ code: "CODEC_PAYLOAD_REFUSED" }),
      }),
    );
  });
});

test("issues are told in one line, three of them at most", () => {
  const many = schemaOf<number>(() => ({
    issues: [1, 2, 3, 4, 5].map((n) => ({ message: `issue ${n}`, path: n === 1 ? undefined : ["a", n] })),
  }));
  const odd = defineEvent({ name: "odd", kind: 0x100b, schema: many });
  expect(() => new EventRegistry([odd]).encode(odd, 1)).toThrow(
    /^the data of odd: issue 1; a\.2: issue 2; a\.3: issue 3; and 2 more$/,
  );
});
