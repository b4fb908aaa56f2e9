import { describe, expect, expectTypeOf, test } from "vitest";
import { defineEvent } from "./event-definition.js";
import { defineProjection, type HandlerOptions } from "./projection-definition.js";
import { uncheckedSchema } from "./standard-schema.js";
import type { RawEvent, StoredEvent } from "./stored-event.js";

const Placed = defineEvent({ name: "placed", kind: 0x1001, schema: uncheckedSchema<{ readonly amount: number }>() });
const Paid = defineEvent({ name: "paid", kind: 0x1002, schema: uncheckedSchema<{ readonly by: string }>() });

const total = {
  name: "total",
  version: 1,
  events: [Placed],
  initial: () => 0,
  on: { placed: (state: number, event: { readonly data: { readonly amount: number } }) => state + event.data.amount },
} as const;

/** An event as a store gives it, as far as a projection looks at it. */
function eventOf(fields: Partial<StoredEvent>): StoredEvent {
  return { sequence: 7, revision: 0, kind: 0x1001, version: 1, entity: "a", ...fields } as StoredEvent;
}
const placed = eventOf({ status: "known", name: "placed", data: { amount: 5 } });
const paid = eventOf({ status: "known", kind: 0x1002, name: "paid", data: { by: "ada" } });
const unknown = eventOf({ status: "unknown", kind: 0x1999 });

describe("types", () => {
  test("a handler has the data of its event, and the state of initial", () => {
    const projection = defineProjection({
      name: "types",
      version: 1,
      events: [Placed, Paid],
      initial: () => ({ amount: 0, by: "" }),
      on: {
        placed: (state, event) => {
          expectTypeOf(state).toEqualTypeOf<{ amount: number; by: string }>();
          expectTypeOf(event.data).toEqualTypeOf<{ readonly amount: number }>();
          expectTypeOf(event.name).toEqualTypeOf<"placed">();
          return { ...state, amount: event.data.amount };
        },
        paid: (state, { data }) => ({ ...state, by: data.by }),
      },
      raw: (state, event) => {
        expectTypeOf(event).toEqualTypeOf<RawEvent>();
        return state;
      },
    });
    const after = projection.fold(projection.fold(projection.initial(), placed), paid);
    expect(after).toEqual({ amount: 5, by: "ada" });
    expect(projection.fold(after, unknown)).toBe(after);
  });

  test("apply has the union of the events, known and raw", () => {
    const projection = defineProjection({
      name: "apply",
      version: 1,
      events: [Placed, Paid],
      initial: (): readonly string[] => [],
      apply: (state, event) => {
        if (event.status !== "known") return [...state, event.status];
        expectTypeOf(event.name).toEqualTypeOf<"placed" | "paid">();
        return [...state, event.name === "placed" ? String(event.data.amount) : event.data.by];
      },
    });
    const folded = [placed, unknown, paid].reduce(projection.fold, projection.initial());
    expect(folded).toEqual(["5", "unknown", "ada"]);
  });

  test("apply without events has all of them, with data that nobody vouches for", () => {
    const projection = defineProjection({
      name: "count",
      version: 1,
      initial: () => 0,
      apply: (state, event) => {
        if (event.status === "known") expectTypeOf(event.data).toEqualTypeOf<unknown>();
        return state + 1;
      },
    });
    expect([placed, eventOf({ status: "dropped", kind: 0x1777 }), unknown].reduce(projection.fold, 0)).toBe(3);
  });

  test("what does not fit does not compile", () => {
    const events = [Placed, Paid];
    const placedOnly = { placed: (state: number): number => state };
    // @ts-expect-error a handler is missing
    expect(() => defineProjection({ name: "x", version: 1, events, initial: () => 0, on: placedOnly })).toThrow(
      "a handler for paid",
    );
    const text = { placed: (): string => "text" };
    // @ts-expect-error the state is a number
    const wrong = defineProjection({ name: "x", version: 1, events: [Placed], initial: () => 0, on: text });
    expect(wrong.version).toBe(1);
  });
});

describe("events that cannot be read", () => {
  const raws = [
    unknown,
    eventOf({ status: "newer", version: 2 }),
    eventOf({ status: "invalid" }),
    eventOf({ status: "dropped" }),
  ];

  test.each(raws)("$status is refused unless the projection says otherwise", (event) => {
    const refusing = defineProjection(total);
    expect(() => refusing.fold(3, event)).toThrow(
      expect.objectContaining({
        code: "STORE_UNREADABLE",
        context: { sequence: 7, field: "raw", actual: event.status },
      }),
    );
    expect(defineProjection({ ...total, raw: "ignore" }).fold(3, event)).toBe(3);
    expect(defineProjection({ ...total, raw: (state, raw) => state * 100 + raw.sequence }).fold(3, event)).toBe(307);
  });

  test("events of other definitions are none of its own, readable or not", () => {
    const refusing = defineProjection(total);
    for (const status of ["newer", "invalid", "dropped"] as const) {
      expect(refusing.fold(3, eventOf({ status, kind: 0x1002 }))).toBe(3);
    }
    expect(refusing.fold(3, paid)).toBe(3);
  });

  test("a kind that the store calls by another name is an error, and not an event less", () => {
    const renamed = eventOf({ status: "known", name: "put", data: { amount: 5 } });
    expect(() => defineProjection(total).fold(0, renamed)).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_DEFINITION", context: { field: "events" } }),
    );
  });
});

describe("refusals", () => {
  test.each<[string, Record<string, unknown>]>([
    ["name", { name: "" }],
    ["name", { name: "x".repeat(257) }],
    ["version", { version: 0 }],
    ["version", { version: 1.5 }],
    ["version", { version: 2 ** 32 }],
    ["initial", { initial: 0 }],
    ["events", { events: Placed }],
    ["events", { events: [Placed, Placed] }],
    ["events", { events: [{}] }],
    ["on", { on: undefined }],
    ["on", { on: { placed: 1 } }],
    ["on", { on: { ...total.on, paid: total.on.placed } }],
    ["raw", { raw: "drop" }],
    ["schema", { schema: {} }],
    ["codec", { codec: { encode: () => new Uint8Array() } }],
    ["handlers", { handlers: {} }],
    ["on", { apply: () => 0 }],
  ])("%s is named", (field, wrong) => {
    const options = { ...total, ...wrong } as unknown as HandlerOptions<number, typeof Placed>;
    expect(() => defineProjection(options)).toThrow(
      expect.objectContaining({ code: "STORE_INVALID_DEFINITION", context: { field } }),
    );
  });

  test("apply must be a function, and options an object", () => {
    const { on: _, ...rest } = total;
    const invalid = expect.objectContaining({ code: "STORE_INVALID_DEFINITION" });
    expect(() => defineProjection({ ...rest, apply: 1 as never })).toThrow(invalid);
    expect(() => defineProjection(null as never)).toThrow(invalid);
  });

  test("a projection is frozen, and bounds are inclusive", () => {
    const projection = defineProjection({ ...total, name: "x".repeat(256), version: 2 ** 32 - 1 });
    expect(Object.isFrozen(projection)).toBe(true);
  });
});
