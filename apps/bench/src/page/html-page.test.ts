import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RunDocument } from "../run-document.js";
import { htmlPage } from "./html-page.js";
import { markup } from "./markup.js";

const run = JSON.parse(readFileSync(new URL("../../test/run-document.json", import.meta.url), "utf8")) as RunDocument; // suite-run.test.ts holds it to that

const hostile = `<img src=x onerror="alert('&')">`;

test("what is not markup is text", () => {
  expect(markup`<b title="${hostile}">${[hostile, 7, markup`<i>${"a < b"}</i>`]}</b>`.text).toBe(
    '<b title="&#60;img src=x onerror=&#34;alert(&#39;&#38;&#39;)&#34;&#62;">&#60;img src=x onerror=&#34;alert(&#39;&#38;&#39;)&#34;&#62;7<i>a &#60; b</i></b>',
  );
});

test("whatever stands in a run stays text", () => {
  const renamed = JSON.parse(
    JSON.stringify(run, (key, value: unknown) =>
      typeof value === "string" && !["of", "unit", "on", "at", "schema"].includes(key) ? hostile : value,
    ),
  ) as RunDocument;
  const page = htmlPage(renamed);
  expect(page).not.toContain("<img");
  expect(page).not.toContain('onerror="');
});

test("the page asks for nothing and runs nothing", () => {
  const page = htmlPage(run);
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/);
  expect(page).toContain("default-src 'none'");
});

test("it says what was met, missed and skipped", () => {
  const page = htmlPage(run);
  expect(page).toContain("3 rows; bars met: 1, missed: 1");
  expect(page).toContain("classic-level 3.0.0 is missing: No native build was found for platform=plan9");
  expect(page).toContain("commit 8c37536, scale full");
  expect(htmlPage({ ...run, commit: null })).not.toContain(", commit ");
});

test("a run of nothing is a page, too", () => {
  const nothing = { suite: "wal", limits: [], parts: [], rows: [], skippedPeers: [], curves: [] };
  expect(htmlPage({ ...run, suites: [nothing] })).toContain('<section id="wal"><h2>wal</h2>');
});
