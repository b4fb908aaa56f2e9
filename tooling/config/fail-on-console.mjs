// Stray console output fails the test it came from. A test that expects output replaces the method with vi.spyOn.
import { format } from "node:util";
import { afterEach } from "vitest";

let stray = [];

for (const method of ["debug", "error", "info", "log", "trace", "warn"]) {
  console[method] = (...values) => {
    stray.push(`console.${method}: ${format(...values)}`);
  };
}

afterEach(() => {
  const found = stray;
  stray = [];
  if (found.length > 0) throw new Error(`stray console output\n${found.join("\n")}`);
});
