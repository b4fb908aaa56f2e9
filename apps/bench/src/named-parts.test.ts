import { describe, expect, test } from "vitest";
import { limitsSuite, suites } from "./all-suites.js";
import { partOptionsOf } from "./command-line.js";
import { partNamed, partsOf, requireReference, suitesNamed } from "./named-parts.js";
import type { Part, PartOptions, Suite } from "./suite.js";

const part = (name: string, more: Partial<Part> = {}): Part => ({ name, measure: () => [], ...more });
const wal: Suite = { name: "wal", parts: [part("append"), part("rust", { isReference: true })] };
const store: Suite = { name: "store", parts: [part("append"), part("read")] };
const both = [wal, store];

describe("suitesNamed", () => {
  test("gives all, or those that are named in that order", () => {
    expect(suitesNamed(both, [])).toEqual(both);
    expect(suitesNamed(both, ["store", "wal"])).toEqual([store, wal]);
    expect(() => suitesNamed(both, ["wall"])).toThrow('no suite "wall"; there is wal, store');
  });
});

describe("partNamed", () => {
  test("finds a part by its name, with the suite where two have one of that name", () => {
    expect(partNamed(both, [], "read")).toBe(store.parts[1]);
    expect(partNamed(both, ["store"], "append")).toBe(store.parts[0]);
    expect(() => partNamed(both, [], "append")).toThrow('wal and store have a part "append": name the suite, too');
    expect(() => partNamed(both, ["wal"], "read")).toThrow('no part "read"; there is append, rust');
  });

  test("every part of every suite has a name of its own within it", () => {
    const all = [...suites, limitsSuite];
    for (const suite of all) {
      for (const each of suite.parts) expect(partNamed(all, [suite.name], each.name)).toBe(each);
    }
  });
});

describe("the reference", () => {
  const options = (reference: boolean): PartOptions => partOptionsOf({ scale: "quick", reference });

  test("is measured where it is asked for, and else is no part of the run", () => {
    expect(partsOf(wal, options(false))).toEqual([wal.parts[0]]);
    expect(partsOf(wal, options(true))).toEqual(wal.parts);
  });

  test("is refused where no suite has one", () => {
    expect(() => requireReference([store])).toThrow("--reference: no crate stands beside store");
    expect(() => requireReference(both)).not.toThrow();
    const having = suites.filter(({ parts }) => parts.some(({ isReference }) => isReference));
    expect(having.map(({ name }) => name)).toEqual(["wal", "store", "lsm-tree"]);
  });
});
