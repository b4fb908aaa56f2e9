import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RunDocument } from "../run-document.js";
import { htmlPage } from "./html-page.js";
import { markup, withCode } from "./markup.js";

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

test("the bars that a suite misses stand at its top, with what it came to", () => {
  const [wal] = run.suites;
  if (wal === undefined) throw new Error("the example has a suite");
  const page = htmlPage(run);
  const [list] = /<h2>wal<\/h2>\s*<p>Bars missed:<\/p><ul class="misses">.*?<\/ul>/s.exec(page) ?? [""];
  const missed = wal.rows.filter(({ met }) => met === false);
  expect(list.match(/<li>/g)).toHaveLength(missed.length);
  for (const { workload, bar } of missed) {
    expect(list).toContain(`<li>${workload}: `);
    expect(list).toContain(`the bar is at ${bar?.at} ${bar?.value}x</li>`);
  }
  const none = { ...wal, rows: wal.rows.filter(({ met }) => met !== false) };
  expect(htmlPage({ ...run, suites: [none] })).not.toContain("Bars missed");
});

test("what stands between backticks is code, and still text", () => {
  expect(markup`<p>${withCode("the default of `a < b` rests ` on")}</p>`.text).toBe(
    "<p>the default of <code>a &#60; b</code> rests ` on</p>",
  );
  const suites = run.suites.map((suite) => ({
    ...suite,
    rows: suite.rows.map((row) => ({ ...row, note: "`x` of y" })),
  }));
  expect(htmlPage({ ...run, suites })).toContain('<p class="note"><code>x</code> of y</p>');
});

test("a run of nothing is a page, too", () => {
  const nothing = { suite: "wal", limits: [], parts: [], rows: [], skippedPeers: [], curves: [] };
  expect(htmlPage({ ...run, suites: [nothing] })).toContain('<section id="wal"><h2>wal</h2>');
});
