// The page in a real browser, from a file, without a network: every row has its marks where they belong, every curve its points, and nothing
// is said on the console. Screenshots are left in .report/pages for people to look at. Where no browser can be had, what needs one is
// reported as skipped, with the reason; in CI on Linux on x64 it fails.
import { readFileSync } from "node:fs";
import { browserTests, expectQuiet, mustHaveBrowser, type OpenPage } from "@holdfast-tooling/browser";
import { expect, test } from "vitest";
import type { RunDocument } from "../run-document.js";
import { htmlPage } from "./html-page.js";

const run = JSON.parse(readFileSync(new URL("../../test/run-document.json", import.meta.url), "utf8")) as RunDocument; // suite-run.test.ts holds it to that

const { open, photo } = browserTests(new URL("../../.report/pages/", import.meta.url));

/** Where the middle of each of these is on the screen. */
async function middles({ page }: OpenPage, selector: string): Promise<{ x: number; y: number }[]> {
  const boxes = await Promise.all((await page.locator(selector).all()).map((each) => each.boundingBox()));
  return boxes.map((box) => {
    if (box === null || box.height === 0) throw new Error(`${selector} is not to be seen`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  });
}

test.for(["light", "dark"] as const)("charts have marks, and the page is quiet: %s", async (scheme, context) => {
  const opened = await open(context, scheme, htmlPage(run), scheme);
  const { page } = opened;
  expect(await page.title()).toBe("Holdfast, measured 2026-11-28T21:46:00Z");

  const marks = await middles(opened, "table.rows .mark");
  const bars = await middles(opened, "table.rows line.bar");
  const [even] = await middles(opened, "table.rows tbody tr:first-child line.even");
  expect(marks).toHaveLength(2);
  expect(bars).toHaveLength(2);
  // 1.02x the time and 0.5x the speed lie left of 1, the one right of its bar of 1.1x the time, the other left of that of 0.6x.
  expect(marks.map(({ x }) => Math.sign(x - (even?.x ?? 0)))).toEqual([-1, -1]);
  expect(marks.map(({ x }, row) => Math.sign(x - (bars[row]?.x ?? 0)))).toEqual([1, -1]);
  expect(await page.locator("tr.missed th").allInnerTexts()).toHaveLength(1);

  const points = await middles(opened, "figure.curve .mark");
  expect(points).toHaveLength(5);
  const lines = page.locator("figure.curve path.line");
  expect(await lines.count()).toBe(2);
  for (const line of await lines.all()) {
    expect(
      await line.evaluate((path) => (path as unknown as { getTotalLength(): number }).getTotalLength()),
    ).toBeGreaterThan(50);
  }
  expect(await page.locator("figure.curve text.name").allTextContents()).toEqual([
    "wal, slope -1.00",
    "classic-level, slope 0.00",
  ]);
  await photo(opened, `run-${scheme}`);
  expectQuiet(opened);
});

test("colours can be told from the ground in both schemes", async (context) => {
  for (const scheme of ["light", "dark"] as const) {
    const { page } = await open(context, scheme, htmlPage(run), scheme);
    const [ground, mark] = await page
      .locator("tr.met .mark")
      .first()
      .evaluate((path) => {
        const window = globalThis as unknown as Window;
        const [body, shape] = [window.document.body, path].map((element) => window.getComputedStyle(element));
        return [body?.["backgroundColor"] ?? "", shape?.["fill"] ?? ""];
      });
    expect(contrast(ground ?? "", mark ?? "")).toBeGreaterThan(3);
  }
});

test.for([
  ["true", "linux", "x64", true],
  ["1", "linux", "x64", true],
  ["true", "darwin", "x64", false],
  ["true", "linux", "arm64", false],
  ["false", "linux", "x64", false],
  ["", "linux", "x64", false],
  [undefined, "linux", "x64", false],
] as const)("CI=%s on %s %s: a browser that is missing is a failure: %s", ([ci, platform, arch, isFailure]) => {
  expect(mustHaveBrowser(ci, platform, arch)).toBe(isFailure);
});

/** What of the browser's window is asked here. */
interface Window {
  readonly document: { readonly body: unknown };
  getComputedStyle(element: unknown): Readonly<Record<string, string>>;
}

/** Ratio of relative luminances, WCAG 2.2. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((left, right) => left - right);
  return (light + 0.05) / (dark + 0.05);
}
