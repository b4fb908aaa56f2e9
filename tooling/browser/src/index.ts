export type { Page } from "playwright-core";
export { mustHaveBrowser, openBrowser, type FoundBrowser } from "./browser.js";
export { openPage, type OpenPage } from "./open-page.js";
