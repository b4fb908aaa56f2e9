import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, type TestContext } from "vitest";
import { openBrowser, type FoundBrowser } from "./browser.js";
import { openPage, type OpenPage } from "./open-page.js";

/** What tests of pages share: one browser for a file of tests. */
export interface BrowserTests {
  /** Opens a page for one test, and closes it behind it. Where no browser can be had the test is skipped, with the reason. */
  readonly open: (context: TestContext, name: string, html: string, scheme?: "light" | "dark") => Promise<OpenPage>;
  /** Leaves a screenshot of the whole page for people to look at. */
  readonly photo: (opened: Pick<OpenPage, "page">, name: string) => Promise<void>;
}

/**
 * Opens a browser before the tests of this file and closes it behind them.
 *
 * @param pictures - directory for screenshots.
 */
export function browserTests(pictures: URL): BrowserTests {
  let found: FoundBrowser = { kind: "none", reason: "not opened" };
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-page-"));
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    found = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    if (found.kind === "browser") await found.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  return {
    open: async (context, name, html, scheme = "light") => {
      if (found.kind === "none") return context.skip(found.reason);
      const file = join(scratch, `${name}.html`);
      writeFileSync(file, html);
      const opened = await openPage(found.browser, file, scheme);
      context.onTestFinished(() => opened.close());
      return opened;
    },
    photo: async ({ page }, name) => {
      await page.screenshot({ path: new URL(`${name}.png`, pictures).pathname, fullPage: true });
    },
  };
}

/** Nothing on the console, and nothing asked for but the file itself. */
export function expectQuiet({ complaints, requests }: OpenPage): void {
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toMatch(/^file:/);
}
