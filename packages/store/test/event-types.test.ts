// Input types in, output types out, with three schema libraries: tsc is what checks these, and each test also runs.
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineEvent, type EventDefinition, type EventInput, type EventOutput } from "../src/event-definition.js";
import { EventRegistry } from "../src/event-registry.js";
import { uncheckedSchema } from "../src/standard-schema.js";
import { upcastFrom } from "../src/upcast.js";

interface Placed {
  order: string;
  quantity: number;
}

const zodPlaced = defineEvent({
  name: "order.placed",
  kind: 0x1001,
  schema: z.object({ order: z.string(), quantity: z.number().int().positive().default(1) }),
});
const valibotPlaced = defineEvent({
  name: "order.placed",
  kind: 0x1001,
  schema: v.object({ order: v.string(), quantity: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1) }),
});
const arktypePlaced = defineEvent({
  name: "order.placed",
  kind: 0x1001,
  schema: type({ order: "string", quantity: "number.integer > 0 = 1" }),
});

describe.each([
  ["zod", zodPlaced],
  ["valibot", valibotPlaced],
  ["arktype", arktypePlaced],
] as const)("%s", (_library, placed) => {
  test("a default is filled in before anything is stored", () => {
    const registry = new EventRegistry([placed]);
    const reading = registry.decode(0x1001, 1, registry.encode(placed, { order: "a" }));
    expect(reading).toEqual({ kind: "known", definition: placed, data: { order: "a", quantity: 1 } });
  });

  test("what does not pass is refused with the issues of the library", () => {
    const registry = new EventRegistry([placed]);
    const wrong = { order: "a", quantity: 1.5 };
    expect(() => registry.encode(placed, wrong)).toThrow(
      expect.objectContaining({
        code: "STORE_INVALID_DATA",
        message: expect.stringMatching(/^the data of order\.placed: quantity: ./),
        context: { actual: "order.placed", issues: [expect.objectContaining({ message: expect.any(String) })] },
      }),
    );
  });

  test("what was stored and does not pass any more is invalid, with the issues", () => {
    const registry = new EventRegistry([placed]);
    const old = new EventRegistry([defineEvent({ name: "x", kind: 0x1001 })]);
    const stored = old.encode(old.definitionOf(0x1001)!, { order: 7 });
    expect(registry.decode(0x1001, 1, stored)).toMatchObject({ kind: "invalid", stage: "schema", issues: [{}] });
  });
});

test("input and output types are those of the schema", () => {
  expectTypeOf<EventInput<typeof zodPlaced>>().toEqualTypeOf<{ order: string; quantity?: number | undefined }>();
  expectTypeOf<EventOutput<typeof zodPlaced>>().toEqualTypeOf<Placed>();
  expectTypeOf<EventInput<typeof valibotPlaced>>().toEqualTypeOf<{ order: string; quantity?: number | undefined }>();
  expectTypeOf<EventOutput<typeof valibotPlaced>>().toEqualTypeOf<Placed>();
  expectTypeOf<EventInput<typeof arktypePlaced>>().toEqualTypeOf<{ order: string; quantity?: number }>();
  expectTypeOf<EventOutput<typeof arktypePlaced>>().toEqualTypeOf<Placed>();
  expectTypeOf(zodPlaced.name).toEqualTypeOf<"order.placed">();
  expect([zodPlaced, valibotPlaced, arktypePlaced].map(({ version }) => version)).toEqual([1, 1, 1]);
});

test("without a schema data is unknown, and with an unchecked one what the caller says", () => {
  const raw = defineEvent({ name: "raw", kind: 0x1002 });
  const claimed = defineEvent({ name: "claimed", kind: 0x1003, schema: uncheckedSchema<Placed>() });
  expectTypeOf<EventInput<typeof raw>>().toEqualTypeOf<unknown>();
  expectTypeOf<EventOutput<typeof claimed>>().toEqualTypeOf<Placed>();
  const registry = new EventRegistry([raw, claimed]);
  registry.encode(claimed, { order: "a", quantity: 1 });
  // @ts-expect-error a field is missing
  expect(registry.encode(claimed, { order: "a" })).toBeInstanceOf(Uint8Array);
  // @ts-expect-error not one of this registry's definitions
  expect(() => registry.encode(zodPlaced, { order: "a" })).toThrow(
    expect.objectContaining({ code: "STORE_UNKNOWN_EVENT" }),
  );
});

describe("what is stored", () => {
  const toDate = z.object({ at: z.iso.datetime().transform((text) => new Date(text)) });
  const stored = z.object({ at: z.date() });

  test("needs a schema of its own where the schema does not accept what comes out of it", () => {
    const noted = defineEvent({ name: "noted", kind: 0x1004, schema: toDate, stored });
    expectTypeOf<EventInput<typeof noted>>().toEqualTypeOf<{ at: string }>();
    expectTypeOf<EventOutput<typeof noted>>().toEqualTypeOf<{ at: Date }>();
    const registry = new EventRegistry([noted]);
    const payload = registry.encode(noted, { at: "2024-02-03T04:05:06Z" });
    expect(registry.decode(0x1004, 1, payload)).toMatchObject({
      data: { at: new Date(Date.UTC(2024, 1, 3, 4, 5, 6)) },
    });
  });

  test("is refused by the compiler without one, and at the first append", () => {
    // @ts-expect-error what comes out of the schema is not what goes into it
    const noted = defineEvent({ name: "noted", kind: 0x1004, schema: toDate });
    const registry = new EventRegistry([noted]);
    expect(() => registry.encode(noted, { at: "2024-02-03T04:05:06Z" })).toThrow(
      expect.objectContaining({
        code: "STORE_INVALID_DATA",
        message: expect.stringMatching(/read back.*schema: at: /),
      }),
    );
  });
});

describe("upcasts", () => {
  interface First {
    id: number;
  }
  interface Second {
    id: string;
  }
  const schema = z.object({ id: z.string(), tags: z.array(z.string()) });
  const oneToTwo = (data: First): Second => ({ id: `#${data.id}` });
  const twoToThree = (data: Second): z.infer<typeof schema> => ({ ...data, tags: [] });

  test("a chain that fits", () => {
    const tagged = defineEvent({ name: "tagged", kind: 0x1005, version: 3, schema, upcast: [oneToTwo, twoToThree] });
    expectTypeOf<EventOutput<typeof tagged>>().toEqualTypeOf<{ id: string; tags: string[] }>();
    expect(tagged).toMatchObject({ version: 3, upcast: [oneToTwo, twoToThree] });
  });

  const invalid = expect.objectContaining({
    code: "STORE_INVALID_DEFINITION",
    context: expect.objectContaining({ field: "upcast" }),
  });

  test("a step that is written in place knows its types", () => {
    const tagged = defineEvent({
      name: "tagged",
      kind: 0x1005,
      version: 2,
      schema,
      upcast: [upcastFrom(uncheckedSchema<First>(), (first) => ({ id: `#${first.id}`, tags: [] }))],
    });
    expectTypeOf(tagged.upcast.length).toEqualTypeOf<number>();
    const short = defineEvent({
      name: "tagged",
      kind: 0x1005,
      version: 2,
      schema,
      // @ts-expect-error what the step returns has no tags
      upcast: [upcastFrom(uncheckedSchema<First>(), (first) => ({ id: `#${first.id}` }))],
    });
    expect(short).toHaveProperty("version", 2);
  });

  test("a chain that lacks a step, or has one too many", () => {
    // @ts-expect-error version 3 needs two steps
    const lacks = () => defineEvent({ name: "tagged", kind: 0x1005, version: 3, schema, upcast: [twoToThree] });
    // @ts-expect-error version 1 needs none
    const many = () => defineEvent({ name: "tagged", kind: 0x1005, schema, upcast: [twoToThree] });
    const none = () => defineEvent({ name: "tagged", kind: 0x1005, version: 2, schema });
    for (const define of [lacks, many, none]) expect(define).toThrow(invalid);
  });

  test("a chain whose steps do not fit", () => {
    // @ts-expect-error the steps are in the wrong order
    const turned = defineEvent({ name: "tagged", kind: 0x1005, version: 3, schema, upcast: [twoToThree, oneToTwo] });
    const one = (data: First): First => data;
    // @ts-expect-error the last step does not arrive at the schema
    const short = defineEvent({ name: "short", kind: 0x1006, version: 2, schema, upcast: [one] });
    // Types alone could have told.
    expect([turned, short]).toMatchObject([{ version: 3 }, { version: 2 }]);
  });

  test("of a version that is no literal are left to the check at run time", () => {
    const define = (version: number) =>
      defineEvent({ name: "tagged", kind: 0x1005, version, schema, upcast: [oneToTwo] });
    expectTypeOf(define).returns.toExtend<EventDefinition>();
    expect(() => define(3)).toThrow(invalid);
    expect(define(2).version).toBe(2);
  });

  test("a step with a schema of its own does not trust what was stored", () => {
    const checked = upcastFrom(z.object({ id: z.number() }), (data) => ({ id: `#${data.id}`, tags: [] as string[] }));
    expectTypeOf(checked).parameter(0).toEqualTypeOf<{ id: number }>();
    const tagged = defineEvent({ name: "tagged", kind: 0x1005, version: 2, schema, upcast: [checked] });
    const first = defineEvent({ name: "first", kind: 0x1005 });
    const old = new EventRegistry([first]);
    const registry = new EventRegistry([tagged]);
    expect(registry.decode(0x1005, 1, old.encode(first, { id: 7 }))).toMatchObject({ data: { id: "#7", tags: [] } });
    expect(registry.decode(0x1005, 1, old.encode(first, { id: "7" }))).toMatchObject({
      kind: "invalid",
      stage: "upcast",
      issues: [{ path: ["id"] }],
    });
  });
});
