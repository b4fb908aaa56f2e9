import * as fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { defineEvent } from "./event-definition.js";
import {
  isInRegion,
  region,
  type Region,
  type RegionEvents,
  type RegionOptions,
  type RegionRow,
  regionTag,
} from "./region.js";
import { uncheckedSchema } from "./standard-schema.js";

const placed = defineEvent({ name: "placed", kind: 0x1001, schema: uncheckedSchema<{ order: string }>() });
const paid = defineEvent({ name: "paid", kind: 0x1002, schema: uncheckedSchema<{ cents: number }>() });
const sent = defineEvent({ name: "sent", kind: 0x1003, schema: uncheckedSchema<{ by: string }>() });

const row: RegionRow = {
  entity: "order:1",
  scope: "shop",
  kind: 0x1001,
  lane: 0,
  timeUs: 1_700_000_000_000_001,
  sequence: 7,
};

describe("an event is in a region", () => {
  test.each<[RegionOptions, boolean]>([
    [{}, true],
    [{ entity: "order:1" }, true],
    [{ entity: "order:" }, false],
    [{ entity: "order:10" }, false],
    [{ entityPrefix: "order:" }, true],
    [{ entityPrefix: "order:1" }, true],
    [{ entityPrefix: "order:11" }, false],
    [{ entityPrefix: "rder" }, false],
    [{ scope: "shop" }, true],
    [{ scope: "" }, false],
    [{ scope: "sho" }, false],
    [{ kinds: [paid, placed] }, true],
    [{ kinds: [paid] }, false],
    [{ lane: 0 }, true],
    [{ lane: 1 }, false],
    [{ fromTime: 1_700_000_000_000.001 }, true],
    [{ fromTime: 1_700_000_000_000.002 }, false],
    [{ beforeTime: 1_700_000_000_000.001 }, false],
    [{ beforeTime: 1_700_000_000_000.002 }, true],
    [{ fromTime: new Date(1_700_000_000_000), beforeTime: new Date(1_700_000_000_001) }, true],
    [{ fromTime: 0, beforeTime: new Date(1_700_000_000_000) }, false],
    [{ fromSequence: 7 }, true],
    [{ fromSequence: 8 }, false],
    [{ beforeSequence: 7 }, false],
    [{ beforeSequence: 8 }, true],
    [{ entity: "order:1", scope: "shop", kinds: [placed], lane: 0, fromSequence: 1, beforeSequence: 8 }, true],
    [{ entity: "order:1", scope: "shop", kinds: [placed], lane: 0, fromSequence: 1, beforeSequence: 7 }, false],
  ])("of %j: %s", (options, isIn) => {
    expect(isInRegion(region(options), row)).toBe(isIn);
  });

  test("without a scope when that is asked for", () => {
    expect(isInRegion(region({ scope: "" }), { ...row, scope: "" })).toBe(true);
  });

  test("when every one of its restrictions says so, each as if it were alone", () => {
    const options = fc.record(
      {
        entityPrefix: fc.constantFrom("a", "a:1", "b"),
        scope: fc.constantFrom("", "s"),
        kinds: fc.constantFrom([placed], [paid, sent]),
        lane: fc.nat(1),
        fromTime: fc.nat(5),
        beforeTime: fc.nat(5),
        fromSequence: fc.integer({ min: 1, max: 5 }),
        beforeSequence: fc.integer({ min: 1, max: 5 }),
      },
      { requiredKeys: [] },
    );
    const rows = fc.record({
      entity: fc.constantFrom("a", "a:1", "a:10", "b"),
      scope: fc.constantFrom("", "s"),
      kind: fc.constantFrom(0x1001, 0x1002, 0x1003, 0x1004),
      lane: fc.nat(1),
      timeUs: fc.nat(5000),
      sequence: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(options, rows, (given, each) => {
        const alone = Object.entries(given).every(([key, value]) => isInRegion(region({ [key]: value }), each));
        expect(isInRegion(region(given as RegionOptions), each)).toBe(alone);
      }),
    );
  });
});

describe("a region", () => {
  test("says what it asks for, ready to be compared", () => {
    const { filter } = region({
      entity: "\u00e9",
      kinds: [paid, placed, paid],
      fromTime: new Date(5),
      beforeSequence: 9,
    });
    expect(filter).toEqual({
      entity: Uint8Array.of(0xc3, 0xa9),
      entityPrefix: undefined,
      scope: undefined,
      kinds: new Set([0x1001, 0x1002]),
      lane: undefined,
      fromTimeUs: 5000,
      beforeTimeUs: undefined,
      fromSequence: undefined,
      beforeSequence: 9,
    });
  });

  test("rounds moments to microseconds", () => {
    const { filter } = region({ fromTime: 1.0006, beforeTime: 2.0004 });
    expect([filter.fromTimeUs, filter.beforeTimeUs]).toEqual([1001, 2000]);
  });

  test("has one identity, in whatever order and spelling it is said", () => {
    const one = region({ kinds: [paid, placed], entity: "a", fromTime: 5 });
    const other = region({ fromTime: new Date(5), entity: "a", kinds: [placed, paid, placed] });
    expect(one.identity).toBe(other.identity);
    expect(one.identity).toBe('["holdfast.region/1","a",null,null,[4097,4098],null,5000,null,null,null]');
    expect(regionTag(one)).toEqual(regionTag(other));
  });

  test("has another identity than any other one", () => {
    const each = [
      {},
      { entity: "a" },
      { entityPrefix: "a" },
      { scope: "a" },
      { scope: "" },
      { entity: 'a",null' },
      { kinds: [placed] },
      { kinds: [placed, paid] },
      { lane: 0 },
      { lane: 1 },
      { fromTime: 1 },
      { beforeTime: 1 },
      { fromSequence: 1 },
      { beforeSequence: 1 },
      { fromSequence: 1, beforeSequence: 1 },
    ].map((options) => region(options));
    expect(new Set(each.map(({ identity }) => identity)).size).toBe(each.length);
    expect(new Set(each.map((one) => Buffer.from(regionTag(one)).toString("hex"))).size).toBe(each.length);
    expect(regionTag(region()).length).toBe(8);
  });

  test("cannot be changed", () => {
    const one = region({ entity: "a" });
    expect(Object.isFrozen(one) && Object.isFrozen(one.filter)).toBe(true);
  });

  test.each<[string, object]>([
    ["entities", { entities: "a" }],
    ["entityPrefix", { entity: "a", entityPrefix: "a" }],
    ["kinds", { kinds: [] }],
    ["kinds", { kinds: [{}] }],
    ["kinds", { kinds: [undefined] }],
    ["kinds", { kinds: placed }],
    ["fromTime", { fromTime: -1 }],
    ["fromTime", { fromTime: new Date(Number.NaN) }],
    ["beforeTime", { beforeTime: "2024" }],
    ["beforeTime", { beforeTime: 2 ** 53 }],
    ["fromSequence", { fromSequence: 0 }],
    ["beforeSequence", { beforeSequence: 1.5 }],
  ])("with a wrong %s is refused by name (%#)", (field, options) => {
    expect(() => region(options as RegionOptions)).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_OPTION", context: { field } }),
    );
  });

  test.each<[string, RegionOptions]>([
    ["entity", { entity: "" }],
    ["entityPrefix", { entityPrefix: "" }],
    ["scope", { scope: "\n" }],
    ["lane", { lane: -1 }],
  ])("with a %s that is none is refused by name", (field, options) => {
    expect(() => region(options)).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_NAME", context: expect.objectContaining({ field }) }),
    );
  });

  test("needs an object", () => {
    expect(() => region(null as never)).toThrow(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
  });
});

test("a region narrows the types of what is read", () => {
  type All = typeof placed | typeof paid | typeof sent;
  const two = region({ entityPrefix: "order:", kinds: [placed, paid] });
  const all = region({ lane: 0 });
  expectTypeOf(two).toEqualTypeOf<Region<typeof placed | typeof paid>>();
  expectTypeOf<RegionEvents<typeof two, All>>().toEqualTypeOf<typeof placed | typeof paid>();
  expectTypeOf<RegionEvents<typeof all, All>>().toEqualTypeOf<All>();
  expectTypeOf<RegionEvents<typeof two, typeof sent>>().toEqualTypeOf<never>();
  expect(two.filter.kinds?.size).toBe(2);
});
