import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";

/** A page that is open, and everything it said or asked for. */
export interface OpenPage {
  readonly page: Page;
  /** Lines on its console, and errors that nobody caught. */
  readonly complaints: readonly string[];
  /** Addresses, that of the page itself among them. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Opens a file without a network, in a window of 1360 by 900. */
export async function openPage(browser: Browser, path: string, scheme: "light" | "dark" = "light"): Promise<OpenPage> {
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width: 1360, height: 900 },
    offline: true,
  });
  context.setDefaultTimeout(50_000); // against what hangs: a busy machine takes its time
  const page = await context.newPage();
  const [complaints, requests]: [string[], string[]] = [[], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(path).href);
  return { page, complaints, requests, close: () => context.close() };
}
