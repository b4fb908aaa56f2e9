// The page of a report in a real browser, from a file, without a network: it must build itself, follow its controls by
// mouse and by keyboard, show hostile text as text, and say nothing on the console. Screenshots are left in .report/pages
// for people to look at. Where no browser can be had, every test here is reported as skipped, with the reason; in CI on
// Linux on x64 they fail.
import { browserTests, expectQuiet, type Page } from "@holdfast-tooling/browser";
import { beforeAll, describe, expect, test } from "vitest";
import type * as Source from "../../src/index.js";
import { htmlReport, type CrashMatrixOptions } from "../../src/index.js";
import { protocols } from "../protocols/all.js";
import { matrixOf } from "../verdict.js";
import { naiveSave, put, reportOf } from "./naive-save.js";

const { open, photo: take } = browserTests(new URL("../../.report/pages/", import.meta.url));
const photo = (page: Page, name: string): Promise<void> => take({ page }, name);

/** What becomes of each effect, by record number, as the page draws it. */
async function fatesOn(page: Page): Promise<Record<string, string>> {
  const symbols = await page.locator("g.symbol").all();
  const fates: Record<string, string> = {};
  for (const symbol of symbols) {
    const [, fate = ""] = ((await symbol.getAttribute("class")) ?? "").split(" ");
    fates[(await symbol.getAttribute("data-record")) ?? ""] = fate;
  }
  return fates;
}

const diskRows = (page: Page): Promise<string[]> => page.locator("#disk tbody tr").allInnerTexts();

describe("the page of a naive save", () => {
  let html = "";
  beforeAll(async () => {
    html = htmlReport(await reportOf(naiveSave));
  });

  test("opens on the failure", async (context) => {
    const opened = await open(context, "naive-save", html);
    const { page } = opened;
    expect(await page.title()).toBe("naive save: failed");
    expect(await page.locator(".failure-text").innerText()).toMatch(/^naive save: a promise was broken/);
    expect(await page.locator("#survivors option:checked").innerText()).toBe("the failure");
    expect(await page.locator(".labels b").allInnerTexts()).toEqual(
      ["calls", "program", "/", "/doc.tmp", "/doc"].slice(0, 4),
    );
    expect(await page.locator("line.barrier-line").count()).toBe(1);
    expect(await diskRows(page)).toEqual([
      expect.stringMatching(/^doc\s+0\s+differs from when everything survives\s*empty$/),
    ]);
    await photo(page, "naive-save-light");
    expectQuiet(opened);
  });

  test("follows the slider and the arrows beside it", async (context) => {
    const opened = await open(context, "slider", html);
    const { page } = opened;
    const slider = page.getByLabel("Power fails");
    await slider.focus();
    await page.keyboard.press("Home");
    expect(await page.locator("#moment-text").innerText()).toMatch(
      /^before record 7: after rename\(.*before syncNames\(\/\) .* returns$/,
    );
    await page.locator("#survivors").selectOption({ label: "everything that is pending survives" });
    expect(await fatesOn(page)).toMatchObject({ 0: "kept", 1: "kept", 2: "kept", 4: "kept", 5: "kept", 6: "kept" });
    expect(await page.getByLabel("earlier crash point").isDisabled()).toBe(true);
    await page.getByLabel("later crash point").click();
    expect(await page.locator("#moment-text").innerText()).toMatch(
      /^before record 8: .*before "saved" is acknowledged$/,
    );
    // The names barrier settled the names; the file was never synced.
    await page.locator("#survivors").selectOption({ label: "nothing that is pending survives" });
    expect(await fatesOn(page)).toMatchObject({
      0: "durable",
      1: "lost",
      2: "lost",
      4: "durable",
      5: "durable",
      6: "durable",
    });
    expect(await diskRows(page)).toEqual([expect.stringMatching(/^doc\s+0\s/)]);
    await slider.focus();
    await page.keyboard.press("End");
    expect(await page.locator("#moment-text").innerText()).toMatch(/^before record 9: .*at the end$/);
    expectQuiet(opened);
  });

  test("loses and gives back one effect, by mouse and by keyboard", async (context) => {
    const opened = await open(context, "effects", html);
    const { page } = opened;
    await page.getByLabel("Power fails").focus();
    await page.keyboard.press("Home");
    await page.locator("#survivors").selectOption({ label: "everything that is pending survives" });
    await page.locator('g.symbol[data-record="1"]').click();
    expect(await fatesOn(page)).toMatchObject({ 0: "kept", 1: "lost", 2: "kept" });
    expect(await page.locator("#detail").innerText()).toMatch(
      /#1 bytes 0 to 2 of \/doc\.tmp[\s\S]*report\/naive-save\.ts:\d+/,
    );
    // The length is there without the bytes: three NULs.
    expect(await diskRows(page)).toEqual([
      expect.stringMatching(/^doc\s+3\s+differs.*nothing but NULs\s*0000\s+00 00 00/),
    ]);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    expect(await fatesOn(page)).toMatchObject({ 1: "kept", 2: "lost" });
    await page.keyboard.press("Enter");
    expect(await fatesOn(page)).toMatchObject({ 1: "kept", 2: "kept" });
    expectQuiet(opened);
  });

  test("offers the crash as a test case that fails in the same way", async (context) => {
    const opened = await open(context, "case", html);
    const { page } = opened;
    await page.getByText("As a test case").click();
    const code = await page.locator("pre.case").innerText();
    const [, line = '""'] =
      /^test\("naive save: replays a power loss", \(\) => crashMatrix\(\{ \.\.\.program, replay: (".*") \}\)\);$/.exec(
        code,
      ) ?? [];
    const again = await reportOf({ ...naiveSave, replay: JSON.parse(line) as string });
    expect(again.failures).toMatchObject([{ cause: new Error("the document has 0 bytes") }]);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: /^(Copied|Selected)$/ }).waitFor();
    expectQuiet(opened);
  });

  test("judges by another personality", async (context) => {
    const opened = await open(context, "personalities", html, "dark");
    const { page } = opened;
    await page.getByLabel("Power fails").focus();
    await page.keyboard.press("Home");
    const without = (name: string): Promise<string[]> =>
      page
        .locator("#survivors option", { hasText: `all but #4` })
        .allInnerTexts()
        .then((texts) => texts.map((text) => `${name}: ${text}`));
    // Under posix the steps of the rename are one; under strict each may be lost alone.
    expect(await without("posix")).toEqual([expect.stringContaining('name "doc" removed from /, and 2 that need it')]);
    await page.getByLabel("strict").check();
    expect(await without("strict")).not.toEqual([expect.stringContaining("and 2 that need it")]);
    await photo(page, "naive-save-dark");
    expectQuiet(opened);
  });

  test("is legible on paper and on a small screen", async (context) => {
    const opened = await open(context, "paper", html);
    const { page } = opened;
    await page.emulateMedia({ media: "print" });
    expect(await page.getByLabel("later crash point").isVisible()).toBe(false);
    expect(await page.locator(".failure-text").isVisible()).toBe(true);
    await photo(page, "naive-save-print");
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 420, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(420);
    await photo(page, "naive-save-small");
    expectQuiet(opened);
  });
});

test("the built package makes the same page", async (context) => {
  // The page carries the source of functions as the build left it: none of them may lean on anything around it.
  const built = (await import(new URL("../../dist/index.js", import.meta.url).href)) as typeof Source;
  const report = await built.crashMatrix(naiveSave).then(
    (passed) => passed,
    (error: unknown) => (error instanceof built.CrashTestError ? error.report : undefined),
  );
  if (report === undefined) throw new Error("no report");
  const opened = await open(context, "built", built.htmlReport(report));
  expect(await opened.page.locator("#survivors option:checked").innerText()).toBe("the failure");
  expect(await fatesOn(opened.page)).toMatchObject({ 0: "durable", 1: "kept", 2: "lost", 6: "durable" });
  expect(await diskRows(opened.page)).toEqual([expect.stringMatching(/^doc\s+0\s/)]);
  expectQuiet(opened);
});

test("a crash inside recovery has a run of its own", async (context) => {
  const journal = protocols.find(({ name }) => name === "redo journal");
  if (journal === undefined) throw new Error("no such protocol");
  const html = htmlReport(await reportOf(matrixOf(journal, "recovery-removes-journal-early", "posix")));
  const opened = await open(context, "recovery", html);
  const { page } = opened;
  expect(await page.getByLabel("recovery 1").isChecked()).toBe(true);
  await page.getByLabel("workload").check();
  expect(await page.locator("#survivors option:checked").innerText()).toBe("the crash that leads to the failure");
  await photo(page, "recovery");
  expectQuiet(opened);
});

test("text of the program under test stays text", async (context) => {
  const hostile = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
  const program: CrashMatrixOptions<boolean> = {
    name: hostile,
    workload(directory, run) {
      put(directory, "a&amp;'$&`", [...new TextEncoder().encode(hostile)]);
      run.ack(hostile);
      run.ack("<!--<script>");
    },
    recover: () => true,
    check() {
      throw new Error(`${hostile}<!--`);
    },
  };
  const opened = await open(context, "hostile", htmlReport(await reportOf(program)));
  const { page } = opened;
  expect(await page.title()).toBe(`${hostile}: failed`);
  expect(await page.locator("h1").innerText()).toBe(hostile);
  expect(await page.locator(".failure-text").innerText()).toContain(hostile);
  expect(await page.locator("img").count()).toBe(0);
  expect(await page.locator("script").count()).toBe(2);
  expect(await page.locator(".labels b").allInnerTexts()).toContain("/a&amp;'$&`");
  await page.locator("g.symbol").last().focus();
  expect(await page.locator("#detail").innerText()).toContain("is acknowledged");
  expectQuiet(opened);
  // Even markup that got in would do nothing: only the page's own script may run, and nothing may be fetched.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'owned'";
    const image = document.createElement("img");
    image.setAttribute("onerror", "document.title = 'owned'");
    image.src = "missing.png";
    document.body.append(script, image);
  });
  expect(await page.title()).toBe(`${hostile}: failed`);
  expect(opened.complaints.join("\n")).toMatch(/script[\s\S]*Content Security Policy/i);
});

test("a run far too long for a page fits, and says what is missing", async (context) => {
  const long: CrashMatrixOptions<boolean> = {
    name: "long",
    workload(directory, run) {
      for (let index = 0; index < 700; index += 1) {
        put(directory, `a-rather-long-name-for-a-file-${index % 90}`, [index & 255, index >> 8]);
        if (index % 7 === 6) directory.syncNamesBlocking();
        if (index % 50 === 49) run.ack(`${index}`);
      }
    },
    recover: () => true,
    check: () => true,
    strategy: { kind: "levels", level: 0 },
    nested: 0,
    personalities: ["posix", "strict"],
  };
  const html = htmlReport(await reportOf(long));
  expect(Buffer.byteLength(html)).toBeLessThanOrEqual(300_000);
  expect(Buffer.byteLength(html)).toBeGreaterThan(150_000);
  const opened = await open(context, "long", html);
  expect(await opened.page.locator("#truncated").innerText()).toMatch(/\d+ of \d+ records, \d+ of \d+ disks/);
  await photo(opened.page, "long");
  expectQuiet(opened);
}, 60_000);
