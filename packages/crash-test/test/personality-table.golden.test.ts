import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { personalityTables } from "./personality-table.js";

test("docs/personalities.md shows the rules as they are; UPDATE_TABLE=1 rewrites it", () => {
  const file = new URL("../../../docs/personalities.md", import.meta.url);
  const page = readFileSync(file, "utf8");
  const [start, end] = ["<!-- rules: UPDATE_TABLE=1 rewrites them -->\n\n", "\n\n<!-- end of rules -->"];
  const [from, to] = [page.indexOf(start) + start.length, page.indexOf(end)];
  expect(from).toBeGreaterThan(start.length);
  expect(to).toBeGreaterThanOrEqual(from);
  const tables = personalityTables();
  if (process.env["UPDATE_TABLE"] !== undefined) writeFileSync(file, page.slice(0, from) + tables + page.slice(to));
  else expect(page.slice(from, to)).toBe(tables);
});
