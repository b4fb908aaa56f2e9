import fc from "fast-check";
import { expect, test } from "vitest";
import { NameTable } from "./name-table.js";

const name = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("", "a", "b", "order:7"));

test("names are numbered as they come, once each, and told again", () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 100 }), (names) => {
      const table = new NameTable();
      const model = new Map<string, number>();
      for (const each of names) {
        if (!model.has(each)) {
          expect(table.findText(each)).toBe(-1);
          model.set(each, model.size);
        }
        const around = new TextEncoder().encode(`<${each}>`);
        expect(table.intern(around, 1, around.length - 1)).toBe(model.get(each));
        around.fill(0); // it was copied
      }
      expect(table.count).toBe(model.size);
      for (const [text, number] of model) {
        expect(table.findText(text)).toBe(number);
        expect(table.text(number)).toBe(text);
      }
    }),
  );
});

test("a name lies in one piece, however many there are", () => {
  const table = new NameTable();
  const names = Array.from({ length: 3000 }, (_, index) => `${index}`.padEnd(index % 1025, "x"));
  const numbers = names.map((each) => table.intern(new TextEncoder().encode(each)));
  expect(numbers.map((number) => table.text(number))).toEqual(names);
  const length = names.reduce((sum, each) => sum + each.length, 0);
  expect(table.bytes).toBeLessThan(length * 1.1 + names.length * 60);
});
